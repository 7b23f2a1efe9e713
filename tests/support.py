"""What tests share that is no fixture."""

import os
import re
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from strategy_testing.database.runs import RunnerIdentity

PROJECT = Path(__file__).resolve().parents[1]
RECORDINGS = PROJECT / "tests" / "recordings"


@dataclass(frozen=True)
class ScriptResult:
    """What a script printed and returned."""

    stdout: str
    stderr: str
    exit_code: int

    @property
    def last_line(self) -> str:
        """The last line of stdout."""
        return self.stdout.rstrip("\n").rsplit("\n", 1)[-1]


def same_as_quoted(document: Path, quoted: str, actual: str) -> None:
    """Whether a quotation is what the project prints; with REWRITE_DOCS it becomes so."""
    if quoted != actual and os.environ.get("REWRITE_DOCS"):
        text = document.read_text(encoding="utf-8") if document.exists() else ""
        document.write_text(text.replace(quoted, actual, 1) if quoted else actual, encoding="utf-8")
        quoted = actual
    assert quoted == actual


READS_ANYTHING = """from AlgorithmImports import *


class Recorded(QCAlgorithm):
    def initialize(self):
        for name in self.get_parameters().keys():
            self.debug(f"{name} {self.get_parameter(name)}")
"""
"""A strategy of which nobody can tell by its text which parameters it reads."""


def unpack_recording(name: str, home: Path) -> Path:
    """Unpacks a recording below a folder and returns its own."""
    with tarfile.open(RECORDINGS / f"{name}.tar.xz") as archive:
        if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
            archive.extractall(home, filter="data")
        else:
            archive.extractall(home)  # noqa: S202 - packed by this project
    return home / name


def make_project(workspace: Path, name: str, code: str = READS_ANYTHING) -> Path:
    """A LEAN project in the workspace."""
    project = workspace / name
    project.mkdir(parents=True, exist_ok=True)
    (project / "main.py").write_text(code, encoding="utf-8")
    return project


def write_config(
    file: Path,
    project: str,
    parameters: str,
    *,
    criteria: str = "",
    constraint: str = "",
    search: str = "Grid Search",
    target: str = "Sharpe Ratio",
    more: str = "",
    engine: str = "cold",
) -> Path:
    """A config of flags only, as the recorded commands were.

    Warm engines cost processes and change what is run, so that a test has to ask for them.
    """
    lean = re.search(r"^lean:( \{|\n +)", more, re.MULTILINE)
    if lean is None:
        more += f"lean: {{engine: {engine}}}\n"
    else:
        more = f"{more[: lean.end()]}engine: {engine}{', ' if lean[1] == ' {' else lean[1]}{more[lean.end() :]}"
    constraints = f"  constraints: ['{constraint}']\n" if constraint else ""
    judged = f"success_criteria: {{{criteria}}}\n" if criteria else ""
    file.write_text(
        f"strategy: {{name: {project}, lean_project_path: {project}}}\n"
        f"optimization:\n  type: {search}\n  target_metric: {target}\n  target_direction: max\n"
        f"{constraints}  parameters:\n{parameters}  max_concurrent_backtests: 2\n{judged}{more}",
        encoding="utf-8",
    )
    return file


def store_running(ask: Callable[..., object], runner: RunnerIdentity, folder: Path) -> None:
    """The run 1 of a strategy S, which is said to be running."""
    ask("INSERT INTO strategies (id, name, lean_project_path) VALUES (1, 'S', 'S')")
    ask(
        "INSERT INTO optimization_runs (id, run_uuid, strategy_id, optimization_type, status, output_folder, "
        "runner_host, runner_pid, runner_started_at, runner_token) "
        "VALUES (1, gen_random_uuid(), 1, 'Grid Search', 'running', %s, %s, %s, %s, %s)",
        str(folder), runner.host, runner.pid, runner.started_at, runner.token,
    )  # fmt: skip


def processes_of(folder: Path, patience_seconds: float = 5) -> list[list[str]]:
    """Command lines of other processes that name a folder or work in it; what is just ending is waited for."""
    deadline = time.monotonic() + patience_seconds
    while True:
        found = [
            process.info["cmdline"] for process in psutil.process_iter(["cmdline", "cwd"]) if _is_of(process, folder)
        ]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _is_of(process: psutil.Process, folder: Path) -> bool:
    working_folder = process.info["cwd"]
    if working_folder and Path(working_folder).is_relative_to(folder):
        return True
    return any(str(folder) in word for word in process.info["cmdline"] or ())
