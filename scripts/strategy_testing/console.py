"""What is said to people: the story on stderr, the answer on stdout. Whoever stops listening stops no work."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TextIO

from strategy_testing.texts import printable

_IN_ASCII = str.maketrans({"✓": "+", "✗": "x", "×": "x", "…": "...", "–": "-", "—": "-", "→": "->"})


def tell(message: str) -> None:
    """A line of the story, on stderr."""
    _write(sys.stderr, f"{printable(message)}\n")


def answer(line: str) -> None:
    """A line of the answer, on stdout."""
    _write(sys.stdout, f"{printable(line)}\n")


def show(text: str) -> None:
    """Text of ours on stderr as it is, which moves the cursor of a terminal."""
    _write(sys.stderr, text)


def is_terminal() -> bool:
    """Whether the story is read on a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def keep_streams_open() -> None:
    """Puts /dev/null where stdin, stdout or stderr are closed: the next file that is opened would be in its place."""
    opened = os.open(os.devnull, os.O_RDWR)
    while opened < 3:
        opened = os.dup(opened)
    os.close(opened)


def end_streams() -> None:
    """Writes what is left; Python would end with a code of its own, 120, where nobody takes it."""
    for stream in (sys.stdout, sys.stderr):
        _write(stream, "")


def shown_path(file: Path) -> str:
    """A path as short as it can be said from here."""
    with contextlib.suppress(OSError):  # the working directory was deleted
        relative = os.path.relpath(file)
        if not relative.startswith(".."):
            return relative
    return str(file)


def _write(stream: TextIO | None, text: str) -> None:
    """On a stream that is closed, full, or read by nobody any more, the text is lost, and all that follows."""
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_IN_ASCII).encode(encoding, "replace").decode(encoding)
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
