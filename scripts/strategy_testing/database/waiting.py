"""Waits for PostgreSQL in a way that signals can interrupt, that has an end, and that says what it waits for."""

import contextlib
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg2
import psycopg2.extensions

from strategy_testing.database.statements import statements

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_IN_SILENCE = 2
_SECONDS_TO_ASK = 2


@dataclass(frozen=True)
class _Patience:
    """How a thread waits."""

    until: float | None = None
    """On time.monotonic()'s clock; None: as long as it takes."""
    should_give_up: Callable[[], bool] = bool
    say: Callable[[str], None] | None = None


class _PatienceOfThread(threading.local):
    """Each thread's own."""

    now = _Patience()
    uncounted = 0.0
    """Seconds of work that no patience is for."""


_patience = _PatienceOfThread()


def begin(say: Callable[[str], None]) -> None:
    """From now on every wait for PostgreSQL can be interrupted.

    Args:
        say: is told of waits of more than two seconds in the thread that calls, with what they are for.
    """
    _patience.now = replace(_patience.now, say=say)
    psycopg2.extensions.set_wait_callback(_wait)


@contextlib.contextmanager
def patience(
    seconds: float | None = None,
    *,
    should_give_up: Callable[[], bool] | None = None,
    say: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Within it this thread gives up waiting; the connection is closed then, and OperationalError raised.

    Args:
        seconds: from now, for all waits together; None: no end of its own.
        should_give_up: asked several times a second.
        say: is told what it waits for, in place of whoever was told so far.
    """
    before = _patience.now
    ends = [end for end in (before.until, None if seconds is None else time.monotonic() + seconds) if end is not None]
    _patience.now = _Patience(
        min(ends, default=None), should_give_up or before.should_give_up, before.say if say is None else say
    )
    try:
        yield
    finally:
        _patience.now = before


@contextlib.contextmanager
def uncounted() -> Iterator[None]:
    """What this thread does within it, such as reading thousands of files, takes nothing of its patience."""
    began = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - began
        _patience.uncounted += took
        if _patience.now.until is not None:
            _patience.now = replace(_patience.now, until=_patience.now.until + took)


def counted_clock() -> float:
    """Seconds on a clock that stands still within uncounted()."""
    return time.monotonic() - _patience.uncounted


def _wait(connection: Any) -> None:
    """Psycopg's wait callback; whatever it raises closes the connection."""
    began = time.monotonic()
    has_said = False
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reads = [connection] if state == psycopg2.extensions.POLL_READ else []
        writes = [connection] if state == psycopg2.extensions.POLL_WRITE else []
        if any(select.select(reads, writes, [], _SECONDS_BETWEEN_LOOKS)):
            continue
        now, mine = time.monotonic(), _patience.now
        if mine.should_give_up() or (mine.until is not None and now > mine.until):
            raise psycopg2.OperationalError(f"no answer within {now - began:.0f} seconds")
        if not has_said and mine.say is not None and now - began > _SECONDS_IN_SILENCE:
            has_said = True
            mine.say(_what_for(connection))


def _what_for(connection: Any) -> str:
    """What a connection has been waiting for, asked through another one."""
    waits = f"waiting for PostgreSQL for {_SECONDS_IN_SILENCE} seconds"
    hold = "the run goes on when it answers; what is not stored then stays on disk"
    try:
        with (
            patience(_SECONDS_TO_ASK),
            contextlib.closing(psycopg2.connect(connection.dsn, password=connection.info.password)) as other,
            other.cursor() as cursor,
        ):
            cursor.execute(statements()["blockers"], {"pid": connection.info.backend_pid})
            blockers = [f"process {pid} of {user} ({application or 'no name'}), {state}" for
                        pid, user, application, state in cursor.fetchall()]  # fmt: skip
    except psycopg2.Error:
        return f"{waits}: it does not answer; {hold}"
    if not blockers:
        return f"{waits}: it is at work; {hold}"
    return (
        f"{waits}: a table is locked by {', '.join(blockers)}; end that one's transaction "
        f"(SELECT pg_terminate_backend(PROCESS) ends it by force); {hold}"
    )
