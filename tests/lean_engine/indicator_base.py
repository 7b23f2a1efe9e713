"""What all of LEAN's indicators have, in decimals as LEAN counts, so that equal prices give equal numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from lean_engine.data import BaseData, TradeBar
from lean_engine.errors import NotCarriedOutError
from lean_engine.surface import StubBacked, check_call
from lean_engine.symbols import Symbol

Item = TypeVar("Item")
ZERO = Decimal(0)
_NEVER = datetime(1, 1, 1)
_NOBODY = Symbol("")


def to_decimal(number: float | Decimal) -> Decimal:
    """The decimal that is written like the number."""
    return number if isinstance(number, Decimal) else Decimal(repr(float(number)))


class IndicatorDataPoint(BaseData):
    """An indicator's value at a time."""

    _stub = "QuantConnect.Indicators.IndicatorDataPoint"

    def __init__(self, time: datetime, value: float | Decimal) -> None:
        super().__init__(_NOBODY, time, time, float(value))
        self._exact = to_decimal(value)

    def __float__(self) -> float:
        return self._value


class RollingWindow(StubBacked, Generic[Item]):
    """The last values, the newest at 0. Written `RollingWindow[float](5)` or `RollingWindow(5)`."""

    _stub = "QuantConnect.Indicators.RollingWindow"

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[Item] = deque(maxlen=size)
        self._samples = 0
        self._removed: Item | None = None

    @property
    def size(self) -> int:
        return self._size

    @size.setter
    def size(self, size: int) -> None:
        self._size = size
        self._items = deque(list(self._items)[:size], maxlen=size)

    @property
    def count(self) -> int:
        return len(self._items)

    @property
    def samples(self) -> int:
        return self._samples

    @property
    def is_ready(self) -> bool:
        return self._samples >= self._size

    @property
    def most_recently_removed(self) -> Item | None:
        if self._samples <= self._size:
            raise ValueError("no item has been removed from the rolling window yet")
        return self._removed

    def add(self, item: Item) -> None:
        if len(self._items) == self._size:
            self._removed = self._items[-1]
        self._items.appendleft(item)
        self._samples += 1

    def reset(self) -> None:
        self._items.clear()
        self._samples = 0

    def __getitem__(self, index: int) -> Any:
        if index < 0:
            index += len(self._items)
        if index >= self._size:
            # LEAN would enlarge the window in silence, which is never what a strategy wants.
            raise NotCarriedOutError(f"a rolling window of {self._size} was asked for item {index}")
        return self._items[index] if 0 <= index < len(self._items) else None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._items))


class Indicator(StubBacked, ABC):
    """What all indicators have. Before the first value, current and previous are 0, as in LEAN."""

    _stub = "QuantConnect.Indicators.Indicator"
    _wants_bars = False

    def __init__(self, name: str) -> None:
        self._name = name
        self._samples = 0
        self._current = ZERO
        self._history: RollingWindow[IndicatorDataPoint] = RollingWindow(2)
        self._history.add(IndicatorDataPoint(_NEVER, ZERO))

    @property
    def name(self) -> str:
        return self._name

    @property
    def samples(self) -> int:
        return self._samples

    @property
    def current(self) -> IndicatorDataPoint:
        point: IndicatorDataPoint = self._history[0]
        return point

    @property
    def previous(self) -> IndicatorDataPoint:
        return self._history[1] or IndicatorDataPoint(_NEVER, ZERO)

    @property
    def window(self) -> RollingWindow[IndicatorDataPoint]:
        return self._history

    @property
    def is_ready(self) -> bool:
        return self._ready()

    def update(self, *arguments: Any) -> bool:
        if len(arguments) == 2:
            time, value = arguments
            if self._wants_bars:
                raise TypeError(f"{self._name} is updated with a bar, not with a time and a value")
            return self._feed(time, to_decimal(value))
        data = arguments[0]
        if self._wants_bars:
            return self._feed_bar(data)
        return self._feed(
            data.end_time, data._exact if isinstance(data, IndicatorDataPoint) else to_decimal(data.value)
        )

    def __getitem__(self, index: int) -> Any:
        return self._history[index]

    def __float__(self) -> float:
        return float(self._current)

    def __lt__(self, other: Any) -> bool:
        return float(self) < float(other)

    def __le__(self, other: Any) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: Any) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: Any) -> bool:
        return float(self) >= float(other)

    def __str__(self) -> str:
        return f"{float(self._current):.5f}"

    @abstractmethod
    def _ready(self) -> bool:
        """Whether its value counts."""

    def _next(self, value: Decimal) -> Decimal:
        raise TypeError(f"{self._name} is updated with bars, not with values")

    def _feed(self, time: datetime, value: Decimal) -> bool:
        self._samples += 1
        return self._show(time, self._next(value))

    def _feed_bar(self, bar: TradeBar) -> bool:
        raise TypeError(f"{self._name} is updated with values, not with bars")

    def _show(self, time: datetime, value: Decimal) -> bool:
        self._current = value
        self._history.add(IndicatorDataPoint(time, value))
        return self._ready()


class WindowIndicator(Indicator):
    """An indicator over the last `period` values."""

    _stub = "QuantConnect.Indicators.WindowIndicator"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(str(given.get("name", type(self).__name__)))
        self._period: int = given["period"]
        self._values: deque[Decimal] = deque(maxlen=self._period)

    @property
    def period(self) -> int:
        return self._period

    @property
    def warm_up_period(self) -> int:
        return self._period

    def _ready(self) -> bool:
        return self._samples >= self._period

    def _next(self, value: Decimal) -> Decimal:
        self._values.appendleft(value)
        return self._over_window(value)

    @abstractmethod
    def _over_window(self, value: Decimal) -> Decimal:
        """The indicator's value, once the newest value is in the window."""
