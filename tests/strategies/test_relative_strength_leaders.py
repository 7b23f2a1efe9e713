"""STR-012 holds the stocks that beat the benchmark by most and renews the selection at fixed intervals."""

import random

import pytest

from lean_engine import Market, RunResult, run_strategy
from rebalancing import DAYS, EVERY, FIRST, Closes, growing, turning, without

BASE = {"lookback_period": "5", "number_held": "2", "rebalance_days": str(EVERY), "tickers": "AAA|BBB|CCC"}


def run(parameters: dict[str, str] | None = None, first_day: int = FIRST, **closes: Closes) -> RunResult:
    """Unless said otherwise AAA grows by 1 % a day, BBB by 0.5 %, CCC by 0.2 % and SPY by 0.1 %."""
    prices: dict[str, Closes] = {"AAA": growing(1), "BBB": growing(0.5), "CCC": growing(0.2), "SPY": growing(0.1)}
    prices |= closes
    market = Market(days=len(prices["SPY"]), first="2014-01-02")
    for ticker, each in prices.items():
        market.equity(ticker, closes=each)
    return run_strategy("Relative_Strength_Leaders", market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, str, int]]:
    return [(order.day, order.ticker, order.quantity) for order in result.orders]


BOUGHT = [(FIRST, "AAA", 4), (FIRST, "BBB", 4)]


def test_it_buys_the_strongest_at_the_next_open_and_leaves_them_as_they_are() -> None:
    result = run()
    assert orders(result) == BOUGHT
    assert [(order.fill_day, order.tag, order.fee) for order in result.orders] == [(FIRST + 1, "leader", 1)] * 2


@pytest.mark.parametrize(("benchmark", "leaders"), [(0.49, ["AAA", "BBB"]), (0.51, ["AAA"]), (1.01, [])])
def test_a_leader_must_beat_the_benchmark(benchmark: float, leaders: list[str]) -> None:
    result = run({"number_held": "3"}, SPY=growing(benchmark))
    assert [order.ticker for order in result.orders if order.day == FIRST] == leaders


def test_as_strong_as_the_benchmark_is_not_stronger() -> None:
    assert orders(run(AAA=growing(0.1), BBB=growing(0.1), CCC=growing(0.1))) == []


def test_a_stock_below_the_benchmark_is_no_leader_even_where_it_is_the_best() -> None:
    assert orders(run(AAA=growing(-1), BBB=growing(-2), CCC=growing(-3), SPY=growing(-0.5))) == []
    assert [
        order[1] for order in orders(run(AAA=growing(-1), BBB=growing(-2), CCC=growing(-3), SPY=growing(-2.5)))
    ] == [
        "AAA",
        "BBB",
    ]


def test_at_the_next_selection_what_fell_out_is_sold_and_what_came_in_is_bought() -> None:
    result = run(CCC=turning(0.2, 3, FIRST + 1))
    assert orders(result) == [*BOUGHT, (FIRST + EVERY, "BBB", -4), (FIRST + EVERY, "CCC", 4)]
    assert [order.tag for order in result.orders[2:]] == ["no longer a leader", "leader"]


def test_between_two_selections_nothing_is_ordered() -> None:
    result = run(CCC=turning(0.2, 3, FIRST + EVERY + 1))
    assert {order.day for order in result.orders} == {FIRST, FIRST + 2 * EVERY}


def test_only_the_last_days_count() -> None:
    # Over all days AAA has gained most, over the last five it has lost.
    assert [order[1] for order in orders(run(AAA=turning(5, -1, FIRST - 5)))][:2] == ["BBB", "CCC"]


def test_what_falls_behind_the_benchmark_is_sold_without_a_successor() -> None:
    result = run({"tickers": "AAA|BBB"}, BBB=turning(0.5, -1, FIRST + 1))
    assert orders(result) == [*BOUGHT, (FIRST + EVERY, "BBB", -4)]


def test_a_stock_without_a_bar_on_the_day_is_not_bought() -> None:
    assert orders(run(AAA=without(growing(1), FIRST)))[:2] == [(FIRST, "BBB", 4), (FIRST, "CCC", 4)]


def test_a_stock_without_a_bar_on_the_day_is_not_sold_and_keeps_its_place() -> None:
    result = run(BBB=without(turning(0.5, -1, FIRST + 1), FIRST + EVERY), CCC=turning(0.2, 3, FIRST + 1))
    assert orders(result) == [*BOUGHT, (FIRST + 2 * EVERY, "BBB", -4), (FIRST + 2 * EVERY, "CCC", 3)]


def test_what_stays_is_not_bought_again_even_where_its_part_would_buy_more() -> None:
    parameters = {"tickers": "AAA|BBB", "number_held": "3"}
    result = run(parameters, AAA=growing(-2), BBB=growing(-2.5), SPY=growing(-5))
    assert orders(result) == [(FIRST, "AAA", 3), (FIRST, "BBB", 4)]
    assert 0.32 * result.equity > 4 * result.algorithm.securities["AAA"].price


def test_an_order_that_still_waits_takes_its_place() -> None:
    late = without(growing(1), *range(FIRST + 1, FIRST + EVERY + 1))
    result = run(AAA=late, CCC=turning(0.2, 3, FIRST + 1))
    assert orders(result)[:2] == BOUGHT
    assert result.orders[0].fill_day == FIRST + EVERY + 1
    assert [order[:2] for order in orders(result)[2:]] == [(FIRST + 2 * EVERY, "BBB"), (FIRST + 2 * EVERY, "CCC")]


def test_newcomers_share_the_places_that_are_free() -> None:
    # CCC and DDD overtake both, and only AAA can be sold on that day.
    late = {"CCC": turning(0.2, 3, FIRST + 1), "DDD": turning(0.2, 4, FIRST + 1)}
    result = run({"tickers": "AAA|BBB|CCC|DDD"}, FIRST, BBB=without(growing(0.5), FIRST + EVERY), **late)
    assert [order[:2] for order in orders(result) if order[0] == FIRST + EVERY] == [
        (FIRST + EVERY, "AAA"),
        (FIRST + EVERY, "DDD"),
    ]


def test_days_without_the_benchmarks_bar_are_not_counted() -> None:
    result = run(SPY=without(growing(0.1), FIRST, FIRST + 2), CCC=turning(0.2, 3, FIRST + 2))
    assert {order.day for order in result.orders} == {FIRST + 1, FIRST + EVERY + 2}


def test_each_gets_its_part_in_whole_shares_and_a_leader_too_dear_leaves_its_place_empty() -> None:
    result = run(AAA=growing(1, start=600), BBB=growing(0.5, start=10))
    assert orders(result) == [(FIRST, "BBB", 45)]
    assert sum("AAA passed over" in line for line in result.logs) == 1


def test_nothing_is_bought_before_the_first_day_and_before_the_returns_are_ready() -> None:
    assert {order[0] for order in orders(run(first_day=7))} == {7}
    assert {order[0] for order in orders(run(first_day=2))} == {5}


def test_a_stock_that_is_too_young_is_no_leader() -> None:
    young = without(growing(9), *range(FIRST - 4))
    assert [order[1] for order in orders(run(AAA=young)) if order[0] == FIRST] == ["BBB", "CCC"]


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    tickers = ["AAA", "BBB", "CCC", "SPY"]
    closes = {ticker: [100 + generator.uniform(-9, 9) for _ in range(120)] for ticker in tickers}
    before = orders(run(None, FIRST, **closes))
    for cut in (40, 70, 100):
        changed = {ticker: [*prices[:cut], *prices[:cut:-1], 100] for ticker, prices in closes.items()}
        after = orders(run(None, FIRST, **changed))
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 6
        assert after != before


def test_tickers_without_data_are_named() -> None:
    result = run({"tickers": "AAA|BBB|CCC|DDD|EEE"}, DDD=[None] * DAYS, EEE=[None] * DAYS)
    assert orders(result) == BOUGHT
    missing = [line for line in result.logs if "DATA MISSING" in line]
    assert len(missing) == 2
    assert "data/equity/usa/daily/ddd.zip" in missing[0]


def test_without_the_benchmark_there_is_no_trade_and_the_log_says_so() -> None:
    result = run(SPY=[None] * DAYS)
    assert result.orders == []
    assert [line for line in result.logs if "DATA MISSING" in line and "no SPY" in line]


@pytest.mark.parametrize("days", ["5", "5.0", "5.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(days: str) -> None:
    assert orders(run({"lookback_period": days})) == BOUGHT


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"number_held": "2.5"}, r"number_held is 2\.5: a whole number is needed"),
        ({"position_size_pct": "0.6"}, r"position_size_pct 0\.6 times 2 positions is more than the account"),
        ({"tickers": "AAA||BBB"}, "different words"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(parameters)
