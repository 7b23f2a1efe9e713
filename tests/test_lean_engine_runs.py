"""The fake hands over data when LEAN would, and nothing of a run reaches the next."""

from __future__ import annotations

import sys
from datetime import date

import pytest

from lean_engine import Market, flat
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401


def test_nothing_of_a_run_reaches_the_next_or_stays_behind(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("main", "AlgorithmImports"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    body = """
    COUNT = []

    def on_data(self, data):
        self.COUNT.append(1)
        self._seen.append(len(self.COUNT))
    """
    path = list(sys.path)
    runs = [run(spy(flat(100, 3)), body).algorithm._seen for _ in range(2)]
    assert runs == [[1, 2, 3], [1, 2, 3]]
    assert {"main", "AlgorithmImports"} & set(sys.modules) == set()
    assert sys.path == path


def test_modules_of_the_same_name_are_put_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "main", sys)
    run(spy(flat(100, 3)))
    assert sys.modules["main"] is sys


def test_an_error_of_the_strategy_passes_through(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run(spy(flat(100, 3)), "def on_data(self, data): 1 / 0")


def test_the_warm_up_hands_over_the_days_before_the_first_and_takes_no_order(run: Run) -> None:
    body = """
    def on_data(self, data):
        self._seen.append((self.time.date(), self.is_warming_up, self._average.is_ready))
        self.market_order(self._symbol, 1)

    def on_warmup_finished(self):
        self._seen.append("finished")
    """
    start = "self._average = self.sma(self._symbol, 3, Resolution.DAILY)\nself.set_warm_up(2, Resolution.DAILY)"
    market = spy(flat(100, 7))
    result = run(market, body, start, first_day=5)
    assert result.algorithm._seen == [
        (market.day(3).date(), True, False),
        (market.day(4).date(), True, False),
        "finished",
        (market.day(5).date(), False, True),
        (market.day(6).date(), False, True),
    ]
    assert [order.day for order in result.orders] == [5, 6]
    assert sum("not allowed in Initialize or during warm up" in line for line in result.logs) == 2


def test_indicators_know_the_bar_before_the_strategy_does(run: Run) -> None:
    body = """
    def on_data(self, data):
        self._seen.append((self._sma.current.value, self._sma.previous.value, data[self._symbol].close))
    """
    result = run(spy([10, 20, 30]), body, "self._sma = self.sma(self._symbol, 1, Resolution.DAILY)")
    assert result.algorithm._seen == [(10, 0, 10), (20, 10, 20), (30, 20, 30)]


@pytest.mark.parametrize("again", [True, False])
def test_a_day_without_a_bar_is_filled_forward_only_on_demand(run: Run, again: bool) -> None:
    body = """
    def on_data(self, data):
        bar = data.bars.get("QQQ")
        self._seen.append(bar and (bar.close, bar.volume, bar.is_fill_forward, self._count.samples))
    """
    start = f"""
        qqq = self.add_equity("QQQ", Resolution.DAILY, fill_forward={again}).symbol
        self._count = self.sma(qqq, 1, Resolution.DAILY)
    """
    market = spy(flat(100, 3))
    market.equity("QQQ", closes=[50, None, 52])
    repeated = (50, 0, True, 2) if again else None
    last = (52, 1_000_000, False, 3 if again else 2)
    assert run(market, body, start).algorithm._seen == [(50, 1_000_000, False, 1), repeated, last]


def test_a_moment_without_data_is_passed_over(run: Run) -> None:
    body = "def on_data(self, data): self._seen.append(self.time.date())"
    market = spy([100, None, 100])
    assert run(market, body).algorithm._seen == [market.day(0).date(), market.day(2).date()]


def test_an_index_comes_after_the_stocks_of_its_day_and_cannot_be_traded(run: Run) -> None:
    body = """
    def on_data(self, data):
        self._seen.append((str(self.time.time()), [symbol.value for symbol in data.keys()]))
        self.market_order(self._vix, 1)
    """
    market = spy(flat(100, 1))
    market.index("VIX", closes=[20])
    result = run(market, body, 'self._vix = self.add_index("VIX", Resolution.DAILY).symbol')
    assert result.algorithm._seen == [("16:00:00", ["SPY"]), ("16:15:00", ["VIX"])]
    assert result.orders == []
    assert "non-tradable" in result.logs[1]


def test_an_index_whose_hours_are_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="hours of the index HSI"):
        Market(days=1).index("HSI", closes=[1])


def test_holidays_are_no_days() -> None:
    market = Market(days=3, first="2014-01-02", holidays=[date(2014, 1, 3)])
    assert [market.day(index).day for index in range(3)] == [2, 6, 7]
