"""An optimization run anew over recorded backtests: LEAN's order, slots, log lines and optimum."""

import heapq
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

from replay.judge import Judge
from replay.matching import Job
from replay.plan import Kind, Plan, Step, of_backtest
from replay.recording import Backtest, Recording

_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ")
_PARAMETERS = re.compile(rb"(with parameters '|Parameters \(|ParameterSet: \()([^')]*)")
_UPDATE = re.compile(rb"SendUpdate\(\): \d+ Completed:(\d+)")
_INTERVAL = 10.0
_FIRST_LAUNCH = 2.5
_ENDING = 0.3


def words(parameters: dict[str, str]) -> str:
    """Write a combination as LEAN does."""
    return ",".join(f"{name}:{parameters[name]}" for name in sorted(parameters))


class Optimizer:
    """Plays through a run in recorded seconds and notes its steps."""

    def __init__(self, recording: Recording, config: dict[str, Any], jobs: list[Job], slots: int) -> None:
        """Keep the jobs to run."""
        self._recording = recording
        self._judge = Judge(recording, config)
        self._pending = list(jobs)
        self._total = len(jobs)
        self._slots = slots
        self._oid = uuid.uuid4()
        self._running: list[tuple[float, int, str, Job]] = []
        self._steps: list[Step] = []
        self._renames: list[tuple[str, str]] = []
        self._completed = 0
        self._updated = -_INTERVAL
        self._launched = 0

    def plan(self) -> Plan:
        """Return the steps of the run."""
        self._steps.append(Step(_ENDING, Kind.SAY, text=b"Compiling '/LeanCLI/main.py'...\n"))
        while self._pending and len(self._running) < self._slots:
            self._launch(_FIRST_LAUNCH)
        started = f"LeanOptimizer.Start(OID {self._oid}): start ended. Waiting on {self._total} backtests"
        self._log(_FIRST_LAUNCH, started)
        self._update(_FIRST_LAUNCH)
        now = _FIRST_LAUNCH
        while self._running:
            now, _, backtest_id, job = heapq.heappop(self._running)
            if self._pending:
                self._launch(now)
                self._maybe_update(now)
            self._completed += 1
            self._judge.push(job.backtest, backtest_id, words(job.parameters))
            if self._running:
                self._maybe_update(now)
        self._log(now, f"LeanOptimizer.TriggerOnEndEvent(OID {self._oid}): {self._judge.verdict()}")
        return Plan(sorted(self._steps, key=lambda step: step.at), renames=tuple(self._renames))

    @property
    def best(self) -> tuple[str, str, Backtest] | None:
        """Return the id, the parameters and the backtest of the optimum."""
        return self._judge.best

    def _launch(self, now: float) -> None:
        job = self._pending.pop(0)
        new_id = str(uuid.uuid4())
        old_id = job.backtest.id
        self._renames.append((old_id, new_id))
        self._log(
            now,
            f"LeanOptimizer.LaunchLeanForParameterSet(OID {self._oid}): launched backtest '{new_id}' "
            f"with parameters '{words(job.parameters)}'",
        )
        steps = of_backtest(self._recording, old_id)
        for step in steps:
            path = step.path.replace(old_id, new_id)
            text = step.text.replace(old_id.encode(), new_id.encode())
            self._steps.append(Step(now + step.at, step.kind, path, text, step.source, new_id))
            if step.kind is Kind.LINE:
                self._steps.append(_said(now + step.at, text))
        end = max(step.at for step in steps) + _ENDING
        self._launched += 1
        heapq.heappush(self._running, (now + end, self._launched, new_id, job))

    def _maybe_update(self, now: float) -> None:
        if now - self._updated > _INTERVAL:
            self._update(now)

    def _update(self, now: float) -> None:
        self._updated = now
        spent = now - _FIRST_LAUNCH
        average = spent / self._completed if self._completed else 0.0
        self._log(
            now,
            f"ConsoleLeanOptimizer.SendUpdate(): {self._total} Completed:{self._completed}, Failed:0, "
            f"Running:{len(self._running)}, In Queue:{len(self._pending)}, Average Length:{_clock(average)}, "
            f"Total Runtime:{_clock(spent)}{self._judge.so_far()}",
        )

    def _log(self, now: float, text: str) -> None:
        self._steps.append(Step(now, Kind.LOG, "log.txt", f"TRACE:: {text}\n".encode()))


def judged_anew(steps: list[Step], recording: Recording, config: dict[str, Any]) -> tuple[list[Step], Judge]:
    """Return recorded steps with the optimum that another target or other constraints would have had."""
    ends = {step.backtest: step.at for step in steps if step.backtest}
    order = sorted(filter(recording.finished, recording.backtests), key=lambda backtest: ends[backtest.id])

    def after(count: int) -> Judge:
        judge = Judge(recording, config)
        for backtest in order[:count]:
            judge.push(backtest, backtest.id, words(backtest.parameters))
        return judge

    last = after(len(order))
    changed: list[Step] = []
    for step in steps:
        text = step.text
        update = _UPDATE.search(text)
        tail = b"\n" if text.endswith(b"\n") else b""
        if update:
            text = text.rstrip(b"\n").split(b". Best id:")[0] + after(int(update[1])).so_far().encode() + tail
        elif b"): Optimization has ended. " in text:
            text = text.split(b"Optimization has ended. ")[0] + last.verdict().encode() + tail
        changed.append(Step(step.at, step.kind, step.path, text, step.source, step.backtest))
    return changed, last


def with_fixed(steps: list[Step], fixed: dict[str, str]) -> list[Step]:
    """Return steps whose lines name the fixed parameters too."""

    def name_all(found: re.Match[bytes]) -> bytes:
        parameters = dict(pair.split(":", 1) for pair in found[2].decode().split(","))
        return found[1] + words(parameters | fixed).encode()

    return [
        Step(step.at, step.kind, step.path, _PARAMETERS.sub(name_all, step.text), step.source, step.backtest)
        if b"LeanOptimizer" in step.text
        else step
        for step in steps
    ]


def _said(at: float, line: bytes) -> Step:
    stamp = _STAMP.match(line)
    return Step(at, Kind.SAY_NOW, text=line[stamp.end() :]) if stamp else Step(at, Kind.SAY, text=line)


def _clock(seconds: float) -> str:
    return str(datetime.min + timedelta(seconds=int(seconds)))[11:19]


def single(recording: Recording, backtest: Backtest, number: str) -> Plan:
    """Return the run of one recorded backtest alone, its files named by a number."""
    steps = [Step(_ENDING, Kind.SAY, text=b"Compiling '/LeanCLI/main.py'...\n")]
    for step in of_backtest(recording, backtest.id):
        path = step.path.removeprefix(f"{backtest.id}/").replace(backtest.id, number)
        text = step.text.replace(backtest.id.encode(), number.encode())
        if step.kind is not Kind.FOLDER:
            steps.append(Step(step.at + _ENDING, step.kind, path, text, step.source, number))
        if step.kind is Kind.LINE:
            steps.append(_said(step.at + _ENDING, text))
    crashed = recording.summary(backtest).get("state", {}).get("Status") == "RuntimeError"
    return Plan(sorted(steps, key=lambda step: step.at), int(crashed), renames=((backtest.id, number),))
