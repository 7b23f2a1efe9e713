"""Shows how far a batch is, on stderr, by what the processes of its configs tell of themselves."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

from strategy_testing.console import can_draw, tell
from strategy_testing.report import tally as words
from strategy_testing.report.bars import Bars, bar, run_bar
from strategy_testing.report.progress import SECONDS_BETWEEN_LINES, SECONDS_BETWEEN_RENEWALS
from strategy_testing.report.tally import Tally


class BatchProgress:
    """What a person sees of a batch under way: a bar for each config that runs, and one for all of them."""

    def __init__(self, name: str, configs: int, *, quiet: bool) -> None:
        """Nothing runs yet.

        Args:
            name: of the batch.
            configs: how many are to run.
            quiet: show no progress.
        """
        self._name = name
        self._configs = configs
        self._quiet = quiet
        self._bars = Bars() if not quiet and can_draw() else None
        self._running: dict[str, tuple[str, str, Tally]] = {}
        self._ended: list[Tally] = []
        self._started = self._last_shown = time.monotonic()

    def __enter__(self) -> Self:
        """Draws the bars, where they can be."""
        if self._bars is not None:
            self._bars.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the last state as it stands."""
        if self._bars is not None:
            try:
                self._draw(self._bars)
            finally:
                self._bars.__exit__()

    def begins(self, key: str, name: str) -> None:
        """A config's process has begun."""
        self._running[key] = (name, "", Tally())

    def tells(self, key: str, told: Mapping[str, Any]) -> None:
        """A config's process has told how far it is, as its display wrote it."""
        fields = {**told["tally"], "best": None if told["tally"]["best"] is None else Decimal(told["tally"]["best"])}
        self._running[key] = (self._running[key][0], told["target"], Tally(**fields))

    def ends(self, key: str) -> None:
        """A config's process has ended."""
        self._ended.append(self._running.pop(key)[2])

    def renew(self) -> None:
        """Shows it, if it is time to."""
        between = SECONDS_BETWEEN_LINES if self._bars is None else SECONDS_BETWEEN_RENEWALS
        if self._quiet or time.monotonic() - self._last_shown < between:
            return
        self._last_shown = time.monotonic()
        if self._bars is not None:
            self._draw(self._bars)
        else:
            tell(f"batch {self._name}: {', '.join([self._of_all(), *self._counts()])}")

    def _draw(self, bars: Bars) -> None:
        pieces = [run_bar(name, tally, target) for name, target, tally in self._running.values()]
        left = "" if (left := self._seconds_left()) is None else f"{words.clock(left)} left"
        drawing = bar("all configs", self._share(), self._of_all(), left, [", ".join(self._counts())])
        bars.draw([*pieces, drawing])

    def _share(self) -> float:
        shares = [tally.finished / tally.total if tally.total else 0.0 for _, _, tally in self._running.values()]
        return (len(self._ended) + sum(shares)) / max(1, self._configs)

    def _seconds_left(self) -> float | None:
        share, elapsed = self._share(), time.monotonic() - self._started
        return elapsed / share * (1 - share) if 0 < share < 1 else None

    def _of_all(self) -> str:
        return f"{len(self._ended)}/{self._configs} configs ended"

    def _counts(self) -> list[str]:
        tallies = [*self._ended, *(tally for _, _, tally in self._running.values())]
        passing = [tally.passing for tally in tallies if tally.passing is not None]
        together = Tally(
            finished=sum(tally.finished for tally in tallies),
            known=sum(tally.known for tally in tallies),
            failed=sum(tally.failed for tally in tallies),
            passing=sum(passing) if passing else None,
            seconds=time.monotonic() - self._started,
        )
        return [f"{together.finished} backtests", *words.counts(together)]
