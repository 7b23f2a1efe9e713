"""The fingerprint of data files: what tells whether a backtest would read the same again."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from strategy_testing.files import opened

_DIGITS = 16
"""Of 64 hexadecimal ones; enough to tell two versions of a file apart, and a quarter of the space for thousands."""


def hash_data(data: Path, paths: Iterable[str]) -> dict[str, str | None]:
    """The SHA-256 of each file's content, shortened, by its path below the data folder; None where there is no file.

    Content alone counts: a copied data folder is the same. Prices of minutes are read at the speed of the disk.
    """
    return {path: _hash(data / path) for path in sorted(paths)}


def _hash(file: Path) -> str | None:
    try:
        with opened(file) as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:_DIGITS]  # type: ignore[arg-type]
    except OSError:
        return None
