"""Reads the backtests of a run that are not known yet, and keeps of thousands only what judging them needs."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self

from strategy_testing.importing.reading_files.processes import read_together
from strategy_testing.results.backtest import BacktestResult, SkippedFile, known_backtest
from strategy_testing.results.contents import ToRead
from strategy_testing.verdict.criteria import Judged

_MOST_IN_MEMORY = 8_000_000
"""Bytes of daily returns: some hundred backtests of ten years."""


class KeptReturns:
    """Packed daily returns by the ids of their backtests: of many in a file that nobody else sees."""

    def __init__(self) -> None:
        """Empty."""
        self._file = tempfile.SpooledTemporaryFile(max_size=_MOST_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._places: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forgets all of them."""
        self._file.close()

    def put(self, backtest_id: str, packed: bytes) -> None:
        """Keeps those of a backtest; a second result of the same one is set aside, and so are its returns."""
        if backtest_id in self._places:
            return
        self._file.seek(0, 2)
        self._places[backtest_id] = self._file.tell(), len(packed)
        self._file.write(packed)

    def get(self, backtest_id: str, /) -> bytes | None:
        """Those of a backtest; None where there are none."""
        if backtest_id not in self._places:
            return None
        at, length = self._places[backtest_id]
        self._file.seek(at)
        return self._file.read(length)


class Reader:
    """Reads backtests for `read_contents`: those that were read before are taken as they are stored."""

    def __init__(
        self,
        known: Mapping[str, BacktestResult],
        returns: KeptReturns,
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
            for known in unchanged:
                read = next(answers) if known is None else known
                if isinstance(read, SkippedFile):
                    yield read
                    continue
                if read.daily_returns is not None:
                    self._returns.put(read.backtest_id, read.daily_returns)
                yield self._finish(read).packed()

    def _unchanged(self, one: ToRead) -> BacktestResult | None:
        before = self._known.get(one.file.backtest_id)
        return None if before is None else known_backtest(one.file, one.log, before)


def not_stored(stored: Sequence[Judged], results: Sequence[Judged]) -> list[Judged]:
    """The results that are not stored as they are, or were read anew."""
    before = {(judged.result.backtest_id, judged.result.source_signs): judged for judged in stored}
    return [one for one in results if one != before.get((one.result.backtest_id, one.result.source_signs))]
