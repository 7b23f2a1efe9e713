"""STR-009 buys an oversold ETF, with the filter on only above its long average, and sells it on recovery."""

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

BASE = {"rsi_period": "2", "trend_sma": "10", "tickers": "SPY"}
FALL = 24
# RSI 23.8 and a close of 140 above an average of 124.
SETBACK = [*flat(100, 20), *flat(150, 4), 140.0]
# RSI 0 and a close of 90 below an average of 99.
DECLINE = [*flat(100, FALL), 90.0]


def run(parameters: dict[str, str] | None = None, first_day: int = 10, **closes: Sequence[float | None]) -> RunResult:
    market = Market(days=len(next(iter(closes.values()))), first="2014-01-02")
    for ticker, prices in closes.items():
        market.equity(ticker, closes=list(prices))
    return run_strategy("MeanReversion_TrendFilter_ETF", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def test_it_buys_a_setback_above_the_average_at_the_next_open() -> None:
    market = Market(days=FALL + 3, first="2014-01-02")
    market.equity("SPY", closes=[*SETBACK, 140, 140], opens=[*flat(100, FALL + 1), 141, 140])
    (order,) = run_strategy("MeanReversion_TrendFilter_ETF", market, BASE, first_day=10).orders
    assert (order.day, order.fill_day, order.price, order.tag) == (FALL, FALL + 1, 141, "oversold")


@pytest.mark.parametrize("filtered", ["true", "True", "1"])
@pytest.mark.parametrize(
    ("closes", "parameters"),
    [
        (DECLINE, {}),
        (SETBACK, {"rsi_entry": "23"}),
        (SETBACK, {"trend_sma": "1"}),  # the close is its own average, and so not above it
        (SETBACK, {"trend_sma": "27"}),  # one day more than there are
    ],
    ids=["below the average", "not oversold", "at the average", "no average yet"],
)
def test_with_the_filter_both_conditions_are_needed(
    closes: list[float], parameters: dict[str, str], filtered: str
) -> None:
    assert orders(run({"require_trend": filtered, **parameters}, SPY=[*closes, closes[-1]])) == []


@pytest.mark.parametrize("filtered", ["false", "False", "0"])
@pytest.mark.parametrize("trend_sma", ["10", "27"])
def test_without_the_filter_the_average_does_not_matter(filtered: str, trend_sma: str) -> None:
    result = run({"require_trend": filtered, "trend_sma": trend_sma}, SPY=[*DECLINE, 90])
    assert orders(result) == [(FALL, 10, "oversold")]


@pytest.mark.parametrize(("entry", "expected"), [("50", []), ("50.1", [(FALL + 1, 9, "oversold")])])
def test_an_rsi_at_the_threshold_is_not_below_it(entry: str, expected: list[tuple[int, int, str]]) -> None:
    # Down 8 and up 4 make an RSI of exactly 50; the day of the fall itself lies in the warm-up.
    closes = [*flat(100, FALL), 92, 96]
    result = run({"rsi_entry": entry, "require_trend": "false"}, first_day=FALL + 1, SPY=closes)
    assert orders(result) == expected


@pytest.mark.parametrize(
    ("close", "parameters", "tag"),
    [
        (145, {}, "recovered"),  # RSI 57
        (144, {}, None),  # RSI 53
        (128.7, {}, "stop loss"),
        (128.9, {}, None),
        (154.1, {"rsi_exit": "100"}, "profit target"),
        (153.9, {"rsi_exit": "100"}, None),
        (110, {"stop_loss_pct": "0.5"}, None),  # below the average of 125, which is no reason to sell
    ],
)
def test_it_sells_on_recovery_stop_or_target_and_not_before(
    close: float, parameters: dict[str, str], tag: str | None
) -> None:
    bought, *sold = orders(run(parameters, SPY=[*SETBACK, close, close]))
    assert bought == (FALL, 6, "oversold")
    assert sold[:1] == ([(FALL + 1, -6, tag)] if tag else [])


def test_each_etf_gets_its_part_in_whole_shares_and_one_too_dear_is_passed_over_with_one_line() -> None:
    dear = [4 * price for price in (*SETBACK, 139, 138)]
    result = run({"tickers": "SPY|QQQ"}, SPY=dear, QQQ=[*SETBACK, 140, 140])
    assert [(order.ticker, order.quantity) for order in result.orders] == [("QQQ", 3)]
    assert sum("SPY passed over" in line for line in result.logs) == 1


def test_nothing_is_decided_on_a_day_without_a_bar() -> None:
    closes = [*SETBACK, None, 140, 140]
    result = run({"tickers": "SPY|QQQ"}, first_day=FALL + 1, SPY=closes, QQQ=flat(100, len(closes)))
    assert [(order.ticker, order.day) for order in result.orders] == [("SPY", FALL + 2)]


@pytest.mark.parametrize(("first_day", "days"), [(FALL, [FALL]), (FALL + 1, [])])
def test_nothing_is_bought_during_the_warm_up(first_day: int, days: list[int]) -> None:
    result = run({"rsi_exit": "100"}, first_day=first_day, SPY=[*SETBACK, 150, 150])
    assert [order.day for order in result.orders if order.quantity > 0] == days
    assert result.logs == []  # LEAN refuses an order during the warm-up, and says so


@pytest.mark.parametrize("filtered", ["true", "false"])
def test_later_prices_change_no_earlier_order(filtered: str) -> None:
    generator = random.Random(1)
    parameters = {"require_trend": filtered, "rsi_entry": "50", "rsi_exit": "60"}
    closes = [100 + day / 2 + generator.uniform(-9, 9) for day in range(160)]
    before = orders(run(parameters, SPY=closes))
    for cut in (60, 90, 120):
        changed = closes[:cut] + [price * 0.5 for price in closes[cut:]]
        after = orders(run(parameters, SPY=changed))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 3
        assert after != before


@pytest.mark.parametrize(("period", "trend"), [("2", "10"), ("2.0", "10.0"), ("2.000", "10.000")])
def test_whole_numbers_are_read_in_every_form_that_lean_writes(period: str, trend: str) -> None:
    result = run({"rsi_period": period, "trend_sma": trend}, SPY=[*SETBACK, 140])
    assert orders(result) == [(FALL, 6, "oversold")]


@pytest.mark.parametrize(
    ("name", "value"), [("rsi_period", "14.5"), ("trend_sma", "14.5"), ("require_trend", "perhaps")]
)
def test_what_cannot_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is "):
        run({name: value}, SPY=SETBACK)
