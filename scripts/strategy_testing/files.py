"""Files that are read without waiting and written whole, access that is denied, environments without secrets."""

import contextlib
import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Self, TypeVar

from strategy_testing.errors import ExitCode, UserError

_SECRETS = (
    "DATABASE_URL",
    "TEST_DATABASE_URL",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSSLKEY",
    "PGSSLPASSWORD",
    "DIRECTOR_PASSWORD",
)
_MOST_IN_MEMORY = 8_000_000
"""Bytes of a spool: the daily returns of some hundred backtests of ten years."""
_LONGER = 2**40
"""Than any piece of a spool."""
_MOST_BYTES = 2**30
"""LEAN's largest files, of years by the minute, have some hundred megabytes."""

Key = TypeVar("Key", bound=Hashable)


def write_atomically(file: Path, text: str | Iterable[str]) -> None:
    """Writes a file so that no reader ever sees half of it; a link is followed, a device written to, a mode kept.

    Args:
        file: the file.
        text: all of it, or its pieces.

    Raises:
        OSError: it cannot be written.
    """
    pieces = [text] if isinstance(text, str) else text
    if file.exists() and not file.is_file():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC), "w", encoding="utf-8") as device:
            device.writelines(pieces)
        return
    file = Path(os.path.realpath(file)) if file.is_symlink() else file
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as output:
            output.writelines(pieces)
        if file.exists():
            shutil.copymode(file, temporary)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """A regular file, to be read; never waits, as opening a FIFO or reading a device would.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as content:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(file))
        yield content


def read_bytes(file: Path, start: int = 0) -> bytes:
    """What a regular file holds, behind so many bytes.

    Raises:
        OSError: as opened, or it is larger than any file of LEAN's.
    """
    with opened(file) as content:
        if os.fstat(content.fileno()).st_size - start > _MOST_BYTES:
            raise OSError(errno.EFBIG, "is too large to be a file of LEAN's", str(file))
        content.seek(start)
        return content.read()


def read_text(file: Path, errors: str = "strict") -> str:
    """What a regular file holds, as UTF-8 with or without its mark.

    Args:
        file: the file.
        errors: as str.decode has it.

    Raises:
        OSError: as read_bytes.
        UnicodeDecodeError: it is no UTF-8, where errors is `strict`.
    """
    return read_bytes(file).decode("utf-8-sig", errors)


class Spool(Mapping[Key, bytes]):
    """Pieces of bytes by their keys: few of them in memory, many in a file that nobody else sees."""

    def __init__(self, others: Mapping[Key, bytes] = MappingProxyType({})) -> None:
        """Empty, but for what others keep."""
        self._others = others
        self._file = tempfile.SpooledTemporaryFile(max_size=_MOST_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._places: dict[Key, int] = {}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forgets all of them."""
        self._file.close()

    def put(self, key: Key, piece: bytes) -> None:
        """Keeps a piece; of a key that has one already the first one stays."""
        if key in self:
            return
        self._file.seek(0, os.SEEK_END)
        self._places[key] = self._file.tell() * _LONGER + len(piece)  # one number takes little
        self._file.write(piece)

    def __getitem__(self, key: Key) -> bytes:
        """The piece of a key."""
        if key not in self._places:
            return self._others[key]
        at, length = divmod(self._places[key], _LONGER)
        self._file.seek(at)
        return self._file.read(length)

    def __contains__(self, key: object) -> bool:
        """Whether there is a piece of a key."""
        return key in self._places or key in self._others

    def __iter__(self) -> Iterator[Key]:
        """The keys, in the order in which they came, behind those of the others."""
        return chain(self._others, self._places)

    def __len__(self) -> int:
        """How many pieces there are."""
        return len(self._others) + len(self._places)


def load_json(text: str, parse_float: Callable[[str], Any] = float) -> Any:
    """The value that a JSON text spells.

    Args:
        text: the text.
        parse_float: makes what of a number with a point or an exponent.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or has a number that nothing can hold.
    """
    try:
        return json.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def exit_code_of(error: OSError) -> ExitCode:
    """With what a script ends that could not write a file: a full disk and used-up inodes, quota or `ulimit -f`."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return ExitCode.DISK_FULL if is_full else ExitCode.INVALID_INPUT


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
