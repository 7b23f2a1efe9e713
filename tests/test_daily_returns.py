"""The daily returns of backtests: taken from LEAN's files, packed, stored, read back."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strategy_testing.database.connection import Database
from strategy_testing.database.trials import returns_of_backtest, returns_of_run
from strategy_testing.metrics.daily_returns import DailyReturns, of_trading_days, pack, points, unpack
from strategy_testing.metrics.performance import daily_sharpe_ratio
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.contents import read_contents
from strategy_testing.results.folder import find_runs
from support import RECORDINGS, ScriptResult

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_DAY = 86400


def _series(days: list[str], values: list[float]) -> DailyReturns:
    return DailyReturns(np.array(days, "datetime64[D]"), np.array(values))


@pytest.fixture(scope="session")
def recorded(unpacked: Recording) -> list[BacktestResult]:
    names = [file.name.removesuffix(".tar.xz") for file in RECORDINGS.glob("*.tar.xz")]
    folders = [folder for folder in map(unpacked, names) if next(folder.rglob("*-summary.json"), None)]
    return [result for folder in folders for run in find_runs(folder) for result in read_contents(run).results]


def test_every_recorded_backtest_has_the_days_of_its_market(recorded: list[BacktestResult]) -> None:
    known = [(result, unpack(result.daily_returns)) for result in recorded if result.daily_returns]
    assert len(known) > 100
    for result, returns in known:
        assert result.status == "completed"
        assert (np.diff(returns.days) > np.timedelta64(0)).all()
        assert np.is_busday(returns.days).all()
        assert str(result.backtest_start) <= str(returns.days[0]) <= str(returns.days[-1]) <= str(result.backtest_end)
        calendar_days = (returns.days[-1] - returns.days[0]).astype(int) + 1
        assert 0.67 < len(returns.days) / calendar_days < 0.715 or calendar_days < 60  # 252 of 365.25 are 0.69
        # All that was made or lost is in them.
        grown = math.prod((1 + returns.values).tolist()) - 1
        assert grown == pytest.approx(float(result.metrics["total_return"] or 0), abs=5e-4)
    without = [result for result in recorded if not result.daily_returns]
    assert {str(result.status) for result in without} == {"failed"}


def test_the_best_of_the_72_keeps_its_sharpe_ratio(unpacked: Recording) -> None:
    (run,) = find_runs(unpacked("grid-72"))
    results = read_contents(run).results
    best = max(results, key=lambda each: each.metrics["sharpe_ratio"] or 0)
    returns = unpack(best.daily_returns or b"")
    assert (len(returns.days), str(returns.days[0]), str(returns.days[-1])) == (2251, "2012-01-03", "2020-12-31")
    assert daily_sharpe_ratio(returns.values.tolist()) == best.metrics["daily_sharpe_ratio"]
    # LEAN's charts lack samples here and there, each backtest's other ones: those days had no return.
    days = set().union(*(unpack(each.daily_returns or b"").days.tolist() for each in results))
    assert len(days) == 2254


@pytest.mark.parametrize("hours_to_utc", [-9, 0, 5])
def test_a_return_is_of_the_day_that_ends_where_lean_puts_it(hours_to_utc: int) -> None:
    monday = 1_325_462_400 + hours_to_utc * 3600  # 2012-01-02, at midnight in a zone that is so far behind UTC
    returns = of_trading_days(
        points([]), points([(monday + day * _DAY, day % 3 * 1.0) for day in range(5)]), points([])
    )
    assert returns.days.astype(str).tolist() == ["2012-01-02", "2012-01-03", "2012-01-04", "2012-01-05"]
    assert returns.values.tolist() == [0.01, 0.02, 0.0, 0.01]


def test_packed_returns_are_read_back_to_leans_seven_digits() -> None:
    series = _series(["1999-12-31", "2000-01-03", "2012-02-29"], [0.07329107, -0.001943456, 0.0])
    packed = pack(series)
    assert packed is not None
    assert len(packed) == 4 + 3 * 6
    again = unpack(packed)
    assert again.days.tolist() == series.days.tolist()
    assert again.values == pytest.approx(series.values, rel=6e-8)
    assert pack(again) == packed


@pytest.mark.parametrize(
    ("days", "values"),
    [
        ([], []),
        (["2020-01-02", "2020-01-02"], [0, 0]),
        (["2020-01-03", "2020-01-02"], [0, 0]),
        (["1700-01-03", "2020-01-02"], [0, 0]),
        (["2020-01-02"], [math.nan]),
        (["2020-01-02"], [1e39]),
    ],
)
def test_what_cannot_be_told_is_not_packed(days: list[str], values: list[float]) -> None:
    assert pack(_series(days, values)) is None


@pytest.mark.parametrize("packed", [b"", b"abcd", b"abcde", b"x" * 11])
def test_other_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="no packed daily returns"):
        unpack(packed)


def test_an_import_stores_them_and_the_next_one_fills_what_an_older_version_left_out(
    run_script: Run, ask: Ask, recording: Recording, database: Database
) -> None:
    output = recording("dead-parameter")
    run_script("results_importer.py", "--optimization-dir", output)
    (row,) = ask("SELECT min(id) AS first, optimization_run_id AS run FROM backtest_results GROUP BY 2")
    with database.transaction():
        series, first = returns_of_run(database, row["run"]), returns_of_backtest(database, row["first"])
        assert returns_of_backtest(database, 999) is None
    assert first is not None
    assert len(series) == 3
    for returns in series.values():  # the parameter is dead: the same three times
        assert (returns.days.tolist(), returns.values.tolist()) == (first.days.tolist(), first.values.tolist())
    stored = "SELECT backtest_id, daily_returns::text, updated_at FROM backtest_results ORDER BY id"
    before = ask(stored)
    run_script("results_importer.py", "--optimization-dir", output)
    assert ask(stored) == before
    ask("UPDATE backtest_results SET daily_returns = NULL, source_signs = NULL, also_read = NULL")
    run_script("results_importer.py", "--optimization-dir", output)
    assert [each["daily_returns"] for each in ask(stored)] == [each["daily_returns"] for each in before]
    for summary in output.rglob("*-summary.json"):
        summary.with_name(summary.name.replace("-summary", "")).unlink()
    run_script("results_importer.py", "--optimization-dir", output)
    assert [each["daily_returns"] for each in ask(stored)] == [each["daily_returns"] for each in before]


def test_a_failed_backtest_has_none(run_script: Run, ask: Ask, recording: Recording) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("crashy"))
    query = "SELECT DISTINCT status, daily_returns IS NULL AS has_none FROM backtest_results ORDER BY status"
    assert ask(query) == [{"status": "completed", "has_none": False}, {"status": "failed", "has_none": True}]
