"""Who must give a password to the embedded PostgreSQL: the role `director`, which a port of this machine lets in."""

import os
import shutil
import time
from pathlib import Path

from psycopg2.extensions import make_dsn

from strategy_testing.database.connection import Database
from strategy_testing.database.target import Source
from strategy_testing.errors import DatabaseAwayError, DatabaseError
from strategy_testing.files import read_text
from strategy_testing.paths import EMBEDDED_POSTGRES_DIR

DIRECTOR = "director"
PASSWORD_FILE = EMBEDDED_POSTGRES_DIR / "director.pgpass"
"""Read by its owner alone."""

_RULE = f"local all {DIRECTOR} scram-sha-256\n"
_NOT_IT = "not the password"
_SECONDS_TO_TAKE_EFFECT = 10


def keep_password(password: str) -> None:
    """Writes the password where only this user reads it, in the form of a PGPASSFILE for any port."""
    temporary = PASSWORD_FILE.with_name(f".{PASSWORD_FILE.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"127.0.0.1:*:*:{DIRECTOR}:{password}\n")
    temporary.replace(PASSWORD_FILE)


def kept_password() -> str | None:
    """The password that was kept; None where none was."""
    try:
        *_, password = read_text(PASSWORD_FILE).strip().split(":")
    except FileNotFoundError:
        return None
    return password


def forget_password() -> None:
    """Removes a password that is no longer the one."""
    PASSWORD_FILE.unlink(missing_ok=True)


def require_password(database: Database) -> None:
    """Makes the running server ask the role for its password, and waits until it does.

    Raises:
        DatabaseError: it does not.
    """
    with database.transaction():
        _put_rule(Path(str(database.value("hba_file"))))
        database.execute("reload_configuration")
    deadline = time.monotonic() + _SECONDS_TO_TAKE_EFFECT
    while _is_let_in_without(database):
        if time.monotonic() > deadline:
            raise DatabaseError(
                "the embedded PostgreSQL does not ask the role director for a password", "start it anew"
            )
        time.sleep(0.05)


def _put_rule(file: Path) -> None:
    """As the first one, which counts; the server reads it as its owner."""
    text = read_text(file)
    if text.startswith(_RULE):
        return
    owner = file.stat()
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    temporary.write_text(_RULE + text, encoding="utf-8")
    shutil.copymode(file, temporary)
    os.chown(temporary, owner.st_uid, owner.st_gid)
    temporary.replace(file)


def _is_let_in_without(database: Database) -> bool:
    place = database.environment()
    dsn = make_dsn(host=place["PGHOST"], dbname=place["PGDATABASE"], user=DIRECTOR, password=_NOT_IT)
    try:
        Database(dsn, Source.EMBEDDED, attempts=1).close()
    except DatabaseAwayError:
        return False
    return True
