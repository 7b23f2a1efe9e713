"""PostgreSQL is taken away, full, restarted, at the worst moments: what is then in docs/FAULTS.md holds."""

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
from psycopg2.extensions import connection, make_dsn

from fault_bench import (  # noqa: F401
    DATABASE,
    RUNNER,
    SIGNALS,
    TERMINATE,
    Bench,
    Fault,
    Undisturbed,
    Unpack,
    administer,
    database_name,
    end_all,
    fault,
    fixture_bench,
    fixture_undisturbed,
    give_back,
    import_as_told,
    make_bench,
    take_away,
)
from strategy_testing.database.connection import connect
from strategy_testing.database.embedded.cluster import server_user
from strategy_testing.database.embedded.server import start_embedded_postgres
from strategy_testing.database.schema import ensure_schema
from strategy_testing.database.target import DatabaseTarget, Source
from support import PROJECT

_CONNECTIONS = 8
_SECONDS_LOCKED = float(os.environ.get("SECONDS_LOCKED", "0"))
"""For which a table is locked at least; `make faults` makes it a minute."""
_SECONDS = 10
"""Within which what has to happen at once happens, on a machine that has much else to do."""


class OwnServer:
    """A PostgreSQL of this module's own, which may be stopped."""

    def __init__(self, home: Path) -> None:
        """Starts it."""
        self.url = start_embedded_postgres(home)
        self._data = home / "data"
        self.run("ALTER SYSTEM SET max_connections = " + str(_CONNECTIONS))
        self.restart("fast")

    def restart(self, mode: str) -> None:
        """Ends it, as an administrator does (fast) or as a crash does (immediate), and starts it again."""
        self._pg_ctl("-m", mode, "-l", str(self._data / "log"), "restart")

    def _pg_ctl(self, *words: str) -> None:
        postgres = Path(psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0])).exe())
        command = [str(postgres.with_name("pg_ctl")), "-w", "-D", str(self._data), *words]
        owner = server_user()
        subprocess.run(
            command, user=owner.pw_uid if owner else None, check=True, timeout=60, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, statement: str) -> None:
        """Runs a statement outside of a transaction."""
        administer(self.url, statement)


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    home = Path(tempfile.mkdtemp(prefix="faults-"))
    yield OwnServer(home)
    atexit.register(shutil.rmtree, home, ignore_errors=True)


@pytest.fixture
def own(own_server: OwnServer, tmp_path: Path, unpacked: Unpack) -> Iterator[Bench]:
    """A bench on the server that may be stopped."""
    name = f"own_{time.time_ns()}"
    own_server.run(f"CREATE DATABASE {name}")
    url = make_dsn(own_server.url, dbname=name)
    with closing(connect(DatabaseTarget(Source.ARGUMENT, url))) as database:
        ensure_schema(database)
    made = make_bench(tmp_path, url, unpacked("grid-72"))
    yield made
    end_all(made)


@contextmanager
def _all_connections_taken(bench: Bench, server: str) -> Iterator[None]:
    """Every free connection is taken, then the runner's too."""
    taken: list[connection] = []
    try:
        with suppress(psycopg2.OperationalError):
            while True:
                taken.append(psycopg2.connect(server))
        taken[0].autocommit = True
        while taken:
            with taken[0].cursor() as cursor:
                cursor.execute(TERMINATE, (database_name(bench), RUNNER))
                ended = cursor.rowcount
            for _ in range(10):  # what was ended frees its place a moment later
                with suppress(psycopg2.OperationalError):
                    taken.append(psycopg2.connect(server))
                time.sleep(0.02)
            if ended == 0:
                break
        yield
    finally:
        for one in taken:
            one.close()


def _has_ended(bench: Bench) -> bool:
    return "Optimization has ended" in (bench.folder() / "log.txt").read_text(encoding="utf-8")


@fault(
    DATABASE,
    Fault(
        "database-away-at-start",
        "PostgreSQL does not answer at the start",
        "Nothing is run",
        None,
        7,
        "Check that it runs, the address and the user; run again",
    ),
)
def test_away_at_the_start(row: Fault, bench: Bench, postgres_server: str, undisturbed: Undisturbed) -> None:
    take_away(bench, postgres_server)
    done = bench.run()
    assert "cannot connect to PostgreSQL (from DATABASE_URL)" in done.stderr
    assert not (bench.workspace / ".optimization").exists()
    give_back(bench, postgres_server)
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    DATABASE,
    Fault(
        "database-away-and-back",
        "It goes away in mid-run and comes back",
        "LEAN goes on; results wait and are stored when it is back",
        "completed",
        0,
        "Nothing",
    ),
)
def test_away_in_mid_run_and_back(row: Fault, bench: Bench, postgres_server: str, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=20)
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    take_away(bench, postgres_server)
    bench.wait_for_results(4)
    give_back(bench, postgres_server)
    done = bench.end(process)
    assert "LEAN goes on, and results are stored when the database is back" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    DATABASE,
    Fault(
        "connection-terminated",
        "The connection is terminated in mid-run",
        "It is opened anew",
        "completed",
        0,
        "Nothing",
    ),
)
def test_terminated_in_mid_run(row: Fault, bench: Bench, postgres_server: str, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=25)
    for count in (1, 3):
        bench.wait_for(lambda: len(bench.stored()) >= count)  # noqa: B023
        administer(postgres_server, TERMINATE, database_name(bench), RUNNER)
    assert bench.check(row, bench.end(process)) == undisturbed(bench)


@contextmanager
def _last_import_held(bench: Bench) -> Iterator[None]:
    """The run has come to its last import, which waits for as long as this lasts."""
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    with closing(psycopg2.connect(bench.url)) as holder:
        with holder.cursor() as cursor:
            # The live import leaves what is stored alone; only the last import goes over it again.
            cursor.execute("SELECT id FROM backtest_results FOR UPDATE")
        _wait_for_a_waiting_import(bench)
        assert _has_ended(bench)
        yield
        holder.rollback()


def _wait_for_a_waiting_import(bench: Bench) -> None:
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    bench.wait_for(lambda: bool(bench.ask(waiting)))


@fault(
    DATABASE,
    Fault(
        "terminated-in-import",
        "The connection is terminated within the last import",
        "Nothing of that import is kept; it is done again",
        "completed",
        0,
        "Nothing",
    ),
)
def test_terminated_within_the_last_import(
    row: Fault, bench: Bench, postgres_server: str, undisturbed: Undisturbed
) -> None:
    process = bench.start(speed=40)
    with _last_import_held(bench):
        administer(postgres_server, TERMINATE, database_name(bench), RUNNER)
        _wait_for_a_waiting_import(bench)
    assert bench.check(row, bench.end(process)) == undisturbed(bench)


@fault(
    SIGNALS,
    Fault(
        "sigterm-in-import",
        "SIGTERM (or Ctrl-C) within the last import, when LEAN has ended",
        "That import is not done; its results are stored already, and the next start does the rest",
        "running",
        143,
        "Start any run, or resume it",
    ),
)
def test_asked_to_end_within_the_last_import(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=40)
    with _last_import_held(bench):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    assert bench.check(row, bench.end(process)) == undisturbed(bench)
    after = bench.run_row()
    assert after is not None
    assert after["status"] == "completed"


@fault(
    DATABASE,
    Fault(
        "database-read-only",
        "It refuses to write from some moment on",
        "The results are on disk, and the message has the command that imports them",
        "running",
        7,
        "Make it writable, run that command",
    ),
)
def test_a_database_that_refuses_to_write(
    row: Fault, bench: Bench, postgres_server: str, undisturbed: Undisturbed
) -> None:
    process = bench.start(speed=40)
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    administer(postgres_server, f"ALTER DATABASE {database_name(bench)} SET default_transaction_read_only = on")
    administer(postgres_server, TERMINATE, database_name(bench), RUNNER)
    done = bench.end(process)
    assert "PostgreSQL refused the work" in done.stderr
    administer(postgres_server, f"ALTER DATABASE {database_name(bench)} RESET default_transaction_read_only")
    import_as_told(bench, row, done)
    assert bench.results(1) == undisturbed(bench)


@fault(
    DATABASE,
    Fault(
        "out-of-connections",
        "All its connections are taken when LEAN ends, for some seconds",
        "It is tried again",
        "completed",
        0,
        "Nothing",
    ),
)
def test_out_of_connections_at_the_end(row: Fault, own: Bench, own_server: OwnServer, undisturbed: Undisturbed) -> None:
    process = own.start(speed=15)
    own.wait_for(lambda: len(own.stored()) >= 2)
    with _all_connections_taken(own, own_server.url):
        own.wait_for(lambda: _has_ended(own))
        time.sleep(2)
        assert process.poll() is None
    done = own.end(process)
    assert "LEAN goes on, and results are stored when the database is back" in done.stderr
    assert own.check(row, done) == undisturbed(own)


@fault(
    DATABASE,
    Fault(
        "postgres-restarted",
        "PostgreSQL is restarted in mid-run",
        "The same",
        "completed",
        0,
        "Nothing",
    ),
    Fault(
        "postgres-crashed",
        "PostgreSQL crashes in mid-run and recovers",
        "The same",
        "completed",
        0,
        "Nothing",
    ),
)
def test_postgres_restarted_in_mid_run(row: Fault, own: Bench, own_server: OwnServer, undisturbed: Undisturbed) -> None:
    process = own.start(speed=25)
    own.wait_for(lambda: len(own.stored()) >= 2)
    own_server.restart({"postgres-restarted": "fast", "postgres-crashed": "immediate"}[row.id])
    assert own.check(row, own.end(process)) == undisturbed(own)


@contextmanager
def _table_locked(bench: Bench) -> Iterator[None]:
    """Somebody's forgotten transaction: a table that nobody else may write."""
    with closing(psycopg2.connect(bench.url, application_name="a forgotten window")) as holder:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE backtest_results IN EXCLUSIVE MODE")
        yield
        holder.rollback()


def _lean_works(bench: Bench) -> bool:
    return bool(bench.docker("ps", "-q"))


@fault(
    DATABASE,
    Fault(
        "table-locked",
        "Somebody's open transaction has locked a table",
        "LEAN is watched as before (here its hang is ended in time), and results wait; after 2 seconds the message"
        " names who holds the lock; when it is free, all is stored",
        "partial",
        18,
        "End that transaction; resume it",
    ),
)
def test_a_table_that_somebody_has_locked(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    """LEAN hangs meanwhile: what watches it does not wait for the database."""
    text = bench.config.read_text(encoding="utf-8")
    bench.config.write_text(text.replace("lean: {", "lean: {stall_minutes: 0.05, "), encoding="utf-8")
    process = bench.start(speed=40, LEAN_REPLAY_FAULT="hang-after=4")
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    with _table_locked(bench):
        bench.wait_for_results(4)
        began = time.monotonic()
        bench.wait_for(lambda: not _lean_works(bench))
        assert time.monotonic() - began < 3 + _SECONDS
        assert process.poll() is None
        _wait_for_a_waiting_import(bench)
        time.sleep(max(2.5, _SECONDS_LOCKED - (time.monotonic() - began)))
    done = bench.end(process)
    assert re.search(
        r"waiting for PostgreSQL for 2 seconds: a table is locked by process \d+ of \w+ \(a forgotten window\), idle "
        r"in transaction; end that one's transaction",
        done.stderr,
    ), done.stderr
    assert len(bench.stored()) >= 4
    bench.check(row, done, is_resumed=False)


@fault(
    DATABASE,
    Fault(
        "signal-while-locked",
        "The runner is asked to end while a table is locked",
        "LEAN and its container are ended at once; after 5 seconds the message has the command that imports what "
        "is not stored",
        "running",
        7,
        "End that transaction, run that command or resume it",
    ),
)
def test_a_signal_while_a_table_is_locked(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=10)
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    with _table_locked(bench):
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        bench.wait_for(lambda: not _lean_works(bench))
        assert time.monotonic() - asked < 2 + _SECONDS / 2
        done = bench.end(process)
        assert f"results_importer.py --optimization-dir {bench.folder()}" in done.stderr
    assert (bench.run_row() or {})["status"] == row.status
    assert done.exit_code == row.exit_code
    assert bench.go_on() == undisturbed(bench)


@fault(
    DATABASE,
    Fault(
        "postgres-frozen",
        "The server does not answer for some seconds, without being gone",
        "LEAN goes on; after 2 seconds the message says so; when it answers, all is stored",
        "completed",
        0,
        "Nothing",
    ),
)
def test_a_server_that_does_not_answer(row: Fault, own: Bench, own_server: OwnServer, undisturbed: Undisturbed) -> None:
    process = own.start(speed=25)
    own.wait_for(lambda: len(own.stored()) >= 2)
    (parent,) = own.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    postmaster = psutil.Process(parent["pid"]).parent()
    assert postmaster is not None
    server = [postmaster, *postmaster.children()]
    for one in server:
        one.suspend()
    try:
        own.wait_for_results(6)
        time.sleep(3)
        assert process.poll() is None
    finally:
        for one in server:
            one.resume()
    done = own.end(process)
    assert "waiting for PostgreSQL for 2 seconds: it does not answer" in done.stderr
    assert own.check(row, done) == undisturbed(own)


def test_an_import_by_hand_while_a_table_is_locked(bench: Bench, unpacked: Unpack) -> None:
    """It says what it waits for, and obeys a signal at once."""
    folder = unpacked("dead-parameter") / "output"
    with _table_locked(bench):
        command = [sys.executable, str(PROJECT / "scripts" / "results_importer.py"), "--optimization-dir", str(folder)]
        command += ["--leaderboard", str(bench.home / "leaderboard.md")]
        process = subprocess.Popen(command, env=bench.environment(), stderr=subprocess.PIPE, text=True, cwd=PROJECT)
        _wait_for_a_waiting_import(bench)
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        _, said = process.communicate(timeout=30)
        assert time.monotonic() - asked < 2 + _SECONDS / 2
    assert process.returncode == 143
    assert "a table is locked by process" in said
    assert "Traceback" not in said
    assert bench.import_by_hand("--optimization-dir", folder).exit_code == 0
    assert len(bench.stored()) == 3
