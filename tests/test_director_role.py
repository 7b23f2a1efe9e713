"""The role `director`, and the port at which the embedded database is open to it, by logging in."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import psycopg2.errors
import pytest

from strategy_testing.commands.psql import psql_program
from strategy_testing.database.connection import Database
from strategy_testing.database.schema import DIRECTOR_FILE, ensure_schema, make_director, schema_text
from strategy_testing.database.target import Source
from strategy_testing.errors import DatabaseError
from strategy_testing.sharing.passwords import scram_verifier
from support import PROJECT

Ask = Callable[..., list[dict[str, Any]]]

_WITH_A_HOME = """
import sys
from pathlib import Path
import strategy_testing.paths
strategy_testing.paths.EMBEDDED_POSTGRES_DIR = Path(sys.argv[1])
"""
_SERVE = _WITH_A_HOME + "from strategy_testing.sharing.serve import main\nraise SystemExit(main(sys.argv[2:]))"
_MAKE_ROLE = _WITH_A_HOME + (
    "import runpy\nsys.argv[1:] = []\nrunpy.run_module('strategy_testing.sharing.role', run_name='__main__')"
)


@dataclass
class _Served:
    """A `make database-server` on an embedded cluster of its own."""

    home: Path
    process: "subprocess.Popen[str]"
    url: str

    @property
    def password(self) -> str:
        return (self.home / "director.pgpass").read_text(encoding="utf-8").strip().rsplit(":", 1)[1]

    def ask(self, statement: str, inside: bool = False, **how: Any) -> list[tuple[Any, ...]]:
        """As the director at the port, or as the scripts at the socket."""
        own = {"host": str(self.home / "data"), "user": "postgres", "dbname": "trading"}
        others = own if inside else {"dsn": self.url, "password": self.password}
        with closing(psycopg2.connect(**others | how)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(PROJECT / "scripts"), "PYTHONUNBUFFERED": "1"} | more


def _serve(home: Path) -> _Served:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(home), "--port", "0"], env=_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url:
        pytest.fail(process.communicate()[1])
    return _Served(home, process, url)


@pytest.fixture(name="served", scope="module")
def fixture_served() -> Iterator[_Served]:
    home = Path(tempfile.mkdtemp(prefix="served-"))
    served = _serve(home)
    served.ask("INSERT INTO strategies (name) VALUES ('S')", inside=True)
    yield served
    os.killpg(served.process.pid, signal.SIGINT)
    served.process.communicate(timeout=60)
    shutil.rmtree(home, ignore_errors=True)


def test_the_director_reads_every_view_and_nothing_else(served: _Served) -> None:
    views = {name for (name,) in served.ask("SELECT viewname FROM pg_views WHERE schemaname = 'public'", inside=True)}
    assert len(views) > 15
    for view in views:
        served.ask(f"SELECT * FROM {view}")
    tables = {
        name for (name,) in served.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", inside=True)
    }
    assert "optimization_runs" in tables
    for secret in (*tables, "pg_authid", "pg_hba_file_rules"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            served.ask(f"SELECT * FROM {secret}")
    for statement in (
        "INSERT INTO strategies (name) VALUES ('T')", "UPDATE optimization_runs SET status = 'failed'",
        "CREATE TABLE mine (n integer)", "CREATE ROLE other", "CREATE TEMPORARY TABLE mine (n integer)",
        "DROP VIEW luck",
    ):  # fmt: skip
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction)):
            served.ask(statement)
    for statement in ("INSERT INTO strategies (name) VALUES ('T')", "CREATE TABLE mine (n integer)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            served.ask(statement, options="-c default_transaction_read_only=off")


def test_what_the_director_makes_for_himself_is_never_run_by_another(served: _Served) -> None:
    functions = served.ask(
        "SELECT oid::regproc FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND pronargs = 1",
        inside=True,
    )
    assert len(functions) > 4
    trap = (
        "CREATE FUNCTION pg_temp.trap() RETURNS bigint LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''run as %'', current_user; END'; "
        "CREATE TEMPORARY VIEW backtest_results AS SELECT pg_temp.trap() AS optimization_run_id; "
        "CREATE TEMPORARY VIEW optimization_runs AS SELECT pg_temp.trap() AS id; "
    )
    for (function,) in functions:
        served.ask(f"{trap} SELECT * FROM {function}(1)", options="-c default_transaction_read_only=off")


def test_nobody_else_is_let_in_at_the_port_nor_without_the_password(served: _Served) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"user": "postgres"}, {"password": "wrong"}, {"password": ""})
    for how in wrong:
        with pytest.raises(psycopg2.OperationalError):
            served.ask("SELECT 1", **how)
    with pytest.raises(psycopg2.OperationalError, match="only the role director is let in at this port"):
        served.ask("SELECT 1", user="postgres")
    twice = b"user\0director\0user\0postgres\0database\0trading\0\0"
    for message in (
        struct.pack("!II", len(twice) + 8, 3 << 16) + twice, struct.pack("!II", 8, 3 << 16), b"\0\0\xff\xffGET / HTTP",
        struct.pack("!II", 16, 2 << 16) + b"director",
    ):  # fmt: skip
        with socket.create_connection(("127.0.0.1", int(served.url.rsplit(":", 1)[1].split("/")[0]))) as client:
            client.sendall(message)
            client.settimeout(10)
            assert client.recv(4096)[:1] in (b"E", b"")


def test_the_password_is_in_a_file_of_its_owner_and_nowhere_else(served: _Served) -> None:
    assert (served.home / "director.pgpass").stat().st_mode & 0o777 == 0o600
    assert len(served.password) >= 32
    family = psutil.process_iter(["cmdline"])
    assert not any(served.password in word for process in family for word in process.info["cmdline"] or ())
    assert re.fullmatch(r"postgresql://director@127\.0\.0\.1:\d+/trading", served.url)
    stored = served.ask("SELECT rolpassword FROM pg_authid WHERE rolname = 'director'", inside=True)[0][0]
    assert stored.startswith("SCRAM-SHA-256$") and served.password not in stored
    with closing(psycopg2.connect(served.url, passfile=str(served.home / "director.pgpass"))):
        pass


def test_others_use_the_database_meanwhile_and_ctrl_c_closes_the_port_only(served: _Served) -> None:
    second = _serve(served.home)
    password = second.password
    assert second.ask("SELECT strategy FROM run_health") == served.ask("SELECT strategy FROM run_health")
    with closing(psycopg2.connect(served.url, password=password)) as held, held, held.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM latest_results")
        os.killpg(second.process.pid, signal.SIGINT)
        said = second.process.communicate(timeout=30)[1]
        assert second.process.returncode == 0
        assert said.endswith("closed\n")
        assert password not in said
        cursor.execute("SELECT repeat('x', 1000000)")  # more than a piece
        assert len(cursor.fetchall()[0][0]) == 1_000_000
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(second.url, password=password)


def test_a_port_that_is_taken_and_a_database_of_ones_own_are_told(served: _Served) -> None:
    taken = served.url.rsplit(":", 1)[1].split("/")[0]
    for port, url, said in (
        (taken, "", f"error: port {taken} of 127.0.0.1 cannot be had: Address already in use; name another: make "),
        ("0", "postgresql://ann:secret@db.example.org/x", "error: the scripts use a database of your own (from "),
    ):
        done = subprocess.run(
            [sys.executable, "-c", _SERVE, str(served.home), "--port", port], env=_environment(DATABASE_URL=url),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "secret" not in done.stderr


def test_the_role_in_a_database_of_ones_own_with_a_password_of_ones_own(served: _Served) -> None:
    with closing(psycopg2.connect(host=str(served.home / "data"), user="postgres", dbname="postgres")) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE ROLE ann LOGIN")
        connection.cursor().execute("CREATE DATABASE team OWNER ann")
    url = f"host={served.home / 'data'} user=postgres dbname=team"
    of_ann = url.replace("postgres", "ann")
    with closing(Database(url, Source.DATABASE_URL)) as database, database.transaction():  # as before version 15
        database.script("ALTER SCHEMA public OWNER TO postgres; GRANT CREATE ON SCHEMA public TO PUBLIC")
    with closing(Database(of_ann, Source.DATABASE_URL)) as database:
        ensure_schema(database)

    def make(**more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", _MAKE_ROLE, str(served.home)], env=_environment(DATABASE_URL=url, **more),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    unanswered = make()
    assert unanswered.returncode == 2
    assert (
        "error: the role director needs a password; set DIRECTOR_PASSWORD, or answer on a terminal" in unanswered.stderr
    )
    before = served.password
    try:
        for _ in range(2):
            done = make(DIRECTOR_PASSWORD="pässwörd ﬁ'; --")
            assert (done.returncode, done.stdout) == (
                0, "the role director reads the views of this database, with that password\n"
            )  # fmt: skip
            assert "pässwörd" not in done.stderr
        how: dict[str, Any] = {"dbname": "team", "password": "pässwörd ﬁ'; --"}
        assert served.ask("SELECT * FROM strategy_leaderboard", **how) == []
        by_hand = [psql_program(), "-X", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", str(DIRECTOR_FILE)]
        subprocess.run(by_hand, check=True, capture_output=True, timeout=60)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            served.ask("CREATE TABLE mine ()", options="-c default_transaction_read_only=off", **how)
        # An upgrade makes the views anew, and lets the role read them again.
        with closing(Database(of_ann, Source.DATABASE_URL)) as database:
            with database.transaction():
                database.script("DELETE FROM schema_versions; INSERT INTO schema_versions (version) VALUES (12)")
            ensure_schema(database)
        assert served.ask("SELECT * FROM next_steps", **how) == []
    finally:
        with closing(Database(url, Source.DATABASE_URL)) as database:
            make_director(database, scram_verifier(before))


def test_a_role_of_that_name_that_may_do_more_is_refused(served: _Served) -> None:
    served.ask("ALTER ROLE director CREATEDB", inside=True)
    try:
        with (
            closing(Database(f"host={served.home / 'data'} user=postgres dbname=trading", Source.EMBEDDED)) as database,
            pytest.raises(DatabaseError, match="there is a role director that may do more than read views"),
        ):
            make_director(database, None)
    finally:
        served.ask("ALTER ROLE director NOCREATEDB", inside=True)


def test_where_there_is_no_such_role_the_schema_lets_nobody_in(ask: Ask) -> None:
    granted = ask("SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_name = 'luck'")
    assert len(granted) == 1


def test_every_view_is_among_those_that_the_director_reads(ask: Ask) -> None:
    listed = re.findall(r"'(\w+)'", schema_text(DIRECTOR_FILE).split("ARRAY ARRAY[")[1].split("]")[0])
    assert sorted(listed) == [row["name"] for row in ask(
        "SELECT viewname AS name FROM pg_views WHERE schemaname = 'public' ORDER BY viewname"
    )]  # fmt: skip
