"""Reads the backtests of a run that are not known yet, and keeps of thousands only what judging them needs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from strategy_testing.importing.reading_files.processes import read_together
from strategy_testing.results.backtest import BacktestResult, SkippedFile, known_backtest
from strategy_testing.results.contents import ToRead
from strategy_testing.verdict.criteria import Judged


class KeepsReturns(Protocol):
    """Keeps packed daily returns by the ids of their backtests."""

    def put(self, key: str, piece: bytes, /) -> None:
        """Keeps those of one."""


class Reader:
    """Reads backtests for `read_contents`: those that were read before are taken as they are stored."""

    def __init__(
        self,
        known: Mapping[str, BacktestResult],
        returns: KeepsReturns,
        finish: Callable[[BacktestResult], BacktestResult],
    ) -> None:
        """Reads what is not known.

        Args:
            known: stored results by their ids.
            returns: gets the daily returns of those that are read.
            finish: is given each result.
        """
        self._known = known
        self._returns = returns
        self._finish = finish

    def __call__(self, files: Sequence[ToRead]) -> Iterator[BacktestResult | SkippedFile]:
        """The results in the order of the files, packed."""
        unchanged = [self._unchanged(one) for one in files]
        fresh = [one for one, known in zip(files, unchanged, strict=True) if known is None]
        with read_together(fresh) as answers:
            for one, known in zip(files, unchanged, strict=True):
                read = next(answers) if known is None else known
                if isinstance(read, SkippedFile):
                    yield read
                    continue
                if read.daily_returns is not None:
                    self._returns.put(read.backtest_id, read.daily_returns)
                yield self._finish(read).packed(one.log.launched.get(read.backtest_id))

    def _unchanged(self, one: ToRead) -> BacktestResult | None:
        before = self._known.get(one.file.backtest_id)
        return None if before is None else known_backtest(one.file, one.log, before)


def not_stored(stored: Sequence[Judged], results: Sequence[Judged]) -> list[Judged]:
    """The results that are not stored as they are, or were read anew."""
    before = {(judged.result.backtest_id, judged.result.source_signs): judged for judged in stored}
    return [one for one in results if one != before.get((one.result.backtest_id, one.result.source_signs))]
