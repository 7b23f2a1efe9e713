"""The container: it writes the files and the log lines of a plan, each at its time."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from replay.plan import Kind, Plan, Step
from replay.refusals import ReplayError

_LARGE = 64 * 1024
_RESULT = re.compile(r"(?:([0-9a-f-]{36})/\1|\d+)\.json")
_SETTINGS = re.compile(rb'("algorithmConfiguration":\s*\{.*?"parameters":\s*)(\{[^}]*\})', re.DOTALL)
FAULTS = {"hang-after": 1, "kill-container-after": 1, "truncate": 2, "ignore-sigint": 0}


def read_fault(text: str) -> tuple[str, list[int]]:
    """Read a fault to inject, such as truncate=2:1000."""
    name, _, rest = text.partition("=")
    numbers = [int(word) for word in rest.split(":") if word.isdigit()]
    if name and (name not in FAULTS or len(numbers) != FAULTS[name]):
        raise ReplayError(f"there is no fault {text}")
    return name, numbers


class Player:
    """Carries out a plan in an output folder."""

    def __init__(
        self, plan: Plan, output: Path, speed: float, say: Callable[[bytes], object], fault: tuple[str, list[int]]
    ) -> None:
        """Keep what to do and how fast."""
        self._plan = plan
        self._output = output
        self._speed = speed
        self._say = say
        self._fault, self._numbers = fault
        self._old_names = {new: old for old, new in plan.renames}
        self._finished = 0
        self._done: set[int] = set()

    def play(self) -> int:
        """Do every step at its time and return the container's exit code."""
        start = time.monotonic()
        for number, step in enumerate(self._plan.steps):
            wait = start + step.at / self._speed - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            if number not in self._done:
                self._do(step)
        if self._plan.hangs:
            _wait_for_ever()
        return self._plan.exit_code

    def _do(self, step: Step) -> None:
        path = self._output / step.path
        if step.kind is Kind.SAY:
            self._say(step.text)
        elif step.kind is Kind.FOLDER:
            path.mkdir(parents=True, exist_ok=True)
        elif step.kind is Kind.LINE:
            _append(path, step.text)
        elif step.kind is Kind.LOG:
            now = datetime.now(UTC)
            _append(path, f"{now:%Y-%m-%dT%H:%M:%S.%f}{time.time_ns() // 100 % 10}Z ".encode() + step.text)
            self._say(_stamp(now) + step.text)
        elif step.kind is Kind.SAY_NOW:
            self._say(_stamp(datetime.now(UTC)) + step.text)
        else:
            self._write(step)

    def _write(self, step: Step) -> None:
        assert step.source
        data = self._contents(step)
        path = self._output / step.path
        result = _RESULT.fullmatch(step.path) is not None
        self._finished += result
        if result and self._fault == "truncate" and self._finished == self._numbers[0]:
            data = data[: self._numbers[1]]
        path.parent.mkdir(parents=True, exist_ok=True)
        pieces = 3 if len(data) > _LARGE else 1
        pause = float(os.environ.get("LEAN_REPLAY_PAUSE", "0")) or max(0.002, 0.03 / self._speed)
        size = -(-len(data) // pieces)
        with path.open("wb", buffering=0) as file:
            for number in range(pieces):
                if number:
                    time.sleep(pause)
                file.write(data[number * size : (number + 1) * size])
        if result and self._fault in {"hang-after", "kill-container-after"} and self._finished == self._numbers[0]:
            self._stop(step)

    def _contents(self, step: Step) -> bytes:
        assert step.source
        data = step.source.read_bytes()
        old = self._old_names.get(step.backtest)
        if old:
            data = data.replace(old.encode(), step.backtest.encode())
        if self._plan.fixed and step.path.endswith(".json"):
            data = _SETTINGS.sub(self._with_fixed, data, count=1)
        return data

    def _with_fixed(self, found: re.Match[bytes]) -> bytes:
        parameters = json.loads(found[2]) | dict(self._plan.fixed)
        return found[1] + json.dumps(dict(sorted(parameters.items()))).encode()

    def _stop(self, last: Step) -> None:
        fault, self._fault = self._fault, ""
        for number, step in enumerate(self._plan.steps):
            if step.kind is Kind.FILE and step.backtest == last.backtest and step.at > last.at:
                self._write(step)
                self._done.add(number)
        if fault == "hang-after":
            _wait_for_ever()
        os.kill(os.getpid(), signal.SIGKILL)


def _stamp(now: datetime) -> bytes:
    return f"{now:%Y%m%d %H:%M:%S.%f}"[:-3].encode() + b" "


def _append(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def _wait_for_ever() -> None:
    while True:
        signal.pause()
