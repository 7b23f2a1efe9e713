"""The methods of QCAlgorithm that make an indicator and feed it: sma, rsi, bb, …"""

from __future__ import annotations

from typing import Any

from lean_engine import averages, indicators
from lean_engine.constants import MovingAverageType
from lean_engine.indicator_base import Indicator
from lean_engine.surface import StubBacked, check_call


class IndicatorMethods(StubBacked):
    """Each makes an indicator and has it fed with a security's daily bars."""

    _stub = "QuantConnect.Algorithm.QCAlgorithm"

    def __watch(self, symbol: Any, indicator: Indicator, resolution: Any, selector: Any) -> Any:
        self.register_indicator(symbol, indicator, resolution, selector)
        return indicator

    def sma(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, averages.SimpleMovingAverage(period), resolution, selector)

    def ema(self, symbol: Any, period: int, *arguments: Any, **named: Any) -> Any:
        given = check_call(IndicatorMethods._stub, "ema", (symbol, period, *arguments), named)
        smoothing = [given["smoothing_factor"]] if "smoothing_factor" in given else []
        made = averages.ExponentialMovingAverage(period, *smoothing)
        return self.__watch(symbol, made, given.get("resolution"), given.get("selector"))

    def rsi(
        self,
        symbol: Any,
        period: int,
        moving_average_type: Any = MovingAverageType.WILDERS,
        resolution: Any = None,
        selector: Any = None,
    ) -> Any:
        made = indicators.RelativeStrengthIndex(period, moving_average_type)
        return self.__watch(symbol, made, resolution, selector)

    def macd(
        self,
        symbol: Any,
        fast_period: int,
        slow_period: int,
        signal_period: int,
        type: Any = MovingAverageType.EXPONENTIAL,
        resolution: Any = None,
        selector: Any = None,
    ) -> Any:
        made = indicators.MovingAverageConvergenceDivergence(fast_period, slow_period, signal_period, type)
        return self.__watch(symbol, made, resolution, selector)

    def bb(
        self,
        symbol: Any,
        period: int,
        k: float,
        moving_average_type: Any = MovingAverageType.SIMPLE,
        resolution: Any = None,
        selector: Any = None,
    ) -> Any:
        made = indicators.BollingerBands(period, k, moving_average_type)
        return self.__watch(symbol, made, resolution, selector)

    def atr(
        self,
        symbol: Any,
        period: int,
        type: Any = MovingAverageType.SIMPLE,
        resolution: Any = None,
        selector: Any = None,
    ) -> Any:
        return self.__watch(symbol, indicators.AverageTrueRange(period, type), resolution, selector)

    def std(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, indicators.StandardDeviation(period), resolution, selector)

    def max(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, indicators.Maximum(period), resolution, selector or (lambda bar: bar.high))

    def min(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, indicators.Minimum(period), resolution, selector or (lambda bar: bar.low))

    def roc(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, indicators.RateOfChange(period), resolution, selector)

    def rocp(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, indicators.RateOfChangePercent(period), resolution, selector)

    def momp(self, symbol: Any, period: int, resolution: Any = None, selector: Any = None) -> Any:
        return self.__watch(symbol, indicators.MomentumPercent(period), resolution, selector)

    def dch(self, symbol: Any, *arguments: Any, **named: Any) -> Any:
        given = check_call(IndicatorMethods._stub, "dch", (symbol, *arguments), named)
        made = indicators.DonchianChannel(*(given[each] for each in given if each.endswith("period")))
        return self.__watch(symbol, made, given.get("resolution"), given.get("selector"))
