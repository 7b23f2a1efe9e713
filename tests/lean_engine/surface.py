"""What the fake's classes have in common: they are held against LEAN's stubs at every call.

An attribute that LEAN does not have raises AttributeError, one that LEAN has and the fake does not carry out raises
NotCarriedOutError, and a call which fits none of LEAN's overloads raises TypeError.
"""

from __future__ import annotations

import ast
import enum
import functools
import inspect
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from lean_engine.constants import enumeration
from lean_engine.errors import NotCarriedOutError
from lean_engine.stubs import Member, StubClass, overloads_of, signature_of, stub_class

_PLAIN_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "typing.Type": (type,),
    "datetime.datetime": (date, datetime),
    "datetime.date": (date, datetime),
    "datetime.timedelta": (timedelta,),
}


class StubBacked:
    """A class of LEAN's API. `_stub` is its full name in the stubs."""

    _stub: ClassVar[str]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "_stub" not in cls.__dict__:  # a strategy's own class
            return
        for name, value in list(cls.__dict__.items()):
            if inspect.isfunction(value) and not name.startswith("_"):
                setattr(cls, name, _checked(value, cls._stub, name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        own = getattr(type(self), name, None)
        if isinstance(own, property) and own.fset is not None:
            object.__setattr__(self, name, value)
            return
        short = self._stub.rpartition(".")[2]
        if stub_of(self._stub).find(name) is not None:
            raise NotCarriedOutError(f"lean_engine does not carry out setting {short}.{name}")
        raise AttributeError(f"'{short}' object has no attribute '{name}'")

    def __getattr__(self, name: str) -> Any:
        own = getattr(type(self), name, None)
        if isinstance(own, property) and own.fget is not None:  # its own AttributeError brought us here
            return own.fget(self)
        if not name.startswith("_") and stub_of(self._stub).find(name) is not None:
            raise NotCarriedOutError(f"lean_engine does not carry out {self._stub.rpartition('.')[2]}.{name}")
        raise AttributeError(f"'{self._stub.rpartition('.')[2]}' object has no attribute '{name}'")


def stub_of(qualified: str) -> StubClass:
    """The stub of that full name, which must be there."""
    found = stub_class(qualified)
    if found is None:
        raise LookupError(f"the stubs have no class {qualified}")
    return found


def _checked(function: Callable[..., Any], qualified: str, name: str) -> Callable[..., Any]:
    signature = inspect.signature(function)
    passed: set[tuple[Any, ...]] = set()  # whether a call fits depends on its arguments' types alone

    @functools.wraps(function)
    def call(self: Any, *positional: Any, **named: Any) -> Any:
        kinds = (*map(type, positional), *((key, type(value)) for key, value in named.items()))
        if kinds not in passed:
            check_call(qualified, name, positional, named)
            try:
                signature.bind(self, *positional, **named)
            except TypeError:
                short = qualified.rpartition(".")[2]
                raise NotCarriedOutError(f"lean_engine does not carry out this overload of {short}.{name}") from None
            passed.add(kinds)
        return function(self, *positional, **named)

    return call


def check_call(qualified: str, name: str, positional: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names that LEAN gives them.

    Raises:
        TypeError: LEAN has no overload of this method that takes them.
    """
    overloads = _overloads(qualified, name)
    reasons = []
    for signature, kinds in overloads:
        try:
            bound = signature.bind(*positional, **named)
        except TypeError as refusal:
            reasons.append(str(refusal))
            continue
        wrong = [
            f"{argument}={value!r}"
            for argument, value in bound.arguments.items()
            if not _is_variadic(signature, argument)
            and not _fits(kinds.get(argument), value, signature.parameters[argument].default)
        ]
        if not wrong:
            return dict(bound.arguments)
        reasons.append(f"{', '.join(wrong)} has a wrong type")
    short = qualified.rpartition(".")[2]
    raise TypeError(f"no overload of {short}.{name} in LEAN takes these arguments: {'; '.join(dict.fromkeys(reasons))}")


def _is_variadic(signature: inspect.Signature, argument: str) -> bool:
    return signature.parameters[argument].kind is inspect.Parameter.VAR_POSITIONAL


@functools.cache
def _overloads(qualified: str, name: str) -> list[tuple[inspect.Signature, dict[str, ast.expr | None]]]:
    found: list[Member] = [each.members[name] for each in stub_of(qualified).lineage() if name in each.members]
    if name == "__init__":  # the only one that is not inherited
        found = found[:1]
    return [signature_of(function) for member in found for function in overloads_of(member)]


def _fits(annotation: ast.expr | None, value: Any, default: Any) -> bool:
    """Whether LEAN could take this value; what cannot be told is let pass."""
    if annotation is None:
        return True
    if value is None:
        return default == "None" or not _is_value_type(annotation)
    if isinstance(annotation, ast.Subscript):
        return _fits_generic(annotation, value)
    return _fits_name(_text_of(annotation), value)


@functools.cache
def _text_of(annotation: ast.expr) -> str:
    return ast.unparse(annotation)


def _is_value_type(annotation: ast.expr) -> bool:
    name = _text_of(annotation)
    return name in ("int", "float", "bool") or _is_enumeration(name)


def _is_enumeration(name: str) -> bool:
    stub = stub_class(name)
    return stub is not None and stub.is_enumeration()


def _fits_generic(annotation: ast.Subscript, value: Any) -> bool:
    kind = _text_of(annotation.value).removeprefix("typing.")
    inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    match kind:
        case "Optional" | "Union":
            return any(_fits(each, value, "") for each in inner)
        case "Callable":
            return callable(value)
        case "List" | "Iterable" | "Sequence":
            return isinstance(value, Iterable) and not isinstance(value, str)
        case "Type":
            return isinstance(value, type)
        case _:
            return True


def _fits_name(name: str, value: Any) -> bool:
    kinds = _PLAIN_TYPES.get(name)
    if kinds is not None:
        # In Python an enumeration's member is a whole number, and so is True; for LEAN they are neither.
        return isinstance(value, kinds) and (name == "bool" or not isinstance(value, bool | enum.Enum))
    if not name.startswith("QuantConnect."):
        return True
    if _is_enumeration(name):
        return isinstance(value, enumeration(name))
    return not isinstance(value, str | int | float | enum.Enum)
