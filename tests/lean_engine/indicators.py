"""LEAN's indicators, by LEAN's formulas and in decimals as LEAN counts, so that equal prices give equal numbers."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from lean_engine.constants import MovingAverageType
from lean_engine.data import BaseData, TradeBar
from lean_engine.surface import StubBacked, check_call
from lean_engine.symbols import Symbol

Item = TypeVar("Item")
_ZERO = Decimal(0)
_NEVER = datetime(1, 1, 1)
_NOBODY = Symbol("")


def to_decimal(number: float | Decimal) -> Decimal:
    """The decimal that is written like the number."""
    return number if isinstance(number, Decimal) else Decimal(repr(float(number)))


def _from_double(number: float) -> Decimal:
    """C#'s cast from double to decimal keeps 15 digits."""
    return Decimal(f"{number:.15g}")


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
            raise NotImplementedError(f"a rolling window of {self._size} was asked for item {index}")
        return self._items[index] if 0 <= index < len(self._items) else None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._items))


class Indicator(StubBacked):
    """What all indicators have. Before the first value, current and previous are 0, as in LEAN."""

    _stub = "QuantConnect.Indicators.Indicator"
    _wants_bars = False

    def __init__(self, name: str) -> None:
        self._name = name
        self._samples = 0
        self._current = _ZERO
        self._history: RollingWindow[IndicatorDataPoint] = RollingWindow(2)
        self._history.add(IndicatorDataPoint(_NEVER, _ZERO))

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
        return self._history[1] or IndicatorDataPoint(_NEVER, _ZERO)

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

    def _ready(self) -> bool:
        raise NotImplementedError

    def _next(self, value: Decimal) -> Decimal:
        raise NotImplementedError

    def _feed(self, time: datetime, value: Decimal) -> bool:
        self._samples += 1
        return self._show(time, self._next(value))

    def _feed_bar(self, bar: TradeBar) -> bool:
        raise NotImplementedError

    def _show(self, time: datetime, value: Decimal) -> bool:
        self._current = value
        self._history.add(IndicatorDataPoint(time, value))
        return self._ready()


class _Windowed(Indicator):
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

    def _over_window(self, value: Decimal) -> Decimal:
        raise NotImplementedError


class SimpleMovingAverage(_Windowed):
    """The mean of the last values; of fewer while there are fewer."""

    _stub = "QuantConnect.Indicators.SimpleMovingAverage"

    def _over_window(self, value: Decimal) -> Decimal:
        return sum(self._values, _ZERO) / Decimal(len(self._values))


class ExponentialMovingAverage(Indicator):
    """Starts as the simple mean of the first `period` values; 0 before."""

    _stub = "QuantConnect.Indicators.ExponentialMovingAverage"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "EMA"))
        self._period: int = given["period"]
        self._weight: Decimal = Decimal(2) / (1 + self._period)
        if "smoothing_factor" in given:
            self._weight = to_decimal(given["smoothing_factor"])
        self._first = _ZERO

    @property
    def warm_up_period(self) -> int:
        return self._period

    def _ready(self) -> bool:
        return self._samples >= self._period

    def _next(self, value: Decimal) -> Decimal:
        if self._samples <= self._period:
            self._first += value
            return self._first / self._period if self._samples == self._period else _ZERO
        return value * self._weight + self._current * (1 - self._weight)


class WilderMovingAverage(Indicator):
    """Wilder's average: the simple mean until it is ready, then a smoothing by 1 / period."""

    _stub = "QuantConnect.Indicators.WilderMovingAverage"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "WWMA"))
        self._period: int = given["period"]
        self._sum = _ZERO

    @property
    def warm_up_period(self) -> int:
        return self._period

    def _ready(self) -> bool:
        return self._samples >= self._period

    def _next(self, value: Decimal) -> Decimal:
        if self._samples < self._period:
            self._sum += value
            return self._sum / self._samples
        weight = Decimal(1) / self._period
        return value * weight + self._current * (1 - weight)


def _moving_average(kind: Any, period: int) -> Indicator:
    classes: dict[Any, Callable[[int], Indicator]] = {
        MovingAverageType.SIMPLE: SimpleMovingAverage,
        MovingAverageType.EXPONENTIAL: ExponentialMovingAverage,
        MovingAverageType.WILDERS: WilderMovingAverage,
    }
    if kind not in classes:
        raise NotImplementedError(f"lean_engine does not carry out {kind!r}")
    return classes[kind](period)


class RelativeStrengthIndex(Indicator):
    """100 where nothing was lost."""

    _stub = "QuantConnect.Indicators.RelativeStrengthIndex"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "RSI"))
        kind = given.get("moving_average_type", MovingAverageType.WILDERS)
        self._period: int = given["period"]
        self._gain, self._loss = _moving_average(kind, self._period), _moving_average(kind, self._period)
        self._last: Decimal | None = None

    @property
    def average_gain(self) -> Indicator:
        return self._gain

    @property
    def average_loss(self) -> Indicator:
        return self._loss

    @property
    def warm_up_period(self) -> int:
        return self._period + 1

    def _ready(self) -> bool:
        return self._gain.is_ready and self._loss.is_ready

    def _feed(self, time: datetime, value: Decimal) -> bool:
        if self._last is not None:
            change = value - self._last
            self._gain._feed(time, max(change, _ZERO))
            self._loss._feed(time, max(-change, _ZERO))
        return super()._feed(time, value)

    def _next(self, value: Decimal) -> Decimal:
        self._last = value
        gain, loss = max(self._gain._current, _ZERO), max(self._loss._current, _ZERO)
        if round(loss, 10) == 0:
            return Decimal(100)
        return 100 - 100 / (1 + gain / loss)


class Identity(Indicator):
    """The value it was given."""

    _stub = "QuantConnect.Indicators.Identity"

    def __init__(self, name: str = "") -> None:
        super().__init__(name)

    def _ready(self) -> bool:
        return self._samples > 0

    def _next(self, value: Decimal) -> Decimal:
        return value


class MovingAverageConvergenceDivergence(Indicator):
    """The signal line starts once both averages are ready."""

    _stub = "QuantConnect.Indicators.MovingAverageConvergenceDivergence"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "MACD"))
        fast, slow, signal = given["fast_period"], given["slow_period"], given["signal_period"]
        if fast >= slow:
            raise ValueError("MovingAverageConvergenceDivergence: fastPeriod must be less than slowPeriod")
        kind = given.get("type", MovingAverageType.EXPONENTIAL)
        self._fast, self._slow, self._signal = (_moving_average(kind, period) for period in (fast, slow, signal))
        self._histogram = Identity()
        self._warm_up: int = slow + signal - 1

    @property
    def fast(self) -> Indicator:
        return self._fast

    @property
    def slow(self) -> Indicator:
        return self._slow

    @property
    def signal(self) -> Indicator:
        return self._signal

    @property
    def histogram(self) -> Indicator:
        return self._histogram

    @property
    def warm_up_period(self) -> int:
        return self._warm_up

    def _ready(self) -> bool:
        return self._signal.is_ready

    def _feed(self, time: datetime, value: Decimal) -> bool:
        both = [self._fast._feed(time, value), self._slow._feed(time, value)]
        difference = self._fast._current - self._slow._current
        if all(both) and self._signal._feed(time, difference):
            self._histogram._feed(time, difference - self._signal._current)
        return super()._feed(time, difference)

    def _next(self, value: Decimal) -> Decimal:
        return value


class StandardDeviation(_Windowed):
    """Of the population: divided by the number of values, not by one less."""

    _stub = "QuantConnect.Indicators.StandardDeviation"

    def _over_window(self, value: Decimal) -> Decimal:
        number = len(self._values)
        mean = sum(self._values, _ZERO) / number
        variance = sum((each * each for each in self._values), _ZERO) / number - mean * mean
        return _from_double(math.sqrt(max(variance, _ZERO)))


class _Derived(Indicator):
    """A value that another indicator works out."""

    def __init__(self, name: str, owner: Indicator) -> None:
        super().__init__(name)
        self._owner = owner

    def _ready(self) -> bool:
        return self._owner.is_ready

    def _next(self, value: Decimal) -> Decimal:
        return value


class BollingerBands(Indicator):
    """Bands of k standard deviations around a moving average; the value itself is the price."""

    _stub = "QuantConnect.Indicators.BollingerBands"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "BB"))
        self._k = to_decimal(given["k"])
        self._period: int = given["period"]
        self._deviation = StandardDeviation(self._period)
        self._middle = _moving_average(given.get("moving_average_type", MovingAverageType.SIMPLE), self._period)
        self._upper, self._lower, self._width, self._percent = (
            _Derived(part, self._middle) for part in ("upper", "lower", "width", "%B")
        )

    @property
    def standard_deviation(self) -> Indicator:
        return self._deviation

    @property
    def middle_band(self) -> Indicator:
        return self._middle

    @property
    def upper_band(self) -> Indicator:
        return self._upper

    @property
    def lower_band(self) -> Indicator:
        return self._lower

    @property
    def band_width(self) -> Indicator:
        return self._width

    @property
    def percent_b(self) -> Indicator:
        return self._percent

    @property
    def warm_up_period(self) -> int:
        return self._period

    def _ready(self) -> bool:
        return self._middle.is_ready and self._deviation.is_ready

    def _feed(self, time: datetime, value: Decimal) -> bool:
        self._samples += 1
        self._deviation._feed(time, value)
        self._middle._feed(time, value)
        middle, reach = self._middle._current, self._deviation._current * self._k
        self._upper._feed(time, middle + reach)
        self._lower._feed(time, middle - reach)
        if middle != 0:
            self._width._feed(time, 2 * reach / middle * 100)
        if reach != 0:
            self._percent._feed(time, (value - (middle - reach)) / (2 * reach))
        # Without any deviation LEAN calls it a mathematical error and keeps the value before.
        if self._ready() and self._deviation._current == 0:
            return True
        return self._show(time, value)


class TrueRange(Indicator):
    """The day's range, widened to yesterday's close."""

    _stub = "QuantConnect.Indicators.TrueRange"
    _wants_bars = True

    def __init__(self, name: str = "TR") -> None:
        super().__init__(name)
        self._last_close: Decimal | None = None

    def _ready(self) -> bool:
        return self._samples > 1

    def _feed_bar(self, bar: TradeBar) -> bool:
        self._samples += 1
        high, low = to_decimal(bar.high), to_decimal(bar.low)
        ranges = [high - low]
        if self._last_close is not None:
            ranges += [abs(self._last_close - high), abs(self._last_close - low)]
        self._last_close = to_decimal(bar.close)
        return self._show(bar.end_time, max(ranges))


class AverageTrueRange(Indicator):
    """The average of the true range, in the price's unit."""

    _stub = "QuantConnect.Indicators.AverageTrueRange"
    _wants_bars = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "ATR"))
        self._range = TrueRange()
        self._period: int = given["period"]
        self._average = _moving_average(given.get("moving_average_type", MovingAverageType.WILDERS), self._period)

    @property
    def true_range(self) -> Indicator:
        return self._range

    @property
    def warm_up_period(self) -> int:
        return self._period

    def _ready(self) -> bool:
        return self._average.is_ready

    def _feed_bar(self, bar: TradeBar) -> bool:
        self._samples += 1
        self._range._feed_bar(bar)
        self._average._feed(bar.end_time, self._range._current)
        return self._show(bar.end_time, self._average._current)


class Maximum(_Windowed):
    """The largest of the last values, the newest among them."""

    _stub = "QuantConnect.Indicators.Maximum"

    @property
    def periods_since_maximum(self) -> int:
        return self._values.index(max(self._values)) if self._values else 0

    def _over_window(self, value: Decimal) -> Decimal:
        return max(self._values)


class Minimum(_Windowed):
    """The smallest of the last values, the newest among them."""

    _stub = "QuantConnect.Indicators.Minimum"

    @property
    def periods_since_minimum(self) -> int:
        return self._values.index(min(self._values)) if self._values else 0

    def _over_window(self, value: Decimal) -> Decimal:
        return min(self._values)


class DonchianChannel(Indicator):
    """The highest high and the lowest low of the last bars, the newest among them."""

    _stub = "QuantConnect.Indicators.DonchianChannel"
    _wants_bars = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "DCH"))
        self._upper = Maximum(given.get("upper_period", given.get("period")))
        self._lower = Minimum(given.get("lower_period", given.get("period")))

    @property
    def upper_band(self) -> Indicator:
        return self._upper

    @property
    def lower_band(self) -> Indicator:
        return self._lower

    @property
    def warm_up_period(self) -> int:
        return max(self._upper.period, self._lower.period)

    def _ready(self) -> bool:
        return self._upper.is_ready and self._lower.is_ready

    def _feed_bar(self, bar: TradeBar) -> bool:
        self._samples += 1
        self._upper._feed(bar.end_time, to_decimal(bar.high))
        self._lower._feed(bar.end_time, to_decimal(bar.low))
        return self._show(bar.end_time, (self._upper._current + self._lower._current) / 2)


class RateOfChange(_Windowed):
    """The change over `period` values, as a fraction."""

    _stub = "QuantConnect.Indicators.RateOfChange"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._values = deque(maxlen=self._period + 1)

    @property
    def warm_up_period(self) -> int:
        return self._period + 1

    def _ready(self) -> bool:
        return self._samples > self._period

    def _over_window(self, value: Decimal) -> Decimal:
        # Until there are enough values LEAN takes the oldest there is.
        base = self._values[-1]
        return _ZERO if base == 0 else (value - base) / base


class RateOfChangePercent(RateOfChange):
    """The change over `period` values, in per cent."""

    _stub = "QuantConnect.Indicators.RateOfChangePercent"

    def _over_window(self, value: Decimal) -> Decimal:
        return 100 * super()._over_window(value)


class MomentumPercent(RateOfChangePercent):
    """LEAN's other name for the change in per cent."""

    _stub = "QuantConnect.Indicators.MomentumPercent"
