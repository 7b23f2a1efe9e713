"""What passes and why not, LEAN's optimum beside ours, and verdicts that outlive their files: through the scripts."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from strategy_testing.config.model import BacktestSettings
from strategy_testing.importing.price_check import short_period
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.results.contents import read_contents
from strategy_testing.results.folder import find_runs
from strategy_testing.verdict.criteria import compared_value
from support import PROJECT, ScriptResult, make_project, write_config
from test_price_data import store_prices

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
_GRID = (
    "    rsi_period: {start: 10, end: 20, step: 2}\n"
    "    entry_threshold: {start: 25, end: 35, step: 5}\n"
    "    exit_threshold: {start: 50, end: 65, step: 5}\n"
)
_LOOKBACK = "    lookback: {start: 2, end: 7, step: 1}\n"
_CRITERIA = "min_trades: 40, min_sharpe: 0.35, max_drawdown: 0.20"
_VERDICTS = (
    "SELECT optimization_run_id, backtest_id, meets_criteria, rejection_reasons, target_value FROM backtest_results "
    "ORDER BY optimization_run_id, backtest_id"
)


@pytest.fixture
def judged(run_script: Run, tmp_path: Path) -> Run:
    """Imports a folder by a config of the recorded strategy."""

    def run(folder: Path, parameters: str = _GRID, *more: object, **asked: Any) -> ScriptResult:
        config = write_config(tmp_path / "judged.yaml", "Recorded", parameters, **asked)
        return run_script("results_importer.py", "--optimization-dir", folder, "--config", config, *more)

    return run


def _statistics(folder: Path) -> dict[str, dict[str, Any]]:
    """LEAN's trade statistics by backtest, read anew."""
    files = [file for file in folder.rglob("*-summary.json") if "code" not in file.parts]
    documents = {file.name.removesuffix("-summary.json"): json.loads(file.read_text("utf-8")) for file in files}
    return {name: document["totalPerformance"]["tradeStatistics"] for name, document in documents.items()}


# Constraints


def test_a_combination_that_breaks_a_constraint_does_not_pass_and_says_by_how_much(
    judged: Run, unpacked: Recording, ask: Ask
) -> None:
    done = judged(unpacked("grid-72"), criteria=_CRITERIA, constraint="Drawdown < 0.15")
    assert done.last_line == "72 runs complete, 0 passed, best Sharpe: 0.4"
    rows = ask("SELECT max_drawdown, sharpe_ratio, rejection_reasons FROM backtest_results ORDER BY sharpe_ratio DESC")
    assert [row["rejection_reasons"] for row in rows[:3]] == [
        [f"Constraint not met: Drawdown {row['max_drawdown'] * 100:.1f}% < 15.0%"] for row in rows[:3]
    ]
    for row in rows:
        broken = [reason for reason in row["rejection_reasons"] if reason.startswith("Constraint not met: ")]
        assert bool(broken) is (row["max_drawdown"] >= Decimal("0.15"))


def test_constraints_alone_are_judged_by(judged: Run, unpacked: Recording, ask: Ask) -> None:
    done = judged(unpacked("grid-72"), constraint="Total Trades >= 60")
    few = ask("SELECT count(*) AS n FROM backtest_results WHERE total_trades < 60")[0]["n"]
    assert 0 < few < 72
    assert done.last_line == f"72 runs complete, {72 - few} passed, best Sharpe: 0.4"


def test_a_figure_that_is_not_stored_can_be_a_constraint_and_the_target(
    judged: Run, unpacked: Recording, ask: Ask
) -> None:
    path = "TotalPerformance.TradeStatistics.AverageMAE"
    judged(unpacked("grid-72"), target=path.lower(), constraint=f"{path} > -70")
    lean = _statistics(unpacked("grid-72"))
    rows = ask(_VERDICTS)
    passing = [Decimal(lean[row["backtest_id"]]["averageMAE"]) for row in rows if row["meets_criteria"]]
    assert 0 < len(passing) < 72
    assert all(row["target_value"] == Decimal(lean[row["backtest_id"]]["averageMAE"]) for row in rows)
    assert all(row["meets_criteria"] is (row["target_value"] > -70) for row in rows)
    best = ask("SELECT best_backtest_id AS id FROM optimization_runs")[0]["id"]
    assert Decimal(lean[best]["averageMAE"]) == max(passing)


def test_without_its_files_the_verdict_by_such_a_constraint_stays(
    judged: Run, run_script: Run, recording: Recording, ask: Ask
) -> None:
    folder = recording("dead-parameter")
    path = "TotalPerformance.TradeStatistics.AverageMAE"
    assert ", 3 passed," in judged(
        folder, "    rsi_lookback: {start: 10, end: 14, step: 2}\n", constraint=f"{path} > -9999"
    ).last_line  # fmt: skip
    shutil.rmtree(folder)
    again = run_script("results_importer.py", "--rejudge")
    assert again.stdout == "judged 1 run again: 0 verdicts changed\n"
    assert ask("SELECT meets_criteria, rejection_reasons AS why FROM backtest_results") == [
        {"meets_criteria": True, "why": []}
    ] * 3  # fmt: skip


def test_fees_are_compared_as_leans_optimizer_does_those_of_closed_trades(unpacked: Recording) -> None:
    (run,) = find_runs(unpacked("euler-whole"))
    for result in read_contents(run).results:  # each still holds a position at the end
        (fees, _), stored = compared_value(result, "Total Fees"), result.metrics["total_fees"]
        assert fees is not None
        assert stored == fees + 1
        assert compared_value(replace(result, other_statistics={}), "Total Fees") == (stored, Unit.DOLLARS)


# LEAN's optimum and ours


def test_leans_optimum_that_does_not_pass_is_named_with_its_reasons_and_the_best_that_passes(
    run_script: Run, unpacked: Recording, ask: Ask
) -> None:
    done = run_script("results_importer.py", "--optimization-dir", unpacked("grid-72"), "--config", EXAMPLE)
    optimum = "777f3e11-893a-4321-85f7-dfb80192809b"
    reasons = ask("SELECT rejection_reasons FROM backtest_results WHERE backtest_id = %s", optimum)[0]
    assert reasons["rejection_reasons"]
    warning = (
        "LEAN's optimum entry_threshold=30, exit_threshold=50, rsi_period=18 (Sharpe Ratio -0.1388) does not pass: "
        f"{', '.join(reasons['rejection_reasons'])}; the best that passes is "
    )
    run = ask("SELECT * FROM optimization_runs")[0]
    assert f"warning: {warning}" in done.stderr
    assert run["warnings"][0].startswith(warning)
    assert run["warnings"][0].endswith(" (Sharpe Ratio 0.4075)")
    assert run["lean_best_backtest_id"] == optimum
    best = ask("SELECT * FROM backtest_results WHERE meets_criteria ORDER BY target_value DESC")[0]
    assert (run["best_backtest_id"], best["target_value"]) == (best["backtest_id"], best["sharpe_ratio"])


@pytest.mark.parametrize(
    ("recording", "parameters", "optimum", "why"),
    [
        ("crashy", _LOOKBACK, "lookback=6 (Sharpe Ratio 1.8993)", "Backtest failed: 2019-03-27 16:00:00 Runtime Error"),
        ("idle", "    level: {start: 0, end: 4, step: 1}\n", "level=1 (Sharpe Ratio 0)", "No trades; none passes"),
    ],
)
def test_an_optimum_that_crashed_or_never_traded_is_named(
    recording: str, parameters: str, optimum: str, why: str, judged: Run, unpacked: Recording, ask: Ask
) -> None:
    done = judged(unpacked(recording), parameters, criteria="min_sharpe: -10", constraint="Drawdown < 0.15")
    assert f"warning: LEAN's optimum {optimum} does not pass: {why}" in done.stderr
    run = ask("SELECT best_backtest_id, lean_best_backtest_id FROM optimization_runs")[0]
    assert run["lean_best_backtest_id"] is not None
    assert run["best_backtest_id"] != run["lean_best_backtest_id"]


def test_where_both_agree_nothing_is_said(replayed: Run, workspace: Path, ask: Ask) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    done = replayed("grid-72", EXAMPLE)
    assert "LEAN's optimum" not in done.stderr
    run = ask("SELECT best_backtest_id, lean_best_backtest_id FROM optimization_runs")[0]
    assert run["best_backtest_id"] == run["lean_best_backtest_id"] is not None


def test_the_smallest_value_is_the_best_where_the_config_says_so(
    run_script: Run, unpacked: Recording, ask: Ask, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.yaml", "R", _GRID, criteria="min_trades: 40", target="Drawdown")
    config.write_text(config.read_text("utf-8").replace("direction: max", "direction: min"), encoding="utf-8")
    run_script("results_importer.py", "--optimization-dir", unpacked("grid-72"), "--config", config)
    smallest = ask("SELECT min(max_drawdown) AS it FROM backtest_results WHERE meets_criteria")[0]["it"]
    assert ask(
        "SELECT target_metric, target_direction, target_value FROM optimization_runs AS runs "
        "INNER JOIN backtest_results ON backtest_id = best_backtest_id AND optimization_run_id = runs.id"
    ) == [{"target_metric": "Drawdown", "target_direction": "min", "target_value": smallest}]


# The period


def _dated(file: Path, start: str = "2013-01-01", end: str = "2020-12-31") -> Path:
    period = f"backtest: {{start_date: {start}, end_date: {end}, initial_capital: 5000}}\n"
    return write_config(file, "RSI_MeanReversion_ETF", _GRID, criteria=_CRITERIA, more=period)


def test_a_pilot_of_other_dates_stops_the_run_unless_forced_and_nothing_of_it_passes(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    config = _dated(tmp_path / "c.yaml")
    period = "Other period: 2012-01-03 to 2020-12-31 instead of 2013-01-01 to 2020-12-31"
    done = replayed("grid-72", config, env={"LEAN_REPLAY_ANY": "1"})
    assert (done.last_line, done.exit_code) == ("0 runs complete, not judged, best Sharpe: n/a", 24)
    assert f"failed: the pilot backtest did not keep to the config's dates: {period}; " in done.stderr
    assert ask("SELECT status FROM optimization_runs") == [{"status": "failed"}]
    for option in ("--force", "--no-pilot"):
        done = replayed("grid-72", config, option, "--fresh", env={"LEAN_REPLAY_ANY": "1"})
        assert (done.last_line, done.exit_code) == ("72 runs complete, 0 passed, best Sharpe: 0.4", 0)
        assert all(period in row["rejection_reasons"] for row in ask(_VERDICTS))


def test_prices_that_do_not_cover_the_period_stop_after_the_pilot_unless_forced(
    replayed: Run, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    for ticker, first in (("spy", "20160104"), ("qqq", "20160104"), ("iwm", "20170103")):
        store_prices(workspace / "data", ticker, first, "20201231")
    done = replayed("grid-72", EXAMPLE)
    assert (done.last_line, done.exit_code) == ("0 runs complete, not judged, best Sharpe: n/a", 24)
    late = "QQQ: its daily prices begin on 2016-01-04, after start_date 2012-01-03"
    assert "failed: the prices do not cover the period: IWM: " in done.stderr
    again = replayed("grid-72", EXAMPLE, "--resume")
    assert (again.last_line, again.exit_code) == ("0 runs complete, not judged, best Sharpe: n/a", 24)
    store_prices(workspace / "data", "spy", "20120103", "20201231")
    of_one = replayed("grid-72", EXAMPLE)
    assert (of_one.last_line, of_one.exit_code) == ("72 runs complete, 3 passed, best Sharpe: 0.4", 0)
    assert f"! price data: {late}" in of_one.stderr


def test_a_benchmark_with_prices_does_not_hide_that_those_of_what_is_traded_are_short(workspace: Path) -> None:
    asked = BacktestSettings(date(2012, 1, 3), date(2020, 12, 31), benchmark="SPY")
    for ticker, last in (("spy", "20201231"), ("xlf", "20160331")):
        store_prices(workspace / "data", ticker, "20120103", last)
    lists = "/equity/usa/daily/xlf.zip\n/equity/usa/daily/spy.zip\n/equity/usa/hour/qqq.zip\n"
    (workspace / "succeeded-data-requests-1.txt").write_text(lists, encoding="utf-8")
    assert short_period(workspace, asked) == (None, date(2016, 3, 31))
    assert short_period(workspace, replace(asked, benchmark=None)) == (None, None)


def test_without_a_pilot_nothing_passes_whose_prices_all_miss_the_period(
    replayed: Run, run_script: Run, workspace: Path, ask: Ask
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    for ticker, first in (("spy", "20160104"), ("qqq", "20170103"), ("iwm", "20160104")):
        store_prices(workspace / "data", ticker, first, "20201231")
    done = replayed("grid-72", EXAMPLE, "--no-pilot")
    assert (done.last_line, done.exit_code) == ("72 runs complete, 0 passed, best Sharpe: 0.4", 0)
    period = "Other period: 2016-01-04 to 2020-12-31 instead of 2012-01-03 to 2020-12-31"
    assert all(row["rejection_reasons"][0] == period for row in ask(_VERDICTS))
    taken = replayed("grid-72", EXAMPLE, "--no-pilot")
    assert (taken.last_line, taken.exit_code) == ("72 runs complete, 0 passed, best Sharpe: 0.4", 0)
    before = ask(_VERDICTS)
    assert {row["rejection_reasons"][0] for row in before} == {period}
    store_prices(workspace / "data", "spy", "20120103", "20201231")  # filled later, which changes no result
    run_script("results_importer.py", "--optimization-dir", workspace / ".optimization", "--all")
    assert ask(_VERDICTS) == before
    for summary in list((workspace / ".optimization").rglob("*-summary.json")):
        shutil.rmtree(summary.parent)
    run_script("results_importer.py", "--optimization-dir", workspace / ".optimization", "--all")
    assert ask(_VERDICTS) == before
    shutil.rmtree(workspace / ".optimization")
    assert run_script("results_importer.py", "--rejudge").stdout == "judged 2 runs again: 0 verdicts changed\n"
    assert ask(_VERDICTS) == before


def test_tickers_without_any_price_are_named(judged: Run, recording: Recording, ask: Ask) -> None:
    folder = recording("crashy")
    for backtest in (file.parent for file in folder.rglob("*-summary.json")):
        (backtest / "failed-data-requests-1.txt").write_text(
            "/equity/usa/daily/xlf.zip\n/equity/usa/daily/xle.zip\n/equity/usa/hour/spy.zip\n"
            "/equity/usa/minute/qqq/20190102_quote.zip\n/future/cme/daily/es_openinterest.zip\n",
            encoding="utf-8",
        )
        with (backtest / "succeeded-data-requests-1.txt").open("a", encoding="utf-8") as file:
            file.write("/equity/usa/minute/qqq/20190103_trade.zip\n/future/cme/daily/es_trade.zip\n")
    done = judged(folder, _LOOKBACK, criteria="min_sharpe: -10")
    assert (
        "warning: no prices of XLE, XLF in 3 of 3 backtests; get them with `lean data download`, or leave these "
        "tickers out\n"
    ) in done.stderr


# Importing again


def test_importing_again_without_a_config_erases_no_verdict(
    judged: Run, run_script: Run, recording: Recording, ask: Ask
) -> None:
    folder = recording("crashy")
    options = "extra_config: {vendor-secret: s3cret, vendor-key: 12345}, extra_arguments: [--polygon-api-key, s3cret]"
    secrets = f"lean: {{{options}}}\n"
    asked = {"criteria": "min_sharpe: -0.20, max_drawdown: 0.5", "constraint": "Drawdown < 0.20", "more": secrets}
    first = judged(folder, _LOOKBACK, **asked)
    before = ask(_VERDICTS), ask("SELECT * FROM optimization_runs")
    assert "not judged" not in first.last_line
    again = run_script("results_importer.py", "--optimization-dir", folder)
    assert (again.stdout, again.exit_code) == (first.stdout, first.exit_code)
    assert (ask(_VERDICTS), ask("SELECT * FROM optimization_runs")) == before
    ask("UPDATE optimization_runs SET config = NULL")  # as a database from before configs were stored
    assert run_script("results_importer.py", "--optimization-dir", folder).stdout == first.stdout
    assert ask(_VERDICTS) == before[0]


def test_results_whose_files_are_gone_are_judged_with_the_others(judged: Run, recording: Recording, ask: Ask) -> None:
    folder = recording("crashy")
    judged(folder, _LOOKBACK, criteria="min_sharpe: -10")
    assert [row["meets_criteria"] for row in ask(_VERDICTS)].count(True) == 3
    gone = next(file.parent for file in folder.rglob("*-summary.json"))
    shutil.rmtree(gone)
    done = judged(folder, _LOOKBACK, criteria="min_sharpe: 10")
    assert done.last_line.startswith("6 runs complete (3 failed), 0 passed")
    assert [row["meets_criteria"] for row in ask(_VERDICTS)] == [False] * 6


def test_naming_a_strategy_moves_a_run_and_its_results(
    judged: Run, run_script: Run, recording: Recording, ask: Ask
) -> None:
    folder = recording("crashy")
    judged(folder, _LOOKBACK, criteria="min_sharpe: -10")
    ask("INSERT INTO strategies (name, lean_project_path) VALUES ('Right', 'Projects/Right')")
    for again in (["--strategy", "Right"], []):  # and it stays there
        run_script("results_importer.py", "--optimization-dir", folder, *again)
        assert ask("SELECT strategy, combinations, passed FROM strategy_leaderboard") == [
            {"strategy": "Right", "combinations": 6, "passed": 3}
        ]
    assert ask("SELECT name, status, lean_project_path FROM strategies ORDER BY name") == [
        {"name": "Recorded", "status": "planned", "lean_project_path": "Recorded"},
        {"name": "Right", "status": "passed", "lean_project_path": "Projects/Right"},
    ]


def _pretend_to_run(ask: Ask, run: int) -> None:
    process = psutil.Process(os.getpid())
    ask(
        "UPDATE optimization_runs SET status = 'running', runner_host = %s, runner_pid = %s, "
        "runner_started_at = to_timestamp(%s) WHERE id = %s",
        socket.gethostname(), process.pid, process.create_time(), run,
    )  # fmt: skip


def test_a_running_run_is_not_moved(run_script: Run, unpacked: Recording, ask: Ask) -> None:
    run_script("results_importer.py", "--optimization-dir", unpacked("idle"))
    _pretend_to_run(ask, 1)
    done = run_script("results_importer.py", "--optimization-dir", unpacked("idle"), "--strategy", "Right")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error: run 1 is still running; move it to another strategy when it has ended\n" in done.stderr
    assert ask("SELECT name FROM strategies") == [{"name": "idle"}]


def test_the_config_of_another_strategy_is_refused_and_nothing_changes(
    judged: Run, unpacked: Recording, ask: Ask, tmp_path: Path
) -> None:
    judged(unpacked("crashy"), _LOOKBACK, criteria="min_sharpe: -10")
    everything = [f"SELECT * FROM {table} ORDER BY id" for table in ("strategies", "optimization_runs")]
    before = [ask(query) for query in (*everything, _VERDICTS)]
    done = judged(unpacked("crashy"), _GRID, criteria="min_sharpe: 3")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"error: {tmp_path / 'judged.yaml'}: is not the config of {unpacked('crashy') / 'output'}" in done.stderr
    assert "unknown to them: rsi_period, entry_threshold, exit_threshold; name the config" in done.stderr
    assert [ask(query) for query in (*everything, _VERDICTS)] == before


def test_a_run_may_leave_parameters_of_its_config_to_the_strategy(judged: Run, unpacked: Recording, ask: Ask) -> None:
    done = judged(unpacked("crashy"), f"{_LOOKBACK}    stop: {{values: [0.05]}}\n", criteria="min_sharpe: -10")
    assert done.last_line == "6 runs complete (3 failed), 3 passed, best Sharpe: -0.4"
    assert ask("SELECT count(*) AS n FROM backtest_results WHERE meets_criteria") == [{"n": 3}]


# Judging again


def test_rejudge_takes_every_run_by_its_own_config(
    judged: Run, run_script: Run, recording: Recording, ask: Ask
) -> None:
    judged(recording("grid-72"), criteria=_CRITERIA, constraint="Drawdown < 0.15")
    judged(recording("crashy"), _LOOKBACK, criteria="min_sharpe: -10")
    run_script("results_importer.py", "--optimization-dir", recording("idle"))
    judged(recording("dead-parameter"), "    rsi_lookback: {start: 10, end: 14, step: 2}\n", criteria="min_sharpe: -1")
    judged(recording("euler-whole"), "    lookback: {start: 2, end: 18, step: 1}\n", criteria="min_sharpe: 0")
    truth = ask(_VERDICTS)
    # As an older version left them: criteria alone judged, less was stored.
    ask("UPDATE backtest_results SET target_value = NULL, expectancy = NULL, source_signs = NULL, also_read = NULL")
    ask("UPDATE optimization_runs SET best_backtest_id = NULL")
    flipped = ask(
        "UPDATE backtest_results SET meets_criteria = TRUE, rejection_reasons = '{}' "
        "WHERE optimization_run_id = 1 AND sharpe_ratio > 0.35 RETURNING id"
    )
    ask("UPDATE backtest_results SET meets_criteria = FALSE WHERE optimization_run_id = 2 AND status = 'completed'")
    shutil.rmtree(recording("crashy"))
    _pretend_to_run(ask, 5)
    unknown = '{"min_luck": 7}'
    ask("UPDATE optimization_runs SET config = jsonb_set(config, '{success_criteria}', %s) WHERE id = 4", unknown)
    done = run_script("results_importer.py", "--rejudge")
    assert (done.stdout, done.exit_code) == (f"judged 3 runs again: {len(flipped) + 3} verdicts changed\n", 4)
    assert f"run 1 of Recorded: {len(flipped)} verdicts changed; 0 pass now" in done.stderr
    assert "run 2 of Recorded: 3 verdicts changed; 3 pass now" in done.stderr
    assert "warning: run 4 of Recorded was not judged again: " in done.stderr
    assert "success_criteria.min_luck: unknown criterion" in done.stderr
    assert "run 5 of Recorded is still running and left alone" in done.stderr
    healed = [row for row in ask(_VERDICTS) if row["optimization_run_id"] < 4]
    assert healed == [row for row in truth if row["optimization_run_id"] < 4]
    filled = ask("SELECT DISTINCT optimization_run_id FROM backtest_results WHERE expectancy IS NOT NULL ORDER BY 1")
    assert [row["optimization_run_id"] for row in filled] == [1, 3]  # the folders that still stand and can be imported
    best = ask("SELECT id FROM optimization_runs WHERE best_backtest_id IS NOT NULL ORDER BY id")
    assert best == [{"id": 2}]
    before = ask("SELECT * FROM backtest_results ORDER BY id"), ask("SELECT * FROM optimization_runs ORDER BY id")
    assert run_script("results_importer.py", "--rejudge").stdout == "judged 3 runs again: 0 verdicts changed\n"
    after = ask("SELECT * FROM backtest_results ORDER BY id"), ask("SELECT * FROM optimization_runs ORDER BY id")
    assert after == before


def test_rejudge_leaves_verdicts_without_a_config_and_a_folder(run_script: Run, recording: Recording, ask: Ask) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("idle"))
    shutil.rmtree(recording("idle"))
    ask("UPDATE backtest_results SET meets_criteria = TRUE")
    before = ask(_VERDICTS)
    done = run_script("results_importer.py", "--rejudge")
    assert (done.stdout, done.exit_code) == ("judged 0 runs again: 0 verdicts changed\n", 4)
    assert "its folder is gone and no config of it is stored; its verdicts are left as they are" in done.stderr
    assert ask(_VERDICTS) == before


@pytest.mark.parametrize("other", [["--all"], ["--strategy", "X"], ["--optimization-dir", "."], ["--config", "c.yaml"]])
def test_rejudge_goes_alone(other: list[str], run_script: Run) -> None:
    done = run_script("results_importer.py", "--rejudge", *other)
    assert done.exit_code == 2
    assert other[0] in done.stderr
