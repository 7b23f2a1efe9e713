"""A company's fundamental data, by the dotted paths of LEAN's stubs."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from lean_engine.errors import NotCarriedOutError
from lean_engine.stubs import Member, StubClass, stub_class
from lean_engine.surface import StubBacked, stub_of
from lean_engine.symbols import Symbol

_MISSING: dict[str, Any] = {
    "float": math.nan,
    "int": math.nan,
    "str": "",
    "bool": False,
    "datetime.datetime": datetime(1, 1, 1),
}
# The fields with several periods hold one kind of value each; the stubs only name its type variable.
_PERIODS = ("QuantConnect.Data.Fundamental.MultiPeriodField", "QuantConnect.Data.Fundamental.MultiPeriodFieldLong")


class _Node:
    """A part of the tree; what the market did not give is missing as LEAN has it: a number is NaN."""

    def __init__(self, stub: StubClass, path: str, given: dict[str, Any]) -> None:
        self._node_stub, self._path, self._given = stub, path, given

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _value_at(self._node_stub, self._path, name, self._given)

    def __float__(self) -> float:
        return float(self.value)


class Fundamental(StubBacked):
    """What is known of a company on a day. Price and volume are those of the last bar."""

    _stub = "QuantConnect.Data.Fundamental.Fundamental"

    def __init__(self, symbol: Symbol, time: datetime, price: float, volume: float, given: dict[str, Any]) -> None:
        self._symbol, self._time = symbol, time
        known = {"price": price, "value": price, "volume": volume, "dollar_volume": price * volume}
        self._given = known | {"has_fundamental_data": bool(given)} | given

    @property
    def symbol(self) -> Symbol:
        return self._symbol

    @property
    def end_time(self) -> datetime:
        return self._time

    @property
    def time(self) -> datetime:
        return self._time

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _value_at(stub_of(self._stub), "", name, self._given)


def _value_at(stub: StubClass, path: str, name: str, given: dict[str, Any]) -> Any:
    full = f"{path}.{name}" if path else name
    member = stub.find(name)
    if member is None:
        raise AttributeError(f"'{stub.name}' object has no attribute '{name}'")
    if full in given:
        return given[full]
    kind = ast.unparse(member.annotation) if member.annotation is not None else ""
    if kind in _MISSING:
        return _MISSING[kind]
    inner = stub_class(kind.partition("[")[0])
    if inner is not None and not inner.is_enumeration():
        return _Node(inner, full, given)
    if _holds_periods(stub):
        return _missing_period(stub, name)
    raise NotCarriedOutError(f"lean_engine does not carry out {stub.name}.{name}")


def _holds_periods(stub: StubClass) -> bool:
    return any(stub.inherits(each) for each in _PERIODS)


def _missing_period(stub: StubClass, name: str) -> Any:
    """The value of a period that was not given: of the kind that the field's base names in brackets."""
    bases = " ".join(each for part in stub.lineage() for each in part.typed_bases)
    if name == "has_value":
        return False
    return next((value for kind, value in _MISSING.items() if f"[{kind}]" in bases), math.nan)


def refuse_unknown_paths(paths: Iterable[str]) -> None:
    """Refuses a path that LEAN does not have: a test would feed what no strategy can read."""
    for path in paths:
        stub: StubClass | None = stub_of(Fundamental._stub)
        for name in path.split("."):
            member: Member | None = stub.find(name) if stub else None
            if member is None:
                raise ValueError(f"LEAN's Fundamental has no {path}")
            stub = stub_class(ast.unparse(member.annotation).partition("[")[0]) if member.annotation else None
