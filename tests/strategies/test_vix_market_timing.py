"""STR-006 buys an ETF when the VIX is high and sells it when the VIX is low again."""

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

Closes = Sequence[float | None]


def run(
    vix: Closes | None, spy: Closes | None = None, parameters: dict[str, str] | None = None, first_day: int = 0
) -> RunResult:
    """SPY costs 100 dollars all the time unless said otherwise."""
    days = len(vix or spy or [])
    market = Market(days=days, first="2014-01-02")
    market.equity("SPY", closes=flat(100, days) if spy is None else spy)
    if vix is not None:
        market.index("VIX", closes=vix)
    return run_strategy("VIX_Market_Timing", market, parameters, first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def test_it_buys_at_the_open_after_the_vix_closed_high() -> None:
    market = Market(days=4, first="2014-01-02")
    market.equity("SPY", closes=flat(100, 4), opens=[100, 100, 98, 100])
    market.index("VIX", closes=[15, 25, 25, 25])
    result = run_strategy("VIX_Market_Timing", market)
    (order,) = result.orders
    assert (order.ticker, order.quantity, order.tag) == ("SPY", 9, "fear")
    assert (order.day, order.fill_day, order.price, order.fee) == (1, 2, 98, 1)
    assert result.held == {"SPY": 9}


@pytest.mark.parametrize(("close", "days"), [(24.99, []), (25, [1])])
def test_the_entry_threshold_itself_buys(close: float, days: list[int]) -> None:
    assert [order.day for order in run([15, close, 15]).orders if order.quantity > 0] == days


@pytest.mark.parametrize(("close", "sold"), [(18.01, []), (18, [(2, -9, "calm")])])
def test_the_exit_threshold_itself_sells(close: float, sold: list[tuple[int, int, str]]) -> None:
    assert orders(run([15, 30, close, 22, 22])) == [(1, 9, "fear"), *sold]


def test_entry_and_exit_may_be_the_same_level() -> None:
    same = {"vix_entry_threshold": "20", "vix_exit_threshold": "20"}
    assert [order.day for order in run([15, 21, 21, 20, 15], parameters=same).orders] == [1, 3]


def test_it_holds_while_the_price_falls_and_the_vix_rises() -> None:
    assert orders(run([30, 40, 50, 60], [100, 80, 60, 40])) == [(0, 9, "fear")]


def test_it_buys_again_after_a_sale() -> None:
    assert [order.day for order in run([30, 30, 15, 15, 30, 30]).orders] == [0, 2, 4]


@pytest.mark.parametrize(
    ("vix", "spy", "days"),
    [
        ([15, 30, 15, 15], [100, None, 100, 100], []),
        ([15, 30, 30, 15], [100, None, 100, 100], [2, 3]),
        ([15, None, 30, 30], flat(100, 4), [2]),
        ([15, 30, None, 15], [100, None, 100, 100], []),
        ([30, 15, 15, 20], [100, 100, None, 100], [0, 1]),
        ([30, 30, 15, 15, 20], [100, 100, None, 100, 100], [0, 3]),
        ([30, 30, None, 15, 20], flat(100, 5), [0, 3]),
    ],
)
def test_nothing_is_decided_on_a_day_on_which_either_bar_is_missing(vix: Closes, spy: Closes, days: list[int]) -> None:
    assert [order.day for order in run(vix, spy).orders] == days


@pytest.mark.parametrize(("size", "shares"), [("0.5", 4), ("0.75", 7), ("0.96", 9)])
def test_it_buys_whole_shares_within_its_part_of_the_account(size: str, shares: int) -> None:
    assert orders(run([30, 30], parameters={"position_size_pct": size})) == [(0, shares, "fear")]


def test_an_etf_that_is_too_dear_is_passed_over_with_one_line() -> None:
    result = run(flat(30, 5), flat(1100, 5))
    assert result.orders == []
    assert sum("SPY passed over" in line for line in result.logs) == 1


def test_nothing_is_bought_before_the_first_day() -> None:
    assert orders(run([30, 30, 30, 30], first_day=2)) == [(2, 9, "fear")]


def test_later_data_change_no_earlier_order() -> None:
    generator = random.Random(1)
    vix = [generator.uniform(10, 35) for _ in range(120)]
    spy = [generator.uniform(95, 105) for _ in range(120)]
    before = orders(run(vix, spy))
    for cut in (40, 80):
        after = orders(run(vix[:cut] + [40 - each for each in vix[cut:]], spy[:cut] + [each / 2 for each in spy[cut:]]))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 6
        assert after != before


def test_without_the_vix_there_is_no_trade_and_the_log_says_so() -> None:
    result = run(None, flat(100, 5))
    assert result.orders == []
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no VIX" in line
    assert "data/index/usa/daily/vix.zip" in line


def test_without_the_etf_there_is_no_trade_and_the_log_says_so() -> None:
    result = run(flat(30, 5), [None] * 5)
    assert result.orders == []
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no SPY" in line


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert not any("DATA MISSING" in line for line in run([15, 30]).logs)


def test_etf_and_index_are_parameters() -> None:
    market = Market(days=3, first="2014-01-02")
    market.equity("QQQ", closes=flat(50, 3))
    market.index("VXN", closes=flat(30, 3))
    result = run_strategy("VIX_Market_Timing", market, {"ticker": "QQQ", "vix_ticker": "VXN"})
    assert [(order.ticker, order.quantity) for order in result.orders] == [("QQQ", 19)]


@pytest.mark.parametrize("threshold", ["30", "30.0", "30.000"])
def test_a_number_is_read_in_every_form_that_lean_writes(threshold: str) -> None:
    assert orders(run([29.9, 30, 30], parameters={"vix_entry_threshold": threshold})) == [(1, 9, "fear")]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vix_exit_threshold": "25.5"}, r"vix_exit_threshold 25\.5 is above vix_entry_threshold 25"),
        ({"vix_entry_threshold": "high"}, "vix_entry_threshold is 'high': a number is needed"),
        ({"position_size_pct": "1.1"}, "more than the account"),
        ({"position_size_pct": "0"}, "a fraction above 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run([15, 15], parameters=parameters)
