"""Enumerations and constants of LEAN, built from the stubs."""

from __future__ import annotations

import ast
import enum
from functools import cache
from typing import Any

from lean_engine.errors import NotCarriedOutError
from lean_engine.stubs import StubClass, stub_class


@cache
def enumeration(qualified: str) -> Any:
    """The enumeration of that full name, with LEAN's members."""
    stub = stub_class(qualified)
    if stub is None or not stub.is_enumeration():
        raise AttributeError(f"LEAN has no enumeration {qualified}")
    members = {}
    for number, member in enumerate(stub.members.values()):
        if member.value is None:
            continue
        known = isinstance(member.value, ast.Constant) and isinstance(member.value.value, int)
        # "..." stands in the stubs for a value which they do not tell; members must differ all the same.
        members[member.name] = ast.literal_eval(member.value) if known else 10_000 + number
    return enum.IntEnum(stub.name, members)


class _ConstantsOfLean(type):
    """Says of a name which the stubs have without a value that the fake does not have it."""

    def __getattr__(cls, name: str) -> Any:
        stub = stub_class(cls.__dict__["_qualified"]) if "_qualified" in cls.__dict__ else None
        if stub is not None and stub.find(name) is not None:
            raise NotCarriedOutError(f"lean_engine does not carry out {cls.__name__}.{name}")
        raise AttributeError(f"LEAN has no {cls.__name__}.{name}")

    def __call__(cls, *_: Any, **__: Any) -> Any:
        raise NotCarriedOutError(f"lean_engine does not carry out {cls.__name__}")


def constants(stub: StubClass) -> type:
    """A class with the constants and inner classes that the stubs give a value, such as Futures.Indices."""
    content: dict[str, Any] = {"_qualified": stub.qualified}
    for member in stub.members.values():
        if member.nested is not None:
            inner = member.nested
            content[member.name] = enumeration(inner.qualified) if inner.is_enumeration() else constants(inner)
        elif isinstance(member.value, ast.Constant) and member.value.value is not ...:
            content[member.name] = member.value.value
    return _ConstantsOfLean(stub.name, (), content)


Resolution = enumeration("QuantConnect.Resolution")
SecurityType = enumeration("QuantConnect.SecurityType")
AccountType = enumeration("QuantConnect.AccountType")
DataNormalizationMode = enumeration("QuantConnect.DataNormalizationMode")
DataMappingMode = enumeration("QuantConnect.DataMappingMode")
BrokerageName = enumeration("QuantConnect.Brokerages.BrokerageName")
MovingAverageType = enumeration("QuantConnect.Indicators.MovingAverageType")
OrderStatus = enumeration("QuantConnect.Orders.OrderStatus")
OrderType = enumeration("QuantConnect.Orders.OrderType")
OrderDirection = enumeration("QuantConnect.Orders.OrderDirection")
