"""Shows how far a run is, on stderr: a bar that renews itself on a terminal, else a line now and then."""

import contextlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from strategy_testing.console import can_draw, tell
from strategy_testing.report import tally as words
from strategy_testing.report.bars import Bars, run_bar
from strategy_testing.report.tally import Tally
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.verdict.criteria import Standard, judge_results

SECONDS_BETWEEN_LINES = 10
SECONDS_BETWEEN_RENEWALS = 0.5


class ProgressDisplay:
    """What a person sees of a run under way: messages, and between enter and exit how far it is."""

    def __init__(self, name: str, standard: Standard, *, quiet: bool, to: int | None = None) -> None:
        """Counts nothing yet.

        Args:
            name: of the strategy.
            standard: by which backtests pass, as far as that is known before the end; which target is the best of.
            quiet: show no progress, messages only.
            to: a pipe to which it is told in place of people, for the display of a batch.
        """
        self._standard = standard.but_for_luck
        self._shows = _way_to_show(name, standard.target_metric or "", quiet=quiet, to=to)
        self._tally = self._before = Tally(passing=0 if self._standard.judges else None)
        self._later: int | None = 0
        self._started: float | None = None
        self._last_shown = 0.0

    @property
    def tally(self) -> Tally:
        """What was counted so far."""
        return self._tally

    def expect_later(self, backtests: int | None) -> None:
        """Counts on more backtests behind those of the next run; None where nobody knows."""
        self._later = backtests

    def expect(self, backtests: int | None, known: Sequence[BacktestResult] = ()) -> None:
        """Counts on the backtests of a run that begins.

        Args:
            backtests: that are to run; None where nobody knows.
            known: results that it has already, each combination once.
        """
        self._before = self._tally
        self._count_on(backtests, known)

    def start_again(self, backtests: int | None, known: Sequence[BacktestResult] = ()) -> None:
        """Forgets what the run has counted so far, and counts on these."""
        self._tally = self._before
        self._count_on(backtests, known)

    def _count_on(self, backtests: int | None, known: Sequence[BacktestResult]) -> None:
        self._add(known)
        is_known = backtests is not None and self._later is not None
        total = self._tally.finished + (backtests or 0) + (self._later or 0) if is_known else None
        self._tally = replace(self._tally, total=total, known=self._tally.known + len(known))

    def __enter__(self) -> Self:
        """The clock starts, once."""
        self._started = time.monotonic() if self._started is None else self._started
        with contextlib.ExitStack() as interrupted:
            interrupted.callback(self._shows.end)
            self._shows.begin()
            self._show()
            interrupted.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the last state as it stands."""
        try:
            self._show(is_last=True)
        finally:
            self._shows.end()

    def say(self, message: str) -> None:
        """A line of the story, above the progress."""
        tell(message)

    def update(self, finished: Sequence[BacktestResult], log: OptimizerLog) -> None:
        """Counts what has finished since the last call, and shows the progress if it is time to."""
        self._add(finished)
        self._tally = replace(self._tally, launched=max(self._tally.launched, len(log.launched)))
        if time.monotonic() - self._last_shown >= self._shows.seconds_between:
            self._show()

    def lean_is_done(self) -> None:
        """LEAN is needed no more: a batch may start the next config's."""
        self._shows.lean_is_done(self._tally)

    def _add(self, results: Sequence[BacktestResult]) -> None:
        is_min = self._standard.target_direction == "min"
        self._tally = self._tally.with_results(judge_results(results, self._standard), is_min=is_min)

    def _show(self, *, is_last: bool = False) -> None:
        self._last_shown = time.monotonic()
        if self._started is not None:
            self._tally = replace(self._tally, seconds=self._last_shown - self._started)
        self._shows.show(self._tally, is_last=is_last)


def _way_to_show(name: str, target: str, *, quiet: bool, to: int | None) -> "_Quiet":
    if to is not None:
        return _Pipe(to, target)
    if quiet:
        return _Quiet()
    return _Bar(name, target) if can_draw() else _TextLines(target)


class _Quiet:
    """One way to show how far something is: not at all."""

    seconds_between: float = float("inf")

    def begin(self) -> None:
        """What is shown follows."""

    def show(self, tally: Tally, *, is_last: bool) -> None:
        """Shows it; the last one stays."""

    def end(self) -> None:
        """Nothing more is shown."""

    def lean_is_done(self, tally: Tally) -> None:
        """People see it by what follows."""


class _TextLines(_Quiet):
    """A line now and then."""

    seconds_between = SECONDS_BETWEEN_LINES

    def __init__(self, target: str) -> None:
        self._target = target
        self._last: Tally | None = None

    def show(self, tally: Tally, *, is_last: bool) -> None:
        news = replace(tally, seconds=0.0)
        if news != self._last or not is_last:
            tell(words.line(tally, self._target))
        self._last = news


class _Pipe(_Quiet):
    """A line of JSON whenever something has changed; one that nobody takes is lost."""

    seconds_between = 0.0

    def __init__(self, pipe: int, target: str) -> None:
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self._target = target
        self._last: Tally | None = None
        self._lean_is_done = False

    def show(self, tally: Tally, *, is_last: bool) -> None:
        news = replace(tally, seconds=float(int(tally.seconds)))
        if news == self._last and not is_last:
            return
        self._last = news
        told = {"target": self._target, "tally": vars(tally), "lean_is_done": self._lean_is_done}
        with contextlib.suppress(OSError):
            os.write(self._pipe, f"{json.dumps(told, default=str)}\n".encode())

    def lean_is_done(self, tally: Tally) -> None:
        self._lean_is_done = True
        self.show(tally, is_last=True)


class _Bar(_Quiet):
    """A bar that renews itself."""

    seconds_between = SECONDS_BETWEEN_RENEWALS

    def __init__(self, name: str, target: str) -> None:
        self._name, self._target, self._bars = name, target, Bars()

    def begin(self) -> None:
        self._bars.__enter__()

    def show(self, tally: Tally, *, is_last: bool) -> None:
        self._bars.draw([run_bar(self._name, tally, self._target)])

    def end(self) -> None:
        self._bars.__exit__()
