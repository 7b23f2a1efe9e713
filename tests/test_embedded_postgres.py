"""The embedded PostgreSQL survives what a laptop does to it: the next start just works, and nobody else is touched."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

from support import PROJECT

_USER = """
import sys
from pathlib import Path
sys.path.insert(0, {scripts!r})
from strategy_testing.database.embedded.server import start_embedded_postgres
from strategy_testing.errors import DatabaseError
try:
    print(start_embedded_postgres(Path({home!r})), flush=True)
except DatabaseError as error:
    sys.exit(str(error))
sys.stdin.read()
"""
_TRIES = int(os.environ.get("FAULT_TRIES", "2"))
_MOMENTS = [0.15 + 0.9 * number / _TRIES for number in range(_TRIES)]
"""Seconds after a first start at which it is ended; `make faults` tries many more."""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with a whole cluster, which no server uses."""
    home = Path(tempfile.mkdtemp(prefix="embedded-"))
    with _user(home):
        pass
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """A copy of it, with its owners."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    subprocess.run(["cp", "-a", f"{made}/.", str(folder)], check=True)
    yield folder
    _kill_servers(folder)
    shutil.rmtree(folder, ignore_errors=True)


class _user:  # noqa: N801 - reads as a function
    """A program that uses the server of a folder for as long as it lasts."""

    def __init__(self, home: Path) -> None:
        self._address = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _USER.format(scripts=str(PROJECT / "scripts"), home=str(home))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> "_user":
        self.ask("SELECT 1")
        return self

    def __exit__(self, *_: object) -> None:
        said = self.process.communicate("", timeout=60)[1]
        assert "Traceback" not in said, said

    @property
    def address(self) -> str:
        assert self.process.stdout is not None
        self._address = self._address or self.process.stdout.readline().strip()
        return self._address

    def ask(self, statement: str) -> object:
        assert self.address, self.process.communicate()[1]
        with closing(psycopg2.connect(self.address)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None


def _servers(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and Path(process.cwd()).is_relative_to(home):
                found.append(process)
    return found


def _kill_servers(home: Path) -> None:
    for process in _servers(home):
        with suppress(psutil.Error):
            process.kill()


@pytest.mark.parametrize(("how", "seconds"), [(("kill", "ctrl-c")[n % 2], at) for n, at in enumerate(_MOMENTS)])
def test_a_first_start_that_is_ended_at_any_moment(tmp_path: Path, seconds: float, how: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    try:
        first = _user(folder)
        time.sleep(seconds)
        if how == "ctrl-c":
            os.killpg(first.process.pid, signal.SIGINT)
        else:
            family = psutil.Process(first.process.pid).children(recursive=True)
            for each in [psutil.Process(first.process.pid), *family, *_servers(folder)]:
                with suppress(psutil.Error, ProcessLookupError):
                    each.kill()
        first.process.communicate(timeout=60)
        with _user(folder) as second:
            assert second.ask("SHOW server_encoding") == [("UTF8",)]
        assert _servers(folder) == []
        assert sorted(entry.name for entry in folder.iterdir()) == ["data", "run"]
    finally:
        _kill_servers(folder)
        shutil.rmtree(folder, ignore_errors=True)


def test_everything_killed_at_once_is_recovered_by_the_first_start(home: Path) -> None:
    with _user(home) as user:
        user.ask("CREATE TABLE kept AS SELECT 42 AS answer")
        user.process.kill()
        _kill_servers(home)
        user.process.wait(10)
    with _user(home) as user:
        assert user.ask("SELECT answer FROM kept") == [(42,)]


def test_a_number_that_another_process_has_now_harms_nobody(home: Path) -> None:
    """The bystander has the number that the notes of a server that was killed name."""
    with _user(home) as user:
        note = (home / "data" / "postmaster.pid").read_text()
        user.process.kill()
        _kill_servers(home)
        user.process.wait(10)
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        _, rest = note.split("\n", 1)
        (home / "data" / "postmaster.pid").write_text(f"{bystander.pid}\n{rest}")
        (home / "data" / ".s.PGSQL.5432.lock").write_text(f"{bystander.pid}\n{rest}")
        with _user(home) as user:
            assert user.ask("SELECT 1") == [(1,)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_several_first_starts_at_the_same_moment(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    try:
        users = [_user(folder) for _ in range(3)]
        for user in users:
            assert user.ask("SELECT 1") == [(1,)]
        assert len({server.pid for server in _servers(folder)} & {server.ppid() for server in _servers(folder)}) == 1
        for user in users[:2]:
            user.__exit__()
            assert users[2].ask("SELECT 1") == [(1,)]
        users[2].__exit__()
        assert _servers(folder) == []
    finally:
        _kill_servers(folder)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_user_that_was_killed_does_not_keep_the_server_up(home: Path) -> None:
    with _user(home):
        other = _user(home)
        assert other.ask("SELECT 1") == [(1,)]
        other.process.kill()
        other.process.communicate()
    assert _servers(home) == []


@pytest.mark.parametrize("version", ["15", "garbage\x00"])
def test_data_of_another_version_is_left_alone(home: Path, version: str) -> None:
    (home / "data" / "PG_VERSION").write_text(f"{version}\n")
    user = _user(home)
    _, said = user.process.communicate("", timeout=30)
    assert user.process.returncode == 1
    assert f"was made by PostgreSQL {version!r}, and this program has" in said
    assert "move the folder away" in said
    assert "Traceback" not in said
    assert (home / "data" / "global" / "pg_control").exists()


def test_garbage_of_an_older_programs_bookkeeping_does_no_harm(home: Path) -> None:
    (home / "data" / ".handle_pids.json").write_text('{"a": 1e999')
    (home / "run" / "users").write_text("\x00garbage")
    (home / "data" / "postmaster.pid").write_text("99999999999999999999999\n{}\n")
    with _user(home) as user:
        assert user.ask("SELECT 1") == [(1,)]
