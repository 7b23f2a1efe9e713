"""STR-001 buys an ETF when its RSI is low and sells it on recovery, stop loss or profit target."""

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

# After a fall from flat prices, a two-day RSI is 0; then each day halves what it remembers.
BASE = {"rsi_period": "2", "tickers": "SPY"}
FALL = 20
FALLEN = [*flat(100, FALL), 90.0]


def run(parameters: dict[str, str] | None = None, first_day: int = 10, **closes: Sequence[float | None]) -> RunResult:
    market = Market(days=len(next(iter(closes.values()))), first="2014-01-02")
    for ticker, prices in closes.items():
        market.equity(ticker, closes=list(prices))
    return run_strategy("RSI_MeanReversion_ETF", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def test_it_buys_at_the_open_after_the_rsi_fell_below_its_threshold() -> None:
    market = Market(days=FALL + 3, first="2014-01-02")
    market.equity("SPY", closes=[*FALLEN, 90, 90], opens=[*flat(100, FALL + 1), 91, 90])
    (order,) = run_strategy("RSI_MeanReversion_ETF", market, BASE, first_day=10).orders
    assert (order.day, order.fill_day, order.price, order.tag) == (FALL, FALL + 1, 91, "oversold")


@pytest.mark.parametrize(("threshold", "expected"), [("50", []), ("50.1", [(FALL + 1, 9, "oversold")])])
def test_an_rsi_at_the_threshold_is_not_below_it(threshold: str, expected: list[tuple[int, int, str]]) -> None:
    # Down 8 and up 4 make an RSI of exactly 50; the day of the fall itself lies in the warm-up.
    closes = [*flat(100, FALL), 92, 96]
    assert orders(run({"entry_threshold": threshold}, first_day=FALL + 1, SPY=closes)) == expected


@pytest.mark.parametrize(
    ("close", "parameters", "tag"),
    [
        (96, {}, "recovered"),  # RSI 71
        (91, {}, None),  # RSI 29
        (82.7, {}, "stop loss"),
        (82.9, {}, None),
        (99.1, {"exit_threshold": "100"}, "profit target"),
        (98.9, {"exit_threshold": "100"}, None),
    ],
)
def test_it_sells_on_recovery_stop_or_target_and_not_before(
    close: float, parameters: dict[str, str], tag: str | None
) -> None:
    bought, *sold = orders(run(parameters, SPY=[*FALLEN, 90, close, close]))
    assert bought == (FALL, 10, "oversold")
    assert sold[:1] == ([(FALL + 2, -10, tag)] if tag else [])


def test_each_etf_gets_its_part_in_whole_shares_and_one_too_dear_is_passed_over_with_one_line() -> None:
    dear = [4 * price for price in (*FALLEN, 89, 88)]
    result = run({"tickers": "SPY|QQQ|IWM"}, SPY=dear, QQQ=[*FALLEN, 90, 90], IWM=[*FALLEN, 90, 90])
    assert [(order.ticker, order.quantity) for order in result.orders] == [("QQQ", 3), ("IWM", 3)]
    assert sum("SPY passed over" in line for line in result.logs) == 1


def test_nothing_is_decided_on_a_day_without_a_bar() -> None:
    closes = [*FALLEN, None, 90, 90]
    result = run({"tickers": "SPY|QQQ"}, first_day=FALL + 1, SPY=closes, QQQ=flat(100, len(closes)))
    assert [(order.ticker, order.day) for order in result.orders] == [("SPY", FALL + 2)]


@pytest.mark.parametrize(("first_day", "days"), [(FALL, [FALL]), (FALL + 1, [])])
def test_nothing_is_bought_during_the_warm_up(first_day: int, days: list[int]) -> None:
    result = run({"exit_threshold": "100"}, first_day=first_day, SPY=[*FALLEN, 100, 100])
    assert [order.day for order in result.orders if order.quantity > 0] == days
    assert result.logs == []  # LEAN refuses an order during the warm-up, and says so


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    closes = [100 + generator.uniform(-9, 9) for _ in range(120)]
    before = orders(run(SPY=closes))
    for cut in (40, 70, 100):
        after = orders(run(SPY=closes[:cut] + [price * 0.5 for price in closes[cut:]]))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 3
        assert after != before


@pytest.mark.parametrize("period", ["2", "2.0", "2.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(period: str) -> None:
    assert orders(run({"rsi_period": period}, SPY=[*FALLEN, 90])) == [(FALL, 10, "oversold")]


def test_a_fraction_of_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rsi_period is 14\.5: a whole number is needed"):
        run({"rsi_period": "14.5"}, SPY=FALLEN)
