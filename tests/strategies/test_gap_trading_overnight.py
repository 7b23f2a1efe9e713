"""STR-013 buys an ETF whose opening gap down was not closed that day, and sells it on recovery, stop or time."""

import random
from collections.abc import Mapping, Sequence

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

GAP = 10
# A gap of 2 % that was not recovered at all, bought at 98; three quarters of it are recovered at 99.5.
GAPPED = [*flat(100, GAP), 98.0]
BOUGHT = (GAP, 9, "gap")


def market_of(closes: Mapping[str, Sequence[float | None]], opens: Mapping[int, float]) -> Market:
    """An ETF opens where it closed last, except on the days whose opens are given."""
    market = Market(days=len(next(iter(closes.values()))), first="2014-01-02")
    for ticker, prices in closes.items():
        usual: list[float] = []
        last = prices[0]
        for price in prices:
            usual.append(last or 0)
            last = price or last
        market.equity(ticker, closes=list(prices), opens=[opens.get(day, each) for day, each in enumerate(usual)])
    return market


def run(
    parameters: dict[str, str] | None = None,
    opens: Mapping[int, float] | None = None,
    first_day: int = 5,
    **closes: Sequence[float | None],
) -> RunResult:
    market = market_of(closes, {GAP: 98} if opens is None else opens)
    return run_strategy("Gap_Trading_Overnight", market, {"tickers": "SPY"} | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def test_it_buys_at_the_open_after_the_day_of_the_gap() -> None:
    (order,) = run(opens={GAP: 98, GAP + 1: 97.5}, SPY=[*GAPPED, 98]).orders
    assert (order.day, order.quantity, order.tag) == BOUGHT
    assert (order.fill_day, order.price) == (GAP + 1, 97.5)


@pytest.mark.parametrize(
    ("opening", "close", "threshold", "buys"),
    [
        (99, 99.5, "0.01", True),
        (75, 75, "0.25", True),  # a gap of exactly the threshold
        (99.1, 99.5, "0.01", False),
        (98.6, 98.6, "0.015", False),
        (98.5, 98.5, "0.015", True),
        (98, 99.9, "0.01", True),
        (98, 100, "0.01", False),  # the gap is closed
        (98, 100.1, "0.01", False),
        (101, 97, "0.01", False),  # a fall during the day is no gap
        (102, 101, "0.01", False),  # nor is a gap up
    ],
)
def test_the_gap_must_be_large_enough_and_still_open_at_the_close(
    opening: float, close: float, threshold: str, buys: bool
) -> None:
    result = run({"gap_threshold_pct": threshold}, {GAP: opening}, SPY=[*flat(100, GAP), close, close])
    assert [order.day for order in result.orders if order.quantity > 0] == ([GAP] if buys else [])


@pytest.mark.parametrize(
    ("close", "parameters", "tag"),
    [
        (99.5, {}, "gap recovered"),
        (99.4, {}, None),
        (99, {"exit_fill_pct": "0.5"}, "gap recovered"),
        (98.9, {"exit_fill_pct": "0.5"}, None),
        (100, {"exit_fill_pct": "1"}, "gap recovered"),
        (99.9, {"exit_fill_pct": "1"}, None),
        (96, {}, "stop loss"),  # 2.04 % below 98
        (96.1, {}, None),
        (96.1, {"stop_loss_pct": "0.01"}, "stop loss"),
        (98, {"holding_period": "2"}, "held long enough"),
        (98, {"holding_period": "3"}, None),
    ],
)
def test_it_sells_on_recovery_stop_or_time_and_not_before(
    close: float, parameters: dict[str, str], tag: str | None
) -> None:
    bought, *sold = orders(run(parameters, SPY=[*GAPPED, 98, close]))
    assert bought == BOUGHT
    assert sold == ([(GAP + 2, -9, tag)] if tag else [])


def test_it_is_held_for_five_days_unless_told_otherwise() -> None:
    assert orders(run(SPY=[*GAPPED, *flat(98, 9)])) == [BOUGHT, (GAP + 5, -9, "held long enough")]


def test_the_days_of_each_trade_are_counted_anew() -> None:
    result = run({"holding_period": "2"}, {GAP: 98, GAP + 4: 96}, SPY=[*GAPPED, *flat(98, 3), *flat(96, 4)])
    assert [(order.day, order.tag) for order in result.orders] == [
        (GAP, "gap"),
        (GAP + 2, "held long enough"),
        (GAP + 4, "gap"),
        (GAP + 6, "held long enough"),
    ]


def test_the_stop_is_measured_from_the_price_paid() -> None:
    # 97 is 1 % below the close of the gap's day, and 3 % below the 100 paid.
    result = run({"exit_fill_pct": "1"}, {GAP: 98, GAP + 1: 100}, SPY=[*GAPPED, 97])
    assert orders(result) == [BOUGHT, (GAP + 1, -9, "stop loss")]


def test_another_gap_while_it_is_held_changes_nothing() -> None:
    # Of the second gap, from 98 down to 96.9, three quarters would be recovered at 97.7.
    result = run(opens={GAP: 98, GAP + 2: 96.9}, SPY=[*GAPPED, 98, 97.5, 98.5, 99.5])
    assert orders(result) == [BOUGHT, (GAP + 4, -9, "gap recovered")]


def test_a_gap_recovered_before_the_purchase_is_bought_and_sold_again() -> None:
    result = run({"exit_fill_pct": "0.5"}, SPY=[*flat(100, GAP), 99.2, 99.2])
    assert [(order.day, order.tag) for order in result.orders] == [(GAP, "gap"), (GAP + 1, "gap recovered")]


def test_each_etf_gets_its_part_in_whole_shares_and_one_too_dear_is_passed_over_with_one_line() -> None:
    market = Market(days=GAP + 4, first="2014-01-02")
    for ticker, factor in (("SPY", 6), ("QQQ", 1)):
        closes = [factor * price for price in (*GAPPED, 98, 95, 95)]
        opens = [factor * price for price in (*flat(100, GAP), 98, 98, 95, 95)]
        market.equity(ticker, closes=closes, opens=opens)
    result = run_strategy("Gap_Trading_Overnight", market, {"tickers": "SPY|QQQ"}, first_day=5)
    assert [(order.ticker, order.quantity) for order in result.orders if order.quantity > 0] == [("QQQ", 4)]
    assert sum("SPY passed over" in line for line in result.logs) == 1


def test_a_gap_is_measured_from_the_last_close_there_was() -> None:
    closes = [*flat(100, GAP - 1), None, 98, 98]
    result = run({"tickers": "SPY|QQQ"}, SPY=closes, QQQ=[*flat(100, GAP), 100, 100])
    assert ("SPY", GAP) in [(order.ticker, order.day) for order in result.orders]


def test_a_day_without_a_bar_is_no_day_held_and_decides_nothing() -> None:
    closes = [*GAPPED, 98, None, 98, 98]
    result = run({"tickers": "SPY|QQQ", "holding_period": "2"}, SPY=closes, QQQ=flat(97, len(closes)))
    assert [(order.day, order.tag) for order in result.orders if order.ticker == "SPY"] == [
        (GAP, "gap"),
        (GAP + 3, "held long enough"),
    ]


@pytest.mark.parametrize(("first_day", "days"), [(GAP, [GAP]), (GAP + 1, [])])
def test_a_gap_in_the_warm_up_is_not_bought_and_one_on_the_first_day_is(first_day: int, days: list[int]) -> None:
    result = run(first_day=first_day, SPY=[*GAPPED, 98])
    assert [order.day for order in result.orders] == days
    assert result.logs == []  # LEAN refuses an order during the warm-up, and says so


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    days = 120
    closes = [100 + generator.uniform(-3, 3) for _ in range(days)]
    opens = {day: 100 + generator.uniform(-3, 3) for day in range(1, days)}
    before = orders(run(opens=opens, SPY=closes))
    for cut in (40, 70, 100):
        later = {day: price * (0.5 if day >= cut else 1) for day, price in opens.items()}
        after = orders(run(opens=later, SPY=closes[:cut] + [price * 0.5 for price in closes[cut:]]))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 3
        assert after != before


@pytest.mark.parametrize("days", ["2", "2.0", "2.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(days: str) -> None:
    result = run({"holding_period": days}, SPY=[*GAPPED, 98, 98])
    assert orders(result) == [BOUGHT, (GAP + 2, -9, "held long enough")]


@pytest.mark.parametrize(
    ("name", "value"), [("holding_period", "14.5"), ("holding_period", "0"), ("gap_threshold_pct", "0")]
)
def test_what_cannot_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is "):
        run({name: value}, SPY=GAPPED)
