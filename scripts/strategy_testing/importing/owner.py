"""Which process a run belongs to, and whether that process is still there."""

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil

from strategy_testing.database.runs import RunnerIdentity
from strategy_testing.results.diagnosis import Failure
from strategy_testing.verdict.inputs import RunInputs
from strategy_testing.verdict.outcome import RunStatus

_TOLERANCE_SECONDS = 2  # the kernel's clock ticks and the wall clock drift apart a little


@dataclass(frozen=True)
class RunnersView:
    """What only the run's own runner knows."""

    failure: Failure | None
    """Why LEAN did not do its work."""
    completed_at: datetime
    """When the run ended, UTC."""
    status: RunStatus | None = None
    """What the runner decides, in place of what the results say."""
    inputs: RunInputs = field(default_factory=RunInputs)
    """What the results were made of."""


def this_process() -> RunnerIdentity:
    """The identity of the process that asks."""
    started = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
    return RunnerIdentity(socket.gethostname(), os.getpid(), started)


def is_gone(runner: RunnerIdentity | None) -> bool:
    """Whether the owner has ended. One on another machine cannot be seen from here and counts as there."""
    if runner is None:
        return True
    if runner.host != socket.gethostname():
        return False
    try:
        process = psutil.Process(runner.pid)
        age = abs(process.create_time() - runner.started_at.timestamp())
        return age > _TOLERANCE_SECONDS or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
