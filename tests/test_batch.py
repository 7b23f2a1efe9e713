"""optimize_runner.py --batch as a user calls it, while `lean` replays recorded runs."""

import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg2
import pytest

from strategy_testing.batches.process import Ended, Job, has_turn
from strategy_testing.batches.running import Following, run_jobs
from strategy_testing.config.batch import read_batch
from strategy_testing.errors import ConfigError
from strategy_testing.report.batch_progress import BatchProgress
from strategy_testing.report.tally import Tally
from strategy_testing.signals import Requests
from support import PROJECT, ScriptResult, make_project, processes_of, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]

_PARAMETERS = {
    "Idle": "    level: {start: 0, end: 4, step: 1}\n",
    "Small": "    level: {start: 3, end: 4, step: 1}\n",
    "Crashy": "    lookback: {start: 2, end: 7, step: 1}\n",
    "Refused": "    level: {start: 3, end: 4, step: 1}\n",
    "Broken": "    a: {start: 1, end: 2, step: 1}\n",
    "Long": (
        "    rsi_period: {start: 10, end: 20, step: 2}\n"
        "    entry_threshold: {values: [35]}\n"
        "    exit_threshold: {start: 50, end: 65, step: 5}\n"
    ),
}
"""By the first word of a project's name, as the recordings have them."""
_RECORDINGS = {
    "Idle": "idle",
    "Small": "unknown-target",
    "Crashy": "crashy",
    "Refused": "bad-constraint",
    "Broken": "init-fail",
    "Long": "grid-72",
}
_FEES = (
    "backtest: {start_date: 2019-01-01, end_date: 2019-12-31, initial_capital: 1000}\n"
    "fee_assumptions: {per_trade_fee: 0.82, expected_trades_per_year: 822}\n"
)
_TOO_DEAR = "821 orders on $1,000: $673, 67.3% of the capital, above 30.0%: stop and revise"
_MISSING = "invalid.yaml: optimization.parameters: is missing; add it (docs/CONFIG_FORMAT.md lists every key) (line 2)"
"""The first mistake of the config that is invalid."""
_BATCHES = "SELECT id, name, description, batch_file, status, total_configs, completed_at FROM optimization_batches"


@dataclass(frozen=True)
class Bench:
    """A workspace whose `lean` replays, for each project, the recording of its name."""

    home: Path
    workspace: Path
    environment: dict[str, str]

    def config(self, project: str, *, criteria: str = "", more: str = "") -> Path:
        make_project(self.workspace, project)
        parameters = _PARAMETERS[project.split("_", maxsplit=1)[0]]
        return write_config(self.home / f"{project}.yaml", project, parameters, criteria=criteria, more=more)

    def invalid(self) -> Path:
        file = self.home / "invalid.yaml"
        text = "strategy: {name: X, lean_project_path: X}\noptimization: {type: Gird Search}\n"
        file.write_text(text, encoding="utf-8")
        return file

    def batch(self, configs: list[Path], settings: str = "") -> Path:
        listed = "".join(f"  - {config}\n" for config in configs)
        text = f"batch_name: Week 1\ndescription: all of them\noptimizations:\n{listed}"
        file = self.home / "batch.yaml"
        file.write_text(text + (f"settings: {{{settings}}}\n" if settings else ""), encoding="utf-8")
        return file

    def arguments(self, batch: Path, *more: str) -> list[str]:
        return ["--batch", str(batch), "--workspace", str(self.workspace), *more]


@pytest.fixture
def bench(tmp_path: Path, workspace: Path, unpacked: Callable[[str], Path]) -> Bench:
    chosen = "".join(
        f"  {name}*) recording={shlex.quote(str(unpacked(recording)))} ;;\n" for name, recording in _RECORDINGS.items()
    )
    lean = tmp_path / "lean"
    lean.write_text(
        f'#!/bin/sh\ncase "$2" in\n{chosen}esac\nexport LEAN_REPLAY_RECORDING="$recording"\n'
        f'exec {PROJECT / "tests" / "replay" / "bin" / "lean"} "$@"\n',
        encoding="utf-8",
    )
    lean.chmod(0o755)
    environment = {
        "PATH": f"{PROJECT / 'tests' / 'replay' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "LEAN_COMMAND": str(lean),
        "REPLAY_PYTHON": sys.executable,
        "LEAN_REPLAY_ANY": "1",
        "LEAN_REPLAY_SPEED": "400",
        "LEAN_REPLAY_STATE": str(tmp_path / "replay-state"),
    }
    return Bench(tmp_path, workspace, environment)


@pytest.fixture
def run_batch(bench: Bench, run_script: Run) -> Run:
    def run(batch: Path, *more: str, timeout: float = 120, **env: str) -> ScriptResult:
        return run_script(
            "optimize_runner.py", *bench.arguments(batch, *more), env=bench.environment | env, timeout=timeout
        )

    return run


def _table(done: ScriptResult) -> dict[str, list[str]]:
    """The table's cells by strategy, without strategy and config; an empty cell is left out."""
    header, rule, *rows, _summary = [line for line in done.stdout.splitlines() if " never ran: " not in line]
    assert header.split() == ["Strategy", "Config", "Runs", "Failed", "Passed", "Best", "Sharpe", "Minutes", "Status"]
    ends = [0]
    for dashes in rule.split():
        ends.append(rule.index(dashes, ends[-1]) + len(dashes))
    cells = [[row[a:b].strip() for a, b in pairwise(ends)] for row in rows]
    return {row[0]: [*row[2:6], row[7]] for row in cells}


def _never_ran(done: ScriptResult) -> dict[str, str]:
    """The reasons below the table, by the config's name."""
    told = [line.split(" never ran: ") for line in done.stdout.splitlines() if " never ran: " in line]
    return {Path(config).name: reason for config, reason in told}


def _director_asks(question: str) -> str:
    """The query of one of the director's questions."""
    text = (PROJECT / "docs" / "DIRECTOR.md").read_text(encoding="utf-8")
    return text.split(f"\n## {question}")[1].split("```sql\n")[1].split("```")[0]


def _interrupt(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGINT) -> tuple[str, str, int]:
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert "Traceback" not in stderr
    return stdout, stderr, process.returncode


def _wait_for(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def test_configs_run_in_order_and_end_with_a_table_and_one_line(bench: Bench, run_batch: Run, ask: Ask) -> None:
    configs = [bench.config("Idle"), bench.config("Small", criteria="min_sharpe: 0.1"), bench.config("Idle_2")]
    batch = bench.batch(configs)
    done = run_batch(batch)
    assert done.exit_code == 0, done.stderr
    table = _table(done)
    assert list(table) == ["Idle", "Small", "Idle_2"]
    assert table["Idle"] == ["5", "0", "not judged", "n/a", "completed"]
    assert done.last_line == "12 runs complete, 0 passed, best Sharpe: n/a"
    assert f"batch Week 1: 2 of 3: Small ({configs[1]})" in done.stderr
    assert "batch Week 1: Small: 2 runs complete, 0 passed, best Sharpe: n/a (exit code 0)" in done.stderr
    runs = ask("SELECT config_file, batch_id, started_at, completed_at FROM optimization_runs ORDER BY id")
    assert [run["config_file"] for run in runs] == [str(config) for config in configs]
    assert all(before["completed_at"] <= after["started_at"] for before, after in pairwise(runs))
    row = ask(_BATCHES)[0]
    assert {run["batch_id"] for run in runs} == {row["id"]}
    assert row["completed_at"] is not None
    assert (row["name"], row["description"], row["batch_file"]) == ("Week 1", "all of them", str(batch))
    assert (row["status"], row["total_configs"]) == ("completed", 3)
    pages = bench.home / "pages"  # each run wrote its own, and the batch when it had ended
    assert len(list((pages / "runs").glob("run-*.html"))) == 3
    assert "Completed: 3 of 3 configs completed" in next(pages.glob("batches/*.html")).read_text(encoding="utf-8")
    again = run_batch(batch, "--resume")
    assert again.exit_code == 2
    assert f"--resume: no unfinished batch of {batch}; start one with --batch {batch}" in again.stderr


def test_what_cannot_run_is_told_and_the_rest_runs(bench: Bench, run_batch: Run, ask: Ask) -> None:
    without_project = bench.config("Idle_gone")
    shutil.rmtree(bench.workspace / "Idle_gone")
    dear = bench.config("Idle_dear", more=_FEES)
    batch = bench.batch([bench.invalid(), dear, without_project, bench.config("Crashy"), bench.config("Small")])
    done = run_batch(batch)
    assert done.exit_code == 4
    assert "batch Week 1 (number 1): 5 configs, 3 to run, 1 at a time" in done.stderr
    assert 'optimization.type: the text "Gird Search" is not known, did you mean Grid Search?' in done.stderr
    assert "optimization.parameters: is missing" in done.stderr
    table = _table(done)
    assert table["n/a"][4] == "failed (invalid input)"
    assert table["Idle_dear"] == ["0", "0", "not judged", "n/a", "refused (stop and revise)"]
    assert table["Idle_gone"][4] == "failed (no project)"
    assert table["Crashy"] == ["6", "3", "not judged", "-0.44", "partial"]
    assert table["Small"][4] == "completed"
    assert done.last_line == "8 runs complete (3 failed), not judged, best Sharpe: -0.4"
    assert ask("SELECT status, total_configs FROM optimization_batches") == [{"status": "partial", "total_configs": 5}]
    assert _never_ran(done) == {
        "invalid.yaml": f"{bench.home}/{_MISSING}",
        "Idle_dear.yaml": _TOO_DEAR,
        "Idle_gone.yaml": f"project: {bench.workspace}/Idle_gone: no such LEAN project; check "
        "strategy.lean_project_path and the workspace (--force runs it all the same)",
    }
    stored = ask("SELECT config_file, status, reason FROM batch_configs ORDER BY status, config_file")
    assert [(Path(row["config_file"]).name, row["status"], row["reason"].splitlines()[0]) for row in stored] == [
        ("invalid.yaml", "broken", _never_ran(done)["invalid.yaml"]),
        ("Idle_dear.yaml", "refused", _TOO_DEAR),
        ("Idle_gone.yaml", "refused", _never_ran(done)["Idle_gone.yaml"]),
    ]
    assert ask("SELECT batch_id, error_message, estimated_orders FROM optimization_runs WHERE status = 'refused'") == [
        {"batch_id": 1, "error_message": _TOO_DEAR, "estimated_orders": 821}
    ]
    told = ask(_director_asks("9. What is running, what broke?"))
    assert sorted((row["health"], str(row["strategy"]), row["cause"].split("\n")[0]) for row in told) == [
        ("broken", "None", _never_ran(done)["invalid.yaml"][:80]),
        ("partial", "Crashy", "3 of 6 backtests failed: 2019-03-27 16:00:00 Runtime Error: lookback 2 is even"),
        ("refused", "None", _TOO_DEAR[:80]),
        ("refused", "None", _never_ran(done)["Idle_gone.yaml"][:80]),
    ]
    ignored = run_batch(bench.batch([dear]), "--ignore-fees")
    assert (ignored.exit_code, _table(ignored)["Idle_dear"][4]) == (0, "completed")


@pytest.mark.parametrize(("first", "exit_code"), [("invalid", 2), ("dear", 3)])
def test_nothing_runs_when_a_config_cannot_and_errors_are_not_to_be_passed_over(
    first: str, exit_code: int, bench: Bench, run_batch: Run, ask: Ask
) -> None:
    bad = bench.invalid() if first == "invalid" else bench.config("Idle_dear", more=_FEES)
    done = run_batch(bench.batch([bench.config("Idle"), bad], "continue_on_error: false"))
    assert (done.stdout, done.exit_code) == ("", exit_code)
    assert "batch Week 1: nothing was run, because continue_on_error is false" in done.stderr
    assert [row["status"] for row in ask(_BATCHES)] == ["failed"]
    assert ask("SELECT * FROM optimization_runs WHERE status <> 'refused'") == []
    stored = ask("SELECT config_file, status, reason FROM batch_configs ORDER BY status DESC, config_file")
    assert [(row["config_file"], row["status"]) for row in stored] == [
        (str(bad), "refused" if first == "dear" else "broken"),
        (str(bench.home / "Idle.yaml"), "not started"),
    ][:: 1 if first == "dear" else -1]
    assert "another config cannot run, and continue_on_error is false" in [row["reason"] for row in stored]
    mended = run_batch(bench.batch([bench.config("Idle")], "continue_on_error: false"), "--resume")
    assert mended.exit_code == 0, mended.stderr
    assert ask("SELECT * FROM batch_configs") == []


def test_the_first_failure_ends_a_batch_that_does_not_continue_on_error(bench: Bench, run_batch: Run, ask: Ask) -> None:
    batch = bench.batch(
        [bench.config("Idle"), bench.config("Refused"), bench.config("Small")], "continue_on_error: false"
    )
    done = run_batch(batch)
    assert done.exit_code == 4
    assert {name: cells[4] for name, cells in _table(done).items()} == {
        "Idle": "completed", "Refused": "failed (lean refused)", "Small": "not started",
    }  # fmt: skip
    assert f"go on with --batch {batch} --resume" in done.stderr
    assert _never_ran(done) == {"Small.yaml": "a config failed, and continue_on_error is false"}
    assert ask("SELECT status FROM batch_configs") == [{"status": "not started"}]
    bench.batch([bench.config("Idle"), bench.config("Small")])  # the refused one is taken out
    rest = run_batch(batch, "--resume")
    assert (rest.exit_code, rest.last_line) == (0, "7 runs complete, not judged, best Sharpe: n/a")
    assert ask("SELECT id, status, total_configs FROM optimization_batches") == [
        {"id": 1, "status": "completed", "total_configs": 2}
    ]
    assert len(ask("SELECT * FROM optimization_runs")) == 3


def test_all_backtests_failed_only_if_they_did_in_every_config(bench: Bench, run_batch: Run, ask: Ask) -> None:
    broken = bench.config("Broken")
    done = run_batch(bench.batch([broken]))
    assert (done.exit_code, _table(done)["Broken"][4]) == (17, "failed (all backtests failed)")
    done = run_batch(bench.batch([broken, bench.config("Refused")]), "--fresh")
    assert done.exit_code == 4
    assert [row["status"] for row in ask(_BATCHES)] == ["failed", "failed"]


def test_several_run_at_once_and_each_line_says_whose_it_is(bench: Bench, run_batch: Run, ask: Ask) -> None:
    batch = bench.batch([bench.config("Idle"), bench.config("Small"), bench.config("Idle_2")], "max_concurrent: 2")
    done = run_batch(batch, LEAN_REPLAY_SPEED="20")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"^\[Idle\] run \d+: running 5 combinations of Idle in ", done.stderr, re.MULTILINE)
    assert "[Small] imported 2 backtests" in done.stderr
    assert "backtests finished," not in done.stderr
    runs = ask("SELECT started_at, completed_at FROM optimization_runs ORDER BY started_at")
    assert runs[1]["started_at"] < runs[0]["completed_at"]
    assert runs[2]["started_at"] > min(run["completed_at"] for run in runs[:2])


@pytest.fixture
def start(bench: Bench, database_url: str) -> Callable[..., "subprocess.Popen[str]"]:
    def run(batch: Path, *more: str, **env: str) -> "subprocess.Popen[str]":
        script = str(PROJECT / "scripts" / "optimize_runner.py")
        return subprocess.Popen(
            [sys.executable, script, *bench.arguments(batch, "--leaderboard", str(bench.home / "l.md"), *more)],
            env=os.environ | bench.environment | {"DATABASE_URL": database_url} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.mark.parametrize(
    ("number", "exit_code", "at_once"), [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 2)]
)
def test_a_signal_stores_what_finished_and_the_batch_goes_on(
    number: signal.Signals,
    exit_code: int,
    at_once: int,
    bench: Bench,
    start: Callable[..., "subprocess.Popen[str]"],
    run_batch: Run,
    ask: Ask,
) -> None:
    configs = [bench.config("Idle"), bench.config("Long"), bench.config("Long_2"), bench.config("Small")]
    batch = bench.batch(configs, f"max_concurrent: {at_once}")
    process = start(batch, LEAN_REPLAY_SPEED="40", LEAN_REPLAY_ANY="")
    _wait_for(lambda: len(ask("SELECT * FROM backtest_results")) >= 8)  # five of them are Idle's
    stdout, stderr, code = _interrupt(process, number)
    assert code == exit_code, stderr
    assert f"go on with --batch {batch} --resume" in stderr
    table = _table(ScriptResult(stdout, stderr, code))
    reason = "" if exit_code == 130 else " (terminated)"
    assert table["Idle"][4] == "completed"
    assert table["Long"][4].startswith("interrupted" if not reason else "interrupted (terminated)")
    assert (table["Long_2"][4] == "not started") is (at_once == 1)
    assert table["Small"][4] == "not started"
    assert _never_ran(ScriptResult(stdout, stderr, code))["Small.yaml"] == "the batch was stopped"
    assert ask("SELECT status FROM optimization_batches") == [{"status": "interrupted"}]
    assert processes_of(bench.workspace) == []
    before = {row["config_file"]: row["id"] for row in ask("SELECT id, config_file FROM optimization_runs")}
    rest = run_batch(batch, "--resume", LEAN_REPLAY_ANY="")
    assert rest.exit_code == 0, rest.stderr
    assert "batch Week 1: resuming number 1" in rest.stderr
    assert "of 3: Idle" not in rest.stderr
    assert {cells[4] for cells in _table(rest).values()} == {"completed"}
    assert rest.last_line == "55 runs complete, not judged, best Sharpe: 0.4"
    after = {row["config_file"]: row["id"] for row in ask("SELECT id, config_file FROM optimization_runs")}
    assert len(after) == 4
    assert after == after | before
    assert ask("SELECT * FROM batch_configs") == []
    assert ask("SELECT id, status FROM optimization_batches") == [{"id": 1, "status": "completed"}]


def test_a_second_signal_kills_at_once_and_nothing_is_left(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], ask: Ask
) -> None:
    batch = bench.batch([bench.config("Long")])
    process = start(batch, LEAN_REPLAY_SPEED="40", LEAN_REPLAY_FAULT="ignore-sigint")
    _wait_for(lambda: len(ask("SELECT * FROM backtest_results")) >= 3)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    began = time.monotonic()
    stdout, stderr, code = _interrupt(process)
    assert time.monotonic() - began < 15
    assert (code, stdout.splitlines()[-1][:1].isdigit()) == (130, True)
    assert "interrupted (killed by SIGKILL)" in stdout
    assert "was left behind by a runner that is gone" in stderr
    assert ask("SELECT status FROM optimization_batches") == [{"status": "interrupted"}]
    assert processes_of(bench.workspace) == []


def test_a_signal_while_a_process_starts_leaves_no_traceback(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], ask: Ask
) -> None:
    process = start(bench.batch([bench.config("Long")]))
    _wait_for(lambda: any("--batch-id" in child.cmdline() for child in psutil.Process(process.pid).children()))
    stdout, _, code = _interrupt(process)
    assert code == 130
    assert "failed (interrupted)" in stdout or "interrupted" in stdout
    assert ask("SELECT status FROM optimization_batches") == [{"status": "interrupted"}]


def test_a_batch_that_is_running_is_not_resumed(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], run_batch: Run, ask: Ask
) -> None:
    batch = bench.batch([bench.config("Long")])
    process = start(batch, LEAN_REPLAY_SPEED="10")
    _wait_for(lambda: len(ask("SELECT * FROM optimization_runs")) == 1)
    second = run_batch(batch, "--resume")
    assert second.exit_code == 2
    assert "batch Week 1 (number 1) is still running; wait for it, or stop it first" in second.stderr
    assert _interrupt(process)[2] == 130


def test_a_batch_whose_process_was_killed_goes_on(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], run_batch: Run, ask: Ask
) -> None:
    batch = bench.batch([bench.config("Long"), bench.config("Small")])
    process = start(batch, LEAN_REPLAY_SPEED="40", LEAN_REPLAY_ANY="")
    _wait_for(lambda: len(ask("SELECT * FROM backtest_results")) >= 3)
    running, next_one = _child(process, "Long.yaml"), _child(process, "Small.yaml")
    process.kill()
    running.kill()
    next_one.wait(timeout=20)  # it was waiting for its turn, which does not come
    assert len(ask("SELECT * FROM optimization_runs")) == 1
    process.communicate(timeout=20)
    rest = run_batch(batch, "--resume", LEAN_REPLAY_ANY="")
    assert (rest.exit_code, rest.last_line) == (0, "26 runs complete, not judged, best Sharpe: 0.4")
    assert "was left behind by a runner that is gone" in rest.stderr
    assert ask("SELECT status FROM optimization_batches") == [{"status": "completed"}]
    assert len(ask("SELECT * FROM optimization_runs")) == 2


def test_a_process_that_ends_before_its_turn_costs_nothing(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], ask: Ask
) -> None:
    process = start(bench.batch([bench.config("Idle"), bench.config("Small")]), LEAN_REPLAY_SPEED="20")
    _wait_for(lambda: ask("SELECT * FROM optimization_runs") != [])
    _child(process, "Small.yaml").kill()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert {cells[4] for cells in _table(ScriptResult(stdout, stderr, 0)).values()} == {"completed"}


def _child(batch: "subprocess.Popen[str]", config: str) -> psutil.Process:
    """The process of a config, once there is one."""

    def found() -> list[psutil.Process]:
        return [
            child for child in psutil.Process(batch.pid).children() if any(config in word for word in child.cmdline())
        ]

    _wait_for(lambda: found() != [])
    return found()[0]


_STATES = "SELECT status FROM optimization_runs ORDER BY id"


@contextmanager
def _idle_is_not_stored(ask: Ask, database_url: str) -> Iterator[None]:
    """From its run's begin on another import of Idle seems to be at work."""
    _wait_for(lambda: ask(_STATES) != [])
    with closing(psycopg2.connect(database_url)) as other, other.cursor() as cursor:
        cursor.execute("SELECT id FROM strategies WHERE name = 'Idle' FOR NO KEY UPDATE")
        yield


def test_the_next_one_runs_while_the_one_before_is_stored_and_is_heard_behind_it(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], ask: Ask, database_url: str
) -> None:
    process = start(bench.batch([bench.config("Idle"), bench.config("Small")]), LEAN_REPLAY_SPEED="20")
    with _idle_is_not_stored(ask, database_url):
        _wait_for(lambda: [row["status"] for row in ask(_STATES)] == ["running", "completed"])
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert {cells[4] for cells in _table(ScriptResult(stdout, stderr, 0)).values()} == {"completed"}
    said = (
        "batch Week 1: 1 of 2: Idle", "run 1: running", "imported 5 backtests", "batch Week 1: Idle: 5 runs complete",
        "batch Week 1: 2 of 2: Small", "run 2: running", "imported 2 backtests", "batch Week 1: Small: 2 runs complete",
        "leaderboard: ",
    )  # fmt: skip
    places = [stderr.rindex(f"\n{words}") for words in said]
    assert places == sorted(places)


def test_a_signal_stops_the_one_that_is_stored_and_the_one_that_has_gone_ahead(
    bench: Bench, start: Callable[..., "subprocess.Popen[str]"], ask: Ask, database_url: str
) -> None:
    process = start(bench.batch([bench.config("Idle"), bench.config("Long")]), LEAN_REPLAY_SPEED="20")
    with _idle_is_not_stored(ask, database_url):
        _wait_for(lambda: len(ask("SELECT * FROM backtest_results WHERE optimization_run_id = 2")) >= 2)
        stdout, stderr, code = _interrupt(process)
    assert code == 130, stderr
    assert [line for line in stderr.splitlines() if line == "interrupted"] == ["interrupted"] * 2
    assert _table(ScriptResult(stdout, stderr, code))["Long"][4] == "interrupted"
    assert processes_of(bench.workspace) == []


_IN_ITS_PLACE = """
import json, os, sys, time
from pathlib import Path

def wait_for(file):
    began = time.monotonic()
    while not Path(file).exists() and time.monotonic() < began + 30:
        time.sleep(0.01)

def tell(is_done):
    told = {"target": "", "tally": json.loads(sys.argv[2]), "lean_is_done": is_done}
    os.write(int(sys.argv[sys.argv.index("--progress-to") + 1]), json.dumps(told).encode() + b"\\n")

name, turn = sys.argv[1], int(sys.argv[sys.argv.index("--turn") + 1])
Path(f"{name} waits").touch()
os.read(turn, 1)
print(name, "begins", file=open("log", "a"))
if name == "a":
    tell(False)
    wait_for("b waits")
    tell(True)
    wait_for("looked")
print(name, "ends", file=open("log", "a"))
"""


class _Looks(BatchProgress):
    """Notes when there was time to let another go ahead."""

    def __init__(self) -> None:
        super().__init__("B", 2, quiet=True)
        self._since_told: int | None = None

    def tells(self, key: str, told: Mapping[str, Any]) -> None:
        super().tells(key, told)
        self._since_told = 0 if told["lean_is_done"] else None

    def renew(self) -> None:
        self._since_told = None if self._since_told is None else self._since_told + 1
        if self._since_told == 5:
            Path("looked").touch()


@pytest.mark.parametrize(("strategy", "stop_at_failure"), [("A", False), ("B", True)])
def test_none_goes_ahead_to_which_the_one_before_matters(
    strategy: str, stop_at_failure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = _run_both(strategy, stop_at_failure=stop_at_failure)
    assert [one.exit_code for one in ended] == [0, 0]
    assert Path("log").read_text().splitlines() == ["a begins", "a ends", "b begins", "b ends"]


def _run_both(strategy: str, *, stop_at_failure: bool) -> list[Ended]:
    tally = json.dumps(vars(Tally()))
    jobs = [
        Job(Path(f"{name}.yaml"), of, (sys.executable, "-c", _IN_ITS_PLACE, name, tally))
        for name, of in (("a", "A"), ("b", strategy))
    ]
    ended: list[Ended] = []
    run_jobs(
        jobs, os.environ, Requests(), at_once=1, stop_at_failure=stop_at_failure, progress=_Looks(),
        on_start=lambda _job: None, on_end=ended.append,
    )  # fmt: skip
    return ended


def test_what_cannot_be_started_costs_nothing_of_the_one_that_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    started = subprocess.Popen

    def start(command: Any, **settings: Any) -> Any:
        if Path("a waits").exists() and not Path("log").read_text().endswith("a ends\n"):
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return started(command, **settings)

    monkeypatch.setattr(subprocess, "Popen", start)
    Path("b waits").touch()  # which a waits for
    ended = _run_both("B", stop_at_failure=False)
    assert [one.exit_code for one in ended] == [0, 0]
    assert Path("log").read_text().splitlines() == ["a begins", "a ends", "b begins", "b ends"]


def test_one_whose_turn_is_there_does_nothing_before() -> None:
    done: list[str] = []
    its, ours = os.pipe()
    os.write(ours, b"\n")
    assert has_turn(its, partial(done.append, "too much"))
    os.close(ours)
    its, ours = os.pipe()

    def meanwhile() -> None:
        done.append("loaded")
        os.close(ours)  # the batch has ended

    assert not has_turn(its, meanwhile)
    assert done == ["loaded"]


def test_a_process_that_cannot_be_started_ahead_is_started_at_its_turn() -> None:
    tries: list[Job] = []

    def start(job: Job) -> Any:
        tries.append(job)
        if len(tries) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return SimpleNamespace(begin=lambda: None)

    following, job = Following(start), Job(Path("a.yaml"), "A", ())
    following.get_ready(job)
    following.get_ready(job)  # not again and again while another runs
    assert tries == [job]
    following.begun(job)
    assert tries == [job, job]


def test_no_password_stands_in_an_argument_list(bench: Bench, run_script: Run, database_url: str, ask: Ask) -> None:
    seen = bench.home / "arguments.txt"
    lean = Path(bench.environment["LEAN_COMMAND"])
    lean.write_text(
        f"#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline >> {seen}\nexit 1\n", encoding="utf-8"
    )  # fmt: skip
    arguments = bench.arguments(bench.batch([bench.config("Small")]), "--database-url", database_url)
    environment = bench.environment | {"DATABASE_URL": "postgresql://nobody@localhost:1/nothing"}
    done = run_script("optimize_runner.py", *arguments, env=environment)
    assert done.exit_code == 4, done.stderr
    assert ask("SELECT status FROM optimization_runs") == [{"status": "failed"}]
    text = seen.read_text(encoding="utf-8")
    assert "--batch-id 1" in text
    assert "database-url" not in text


def test_a_missing_lean_or_workspace_is_told_once(bench: Bench, run_batch: Run, ask: Ask) -> None:
    batch = bench.batch([bench.config("Idle"), bench.config("Small")])
    assert run_batch(batch, LEAN_COMMAND="no-such-lean").exit_code == 10
    assert run_batch(batch, "--workspace", "/nowhere").exit_code == 13
    assert ask(_BATCHES) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "c.yaml"], "--batch does not go with --config"),
        (["--dry-run", "--estimate"], "not allowed with argument --dry-run"),
        (["--resume", "3"], "--batch FILE --resume takes no run"),
        (["--retry-failed"], "--retry-failed belongs to --resume"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], message: str, run_script: Run) -> None:
    done = run_script("optimize_runner.py", "--batch", "b.yaml", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_mistakes_of_a_batch_are_told_at_once(tmp_path: Path) -> None:
    example = "configs/optimizations/rsi_etf_example.yaml"
    file = tmp_path / "b.yaml"
    file.write_text(
        f"batch_name: ''\noptimizations:\n  - {example}\n  - nowhere.yaml\n  - ./{example}\n  - 7\n"
        "settings: {max_concurrent: 0, continue_on_eror: true}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read_batch(file)
    assert str(caught.value).splitlines() == [
        f"{file}: batch_name: must not be empty; write a text (line 1)",
        f"{file}: optimizations[1]: nowhere.yaml: no such file, neither from the current folder nor from "
        "the project's; check the path (line 4)",
        f"{file}: optimizations[2]: ./{example} is listed twice; keep one of them (line 5)",
        f"{file}: optimizations[3]: must be a text, not 7; put it in quotes (line 6)",
        f"{file}: settings.continue_on_eror: unknown key, did you mean continue_on_error? (line 7)",
        f"{file}: settings.max_concurrent: must be at least 1, not 0 (line 7)",
    ]


def test_the_example_is_read_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    batch = read_batch(PROJECT / "configs" / "batches" / "mean_reversion_batch.yaml")
    names = ("rsi_etf_example", "bollinger_etf_example")
    assert batch.configs[:2] == tuple(PROJECT / "configs" / "optimizations" / f"{name}.yaml" for name in names)
    assert (batch.name, batch.continue_on_error, batch.max_concurrent) == ("Mean reversion", True, 1)


def test_many_configs_go_through_unattended_although_three_are_poisoned(bench: Bench, run_batch: Run, ask: Ask) -> None:
    """`make campaign` takes the 120 of a busy week."""
    count = int(os.environ.get("CAMPAIGN_CONFIGS", "16"))
    configs = [bench.config(f"Small_{number:03}") for number in range(count - 3)]
    configs[3:3] = [bench.invalid()]
    configs[8:8] = [bench.config("Broken")]
    configs[13:13] = [bench.config("Refused")]
    done = run_batch(bench.batch(configs, "max_concurrent: 2"), timeout=300, LEAN_REPLAY_SPEED="1000")
    assert done.exit_code == 4
    sound = count - 3
    assert done.last_line == f"{2 * sound + 2} runs complete (2 failed), not judged, best Sharpe: n/a"
    statuses = [cells[4] for cells in _table(done).values()]
    assert len(statuses) == count
    assert [(number, status) for number, status in enumerate(statuses) if status != "completed"] == [
        (3, "failed (invalid input)"),
        (8, "failed (all backtests failed)"),
        (13, "failed (lean refused)"),
    ]
    assert ask("SELECT count(*) AS n FROM backtest_results WHERE status = 'completed'") == [{"n": 2 * sound}]
    assert ask("SELECT status, count(*) AS n FROM optimization_runs GROUP BY status ORDER BY status") == [
        {"status": "completed", "n": sound},
        {"status": "failed", "n": 2},
    ]


def _previewed(done: ScriptResult) -> list[list[str]]:
    """The rows of the estimate's table, without the config."""
    header, rule, *rows, _total = done.stdout.splitlines()
    assert header.split() == ["Strategy", "Config", "Backtests", "Minutes", "Fees", "Disk", "MB", "Verdict"]
    ends = [0]
    for dashes in rule.split():
        ends.append(rule.index(dashes, ends[-1]) + len(dashes))
    cells = [[row[a:b].strip() for a, b in pairwise(ends)] for row in rows]
    return [[row[0], *row[2:]] for row in cells]


_AFFORDABLE = _FEES.replace("822", "10")


def test_the_estimate_of_a_batch_adds_up_what_its_configs_take(bench: Bench, run_batch: Run, ask: Ask) -> None:
    assert run_batch(bench.batch([bench.config("Long")]), LEAN_REPLAY_ANY="").exit_code == 0
    known = bench.config("Long", more=_AFFORDABLE)
    ask("UPDATE backtest_results SET started_at = '2026-01-01 00:00', completed_at = '2026-01-01 00:12'")
    folder = Path(ask("SELECT output_folder FROM optimization_runs")[0]["output_folder"])
    megabytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    runs = ask("SELECT * FROM optimization_runs")
    configs = [known, bench.invalid(), bench.config("Idle_dear", more=_FEES), bench.config("Small")]
    done = run_batch(bench.batch(configs), "--estimate")
    assert _previewed(done) == [
        ["Long", "24", "12.0", "0.8%", f"{megabytes:,.0f}", "10 orders on $1,000: $8, 0.8% of the capital, within "
         "30.0%: go ahead"],
        ["n/a", "", "", "", "", f"cannot run: {bench.home}/{_MISSING}"],
        ["Idle_dear", "5", "unknown", "67.3%", "8", _TOO_DEAR],
        ["Small", "2", "unknown", "", "3", "cannot estimate fees: needs backtest.initial_capital (dollars); "
         "backtest.start_date and backtest.end_date; fee_assumptions.expected_trades_per_year (orders a year), or an "
         "earlier run of the strategy"],
    ]  # fmt: skip
    assert done.last_line == (
        f"3 configs: 31 backtests, at least 0.2 hours one config after the other, {megabytes + 7 * 1.7:,.0f} MB of disk"
    )
    assert "disk: 1.7 MB a backtest assumed for strategies without an earlier run on disk" in done.stderr
    assert done.exit_code == 2
    assert ask("SELECT * FROM optimization_runs") == runs
    codes = [run_batch(bench.batch(chosen), "--estimate").exit_code for chosen in (configs[2:], configs[3:], [known])]
    assert codes == [3, 6, 0]


def test_a_batch_is_looked_at_and_printed_config_by_config(bench: Bench, run_batch: Run, ask: Ask) -> None:
    without_project = bench.config("Small_gone")
    shutil.rmtree(bench.workspace / "Small_gone")
    configs = [bench.config("Idle"), bench.invalid(), without_project]
    batch = bench.batch(configs)
    shown = run_batch(batch, "--dry-run")
    assert shown.exit_code == 2
    lines = shown.stdout.splitlines()
    headings = [f"# {config}" for config in configs]
    assert [line for line in lines if line in headings] == headings
    assert [line.split()[1:3] for line in lines if " optimize " in line] == [
        ["optimize", "Idle"], ["optimize", "Small_gone"],
    ]  # fmt: skip
    place = lines.index(headings[1])
    assert lines[place + 1] == f"# cannot run: {bench.home}/{_MISSING}"
    assert subprocess.run(["sh", "-n"], input=shown.stdout, text=True, check=False).returncode == 0
    looked = run_batch(batch, "--check")
    assert looked.exit_code == 2
    lines = looked.stdout.splitlines()
    assert [line for line in lines if line in headings] == headings
    of_first, of_last = lines[: lines.index(headings[1])], lines[lines.index(headings[2]) :]
    assert [line[0] for line in of_first if ": " in line].count("✗") == 0
    assert "✗ project: " in "".join(of_last)
    assert run_batch(bench.batch([configs[0], without_project]), "--check").exit_code == 14
    assert run_batch(bench.batch([configs[0]]), "--check").exit_code == 0
    assert not (bench.workspace / ".optimization").exists()
    assert ask("SELECT * FROM optimization_batches") == []


def test_a_batch_of_more_than_a_thousand_backtests_asks_for_a_yes(bench: Bench, run_batch: Run, ask: Ask) -> None:
    large = bench.config("Idle_large")
    text = large.read_text(encoding="utf-8")
    large.write_text(text.replace("{start: 0, end: 4, step: 1}", "{start: 0, end: 998, step: 1}"), encoding="utf-8")
    batch = bench.batch([bench.config("Small"), large])
    done = run_batch(batch)
    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr.splitlines()[-1] == (
        "error: 2 configs: 1,001 backtests, an unknown number of hours one config after the other, 1,702 MB of disk: "
        "nothing was run; what takes more than 1,000 backtests, or than 24 hours, needs --yes"
    )
    assert ask(_BATCHES) == []
    assert not (bench.workspace / ".optimization").exists()
    assert _table(run_batch(batch, "--yes", "--no-pilot"))["Small"][4] == "completed"
