"""Shows how far a run is, on stderr: one line that renews itself on a terminal, else a line now and then."""

import sys
import time
from dataclasses import dataclass

from strategy_testing.lean_log import OptimizerLog

_SECONDS_BETWEEN_LINES = 10
_SECONDS_BETWEEN_RENEWALS = 1


@dataclass
class ProgressReporter:
    """Tells of finished backtests; says nothing twice."""

    total: int | None
    """Combinations; None when the search does not know them beforehand."""
    _last_told: float = 0.0
    _last_text: str = ""

    def tell(self, finished: int, log: OptimizerLog, elapsed: float) -> None:
        """Shows the progress if it is time to.

        Args:
            finished: backtests with a result on disk.
            log: the optimizer's log so far.
            elapsed: seconds since the run began.
        """
        is_terminal = sys.stderr.isatty()
        wait = _SECONDS_BETWEEN_RENEWALS if is_terminal else _SECONDS_BETWEEN_LINES
        now = time.monotonic()
        text = progress_text(finished, self.total, log, elapsed)
        if now - self._last_told < wait or text == self._last_text:
            return
        self._last_told, self._last_text = now, text
        sys.stderr.write(f"\r\x1b[K{text}" if is_terminal else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leaves the terminal's line as it stands."""
        if sys.stderr.isatty() and self._last_text:
            sys.stderr.write("\n")
            sys.stderr.flush()


def progress_text(finished: int, total: int | None, log: OptimizerLog, elapsed: float) -> str:
    """`12/72 backtests finished, 00:01:30 elapsed, about 00:07:30 left, LEAN's best so far 0.0935`."""
    launched = len(log.launched)
    of = f"/{total}" if total is not None else f" ({launched} launched, total not known)"
    parts = [f"{finished}{of} backtests finished", f"{_clock(elapsed)} elapsed"]
    if total is not None and 0 < finished < total:
        parts.append(f"about {_clock(elapsed / finished * (total - finished))} left")
    if log.progress and log.progress.best_target is not None:
        parts.append(f"LEAN's best target so far {log.progress.best_target}")
    return ", ".join(parts)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
