"""Whose a run is: shown by what neither a clock nor another namespace can change."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import psutil
import pytest

from fault_bench import USERS, Fault, fault
from strategy_testing import processes
from strategy_testing.database.connection import Database, connect
from strategy_testing.database.runs import RunnerIdentity, claim_run, runs_of_host
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.importing import owner
from strategy_testing.importing.owner import holding, is_gone, this_process
from strategy_testing.lean.process import end_left_over
from strategy_testing.processes import Token, token_of
from strategy_testing.runs import recovery
from strategy_testing.runs.recovery import recover_orphans
from support import PROJECT, store_running

Ask = Callable[..., list[dict[str, object]]]

_HOLDERS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline


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


def test_one_that_cannot_be_seen_lives_as_long_as_its_connection(database: Database) -> None:
    runner = _elsewhere(this_process())
    assert _is_gone(database, runner)
    with holding(database, 1) as was_free:
        assert was_free
        assert not _is_gone(database, runner)
        with database.transaction():
            assert is_gone(database, 2, runner)
        with holding(database, 1) as is_free_again:
            assert not is_free_again
    _wait_for(lambda: _is_gone(database, runner))


def test_the_lock_is_taken_again_when_the_connection_was_lost(
    database: Database, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "_SECONDS_BETWEEN_LOOKS", 0.05)
    runner = _elsewhere(this_process())
    with holding(database, 1):
        holders = ask(f"SELECT pid, pg_terminate_backend(pid) {_HOLDERS}")
        _wait_for(lambda: [one["pid"] for one in ask(f"SELECT pid {_HOLDERS}")] not in ([], [holders[0]["pid"]]))
        assert not _is_gone(database, runner)


def test_other_machines_and_older_rows(database: Database) -> None:
    runner = this_process()
    assert not _is_gone(database, replace(runner, host="elsewhere", pid=1))
    older = replace(runner, token=None)
    assert not _is_gone(database, older)
    assert _is_gone(database, replace(older, started_at=runner.started_at - timedelta(minutes=1)))
    assert _is_gone(database, None)
    assert runner.host == socket.gethostname()
    with holding(database, 1):  # a lock says more than a clock
        assert not _is_gone(database, replace(older, started_at=runner.started_at - timedelta(minutes=1)))


def test_without_proc_the_clock_tells_as_far_as_the_lock_does_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_container = this_process()  # on a machine of this name, that has no /proc itself
    monkeypatch.setattr(processes, "_BOOT_ID", Path("/nowhere"))
    assert this_process().token is None
    assert not _is_gone(database, this_process())
    assert _is_gone(database, in_a_container)
    with holding(database, 1):
        assert not _is_gone(database, in_a_container)


def test_a_process_that_proc_does_not_show_is_not_taken_for_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on machines whose /proc is mounted with hidepid, where the runner is another user's."""
    token = token_of(os.getpid())
    assert token is not None
    hidden = replace(this_process(), token=str(replace(token, ticks=1)))  # no /proc tells of it
    assert _is_gone(database, hidden)
    monkeypatch.setattr(os, "kill", _refused)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with holding(database, 1):
        assert not _is_gone(database, hidden)


def _refused(*_: object) -> None:
    raise PermissionError


def _status(ask: Ask) -> object:
    return ask("SELECT status FROM optimization_runs")[0]["status"]


def _into_another_namespace(ask: Ask) -> list[str]:
    """What starts a program there; where nobody may do that, the run's runner is said to be in one."""
    words = ["unshare", "--pid", "--fork", "--mount-proc"]
    for command in (words, [*words, "--user", "--map-root-user"]):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([*command, "true"], capture_output=True, check=True)
            return command
    ask("UPDATE optimization_runs SET runner_token = 'elsewhere/' || runner_token")
    return []


@fault(
    USERS,
    Fault(
        "clock-step",
        "The clock steps by an hour while a run is at work, and somebody starts a runner",
        "The run is seen to be at work and left alone; resuming it is refused",
        "running",
        2,
        "Nothing",
    ),
    Fault(
        "another-namespace",
        "A run is at work, and somebody starts a runner in a container, or on a second machine of the same name",
        "The same",
        "running",
        2,
        "Nothing",
    ),
)
def test_a_run_at_work_is_left_alone(
    row: Fault, database: Database, database_url: str, ask: Ask, tmp_path: Path
) -> None:
    """Its runner is this process, whose clock has gone back an hour since it began."""
    runner = replace(this_process(), started_at=this_process().started_at + timedelta(hours=1))
    store_running(ask, runner, tmp_path / "gone")
    script = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--workspace", str(tmp_path)]
    with holding(database, 1):
        done = subprocess.run(
            [*(_into_another_namespace(ask) if row.id == "another-namespace" else ()), *script, "--resume", "1"],
            env=os.environ | {"DATABASE_URL": database_url, "LEAN_COMMAND": "true"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, "left behind" in done.stderr) == (row.exit_code, False), done.stderr
    assert "error: run 1 is still running; wait for it, or stop its runner first\n" in done.stderr
    assert _status(ask) == row.status


def test_an_orphan_that_cannot_be_seen_is_looked_at_twice(
    database: Database, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runner may have lost its connection a moment ago."""
    store_running(ask, _elsewhere(this_process()), tmp_path / "gone")
    with ExitStack() as held:

        def comes_back(_seconds: float) -> None:
            held.enter_context(holding(database, 1))

        looks_again = "the runner of run 1 seems to be gone; looking again in 6 seconds"
        monkeypatch.setattr(time, "sleep", comes_back)
        assert list(recover_orphans(database)) == [looks_again]
        # Or between the second look and the claim.
        monkeypatch.setattr(time, "sleep", lambda _: None)
        monkeypatch.setattr(recovery, "is_gone", lambda *_: True)
        assert list(recover_orphans(database)) == [looks_again]
        assert _status(ask) == "running"
    recovering = recover_orphans(database)
    assert next(recovering) == looks_again
    assert next(recovering).startswith("run 1 was left behind by a runner that is gone, and so is its folder")
    assert _status(ask) == "interrupted"
    assert ask(f"SELECT pid {_HOLDERS}")  # whoever cannot see this process either knows that somebody is at it
    assert list(recovering) == []


def test_of_two_that_start_at_once_one_recovers_an_orphan(
    database: Database, database_url: str, ask: Ask, tmp_path: Path
) -> None:
    orphan = subprocess.Popen(["sleep", "600"])
    runner = replace(this_process(), pid=orphan.pid, token=str(token_of(orphan.pid)))
    orphan.kill()
    orphan.wait()
    store_running(ask, runner, tmp_path / "gone")
    with (
        closing(connect(DatabaseTarget(Source.ARGUMENT, database_url))) as other,
        ThreadPoolExecutor(2) as threads,
    ):
        together = Barrier(2)

        def recover(own: Database) -> list[str]:
            with own.transaction():
                run = runs_of_host(own, socket.gethostname())[0]
            together.wait(10)
            with own.transaction():
                return ["mine"] if claim_run(own, run, this_process()) else []

        assert sorted(threads.map(recover, [database, other])) == [[], ["mine"]]


def test_a_claim_tells_two_processes_of_one_number_and_moment_apart(
    database: Database, ask: Ask, tmp_path: Path
) -> None:
    store_running(ask, _elsewhere(this_process()), tmp_path)
    with database.transaction():
        run = runs_of_host(database, socket.gethostname())[0]
        assert claim_run(database, run, this_process())
        assert not claim_run(database, run, this_process())


def test_what_a_runner_left_at_work_is_ended_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lean = subprocess.Popen(["sleep", "600"], start_new_session=True)
    token = token_of(lean.pid)
    assert token is not None
    started = psutil.Process(lean.pid).create_time()
    try:
        for other in (replace(token, ticks=token.ticks - 1), replace(token, place="elsewhere/1")):
            _note(tmp_path, lean.pid, started, other)
            end_left_over(tmp_path, [])
            time.sleep(0.05)
            assert lean.poll() is None
        _note(tmp_path, lean.pid, started - 3600, token)
        with monkeypatch.context() as patched, pytest.raises(PermissionError) as denied:
            patched.setattr(os, "killpg", _refused)
            end_left_over(tmp_path, [])  # another user's
        assert denied.value.filename == f"process {lean.pid}"
        end_left_over(tmp_path, [])
        assert lean.wait(5) == -signal.SIGKILL
    finally:
        lean.kill()
        lean.wait()


def _note(folder: Path, pid: int, started: float, token: Token) -> None:
    noted = {"pid": pid, "started_at": started, "token": str(token)}
    (folder / "lean-process.json").write_text(json.dumps(noted), encoding="utf-8")


@pytest.mark.parametrize("text", ["", "None", "a b", "a b c", "a 1 -2", "a 1 2 3", None])
def test_what_is_no_token_is_none(text: str | None) -> None:
    assert Token.read(text) is None
    assert Token.read(str(token_of(os.getpid()))) == token_of(os.getpid())
