"""Which process a run belongs to, whether that process is still there, and how it shows that it is."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil

from strategy_testing.database import waiting
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import RunnerIdentity, hold_run, is_held
from strategy_testing.errors import DatabaseError
from strategy_testing.processes import Token, token_of
from strategy_testing.results.diagnosis import Failure
from strategy_testing.verdict.inputs import RunInputs
from strategy_testing.verdict.outcome import RunStatus

_TOLERANCE_SECONDS = 2  # the kernel's clock ticks and the wall clock drift apart a little
_SECONDS_BETWEEN_LOOKS = 2
SECONDS_TO_HOLD_AGAIN = 6
"""Within which a runner whose connection was lost holds its run again, if the database lets it in."""


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
    be seen: the lock that it holds in the database shows that it lives.

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
    if token is not None and token.is_visible:
        return not token.lives
    return not is_held(database, run_id) and (token is not None or _has_ended_by_the_clock(runner))


def is_out_of_sight(runner: RunnerIdentity | None) -> bool:
    """Whether only the lock shows whether an owner lives; it is free for a moment when a connection is lost."""
    token = Token.read(runner.token) if runner else None
    return token is not None and not token.is_visible


@contextlib.contextmanager
def holding(database: Database, run_id: int) -> Iterator[bool]:
    """Shows to whoever cannot see this process that it works on a run, for as long as it lasts.

    A connection of its own holds the run's lock, and a thread takes it again when that connection was lost.

    Yields whether it was free.

    Raises:
        DatabaseAwayError: there is no second connection to be had.
    """
    is_over = threading.Event()
    with contextlib.closing(database.another()) as own:
        with own.transaction():
            was_free = hold_run(own, run_id)
        thread = threading.Thread(target=_hold_on, args=(own, run_id, is_over), name="holding a run", daemon=True)
        thread.start()
        try:
            yield was_free
        finally:
            is_over.set()
            thread.join(_SECONDS_BETWEEN_LOOKS)


def _hold_on(own: Database, run_id: int, is_over: threading.Event) -> None:
    with waiting.patience(should_give_up=is_over.is_set):
        while not is_over.wait(_SECONDS_BETWEEN_LOOKS):
            with contextlib.suppress(DatabaseError):
                own.reopen()
                with own.transaction():
                    hold_run(own, run_id)


def _has_ended_by_the_clock(runner: RunnerIdentity) -> bool:
    """For systems that give a process no better identity."""
    try:
        process = psutil.Process(runner.pid)
        age = abs(process.create_time() - runner.started_at.timestamp())
        return age > _TOLERANCE_SECONDS or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
