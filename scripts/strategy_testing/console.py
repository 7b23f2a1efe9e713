"""What is said to people: the story on stderr, the answer on stdout. Whoever stops listening stops no work."""

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from strategy_testing.texts import printable, within

_IN_ASCII = str.maketrans({"✓": "+", "✗": "x", "×": "x", "…": "...", "–": "-", "—": "-", "→": "->"})
_IN_ONE_CELL = str.maketrans({"…": "~", "→": ">"})
_USUAL_COLUMNS = 80
_NO_CURSOR = ("dumb", "unknown")
"""What TERM says of terminals that cannot draw a line anew."""
_above: list[Callable[[str], None]] = []
"""Who shows lines above what is being drawn, the last one; empty where nothing is."""


def tell(message: str) -> None:
    """A line of the story, on stderr, above what is being drawn there."""
    shown = printable(message)
    if can_draw():
        shown = within(shown, width_of(sys.stderr))
    if _above:
        _above[-1](shown)
    else:
        _write(sys.stderr, f"{shown}\n")


def answer(line: str) -> None:
    """A line of the answer, on stdout."""
    _write(sys.stdout, f"{printable(line)}\n")


class Drawing:
    """Stderr for a program that moves the cursor: what it cannot show is replaced cell by cell, and nothing raised."""

    @property
    def encoding(self) -> str:
        """Of stderr."""
        return getattr(sys.stderr, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Text of ours as it is."""
        if not self.encoding.lower().startswith("utf"):
            text = text.translate(_IN_ONE_CELL)
        _write(sys.stderr, text)
        return len(text)

    def flush(self) -> None:
        """Each write has done it."""

    def isatty(self) -> bool:
        """Whether it can be drawn on."""
        return can_draw()


@contextlib.contextmanager
def drawn(above: Callable[[str], None]) -> Iterator[None]:
    """Within it something is drawn on stderr, from whatever thread; lines of the story are given to `above`."""
    _above.append(above)
    try:
        yield
    finally:
        _above.remove(above)


def can_draw() -> bool:
    """Whether the story is read on a terminal that moves its cursor."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in _NO_CURSOR


def can_write(seconds: float) -> bool:
    """Whether a line on stderr would not have to wait, or not after so long, as on a terminal stopped by Ctrl-S."""
    try:
        return bool(select.select([], [sys.stderr], [], seconds)[1])
    except (OSError, ValueError, TypeError):  # closed
        return True


def width_of(stream: TextIO | None) -> int | None:
    """Columns of the terminal that shows stdout or stderr, or COLUMNS; None where it is none and nothing need fit."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    if stream is None or not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS
    except (OSError, ValueError):
        return _USUAL_COLUMNS


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
