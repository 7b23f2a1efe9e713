"""Files that are written whole, and environments that are handed on without secrets."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

_SECRETS = ("DATABASE_URL", "TEST_DATABASE_URL", "PGPASSWORD", "PGPASSFILE", "PGSSLKEY", "PGSSLPASSWORD")


def write_atomically(file: Path, text: str) -> None:
    """Writes a file so that no reader ever sees half of it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


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
