"""STR-011 sells the dear one of two ETFs short and buys the cheap one while their spread is far from its mean."""

import random
from collections.abc import Sequence
from math import exp

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

LOOKBACK = 20
BASE = {"pair": "SPY/QQQ", "lookback_period": str(LOOKBACK)}
# The spread in hundredths around its mean. Over these days its mean is 0 and its deviation 1.026.
CALM = [1.0, -1.0] * (LOOKBACK // 2)
WIDE = 3.0
"""A z-score of 2.92."""
ENTERED = [(LOOKBACK, "SPY", -4, "dear leg"), (LOOKBACK, "QQQ", 9, "cheap leg")]


def prices(spread: Sequence[float]) -> list[float]:
    return [100 * exp(each / 100) for each in spread]


def run(
    spread: Sequence[float],
    parameters: dict[str, str] | None = None,
    first_day: int = LOOKBACK,
    second: Sequence[float | None] | None = None,
) -> RunResult:
    """SPY's closes follow the spread, at first from 100 dollars; QQQ costs 50 all the time unless said otherwise."""
    market = Market(days=len(spread), first="2014-01-02")
    market.equity("SPY", closes=prices(spread))
    market.equity("QQQ", closes=list(flat(50, len(spread)) if second is None else second))
    return run_strategy("Statistical_Pairs_Trading", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, str, int, str]]:
    return [(order.day, order.ticker, order.quantity, order.tag) for order in result.orders]


def left(day: int, reason: str) -> list[tuple[int, str, int, str]]:
    return [(day, "SPY", 4, reason), (day, "QQQ", -9, reason)]


def test_the_dear_leg_is_sold_short_and_the_cheap_one_bought_at_the_next_open() -> None:
    result = run([*CALM, WIDE, WIDE])
    assert orders(result) == ENTERED
    assert [(order.fill_day, order.fee) for order in result.orders] == [(LOOKBACK + 1, 1), (LOOKBACK + 1, 1)]
    assert result.held == {"SPY": -4, "QQQ": 9}


def test_on_the_other_side_the_legs_are_exchanged() -> None:
    result = run([*CALM, -WIDE, -WIDE])
    assert orders(result) == [(LOOKBACK, "QQQ", -9, "dear leg"), (LOOKBACK, "SPY", 4, "cheap leg")]


@pytest.mark.parametrize(
    ("spread", "enters"),
    [
        (2.0, False),  # z-score 1.95
        (2.1, True),  # z-score 2.05; with today in the window it would be 1.85
        (4.0, True),  # z-score 3.90
        (4.2, False),  # z-score 4.09: beyond the stop
    ],
)
def test_it_enters_between_the_entry_and_the_stop(spread: float, enters: bool) -> None:
    assert orders(run([*CALM, spread])) == (ENTERED if enters else [])


@pytest.mark.parametrize(
    ("spread", "parameters", "reason"),
    [
        (0.5, {}, "spread closed"),  # z-score 0.29
        (1.5, {}, None),  # z-score 1.11
        (1.5, {"exit_zscore": "1.2"}, "spread closed"),
        (0.5, {"exit_zscore": "0"}, None),
        (0.0, {"exit_zscore": "0"}, "spread closed"),  # z-score -0.12
        (-3.0, {}, "spread closed"),  # far out, but on the other side
        (8.0, {}, "stop"),  # z-score 6.46
        (8.0, {"stop_zscore": "7"}, None),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_both_legs_are_left_when_the_spread_closes_or_hits_the_stop(
    spread: float, parameters: dict[str, str], reason: str | None, side: int
) -> None:
    result = run([side * each for each in (*CALM, WIDE, spread, spread)], parameters)
    later = [(order.day, order.ticker, order.tag) for order in result.orders[2:] if order.day == LOOKBACK + 1]
    assert later == ([(LOOKBACK + 1, "SPY", reason), (LOOKBACK + 1, "QQQ", reason)] if reason else [])
    assert result.held == ({} if reason else {"SPY": -side * 4, "QQQ": side * 9})


def test_after_a_stop_nothing_is_entered_until_the_spread_has_come_back() -> None:
    # Z-scores from the entry on: 2.92, 6.46, 2.58, -0.41, 2.97.
    result = run([*CALM, WIDE, 8, 6, 0, 8, 8])
    assert orders(result)[:4] == [*ENTERED, *left(LOOKBACK + 1, "stop")]
    assert [order.day for order in result.orders[4:]] == [LOOKBACK + 4, LOOKBACK + 4]


def test_a_day_without_both_bars_decides_nothing_and_is_no_day_of_the_window() -> None:
    second: list[float | None] = [*flat(50, LOOKBACK), None, 50, 50]
    result = run([*CALM, WIDE, 2.1, 2.1], second=second)
    # After 3 in the window the z-score of 2.1 would be 1.6.
    assert [order.day for order in result.orders] == [LOOKBACK + 1, LOOKBACK + 1]


def test_a_leg_is_not_left_on_a_day_without_both_bars() -> None:
    second: list[float | None] = [*flat(50, LOOKBACK + 2), None, 50, 50]
    result = run([*CALM, WIDE, WIDE, 0, 0, 0], second=second)
    assert orders(result) == [*ENTERED, *left(LOOKBACK + 3, "spread closed")]


def test_a_leg_whose_counterpart_was_refused_is_left_and_nothing_is_entered_until_the_spread_has_come_back() -> None:
    # QQQ rises so much that nine shares are too many for the account. That day widens the window's deviation to 36, so
    # that the z-scores of the days after are -2.85, 0.32 and -2.28.
    second = [50 * exp(each / 100) for each in (*flat(0, LOOKBACK + 1), 160, 110, 0, 110, 110)]
    result = run([*CALM, WIDE, 0, 0, 0, 0, 0], second=second)
    assert orders(result)[:3] == [*ENTERED, (LOOKBACK + 1, "SPY", 4, "other leg missing")]
    assert [order.fill_day for order in result.orders[:3]] == [LOOKBACK + 1, None, LOOKBACK + 2]
    assert [order.day for order in result.orders[3:]] == [LOOKBACK + 4, LOOKBACK + 4]


@pytest.mark.parametrize(
    ("spread", "shares"), [(WIDE, "SPY $103.05 and QQQ $600.00"), (-WIDE, "QQQ $600.00 and SPY $97.04")]
)
def test_where_a_leg_is_too_dear_neither_is_ordered_and_one_line_says_so(spread: float, shares: str) -> None:
    result = run([*CALM, spread, spread, spread], second=flat(600, LOOKBACK + 3))
    assert result.orders == []
    assert result.logs == [f"Pair passed over: a share costs {shares}, a leg's part is $478.80"]


@pytest.mark.parametrize(("first_day", "days"), [(LOOKBACK, [LOOKBACK] * 2), (LOOKBACK + 1, [])])
def test_nothing_is_entered_during_the_warm_up(first_day: int, days: list[int]) -> None:
    result = run([*CALM, WIDE, 0], first_day=first_day)
    assert [order.day for order in result.orders][:2] == days
    assert result.logs == []  # LEAN refuses an order during the warm-up, and says so


def test_nothing_is_entered_before_the_window_is_full() -> None:
    assert orders(run([*CALM[:-1], WIDE, 0], first_day=0)) == []


def test_an_etf_without_any_bar_is_named_in_the_log() -> None:
    result = run([*CALM, WIDE], {"pair": "SPY/XLF"})
    assert result.orders == []
    assert [line for line in result.logs if "DATA MISSING" in line] == [
        "DATA MISSING: no XLF in the whole backtest; LEAN reads it from data/equity/usa/daily/xlf.zip"
    ]


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    days = 200
    spread = [generator.gauss(0, 1) for _ in range(days)]
    second = [50 * exp(generator.gauss(0, 0.01)) for _ in range(days)]
    before = orders(run(spread, {"entry_zscore": "1.2"}, second=second))
    for cut in (80, 120, 160):
        changed = second[:cut] + [price * (1 + 0.1 * (-1) ** day) for day, price in enumerate(second[cut:])]
        after = orders(run(spread, {"entry_zscore": "1.2"}, second=changed))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 8
        assert after != before


@pytest.mark.parametrize("days", ["20", "20.0", "20.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(days: str) -> None:
    assert orders(run([*CALM, WIDE], {"lookback_period": days})) == ENTERED


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lookback_period": "14.5"}, r"lookback_period is 14\.5: a whole number"),
        ({"lookback_period": "1"}, "lookback_period is 1: at least 2"),
        ({"entry_zscore": "1", "exit_zscore": "1"}, "each must be less than the next"),
        ({"entry_zscore": "4"}, "each must be less than the next"),
        ({"exit_zscore": "-0.5"}, "none below 0"),
        ({"position_size_pct": "0.6"}, "more than the account"),
        ({"pair": "SPY"}, "two different tickers"),
        ({"pair": "SPY/SPY"}, "two different tickers"),
        ({"pair": "SPY/"}, "two different tickers"),
        ({"pair": "SPY/QQQ/IWM"}, "two different tickers"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run([*CALM, WIDE], parameters)
