"""Shows how far a run is, on stderr: a bar that renews itself on a terminal, else a line now and then."""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from strategy_testing.console import is_terminal, show, tell
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.optimizer_log import OptimizerLog

_SECONDS_BETWEEN_LINES = 10
_SECONDS_BETWEEN_RENEWALS = 0.5
_BAR_WIDTH = 24


class ProgressDisplay:
    """What a person sees of a run under way: messages, and between enter and exit how far it is."""

    def __init__(self, total: int | None, *, quiet: bool) -> None:
        """Counts nothing yet.

        Args:
            total: backtests to run; None when the search does not know them beforehand.
            quiet: show no progress, messages only.
        """
        self._quiet = quiet
        self._started = 0.0
        self._last_told = 0.0
        self._last_text = ""
        self.start_again(total)

    def expect(self, total: int | None, later: int | None) -> None:
        """Counts on: so many more backtests are to run now, and so many after them; None where nobody knows."""
        self._total = None if total is None or later is None else self.finished + total + later

    def start_again(self, total: int | None) -> None:
        """Forgets what was counted; `total` as at the beginning."""
        self.finished = 0
        self._failed = 0
        self._best: Decimal | None = None
        self._total = total
        self._launched = 0

    def __enter__(self) -> Self:
        """The clock starts, once."""
        self._started = self._started or time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the terminal's line as it stands."""
        if is_terminal() and self._last_text:
            show("\n")

    def say(self, message: str) -> None:
        """A line of the story, above the progress."""
        tell(message)

    def update(self, finished: Sequence[BacktestResult], log: OptimizerLog) -> None:
        """Counts what has finished since the last call, and shows the progress if it is time to."""
        for result in finished:
            self.finished += 1
            self._failed += result.status is BacktestStatus.FAILED
            sharpe = result.sharpe_ratio
            if result.status is BacktestStatus.COMPLETED and result.made_a_trade and sharpe is not None:
                self._best = sharpe if self._best is None else max(self._best, sharpe)
        self._launched = max(self._launched, len(log.launched))
        if self._quiet:
            return
        on_terminal = is_terminal()
        now = time.monotonic()
        if now - self._last_told >= (_SECONDS_BETWEEN_RENEWALS if on_terminal else _SECONDS_BETWEEN_LINES):
            self._show(now - self._started, is_terminal=on_terminal)
            self._last_told = now

    def _show(self, elapsed: float, *, is_terminal: bool) -> None:
        text = progress_text(
            self.finished, self._total, failed=self._failed, best=self._best, elapsed=elapsed, launched=self._launched
        )
        if text == self._last_text:
            return
        self._last_text = text
        bar = f"{_bar(self.finished, self._total)} " if is_terminal and self._total else ""
        show(f"\r\x1b[K{bar}{text}" if is_terminal else f"{text}\n")


def progress_text(
    finished: int, total: int | None, *, failed: int, best: Decimal | None, elapsed: float, launched: int
) -> str:
    """`12/72 backtests finished, 1 failed, best Sharpe 0.41, 00:01:30 elapsed, about 00:07:30 left`.

    Args:
        finished: backtests with a result, failed ones included.
        total: backtests to run; None when nobody knows.
        failed: how many of the finished failed.
        best: the best Sharpe ratio so far of those that did not fail and made a trade.
        elapsed: seconds.
        launched: backtests that LEAN has begun.
    """
    of = f"/{total}" if total is not None else f" of {launched} launched (total not known)"
    parts = [f"{finished}{of} backtests finished"]
    if failed:
        parts.append(f"{failed} failed")
    if best is not None:
        parts.append(f"best Sharpe {format_value(best, Unit.RATIO)}")
    parts.append(f"{_clock(elapsed)} elapsed")
    if total is not None and 0 < finished < total:
        parts.append(f"about {_clock(elapsed / finished * (total - finished))} left")
    return ", ".join(parts)


def _bar(finished: int, total: int | None) -> str:
    filled = round(_BAR_WIDTH * min(1, finished / total)) if total else 0
    return f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}]"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
