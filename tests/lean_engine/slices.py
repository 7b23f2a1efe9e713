"""The slice: everything that is handed over at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lean_engine.data import BaseData, DataDictionary, KeyValuePair, SymbolChangedEvent, TradeBar
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol


class TradeBars(DataDictionary):
    """The bars of a slice."""

    _stub = "QuantConnect.Data.Market.TradeBars"


class SymbolChangedEvents(DataDictionary):
    """The roll events of a slice, by continuous future."""

    _stub = "QuantConnect.Data.Market.SymbolChangedEvents"


class Slice(StubBacked):
    """Bars, custom data and roll events of one moment."""

    _stub = "QuantConnect.Data.Slice"

    def __init__(self, time: datetime, points: list[BaseData]) -> None:
        self._time, self._points = time, points
        self._bars = TradeBars({each.symbol: each for each in points if isinstance(each, TradeBar)})
        self._changes = SymbolChangedEvents(
            {each.symbol: each for each in points if isinstance(each, SymbolChangedEvent)}
        )
        data = {each.symbol: each for each in points if not isinstance(each, SymbolChangedEvent)}
        self._data = DataDictionary(data)

    @property
    def time(self) -> datetime:
        return self._time

    @property
    def has_data(self) -> bool:
        return bool(self._points)

    @property
    def bars(self) -> TradeBars:
        return self._bars

    @property
    def symbol_changed_events(self) -> SymbolChangedEvents:
        return self._changes

    @property
    def count(self) -> int:
        return len(self._data)

    def contains_key(self, symbol: Any) -> bool:
        return symbol in self._data

    def keys(self) -> list[Symbol]:
        return self._data.keys()

    def values(self) -> list[Any]:
        return self._data.values()

    def items(self) -> list[tuple[Symbol, Any]]:
        return self._data.items()

    def get(self, what: Any, second: Any = None) -> Any:
        """`get(Type)`, `get(Type, symbol)`, `get(symbol)` or `get(symbol, default)`."""
        if not isinstance(what, type):
            return self._data.get(what, second)
        of_type = DataDictionary({each.symbol: each for each in self._points if isinstance(each, what)})
        return of_type if second is None else of_type.get(second)

    def __contains__(self, symbol: Any) -> bool:
        return symbol in self._data

    def __getitem__(self, symbol: Any) -> Any:
        return self._data[symbol]

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter(self._data)
