"""The rules of Donchian_Breakout_ETF, on made prices."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, flat, ramp, run_strategy

# Channels of 5 and 3 days need 6 bars; an ATR of one day is that day's range, so the stops below can be counted out.
SMALL = {"tickers": "SPY", "entry_channel": "5", "exit_channel": "3", "atr_stop_multiplier": "9", "atr_period": "1"}
START = 10
BREAKOUT = 20
CALM = flat(100, BREAKOUT)

Prices = Sequence[float | None]
Given = tuple[str, int, int, str]


def _market(changes: dict[int, float] | None = None, /, **closes: Prices) -> Market:
    """Every bar reaches 1 dollar above and below its open and close; `changes` replaces highs."""
    market = Market(days=max(len(prices) for prices in closes.values()), first="2015-01-02")
    for ticker, prices in closes.items():
        highs: list[float | None] = []
        lows: list[float | None] = []
        last: float | None = None
        for day, close in enumerate(prices):
            if close is None:
                highs.append(None)
                lows.append(None)
                continue
            last = close if last is None else last
            highs.append((changes or {}).get(day, max(last, close) + 1))
            lows.append(min(last, close) - 1)
            last = close
        market.equity(ticker, closes=prices, highs=highs, lows=lows)
    return market


def _traded(market: Market, first_day: int = START, /, **parameters: str) -> list[Given]:
    result = run_strategy("Donchian_Breakout_ETF", market, SMALL | parameters, first_day=first_day)
    return [(order.ticker, order.day, order.quantity, order.tag) for order in result.orders]


def test_a_close_above_the_entry_channel_is_bought_at_the_next_open() -> None:
    market = _market(SPY=[*CALM, 101.5, 102, 102])
    (order,) = run_strategy("Donchian_Breakout_ETF", market, SMALL, first_day=START).orders
    assert (order.day, order.fill_day, order.price, order.tag) == (BREAKOUT, BREAKOUT + 1, 101.5, "channel high")
    assert order.quantity == 9, "96 % of $1,000 pays nine shares of $101.50"


@pytest.mark.parametrize(
    ("close", "highs", "bought"),
    [
        (101.01, {}, True),
        (101.0, {}, False),  # the channel's high itself
        (101.5, {BREAKOUT - 5: 102.0}, False),  # a high counts, not only closes, from the first day of the channel
        (101.5, {BREAKOUT - 6: 102.0}, True),  # and no longer a day earlier
        (101.5, {BREAKOUT: 110.0}, True),  # the day's own high is not in the channel
    ],
)
def test_only_a_close_above_every_high_of_the_days_before_is_bought(
    close: float, highs: dict[int, float], bought: bool
) -> None:
    orders = _traded(_market(highs, SPY=[*CALM, close, close, close]))
    assert [day for _, day, _, _ in orders] == [BREAKOUT] * bought


@pytest.mark.parametrize(("close", "sold"), [(100.49, True), (100.5, False)])
def test_a_close_below_the_exit_channel_is_sold(close: float, sold: bool) -> None:
    # The lows of the three days before are 100.50; the older 99 of the calm days is out of the channel.
    orders = _traded(_market(SPY=[*CALM, *flat(101.5, 5), close, 101, 101]))
    assert orders[1:] == [("SPY", BREAKOUT + 5, -9, "channel low")] * sold


# Bought at 101.50; the breakout's range was 3.50 (99 to 102.50), half of it is 1.75: the stop lies at 99.75.
@pytest.mark.parametrize(
    ("held", "stopped"),
    [
        ([101.5, 99.74], True),
        ([101.5, 99.75], False),
        ([*ramp(102, 110, 5), *ramp(108, 100, 5)], False),  # it does not follow the price upwards
        ([101.5, 106, 101.5, 99.74], True),  # nor does a wider range move it downwards
    ],
)
def test_the_stop_stays_at_the_breakouts_atr_below_the_price_paid(held: list[float], stopped: bool) -> None:
    market = _market(SPY=[*CALM, 101.5, *held, 101, 101])
    orders = _traded(market, 0, exit_channel="30", atr_stop_multiplier="0.5")
    # The exit channel is longer than the data before the breakout; without its bars nothing is bought.
    assert orders == []
    orders = _traded(market, 18, exit_channel="15", atr_stop_multiplier="0.5")
    assert orders[1:] == [("SPY", BREAKOUT + len(held), -9, "ATR stop")] * stopped


def test_an_exit_channel_as_long_as_the_entry_channel_is_traded_too() -> None:
    orders = _traded(_market(SPY=[*CALM, *flat(101.5, 8), 98, 98]), exit_channel="7")
    assert [(day, tag) for _, day, _, tag in orders] == [(BREAKOUT, "channel high"), (BREAKOUT + 8, "channel low")]


def test_what_was_sold_is_bought_again_at_the_next_breakout() -> None:
    orders = _traded(_market(SPY=[*CALM, *flat(101.5, 5), *flat(100, 8), 103, 103]))
    assert [(day, tag) for _, day, _, tag in orders] == [
        (BREAKOUT, "channel high"),
        (BREAKOUT + 5, "channel low"),
        (BREAKOUT + 13, "channel high"),
    ]


def test_each_etf_gets_its_part_and_one_whose_share_costs_more_is_passed_over() -> None:
    closes = [*CALM, *flat(101.5, 4)]
    market = _market(SPY=[5 * close for close in closes], IWM=closes)
    result = run_strategy("Donchian_Breakout_ETF", market, SMALL | {"tickers": "SPY|IWM"}, first_day=START)
    assert [(order.ticker, order.quantity) for order in result.orders] == [("IWM", 4)]
    assert [line for line in result.logs if "SPY passed over" in line]


def test_a_day_without_a_bar_is_a_day_without_a_decision() -> None:
    calm = flat(100, BREAKOUT + 8)
    # SPY breaks out on its first bar after two days without one, and the next day has none to fill the order.
    market = _market(SPY=[*CALM, None, None, 101.5, None, 102, 102, 102, 102], EEM=calm)
    result = run_strategy("Donchian_Breakout_ETF", market, SMALL | {"tickers": "SPY|EEM"}, first_day=START)
    assert [(order.day, order.fill_day) for order in result.orders] == [(BREAKOUT + 2, BREAKOUT + 4)]


def test_nothing_is_bought_during_the_warm_up() -> None:
    market = _market(SPY=[*CALM, *flat(101.5, 10)])
    assert _traded(market, BREAKOUT + 1) == []
    assert [day for _, day, _, _ in _traded(market, BREAKOUT)] == [BREAKOUT]


@pytest.mark.parametrize(("bars_before", "bought"), [(5, True), (4, False)])
def test_a_young_etf_is_bought_once_it_has_a_whole_channel(bars_before: int, bought: bool) -> None:
    young: Prices = [*[None] * (BREAKOUT - bars_before), *flat(100, bars_before), 101.5]
    orders = _traded(_market(SPY=young, EEM=flat(100, BREAKOUT + 1)), tickers="SPY|EEM")
    assert [day for _, day, _, _ in orders] == [BREAKOUT] * bought


def test_the_future_does_not_change_the_past() -> None:
    dice = random.Random(14)
    prices = [100 + 10 * dice.random() for _ in range(200)]
    known = 150
    before, after = (
        [order for order in _traded(_market(SPY=closes), exit_channel="3") if order[1] < known]
        for closes in (prices, prices[:known] + flat(50, 50))
    )
    assert len(before) >= 6
    assert before == after


@pytest.mark.parametrize("name", ["entry_channel", "exit_channel", "atr_period"])
def test_whole_numbers_are_read_in_every_form_and_others_refused(name: str) -> None:
    market = _market(SPY=[*CALM, *flat(101.5, 5), 100, 100])
    orders = _traded(market, **{name: "3"})
    assert len(orders) == 2
    assert _traded(market, **{name: "3.0"}) == orders
    with pytest.raises(ValueError, match=f"{name} is 3.5"):
        _traded(market, **{name: "3.5"})
