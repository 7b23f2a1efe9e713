"""LEAN's moving averages, by LEAN's formulas."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lean_engine.constants import MovingAverageType
from lean_engine.errors import NotCarriedOutError
from lean_engine.indicator_base import ZERO, Indicator, WindowIndicator, to_decimal
from lean_engine.surface import check_call


class SimpleMovingAverage(WindowIndicator):
    """The mean of the last values; of fewer while there are fewer."""

    _stub = "QuantConnect.Indicators.SimpleMovingAverage"

    def _over_window(self, value: Decimal) -> Decimal:
        return sum(self._values, ZERO) / Decimal(len(self._values))


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
        self._first = ZERO

    @property
    def warm_up_period(self) -> int:
        return self._period

    def _ready(self) -> bool:
        return self._samples >= self._period

    def _next(self, value: Decimal) -> Decimal:
        if self._samples <= self._period:
            self._first += value
            return self._first / self._period if self._samples == self._period else ZERO
        return value * self._weight + self._current * (1 - self._weight)


class WilderMovingAverage(Indicator):
    """Wilder's average: the simple mean until it is ready, then a smoothing by 1 / period."""

    _stub = "QuantConnect.Indicators.WilderMovingAverage"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        given = check_call(self._stub, "__init__", arguments, named)
        super().__init__(given.get("name", "WWMA"))
        self._period: int = given["period"]
        self._sum = ZERO

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


def moving_average(kind: Any, period: int) -> Indicator:
    classes: dict[Any, Callable[[int], Indicator]] = {
        MovingAverageType.SIMPLE: SimpleMovingAverage,
        MovingAverageType.EXPONENTIAL: ExponentialMovingAverage,
        MovingAverageType.WILDERS: WilderMovingAverage,
    }
    if kind not in classes:
        raise NotCarriedOutError(f"lean_engine does not carry out {kind!r}")
    return classes[kind](period)
