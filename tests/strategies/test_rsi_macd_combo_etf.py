"""STR-008 buys an ETF that was oversold when its MACD crosses above its signal line."""

import random
from collections.abc import Sequence

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

# The MACD of these periods is the close less an average that moves halfway to it each day; so does the signal line
# to the MACD. After a fall from flat prices, a two-day RSI is 0; then each day halves what it remembers.
BASE = {"rsi_period": "2", "macd_fast": "1", "macd_slow": "3", "macd_signal": "3", "tickers": "SPY"}
FALL = 30
TURN = FALL + 1
# Fall: RSI 0, MACD -4, signal -2. Turn: RSI 20, MACD -1.5, signal -1.75.
TURNED = [*flat(100, FALL), 92.0, 93.0]
BOUGHT = (TURN, 10, "MACD up after oversold")


def run(parameters: dict[str, str] | None = None, first_day: int = 10, **closes: Sequence[float | None]) -> RunResult:
    market = Market(days=len(next(iter(closes.values()))), first="2014-01-02")
    for ticker, prices in closes.items():
        market.equity(ticker, closes=list(prices))
    return run_strategy("RSI_MACD_Combo_ETF", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, int, str]]:
    return [(order.day, order.quantity, order.tag) for order in result.orders]


def with_opening(opening: float, close: float) -> Market:
    """The turn, and a day after it with this open and close, on which the purchase is filled."""
    market = Market(days=TURN + 3, first="2014-01-02")
    market.equity("SPY", closes=[*TURNED, close, close], opens=[*flat(100, FALL + 1), 92, opening, close])
    return market


def test_it_buys_at_the_open_after_the_crossing() -> None:
    (order,) = run_strategy("RSI_MACD_Combo_ETF", with_opening(94, 93), BASE, first_day=10).orders
    assert (order.day, order.quantity, order.tag) == BOUGHT
    assert (order.fill_day, order.price) == (TURN + 1, 94)


@pytest.mark.parametrize(
    ("threshold", "days", "expected"),
    [
        ("20.1", "1", [BOUGHT]),  # oversold on the day of the crossing itself
        ("20", "1", []),  # an RSI at the threshold is not below it
        ("20", "2", [BOUGHT]),  # oversold on the day before
        ("0", "10", []),  # never oversold
    ],
)
def test_a_low_rsi_counts_for_oversold_days(threshold: str, days: str, expected: list[tuple[int, int, str]]) -> None:
    result = run({"rsi_threshold": threshold, "oversold_days": days}, SPY=[*TURNED, 93])
    assert orders(result) == expected


@pytest.mark.parametrize(("days", "expected"), [("2", []), ("3", [(FALL + 2, 10, "MACD up after oversold")])])
def test_the_days_are_counted_from_the_last_low_rsi(days: str, expected: list[tuple[int, int, str]]) -> None:
    # With this slower average the MACD crosses two days after the fall: -6, -4.43, -3.24 over -3, -3.71, -3.48.
    parameters = {"rsi_threshold": "1", "oversold_days": days, "macd_slow": "7"}
    assert orders(run(parameters, SPY=[*flat(100, FALL), 92, 92.1, 92.2, 92.2])) == expected


def test_without_a_crossing_nothing_is_bought() -> None:
    # The MACD comes up to its signal line exactly, -2, and crosses it only the day after.
    assert orders(run(SPY=[*flat(100, FALL), 92, 92])) == []
    assert orders(run(SPY=[*flat(100, FALL), 92, 92, 93])) == [(FALL + 2, 10, "MACD up after oversold")]


@pytest.mark.parametrize(("first_day", "expected"), [(TURN, [BOUGHT]), (TURN + 1, [])])
def test_a_crossing_in_the_warm_up_is_not_bought_but_a_low_rsi_there_counts(
    first_day: int, expected: list[tuple[int, int, str]]
) -> None:
    result = run({"rsi_threshold": "20"}, first_day=first_day, SPY=[*TURNED, 94, 94])
    assert orders(result) == expected
    assert result.logs == []  # LEAN refuses an order during the warm-up, and says so


def test_the_warm_up_is_long_enough_for_the_macd_too() -> None:
    parameters = {"rsi_period": "1", "macd_slow": "7"}
    result = run(parameters, first_day=FALL + 2, SPY=[*flat(100, FALL), 92, 92.1, 92.2])
    assert orders(result) == [(FALL + 2, 10, "MACD up after oversold")]


@pytest.mark.parametrize(
    ("opening", "close", "parameters", "tag"),
    [
        (93, 97, {}, "recovered"),  # RSI 69
        (93, 95.5, {}, None),  # RSI 60
        (93, 90, {}, "MACD down"),  # MACD -2.25, signal -2
        (93, 91, {}, None),  # MACD and signal -1.75
        (98, 92.9, {}, "stop loss"),
        (98, 93.2, {}, None),
        (84, 93, {}, "profit target"),
        (84, 92.3, {}, None),
    ],
)
def test_it_sells_on_recovery_crossing_stop_or_target_and_not_before(
    opening: float, close: float, parameters: dict[str, str], tag: str | None
) -> None:
    market = with_opening(opening, close)
    bought, *sold = orders(run_strategy("RSI_MACD_Combo_ETF", market, BASE | parameters, first_day=10))
    assert bought == BOUGHT
    assert [order for order in sold if order[0] == TURN + 1] == ([(TURN + 1, -10, tag)] if tag else [])


def test_each_etf_gets_its_part_in_whole_shares_and_one_too_dear_is_passed_over() -> None:
    result = run({"tickers": "SPY|QQQ"}, SPY=[6 * price for price in (*TURNED, 93)], QQQ=[*TURNED, 93])
    assert [(order.ticker, order.quantity) for order in result.orders] == [("QQQ", 5)]
    assert sum("SPY passed over" in line for line in result.logs) == 1


def test_nothing_is_decided_on_a_day_without_a_bar() -> None:
    closes = [*flat(100, FALL), 92, None, 93, 93]
    result = run({"tickers": "SPY|QQQ"}, SPY=closes, QQQ=flat(100, len(closes)))
    assert [(order.ticker, order.day) for order in result.orders] == [("SPY", TURN + 1)]


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    closes = [100 + generator.uniform(-9, 9) for _ in range(150)]
    before = orders(run(SPY=closes))
    for cut in (50, 80, 110):
        after = orders(run(SPY=closes[:cut] + [price * 0.5 for price in closes[cut:]]))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 3
        assert after != before


def test_whole_numbers_are_read_in_every_form_that_lean_writes() -> None:
    forms = {
        "rsi_period": "2.0",
        "macd_fast": "1.000",
        "macd_slow": "3.0",
        "macd_signal": "3.00",
        "oversold_days": "5.0",
    }
    assert orders(run(forms, SPY=[*TURNED, 93])) == [BOUGHT]


@pytest.mark.parametrize("name", ["rsi_period", "oversold_days", "macd_fast", "macd_slow", "macd_signal"])
def test_a_fraction_of_a_day_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is 14\.5: a whole number is needed"):
        run({name: "14.5"}, SPY=TURNED)


@pytest.mark.parametrize("fast", ["26", "30"])
def test_a_fast_average_that_is_not_faster_is_refused(fast: str) -> None:
    with pytest.raises(ValueError, match=f"macd_fast is {fast} and macd_slow 26: macd_fast must be less"):
        run({"macd_fast": fast, "macd_slow": "26"}, SPY=TURNED)


def test_oversold_days_that_allow_no_purchase_are_refused() -> None:
    with pytest.raises(ValueError, match="oversold_days is 0"):
        run({"oversold_days": "0"}, SPY=TURNED)
