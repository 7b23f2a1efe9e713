"""The fake's indicators count as LEAN's do."""

from __future__ import annotations

import pytest

from lean_engine import flat
from lean_engine.averages import ExponentialMovingAverage, SimpleMovingAverage
from lean_engine.constants import MovingAverageType
from lean_engine.indicator_base import RollingWindow
from lean_engine.indicators import (
    AverageTrueRange,
    BollingerBands,
    DonchianChannel,
    Maximum,
    Minimum,
    MomentumPercent,
    MovingAverageConvergenceDivergence,
    RateOfChange,
    RelativeStrengthIndex,
    StandardDeviation,
)
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401


def test_simple_moving_average() -> None:
    assert fed(SimpleMovingAverage(3), [1, 2, 3, 7]) == [1, 1.5, 2, 4]


def test_exponential_moving_average_starts_at_the_simple_one() -> None:
    average = ExponentialMovingAverage(3)
    assert fed(average, [1, 2]) == [0, 0]
    assert not average.is_ready
    assert fed(average, [3, 6]) == [2, 4]


def test_relative_strength_index_of_wilder() -> None:
    # Gains 1, 0, 1.5 and losses 0, 0.5, 0 over three days; then a loss of 1 smoothed by a third.
    index = RelativeStrengthIndex(3)
    shown = fed(index, [10, 11, 10.5, 12, 11])
    assert shown[3] == pytest.approx(100 - 100 / (1 + 2.5 / 0.5))
    gain, loss = 2.5 / 3 * 2 / 3, 0.5 / 3 * 2 / 3 + 1 / 3
    assert shown[4] == pytest.approx(100 - 100 / (1 + gain / loss))


def test_relative_strength_index_is_ready_a_day_after_its_period_and_100_without_a_loss() -> None:
    index = RelativeStrengthIndex(2)
    fed(index, [1, 2])
    assert not index.is_ready
    assert fed(index, [3]) == [100]
    assert index.is_ready
    assert index.warm_up_period == 3


def test_bollinger_bands() -> None:
    bands = BollingerBands(2, 2)
    assert fed(bands, [1, 3]) == [1, 3]  # its own value is the price
    assert (bands.lower_band.current.value, bands.middle_band.current.value) == (0, 2)
    assert (bands.upper_band.current.value, bands.standard_deviation.current.value) == (4, 1)
    assert bands.percent_b.current.value == 0.75


def test_macd() -> None:
    # The averages of 2 and 3 values lag half a step and a whole one behind a line.
    macd = MovingAverageConvergenceDivergence(2, 3, 2)
    fed(macd, [0, 1, 2])
    assert (macd.current.value, macd.is_ready) == (0.5, False)
    fed(macd, [3, 10])
    # Fast: 0.5, 1.5, 2.5, 7.5; slow: 1, 2, 6; difference: 0.5, 0.5, 1.5; signal: mean 0.5, then two thirds of the way.
    assert macd.fast.current.value == pytest.approx(7.5)
    assert macd.slow.current.value == 6
    assert macd.signal.current.value == pytest.approx(0.5 + 2 / 3)
    assert macd.histogram.current.value == pytest.approx(1 / 3)


def test_average_true_range() -> None:
    bars = [(11.0, 9.0, 10.0), (14.0, 12.0, 13.0), (13.0, 12.0, 12.0)]  # ranges 2, 4 (from 10), 1
    wilder = AverageTrueRange(2, MovingAverageType.WILDERS)
    assert barred(wilder, bars) == pytest.approx([2, 4 / 2 + 2 / 2, 1 / 2 + 3 / 2])
    assert barred(AverageTrueRange(2, MovingAverageType.SIMPLE), bars) == [2, 3, 2.5]


def test_donchian_channel() -> None:
    channel = DonchianChannel(2)
    assert barred(channel, [(5, 3, 4), (6, 2, 4), (4, 3, 3)]) == [4, 4, 4]
    assert (channel.upper_band.current.value, channel.lower_band.current.value) == (6, 2)
    assert channel.is_ready


def test_standard_deviation_is_the_populations() -> None:
    assert fed(StandardDeviation(2), [1, 3, 3]) == [0, 1, 0]


def test_extremes_contain_the_newest_value() -> None:
    assert fed(Maximum(2), [3, 1, 2]) == [3, 3, 2]
    assert fed(Minimum(2), [3, 4, 5]) == [3, 3, 4]


def test_rates_of_change() -> None:
    rate = RateOfChange(2)
    assert fed(rate, [10, 11]) == [0, pytest.approx(0.1)]
    assert not rate.is_ready
    assert fed(rate, [15]) == [0.5]
    assert rate.is_ready
    assert fed(MomentumPercent(1), [10, 12]) == [0, 20]


def test_a_rolling_window_has_the_newest_first() -> None:
    window = RollingWindow[float](2)
    for value in (1.0, 2.0, 3.0):
        window.add(value)
    assert (list(window), window[0], window.is_ready, window.most_recently_removed) == ([3, 2], 3, True, 1)


def test_max_and_min_of_a_security_are_of_highs_and_lows(run: Run) -> None:
    body = """
    def on_data(self, data):
        watched = (self._top, self._low, self._close, self._volume)
        self._seen.append(tuple(each.current.value for each in watched))
    """
    start = """
        self._top = self.max(self._symbol, 2, Resolution.DAILY)
        self._low = self.min(self._symbol, 2, Resolution.DAILY)
        self._close = self.max(self._symbol, 2, Resolution.DAILY, Field.CLOSE)
        self._volume = self.sma(self._symbol, 2, Resolution.DAILY, Field.VOLUME)
    """
    market = spy([10, 11], highs=[15, 12], lows=[8, 9], volumes=[100, 300])
    assert run(market, body, start).algorithm._seen == [(15, 8, 10, 100), (15, 8, 11, 200)]


def test_flat_prices_have_no_rounding_noise() -> None:
    assert set(fed(SimpleMovingAverage(7), flat(10.1, 20))) == {10.1}
    assert set(fed(StandardDeviation(7), flat(10.1, 20))) == {0.0}
