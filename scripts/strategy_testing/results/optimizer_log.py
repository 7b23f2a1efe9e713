"""Reads the optimizer's own log.txt, line by line. Pure: text in, facts out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

_TIMESTAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?Z (TRACE|ERROR|DEBUG):: (.*)")
_OPTIMIZATION = re.compile(r"\(OID ([0-9a-f-]{36})\)")
_LAUNCHED = re.compile(r"launched backtest '([^']+)' with parameters '([^']*)'")
_WAITING = re.compile(r"start ended\. Waiting on (\d+) backtests")
_UPDATE = re.compile(
    r"SendUpdate\(\): (\d+) Completed:(\d+), Failed:(\d+), Running:(\d+), In Queue:(\d+).*?"
    r"(?:Best id:'([^']+)'.* at: (-?[\d.]+)\.|$)"
)
_ENDED = "Optimization has ended. "
_NOT_REACHED = "Result was not reached"
_COULD_NOT_START = "Program.Main():"


@dataclass(frozen=True)
class OptimizerProgress:
    """The last SendUpdate: at most every ten seconds or so, and behind what is on disk."""

    first_grid: int
    """Backtests of the first grid; an Euler search goes on past it."""
    completed: int
    failed: int
    running: int
    queued: int
    best_id: str | None
    best_target: Decimal | None


@dataclass(frozen=True)
class OptimizerLog:
    """What the log says so far."""

    optimization_id: str | None = None
    launched: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Parameters of every launched backtest by its id."""
    waiting_on: int | None = None
    progress: OptimizerProgress | None = None
    started_at: datetime | None = None
    last_line_at: datetime | None = None
    has_ended: bool = False
    target_reached: bool | None = None
    start_error: str | None = None
    """Why the optimizer could not start; it waits for ever then."""


def read_log(text: str, so_far: OptimizerLog | None = None) -> OptimizerLog:
    """Reads a log, or the next piece of one, line by line; lines of no interest and half lines are passed over."""
    log = so_far or OptimizerLog()
    launched = dict(log.launched)
    for line in text.splitlines():
        match = _TIMESTAMP.match(line)
        if match is None:
            continue
        moment = _moment(match[1], match[2])
        log = replace(log, started_at=log.started_at or moment, last_line_at=moment)
        message = match[4]
        if launch := _LAUNCHED.search(message):
            launched[launch[1]] = _parameters(launch[2])
        log = _with_event(log, match[3], message)
    return replace(log, launched=launched)


def _with_event(log: OptimizerLog, level: str, message: str) -> OptimizerLog:
    if log.optimization_id is None and (optimization := _OPTIMIZATION.search(message)):
        log = replace(log, optimization_id=optimization[1])
    if waiting := _WAITING.search(message):
        return replace(log, waiting_on=int(waiting[1]))
    if update := _UPDATE.search(message):
        first_grid, completed, failed, running, queued = (int(update[group]) for group in range(1, 6))
        best = Decimal(update[7]) if update[7] else None
        progress = OptimizerProgress(first_grid, completed, failed, running, queued, update[6], best)
        return replace(log, progress=progress)
    if _ENDED in message:
        return replace(log, has_ended=True, target_reached=_NOT_REACHED not in message)
    if level == "ERROR" and _COULD_NOT_START in message and not log.has_ended and log.waiting_on is None:
        # Behind the end of the optimization an error means nothing; in front of its start it means a hang.
        return replace(log, start_error=message.split(_COULD_NOT_START, 1)[1].strip())
    return log


def _moment(seconds: str, fraction: str | None) -> datetime:
    microseconds = int((fraction or "").ljust(6, "0"))
    return datetime.fromisoformat(seconds).replace(microsecond=microseconds, tzinfo=UTC)


def _parameters(text: str) -> dict[str, str]:
    """`a:1,b:2` as LEAN writes it; a piece without a colon is no parameter."""
    pairs = (piece.split(":", 1) for piece in text.split(",") if ":" in piece)
    return dict(sorted((name, value) for name, value in pairs))
