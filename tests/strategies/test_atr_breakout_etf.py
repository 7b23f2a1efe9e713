"""The rules of ATR_Breakout_ETF, on made prices."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, flat, run_strategy

# Calm days have a range of exactly 2 dollars, so a rise of 4 is two ATRs.
SMALL = {"tickers": "SPY", "atr_period": "4", "breakout_multiplier": "2", "holding_period": "2", "max_positions": "1"}
START = 18
BREAKOUT = 24
CALM = flat(100, BREAKOUT)

Prices = Sequence[float | None]
Given = tuple[str, int, int, str]


def _market(changes: dict[int, float] | None = None, /, **closes: Prices) -> Market:
    """Bars open at their close and reach 1 dollar above and below it; `changes` replaces highs."""
    market = Market(days=max(len(prices) for prices in closes.values()), first="2015-01-02")
    for ticker, prices in closes.items():
        highs = [None if close is None else (changes or {}).get(day, close + 1) for day, close in enumerate(prices)]
        lows = [None if close is None else close - 1 for close in prices]
        market.equity(ticker, closes=prices, opens=prices, highs=highs, lows=lows)
    return market


def _traded(market: Market, first_day: int = START, /, **parameters: str) -> list[Given]:
    result = run_strategy("ATR_Breakout_ETF", market, SMALL | parameters, first_day=first_day)
    return [(order.ticker, order.day, order.quantity, order.tag) for order in result.orders]


def test_a_rise_of_the_multiple_is_bought_at_the_next_open() -> None:
    market = _market(SPY=[*CALM, 104, 105])
    (order,) = run_strategy("ATR_Breakout_ETF", market, SMALL, first_day=START).orders
    assert (order.day, order.fill_day, order.price, order.tag) == (BREAKOUT, BREAKOUT + 1, 105, "breakout")
    assert order.quantity == 9, "96 % of $1,000 pays nine shares of $104"


@pytest.mark.parametrize(
    ("closes", "highs", "bought"),
    [
        ([104.0], {}, [BREAKOUT]),
        ([103.99], {}, []),
        ([96.0], {}, []),  # a fall is no rise
        ([103.99], {BREAKOUT: 115.0}, []),  # the close counts, not the high
        ([104.0], {BREAKOUT: 115.0}, [BREAKOUT]),  # the day's own range is not in the ATR
        ([100.0, 104.0], {BREAKOUT: 115.0}, []),  # that of the day before is
        ([102.0, 104.0], {}, []),  # the rise of one day, not of two
        ([None, 104.0], {}, [BREAKOUT + 1]),  # the bar before, where a day has none
    ],
)
def test_only_a_rise_of_one_day_of_the_atr_before_it_is_bought(
    closes: Prices, highs: dict[int, float], bought: list[int]
) -> None:
    market = _market(highs, SPY=[*CALM, *closes], EEM=flat(100, BREAKOUT + len(closes)))
    assert [day for _, day, _, _ in _traded(market, tickers="SPY|EEM")] == bought


def test_a_price_that_never_moved_has_no_range_to_break_out_of() -> None:
    market = Market(days=30, first="2015-01-02")
    market.equity("SPY", closes=[*CALM, *flat(104, 6)])
    assert _traded(market) == []


@pytest.mark.parametrize("holding_period", [1, 3, 7])
@pytest.mark.parametrize("after", [104, 80, 150])
def test_it_is_held_for_the_holding_period_whatever_the_price(holding_period: int, after: float) -> None:
    # The bar at whose open it was bought is the first that is held.
    market = _market(SPY=[*CALM, 104, *flat(after, 12)])
    orders = _traded(market, holding_period=str(holding_period))
    assert orders[1:] == [("SPY", BREAKOUT + holding_period, -9, "holding period over")]


def test_days_without_a_bar_are_not_days_held() -> None:
    market = _market(SPY=[*CALM, 104, None, 104, None, None, 104, 104], EEM=flat(100, BREAKOUT + 7))
    result = run_strategy("ATR_Breakout_ETF", market, SMALL | {"tickers": "SPY|EEM"}, first_day=START)
    assert [(order.day, order.fill_day) for order in result.orders] == [
        (BREAKOUT, BREAKOUT + 2),
        (BREAKOUT + 5, BREAKOUT + 6),
    ]


def test_a_new_breakout_does_not_prolong_the_holding() -> None:
    orders = _traded(_market(SPY=[*CALM, 104, 125, 190, 190, 190]))
    assert [(day, tag) for _, day, _, tag in orders] == [
        (BREAKOUT, "breakout"),
        (BREAKOUT + 2, "holding period over"),
    ]


def test_the_days_held_are_counted_anew_for_each_position() -> None:
    orders = _traded(_market(SPY=[*CALM, 104, *flat(104, 9), 130, *flat(130, 5)]))
    assert [day for _, day, _, _ in orders] == [BREAKOUT, BREAKOUT + 2, BREAKOUT + 10, BREAKOUT + 12]


@pytest.mark.parametrize(
    ("closes", "bought"),
    [
        ({"SPY": 104, "QQQ": 106, "IWM": 105}, ["QQQ", "IWM"]),
        ({"SPY": 104, "QQQ": 104, "IWM": 104}, ["SPY", "QQQ"]),
        ({"SPY": 104, "QQQ": 103, "IWM": 105}, ["IWM", "SPY"]),
    ],
)
def test_the_largest_rises_come_first_and_equal_ones_as_listed(closes: dict[str, float], bought: list[str]) -> None:
    market = _market(None, **{ticker: [*CALM, *flat(close, 4)] for ticker, close in closes.items()})
    orders = _traded(market, tickers="SPY|QQQ|IWM", max_positions="2")
    assert [(ticker, day, quantity) for ticker, day, quantity, _ in orders if quantity > 0] == [
        (ticker, BREAKOUT, 4) for ticker in bought
    ]


def test_a_place_is_free_again_when_the_sale_has_been_filled() -> None:
    def traded(second_breakout: int) -> list[tuple[str, int]]:
        second = flat(100, second_breakout) + flat(110, 32 - second_breakout)
        market = _market(SPY=[*CALM, *flat(104, 8)], IWM=second)
        return [(ticker, day) for ticker, day, _, _ in _traded(market, tickers="SPY|IWM")]

    one = [("SPY", BREAKOUT), ("SPY", BREAKOUT + 2)]
    assert traded(BREAKOUT + 1) == one
    assert traded(BREAKOUT + 2) == one
    assert traded(BREAKOUT + 3)[:3] == [*one, ("IWM", BREAKOUT + 3)]


def test_an_order_that_waits_takes_a_place() -> None:
    market = _market(SPY=[*CALM, 104, None, 104, 104], IWM=[*CALM, 100, 110, 110, 110])
    assert [ticker for ticker, _, _, _ in _traded(market, tickers="SPY|IWM", holding_period="9")] == ["SPY"]


def test_one_whose_share_costs_more_than_its_part_leaves_its_place() -> None:
    market = _market(SPY=[*flat(600, BREAKOUT), *flat(650, 3)], IWM=[*CALM, *flat(104, 3)])
    result = run_strategy(
        "ATR_Breakout_ETF", market, SMALL | {"tickers": "SPY|IWM", "position_size_pct": "0.48"}, first_day=START
    )
    assert [(order.ticker, order.quantity) for order in result.orders][:1] == [("IWM", 4)]
    assert "SPY" not in {order.ticker for order in result.orders}
    assert [line for line in result.logs if "SPY passed over" in line]


def test_nothing_is_bought_during_the_warm_up() -> None:
    market = _market(SPY=[*CALM, *flat(104, 6)])
    assert _traded(market, BREAKOUT + 1) == []
    assert [day for _, day, _, _ in _traded(market, BREAKOUT)] == [BREAKOUT, BREAKOUT + 2]


def test_the_warm_up_is_long_enough_for_the_atr_to_remember() -> None:
    # A wide range more than one period ago still keeps the ATR a little above 2, even when trading begins today.
    market = _market({BREAKOUT - 10: 115.0}, SPY=[*CALM, *flat(104, 3)])
    assert _traded(market, BREAKOUT) == []


@pytest.mark.parametrize(("bars_before", "bought"), [(4, True), (3, False)])
def test_a_young_etf_is_bought_once_it_has_an_atr(bars_before: int, bought: bool) -> None:
    young: Prices = [*[None] * (BREAKOUT - bars_before), *flat(100, bars_before), 104]
    orders = _traded(_market(SPY=young, EEM=flat(100, BREAKOUT + 1)), tickers="SPY|EEM")
    assert [day for _, day, _, _ in orders] == [BREAKOUT] * bought


def test_the_future_does_not_change_the_past() -> None:
    dice = random.Random(5)
    prices = [100 + 20 * dice.random() for _ in range(200)]
    known = 150
    before, after = (
        [order for order in _traded(_market(SPY=closes), breakout_multiplier="0.5") if order[1] < known]
        for closes in (prices, prices[:known] + flat(50, 50))
    )
    assert len(before) >= 6
    assert before == after


@pytest.mark.parametrize("name", ["atr_period", "holding_period", "max_positions"])
def test_whole_numbers_are_read_in_every_form_and_others_refused(name: str) -> None:
    market = _market(SPY=[*CALM, *flat(104, 6)])
    orders = _traded(market, **{name: "3"})
    assert len(orders) == 2
    assert _traded(market, **{name: "3.0"}) == orders
    with pytest.raises(ValueError, match=f"{name} is 3.5"):
        _traded(market, **{name: "3.5"})


@pytest.mark.parametrize("name", ["holding_period", "max_positions"])
def test_less_than_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.* 0"):
        _traded(_market(SPY=CALM), **{name: "0"})
