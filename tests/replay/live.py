"""A container in which backtests are processes: what is mounted over LEAN's launcher is really run for each of them."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay.judge import Judge
from replay.matching import Job
from replay.mounted import FOLDER, LAUNCHER
from replay.optimizer import words
from replay.recording import Recording

_BIN = Path(__file__).resolve().parent / "bin"
_POLL = 0.005
_INTERVAL = 10.0
_COLD, _WARM_FIRST, _WARM = 6.0, 4.5, 1.1
"""Seconds a backtest, on the machine of the recordings: 15 and 3.5 of 20.2 where all three were measured."""
_HOST_START = 0.75
"""Share of an engine's first backtest that is its start."""


@dataclass(frozen=True)
class Durations:
    """How long a backtest takes, in seconds."""

    cold: float
    warm_first: float
    warm: float

    @staticmethod
    def read() -> "Durations":
        """As the environment says, else as on the machine of the recordings."""
        given = os.environ
        return Durations(
            float(given.get("LEAN_REPLAY_COLD", _COLD)),
            float(given.get("LEAN_REPLAY_WARM_FIRST", _WARM_FIRST)),
            float(given.get("LEAN_REPLAY_WARM", _WARM)),
        )


@dataclass(frozen=True)
class LiveRun:
    """An optimization whose backtests are run, not played."""

    recording: Recording
    config: dict[str, Any]
    jobs: list[Job]
    slots: int
    launcher: Path
    """The folder that stands for the one in which LEAN's optimizer starts its launcher."""
    output: Path
    speed: float
    fault: tuple[str, list[int]]

    def play(self, say: Callable[[bytes], object]) -> int:
        """Run every job and return the container's exit code."""
        optimizer = _LiveOptimizer(self, say)
        optimizer.run()
        return 0


def prepare(binds: dict[str, Path], recording: Recording, jobs: list[Job], real: list[dict[str, str]],
            folder: Path, speed: float) -> None:  # fmt: skip
    """Fill the launcher's folder: the CLI's config.json, what is mounted, and what is recorded of each combination."""
    project = {"algorithm-location": "/LeanCLI/main.py", "algorithm-language": "Python", "parameters": {}}
    (folder / "config.json").write_text(f"// as the CLI mounts it\n{json.dumps(project)}\n", encoding="utf-8")
    for bind, source in binds.items():
        if Path(bind).parent == Path(FOLDER):
            (folder / Path(bind).name).symlink_to(source)
    if LAUNCHER not in binds:
        own = folder / Path(LAUNCHER).name
        own.write_text('#!/bin/sh\nexec dotnet QuantConnect.Lean.Launcher.dll "$@"\n', encoding="utf-8")
        own.chmod(0o755)
    durations = Durations.read()
    listed = set(recording.backtests[0].parameters)
    state = {
        "speed": speed,
        **vars(durations),
        "host_start": durations.warm_first * _HOST_START,
        "different": int(os.environ.get("LEAN_REPLAY_DIFFERENT", "0")),
        "jobs": [
            {
                "parameters": {name: value for name, value in parameters.items() if name in listed},
                "folder": str(recording.output / job.backtest.id),
                "id": job.backtest.id,
                "crashed": recording.summary(job.backtest).get("state", {}).get("Status") == "RuntimeError",
            }
            for job, parameters in zip(jobs, real, strict=True)
        ],
    }
    (folder / "recorded.json").write_text(json.dumps(state), encoding="utf-8")


class _LiveOptimizer:
    """LEAN's optimizer: so many processes at a time, and what it logs."""

    def __init__(self, run: LiveRun, say: Callable[[bytes], object]) -> None:
        self._run = run
        self._say = say
        self._judge = Judge(run.recording, run.config)
        self._oid = uuid.uuid4()
        self._pending = list(run.jobs)
        self._running: dict[str, tuple[subprocess.Popen[bytes], Job]] = {}
        self._completed = 0
        self._started = time.monotonic()
        self._updated = 0.0

    def run(self) -> None:
        while self._pending and len(self._running) < self._run.slots:
            self._launch()
        self._log(f"LeanOptimizer.Start(OID {self._oid}): start ended. Waiting on {len(self._run.jobs)} backtests")
        self._update()
        while self._running:
            for backtest_id, (process, job) in list(self._running.items()):
                if process.poll() is not None:
                    self._ended(backtest_id, job)
            time.sleep(_POLL)
        self._log(f"LeanOptimizer.TriggerOnEndEvent(OID {self._oid}): {self._judge.verdict()}")

    def _launch(self) -> None:
        job = self._pending.pop(0)
        backtest_id = str(uuid.uuid4())
        folder = self._run.output / backtest_id
        folder.mkdir(parents=True)
        self._log(
            f"LeanOptimizer.LaunchLeanForParameterSet(OID {self._oid}): launched backtest '{backtest_id}' "
            f"with parameters '{words(job.parameters)}'"
        )
        command = [str(self._run.launcher / Path(LAUNCHER).name), "--results-destination-folder", str(folder)]
        command += ["--algorithm-id", backtest_id, "--optimization-id", str(self._oid)]
        command += ["--parameters", words(job.parameters), "--backtest-name", "OptimizationBacktest"]
        environment = os.environ | {
            "PATH": os.pathsep.join([str(_BIN), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "STAND_IN_RECORDED": str(self._run.launcher / "recorded.json"),
            "TMPDIR": str(self._run.launcher),
        }
        process = subprocess.Popen(
            [*command, "--close-automatically", "True"],
            cwd=self._run.launcher, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._running[backtest_id] = (process, job)

    def _ended(self, backtest_id: str, job: Job) -> None:
        del self._running[backtest_id]
        if (self._run.output / backtest_id / f"{backtest_id}.json").exists():
            self._judge.push(job.backtest, backtest_id, words(job.parameters))
        self._completed += 1
        fault, numbers = self._run.fault
        if fault in {"hang-after", "kill-container-after"} and self._completed == numbers[0]:
            while fault == "hang-after":
                signal.pause()
            os.killpg(0, signal.SIGKILL)
        if self._pending:
            self._launch()
        if time.monotonic() - self._updated > _INTERVAL / self._run.speed:
            self._update()

    def _update(self) -> None:
        self._updated = time.monotonic()
        spent = (self._updated - self._started) * self._run.speed
        average = spent / self._completed if self._completed else 0.0
        self._log(
            f"ConsoleLeanOptimizer.SendUpdate(): {len(self._run.jobs)} Completed:{self._completed}, Failed:0, "
            f"Running:{len(self._running)}, In Queue:{len(self._pending)}, Average Length:{_clock(average)}, "
            f"Total Runtime:{_clock(spent)}{self._judge.so_far()}"
        )

    def _log(self, text: str) -> None:
        now = datetime.now(UTC)
        with (self._run.output / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z TRACE:: {text}\n")
        self._say(f"{now:%Y%m%d %H:%M:%S.%f}"[:-3].encode() + f" TRACE:: {text}\n".encode())


def _clock(seconds: float) -> str:
    return str(datetime.min + timedelta(seconds=int(seconds)))[11:19]
