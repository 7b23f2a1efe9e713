"""The pure part of a walk-forward analysis: windows, the choice in each, and what they show together."""

import math
import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_engine import Market, run_strategy
from strategy_testing.metrics.performance import daily_sharpe_ratio
from strategy_testing.walk_forward.analysis import (
    Analysis,
    Held,
    WindowResult,
    analyse,
    drift,
    efficiency,
    equity_of,
    max_drawdown,
    spearman,
    stitch,
    t_statistic,
)
from strategy_testing.walk_forward.choice import BEST, PLATEAU, Candidate, choose
from strategy_testing.walk_forward.criteria import reasons_against
from strategy_testing.walk_forward.windows import Period, Window, cut_windows, window_faults

_DAY = timedelta(days=1)
periods = st.builds(
    lambda start, days: Period(start, start + timedelta(days=days)),
    st.dates(date(1996, 1, 1), date(2030, 12, 31)),
    st.integers(0, 5000),
)


@settings(deadline=None, max_examples=300)
@given(periods, st.integers(1, 40), st.integers(1, 20), st.booleans(), st.booleans())
def test_windows_touch_and_never_overlap(
    whole: Period, inside: int, outside: int, anchored: bool, keep_last: bool
) -> None:
    windows = cut_windows(whole, inside, outside, anchored=anchored, keep_last=keep_last)
    assert [window.number for window in windows] == list(range(1, len(windows) + 1))
    assert window_faults(windows, whole) == []
    for window in windows:
        assert window.out_of_sample.start == window.in_sample.end + _DAY
        assert window.in_sample.start <= window.in_sample.end < window.out_of_sample.start <= window.out_of_sample.end
        assert whole.start <= window.in_sample.start
        assert window.out_of_sample.end <= whole.end
        assert not anchored or window.in_sample.start == whole.start
    for before, after in pairwise(windows):
        assert after.out_of_sample.start == before.out_of_sample.end + _DAY
        assert anchored or after.in_sample.start > before.in_sample.start
    if keep_last and windows:
        assert windows[-1].out_of_sample.end == whole.end
    # Months have 28 to 31 days, so a part of whole months has no other length; only the first may begin late.
    for window in windows[:-1]:
        assert 28 * outside <= window.out_of_sample.days <= 31 * outside
    dropped = cut_windows(whole, inside, outside, anchored=anchored, keep_last=False)
    assert dropped == windows[: len(dropped)]
    assert len(windows) - len(dropped) <= 1


def _cut(start: str, end: str, inside: int, outside: int, *, anchored: bool = False, keep: bool = False) -> list[str]:
    whole = Period(date.fromisoformat(start), date.fromisoformat(end))
    windows = cut_windows(whole, inside, outside, anchored=anchored, keep_last=keep)
    return [f"{window.in_sample} | {window.out_of_sample}" for window in windows]


def test_a_year_that_begins_with_its_first_trading_day_is_a_whole_one() -> None:
    assert _cut("2012-01-03", "2016-12-31", 24, 12) == [
        "2012-01-03 to 2013-12-31 | 2014-01-01 to 2014-12-31",
        "2013-01-01 to 2014-12-31 | 2015-01-01 to 2015-12-31",
        "2014-01-01 to 2015-12-31 | 2016-01-01 to 2016-12-31",
    ]


def test_anchored_windows_begin_where_the_first_one_does() -> None:
    assert _cut("2012-01-03", "2015-12-31", 24, 12, anchored=True) == [
        "2012-01-03 to 2013-12-31 | 2014-01-01 to 2014-12-31",
        "2012-01-03 to 2014-12-31 | 2015-01-01 to 2015-12-31",
    ]


def test_a_month_without_the_day_ends_with_its_last() -> None:
    assert _cut("2011-10-31", "2012-06-15", 4, 1) == [
        "2011-10-31 to 2012-02-28 | 2012-02-29 to 2012-03-30",
        "2011-11-30 to 2012-03-30 | 2012-03-31 to 2012-04-29",
        "2011-12-31 to 2012-04-29 | 2012-04-30 to 2012-05-30",
    ]
    assert _cut("2012-02-29", "2014-02-28", 12, 12) == ["2012-02-29 to 2013-02-27 | 2013-02-28 to 2014-02-27"]


def test_a_shorter_last_window_is_kept_or_dropped() -> None:
    assert len(_cut("2012-01-01", "2014-06-30", 12, 12)) == 1
    assert _cut("2012-01-01", "2014-06-30", 12, 12, keep=True)[1:] == [
        "2013-01-01 to 2013-12-31 | 2014-01-01 to 2014-06-30"
    ]
    assert _cut("2012-01-01", "2012-12-31", 12, 12, keep=True) == []


def _window(number: int, *days: str) -> Window:
    a, b, c, d = map(date.fromisoformat, days)
    return Window(number, Period(a, b), Period(c, d))


def test_listed_windows_may_be_unequal_and_every_fault_of_them_is_told() -> None:
    sound = [
        _window(1, "2012-01-03", "2013-12-31", "2014-01-01", "2014-06-30"),
        _window(2, "2010-01-01", "2014-06-30", "2014-07-01", "2015-12-31"),
    ]
    assert window_faults(sound, None) == []
    within = Period(date(2012, 1, 1), date(2015, 6, 30))
    assert window_faults(sound, within) == [
        (1, f"2010-01-01 to 2014-06-30 is not within backtest {within}; move the window or the period"),
        (1, f"2014-07-01 to 2015-12-31 is not within backtest {within}; move the window or the period"),
    ]
    wrong = [
        _window(1, "2012-01-03", "2013-12-31", "2013-12-31", "2014-06-30"),
        _window(2, "2013-01-01", "2012-06-30", "2014-06-01", "2014-12-31"),
    ]
    assert [(index, fault.partition(";")[0]) for index, fault in window_faults(wrong, None)] == [
        (0, "out-of-sample begins on 2013-12-31, and in-sample ends on 2013-12-31"),
        (1, "2013-01-01 to 2012-06-30 ends before it begins"),
        (1, "out-of-sample begins on 2014-06-01, and in-sample ends on 2012-06-30"),
        (1, "out-of-sample begins on 2014-06-01, and that of the window before ends on 2014-06-30"),
    ]


def _grid(targets: list[list[str | None]], objections: dict[tuple[int, int], str] | None = None) -> list[Candidate]:
    return [
        Candidate(
            f"{row}{column}",
            {"fast": str(10 + row), "slow": f"{100 + 50 * column}.0"},
            None if target is None else Decimal(target),
            ((objections or {})[row, column],) if (row, column) in (objections or {}) else (),
        )
        for row, line in enumerate(targets)
        for column, target in enumerate(line)
    ]


def _name(candidates: list[Candidate], how: str, *, smaller: bool = False) -> str | None:
    candidate = choose(candidates, how, smaller_is_better=smaller).candidate
    return candidate.name if candidate else None


PEAK_AND_PLATEAU: list[list[str | None]] = [
    ["2.0", "0.1", "0.7", "0.8"],
    ["0.1", "0.2", "0.9", "0.9"],
    ["0.3", "0.1", "0.8", "0.7"],
]


def test_best_takes_the_peak_and_plateau_the_flat_top() -> None:
    candidates = _grid(PEAK_AND_PLATEAU)
    assert _name(candidates, BEST) == "00"
    assert _name(candidates, PLATEAU) == "23"
    said = choose(candidates, PLATEAU).reason
    assert said == ("median target 0.85 of 2 neighbours, own 0.7; best plateau of 12 that qualify, 12 in all")
    assert choose(candidates, BEST).reason == "best target 2.0 of 12 that qualify, 12 in all"


def test_a_target_of_which_less_is_better() -> None:
    candidates = _grid(PEAK_AND_PLATEAU)
    assert _name(candidates, BEST, smaller=True) in {"01", "10", "21"}
    assert _name([Candidate("a", {"x": "1"}, Decimal(3)), Candidate("b", {"x": "2"}, Decimal(2))], BEST) == "a"
    assert _name(list(reversed(_grid([["1", "1"]]))), BEST) == "00"


def test_what_does_not_qualify_is_not_chosen_but_stands_for_its_place() -> None:
    objections = {(0, 0): "No trades", (2, 3): "Insufficient trades: 3 < 20"}
    candidates = _grid(PEAK_AND_PLATEAU, objections)
    assert _name(candidates, BEST) == "12"
    assert _name(candidates, PLATEAU) == "13"  # beside the one that may not be chosen, whose target still counts
    crashed = _grid([[None, "0.5", "0.4"]], {(0, 0): "Backtest failed: boom"})
    assert _name(crashed, PLATEAU) == "02"
    assert _name(_grid([["0.3"]]), PLATEAU) == "00"


def test_a_window_in_which_nothing_qualifies_says_why() -> None:
    candidates = _grid([["1", "2", None]], {(0, 0): "No trades", (0, 1): "Insufficient trades: 3 < 20"})
    choice = choose(candidates, BEST)
    assert choice.candidate is None
    assert choice.reason == "nothing qualifies of 3: 1 No trades, 1 Insufficient trades, 1 without a target value"
    assert choose([], PLATEAU).reason == "nothing qualifies: no in-sample backtest has a result"


def test_texts_have_no_neighbours() -> None:
    candidates = [
        Candidate("a", {"ticker": "SPY", "n": "1"}, Decimal(1)),
        Candidate("b", {"ticker": "QQQ", "n": "1"}, Decimal(5)),
        Candidate("c", {"ticker": "SPY", "n": "2"}, Decimal(4)),
    ]
    assert _name(candidates, PLATEAU) == "b"  # itself, against 4 beside `a` and 1 beside `c`


def _days(start: str, *returns: float) -> tuple[tuple[date, float], ...]:
    first = date.fromisoformat(start)
    return tuple((first + timedelta(days=i), value) for i, value in enumerate(returns))


def _result(
    number: int,
    chosen: dict[str, str] | None,
    returns: tuple[tuple[date, float], ...] | None,
    held: float = 0.1,
    beats: bool | None = None,
) -> WindowResult:
    year = 2012 + number
    window = _window(number, f"{year - 2}-01-01", f"{year - 1}-12-31", f"{year}-01-01", f"{year}-12-31")
    in_sample = None if chosen is None else Held(held, window.in_sample.days)
    return WindowResult(window, chosen, in_sample, returns, trades=5 * (returns is not None), beats_benchmark=beats)


def test_the_stitched_curve_is_the_windows_one_after_the_other() -> None:
    windows = [
        _result(1, {"n": "10"}, _days("2013-01-02", 0.01, -0.02), beats=True),
        _result(2, None, None),
        _result(3, {"n": "14"}, _days("2015-01-02", 0.03), beats=False),
    ]
    stitched = stitch(windows)
    assert stitched[:2] == list(windows[0].returns or ())
    out = stitched[2:-1]
    assert {value for _, value in out} == {0.0}
    assert (out[0][0], out[-1][0], len(out)) == (date(2014, 1, 1), date(2014, 12, 31), 261)
    analysis = analyse(windows, [{"n": str(n)} for n in (10, 12, 14)])
    assert float(analysis.total_return or 0) == pytest.approx(1.01 * 0.98 * 1.03 - 1, abs=1e-6)
    assert (analysis.profitable, analysis.trades) == (Decimal("0.333333"), 10)
    assert analysis.beat_benchmark == Decimal("0.5")
    assert float(analysis.max_drawdown or 0) == pytest.approx(0.02)
    assert analysis.drift["n"].steps == 2
    assert dict(analysis.drift["n"].values) == {"10": 1, "14": 1}


def test_a_window_out_of_the_market_takes_the_days_that_others_show() -> None:
    idle = _result(1, None, None)
    days = (date(2013, 1, 2), date(2013, 1, 3))
    shown = WindowResult(idle.window, None, None, None, market_days=days)
    assert stitch([shown]) == [(day, 0.0) for day in days]


def test_a_failed_out_of_sample_backtest_is_no_return_of_nothing() -> None:
    windows = [_result(1, {"n": "10"}, None), _result(2, {"n": "10"}, _days("2014-01-02", 0.01, 0.01))]
    assert len(stitch(windows)) == 2
    analysis = analyse(windows, [{"n": "10"}])
    assert analysis.profitable == 1
    assert analysis.trades == 5
    nothing = analyse(windows[:1], [{"n": "10"}])
    assert (nothing.total_return, nothing.sharpe, nothing.max_drawdown, nothing.efficiency) == (None,) * 4


def test_the_efficiency_compares_annual_returns() -> None:
    # 21 % in two years are 10 % a year; 5 % in one year are half of it.
    window = [_result(1, {"n": "1"}, _days("2013-01-02", 0.05), held=0.21)]
    assert float(efficiency(window) or 0) == pytest.approx(0.5, abs=2e-3)
    assert efficiency([_result(1, {"n": "1"}, _days("2013-01-02", 0.05), held=0.0)]) is None
    assert efficiency([_result(1, {"n": "1"}, _days("2013-01-02", 0.05), held=-0.1)]) is None
    assert efficiency([_result(1, None, None)]) is None
    assert efficiency([*window, _result(2, None, None)]) == efficiency(window)
    lost = efficiency([_result(1, {"n": "1"}, _days("2013-01-02", -1.0), held=0.21)])
    assert lost is not None and lost < -9


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=60))
def test_figures_of_the_curve_agree_with_plain_arithmetic(returns: list[float]) -> None:
    curve = [1.0, *equity_of(returns)]
    deepest = max(1 - curve[j] / curve[i] for i in range(len(curve)) for j in range(i, len(curve)))
    assert max_drawdown(returns) == pytest.approx(deepest, abs=1e-9)
    mean = sum(returns) / len(returns)
    spread = math.sqrt(sum((each - mean) ** 2 for each in returns) / (len(returns) - 1))
    if spread > 1e-6:
        assert float(t_statistic(returns) or 0) == pytest.approx(mean / spread * math.sqrt(len(returns)), abs=1e-5)


def test_rank_correlation() -> None:
    numbers = [Decimal(n) for n in range(6)]
    assert spearman(list(zip(numbers, numbers, strict=True))) == 1
    assert spearman([(n, -n) for n in numbers]) == -1
    assert spearman([(n, Decimal(1)) for n in numbers]) is None
    assert spearman([(n, n) for n in numbers[:2]]) is None
    # Without ties the textbook's formula holds: 1 - 6 Σd² / (n (n² - 1)).
    shuffled = random.Random(3).sample(numbers, 6)
    by_squares = 1 - 6 * sum((a - b) ** 2 for a, b in zip(numbers, shuffled, strict=True)) / Decimal(6 * 35)
    assert spearman(list(zip(numbers, shuffled, strict=True))) == pytest.approx(by_squares, abs=Decimal("1e-6"))
    tied = [(Decimal(a), Decimal(b)) for a, b in ((1, 1), (2, 1), (3, 2), (4, 3))]
    assert float(spearman(tied) or 0) == pytest.approx(0.948683, abs=1e-6)


def test_drift_in_steps_of_the_values_that_were_tried() -> None:
    tried = [{"n": n, "ticker": t} for n in ("10", "14", "20") for t in ("SPY", "QQQ")]
    chosen = [{"n": "10.0", "ticker": "SPY"}, None, {"n": "20", "ticker": "QQQ"}, {"n": "14", "ticker": "QQQ"}]
    found = drift(chosen, tried)
    assert (found["n"].steps, dict(found["n"].values)) == (Decimal("1.5"), {"10": 1, "20": 1, "14": 1})
    assert (found["ticker"].steps, dict(found["ticker"].values)) == (None, {"SPY": 1, "QQQ": 2})


_MEMORY = """from AlgorithmImports import *

RISES = {rises}


class Memory(QCAlgorithm):
    def initialize(self):
        self.set_start_date(datetime.strptime(self.get_parameter("start_date"), "%Y-%m-%d"))
        self.set_end_date(datetime.strptime(self.get_parameter("end_date"), "%Y-%m-%d"))
        self.set_cash(1_000_000)
        self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN)
        self.spy = self.add_equity("SPY", Resolution.DAILY).symbol
        self.rises = RISES[self.get_parameter("memory")]
        self.curve = []

    def on_data(self, data):
        today = self.time.strftime("%Y-%m-%d")
        self.curve.append((today, self.portfolio.total_portfolio_value))
        wants = self.rises.get(today, sum(map(ord, today)) % 2 == 0)
        if wants and not self.portfolio.invested:
            self.set_holdings(self.spy, 0.9)
        elif not wants and self.portfolio.invested:
            self.liquidate(self.spy)
"""
"""On days that it remembers it knows tomorrow; on any other it tosses a coin."""
_MOMENTUM = _MEMORY.replace('RISES[self.get_parameter("memory")]', "{}").replace(
    "        wants = self.rises.get(today, sum(map(ord, today)) % 2 == 0)\n",
    "        close = data.bars[self.spy].close\n"
    "        before, self.before = getattr(self, 'before', close), close\n"
    "        wants = close / before - 1 > float(self.get_parameter('memory')) / 1000\n",
)
"""Buys what has risen by more than so many thousandths."""


def _walked(folder: Path, code: str, closes: list[float], days: list[date]) -> Analysis:
    """Four combinations over four windows, the best by its Sharpe ratio in-sample, in the fake of LEAN."""
    folder.mkdir()
    (folder / "main.py").write_text(code, encoding="utf-8")
    windows = cut_windows(Period(days[0], days[-1]), 12, 6, anchored=False, keep_last=False)[:4]

    def run(memory: str, period: Period) -> list[tuple[date, float]]:
        inside = [i for i, day in enumerate(days) if period.start <= day <= period.end]
        market = Market(days=len(inside), first=str(days[inside[0]]))
        market.equity("SPY", closes=[closes[i] for i in inside])
        given = {"memory": memory, "initial_capital": "1000000"}
        curve = run_strategy(folder, market, given).algorithm.curve
        values = [1_000_000, *(value for _, value in curve)]
        return [(date.fromisoformat(day), b / a - 1) for (day, _), (a, b) in zip(curve, pairwise(values), strict=True)]

    results = []
    for window in windows:
        tried = {memory: run(memory, window.in_sample) for memory in ("0", "1", "2", "3")}
        sharpes = {memory: daily_sharpe_ratio([value for _, value in days]) for memory, days in tried.items()}
        candidates = [Candidate(memory, {"memory": memory}, sharpe) for memory, sharpe in sharpes.items()]
        chosen = choose(candidates, BEST).candidate
        assert chosen is not None
        held = Held(math.prod(1 + value for _, value in tried[chosen.name]) - 1, window.in_sample.days)
        results.append(
            WindowResult(window, chosen.parameters, held, tuple(run(chosen.name, window.out_of_sample)), trades=50)
        )
    return analyse(results, [{"memory": memory} for memory in ("0", "1", "2", "3")])


def _market(momentum: float) -> tuple[list[date], list[float], list[float]]:
    """Weekdays, closes, and the return of each day, of which a part is that of the day before."""
    chance, days, closes, returns = random.Random(5), [], [], []
    day, close, change = date(2014, 1, 1), 100.0, 0.0
    while day < date(2017, 7, 1):
        if day.weekday() < 5:
            change = momentum * change + chance.gauss(0, 0.01)
            close *= 1 + change
            days.append(day)
            closes.append(close)
            returns.append(change)
        day += _DAY
    return days, closes, returns


_THRESHOLDS = {"min_walk_forward_efficiency": Decimal("0.5"), "min_oos_sharpe": Decimal("0.5")}


def test_a_strategy_that_looks_ahead_in_sample_fools_nobody(tmp_path: Path) -> None:
    days, closes, returns = _market(momentum=0)
    windows = cut_windows(Period(days[0], days[-1]), 12, 6, anchored=False, keep_last=False)[:4]
    # Filled at the next open, which is today's close, so that what tomorrow brings is all that there is to know.
    rises = {
        str(number): {
            str(day): returns[i + 1] > 0
            for i, day in enumerate(days[:-1])
            if window.in_sample.start <= day < window.in_sample.end
        }
        for number, window in enumerate(windows)
    }
    fooled = _walked(tmp_path / "memory", _MEMORY.replace("{rises}", repr(rises)), closes, days)
    assert dict(fooled.drift["memory"].values) == {"0": 1, "1": 1, "2": 1, "3": 1}  # each window its own memory
    assert fooled.efficiency is not None and abs(fooled.efficiency) < Decimal("0.1")
    assert len(reasons_against(fooled, _THRESHOLDS)) == 2


def test_a_strategy_with_an_edge_passes(tmp_path: Path) -> None:
    days, closes, _ = _market(momentum=0.4)
    sound = _walked(tmp_path / "momentum", _MOMENTUM.replace("{rises}", "{}"), closes, days)
    assert sound.efficiency is not None and sound.efficiency > Decimal("0.5")
    assert reasons_against(sound, _THRESHOLDS) == []


def test_a_criterion_of_the_analysis_passes_at_its_limit_and_says_by_how_much_not() -> None:
    flat = analyse([_result(1, {"n": "1"}, _days("2013-01-02", 0.1, -0.05))], [{"n": "1"}])
    limits = {"max_oos_drawdown": "0.05", "min_oos_trades": "5", "min_profitable_windows": "1"}
    assert reasons_against(flat, {name: Decimal(limit) for name, limit in limits.items()}) == []
    limits = {"max_oos_drawdown": "0.04999", "min_oos_trades": "6", "min_walk_forward_efficiency": "0.9"}
    assert reasons_against(flat, {name: Decimal(limit) for name, limit in limits.items()})[:2] == [
        "Out-of-sample drawdown too high: 5.000% > 4.999%",
        "Out-of-sample trades too low: 5 < 6",
    ]
    unknown = analyse([_result(1, {"n": "1"}, _days("2013-01-02", 0.1), held=-0.1)], [{"n": "1"}])
    assert reasons_against(unknown, {"min_walk_forward_efficiency": Decimal(0), "min_oos_sharpe": Decimal(-9)}) == [
        "Walk-forward efficiency not known: the in-sample return is not above 0, or no window has both results, "
        "min_walk_forward_efficiency cannot be checked",
        "Out-of-sample Sharpe ratio not known: the out-of-sample days do not vary, min_oos_sharpe cannot be checked",
    ]
