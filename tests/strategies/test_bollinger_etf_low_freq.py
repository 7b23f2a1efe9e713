"""STR-002 buys an ETF that closed below its lower band, once a fall, and sells it at the mean, target or stop."""

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

# One close 10 below nine at 100: middle band 99, deviation 3, lower band 93.
BASE = {"bb_period": "10", "tickers": "SPY"}
FALL = 20
FALLEN = [*flat(100, FALL), 90.0]
BOUGHT = (FALL, 10, "below the band")


def run(parameters: dict[str, str] | None = None, first_day: int = 10, **closes: Sequence[float | None]) -> RunResult:
    market = Market(days=len(next(iter(closes.values()))), first="2014-01-02")
    for ticker, prices in closes.items():
        market.equity(ticker, closes=list(prices))
    return run_strategy("BollingerBand_ETF_LowFreq", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def days_of_purchases(result: RunResult) -> list[int]:
    return [order.day for order in result.orders if order.quantity > 0]


def test_it_buys_at_the_open_after_a_close_below_the_band() -> None:
    market = Market(days=FALL + 3, first="2014-01-02")
    market.equity("SPY", closes=[*FALLEN, 90, 90], opens=[*flat(100, FALL + 1), 91, 90])
    (order,) = run_strategy("BollingerBand_ETF_LowFreq", market, BASE, first_day=10).orders
    assert (order.day, order.quantity, order.tag) == BOUGHT
    assert (order.fill_day, order.price) == (FALL + 1, 91)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"bb_std_dev": "2.9"}, [BOUGHT]),  # lower band 90.3
        ({"bb_std_dev": "3.1"}, []),  # lower band 89.7
        ({"entry_distance_pct": "0.03"}, [BOUGHT]),  # 3 % below 93: 90.2
        ({"entry_distance_pct": "0.04"}, []),  # 4 % below 93: 89.3
    ],
)
def test_it_buys_only_far_enough_below_the_band(
    parameters: dict[str, str], expected: list[tuple[int, int, str]]
) -> None:
    assert orders(run(parameters, SPY=[*FALLEN, 90])) == expected


@pytest.mark.parametrize(
    ("close", "parameters", "tag"),
    [
        (98, {"profit_target_pct": "0.5"}, "recovered"),  # middle band 97.80
        (97.7, {"profit_target_pct": "0.5"}, None),  # middle band 97.77
        (92.8, {}, "profit target"),
        (92.6, {}, None),
        (88.1, {}, "stop loss"),
        (88.3, {}, None),
    ],
)
def test_it_sells_at_the_mean_target_or_stop_and_not_before(
    close: float, parameters: dict[str, str], tag: str | None
) -> None:
    bought, *sold = orders(run(parameters, SPY=[*FALLEN, 90, close, close]))
    assert bought == BOUGHT
    assert [order for order in sold if order[0] == FALL + 2] == ([(FALL + 2, -10, tag)] if tag else [])


@pytest.mark.parametrize(
    ("recovery", "expected"),
    [
        (93.5, [FALL]),  # middle band 93.85
        (94, [FALL, FALL + 5]),  # middle band 93.9
    ],
)
def test_it_buys_again_only_after_a_close_at_the_middle_band(recovery: float, expected: list[int]) -> None:
    # The stop loss sells on the third day; 80 lies below the band again, and so does 60.
    result = run(SPY=[*FALLEN, 90, 85, 80, recovery, 60, 60])
    assert days_of_purchases(result) == expected


def test_an_etf_passed_over_has_not_been_bought_in_this_fall() -> None:
    # 260 is more than its part, $239; 225 is not.
    result = run({"position_size_pct": "0.24"}, SPY=[*flat(300, FALL), 260, 225, 225])
    assert orders(result) == [(FALL + 1, 1, "below the band")]
    assert sum("SPY passed over" in line for line in result.logs) == 1


def test_each_etf_gets_its_part_in_whole_shares() -> None:
    fallen = [*FALLEN, 90]
    result = run({"tickers": "SPY|QQQ|IWM|EEM"}, SPY=fallen, QQQ=fallen, IWM=fallen, EEM=flat(100, len(fallen)))
    assert [(order.ticker, order.quantity) for order in result.orders] == [("SPY", 2), ("QQQ", 2), ("IWM", 2)]


def test_nothing_is_decided_on_a_day_without_a_bar() -> None:
    # Still below the band after the day without a bar: 89 under 89.5.
    closes = [*FALLEN, None, 89, 89]
    result = run({"tickers": "SPY|QQQ"}, first_day=FALL + 1, SPY=closes, QQQ=flat(100, len(closes)))
    assert [(order.ticker, order.day) for order in result.orders] == [("SPY", FALL + 2)]


@pytest.mark.parametrize(("first_day", "days"), [(FALL, [FALL]), (FALL + 1, [])])
def test_nothing_is_bought_during_the_warm_up(first_day: int, days: list[int]) -> None:
    result = run(first_day=first_day, SPY=[*FALLEN, 100, 100])
    assert days_of_purchases(result) == days
    assert result.logs == []  # LEAN refuses an order during the warm-up, and says so


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    closes = [100 + generator.uniform(-4, 4) * (3 if day % 11 == 0 else 1) for day in range(160)]
    before = orders(run({"bb_std_dev": "1.2"}, SPY=closes))
    for cut in (60, 90, 120):
        after = orders(run({"bb_std_dev": "1.2"}, SPY=closes[:cut] + [price * 0.5 for price in closes[cut:]]))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 3
        assert after != before


@pytest.mark.parametrize("period", ["10", "10.0", "10.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(period: str) -> None:
    assert orders(run({"bb_period": period}, SPY=[*FALLEN, 90])) == [BOUGHT]


def test_a_fraction_of_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bb_period is 14\.5: a whole number is needed"):
        run({"bb_period": "14.5"}, SPY=FALLEN)
