"""By what a backtest is known to be read already: its files, and the code that reads them."""

import hashlib
from functools import cache
from pathlib import Path

from strategy_testing.paths import SCRIPTS_DIR

_READING = ("metrics", "results")
_DIGITS = 12


def signs_of(large: Path, summary: Path) -> str | None:
    """What changes when somebody writes one of the two files, or what reads them; None without the large one.

    The size and the time of change of each, behind a hash of the code that reads them.
    """
    signs = [sign_of(large), sign_of(summary)]
    return None if signs[0] is None else " ".join((hash_of_code(*_READING), *(sign or "none" for sign in signs)))


def sign_of(file: Path) -> str | None:
    """The size and the time of change; None without the file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return f"{found.st_size}@{found.st_mtime_ns}"


@cache
def hash_of_code(*rooms: str) -> str:
    """Of the text of every module of some rooms: rather too many than one too few."""
    house = SCRIPTS_DIR / "strategy_testing"
    files = sorted(file for room in rooms for file in (house / room).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:_DIGITS]
