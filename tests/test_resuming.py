"""Runs that go on where they stopped, results that are not computed twice, runs whose runner is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fault_bench import USERS, Fault, fault
from strategy_testing.database.connection import Database
from strategy_testing.importing.owner import holding
from support import PROJECT, READS_ANYTHING, ScriptResult, make_project, processes_of, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]

_GRID = (
    "    rsi_period: {start: 14, end: 18, step: 2}\n"
    "    entry_threshold: {start: 25, end: 35, step: 5}\n"
    "    exit_threshold: {start: 50, end: 65, step: 5}\n"
)
_FEW = (
    "    rsi_period: {start: 10, end: 14, step: 2}\n"
    "    entry_threshold: {values: [35]}\n"
    "    exit_threshold: {start: 50, end: 65, step: 5}\n"
)
_OF_THE_GRID = _FEW.replace("start: 10, end: 14", "start: 14, end: 18")
_COLUMNS = "parameters, sharpe_ratio, total_return, total_trades, meets_criteria, rejection_reasons, status"
_ROWS = f"SELECT {_COLUMNS} FROM backtest_results WHERE optimization_run_id = %s ORDER BY combination"


@pytest.fixture
def config(tmp_path: Path, workspace: Path) -> Path:
    make_project(workspace, "RSI_MeanReversion_ETF")
    criteria = "min_trades: 40, min_sharpe: 0.35, max_drawdown: 0.20"
    return write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _GRID, criteria=criteria)


@pytest.fixture
def start(
    database_url: str, unpacked: Callable[[str], Path], workspace: Path, tmp_path: Path
) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts the runner in the background."""

    def run(config: Path, speed: int, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config)]
        command += ["--workspace", str(workspace), "--leaderboard", str(tmp_path / "l.md"), *arguments]
        environment = os.environ | {
            "PATH": f"{PROJECT / 'tests' / 'replay' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "DATABASE_URL": database_url,
            "LEAN_REPLAY_RECORDING": str(unpacked("grid-72")),
            "LEAN_REPLAY_SPEED": str(speed),
            "LEAN_REPLAY_STATE": str(workspace.parent / "replay-state"),
            "REPLAY_PYTHON": sys.executable,
        }
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return run


@contextmanager
def _first_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", str(PROJECT / "tests" / "replay" / "bin"), prepend=os.pathsep)
    yield


def _wait_for(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def _count(ask: Ask) -> int:
    return int(ask("SELECT count(*) AS n FROM backtest_results")[0]["n"])


def _commands(ask: Ask, run: int) -> int:
    """How many `lean optimize` the run was."""
    command = ask("SELECT command FROM optimization_runs WHERE id = %s", run)[0]["command"]
    return int(command.count("lean optimize "))


def test_each_backtest_is_stored_while_the_run_goes_on(
    start: Callable[..., "subprocess.Popen[str]"], config: Path, ask: Ask, workspace: Path
) -> None:
    process = start(config, 40)
    late = 0
    try:
        _wait_for(lambda: _count(ask) >= 3)
        while process.poll() is None and late < 20:
            # Complete for two seconds: the monitor report is the last file of a backtest but one.
            old = time.time() - 2
            complete = sum(
                report.stat().st_mtime < old for report in workspace.glob(".optimization/*/*/*-*/data-monitor-report-*")
            )
            assert _count(ask) >= complete
            late += 1
            time.sleep(0.2)
        assert ask("SELECT status FROM optimization_runs") == [{"status": "running"}]
        assert ask("SELECT combinations FROM daily_summary")[0]["combinations"] > 0
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert late == 20


def test_an_interrupted_run_goes_on_to_the_same_rows_as_an_undisturbed_one(
    start: Callable[..., "subprocess.Popen[str]"], replayed: Run, config: Path, ask: Ask
) -> None:
    process = start(config, 40)
    _wait_for(lambda: _count(ask) >= 7)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (stdout, process.returncode) == ("", 130)
    run = ask("SELECT id, status FROM optimization_runs")[0]
    assert run["status"] == "interrupted"
    assert f"finished backtests stored; go on with --resume {run['id']}" in stderr
    had = _count(ask)
    resumed = replayed("grid-72", config, "--resume")
    assert (resumed.stdout, resumed.exit_code) == ("36 runs complete, 3 passed, best Sharpe: 0.4\n", 0)
    assert f"resuming run {run['id']}, the newest unfinished one" in resumed.stderr
    assert f"run {run['id']}: running {36 - had} combinations" in resumed.stderr
    assert f"36/36 backtests finished, {had} known before, 3 passing, " in resumed.stderr
    after = ask("SELECT id, status, completed_combinations, error_message FROM optimization_runs")
    assert after == [{"id": run["id"], "status": "completed", "completed_combinations": 36, "error_message": None}]
    assert _count(ask) == 36
    assert _commands(ask, run["id"]) == 2
    whole = replayed("grid-72", config, "--fresh")
    assert whole.exit_code == 0
    runs = [row["id"] for row in ask("SELECT id FROM optimization_runs ORDER BY id")]
    assert ask(_ROWS, runs[0]) == ask(_ROWS, runs[1])
    again = replayed("grid-72", config, "--resume", run["id"])
    assert "has a result for every combination; nothing is left to run" in again.stderr
    assert again.stdout == "36 runs complete, 3 passed, best Sharpe: 0.4\n"


_OF_ANALYSES = ("walk_forward_summary", "walk_forward_windows_view")
_OF_RUNS = ("weekly_throughput", "run_health", "strategy_history", "next_steps", "luck_of_runs")
_VIEWS = {
    "strategy_leaderboard": ("runs", "last_run_at", "optimization_run_id"),
    "combination_leaderboard": ("optimization_run_id", "backtest_result_id"),
    "near_misses": ("optimization_run_id", "backtest_result_id"),
    "parameter_heatmap": (),
    "daily_summary": ("runs",),
    "parameter_performance": (),
    "rejection_summary": (),
    "fee_analysis": ("optimization_run_id",),
    "luck": ("optimization_run_id", "backtest_result_id"),
    "trials_per_strategy": ("runs",),
}
"""The views, and what rightly differs in each after a further run: the number of runs, its time, its own line."""


def _figures(ask: Ask) -> dict[str, list[dict[str, Any]]]:
    """What the views show; equal lines of several runs are one."""
    figures: dict[str, list[dict[str, Any]]] = {}
    for view, differing in _VIEWS.items():
        figures[view] = []
        for row in ask(f"SELECT * FROM {view}"):
            same = {name: value for name, value in row.items() if name not in differing}
            if same not in figures[view]:
                figures[view].append(same)
        figures[view].sort(key=str)
    return figures


def test_a_config_that_is_run_again_or_interrupted_and_resumed_leaves_every_figure_as_it_is(
    start: Callable[..., "subprocess.Popen[str]"], replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    criteria = "min_trades: 50, min_sharpe: 0.3, max_drawdown: 0.25"
    few = write_config(tmp_path / "few.yaml", "RSI_MeanReversion_ETF", _FEW, criteria=criteria)
    line = "12 runs complete, 3 passed, best Sharpe: 0.4\n"
    assert replayed("grid-72", few).stdout == line
    once = _figures(ask)
    assert all(once.values())
    views = ask("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
    assert {view["viewname"] for view in views} == {*_VIEWS, "latest_results", *_OF_ANALYSES, *_OF_RUNS}
    assert replayed("grid-72", few).stdout == line
    assert ask(
        "SELECT completed_combinations, reused_combinations FROM optimization_runs ORDER BY id DESC LIMIT 1"
    ) == [{"completed_combinations": 12, "reused_combinations": 12}]
    assert _figures(ask) == once
    process = start(few, 20, "--fresh")
    _wait_for(lambda: _count(ask) >= 24 + 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert replayed("grid-72", few, "--resume").stdout == line
    assert _count(ask) == 36
    assert _figures(ask) == once
    # Of a result whose origin is removed, what was taken from it remains.
    ask("DELETE FROM optimization_runs WHERE id = (SELECT min(id) FROM optimization_runs)")
    assert _figures(ask) == once


def test_failed_combinations_are_run_again_only_when_asked(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "Crashy")
    parameters = "    lookback: {start: 2, end: 7, step: 1}\n"
    config = write_config(tmp_path / "c.yaml", "Crashy", parameters)
    replayed("crashy", config)
    nothing = replayed("crashy", config, "--resume")
    assert "nothing is left to run" in nothing.stderr
    assert nothing.exit_code == 4
    again = replayed("crashy", config, "--resume", "--retry-failed")
    assert "running 3 combinations of Crashy" in again.stderr
    assert (again.last_line, again.exit_code) == ("6 runs complete (3 failed), not judged, best Sharpe: -0.4", 4)
    assert ask("SELECT failed_combinations, completed_combinations FROM optimization_runs") == [
        {"failed_combinations": 3, "completed_combinations": 3}
    ]
    assert _count(ask) == 9


def test_computed_combinations_are_taken_from_earlier_runs(
    replayed: Run, workspace: Path, config: Path, ask: Ask, tmp_path: Path
) -> None:
    few = write_config(tmp_path / "few.yaml", "RSI_MeanReversion_ETF", _OF_THE_GRID)
    assert replayed("grid-72", few).exit_code == 0
    whole = replayed("grid-72", config)
    assert (whole.stdout, whole.exit_code) == ("36 runs complete, 3 passed, best Sharpe: 0.4\n", 0)
    assert "12 combinations are taken from earlier runs of the same code" in whole.stderr
    assert "running 24 combinations" in whole.stderr
    assert "36/36 backtests finished, 12 known before, 3 passing, " in whole.stderr
    run = ask("SELECT * FROM optimization_runs ORDER BY id DESC")[0]
    assert (run["status"], run["reused_combinations"], run["completed_combinations"]) == ("completed", 12, 36)
    assert _commands(ask, run["id"]) == 1
    # Judged by the new config, though the old one asked for nothing.
    assert ask("SELECT count(*) FROM backtest_results WHERE reused_from IS NOT NULL AND meets_criteria IS NULL") == [
        {"count": 0}
    ]
    third = replayed("grid-72", config)
    assert "36 combinations are taken from earlier runs" in third.stderr
    assert "running 0 combinations" in third.stderr
    best = "entry_threshold=35, exit_threshold=65, rsi_period=16"
    assert f"36/36 backtests finished, 36 known before, 3 passing, best Sharpe Ratio 0.41: {best}, " in third.stderr
    assert third.stdout == "36 runs complete, 3 passed, best Sharpe: 0.4\n"
    (workspace / "RSI_MeanReversion_ETF" / "main.py").write_text(READS_ANYTHING + "# changed\n", encoding="utf-8")
    changed = replayed("grid-72", few)
    assert "taken from earlier runs" not in changed.stderr
    assert "running 12 combinations" in changed.stderr


def test_a_run_whose_runner_was_killed_is_recovered_by_the_next_start(
    start: Callable[..., "subprocess.Popen[str]"],
    replayed: Run,
    config: Path,
    workspace: Path,
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = start(config, 40)
    _wait_for(lambda: _count(ask) >= 4)
    process.kill()
    process.communicate(timeout=30)
    assert ask("SELECT status FROM optimization_runs") == [{"status": "running"}]
    make_project(workspace, "Idle")
    other = write_config(tmp_path / "idle.yaml", "Idle", "    level: {start: 0, end: 4, step: 1}\n")
    with _first_on_path(monkeypatch):
        done = replayed("idle", other)
    assert done.exit_code == 0
    orphan = ask("SELECT id, status, error_message FROM optimization_runs ORDER BY id")[0]
    assert orphan["status"] == "interrupted"
    assert orphan["error_message"].startswith("its runner was killed or the machine went down")
    assert f"run {orphan['id']} was left behind by a runner that is gone" in done.stderr
    assert f"go on with --resume {orphan['id']}" in done.stderr
    assert processes_of(workspace) == []
    on_disk = len(list(workspace.glob(".optimization/RSI_*/*/*-*/data-monitor-report-*")))
    stored = ask("SELECT count(*) AS n FROM backtest_results WHERE optimization_run_id = %s", orphan["id"])[0]["n"]
    assert stored >= on_disk
    resumed = replayed("grid-72", config, "--resume", orphan["id"])
    assert resumed.stdout == "36 runs complete, 3 passed, best Sharpe: 0.4\n"


@pytest.mark.parametrize(
    ("arguments", "message", "exit_code"),
    [
        (["--resume", "99"], "error: --resume 99: no such run; the table optimization_runs lists them", 2),
        (["--resume"], "error: --resume: no unfinished run of RSI_MeanReversion_ETF; start a new one", 2),
    ],
)
def test_what_cannot_be_resumed_is_told(
    arguments: list[str], message: str, exit_code: int, replayed: Run, config: Path
) -> None:
    done = replayed("grid-72", config, *arguments)
    assert (done.stdout, done.exit_code) == ("", exit_code)
    assert message in done.stderr


def test_a_folder_that_the_runner_did_not_make_is_not_resumed(
    run_script: Run, replayed: Run, config: Path, ask: Ask, recording: Callable[[str], Path]
) -> None:
    folder = recording("interrupted") / "output"
    assert run_script("results_importer.py", "--optimization-dir", folder).exit_code == 4
    run = ask("SELECT id FROM optimization_runs")[0]["id"]
    done = replayed("grid-72", config, "--resume", run)
    assert (done.stdout, done.exit_code) == ("", 5)
    assert f"run {run}: its folder {folder} is gone or was not made by the runner; start a new run" in done.stderr


@fault(
    USERS,
    Fault(
        "two-resumes",
        "Two runners resume one run at the same moment",
        "One goes on with it; the other is refused and touches nothing",
        "partial",
        2,
        "Nothing",
    ),
)
def test_of_two_that_resume_a_run_one_does_and_changed_code_is_not_mixed_into_it(
    row: Fault, replayed: Run, workspace: Path, tmp_path: Path, database: Database, ask: Ask
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    parameters = "    rsi_period: {start: 8, end: 18, step: 1}\n"
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", parameters)
    assert replayed("container-killed", config).exit_code == 21
    (manifest,) = workspace.glob(".optimization/*/*/run-manifest.json")
    before = manifest.read_text(encoding="utf-8"), ask("SELECT status, command FROM optimization_runs")
    with holding(database, 1):  # as the other one does
        done = replayed("container-killed", config, "--resume")
    assert (done.stdout, done.exit_code, before[1][0]["status"]) == ("", row.exit_code, row.status)
    assert "error: run 1 is still running; wait for it, or stop its runner first\n" in done.stderr
    assert before == (manifest.read_text(encoding="utf-8"), ask("SELECT status, command FROM optimization_runs"))
    make_project(workspace, "RSI_MeanReversion_ETF", READS_ANYTHING + "# changed\n")
    done = replayed("container-killed", config, "--resume")
    assert done.exit_code == 2
    assert "has changed since it began, so its results would not belong together" in done.stderr


def test_nonsense_is_warned_of_and_stored(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    parameters = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", parameters)
    done = replayed("dead-parameter", config, "--force")
    assert (done.last_line, done.exit_code) == ("3 runs complete, not judged, best Sharpe: 0.0", 0)
    run = ask("SELECT warnings, completed_combinations, distinct_trials FROM optimization_runs")[0]
    assert (run["completed_combinations"], run["distinct_trials"]) == (3, 1)
    warnings = run["warnings"]
    assert len(warnings) == 1
    assert warnings[0].startswith("all 3 combinations gave the same result")
    assert f"warning: {warnings[0]}" in done.stderr
