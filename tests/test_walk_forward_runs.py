"""Walk-forward analyses from a config to the database, on three recorded windows of the real engine."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from support import PROJECT, ScriptResult, make_project

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Unpack = Callable[[str], Path]

_PROJECT = "RSI_MeanReversion_ETF"
_CONFIG = """strategy: {{name: {name}, lean_project_path: {name}}}
optimization:
  type: Grid Search
  target_metric: Sharpe Ratio
  target_direction: max
  parameters:
    rsi_period: {{start: 10, end: 14, step: 4}}
    entry_threshold: {{start: 30, end: 35, step: 5}}
  max_concurrent_backtests: 2
backtest: {{start_date: "2012-01-03", end_date: "2016-12-31", initial_capital: 5000}}
success_criteria: {{{criteria}}}
walk_forward: {{in_sample_months: 24, out_of_sample_months: 12{more}}}
lean: {{engine: cold}}
"""
_CRITERIA = "min_oos_sharpe: 0.2, min_walk_forward_efficiency: 0.5, max_oos_drawdown: 0.2"
_CHOSEN = [{"rsi_period": "14", "entry_threshold": "30"}, {"rsi_period": "14", "entry_threshold": "35"},
           {"rsi_period": "10", "entry_threshold": "30"}]  # fmt: skip
_LINE = "3 windows (12 runs) complete, OOS Sharpe: 0.5, WFE: 62%, passed"


def _config(folder: Path, *, criteria: str = _CRITERIA, more: str = "") -> Path:
    file = folder / "walk.yaml"
    file.write_text(_CONFIG.format(name=_PROJECT, criteria=criteria, more=more), encoding="utf-8")
    return file


@pytest.fixture
def project(workspace: Path) -> Path:
    return make_project(workspace, _PROJECT)


def _document(folder: Path) -> dict[str, Any]:
    (file,) = (file for file in folder.glob("*.json") if re.fullmatch(r"\d+|[0-9a-f-]{36}", file.stem))
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def _in_sample(recorded: Path, window: int) -> list[dict[str, Any]]:
    folder = recorded / f"window-{window}" / "in-sample" / "output"
    return [_document(each) for each in sorted(folder.iterdir()) if re.fullmatch(r"[0-9a-f-]{36}", each.name)]


def _out_of_sample(recorded: Path, window: int, chosen: dict[str, str]) -> dict[str, Any]:
    name = f"out-of-sample-{chosen['rsi_period']}-{chosen['entry_threshold']}"
    return _document(recorded / f"window-{window}" / name / "output")


def _sharpe(document: dict[str, Any]) -> float:
    return float(document["totalPerformance"]["portfolioStatistics"]["sharpeRatio"])


def _returns(document: dict[str, Any]) -> Iterator[float]:
    """The daily returns, of days on which LEAN sampled the equity while the market was open."""
    series = document["charts"]["Strategy Equity"]["series"]
    ends = [point[0] for point in series["Return"]["values"]]
    inner = {point[0] for point in series["Equity"]["values"]} - set(ends)
    for begin, (end, percent) in zip(ends, series["Return"]["values"][1:], strict=False):
        if percent != 0 or any(begin < moment < end for moment in inner) or end == ends[-1]:
            yield percent / 100


def _rows(ask: Ask) -> dict[str, Any]:
    windows = ask("SELECT * FROM walk_forward_windows_view ORDER BY window_number")
    (summary,) = ask("SELECT * FROM walk_forward_summary")
    (curve,) = ask("SELECT days, daily_returns FROM walk_forward_analyses")
    drop = {"analysis_id"}
    return {
        "windows": [{name: value for name, value in row.items() if name not in drop} for row in windows],
        "summary": {name: value for name, value in summary.items() if name not in drop},
        "curve": curve,
    }


@pytest.mark.usefixtures("project")
def test_three_windows_choose_and_are_tested_as_the_files_say(
    replayed: Run, ask: Ask, unpacked: Unpack, workspace: Path, tmp_path: Path
) -> None:
    config = _config(tmp_path)
    done = replayed("walk-forward", config)
    assert (done.last_line, done.exit_code) == (_LINE, 0), done.stderr
    recorded = unpacked("walk-forward")
    found = _rows(ask)
    assert [row["parameters"] for row in found["windows"]] == _CHOSEN
    stitched: list[float] = []
    for number, (row, chosen) in enumerate(zip(found["windows"], _CHOSEN, strict=True), 1):
        candidates = _in_sample(recorded, number)
        best = max(candidates, key=_sharpe)
        parameters = best["algorithmConfiguration"]["parameters"]
        assert {name: parameters[name] for name in chosen} == chosen
        assert float(row["in_sample_sharpe"]) == _sharpe(best)
        tested = _out_of_sample(recorded, number, chosen)
        assert float(row["out_of_sample_sharpe"]) == _sharpe(tested)
        figures = tested["totalPerformance"]
        assert float(row["out_of_sample_return"]) == float(figures["portfolioStatistics"]["totalNetProfit"])
        assert float(row["out_of_sample_drawdown"]) == float(figures["portfolioStatistics"]["drawdown"])
        assert row["out_of_sample_trades"] == figures["tradeStatistics"]["totalNumberOfTrades"]
        stitched += _returns(tested)
    (curve,) = [found["curve"]]
    assert len(curve["days"]) == len(stitched) == 756
    assert curve["days"] == sorted(set(curve["days"]))
    assert curve["daily_returns"] == pytest.approx(stitched, abs=1e-9)
    equity = [math.prod(1 + value for value in stitched[: i + 1]) for i in range(len(stitched))]
    mean = sum(stitched) / len(stitched)
    summary = found["summary"]
    assert float(summary["sharpe_ratio"]) == pytest.approx(mean / stdev(stitched) * math.sqrt(252), abs=1e-6)
    assert float(summary["t_statistic"]) == pytest.approx(mean / stdev(stitched) * math.sqrt(756), abs=1e-6)
    assert float(summary["total_return"]) == pytest.approx(equity[-1] - 1, abs=1e-6)
    peaks = [max([1.0, *equity[: i + 1]]) for i in range(len(equity))]
    deepest = max(1 - value / peak for value, peak in zip(equity, peaks, strict=True))
    assert float(summary["max_drawdown"]) == pytest.approx(deepest, abs=1e-6)
    assert summary["next_parameters"] == _CHOSEN[-1]
    assert (summary["status"], summary["meets_criteria"], summary["windows_with_result"]) == ("completed", True, 3)
    assert ask("SELECT status FROM strategies") == [{"status": "passed"}]
    (leader,) = ask("SELECT evidence, out_of_sample_sharpe, best_parameters, combinations FROM strategy_leaderboard")
    assert leader["evidence"] == "walk-forward"
    assert leader["out_of_sample_sharpe"] == summary["sharpe_ratio"]
    assert _CHOSEN[-1].items() <= leader["best_parameters"].items()

    # Run again, it takes all from before; the folders imported into the same database change nothing.
    again = replayed("walk-forward", config)
    assert (again.last_line, again.exit_code) == (_LINE, 0)
    assert "12 combinations are taken from earlier runs" in again.stderr
    assert "3 combinations are taken from earlier runs" in again.stderr
    rows = ask("SELECT * FROM walk_forward_summary")
    drop = ("analysis_id",)
    assert [{k: v for k, v in row.items() if k not in drop} for row in rows] == [summary, summary]


def test_a_runner_that_is_killed_in_the_second_window_and_resumed_leaves_the_same_rows(
    replayed: Run, ask: Ask, project: Path, unpacked: Unpack, database_url: str, workspace: Path, tmp_path: Path
) -> None:
    config = _config(tmp_path)
    command = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config), "--workspace"]
    command += [str(workspace), "--leaderboard", str(tmp_path / "leaderboard.md")]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "LEAN_COMMAND": str(PROJECT / "tests" / "replay" / "bin" / "lean"),
        "REPLAY_PYTHON": sys.executable,
        "LEAN_REPLAY_RECORDING": str(unpacked("walk-forward")),
        "LEAN_REPLAY_SPEED": "200",
        "LEAN_REPLAY_STATE": str(workspace.parent / "replay-state"),
        "LEAN_REPLAY_FAULT": "hang-after=6",
    }
    runner = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(600):
        stored = ask("SELECT count(*) AS stored FROM backtest_results")[0]["stored"]
        if stored == 6:  # of four in each window
            break
        time.sleep(0.1)
    runner.send_signal(signal.SIGKILL)
    runner.communicate()
    assert ask("SELECT status FROM walk_forward_analyses") == [{"status": "running"}]
    done = replayed("walk-forward", config, "--resume")
    assert "6 finished backtests stored" in done.stderr
    assert "in-sample: running 6 combinations" in done.stderr
    assert (done.last_line, done.exit_code) == (_LINE, 0), done.stderr
    resumed = _rows(ask)
    assert ask("SELECT count(*) AS runs FROM optimization_runs") == [{"runs": 2}]
    ask("TRUNCATE walk_forward_analyses, optimization_runs, strategies CASCADE")
    assert replayed("walk-forward", config).exit_code == 0
    assert _rows(ask) == resumed
    done = replayed("walk-forward", config, "--resume", ask("SELECT max(id) AS id FROM optimization_runs")[0]["id"])
    assert (done.last_line, done.exit_code) == (_LINE, 0), done.stderr
    assert _rows(ask) == resumed
