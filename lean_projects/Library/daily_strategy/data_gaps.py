"""Says in the log what data a strategy misses, because LEAN runs on without them in silence."""

from __future__ import annotations

from AlgorithmImports import *


class DataWatch:
    """Notes which data arrived; a strategy without its data makes no trade, and says so."""

    def __init__(self, algorithm: QCAlgorithm, expected: dict[str, str]) -> None:
        """Args: the strategy; what is expected, each with where it comes from."""
        self._algorithm = algorithm
        self._expected = dict(expected)

    def arrived(self, name: str) -> None:
        """Notes that some of these data came."""
        self._expected.pop(name, None)

    def report(self) -> None:
        """To be called at the end of the backtest: one line for whatever never came."""
        for name, source in self._expected.items():
            self._algorithm.error(f"DATA MISSING: no {name} in the whole backtest; LEAN reads it from {source}")
