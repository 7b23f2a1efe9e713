"""The rules of Breakout_Momentum_Equity, on made prices."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, flat, run_strategy

SMALL = {
    "tickers": "AAA",
    "lookback_period": "5",
    "breakout_threshold": "1.01",
    "volume_multiplier": "1.5",
    "volume_days": "4",
    "holding_period": "2",
    "max_positions": "1",
}
START = 10
BREAKOUT = 20
CALM = flat(100, BREAKOUT)
USUAL = 1_000_000

Prices = Sequence[float | None]
Given = tuple[str, int, int, str]


def _market(
    busy: dict[int, float] | None = None, changes: dict[int, float] | None = None, /, **closes: Prices
) -> Market:
    """Bars stay at their close; `busy` are volumes in multiples of the usual one, `changes` replaces highs."""
    volumes = {BREAKOUT: 1.5} if busy is None else busy
    market = Market(days=max(len(prices) for prices in closes.values()), first="2015-01-02")
    for ticker, prices in closes.items():
        market.equity(
            ticker,
            closes=prices,
            opens=prices,
            highs=[None if close is None else (changes or {}).get(day, close) for day, close in enumerate(prices)],
            lows=prices,
            volumes=[volumes.get(day, 1) * USUAL for day in range(len(prices))],
        )
    return market


def _traded(market: Market, first_day: int = START, /, **parameters: str) -> list[Given]:
    result = run_strategy("Breakout_Momentum_Equity", market, SMALL | parameters, first_day=first_day)
    return [(order.ticker, order.day, order.quantity, order.tag) for order in result.orders]


def test_a_breakout_on_volume_is_bought_at_the_next_open() -> None:
    market = _market(AAA=[*CALM, 101, 102])
    (order,) = run_strategy("Breakout_Momentum_Equity", market, SMALL, first_day=START).orders
    assert (order.day, order.fill_day, order.price, order.tag) == (BREAKOUT, BREAKOUT + 1, 102, "breakout")
    assert order.quantity == 9, "96 % of $1,000 pays nine shares of $101"


@pytest.mark.parametrize(
    ("close", "busy", "highs", "bought"),
    [
        (101.0, {BREAKOUT: 1.5}, {}, True),
        (100.99, {BREAKOUT: 1.5}, {}, False),
        (100.99, {BREAKOUT: 1.5}, {BREAKOUT: 110.0}, False),  # the close counts, not the high
        (101.0, {BREAKOUT: 1.499}, {}, False),
        (101.5, {BREAKOUT: 9}, {BREAKOUT - 5: 101.0}, False),  # a high counts, not only closes, within the lookback
        (101.5, {BREAKOUT: 9}, {BREAKOUT - 6: 101.0}, True),  # and no longer a day earlier
        (101.0, {BREAKOUT: 9}, {BREAKOUT: 110.0}, True),  # the day's own high does not count
        (101.0, {BREAKOUT: 1.5, BREAKOUT - 4: 1.1}, {}, False),  # the average is that of the days before
        (101.0, {BREAKOUT: 1.5, BREAKOUT - 5: 1.1}, {}, True),  # and of volume_days of them
    ],
)
def test_only_a_close_far_enough_above_every_high_on_enough_volume_is_bought(
    close: float, busy: dict[int, float], highs: dict[int, float], bought: bool
) -> None:
    orders = _traded(_market(busy, highs, AAA=[*CALM, close]))
    assert [day for _, day, _, _ in orders] == [BREAKOUT] * bought


@pytest.mark.parametrize("holding_period", [1, 3, 10])
@pytest.mark.parametrize("after", [101, 80, 150])
def test_it_is_held_for_the_holding_period_whatever_the_price(holding_period: int, after: float) -> None:
    # The bar at whose open it was bought is the first that is held.
    market = _market(AAA=[*CALM, 101, *flat(after, 14)])
    orders = _traded(market, holding_period=str(holding_period))
    assert orders[1:] == [("AAA", BREAKOUT + holding_period, -9, "holding period over")]


def test_days_without_a_bar_are_not_days_held() -> None:
    market = _market(AAA=[*CALM, 101, None, 101, None, None, 101, 101], BBB=flat(100, BREAKOUT + 7))
    result = run_strategy("Breakout_Momentum_Equity", market, SMALL | {"tickers": "AAA|BBB"}, first_day=START)
    assert [(order.day, order.fill_day) for order in result.orders] == [
        (BREAKOUT, BREAKOUT + 2),
        (BREAKOUT + 5, BREAKOUT + 6),
    ]


def test_a_new_breakout_does_not_prolong_the_holding() -> None:
    busy = {BREAKOUT + day: 3.0**day * 1.5 for day in range(3)}
    orders = _traded(_market(busy, AAA=[*CALM, 101, 105, 110, 110, 110]))
    assert [(day, tag) for _, day, _, tag in orders] == [
        (BREAKOUT, "breakout"),
        (BREAKOUT + 2, "holding period over"),
    ]


def test_the_days_held_are_counted_anew_for_each_position() -> None:
    market = _market({BREAKOUT: 1.5, BREAKOUT + 10: 1.5}, AAA=[*CALM, *flat(101, 10), *flat(103, 6)])
    assert [day for _, day, _, _ in _traded(market)] == [BREAKOUT, BREAKOUT + 2, BREAKOUT + 10, BREAKOUT + 12]


@pytest.mark.parametrize(
    ("closes", "bought"),
    [
        ({"CCC": 101, "AAA": 103, "BBB": 102}, ["AAA", "BBB"]),
        ({"CCC": 101, "AAA": 101, "BBB": 101}, ["CCC", "AAA"]),
        ({"CCC": 101, "AAA": 100, "BBB": 102}, ["BBB", "CCC"]),
    ],
)
def test_the_strongest_come_first_and_equal_ones_as_listed(closes: dict[str, float], bought: list[str]) -> None:
    market = _market(None, None, **{ticker: [*CALM, *flat(close, 4)] for ticker, close in closes.items()})
    orders = _traded(market, tickers="CCC|AAA|BBB", max_positions="2")
    assert [(ticker, day, quantity) for ticker, day, quantity, _ in orders if quantity > 0] == [
        (ticker, BREAKOUT, 4) for ticker in bought
    ]


def test_a_place_is_free_again_when_the_sale_has_been_filled() -> None:
    def traded(second_breakout: int) -> list[tuple[str, int]]:
        second = flat(100, second_breakout) + flat(110, 28 - second_breakout)
        market = _market({BREAKOUT: 1.5, second_breakout: 3}, AAA=[*CALM, *flat(101, 8)], BBB=second)
        return [(ticker, day) for ticker, day, _, _ in _traded(market, tickers="AAA|BBB")]

    one = [("AAA", BREAKOUT), ("AAA", BREAKOUT + 2)]
    assert traded(BREAKOUT + 1) == one
    assert traded(BREAKOUT + 2) == one
    assert traded(BREAKOUT + 3)[:3] == [*one, ("BBB", BREAKOUT + 3)]


def test_an_order_that_waits_takes_a_place() -> None:
    market = _market(
        {BREAKOUT: 1.5, BREAKOUT + 1: 3}, AAA=[*CALM, 101, None, 101, 101], BBB=[*CALM, 100, 110, 110, 110]
    )
    assert [ticker for ticker, _, _, _ in _traded(market, tickers="AAA|BBB", holding_period="9")] == ["AAA"]


def test_one_whose_share_costs_more_than_its_part_leaves_its_place() -> None:
    market = _market(AAA=[*flat(600, BREAKOUT), *flat(650, 2)], BBB=[*CALM, *flat(101, 2)])
    parameters = SMALL | {"tickers": "AAA|BBB", "position_size_pct": "0.48"}
    result = run_strategy("Breakout_Momentum_Equity", market, parameters, first_day=START)
    assert [(order.ticker, order.quantity) for order in result.orders] == [("BBB", 4)]
    assert [line for line in result.logs if "AAA passed over" in line]


def test_a_day_without_a_bar_is_a_day_without_a_decision() -> None:
    market = _market({BREAKOUT: 1.5, BREAKOUT + 1: 3}, AAA=[*CALM, None, 101, 101], BBB=flat(100, BREAKOUT + 3))
    assert [day for _, day, _, _ in _traded(market, tickers="AAA|BBB")] == [BREAKOUT + 1]


def test_nothing_is_bought_during_the_warm_up() -> None:
    market = _market(AAA=[*CALM, *flat(101, 6)])
    assert _traded(market, BREAKOUT + 1) == []
    assert [day for _, day, _, _ in _traded(market, BREAKOUT)] == [BREAKOUT, BREAKOUT + 2]


@pytest.mark.parametrize(("bars_before", "bought"), [(5, True), (4, False)])
def test_a_young_stock_is_bought_once_it_has_a_whole_lookback(bars_before: int, bought: bool) -> None:
    young: Prices = [*[None] * (BREAKOUT - bars_before), *flat(100, bars_before), 101]
    orders = _traded(_market(AAA=young, BBB=flat(100, BREAKOUT + 1)), tickers="AAA|BBB")
    assert [day for _, day, _, _ in orders] == [BREAKOUT] * bought


def test_the_future_does_not_change_the_past() -> None:
    dice = random.Random(4)
    prices = [100 + 10 * dice.random() for _ in range(200)]
    busy = {day: dice.choice([1.0, 2.0]) for day in range(200)}
    known = 150
    easy = {"lookback_period": "2", "breakout_threshold": "1"}
    before, after = (
        [order for order in _traded(_market(busy, AAA=closes), **easy) if order[1] < known]
        for closes in (prices, prices[:known] + flat(50, 50))
    )
    assert len(before) >= 6
    assert before == after


@pytest.mark.parametrize("name", ["lookback_period", "volume_days", "holding_period", "max_positions"])
def test_whole_numbers_are_read_in_every_form_and_others_refused(name: str) -> None:
    market = _market(AAA=[*CALM, *flat(101, 6)])
    orders = _traded(market, **{name: "3"})
    assert len(orders) == 2
    assert _traded(market, **{name: "3.0"}) == orders
    with pytest.raises(ValueError, match=f"{name} is 3.5"):
        _traded(market, **{name: "3.5"})


@pytest.mark.parametrize("name", ["holding_period", "max_positions"])
def test_less_than_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.* 0"):
        _traded(_market(AAA=CALM), **{name: "0"})
