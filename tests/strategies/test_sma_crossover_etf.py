"""The rules of SMA_Crossover_ETF, on made prices."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, flat, ramp, run_strategy

# Averages of 2 and 4 closes; after calm days they are equal, and the first higher close makes them cross.
SMALL = {
    "tickers": "SPY",
    "fast_sma": "2",
    "slow_sma": "4",
    "volume_threshold": "1.5",
    "volume_days": "3",
    "confirmation_days": "2",
}
START = 10
CROSSING = 20
CALM = flat(100, CROSSING)
RISE = [*CALM, *ramp(101, 110, 10)]
BOUGHT = "crossing on volume"
SOLD = "fast average below the slow one"
USUAL = 1_000_000

Prices = Sequence[float | None]
Given = tuple[str, int, int, str]


def _market(busy: dict[int, float] | None = None, /, **closes: Prices) -> Market:
    """`busy` are volumes in multiples of the usual one."""
    volumes = {CROSSING: 1.5} if busy is None else busy
    market = Market(days=max(len(prices) for prices in closes.values()), first="2015-01-02")
    for ticker, prices in closes.items():
        market.equity(
            ticker, closes=prices, opens=prices, volumes=[volumes.get(day, 1) * USUAL for day in range(len(prices))]
        )
    return market


def _traded(market: Market, first_day: int = START, /, **parameters: str) -> list[Given]:
    result = run_strategy("SMA_Crossover_ETF", market, SMALL | parameters, first_day=first_day)
    return [(order.ticker, order.day, order.quantity, order.tag) for order in result.orders]


def test_a_crossing_on_volume_is_bought_at_the_next_open() -> None:
    (order,) = run_strategy("SMA_Crossover_ETF", _market(SPY=RISE), SMALL, first_day=START).orders
    assert (order.day, order.fill_day, order.price, order.tag) == (CROSSING, CROSSING + 1, 102, BOUGHT)
    assert order.quantity == 9, "96 % of $1,000 pays nine shares of $101"


@pytest.mark.parametrize(
    ("busy", "parameters", "bought"),
    [
        ({CROSSING: 1.5}, {}, [CROSSING]),
        ({CROSSING: 1.499}, {}, []),
        ({}, {}, []),
        ({CROSSING: 1.5, CROSSING - 3: 1.1}, {}, []),  # the average is that of the days before
        ({CROSSING: 1.5, CROSSING - 4: 1.1}, {}, [CROSSING]),  # and of volume_days of them
        ({CROSSING - 1: 9}, {}, []),  # volume before the crossing confirms nothing
        ({CROSSING + 1: 1.5}, {}, [CROSSING + 1]),
        ({CROSSING + 2: 1.5}, {}, [CROSSING + 2]),
        ({CROSSING + 3: 1.5}, {}, []),  # later than confirmation_days
        ({CROSSING: 1.5}, {"confirmation_days": "0"}, [CROSSING]),
        ({CROSSING + 1: 1.5}, {"confirmation_days": "0"}, []),
    ],
)
def test_volume_confirms_a_crossing_on_its_day_or_a_few_days_after(
    busy: dict[int, float], parameters: dict[str, str], bought: list[int]
) -> None:
    assert [day for _, day, _, _ in _traded(_market(busy, SPY=RISE), **parameters)] == bought


def test_without_a_crossing_nothing_is_bought() -> None:
    busy = dict.fromkeys(range(15, 30, 4), 3.0)
    assert _traded(_market(busy, SPY=flat(100, 30))) == []
    assert _traded(_market(busy, SPY=ramp(130, 101, 30))) == []
    # Above throughout: the fast average was so at the bar before too.
    assert _traded(_market(busy, SPY=ramp(101, 130, 30))) == []


# The closes 101, 98 undo the crossing on the second day, 104 crosses again on the third.
@pytest.mark.parametrize(
    ("busy_day", "bought"),
    [(1, []), (2, [CROSSING + 2]), (4, [CROSSING + 4]), (5, [])],
)
def test_a_crossing_that_is_undone_can_no_longer_be_confirmed(busy_day: int, bought: list[int]) -> None:
    market = _market({CROSSING + busy_day: 1.5}, SPY=[*CALM, 101, 98, *ramp(104, 112, 6)])
    assert [day for _, day, _, _ in _traded(market)] == bought


def test_it_is_sold_when_the_fast_average_is_below_the_slow_one_and_not_when_they_are_equal() -> None:
    # After four equal closes the averages are equal; the first lower close parts them.
    orders = _traded(_market(SPY=[*CALM, *flat(101, 8), 100.9, 100.9]))
    assert orders == [("SPY", CROSSING, 9, BOUGHT), ("SPY", CROSSING + 8, -9, SOLD)]


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_was_sold_is_bought_again_at_the_next_confirmed_crossing(confirmed: bool) -> None:
    again = CROSSING + 14
    busy = {CROSSING: 1.5, again if confirmed else again + 3: 1.5}
    orders = _traded(_market(busy, SPY=[*CALM, *flat(101, 8), *flat(99, 6), *ramp(100, 105, 6)]))
    expected = [("SPY", CROSSING, 9, BOUGHT), ("SPY", CROSSING + 8, -9, SOLD)]
    assert orders[:2] == expected
    assert [(day, tag) for _, day, _, tag in orders[2:]] == [(again, BOUGHT)] * confirmed


def test_a_crossing_right_after_the_sale_waits_anew_for_its_volume() -> None:
    # Confirmed at the last bar allowed, sold at the fall to 90, crossing again at the next bar.
    market = _market({CROSSING + 2: 1.5, CROSSING + 7: 1.5}, SPY=[*CALM, 101, 102, 103, 104, 90, 130, 131, 132, 133])
    assert [(day, tag) for _, day, _, tag in _traded(market)] == [
        (CROSSING + 2, BOUGHT),
        (CROSSING + 4, SOLD),
        (CROSSING + 7, BOUGHT),
    ]


def test_each_etf_gets_its_part_and_one_whose_share_costs_more_is_passed_over() -> None:
    market = _market(SPY=[5 * close for close in RISE], IWM=RISE)
    result = run_strategy("SMA_Crossover_ETF", market, SMALL | {"tickers": "SPY|IWM"}, first_day=START)
    assert [(order.ticker, order.quantity) for order in result.orders] == [("IWM", 4)]
    assert [line for line in result.logs if "SPY passed over" in line]


def test_a_day_without_a_bar_is_neither_a_decision_nor_a_day_of_confirmation() -> None:
    # SPY crosses, misses two days and finds its volume at the second bar after the crossing; the next day has no bar.
    closes: Prices = [*CALM, 101, None, None, 102, 103, None, 104, 105]
    market = _market({CROSSING + 1: 9, CROSSING + 4: 1.5}, SPY=closes, EEM=flat(100, len(closes)))
    result = run_strategy("SMA_Crossover_ETF", market, SMALL | {"tickers": "SPY|EEM"}, first_day=START)
    assert [(order.day, order.fill_day) for order in result.orders] == [(CROSSING + 4, CROSSING + 6)]


def test_crossings_of_the_warm_up_are_not_traded() -> None:
    market = _market({CROSSING: 1.5, CROSSING + 1: 1.8}, SPY=RISE)
    assert _traded(market, CROSSING + 1) == []
    assert [day for _, day, _, _ in _traded(market, CROSSING)] == [CROSSING]


@pytest.mark.parametrize(("bars_before", "bought"), [(4, True), (3, False)])
def test_a_young_etf_is_bought_once_it_has_its_averages(bars_before: int, bought: bool) -> None:
    young: Prices = [*[None] * (CROSSING - bars_before), *flat(100, bars_before), 101]
    orders = _traded(_market(SPY=young, EEM=flat(100, CROSSING + 1)), tickers="SPY|EEM")
    assert [day for _, day, _, _ in orders] == [CROSSING] * bought


def test_the_future_does_not_change_the_past() -> None:
    dice = random.Random(3)
    prices = [100 + 10 * dice.random() for _ in range(200)]
    busy = {day: dice.choice([1.0, 2.0]) for day in range(200)}
    known = 150
    before, after = (
        [order for order in _traded(_market(busy, SPY=closes)) if order[1] < known]
        for closes in (prices, prices[:known] + flat(50, 50))
    )
    assert len(before) >= 6
    assert before == after


@pytest.mark.parametrize(
    ("name", "whole"), [("fast_sma", "3"), ("slow_sma", "5"), ("volume_days", "4"), ("confirmation_days", "1")]
)
def test_whole_numbers_are_read_in_every_form_and_others_refused(name: str, whole: str) -> None:
    market = _market(SPY=RISE)
    orders = _traded(market, **{name: whole})
    assert len(orders) == 1
    assert _traded(market, **{name: f"{whole}.0"}) == orders
    with pytest.raises(ValueError, match=f"{name} is {whole}.5"):
        _traded(market, **{name: f"{whole}.5"})


@pytest.mark.parametrize("fast_sma", ["4", "5"])
def test_a_fast_average_that_is_not_the_shorter_one_is_refused(fast_sma: str) -> None:
    with pytest.raises(ValueError, match=f"fast_sma is {fast_sma}"):
        _traded(_market(SPY=RISE), fast_sma=fast_sma)
