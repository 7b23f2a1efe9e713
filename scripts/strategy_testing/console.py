"""What is said to people: the story on stderr, the answer on stdout."""

import contextlib
import os
import sys
from pathlib import Path


def tell(message: str) -> None:
    """A line of the story, on stderr; that nobody reads it any more is no reason to fail."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)  # noqa: T201


def answer(line: str) -> None:
    """A line of the answer, on stdout."""
    print(line, flush=True)  # noqa: T201


def shown_path(file: Path) -> str:
    """A path as short as it can be said from here."""
    relative = os.path.relpath(file)
    return relative if not relative.startswith("..") else str(file)
