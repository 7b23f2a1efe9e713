"""LEAN's indicators other than averages, by LEAN's formulas."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from lean_engine.averages import moving_average
from lean_engine.constants import MovingAverageType
from lean_engine.data import TradeBar
from lean_engine.indicator_base import ZERO, Indicator, WindowIndicator, to_decimal
from lean_engine.surface import check_call


def _from_double(number: float) -> Decimal:
    """C#'s cast from double to decimal keeps 15 digits."""
    return Decimal(f"{number:.15g}")


class RelativeStrengthIndex(Indicator):
    """100 where nothing was lost."""

    _stub = "QuantConnect.Indicators.RelativeStrengthIndex"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "RSI"))
        kind = given.get("moving_average_type", MovingAverageType.WILDERS)
        self._period: int = given["period"]
        self._gain, self._loss = moving_average(kind, self._period), moving_average(kind, self._period)
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
            self._gain._feed(time, max(change, ZERO))
            self._loss._feed(time, max(-change, ZERO))
        return super()._feed(time, value)

    def _next(self, value: Decimal) -> Decimal:
        self._last = value
        gain, loss = max(self._gain._current, ZERO), max(self._loss._current, ZERO)
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
        self._fast, self._slow, self._signal = (moving_average(kind, period) for period in (fast, slow, signal))
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


class StandardDeviation(WindowIndicator):
    """Of the population: divided by the number of values, not by one less."""

    _stub = "QuantConnect.Indicators.StandardDeviation"

    def _over_window(self, value: Decimal) -> Decimal:
        number = len(self._values)
        mean = sum(self._values, ZERO) / number
        variance = sum((each * each for each in self._values), ZERO) / number - mean * mean
        return _from_double(math.sqrt(max(variance, ZERO)))


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
        self._middle = moving_average(given.get("moving_average_type", MovingAverageType.SIMPLE), self._period)
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
        self._average = moving_average(given.get("moving_average_type", MovingAverageType.WILDERS), self._period)

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


class _Extreme(WindowIndicator):
    """The most extreme of the last values, the newest among them."""

    _choose: ClassVar[Any]
    """max or min."""

    def _periods_since(self) -> int:
        return self._values.index(type(self)._choose(self._values)) if self._values else 0

    def _over_window(self, value: Decimal) -> Decimal:
        extreme: Decimal = type(self)._choose(self._values)
        return extreme


class Maximum(_Extreme):
    """The largest of the last values."""

    _stub = "QuantConnect.Indicators.Maximum"
    _choose = max

    @property
    def periods_since_maximum(self) -> int:
        return self._periods_since()


class Minimum(_Extreme):
    """The smallest of the last values."""

    _stub = "QuantConnect.Indicators.Minimum"
    _choose = min

    @property
    def periods_since_minimum(self) -> int:
        return self._periods_since()


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


class RateOfChange(WindowIndicator):
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
        return ZERO if base == 0 else (value - base) / base


class RateOfChangePercent(RateOfChange):
    """The change over `period` values, in per cent."""

    _stub = "QuantConnect.Indicators.RateOfChangePercent"

    def _over_window(self, value: Decimal) -> Decimal:
        return 100 * super()._over_window(value)


class MomentumPercent(RateOfChangePercent):
    """LEAN's other name for the change in per cent."""

    _stub = "QuantConnect.Indicators.MomentumPercent"
