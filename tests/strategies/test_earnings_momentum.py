"""STR-010 buys a stock after reported earnings well above the estimate and holds it some days."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from lean_engine import Market, RunResult, flat, run_strategy

DAYS = 40
REPORT = 10
"""The day of the report, a Thursday; the figure is in the data from the next day on."""
KNOWN = REPORT + 1


class Story:
    """A market of stocks at 50 dollars, with what analysts expected and companies reported."""

    def __init__(self, **closes: Sequence[float | None]) -> None:
        self.market = Market(days=DAYS, first="2014-01-02")
        self.tickers = list(closes) or ["AAA"]
        for ticker in self.tickers:
            self.market.equity(ticker, closes=closes.get(ticker, flat(50, DAYS)))

    def expect(
        self, estimate: float | None, day: int = 5, report: int = REPORT, tickers: Iterable[str] = ()
    ) -> "Story":
        for ticker in tickers or self.tickers:
            expected: dict[str, Any] = {"estimate": estimate, "report_date": self.market.day(report)}
            self.market.custom("EODHDUpcomingEarnings", ticker, day=day, **expected)
        return self

    def report(self, earnings: float, day: int = KNOWN, filed: int = REPORT, tickers: Iterable[str] = ()) -> "Story":
        figures = {
            "earning_reports.normalized_diluted_eps.three_months": earnings,
            "earning_reports.file_date.three_months": self.market.day(filed),
        }
        for ticker in tickers or self.tickers:
            self.market.fundamentals(ticker, first_day=day, **figures)
        return self

    def run(self, parameters: dict[str, str] | None = None, without: Sequence[str] = ()) -> RunResult:
        given = {"tickers": "|".join(self.tickers)} | (parameters or {})
        return run_strategy("Earnings_Momentum", self.market, given, without=without)


def bought(result: RunResult) -> list[tuple[int, str]]:
    return [(order.day, order.ticker) for order in result.orders if order.quantity > 0]


@pytest.mark.parametrize("filed", [REPORT, KNOWN])
def test_it_buys_at_the_first_open_after_the_surprise_is_known(filed: int) -> None:
    order, *_ = Story().expect(1.0).report(1.2, filed=filed).run().orders
    assert (order.ticker, order.quantity, order.tag) == ("AAA", 6, "surprise 20.0%")
    assert (order.day, order.fill_day) == (KNOWN, KNOWN + 1)


@pytest.mark.parametrize(
    ("estimate", "earnings", "buys"),
    [
        (1.0, 1.06, True),
        (1.0, 1.04, False),
        (1.0, 0.5, False),
        (2.0, 2.12, True),
        (2.0, 2.08, False),
        (-1.0, -0.9, True),  # a smaller loss than expected
        (-1.0, -1.1, False),
        (0.0, 1.0, False),
        (None, 1.0, False),
        (1.0, float("nan"), False),
    ],
)
def test_it_buys_a_surprise_above_the_threshold_only(estimate: float | None, earnings: float, buys: bool) -> None:
    assert bool(bought(Story().expect(estimate).report(earnings).run())) == buys


@pytest.mark.parametrize(("threshold", "buys"), [("0.25", False), ("0.249", True)])
def test_a_surprise_at_the_threshold_is_not_above_it(threshold: str, buys: bool) -> None:
    result = Story().expect(1.0).report(1.25).run({"surprise_threshold": threshold})
    assert bool(bought(result)) == buys


def test_the_last_estimate_before_the_report_counts() -> None:
    assert bought(Story().expect(1.0, day=5).expect(1.18, day=9).report(1.2).run()) == []
    assert bought(Story().expect(1.18, day=5).expect(1.0, day=9).report(1.2).run()) == [(KNOWN, "AAA")]
    assert bought(Story().expect(1.0, day=5).expect(None, day=9).report(1.2).run()) == []


def test_without_an_estimate_there_is_no_surprise() -> None:
    assert bought(Story(AAA=flat(50, DAYS), BBB=flat(50, DAYS)).expect(1.0, tickers=["BBB"]).report(1.2).run()) == [
        (KNOWN, "BBB")
    ]


def test_it_never_buys_before_the_day_after_the_report() -> None:
    assert bought(Story().expect(1.0).report(1.2, day=0).run()) == [(KNOWN, "AAA")]


def test_a_figure_whose_filing_lies_ahead_is_not_known_yet() -> None:
    assert bought(Story().expect(1.0).report(1.2, filed=KNOWN + 2).run()) == [(KNOWN + 2, "AAA")]


def test_a_report_that_is_put_off_is_waited_for() -> None:
    story = Story().expect(1.0, day=5, report=REPORT).expect(1.0, day=9, report=REPORT + 4)
    assert bought(story.report(1.2, day=REPORT + 5, filed=REPORT + 4).run()) == [(REPORT + 5, "AAA")]


def test_the_quarter_before_is_not_taken_for_the_one_reported() -> None:
    story = Story().expect(1.0).report(1.5, day=0, filed=2)
    assert bought(story.run()) == []
    assert bought(story.report(1.2, day=REPORT + 3, filed=REPORT + 2).run()) == [(REPORT + 3, "AAA")]


@pytest.mark.parametrize(("day", "buys"), [(REPORT + 5, True), (REPORT + 6, False)])
def test_a_figure_that_comes_too_late_is_passed_over(day: int, buys: bool) -> None:
    # Five weekdays after a Thursday are seven calendar days, six are eight.
    result = Story().expect(1.0).report(1.2, day=day).run({"max_report_age": "7"})
    assert bought(result) == ([(day, "AAA")] if buys else [])


@pytest.mark.parametrize("days", [1, 3, 5])
def test_it_sells_at_an_open_so_many_trading_days_after_the_purchase(days: int) -> None:
    purchase, sale = Story().expect(1.0).report(1.2).run({"holding_period": str(days)}).orders
    assert (sale.quantity, sale.tag) == (-purchase.quantity, "holding period over")
    assert (purchase.fill_day, sale.fill_day) == (KNOWN + 1, KNOWN + 1 + days)


def test_each_report_is_bought_once() -> None:
    story = Story().expect(1.0).report(1.2).expect(1.0, day=22, report=25).report(1.3, day=26, filed=25)
    assert bought(story.run()) == [(KNOWN, "AAA"), (26, "AAA")]


@pytest.mark.parametrize(("size", "places"), [("0.5", 2), ("0.33", 3), ("0.2", 5)])
def test_there_are_no_more_positions_than_the_account_has_parts(size: str, places: int) -> None:
    tickers = [f"A{number}" for number in range(6)]
    result = (
        Story(**{ticker: flat(50, DAYS) for ticker in tickers}).expect(1.0).report(1.2).run({"position_size_pct": size})
    )
    assert bought(result) == [(KNOWN, ticker) for ticker in tickers[:places]]


def test_a_place_is_free_again_after_the_sale() -> None:
    story = Story(AAA=flat(50, DAYS), BBB=flat(50, DAYS), CCC=flat(50, DAYS))
    story.expect(1.0, tickers=["AAA"]).report(1.2, tickers=["AAA"])
    story.expect(1.0, tickers=["BBB"], report=REPORT + 1).report(1.2, REPORT + 2, REPORT + 1, ["BBB"])
    story.expect(1.0, day=12, tickers=["CCC"], report=REPORT + 5).report(1.2, REPORT + 6, REPORT + 5, ["CCC"])
    assert bought(story.run({"position_size_pct": "1"})) == [(KNOWN, "AAA"), (REPORT + 6, "CCC")]


def test_a_stock_that_is_too_dear_is_passed_over_with_one_line() -> None:
    result = Story(AAA=flat(400, DAYS)).expect(1.0).report(1.2).run()
    assert result.orders == []
    assert sum("AAA passed over" in line for line in result.logs) == 1


def test_on_a_day_without_a_bar_nothing_is_decided() -> None:
    closes: list[float | None] = [*flat(50, DAYS)]
    closes[KNOWN] = None
    assert bought(Story(AAA=closes).expect(1.0).report(1.2).run()) == [(KNOWN + 1, "AAA")]


def test_prices_change_no_order() -> None:
    rising = [50.0 + day for day in range(DAYS)]
    orders = Story(AAA=rising).expect(1.0).report(1.2).run().orders
    assert [(order.day, order.tag) for order in orders] == [
        (KNOWN, "surprise 20.0%"),
        (KNOWN + 3, "holding period over"),
    ]


def test_an_engine_without_the_estimates_makes_no_trade_and_says_so() -> None:
    result = Story().expect(1.0).report(1.2).run(without=["EODHDUpcomingEarnings"])
    assert result.orders == []
    assert any("This engine has no EODHDUpcomingEarnings" in line for line in result.logs)
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no analysts' estimates" in line
    assert "data/alternative/eodhd/upcomingearnings" in line


def test_without_estimates_there_is_no_trade_and_the_log_says_so() -> None:
    result = Story().report(1.2).run()
    assert result.orders == []
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no analysts' estimates" in line


def test_without_reported_figures_there_is_no_trade_and_the_log_says_so() -> None:
    result = Story().expect(1.0).run()
    assert result.orders == []
    (line,) = [line for line in result.logs if "DATA MISSING" in line]
    assert "no reported earnings per share (Morningstar)" in line


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert not any("DATA MISSING" in line for line in Story().expect(1.0).report(1.2).run().logs)


@pytest.mark.parametrize("days", ["3", "3.0", "3.000"])
def test_a_whole_number_is_read_in_every_form_that_lean_writes(days: str) -> None:
    orders = Story().expect(1.0).report(1.2).run({"holding_period": days}).orders
    assert [order.day for order in orders] == [KNOWN, KNOWN + 3]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"holding_period": "1.5"}, r"holding_period is 1\.5: a whole number is needed"),
        ({"position_size_pct": "0"}, "position_size_pct is 0: a fraction above 0"),
        ({"position_size_pct": "1.1"}, r"position_size_pct is 1\.1: a fraction above 0, at most 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Story().run(parameters)
