"""A strategy of the project runs whole, and made series are what they say."""

from __future__ import annotations

import math

import pytest

from lean_engine import Market, flat, ramp, run_strategy
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401


def test_a_strategy_of_this_project_runs_whole() -> None:
    closes = [*ramp(100, 130, 60), *ramp(129, 110, 10), *ramp(112, 125, 8), *flat(125, 2)]
    market = spy(closes)
    result = run_strategy("RSI_MeanReversion_ETF", market, {"tickers": "SPY", "initial_capital": "5000"}, first_day=58)
    tags = [(order.tag, order.quantity > 0) for order in result.orders]
    assert tags == [("oversold", True), ("recovered", False)]
    buy, sell = result.orders
    assert buy.price == closes[buy.day]
    assert buy.quantity == math.floor(0.96 * 0.9975 * 5000 / closes[buy.day])
    assert result.held == {}
    assert sell.price is not None
    assert result.cash == pytest.approx(5000 + buy.quantity * (sell.price - closes[buy.day]) - 2)


def test_series() -> None:
    assert flat(5, 2) + ramp(1, 2, 3) == [5, 5, 1, 1.5, 2]


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="SPY: 2 values for a market of 3 days"):
        Market(days=3).equity("SPY", closes=flat(1, 2))
