"""Files that are written whole, access that is denied, and environments that are handed on without secrets."""

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from strategy_testing.errors import UserError

_SECRETS = ("DATABASE_URL", "TEST_DATABASE_URL", "PGPASSWORD", "PGPASSFILE", "PGSSLKEY", "PGSSLPASSWORD")


def write_atomically(file: Path, text: str) -> None:
    """Writes a file so that no reader ever sees half of it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_shut(folder: Path) -> None:
    """Raises PermissionError for a folder that this user may not list or not enter; what is in it seems to be gone."""
    if not os.access(folder, os.R_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def no_access(error: PermissionError) -> UserError:
    """What a file, a folder or a process that this user may not touch means to people.

    Of a file in a shut folder that folder is named.
    """
    where = error.filename or error.strerror or error
    shut = (folder for folder in reversed(Path(str(where)).parents) if folder.is_absolute())
    where = next((folder for folder in shut if not os.access(folder, os.X_OK)), where)
    return UserError(
        f"{where}: permission denied", "give this user the right to it (chmod, chown), or do it as its owner"
    )


@contextlib.contextmanager
def access_needed() -> Iterator[None]:
    """Makes a permission that is denied a UserError."""
    try:
        yield
    except PermissionError as error:
        raise no_access(error) from None


def folder_bytes(folder: Path) -> int:
    """What the files of a folder take; what vanishes meanwhile counts nothing."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.lstat().st_size if file.is_file() else 0
    return total


def without_database_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that has no business with the database."""
    return {name: value for name, value in environment.items() if name not in _SECRETS}
