"""The data that LEAN hands to a strategy: bars, custom data, and the slices they come in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lean_engine.stubs import StubClass
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol


class BaseData(StubBacked):
    """One data point; `time` is when what it tells began, `end_time` when it became known."""

    _stub = "QuantConnect.Data.BaseData"

    def __init__(self, symbol: Symbol, time: datetime, end_time: datetime, value: float = 0.0) -> None:
        self._symbol, self._time, self._end_time, self._value = symbol, time, end_time, value

    @property
    def symbol(self) -> Symbol:
        return self._symbol

    @property
    def time(self) -> datetime:
        return self._time

    @property
    def end_time(self) -> datetime:
        return self._end_time

    @property
    def value(self) -> float:
        return self._value

    @property
    def price(self) -> float:
        return self._value

    @property
    def is_fill_forward(self) -> bool:
        return False


class TradeBar(BaseData):
    """A day of trades, dollars (points for an index or a future) and shares."""

    _stub = "QuantConnect.Data.Market.TradeBar"

    def __init__(
        self,
        symbol: Symbol,
        time: datetime,
        end_time: datetime,
        prices: tuple[float, float, float, float],
        volume: float,
        fill_forward: bool = False,
    ) -> None:
        super().__init__(symbol, time, end_time, prices[3])
        self._prices, self._volume, self._fill_forward = prices, volume, fill_forward

    @property
    def open(self) -> float:
        return self._prices[0]

    @property
    def high(self) -> float:
        return self._prices[1]

    @property
    def low(self) -> float:
        return self._prices[2]

    @property
    def close(self) -> float:
        return self._prices[3]

    @property
    def volume(self) -> float:
        return self._volume

    @property
    def period(self) -> Any:
        return self._end_time - self._time

    @property
    def is_fill_forward(self) -> bool:
        return self._fill_forward


class SymbolChangedEvent(BaseData):
    """Tells that a continuous future is mapped to another contract."""

    _stub = "QuantConnect.Data.Market.SymbolChangedEvent"

    def __init__(self, symbol: Symbol, time: datetime, old: Symbol, new: Symbol) -> None:
        super().__init__(symbol, time, time)
        self._old, self._new = old, new

    @property
    def old_symbol(self) -> str:
        return self._old.value

    @property
    def new_symbol(self) -> str:
        return self._new.value


class CustomData(BaseData):
    """A data point of an alternative data set; its fields are those of the stub, given by the market."""

    _stub = "QuantConnect.Data.BaseData"

    def __init__(self, symbol: Symbol, time: datetime, fields: dict[str, Any]) -> None:
        super().__init__(symbol, time, time, fields.get("value", 0.0))
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._fields:
            return self._fields[name]
        return super().__getattr__(name)


def custom_data_class(stub: StubClass) -> type[CustomData]:
    """The class of an alternative data set, as LEAN names it."""
    return type(stub.name, (CustomData,), {"_stub": stub.qualified})


class DataDictionary(StubBacked):
    """Data of one kind, by symbol; a ticker as text finds its symbol too."""

    _stub = "QuantConnect.Data.Market.DataDictionary"

    def __init__(self, content: dict[Symbol, Any]) -> None:
        self._content = content

    def contains_key(self, symbol: Any) -> bool:
        return self._key(symbol) in self._content

    def get_value(self, symbol: Any) -> Any:
        return self._content.get(self._key(symbol))

    def get(self, symbol: Any, default_value: Any = None) -> Any:
        return self._content.get(self._key(symbol), default_value)

    def keys(self) -> list[Symbol]:
        return list(self._content)

    def values(self) -> list[Any]:
        return list(self._content.values())

    def items(self) -> list[tuple[Symbol, Any]]:
        return list(self._content.items())

    @property
    def count(self) -> int:
        return len(self._content)

    def __contains__(self, symbol: Any) -> bool:
        return self._key(symbol) in self._content

    def __getitem__(self, symbol: Any) -> Any:
        if self._key(symbol) not in self._content:
            raise KeyError(f"'{symbol}' wasn't found in the {type(self).__name__} object, likely it had no data")
        return self._content[self._key(symbol)]

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter([KeyValuePair(key, value) for key, value in self._content.items()])

    def _key(self, symbol: Any) -> Any:
        if isinstance(symbol, str):
            return next((each for each in self._content if each.value == symbol.upper()), None)
        return symbol if isinstance(symbol, Symbol) else getattr(symbol, "symbol", None)


class KeyValuePair:
    """What LEAN's dictionaries give when they are walked through; `.key` and `.value` as in C#."""

    def __init__(self, key: Symbol, value: Any) -> None:
        self.key, self.value = key, value
