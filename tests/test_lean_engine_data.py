"""Universes, fundamentals and alternative data come as LEAN hands them over."""

from __future__ import annotations

import math
import textwrap

import pytest

from lean_engine import Market, flat
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401

SELECTS = """
def choose(self, fundamentals):
    good = [each for each in fundamentals if each.operation_ratios.roe.value > 0.1]
    return [each.symbol for each in sorted(good, key=lambda each: each.dollar_volume, reverse=True)[:1]]

def on_securities_changed(self, changes):
    added = [each.symbol.value for each in changes.added_securities]
    removed = [each.symbol.value for each in changes.removed_securities]
    self._seen.append((self.time.day, added, removed))
"""


def test_a_universe_is_chosen_before_the_days_data(run: Run) -> None:
    market = spy(flat(100, 4))
    market.equity("AAA", closes=flat(10, 4))
    market.equity("BBB", closes=flat(20, 4))
    market.fundamentals("AAA", first_day=0, **{"operation_ratios.roe.value": 0.2})
    market.fundamentals("BBB", first_day=2, **{"operation_ratios.roe.value": 0.3})
    body = SELECTS + textwrap.dedent("""
    def on_data(self, data):
        self._seen.append(sorted(symbol.value for symbol in data.keys()))
    """)
    start = "self.universe_settings.resolution = Resolution.DAILY\nself.add_universe(self.choose)"
    assert run(market, body, start).algorithm._seen == [
        (2, ["SPY"], []),
        ["SPY"],
        (3, ["AAA"], []),  # known from the bar of the day before
        ["AAA", "SPY"],
        (6, ["BBB"], ["AAA"]),
        ["BBB", "SPY"],
        ["BBB", "SPY"],
    ]


def test_fundamentals_that_are_not_given_are_missing(run: Run) -> None:
    body = """
    def on_data(self, data):
        known = self.securities[self._symbol].fundamentals
        self._seen.append((known.price, known.has_fundamental_data, known.valuation_ratios.pe_ratio))
        self._seen.append(known.operation_ratios.roe.one_year)
    """
    market = spy(flat(100, 2))
    market.fundamentals("SPY", first_day=1, **{"valuation_ratios.pe_ratio": 15.0})
    (first, roe, second, _) = run(market, body).algorithm._seen
    assert first[:2] == (100, False)
    assert second == (100, True, 15)
    assert math.isnan(first[2])
    assert math.isnan(roe)


def test_a_fundamental_figure_that_lean_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"valuation_ratios\.roe"):
        Market().fundamentals("SPY", first_day=0, **{"valuation_ratios.roe": 15.0})


def test_an_alternative_data_set_feeds_a_universe(run: Run) -> None:
    body = """
    def note(self, reports):
        self._seen += [(self.time.day, each.symbol.value, each.estimate, each.report_date.day) for each in reports]
        return Universe.UNCHANGED
    """
    market = spy(flat(100, 3))
    market.custom("EODHDUpcomingEarnings", "SPY", day=1, estimate=1.5, report_date=market.day(2))
    start = "self.add_universe(EODHDUpcomingEarnings, self.note)"
    assert run(market, body, start).algorithm._seen == [(3, "SPY", 1.5, 6)]
    with pytest.raises(NameError):
        run(market, body, start, without=["EODHDUpcomingEarnings"])


def test_an_alternative_data_set_can_be_subscribed(run: Run) -> None:
    body = """
    def on_data(self, data):
        points = data.get(EODHDUpcomingEarnings)
        self._seen.append((self.time.hour, [point.estimate for point in points.values()], self._report in data))
    """
    market = spy(flat(100, 2))
    market.custom("EODHDUpcomingEarnings", "SPY", day=1, estimate=1.5)
    start = "self._report = self.add_data(EODHDUpcomingEarnings, 'SPY').symbol"
    assert run(market, body, start).algorithm._seen == [(16, [], False), (0, [1.5], True), (16, [], False)]


def test_an_indicator_is_warmed_up_with_the_bars_before(run: Run) -> None:
    body = """
    def on_data(self, data):
        if self.time.day == 7:
            made = SimpleMovingAverage(3)
            self.warm_up_indicator(self._symbol, made, Resolution.DAILY)
            self._seen.append((made.is_ready, made.current.value))
    """
    assert run(spy([10, 20, 30, 40, 50]), body).algorithm._seen == [(True, 30)]
