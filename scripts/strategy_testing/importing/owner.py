"""Which process a run belongs to, and whether that process is still there."""

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil

from strategy_testing.database.connection import Database
from strategy_testing.database.runs import RunnerIdentity, is_held
from strategy_testing.processes import Token, token_of
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
    token = token_of(os.getpid())
    return RunnerIdentity(socket.gethostname(), os.getpid(), started, None if token is None else str(token))


def is_gone(database: Database, run_id: int, runner: RunnerIdentity | None) -> bool:
    """Whether a run's owner has ended.

    One on another machine counts as there. One that this process could see is looked for among the processes, by what
    no clock can change. One in another container on a machine of this name, or before this machine's last start, cannot
    be seen: the lock that its connection to the database holds shows that it lives.

    Args:
        database: in a transaction.
        run_id: the run.
        runner: its owner as it is stored.
    """
    if runner is None:
        return True
    if runner.host != socket.gethostname():
        return False
    token = Token.read(runner.token)
    if token is not None:
        return not token.lives if token.is_visible else not is_held(database, run_id)
    try:
        process = psutil.Process(runner.pid)
        age = abs(process.create_time() - runner.started_at.timestamp())
        return age > _TOLERANCE_SECONDS or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
