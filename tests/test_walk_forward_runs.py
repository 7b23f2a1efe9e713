"""Walk-forward analyses from a config to the database, on three recorded windows of the real engine."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date
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
    replayed: Run, run_script: Run, ask: Ask, unpacked: Unpack, workspace: Path, tmp_path: Path
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

    # Run again, it takes all from before.
    again = replayed("walk-forward", config)
    assert (again.last_line, again.exit_code) == (_LINE, 0)
    assert "12 combinations are taken from earlier runs" in again.stderr
    assert "3 combinations are taken from earlier runs" in again.stderr
    rows = ask("SELECT * FROM walk_forward_summary")
    drop = ("analysis_id",)
    assert [{k: v for k, v in row.items() if k not in drop} for row in rows] == [summary, summary]

    # Its folders imported into an empty database, and once more, make the same rows.
    ask("TRUNCATE walk_forward_analyses, optimization_runs, strategies CASCADE")
    home = workspace / ".optimization" / _PROJECT
    for reused in sorted(home.iterdir())[2:]:
        shutil.rmtree(reused)
    for _ in range(2):
        imported = run_script("results_importer.py", "--optimization-dir", home)
        assert (imported.last_line, imported.exit_code) == (_LINE, 0), imported.stderr
        assert _rows(ask) == found
    assert run_script("results_importer.py", "--rejudge").stdout == "judged 2 runs again: 0 verdicts changed\n"
    assert _rows(ask) == found


def _environment(recorded: Path, database_url: str, workspace: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database_url,
        "LEAN_COMMAND": str(PROJECT / "tests" / "replay" / "bin" / "lean"),
        "REPLAY_PYTHON": sys.executable,
        "LEAN_REPLAY_RECORDING": str(recorded),
        "LEAN_REPLAY_SPEED": "200",
        "LEAN_REPLAY_STATE": str(workspace.parent / "replay-state"),
    }


def _start(config: Path, workspace: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config)]
    command += ["--workspace", str(workspace), "--leaderboard", str(workspace.parent / "leaderboard.md")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=pipe, stderr=pipe, text=True)


def _wait_for(ask: Ask, results: int, runner: "subprocess.Popen[str]") -> None:
    for _ in range(600):
        if ask("SELECT count(*) AS stored FROM backtest_results")[0]["stored"] >= results:
            return
        time.sleep(0.05)
        if runner.poll() is not None:
            break
    runner.kill()
    pytest.fail(f"no {results} results: {runner.communicate()[1]}")


def test_a_runner_that_is_killed_in_the_second_window_and_resumed_leaves_the_same_rows(
    replayed: Run, ask: Ask, project: Path, unpacked: Unpack, database_url: str, workspace: Path, tmp_path: Path
) -> None:
    config = _config(tmp_path)
    environment = _environment(unpacked("walk-forward"), database_url, workspace)
    runner = _start(config, workspace, environment | {"LEAN_REPLAY_FAULT": "hang-after=6"})
    _wait_for(ask, 6, runner)  # of four in each window
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


@pytest.mark.usefixtures("project")
def test_a_window_in_which_nothing_qualifies_stays_out_of_the_market(
    replayed: Run, ask: Ask, tmp_path: Path, unpacked: Unpack
) -> None:
    config = _config(tmp_path, criteria="min_sharpe: 1.0, min_oos_sharpe: 0.2", more=", out_of_sample: chosen")
    done = replayed("walk-forward", config)
    assert done.last_line == "3 windows (12 runs) complete, OOS Sharpe: 0.0, WFE: -11%, rejected"
    assert done.exit_code == 0
    assert "out-of-sample: running 1 combination of" in done.stderr
    assert "to trade next: nothing; nothing qualifies of 4: 4 Sharpe ratio too low" in done.stderr
    windows = ask("SELECT parameters, reason, out_of_sample_result_id FROM walk_forward_windows ORDER BY number")
    assert [row["parameters"] for row in windows] == [None, _CHOSEN[1], None]
    assert windows[0]["reason"] == "nothing qualifies of 4: 4 Sharpe ratio too low"
    (stored,) = ask("SELECT days, daily_returns, status, next_parameters, rejection_reasons FROM walk_forward_analyses")
    assert (stored["status"], stored["next_parameters"]) == ("completed", None)
    assert stored["rejection_reasons"] == ["Out-of-sample Sharpe ratio too low: -0.02 < 0.20"]
    # Of 2014 the in-sample backtests of the second window show the trading days; of 2016 nothing does.
    by_year = {year: [day for day in stored["days"] if day.year == year] for year in (2014, 2015, 2016)}
    assert {year: len(days) for year, days in by_year.items()} == {2014: 252, 2015: 252, 2016: 261}
    traded = list(_returns(_out_of_sample(unpacked("walk-forward"), 2, _CHOSEN[1])))
    assert stored["daily_returns"][252:504] == pytest.approx(traded, abs=1e-9)
    assert set(stored["daily_returns"][:252] + stored["daily_returns"][504:]) == {0}
    assert ask("SELECT status FROM strategies") == [{"status": "rejected"}]
    (leader,) = ask("SELECT status, evidence, note FROM strategy_leaderboard")
    assert leader["evidence"] is None


@pytest.mark.usefixtures("project")
def test_every_combination_tested_out_of_sample_makes_the_rank_correlation_known(
    replayed: Run, ask: Ask, tmp_path: Path, unpacked: Unpack
) -> None:
    done = replayed("walk-forward", _config(tmp_path, criteria="", more=", out_of_sample: all, choose: plateau"))
    assert (done.last_line, done.exit_code) == (
        "3 windows (12 runs) complete, OOS Sharpe: 1.2, WFE: 166%, not judged",
        0,
    )
    assert ask("SELECT part, completed_combinations AS done FROM walk_forward_runs "
               "INNER JOIN optimization_runs ON id = run_id ORDER BY part") == [
        {"part": "in-sample", "done": 12}, {"part": "out-of-sample", "done": 12},
    ]  # fmt: skip
    found = [float(row["rank_correlation"]) for row in _rows(ask)["windows"]]
    for number, rank in enumerate(found, 1):
        inside = {
            (each["algorithmConfiguration"]["parameters"]["rsi_period"],
             each["algorithmConfiguration"]["parameters"]["entry_threshold"]): _sharpe(each)
            for each in _in_sample(unpacked("walk-forward"), number)
        }  # fmt: skip
        outside = {
            key: _sharpe(
                _out_of_sample(unpacked("walk-forward"), number, {"rsi_period": key[0], "entry_threshold": key[1]})
            )
            for key in inside
        }
        places = [[sorted(side.values()).index(side[key]) for key in inside] for side in (inside, outside)]
        squares = sum((a - b) ** 2 for a, b in zip(*places, strict=True))
        assert rank == pytest.approx(1 - 6 * squares / (4 * 15), abs=1e-6)
    assert ask("SELECT status FROM strategies") == [{"status": "testing"}]


def _crash(folder: Path) -> None:
    """Makes the recorded backtest of a folder one that crashed."""
    for file in folder.glob("*.json"):
        if re.fullmatch(r"\d+(-summary)?", file.stem):
            document = json.loads(file.read_text(encoding="utf-8"))
            document["state"] |= {"Status": "RuntimeError", "RuntimeError": "boom in 2015"}
            file.write_text(json.dumps(document, indent=1), encoding="utf-8")


@pytest.mark.usefixtures("project")
def test_a_failed_out_of_sample_backtest_is_said_and_keeps_the_strategy_from_passing(
    replayed: Run, ask: Ask, recording: Unpack, tmp_path: Path
) -> None:
    damaged = recording("walk-forward")
    _crash(damaged / "window-2" / "out-of-sample-14-35" / "output")
    done = replayed("walk-forward", _config(tmp_path), env={"LEAN_REPLAY_RECORDING": str(damaged)})
    assert done.last_line == "2 of 3 windows (12 runs) complete, OOS Sharpe: 0.9, WFE: 98%, rejected"
    assert done.exit_code == 4
    why = "window 2 (2015-01-01 to 2015-12-31): the out-of-sample backtest failed: boom in 2015"
    (stored,) = ask(
        "SELECT status, error_message, rejection_reasons, cardinality(days) AS days FROM walk_forward_analyses"
    )
    assert (stored["status"], stored["days"]) == ("partial", 504)
    assert stored["error_message"].endswith(why)
    assert stored["rejection_reasons"] == [f"No out-of-sample result: {why}"]
    assert f"not passed: No out-of-sample result: {why}" in done.stderr
    assert ask("SELECT status FROM strategies") == [{"status": "rejected"}]
    # It crashed for a reason that is gone: only this one runs again.
    done = replayed("walk-forward", tmp_path / "walk.yaml", "--resume", "--retry-failed")
    assert "out-of-sample: running 1 combination" in done.stderr
    assert (done.last_line, done.exit_code) == (_LINE, 0), done.stderr


def _shifted(source: Path, target: Path, first: date, last: date) -> None:
    """A recorded search as it would have been over other days, which its strategy is told by parameters."""
    shutil.copytree(source, target)
    for folder in [each for each in (target / "output").iterdir() if re.fullmatch(r"[0-9a-f-]{36}", each.name)]:
        own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{target.name} {folder.name}"))
        for file in [*folder.iterdir(), target / "output" / "log.txt", target / "timeline.csv"]:
            file.write_text(file.read_text(encoding="utf-8").replace(folder.name, own), encoding="utf-8")
            file.rename(file.with_name(file.name.replace(folder.name, own)))
        folder.rename(folder.with_name(own))
    days = {"start_date": str(first), "end_date": str(last)}
    named = ",".join(f"{name}:{value}" for name, value in days.items())
    file = target / "output" / "optimizer-config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["parameters"] += [{"name": name, "value": value} for name, value in days.items()]
    file.write_text(json.dumps(config, indent=4), encoding="utf-8")
    log = target / "output" / "log.txt"
    log.write_text(re.sub(r"(lookback:\d+)", rf"{named},\1", log.read_text(encoding="utf-8")), encoding="utf-8")
    seconds = (first - date(2019, 1, 1)).days * 86400
    for file in target.glob("output/*-*/*-*.json"):
        if file.stem not in (file.parent.name, f"{file.parent.name}-summary"):
            continue
        document = json.loads(file.read_text(encoding="utf-8"))
        configuration = document["algorithmConfiguration"]
        configuration["parameters"] |= days
        configuration |= {"startDate": f"{first}T00:00:00Z", "endDate": f"{last}T23:59:59Z"}
        for chart in document.get("charts", {}).values():
            for series in chart["series"].values():
                series["values"] = [[point[0] + seconds, *point[1:]] for point in series["values"]]
        file.write_text(json.dumps(document, indent=1), encoding="utf-8")


_EULER = """strategy: {name: Quick, lean_project_path: Quick}
optimization:
  type: Euler Search
  target_metric: Sharpe Ratio
  target_direction: max
  parameters:
    lookback: {start: 3, end: 19, step: 8, min_step: 1}
  max_concurrent_backtests: 2
walk_forward:
  windows:
    - {in_sample: [2019-01-01, 2019-04-30], out_of_sample: [2019-05-01, 2019-05-31]}
    - {in_sample: [2019-02-01, 2019-05-31], out_of_sample: [2019-06-01, 2019-06-30]}
lean: {engine: cold}
"""


def test_an_euler_search_that_is_interrupted_in_a_window_begins_anew_in_this_one_only(
    replayed: Run, ask: Ask, recording: Unpack, database_url: str, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "Quick")
    recorded, several = recording("euler-whole"), tmp_path / "several"
    for number, (first, last) in enumerate(
        [("01-01", "04-30"), ("02-01", "05-31"), ("05-01", "05-31"), ("06-01", "06-30")]
    ):
        _shifted(
            recorded, several / f"{number}", date.fromisoformat(f"2019-{first}"), date.fromisoformat(f"2019-{last}")
        )
    config = tmp_path / "euler.yaml"
    config.write_text(_EULER, encoding="utf-8")
    environment = _environment(several, database_url, workspace) | {"LEAN_REPLAY_SPEED": "25"}
    runner = _start(config, workspace, environment)
    _wait_for(ask, 11, runner)
    runner.send_signal(signal.SIGINT)
    _, told = runner.communicate()
    assert runner.returncode == 130, told
    (stored,) = ask("SELECT status, error_message, meets_criteria FROM walk_forward_analyses")
    assert (stored["status"], stored["meets_criteria"]) == ("interrupted", None)
    assert "window 1 (2019-01-01 to 2019-04-30): in-sample is not complete: 6 combinations" in stored["error_message"]
    assert ask("SELECT count(parameters) AS chosen FROM walk_forward_windows") == [{"chosen": 0}]
    done = replayed("euler-whole", config, "--resume", env={"LEAN_REPLAY_RECORDING": str(several)})
    assert (done.last_line, done.exit_code) == (
        "2 windows (12 runs) complete, OOS Sharpe: 4.4, WFE: 225%, not judged",
        0,
    )
    parts = sorted(folder.name for folder in workspace.glob(".optimization/Quick/*/part-*"))
    assert parts == ["part-01", "part-02", "part-03"]
    assert [row["parameters"] for row in _rows(ask)["windows"]] == [{"lookback": "18"}] * 2
    assert ask("SELECT status FROM walk_forward_analyses") == [{"status": "completed"}]


def test_days_that_no_choice_has_seen_decide_the_status(ask: Ask) -> None:
    ask("INSERT INTO strategies (id, name) VALUES (1, 'S')")
    for number in (1, 2):
        ask(
            "INSERT INTO optimization_runs (id, strategy_id, status, total_combinations) "
            "VALUES (%s, 1, 'completed', 1)",
            number,
        )
    ask("INSERT INTO backtest_results (id, optimization_run_id, strategy_id, parameters, meets_criteria, total_trades) "
        "VALUES (1, 1, 1, '{\"a\": \"1\"}', true, 40)")  # fmt: skip
    status = "SELECT status FROM strategies"
    assert ask(status) == [{"status": "passed"}]
    ask("INSERT INTO walk_forward_analyses (id, analysis_uuid, strategy_id, choose, out_of_sample, status) "
        "VALUES (1, gen_random_uuid(), 1, 'best', 'chosen', 'completed')")  # fmt: skip
    assert ask(status) == [{"status": "passed"}]  # it was not judged
    ask("UPDATE walk_forward_analyses SET meets_criteria = false")
    assert ask(status) == [{"status": "rejected"}]
    ask("UPDATE optimization_runs SET status = 'running' WHERE id = 2")
    assert ask(status) == [{"status": "testing"}]
    ask("UPDATE optimization_runs SET status = 'completed' WHERE id = 2")
    ask("UPDATE walk_forward_analyses SET meets_criteria = true")
    assert ask(status) == [{"status": "passed"}]
    ask("DELETE FROM walk_forward_analyses")
    ask("UPDATE backtest_results SET meets_criteria = false")
    assert ask(status) == [{"status": "rejected"}]
    # What was run for a window alone proves nothing.
    ask("INSERT INTO walk_forward_analyses (id, analysis_uuid, strategy_id, choose, out_of_sample) "
        "VALUES (2, gen_random_uuid(), 1, 'best', 'chosen')")  # fmt: skip
    ask("INSERT INTO walk_forward_runs VALUES (2, 2, 'in-sample')")
    ask("INSERT INTO backtest_results (id, optimization_run_id, strategy_id, parameters, meets_criteria, total_trades) "
        "VALUES (2, 2, 1, '{\"a\": \"2\"}', true, 40)")  # fmt: skip
    assert ask(status) == [{"status": "rejected"}]
    (leader,) = ask("SELECT evidence, best_parameters FROM strategy_leaderboard")
    assert leader == {"evidence": "in-sample", "best_parameters": {"a": "1"}}


def test_a_batch_goes_on_with_an_analysis_whose_choices_were_not_tested(
    replayed: Run, run_script: Run, ask: Ask, project: Path, unpacked: Unpack, database_url: str, workspace: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    config, batch = _config(tmp_path), tmp_path / "batch.yaml"
    batch.write_text(f"batch_name: B\noptimizations: [{config}]\n", encoding="utf-8")
    environment = _environment(unpacked("walk-forward"), database_url, workspace)
    arguments = ["--batch", batch, "--workspace", workspace]
    done = run_script("optimize_runner.py", *arguments, env=environment)
    assert done.exit_code == 0, done.stderr
    once = _rows(ask)
    assert once["summary"]["status"] == "completed"
    # As where the machine went down between the two parts.
    ask("DELETE FROM optimization_runs WHERE id = 2")
    ask("UPDATE walk_forward_analyses SET status = 'running'")
    ask("UPDATE optimization_batches SET status = 'running'")
    done = run_script("optimize_runner.py", *arguments, "--resume", env=environment)
    assert done.exit_code == 0, done.stderr
    assert _rows(ask) == once
