"""Whose a run is: shown by what neither a clock nor another namespace can change."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from strategy_testing.database.connection import Database, connect
from strategy_testing.database.runs import RunnerIdentity, hold_run
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.importing.owner import is_gone, this_process
from strategy_testing.processes import Token, token_of

Ask = Callable[..., list[dict[str, object]]]


def _is_gone(database: Database, runner: RunnerIdentity | None) -> bool:
    with database.transaction():
        return is_gone(database, 1, runner)


def _elsewhere(runner: RunnerIdentity) -> RunnerIdentity:
    """The same on a machine of this name, or in a container, that this process cannot see."""
    token = Token.read(runner.token)
    assert token is not None
    return replace(runner, token=str(replace(token, place=f"{token.place}0")))


def test_a_step_of_the_clock_makes_nobody_an_orphan(database: Database) -> None:
    runner = this_process()
    assert not _is_gone(database, runner)
    assert not _is_gone(database, replace(runner, started_at=runner.started_at + timedelta(hours=1)))


def test_a_process_that_has_ended_is_gone_and_so_is_its_number(database: Database) -> None:
    process = subprocess.Popen(["sleep", "600"])
    token = token_of(process.pid)
    assert token is not None
    runner = replace(this_process(), pid=process.pid, token=str(token))
    assert not _is_gone(database, runner)
    assert _is_gone(database, replace(runner, token=str(replace(token, ticks=token.ticks - 1))))  # a later one's number
    process.kill()
    time.sleep(0.1)
    assert _is_gone(database, runner)  # not waited for: a zombie
    process.wait()
    assert _is_gone(database, runner)


def test_one_that_cannot_be_seen_lives_as_long_as_its_connection(database: Database, database_url: str) -> None:
    runner = _elsewhere(this_process())
    assert _is_gone(database, runner)
    with closing(connect(DatabaseTarget(Source.ARGUMENT, database_url))) as its_own:
        hold_run(its_own, 1)
        assert not _is_gone(database, runner)
        with database.transaction():
            assert is_gone(database, 2, runner)
    deadline = time.monotonic() + 5
    while not _is_gone(database, runner):
        assert time.monotonic() < deadline


def test_the_lock_is_taken_again_with_a_new_connection(database: Database, database_url: str, ask: Ask) -> None:
    runner = _elsewhere(this_process())
    with closing(connect(DatabaseTarget(Source.ARGUMENT, database_url))) as its_own:
        hold_run(its_own, 1)
        ask(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        its_own.retrying(lambda: _is_gone(its_own, runner))
        assert not _is_gone(database, runner)


def test_other_machines_and_older_rows(database: Database) -> None:
    runner = this_process()
    assert not _is_gone(database, replace(runner, host="elsewhere", pid=1))
    older = replace(runner, token=None)
    assert not _is_gone(database, older)
    assert _is_gone(database, replace(older, started_at=runner.started_at - timedelta(minutes=1)))
    assert _is_gone(database, None)
    assert runner.host == socket.gethostname()


@pytest.mark.parametrize("text", ["", "None", "a b", "a b c", "a 1 -2", "a 1 2 3", None])
def test_what_is_no_token_is_none(text: str | None) -> None:
    assert Token.read(text) is None
    assert Token.read(str(token_of(os.getpid()))) == token_of(os.getpid())
