"""STR-007 follows the crossing of two averages in micro futures, long and short, with a trailing ATR stop."""

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, RunResult, flat, ramp, run_strategy

Closes = Sequence[float | None]
FAST, SLOW = 2, 20
BASE = {
    "ema_fast": str(FAST),
    "ema_slow": str(SLOW),
    "atr_period": "3",
    "atr_stop_multiplier": "1.5",
    "tickers": "MES",
    "initial_capital": "10000",
}
TURN = 100
"""From this day on prices go the other way; before, they fell ten points a day."""
FALLING = ramp(3000, 3000 - 10 * (TURN - 1), TURN)
RISING = [FALLING[-1] + 10 * day for day in range(1, 31)]
"""Every true range so far was 10 points, so a fall of more than 20 goes beyond 1.5 average ones: (2 x 10 + 20) / 3."""
TOP = RISING[-1]
LAST = TURN + len(RISING) - 1


def run(
    closes: Closes,
    parameters: dict[str, str] | None = None,
    rolls: Sequence[int] = (),
    margin: float | None = None,
    first_day: int = TURN - 10,
) -> RunResult:
    market = Market(days=len(closes), first="2019-05-06")
    market.future("MES", closes=closes, rolls=rolls, margin=margin)
    return run_strategy("MicroFutures_Momentum_MESNQ", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def average(closes: Sequence[float], days: int) -> list[float]:
    values = [closes[0]]
    for close in closes[1:]:
        values.append(values[-1] + (close - values[-1]) * 2 / (days + 1))
    return values


def crossed_above(closes: Sequence[float]) -> int:
    """The first day on which the fast average is above the slow one."""
    above = [fast > slow for fast, slow in zip(average(closes, FAST), average(closes, SLOW), strict=True)]
    return above.index(True, 1)


def mirrored(closes: Sequence[float]) -> list[float]:
    return [5000 - close for close in closes]


ENTRY = crossed_above([*FALLING, *RISING])


def test_it_goes_long_at_the_close_at_which_the_fast_average_crossed_above() -> None:
    result = run([*FALLING, *RISING])
    (order,) = result.orders
    assert (order.day, order.quantity, order.tag) == (ENTRY, 1, "crossed above")
    assert (order.fill_day, order.price) == (ENTRY, RISING[ENTRY - TURN])
    assert TURN < ENTRY < LAST


def test_it_goes_short_when_the_fast_average_crossed_below() -> None:
    assert orders(run(mirrored([*FALLING, *RISING]))) == [(ENTRY, -1, "crossed below")]


def test_without_a_crossing_there_is_no_order() -> None:
    assert run([*FALLING, *RISING][:ENTRY]).orders == []


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("fall", "stopped"), [(19.9, False), (20.1, True)])
def test_the_stop_lies_some_average_true_ranges_from_the_best_close(fall: float, stopped: bool, side: int) -> None:
    closes = [*FALLING, *RISING, TOP - fall]
    result = run(closes if side > 0 else mirrored(closes))
    assert orders(result)[1:] == ([(LAST + 1, -side, "ATR stop")] if stopped else [])


def test_the_best_close_counts_from_the_entry_on_and_not_only_the_last_one() -> None:
    # 15 a day is within the stop, 30 in two days is beyond it: true ranges of 10, 15, 15 average 13.
    result = run([*FALLING, *RISING, TOP - 15, TOP - 30])
    assert orders(result)[1:] == [(LAST + 2, -1, "ATR stop")]


def test_after_a_stop_it_waits_for_the_next_crossing() -> None:
    again = [TOP - 25 + 5 * day for day in range(1, 15)]
    result = run([*FALLING, *RISING, TOP - 25, *again])
    assert orders(result) == [(ENTRY, 1, "crossed above"), (LAST + 1, -1, "ATR stop")]
    assert result.held == {}


def test_the_opposite_crossing_turns_the_position_round() -> None:
    closes = [*FALLING, *RISING, *[TOP - 10 * day for day in range(1, 40)]]
    result = run(closes, {"atr_stop_multiplier": "100"})
    assert [(order.quantity, order.tag) for order in result.orders] == [(1, "crossed above"), (-2, "crossed below")]
    assert list(result.held.values()) == [-1]


@pytest.mark.parametrize("side", [1, -1])
def test_a_roll_moves_the_position_to_the_new_contract(side: int) -> None:
    closes = [*FALLING, *RISING]
    result = run(closes if side > 0 else mirrored(closes), rolls=[LAST - 3])
    entry, *rolled = result.orders
    assert [(order.day, order.quantity, order.tag) for order in rolled] == [
        (LAST - 3, -side, "roll"),
        (LAST - 3, side, "roll"),
    ]
    assert rolled[0].ticker == entry.ticker
    assert result.held == {rolled[1].ticker: side}
    assert rolled[1].ticker != entry.ticker


def test_without_a_position_a_roll_orders_nothing() -> None:
    assert [order.day for order in run([*FALLING, *RISING], rolls=[TURN - 5]).orders] == [ENTRY]


def test_a_position_whose_contract_has_rolled_is_left_in_the_old_one() -> None:
    result = run([*FALLING, *RISING, TOP - 25, TOP - 25], rolls=[LAST + 1])
    assert orders(result)[1:] == [(LAST + 1, -1, "ATR stop")]
    assert result.orders[1].ticker == result.orders[0].ticker


@pytest.mark.parametrize(("capital", "traded"), [("1090", False), ("1110", True)])
def test_without_the_margin_there_is_no_order_and_one_line_says_so(capital: str, traded: bool) -> None:
    there_and_back = [*FALLING, *RISING, *[TOP - 10 * day for day in range(1, 40)]]
    result = run(there_and_back, {"initial_capital": capital, "atr_stop_multiplier": "100"}, margin=1100)
    assert len(result.orders) == (2 if traded else 0)
    assert sum(f"MES not traded: its part, ${capital}.00," in line for line in result.logs) == (0 if traded else 1)


def test_each_future_has_an_equal_part_of_the_account() -> None:
    closes = [*FALLING, *RISING]
    market = Market(days=len(closes), first="2019-05-06")
    market.future("MES", closes=closes, margin=1100)
    market.future("MNQ", closes=closes, margin=1300)
    parameters = BASE | {"tickers": "MES|MNQ", "initial_capital": "2500"}
    result = run_strategy("MicroFutures_Momentum_MESNQ", market, parameters, first_day=TURN - 10)
    assert [(order.day, order.ticker[:3]) for order in result.orders] == [(ENTRY, "MES")]
    assert sum("MNQ not traded" in line for line in result.logs) == 1


def test_nothing_is_decided_on_a_day_without_a_bar() -> None:
    closes: list[float | None] = [*FALLING, *RISING]
    closes[ENTRY] = None
    assert [order.day for order in run(closes).orders] == [ENTRY + 1]


def test_nothing_is_entered_during_the_warm_up() -> None:
    assert [order.day for order in run([*FALLING, *RISING], first_day=ENTRY).orders] == [ENTRY]
    later = run([*FALLING, *RISING], first_day=ENTRY + 1)
    assert later.orders == []
    assert not any("warm up" in line for line in later.logs)


def test_flat_averages_do_not_cross() -> None:
    assert orders(run([*flat(1000, TURN), 1100])) == [(TURN, 1, "crossed above")]
    assert orders(run([*flat(1000, TURN), 900])) == [(TURN, -1, "crossed below")]


@pytest.mark.parametrize("last", [1000, 3000])
def test_an_average_that_becomes_ready_is_no_crossing(last: float) -> None:
    assert run(ramp(2000, last, 2 * SLOW), first_day=0).orders == []


@pytest.mark.parametrize(("period", "days"), [("26", [25]), ("27", [])])
def test_nothing_is_entered_before_the_average_true_range_is_ready(period: str, days: list[int]) -> None:
    result = run([*flat(1000, 25), 1100], {"atr_period": period}, first_day=0)
    assert [order.day for order in result.orders] == days


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    closes = [2000.0]
    for _ in range(300):
        closes.append(closes[-1] + generator.gauss(0, 20))
    parameters = {"ema_fast": "3", "ema_slow": "8", "initial_capital": "100000"}
    before = orders(run(closes, parameters, rolls=[150, 250]))
    for cut in (160, 220, 280):
        changed = closes[:cut] + [2 * closes[cut] - close for close in closes[cut:]]
        after = orders(run(changed, parameters, rolls=[150, 250]))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 8
        assert after != before


def test_a_future_without_data_is_named_and_the_other_one_traded() -> None:
    result = run([*FALLING, *RISING], {"tickers": "MES|MNQ"})
    assert [order.day for order in result.orders] == [ENTRY]
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no continuous MNQ" in line
    assert "data/future/cme/daily/mnq_trade.zip" in line


@pytest.mark.parametrize("days", ["20", "20.0", "20.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(days: str) -> None:
    assert [order.day for order in run([*FALLING, *RISING], {"ema_slow": days}).orders] == [ENTRY]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ema_fast": "20"}, "ema_fast 20 must be shorter than ema_slow 20"),
        ({"ema_fast": "21"}, "ema_fast 21 must be shorter than ema_slow 20"),
        ({"ema_slow": "20.5"}, r"ema_slow is 20\.5: a whole number is needed"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(FALLING, parameters)
