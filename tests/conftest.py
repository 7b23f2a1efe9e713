"""Fixtures: a real PostgreSQL, a fresh database for each test, recorded runs unpacked, the scripts as subprocesses."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import psycopg2
import psycopg2.extras
import pytest
from psycopg2 import sql
from psycopg2.extensions import make_dsn
from testcontainers.community.postgres import PostgresContainer

from strategy_testing.database.connection import Database, connect
from strategy_testing.database.embedded.server import start_embedded_postgres
from strategy_testing.database.schema import ensure_schema
from strategy_testing.database.target import DatabaseTarget, Source
from support import PROJECT, ScriptResult, unpack_recording

_TEMPLATE = "strategy_testing_template"
_CONFIGURING = (
    "DATABASE_URL",
    "LEAN_COMMAND",
    "LEAN_WORKSPACE",
    "LEAN_REPLAY_RECORDING",
    "LEAN_REPLAY_SPEED",
    "COLUMNS",
    "NO_COLOR",
    "PYTHONDONTWRITEBYTECODE",  # or each script that is started compiles the whole project: 0.3 s of a processor
)


@pytest.fixture(scope="session", autouse=True)
def _no_outside_configuration() -> None:
    """What the machine's user has set for the scripts is not ours to test with."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:  # started in the background by a shell, or under nohup
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
    for name in list(os.environ):
        if name in _CONFIGURING or (name.startswith("PG") and name != "PGSERVER_POSTGRES_VERSION"):
            del os.environ[name]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as many tests run at a time as there are cores, and more


@pytest.fixture(scope="session")
def postgres_server(_no_outside_configuration: None) -> Iterator[str]:
    """A PostgreSQL: Testcontainers where Docker can run it, else TEST_DATABASE_URL, else the embedded one."""
    if _docker_runs():
        container = PostgresContainer("postgres:16-alpine", driver=None)
        with suppress(Exception):  # the image cannot be had: the next best
            container.start()
            try:
                yield _careless(container.get_connection_url())
            finally:
                container.stop()
            return
    given = os.environ.get("TEST_DATABASE_URL")
    # Not below pytest's own folder: each further session closes that one to other users, and root's server is one.
    home = tempfile.mkdtemp(prefix="postgres-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # after the server has been stopped: last in, first out
    yield given or _careless(start_embedded_postgres(Path(home)))


def _careless(server: str) -> str:
    """The server, which from now on does not wait for the disk: what it holds need not outlive the machine's power."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _administer(server, f"ALTER SYSTEM SET {setting} = off")
    _administer(server, "SELECT pg_reload_conf()")
    return server


def _docker_runs() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "info"], capture_output=True, timeout=30, check=False).returncode == 0


@pytest.fixture(scope="session")
def template_database(postgres_server: str) -> Iterator[str]:
    """A database with the current schema, copied for each test."""
    name = f"{_TEMPLATE}_{uuid4().hex[:8]}"
    _administer(postgres_server, "CREATE DATABASE {}", name)
    database = connect(DatabaseTarget(Source.ARGUMENT, make_dsn(postgres_server, dbname=name)))
    ensure_schema(database)
    database.close()
    yield name
    _administer(postgres_server, "DROP DATABASE IF EXISTS {}", name)


@pytest.fixture
def empty_database_url(postgres_server: str) -> Iterator[str]:
    """The URL of a database that has no tables."""
    name = f"empty_{uuid4().hex[:12]}"
    _administer(postgres_server, "CREATE DATABASE {}", name)
    yield make_dsn(postgres_server, dbname=name)
    _administer(postgres_server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
def database_url(postgres_server: str, template_database: str) -> Iterator[str]:
    """The URL of a fresh database with the current schema."""
    yield from _copied(postgres_server, template_database)


@pytest.fixture(scope="module")
def module_database_url(postgres_server: str, template_database: str) -> Iterator[str]:
    """The same for all tests of a module, which only read what a fixture of the module stores."""
    yield from _copied(postgres_server, template_database)


def _copied(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    _administer(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield make_dsn(server, dbname=name)
    _administer(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open connection to the fresh database."""
    opened = connect(DatabaseTarget(Source.ARGUMENT, database_url))
    yield opened
    opened.close()


@pytest.fixture
def ask(database_url: str) -> Callable[..., list[dict[str, object]]]:
    """Runs SQL against the fresh database, as the director would, and returns the rows."""

    def run(statement: str, *values: object) -> list[dict[str, object]]:
        dictionaries = psycopg2.extras.RealDictCursor
        with (
            closing(psycopg2.connect(database_url)) as connection,
            connection,
            connection.cursor(cursor_factory=dictionaries) as cursor,
        ):
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    return run


def _administer(server: str, statement: str, *names: str) -> None:
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Unpacks a recording once and returns its folder; tests must not change it."""
    home = tmp_path_factory.mktemp("recordings")

    def unpack(name: str) -> Path:
        return home / name if (home / name).is_dir() else unpack_recording(name, home)

    return unpack


@pytest.fixture
def recording(unpacked: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a recording's folder that the test may change; its name is the recording's."""

    def copy(name: str) -> Path:
        target = tmp_path / "recordings" / name
        if not target.exists():
            shutil.copytree(unpacked(name), target)
        return target

    return copy


@pytest.fixture
def run_script(database_url: str, tmp_path: Path) -> Callable[..., ScriptResult]:
    """Runs a script of scripts/ as a user does, against the fresh database."""

    def run(script: str, *arguments: object, env: dict[str, str] | None = None, timeout: float = 120) -> ScriptResult:
        command = [sys.executable, str(PROJECT / "scripts" / script), *map(str, arguments)]
        command += ["--leaderboard", str(tmp_path / "leaderboard.md")]
        environment = os.environ | {"DATABASE_URL": database_url} | (env or {})
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return ScriptResult(done.stdout, done.stderr, done.returncode)

    return run


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A lean workspace with the strategies that were recorded."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "lean.json").write_text("{}\n", encoding="utf-8")
    return folder


@pytest.fixture
def replayed(
    run_script: Callable[..., ScriptResult], unpacked: Callable[[str], Path], workspace: Path
) -> Callable[..., ScriptResult]:
    """Runs optimize_runner.py with a config while `lean` replays a recording; engines are cold if it does not say."""

    def run(
        recording: str, config: Path, *arguments: object, env: dict[str, str] | None = None, speed: int = 200
    ) -> ScriptResult:
        if "engine:" not in config.read_text(encoding="utf-8"):
            arguments = (*arguments, "--cold")  # as write_config does
        replay = {
            "LEAN_COMMAND": str(PROJECT / "tests" / "replay" / "bin" / "lean"),
            "REPLAY_PYTHON": sys.executable,
            "LEAN_REPLAY_RECORDING": str(unpacked(recording)),
            "LEAN_REPLAY_SPEED": str(speed),
            "LEAN_REPLAY_STATE": str(workspace.parent / "replay-state"),
        }
        return run_script(
            "optimize_runner.py", "--config", config, "--workspace", workspace, *arguments, env=replay | (env or {})
        )

    return run
