"""Daily returns of many backtests side by side, of which only a block is in memory at a time. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from strategy_testing.metrics.daily_returns import calendar_of, days_of, values_of

VALUES_AT_ONCE = 1 << 18
"""Of a block: two megabytes."""
_DIGEST = 16

Key = int | str
"""What a result is known by: its row's number, or its backtest's id where it has no row yet."""
Matrix = NDArray[np.float64]
Days = NDArray[np.datetime64]


class PackedReturns(Protocol):
    """Packed daily returns by the keys of their results, wherever they are kept."""

    def __getitem__(self, key: Any, /) -> bytes:
        """Those of a result that has some."""


class Series:
    """Periods by series, of which blocks are made when somebody asks; a day that one lacks has a return of 0."""

    def __init__(
        self, keys: Sequence[Key], returns: PackedReturns, days: Days, values_at_once: int = VALUES_AT_ONCE
    ) -> None:
        """Columns of a table.

        Args:
            keys: a result for each column.
            returns: has those of all of them.
            days: all days of any of them, rising.
            values_at_once: of a block.
        """
        self._values_at_once = values_at_once
        self._keys = keys
        self._returns = returns
        self.days = days

    @property
    def shape(self) -> tuple[int, int]:
        """Periods and series."""
        return len(self.days), len(self._keys)

    def blocks(self) -> Iterator[Matrix]:
        """Some columns after the other: all periods by a few series each."""
        at_once = max(1, self._values_at_once // max(1, len(self.days)))
        for at in range(0, len(self._keys), at_once):
            yield self._block(self._keys[at : at + at_once])

    def over(self, days: Days) -> "Series":
        """The same series over more days."""
        return Series(self._keys, self._returns, np.union1d(self.days, days), self._values_at_once)

    def _block(self, keys: Sequence[Key]) -> Matrix:
        block = np.zeros((len(keys), len(self.days)))
        for row, key in zip(block, keys, strict=True):
            packed = self._returns[key]
            values = values_of(packed)
            row[slice(None) if len(values) == len(row) else np.searchsorted(self.days, days_of(packed))] = values
        return block.T


def blocks_of(returns: Matrix | Series) -> Iterable[Matrix]:
    """The columns of either, some after the other."""
    return [returns] if isinstance(returns, np.ndarray) else returns.blocks()


def common_days(packed: Iterable[bytes]) -> Days:
    """All days of any of these packed returns, rising."""
    days: Days = np.array([], "datetime64[D]")
    seen: set[bytes] = set()
    for each in packed:
        calendar = blake2b(calendar_of(each), digest_size=_DIGEST).digest()
        if calendar not in seen:
            seen.add(calendar)
            days = np.union1d(days, days_of(each))
    return days


def digest_of(packed: bytes) -> bytes:
    """The same for the same days and returns."""
    return blake2b(packed, digest_size=_DIGEST).digest()
