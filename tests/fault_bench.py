"""What the fault tests share: docs/FAULTS.md, a bench on which runs are broken, and what holds after each fault."""

import json
import os
import random
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

import psutil
import psycopg2
import psycopg2.extras
import pytest
from psycopg2.extensions import parse_dsn

from strategy_testing.metrics.catalogue import METRICS
from support import PROJECT, make_project, processes_of, write_config

TABLE = PROJECT / "docs" / "FAULTS.md"
STAND_INS = PROJECT / "tests" / "replay" / "bin"
RSI = "RSI_MeanReversion_ETF"
SIX = (
    "    rsi_period: {start: 10, end: 12, step: 2}\n"
    "    entry_threshold: {values: [35]}\n"
    "    exit_threshold: {start: 55, end: 65, step: 5}\n"
)
LARGER = (
    "    rsi_period: {start: 10, end: 20, step: 2}\n"
    "    entry_threshold: {values: [35]}\n"
    "    exit_threshold: {start: 50, end: 65, step: 5}\n"
)
_COLUMNS = ", ".join(["parameters", "status", "error_message", *(metric.column for metric in METRICS)])
_ROWS = f"SELECT {_COLUMNS} FROM backtest_results WHERE optimization_run_id = %s ORDER BY parameters::text"

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = %s"
RUNNER = "strategy-testing"

Rows = list[dict[str, Any]]
Unpack = Callable[[str], Path]
Undisturbed = Callable[["Bench"], Rows]


LEAN = "LEAN, its files and Docker"
SIGNALS = "Signals"
DATABASE = "The database"
USERS = "Several users, machines and clocks"


@dataclass(frozen=True)
class Fault:
    """A row of the table of faults."""

    id: str
    what: str
    """What is broken, for people; as what follows in Markdown."""
    outcome: str
    status: str | None
    """Of the run; None where there is no row."""
    exit_code: int
    remedy: str

    def __str__(self) -> str:
        """A row of Markdown."""
        status = self.status or "no row"
        return f"| `{self.id}` | {self.what} | {self.outcome} | {status} | {self.exit_code} | {self.remedy} |"


FAULTS: dict[str, tuple[str, Fault]] = {}
"""Every fault of the tests that are imported, with its section, by its id."""
_places: dict[str, tuple[str, int]] = {}
"""Where each stands: pytest imports the tests in another order than a single one does."""


def fault(section: str, *faults: Fault) -> pytest.MarkDecorator:
    """Gives a test a fault, or one after the other, and the table its rows; what they say is what the test expects."""
    for each in faults:
        assert each.id not in FAULTS, f"{each.id} is the name of two faults"
        FAULTS[each.id] = section, each
        caller = sys._getframe(1)
        _places[each.id] = caller.f_code.co_filename, caller.f_lineno
    return pytest.mark.parametrize("row", faults, ids=[each.id for each in faults])


def fault_again(identity: str) -> pytest.MarkDecorator:
    """Gives a second test a fault that has one already."""
    return pytest.mark.parametrize("row", [FAULTS[identity][1]], ids=[identity])


def table_of(section: str) -> str:
    """The Markdown of a section's faults, in the order of their tests."""
    ours = [each for of, each in FAULTS.values() if of == section]
    rows = [str(each) for each in sorted(ours, key=lambda each: _places[each.id])]
    head = "| id | fault | what happens | status | exit code | what to do |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows]) + "\n"


@dataclass(frozen=True)
class Done:
    """A runner that has ended."""

    stdout: str
    stderr: str
    exit_code: int
    at: float
    """When it was seen to have ended, as time.time()."""


@dataclass
class Bench:
    """A workspace, a config and a database, and runners that are started on them."""

    home: Path
    url: str
    recording: Path
    config: Path
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        """The lean workspace."""
        return self.home / "workspace"

    def environment(self, **more: str) -> dict[str, str]:
        """The stand-ins first on the PATH."""
        return os.environ | {
            "PATH": f"{STAND_INS}{os.pathsep}{os.environ['PATH']}",
            "DATABASE_URL": self.url,
            "LEAN_REPLAY_RECORDING": str(self.recording),
            "LEAN_REPLAY_SPEED": "200",
            "LEAN_REPLAY_STATE": str(self.home / "state"),
            "REPLAY_PYTHON": sys.executable,
            **more,
        }

    def start(self, *arguments: object, speed: int = 200, **environment: str) -> "subprocess.Popen[str]":
        """Starts the runner; without arguments with the config."""
        words = arguments or ("--config", self.config)
        process = self._script("optimize_runner.py", "--workspace", self.workspace, *words,
                               LEAN_REPLAY_SPEED=str(speed), **environment)  # fmt: skip
        self.running.append(process)
        return process

    def end(self, process: "subprocess.Popen[str]", seconds: float = 90) -> Done:
        """Waits for the runner's end."""
        stdout, stderr = process.communicate(timeout=seconds)
        assert "Traceback" not in stderr, stderr
        return Done(stdout, stderr, process.returncode, time.time())

    def run(self, *arguments: object, speed: int = 200, **environment: str) -> Done:
        """Starts the runner and waits for its end."""
        return self.end(self.start(*arguments, speed=speed, **environment))

    def import_by_hand(self, *arguments: object) -> Done:
        """results_importer.py."""
        return self.end(self._script("results_importer.py", *arguments))

    def docker(self, *words: str) -> str:
        """What the stand-in for docker prints."""
        command = [str(STAND_INS / "docker"), *words]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=30, check=False)
        return done.stdout.strip()

    def ask(self, statement: str, *values: object) -> Rows:
        """Runs SQL and returns the rows."""
        dictionaries = psycopg2.extras.RealDictCursor
        with (
            closing(psycopg2.connect(self.url)) as connection,
            connection,
            connection.cursor(cursor_factory=dictionaries) as cursor,
        ):
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def run_row(self) -> dict[str, Any] | None:
        """The oldest run."""
        return next(iter(self.ask("SELECT * FROM optimization_runs ORDER BY id LIMIT 1")), None)

    def folder(self) -> Path:
        """The only run's folder."""
        (folder,) = [note.parent for note in self.workspace.glob(".optimization/*/*/run-manifest.json")]
        return folder

    def results(self, run_id: int) -> Rows:
        """Parameters, status and metrics of a run's backtests."""
        return self.ask(_ROWS, run_id)

    def stored(self) -> set[str]:
        """Ids of the backtests in the database."""
        return {row["backtest_id"] for row in self.ask("SELECT backtest_id FROM backtest_results")}

    def on_disk(self) -> set[str]:
        """Ids of the backtests whose files are complete, counted without the product's code."""
        complete = set()
        for folder in self.workspace.glob(".optimization/**/*-*-*-*-*"):
            try:
                result = json.loads((folder / f"{folder.name}.json").read_bytes())
            except (OSError, ValueError):
                continue
            if result.get("state", {}).get("Status") in {"Completed", "RuntimeError"}:
                complete.add(folder.name)
        return complete

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Waits until something has happened."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "did not happen in time"
            time.sleep(0.02)

    def wait_for_results(self, count: int) -> None:
        """Waits until so many backtests are complete on disk."""
        self.wait_for(lambda: len(list(self.workspace.glob(".optimization/**/data-monitor-report-*"))) >= count)

    def left_over(self) -> list[list[str]]:
        """Command lines of processes that name the workspace or run in it; what is just ending is waited for."""
        deadline = time.monotonic() + 5
        while (found := self._at_work()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found + processes_of(self.workspace)

    def check(self, row: Fault, done: Done, *, is_resumed: bool = True) -> Rows:
        """What holds after each fault, and after going on without it; returns the rows of the whole run."""
        assert done.exit_code == row.exit_code, done.stderr
        run = self.run_row()
        assert (run["status"] if run else None) == row.status, done.stderr
        assert self.stored() == self.on_disk()
        assert self.left_over() == []
        return self.go_on() if is_resumed else []

    def go_on(self) -> Rows:
        """Runs what is missing, without the fault; returns the rows of the whole run."""
        run = self.run_row()
        resumed = self.run("--resume", run["id"]) if run and run["status"] != "completed" else None
        if run is None:
            resumed = self.run()
        after = self.run_row()
        assert after is not None
        assert self.stored() == self.on_disk(), resumed
        assert self.left_over() == []
        return self.results(after["id"])

    def _at_work(self) -> list[list[str]]:
        found = []
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()).is_relative_to(self.workspace) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.cmdline())
            except (psutil.Error, OSError):
                continue
        return found

    def _script(self, script: str, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(PROJECT / "scripts" / script), *map(str, arguments)]
        command += ["--leaderboard", str(self.home / "leaderboard.md")]
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def make_bench(home: Path, url: str, recording: Path, parameters: str = SIX, **config: str) -> Bench:
    """A bench whose project is the recorded strategy."""
    project = {"crashy": "Crashy", "init-fail": "InitFail", "hang-in-step": "Loopy"}.get(recording.name, RSI)
    if project == "InitFail":  # which does not come to read its parameter
        make_project(home / "workspace", project)
    else:
        copytree(recording / "output" / "code", home / "workspace" / project)
    (home / "workspace" / "lean.json").write_text("{}\n", encoding="utf-8")
    return Bench(home, url, recording, write_config(home / "config.yaml", project, parameters, **config))


@pytest.fixture(name="bench")
def fixture_bench(tmp_path: Path, database_url: str, unpacked: Unpack) -> Iterator[Bench]:
    """Six combinations of the RSI strategy on a fresh database."""
    made = make_bench(tmp_path, database_url, unpacked("grid-72"))
    yield made
    end_all(made)


def end_all(made: Bench) -> None:
    """Ends what a test that failed has left."""
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.communicate()
    for name in made.docker("ps", "--format", "{{.Names}}").split():
        made.docker("kill", name)


_undisturbed: dict[tuple[str, str], Rows] = {}


@pytest.fixture(name="undisturbed")
def fixture_undisturbed(empty_database_url: str, tmp_path: Path) -> Undisturbed:
    """The rows of a run of the same config to which nothing happens; computed once for each config."""

    def rows(disturbed: Bench) -> Rows:
        text = disturbed.config.read_text(encoding="utf-8")
        key = (disturbed.recording.name, text.split("  max_concurrent")[0])
        if key not in _undisturbed:
            copy = tmp_path / "undisturbed"
            copytree(disturbed.workspace, copy / "workspace", ignore=lambda *_: {".optimization"})
            config = copy / "config.yaml"  # without a limit that was made for a test
            config.write_text(re.sub(r"(stall|timeout)_minutes: [\d.]+, ", "", text), encoding="utf-8")
            calm = Bench(copy, empty_database_url, disturbed.recording, config)
            done = calm.run()
            run = calm.run_row()
            assert run is not None, done.stderr
            _undisturbed[key] = calm.results(run["id"])
        return _undisturbed[key]

    return rows


def moments(name: str, count: int) -> list[tuple[int, float]]:
    """Random moments of a run, always the same ones: after so many results, so many seconds later."""
    dice = random.Random(name)
    return [(dice.randint(0, 3), round(dice.uniform(0, 0.4), 3)) for _ in range(count)]


def administer(url: str, statement: str, *values: object) -> None:
    with closing(psycopg2.connect(url)) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute(statement, values or None)


def database_name(bench: Bench) -> str:
    return str(parse_dsn(bench.url)["dbname"])


def take_away(bench: Bench, server: str) -> None:
    """Nobody gets in any more, and who is in is thrown out."""
    administer(server, f"ALTER DATABASE {database_name(bench)} ALLOW_CONNECTIONS false")
    administer(server, TERMINATE, database_name(bench), RUNNER)


def give_back(bench: Bench, server: str) -> None:
    administer(server, f"ALTER DATABASE {database_name(bench)} ALLOW_CONNECTIONS true")


def import_as_told(bench: Bench, row: Fault, done: Done) -> None:
    """Follows the message to the letter."""
    run = bench.run_row()
    assert run is not None
    assert (run["status"], done.exit_code) == (row.status, row.exit_code), done.stderr
    assert len(bench.stored()) < len(bench.on_disk()) == 6
    assert bench.left_over() == []
    told = next(line for line in done.stderr.splitlines() if "results_importer.py" in line)
    words = shlex.split(told.partition("results_importer.py ")[2])
    assert words == ["--optimization-dir", str(bench.folder())]
    imported = bench.import_by_hand(*words)
    assert (imported.stdout, imported.exit_code) == ("6 runs complete, not judged, best Sharpe: 0.4\n", 0)
    assert bench.stored() == bench.on_disk()
    after = bench.run_row()
    assert after is not None
    assert after["status"] == "completed"
