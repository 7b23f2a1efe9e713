"""What a strategy is compared with: its benchmark's chart, or the prices on disk, and what follows without either."""

import json
import math
import shutil
import statistics
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.database.connection import Database
from strategy_testing.database.trials import returns_of_benchmark
from strategy_testing.importing.benchmark import Benchmark
from strategy_testing.metrics.daily_returns import unpack
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.contents import read_contents
from strategy_testing.results.folder import find_runs
from strategy_testing.strategy.prices import PriceDataError, adjusted_closes
from support import PROJECT, ScriptResult, make_project, write_config
from test_price_data import store_prices
from test_sanity import make_result

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_COLUMNS = ("alpha", "beta", "information_ratio", "tracking_error", "treynor_ratio")
_FIRST, _LAST = date(2015, 1, 1), date(2020, 12, 31)  # of the recording dead-parameter
_LOOKBACK = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"


def _results(folder: Path) -> list[BacktestResult]:
    return [result for run in find_runs(folder) for result in read_contents(run).results]


def _closes() -> list[tuple[date, int]]:
    """Of every weekday from the day before the first one on, in dollars x 10,000; they rise, fall and rise again."""
    days = (_FIRST + timedelta(number) for number in range(-1, (_LAST - _FIRST).days + 1))
    return [
        (day, 1_000_000 + 400 * number + int(150_000 * math.sin(number / 90)))
        for number, day in enumerate(day for day in days if day.weekday() < 5)
    ]


def _store(data: Path, factors: str | None = None) -> None:
    file = data / "equity" / "usa" / "daily" / "spy.zip"
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("spy.csv", "".join(f"{day:%Y%m%d} 00:00,1,1,1,{close},77\n" for day, close in _closes()))
    if factors is not None:
        folder = data / "equity" / "usa" / "factor_files"
        folder.mkdir()
        (folder / "spy.csv").write_text(factors, encoding="utf-8")


def _annual(start: float, end: float, days: float) -> float:
    return math.pow(end / start, 365 / days) - 1


@pytest.fixture
def strategy(workspace: Path, tmp_path: Path) -> Path:
    """A config of the recording dead-parameter, whose benchmark is the constant 0."""
    make_project(workspace, "RSI_MeanReversion_ETF")
    return write_config(
        tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _LOOKBACK, criteria="min_excess_return: 0.02, min_alpha: 0"
    )


def test_against_a_benchmark_that_never_moves_there_is_no_alpha(unpacked: Recording) -> None:
    results = _results(unpacked("grid-72"))
    assert len(results) == 72
    assert {result.metrics[column] for result in results for column in _COLUMNS} == {None}


@pytest.mark.parametrize("name", ["crashy", "euler-whole", "unknown-target"])
def test_against_one_that_moves_leans_figures_stay(name: str, unpacked: Recording) -> None:
    for result in _results(unpacked(name)):
        file = next(unpacked(name).rglob(f"{result.backtest_id}-summary.json"))
        portfolio = json.loads(file.read_text(encoding="utf-8"))["totalPerformance"]["portfolioStatistics"]
        assert result.metrics["alpha"] == Decimal(portfolio["alpha"]) != 0
        assert result.metrics["tracking_error"] == Decimal(portfolio["trackingError"])


def test_where_only_the_summary_is_left_an_alpha_beta_and_treynor_of_0_mean_no_benchmark(recording: Recording) -> None:
    for name, has_alpha in (("dead-parameter", False), ("unknown-target", True)):
        for summary in recording(name).rglob("*-summary.json"):
            summary.with_name(summary.name.replace("-summary", "")).unlink()
        for result in _results(recording(name)):
            assert (result.metrics["alpha"] is not None) is has_alpha
            assert result.held is None


def test_buy_and_hold_is_that_of_the_benchmarks_chart(unpacked: Recording) -> None:
    held = {result.held for result in _results(unpacked("idle"))}
    assert len(held) == 1
    (found,) = held
    assert found is not None
    file = next(file for file in unpacked("idle").rglob("*-*-*-*-????????????.json"))
    points = json.loads(file.read_text(encoding="utf-8"))["charts"]["Benchmark"]["series"]["Benchmark"]["values"]
    levels = [level for _, level in points]
    changes = [after / before - 1 for before, after in pairwise(levels) if after != before]
    depths = [1 - level / peak for level, peak in zip(levels, accumulate(levels, max), strict=True)]
    annual = _annual(levels[0], levels[-1], (points[-1][0] - points[0][0]) / 86400)
    assert float(found.total_return) == pytest.approx(levels[-1] / levels[0] - 1, abs=1e-6)
    assert float(found.annual_return) == pytest.approx(annual, abs=1e-6)
    assert float(found.max_drawdown) == pytest.approx(max(depths), abs=1e-6)
    assert found.sharpe is not None
    sharpe = statistics.mean(changes) / statistics.stdev(changes) * 252**0.5
    assert float(found.sharpe) == pytest.approx(sharpe, abs=1e-5)


def test_the_days_of_the_benchmark_are_kept_and_make_its_return(unpacked: Recording, workspace: Path) -> None:
    shutil.copytree(PROJECT / "tests" / "prices" / "equity", workspace / "data" / "equity")
    results = [result for result in _results(unpacked("grid-72")) if result.made_a_trade]
    by_prices = Benchmark(workspace, "SPY").of_run(results).held
    by_chart = Benchmark(workspace, None).of_run(_results(unpacked("idle"))).held
    for held, ran in ((by_prices, results[0]), (by_chart, _results(unpacked("idle"))[0])):
        assert held is not None
        assert held.daily_returns is not None
        returns = unpack(held.daily_returns)
        assert (1 + returns.values).prod() - 1 == pytest.approx(float(held.total_return), abs=1e-5)
        sharpe = returns.values.mean() / returns.values.std(ddof=1) * 252**0.5
        assert sharpe == pytest.approx(float(held.sharpe or 0), abs=1e-4)
        # Most are days of the backtest: on the others the price stayed as it was, or the chart lacks a sample.
        days = unpack(ran.daily_returns or b"").days
        assert len(set(returns.days) & set(days)) > 0.98 * len(returns.days)
        assert str(ran.backtest_start) <= str(returns.days[0]) <= str(returns.days[-1]) <= str(ran.backtest_end)


def test_the_chart_of_a_run_is_compared_in_its_story_and_in_the_database(
    run_script: Run, ask: Ask, unpacked: Recording, database: Database
) -> None:
    done = run_script("results_importer.py", "--optimization-dir", unpacked("crashy"))
    rows = ask("SELECT * FROM backtest_results ORDER BY compounding_annual_return DESC")
    run = ask("SELECT * FROM optimization_runs")[0]
    for row in rows:
        whole = row["status"] == "completed"
        excess = row["compounding_annual_return"] - run["benchmark_annual_return"]
        assert row["excess_return"] == (excess if whole else None)
    best = max(row["excess_return"] for row in rows if row["excess_return"] is not None)
    assert run["benchmark"] == "SPY"  # the only ticker that was read
    returns = returns_of_benchmark(database, run["id"])
    assert returns is not None
    assert (1 + returns.values).prod() - 1 == pytest.approx(float(run["benchmark_return"]), abs=1e-5)
    assert (
        f"buy and hold of SPY over the same days: {run['benchmark_annual_return']:.1%} a year, "
        f"Sharpe {run['benchmark_sharpe']:.2f}, drawdown {run['benchmark_max_drawdown']:.1%}; "
        f"best excess: {best:.1%} a year\n"
    ) in done.stderr


def test_without_a_chart_the_prices_on_disk_are_compared_while_it_runs_and_after(
    replayed: Run, run_script: Run, strategy: Path, workspace: Path, ask: Ask
) -> None:
    _store(workspace / "data", f"{_FIRST:%Y%m%d},0.9,1,0\n20170614,0.95,1,0\n20501231,1,1,0\n")
    done = replayed("dead-parameter", strategy)
    run = ask("SELECT * FROM optimization_runs")[0]
    closes = _closes()
    # Bought the day before the first one, at 90 % of what it cost: a dividend followed that day, another one later.
    start, end = closes[0][1] * 0.9, closes[-1][1]
    assert float(run["benchmark_return"]) == pytest.approx(end / start - 1, abs=1e-6)
    days = (_LAST - _FIRST).days + 16 / 24
    assert float(run["benchmark_annual_return"]) == pytest.approx(_annual(start, end, days), abs=1e-6)
    assert run["benchmark"] == "SPY"
    rows = ask("SELECT * FROM backtest_results")
    for row in rows:
        assert row["excess_return"] == row["compounding_annual_return"] - run["benchmark_annual_return"]
        assert row["rejection_reasons"] == [
            f"Excess return too low: {row['excess_return']:.1%} < 2.0%",
            "Alpha: no benchmark, min_alpha cannot be checked",
        ]
    # The final import found nothing to change in what was stored while LEAN ran.
    assert ask("SELECT count(*) FROM backtest_results WHERE updated_at <> created_at") == [{"count": 0}]
    assert "buy and hold of SPY over the same days: " in done.stderr
    imported = run_script("results_importer.py", "--optimization-dir", workspace)
    assert "buy and hold of SPY over the same days: " in imported.stderr
    assert ask("SELECT * FROM backtest_results") == rows
    assert ask("SELECT * FROM optimization_runs") == [run]


def test_what_was_compared_once_stays_when_the_prices_are_gone_and_for_results_taken_again(
    replayed: Run, run_script: Run, strategy: Path, workspace: Path, ask: Ask
) -> None:
    _store(workspace / "data")
    replayed("dead-parameter", strategy)
    prices = workspace / "data" / "equity" / "usa" / "daily" / "spy.zip"
    kept = prices.rename(workspace / "kept.zip")
    compared = (
        "SELECT benchmark, benchmark_return, benchmark_returns::text FROM optimization_runs ORDER BY id DESC LIMIT 1"
    )
    excesses = "SELECT parameters, excess_return FROM backtest_results ORDER BY id DESC LIMIT 3"
    before = ask(compared), ask(excesses)
    assert before[0][0]["benchmark"] == "SPY"
    assert before[0][0]["benchmark_returns"] is not None
    run_script("results_importer.py", "--optimization-dir", workspace)
    assert (ask(compared), ask(excesses)) == before
    kept.rename(prices)  # without its prices nothing is taken again
    again = replayed("dead-parameter", strategy)
    assert "3 combinations are taken from earlier runs" in again.stderr
    assert ask("SELECT count(*) FROM optimization_runs") == [{"count": 2}]
    assert ask(compared) == before[0]
    assert {row["excess_return"] for row in ask(excesses)} == {row["excess_return"] for row in before[1]}
    assert "buy and hold of SPY over the same days: " in again.stderr


def test_a_result_that_was_taken_uncompared_is_compared_when_there_are_prices(workspace: Path) -> None:
    result = make_result({})
    figures = {**result.metrics, "compounding_annual_return": Decimal("0.1"), "excess_return": None}
    taken = replace(result, metrics=figures, reused_from=1)
    assert Benchmark(workspace, "SPY").compared(taken).metrics["excess_return"] is None
    _store(workspace / "data")
    compared = Benchmark(workspace, "SPY").compared(taken)
    assert compared.metrics["excess_return"] is not None
    assert Benchmark(workspace, None).compared(compared) == compared


def test_the_configs_ticker_is_the_benchmark(
    run_script: Run, ask: Ask, unpacked: Recording, workspace: Path, tmp_path: Path
) -> None:
    output = workspace / ".optimization" / "RSI_MeanReversion_ETF" / "2026-11-22_13-20-00"
    shutil.copytree(unpacked("dead-parameter") / "output", output)
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _LOOKBACK, more="backtest: {benchmark: gld}\n")
    _store(workspace / "data")
    done = run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    spy = workspace / "data" / "equity" / "usa" / "daily" / "spy.zip"
    assert f"buy and hold: not known, no daily prices in {spy.with_name('gld.zip')}\n" in done.stderr
    assert ask("SELECT benchmark, benchmark_return FROM optimization_runs")[0]["benchmark"] is None
    spy.rename(spy.with_name("gld.zip"))
    run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    assert ask("SELECT benchmark FROM optimization_runs") == [{"benchmark": "GLD"}]
    assert None not in {row["excess_return"] for row in ask("SELECT excess_return FROM backtest_results")}


def test_prices_that_do_not_cover_the_days_are_not_compared(
    run_script: Run, ask: Ask, unpacked: Recording, workspace: Path
) -> None:
    output = workspace / "some-run"
    shutil.copytree(unpacked("dead-parameter") / "output", output)
    store_prices(workspace / "data", "spy", "20141231", "20150102", "20201215")
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert "buy and hold: not known, the daily prices of SPY do not cover 2015-01-01 to 2020-12-31\n" in done.stderr
    assert ask("SELECT DISTINCT excess_return FROM backtest_results") == [{"excess_return": None}]


def test_without_any_benchmark_the_criteria_on_it_say_so(
    run_script: Run, ask: Ask, unpacked: Recording, strategy: Path
) -> None:
    done = run_script("results_importer.py", "--optimization-dir", unpacked("dead-parameter"), "--config", strategy)
    assert "buy and hold: not known, the run's folder is in no lean workspace that could have prices of SPY\n" in (
        done.stderr
    )
    assert ask("SELECT DISTINCT rejection_reasons, excess_return FROM backtest_results") == [
        {
            "rejection_reasons": [
                "Excess return: no benchmark, min_excess_return cannot be checked",
                "Alpha: no benchmark, min_alpha cannot be checked",
            ],
            "excess_return": None,
        }
    ]


def test_a_crashed_backtest_is_compared_with_nothing(run_script: Run, ask: Ask, unpacked: Recording) -> None:
    done = run_script("results_importer.py", "--optimization-dir", unpacked("backtest-crash"))
    assert "buy and hold" not in done.stderr
    row = ask("SELECT status, excess_return FROM backtest_results")
    assert row == [{"status": BacktestStatus.FAILED, "excess_return": None}]


def test_closes_are_adjusted_by_the_first_factor_that_reaches_their_day(tmp_path: Path) -> None:
    dividend, split = "20150105,0.9,0.5,100\n", "20150107,1,0.5,101\n"
    _store(tmp_path, f"{dividend}{split}20501231,1,1,0\n")
    raw = dict(_closes())
    adjusted = dict(adjusted_closes(tmp_path, "SPY"))
    assert adjusted.keys() == raw.keys()
    for day, factor in (("2015-01-02", 0.45), ("2015-01-05", 0.45), ("2015-01-06", 0.5), ("2015-01-07", 0.5)):
        assert adjusted[date.fromisoformat(day)] == raw[date.fromisoformat(day)] / 10_000 * factor
    assert adjusted[date(2015, 1, 8)] == raw[date(2015, 1, 8)] / 10_000


def test_factors_come_as_one_archive_too_and_may_be_missing(tmp_path: Path) -> None:
    _store(tmp_path, "20501231,0.5,1,0\n")
    single = adjusted_closes(tmp_path, "spy")
    folder = tmp_path / "equity" / "usa" / "factor_files"
    (folder / "spy.csv").unlink()
    assert adjusted_closes(tmp_path, "spy")[0][1] == 2 * single[0][1]
    with zipfile.ZipFile(folder / "factor_files_20210331.zip", "w") as archive:
        archive.writestr("spy.csv", "20501231,0.5,1,0\n")
    assert adjusted_closes(tmp_path, "spy") == single


def test_prices_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(PriceDataError, match=r"no daily prices in .*spy\.zip"):
        adjusted_closes(tmp_path, "SPY")
    _store(tmp_path, "20501231,half,1,0\n")
    with pytest.raises(PriceDataError, match=r"factor_files.spy\.csv cannot be read: could not convert"):
        adjusted_closes(tmp_path, "SPY")
