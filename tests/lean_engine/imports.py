"""Builds the module that a strategy finds under the name AlgorithmImports."""

from __future__ import annotations

import ast
import builtins
import datetime as datetime_module
import json
import math
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from lean_engine import (
    averages,
    data,
    fundamental,
    indicator_base,
    indicators,
    orders,
    portfolio,
    securities,
    slices,
    universes,
)
from lean_engine.algorithm import QCAlgorithm
from lean_engine.constants import constants, enumeration
from lean_engine.errors import NotCarriedOutError
from lean_engine.stubs import StubClass, public_class
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol

_CARRIED_OUT_IN = (
    averages,
    data,
    fundamental,
    indicator_base,
    indicators,
    orders,
    portfolio,
    securities,
    slices,
    universes,
)


class _Field:
    """Selectors for indicators; LEAN has more than these."""

    _SELECTORS: typing.ClassVar[dict[str, Callable[[Any], float]]] = {
        "OPEN": lambda bar: bar.open,
        "HIGH": lambda bar: bar.high,
        "LOW": lambda bar: bar.low,
        "CLOSE": lambda bar: bar.value,
        "VOLUME": lambda bar: bar.volume,
    }

    def __getattr__(self, name: str) -> Any:
        stub = public_class("Field")
        if stub is None or stub.find(name) is None:
            raise AttributeError(f"LEAN has no Field.{name}")
        if name not in self._SELECTORS:
            raise NotCarriedOutError(f"lean_engine does not carry out Field.{name}")
        return self._SELECTORS[name]


def carried_out() -> dict[str, Any]:
    """The classes of LEAN that the fake carries out, by name."""
    found: dict[str, Any] = {"QCAlgorithm": QCAlgorithm, "Symbol": Symbol}
    for module in _CARRIED_OUT_IN:
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, StubBacked) and not name.startswith("_"):
                found[name] = value
    return {name: value for name, value in found.items() if public_class(name) is not None}


def algorithm_imports(sources: Iterable[Path], without: Iterable[str]) -> ModuleType:
    """The module with what `from AlgorithmImports import *` brings; of LEAN's names, those that the sources mention."""
    module = ModuleType("AlgorithmImports")
    names = vars(module)
    names.update({name: getattr(typing, name) for name in typing.__all__})
    for name in ("date", "time", "datetime", "timedelta"):
        names[name] = getattr(datetime_module, name)
    names.update(math=math, json=json, Exception=builtins.Exception)
    names.update(carried_out())
    for name in _mentioned(sources) - names.keys():
        stub = public_class(name)
        if stub is not None:
            names[name] = _stand_in(stub)
    for name in without:
        names.pop(name, None)
    return module


def _mentioned(sources: Iterable[Path]) -> set[str]:
    names: set[str] = set()
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                names.add(node.value)
    return names


def _stand_in(stub: StubClass) -> Any:
    if stub.name == "Field":
        return _Field()
    if stub.is_enumeration():
        return enumeration(stub.qualified)
    if stub.module.startswith("QuantConnect.DataSource") and stub.inherits("QuantConnect.Data.BaseData"):
        return data.custom_data_class(stub)
    return constants(stub)
