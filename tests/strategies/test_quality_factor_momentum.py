"""STR-015 holds the strongest of the stocks that pass a screen for return on equity and debt."""

import random
from collections.abc import Mapping

import pytest

from lean_engine import Market, RunResult, run_strategy
from rebalancing import DAYS, EVERY, FIRST, Closes, growing, turning, without

Figures = Mapping[str, float | bool]
BASE = {"momentum_lookback": "5", "number_held": "2", "rebalance_days": str(EVERY)}
ROE = "operation_ratios.roe.one_year"
DEBT = "operation_ratios.total_debt_equity_ratio.three_months"
GOOD: Figures = {ROE: 0.2, DEBT: 0.5}


class Story:
    """Unless said otherwise all pass the screen; AAA grows by 1 % a day, BBB by 0.5 %, CCC by 0.2 %."""

    def __init__(self, figures: Mapping[str, Figures] | None = None, days: int = DAYS, **closes: Closes) -> None:
        prices: dict[str, Closes] = {"AAA": growing(1), "BBB": growing(0.5), "CCC": growing(0.2)}
        self.market = Market(days=days, first="2014-01-02")
        for ticker, each in (prices | closes).items():
            self.market.equity(ticker, closes=each)
            self.market.fundamentals(ticker, 0, **(figures or {}).get(ticker, GOOD))

    def run(self, parameters: dict[str, str] | None = None, first_day: int = FIRST) -> RunResult:
        return run_strategy("Quality_Factor_Momentum", self.market, BASE | (parameters or {}), first_day=first_day)


def orders(result: RunResult) -> list[tuple[int, str, int]]:
    return [(order.day, order.ticker, order.quantity) for order in result.orders]


BOUGHT = [(FIRST, "AAA", 4), (FIRST, "BBB", 4)]


def test_it_buys_the_strongest_at_the_next_open_and_leaves_them_as_they_are() -> None:
    result = Story().run()
    assert orders(result) == BOUGHT
    assert [(order.fill_day, order.tag, order.fee) for order in result.orders] == [(FIRST + 1, "among the best", 1)] * 2


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        ({ROE: 0.15, DEBT: 1.0}, True),
        ({ROE: 0.149, DEBT: 1.0}, False),
        ({ROE: 0.15, DEBT: 1.01}, False),
        ({ROE: 0.15, DEBT: 0.0}, True),
        ({ROE: 0.15, DEBT: -0.1}, False),  # more debt than assets
        ({ROE: 0.15}, False),
        ({DEBT: 1.0}, False),
        ({ROE: float("nan"), DEBT: 1.0}, False),
        ({**GOOD, "has_fundamental_data": False}, False),
    ],
)
def test_only_stocks_with_a_high_return_and_little_debt_pass(figures: Figures, passes: bool) -> None:
    result = Story({"AAA": figures}).run()
    assert [order.ticker for order in result.orders] == (["AAA", "BBB"] if passes else ["BBB", "CCC"])


def test_the_limits_are_parameters() -> None:
    story = Story({"AAA": {ROE: 0.12, DEBT: 1.2}})
    assert orders(story.run({"min_roe": "0.1", "max_debt_to_equity": "1.5"})) == BOUGHT


@pytest.mark.parametrize(("start", "passes"), [(400, True), (600, False)])
def test_a_stock_beyond_its_part_of_the_account_is_not_selected(start: float, passes: bool) -> None:
    result = Story(AAA=growing(1, start)).run()
    assert [order.ticker for order in result.orders] == (["AAA", "BBB"] if passes else ["BBB", "CCC"])


def test_of_those_that_pass_the_most_liquid_are_selected() -> None:
    # All trade a million shares a day, so the dearest trade the most dollars.
    result = Story(BBB=growing(0.5, 200), CCC=growing(0.2, 150)).run({"universe_size": "2"})
    assert [order.ticker for order in result.orders] == ["BBB", "CCC"]


def test_at_the_next_selection_what_fell_out_is_sold_and_what_came_in_is_bought() -> None:
    result = Story(CCC=turning(0.2, 3, FIRST + 1)).run()
    assert orders(result) == [*BOUGHT, (FIRST + EVERY, "BBB", -4), (FIRST + EVERY, "CCC", 4)]
    assert [order.tag for order in result.orders[2:]] == ["no longer among the best", "among the best"]


def test_between_two_selections_nothing_is_ordered() -> None:
    result = Story(CCC=turning(0.2, 3, FIRST + EVERY + 1)).run()
    assert {order.day for order in result.orders} == {FIRST, FIRST + 2 * EVERY}


def test_a_stock_whose_figures_no_longer_pass_is_sold_at_the_next_selection() -> None:
    story = Story()
    story.market.fundamentals("AAA", first_day=FIRST + 1, **{ROE: 0.1})
    assert orders(story.run()) == [*BOUGHT, (FIRST + EVERY, "AAA", -4), (FIRST + EVERY, "CCC", 4)]


def test_a_stock_that_leaves_the_universe_on_a_day_without_its_bar_and_comes_back_is_held_on() -> None:
    story = Story(AAA=without(growing(1), FIRST + EVERY))
    story.market.fundamentals("AAA", first_day=FIRST + 1, **{ROE: 0.1})
    story.market.fundamentals("AAA", first_day=FIRST + EVERY + 1, **{ROE: 0.2})
    assert orders(story.run()) == BOUGHT


def test_a_stock_that_comes_back_into_the_universe_is_ranked_by_its_last_days() -> None:
    story = Story()
    story.market.fundamentals("AAA", first_day=FIRST + 1, **{ROE: 0.1})
    story.market.fundamentals("AAA", first_day=FIRST + EVERY + 1, **{ROE: 0.2})
    assert [order[:2] for order in orders(story.run())[-2:]] == [
        (FIRST + 2 * EVERY, "CCC"),
        (FIRST + 2 * EVERY, "AAA"),
    ]


def test_only_the_last_days_count() -> None:
    # Over all days AAA has gained most, over the last five it has lost.
    assert [order[1] for order in orders(Story(AAA=turning(5, -1, FIRST - 5)).run())][:2] == ["BBB", "CCC"]


def test_a_stock_without_a_bar_on_the_day_is_not_bought() -> None:
    result = Story(AAA=without(growing(1), FIRST)).run()
    assert orders(result)[:2] == [(FIRST, "BBB", 4), (FIRST, "CCC", 4)]


def test_a_day_with_the_benchmarks_bar_alone_is_not_the_day_of_the_selection() -> None:
    story = Story(AAA=without(growing(1), FIRST), BBB=without(growing(0.5), FIRST), CCC=without(growing(0.2), FIRST))
    story.market.equity("SPY", closes=growing(3))
    assert orders(story.run())[:2] == [(FIRST + 1, "AAA", 4), (FIRST + 1, "BBB", 4)]


def test_a_stock_without_a_bar_on_the_day_is_not_sold_and_keeps_its_place() -> None:
    story = Story(BBB=without(turning(0.5, -1, FIRST + 1), FIRST + EVERY), CCC=turning(0.2, 3, FIRST + 1))
    assert orders(story.run()) == [*BOUGHT, (FIRST + 2 * EVERY, "BBB", -4), (FIRST + 2 * EVERY, "CCC", 3)]


def test_what_stays_is_not_bought_again_even_where_its_part_would_buy_more() -> None:
    result = Story({"CCC": {}}, AAA=growing(-2), BBB=growing(-2.5)).run({"number_held": "3"})
    assert orders(result) == [(FIRST, "AAA", 3), (FIRST, "BBB", 4)]
    assert 0.32 * result.equity > 4 * result.algorithm.securities["AAA"].price


def test_an_order_that_still_waits_takes_its_place_and_its_stock_is_sold_when_it_falls_out() -> None:
    late = without(turning(1, -3, FIRST + EVERY + 1), *range(FIRST + 1, FIRST + EVERY + 1))
    result = Story(AAA=late, CCC=turning(0.2, 3, FIRST + 1)).run()
    assert orders(result)[:2] == BOUGHT
    assert result.orders[0].fill_day == FIRST + EVERY + 1
    assert [order[:2] for order in orders(result)[2:]] == [(FIRST + 2 * EVERY, "AAA"), (FIRST + 2 * EVERY, "CCC")]


def test_newcomers_share_the_places_that_are_free() -> None:
    # CCC and DDD overtake both, and only AAA can be sold on that day.
    late = {"CCC": turning(0.2, 3, FIRST + 1), "DDD": turning(0.2, 4, FIRST + 1)}
    result = Story(None, DAYS, BBB=without(growing(0.5), FIRST + EVERY), **late).run()
    assert [order[:2] for order in orders(result) if order[0] == FIRST + EVERY] == [
        (FIRST + EVERY, "AAA"),
        (FIRST + EVERY, "DDD"),
    ]


def test_a_stock_that_is_too_young_is_not_bought() -> None:
    young = without(growing(9), *range(FIRST - 4))
    assert [order[1] for order in orders(Story(AAA=young).run()) if order[0] == FIRST] == ["BBB", "CCC"]


def test_nothing_is_bought_before_the_first_day_and_before_the_returns_are_ready() -> None:
    assert {order[0] for order in orders(Story().run(first_day=7))} == {7}
    # Selected on day 2 nothing is old enough; the next selection falls four days later.
    assert {order[0] for order in orders(Story().run(first_day=2))} == {6}


def test_later_prices_change_no_earlier_order() -> None:
    generator = random.Random(1)
    closes = {ticker: [100 + generator.uniform(-9, 9) for _ in range(120)] for ticker in ("AAA", "BBB", "CCC")}
    before = orders(Story(None, 120, **closes).run())
    for cut in (40, 70, 100):
        changed = {ticker: [*prices[:cut], *prices[:cut:-1], 100] for ticker, prices in closes.items()}
        after = orders(Story(None, 120, **changed).run())
        assert [order for order in after if order[0] < cut] == [order for order in before if order[0] < cut]
        assert len([order for order in before if order[0] < cut]) > 6
        assert after != before


def test_without_a_universe_there_is_no_trade_and_the_log_says_so() -> None:
    market = Market(days=DAYS, first="2014-01-02")
    market.equity("AAA", closes=growing(1))
    result = run_strategy("Quality_Factor_Momentum", market, BASE, first_day=FIRST)
    assert result.orders == []
    missing = [line for line in result.logs if "DATA MISSING" in line]
    assert any("no US equity universe" in line and "data/equity/usa/fundamental/coarse" in line for line in missing)


@pytest.mark.parametrize("figures", [{"has_fundamental_data": True}, {ROE: 0.2}, {DEBT: 0.5}])
def test_without_figures_there_is_no_trade_and_the_log_says_so(figures: Figures) -> None:
    result = Story({"AAA": figures, "BBB": figures, "CCC": figures}).run()
    assert result.orders == []
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no return on equity and debt to equity" in line


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert not any("DATA MISSING" in line for line in Story().run().logs)


@pytest.mark.parametrize("days", ["5", "5.0", "5.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(days: str) -> None:
    assert orders(Story().run({"momentum_lookback": days})) == BOUGHT


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"momentum_lookback": "5.5"}, r"momentum_lookback is 5\.5: a whole number is needed"),
        ({"position_size_pct": "0.6"}, r"position_size_pct 0\.6 times 2 positions is more than the account"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Story().run(parameters)
