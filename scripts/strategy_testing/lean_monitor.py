"""Follows a running LEAN through its log.txt and its folder: what finished, whether anything moves."""

import time
from pathlib import Path

from strategy_testing.lean_diagnosis import Failure
from strategy_testing.lean_log import OptimizerLog, read_log
from strategy_testing.lean_watch import Limits, reason_to_stop
from strategy_testing.progress import ProgressReporter


class LeanMonitor:
    """Asked several times a second by the owner of the process."""

    def __init__(
        self, folder: Path, limits: Limits, reporter: ProgressReporter, started: float, finished_before: int
    ) -> None:
        """Watches one output folder.

        Args:
            folder: where LEAN writes.
            limits: how long it may take, and how long nothing may happen.
            reporter: shows the progress.
            started: time.monotonic() when the whole run began.
            finished_before: backtests that earlier commands of the run finished.
        """
        self.failure: Failure | None = None
        self.finished = 0
        self._folder = folder
        self._limits = limits
        self._reporter = reporter
        self._started = started
        self._finished_before = finished_before
        self._log = OptimizerLog()
        self._offset = 0
        self._last_movement = time.monotonic()
        self._seen: tuple[int, int] = (0, 0)

    def should_stop(self) -> bool:
        """Looks at the run once; True when LEAN has to be ended, and `failure` says why then."""
        self._look()
        now = time.monotonic()
        elapsed = now - self._started
        self._reporter.tell(self._finished_before + self.finished, self._log, elapsed)
        self.failure = reason_to_stop(self._limits, self._log, elapsed, now - self._last_movement)
        return self.failure is not None

    def read_rest(self) -> OptimizerLog:
        """The whole log, once LEAN has ended."""
        self._look()
        self._reporter.tell(self._finished_before + self.finished, self._log, time.monotonic() - self._started)
        return self._log

    def _look(self) -> None:
        new_lines = self._new_lines()
        if new_lines:
            self._log = read_log(new_lines, self._log)
        self.finished, size = self._on_disk()
        seen = (self._offset, size)
        if seen != self._seen:
            self._seen = seen
            self._last_movement = time.monotonic()

    def _new_lines(self) -> str:
        """What was added to log.txt, whole lines only."""
        try:
            with (self._folder / "log.txt").open("rb") as log:
                log.seek(self._offset)
                added = log.read()
        except OSError:
            return ""
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode("utf-8", "replace")

    def _on_disk(self) -> tuple[int, int]:
        """Backtests that have their result file, and the bytes of all files, which tell whether anything moves."""
        finished = size = 0
        for backtest_id in self._log.launched:
            try:
                for file in (self._folder / backtest_id).iterdir():
                    size += file.stat().st_size
                    finished += file.name == f"{backtest_id}.json"
            except OSError:
                continue
        return finished, size
