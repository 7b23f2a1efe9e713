"""What happens when: the steps a container takes in one run."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from functools import cache
from pathlib import Path

from replay.recording import Recording

_LOG_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\d?Z ")
_STDOUT_TIME = re.compile(r"(\d{8} \d\d:\d\d:\d\d\.\d{3}) ")
_OWN_LINES = ("Label '", "A custom engine-image image:")
_CLOSING = ("Optimal parameters:", "Successfully ", "Error: ")
_WRITTEN_BY_CLI = ("optimizer-config.json", "config")
START = 0.1


class Kind(Enum):
    """What a step does."""

    FOLDER = auto()
    FILE = auto()
    LINE = auto()
    SAY = auto()
    SAY_NOW = auto()
    LOG = auto()


@dataclass(frozen=True)
class Step:
    """One thing done at one second: text is what is written, source the file that is copied.

    LOG and SAY_NOW put the present time before their text, the others write it as it is.
    """

    at: float
    kind: Kind
    path: str = ""
    text: bytes = b""
    source: Path | None = None
    backtest: str = ""


@dataclass(frozen=True)
class Plan:
    """Every step of a run, in order, and how it ends."""

    steps: list[Step]
    exit_code: int = 0
    hangs: bool = False
    renames: tuple[tuple[str, str], ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()


def lasting(plan: Plan, seconds: float) -> Plan:
    """Return a plan whose last step is done after so many seconds, and the others in proportion."""
    factor = seconds / max(step.at for step in plan.steps)
    return replace(plan, steps=[replace(step, at=step.at * factor) for step in plan.steps])


def live_lines(path: Path, end: float) -> list[tuple[float, bytes]]:
    """Return a log's lines, each with its second; the last one was written at end."""
    stamped: list[tuple[datetime | None, bytes]] = []
    latest: datetime | None = None
    for line in path.read_bytes().splitlines(keepends=True):
        found = _LOG_TIME.match(line)
        latest = datetime.fromisoformat(found[1].decode()) if found else latest
        stamped.append((latest, line))
    timed: list[tuple[float, bytes]] = []
    at = START
    for when, line in stamped:
        at = max(end - (latest - when).total_seconds(), at) if when and latest else end
        timed.append((at, line))
    return timed


def container_lines(recording: Recording) -> list[str]:
    """Return what the container itself printed."""
    lines = recording.lines
    stop = next((i for i, line in enumerate(lines) if line.startswith(_CLOSING)), len(lines))
    return [line for line in lines[:stop] if not line.startswith(_OWN_LINES)]


def closing_lines(recording: Recording) -> list[str]:
    """Return what the CLI printed when the container had ended."""
    lines = recording.lines
    stop = next((i for i, line in enumerate(lines) if line.startswith(_CLOSING)), len(lines))
    return lines[stop:]


@cache
def as_recorded(recording: Recording) -> list[Step]:
    """Return the steps of the whole run at their recorded seconds; nobody changes the list."""
    steps: list[Step] = []
    launched = {backtest.id for backtest in recording.backtests}
    for second, path in recording.timeline:
        source = recording.output / path
        backtest = path.split("/")[0] if path.split("/")[0] in launched else ""
        if path in _WRITTEN_BY_CLI or path.startswith("code/"):
            continue
        if path.endswith("/"):
            steps.append(Step(second, Kind.FOLDER, path, backtest=backtest))
        elif source.name == "log.txt" and source.exists():
            steps += [Step(at, Kind.LINE, path, line, backtest=backtest) for at, line in live_lines(source, second)]
        elif source.exists():
            steps.append(Step(second, Kind.FILE, path, source=source, backtest=backtest))
    steps += _launches(recording, steps)
    steps += _said(recording, steps)
    return sorted(steps, key=lambda step: step.at)


def of_backtest(recording: Recording, backtest_id: str) -> list[Step]:
    """Return the steps of one backtest of an optimization, counted from its launch."""
    own = [step for step in as_recorded(recording) if step.backtest == backtest_id]
    start = min(step.at for step in own)
    return [Step(step.at - start, step.kind, step.path, step.text, step.source, backtest_id) for step in own]


def _launches(recording: Recording, steps: list[Step]) -> list[Step]:
    times: dict[str, float] = {}
    for step in steps:
        if step.path == "log.txt" and b"launched backtest '" in step.text:
            times[step.text.split(b"launched backtest '", 1)[1].split(b"'", 1)[0].decode()] = step.at
    made: list[Step] = []
    for backtest in recording.backtests:
        at = times[backtest.id]
        made.append(Step(at, Kind.FOLDER, f"{backtest.id}/", backtest=backtest.id))
        made.append(Step(at, Kind.LINE, f"{backtest.id}/log.txt", b"", backtest=backtest.id))
    return made


def _said(recording: Recording, steps: list[Step]) -> list[Step]:
    origin: datetime | None = None
    zero = START
    logged = [step for step in steps if step.path == "log.txt" and _LOG_TIME.match(step.text)]
    if logged:
        found = _LOG_TIME.match(logged[-1].text)
        assert found
        origin, zero = datetime.fromisoformat(found[1].decode()), logged[-1].at
    said: list[Step] = []
    at = START
    for line in container_lines(recording):
        stamp = _STDOUT_TIME.match(line)
        if stamp:
            when = datetime.strptime(stamp[1], "%Y%m%d %H:%M:%S.%f")
            origin = origin or when
            at = max(zero + (when - origin).total_seconds(), at)
        said.append(Step(at, Kind.SAY, text=f"{line}\n".encode()))
    return said
