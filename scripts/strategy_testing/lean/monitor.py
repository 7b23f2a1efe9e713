"""Follows a running LEAN through its log.txt and its folder: what finished, whether anything moves."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from strategy_testing.files import read_bytes
from strategy_testing.lean.limits import SECONDS_BETWEEN, Limits, reason_to_stop, seconds_in_step
from strategy_testing.results.backtest import BacktestFile, BacktestResult, SkippedFile, read_backtest
from strategy_testing.results.diagnosis import Failure
from strategy_testing.results.optimizer_log import OptimizerLog, read_log, read_table

_CLOSING_BRACE = b"}"
_LOG = "log.txt"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class LeanMonitor:
    """Asked several times a second by the owner of the process."""

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        started: float,
        on_look: Callable[[Sequence[BacktestResult], OptimizerLog], Failure | None],
    ) -> None:
        """Watches one output folder.

        Args:
            folder: where LEAN writes.
            limits: how long it may take, and how long nothing may happen.
            started: time.monotonic() when the whole run began.
            on_look: called at every look with what has finished since the last one, and the log so far; says why LEAN
                is to be stopped.
        """
        self.failure: Failure | None = None
        self._folder = folder
        self._limits = limits
        self._started = started
        self._on_look = on_look
        self._log = OptimizerLog(table=read_table(folder))
        self._offset = 0
        self._finished: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._others: dict[str, int] = {}
        self._log_offsets: dict[str, int] = {}
        self._in_step: dict[str, float] = {}
        self._main_sizes: dict[str, int] = {}
        self._last_movement = time.monotonic()

    def should_stop(self) -> bool:
        """Looks at the run once; True when LEAN has to be ended, and `failure` says why then."""
        objection = self._look()
        now = time.monotonic()
        elapsed, idle = now - self._started, now - self._last_movement
        self.failure = objection or reason_to_stop(self._limits, self._log, elapsed, idle, self._in_step)
        return self.failure is not None

    def has_ended(self) -> bool:
        """Whether the log says that the optimization has ended."""
        return self._log.has_ended

    def read_rest(self) -> OptimizerLog:
        """The whole log, once LEAN has ended."""
        self._look()
        return self._log

    def _look(self) -> Failure | None:
        lines = self._new_lines()
        if lines:
            self._log = read_log(lines, self._log)
            self._last_movement = time.monotonic()
        finished = [result for name in self._unfinished() if (result := self._look_at(name)) is not None]
        self._finished.update(result.backtest_id for result in finished)
        return self._on_look(finished, self._log)

    def _unfinished(self) -> list[str]:
        """Backtests that the log names, and those on disk, should the log have been removed or not be readable."""
        launched = [backtest_id for backtest_id in self._log.launched if backtest_id not in self._finished]
        known = self._finished.union(launched)
        try:
            names = [entry.name for entry in self._folder.iterdir() if entry.name not in known]
        except OSError:
            names = []
        return [*launched, *(name for name in names if _GUID.fullmatch(name))]

    def _new_lines(self) -> str:
        lines, self._offset = _added_lines(self._folder / _LOG, self._offset)
        return lines

    def _look_at(self, backtest_id: str) -> BacktestResult | None:
        """The backtest's result, if it is complete now; notes whether anything in its folder has grown."""
        folder = self._folder / backtest_id
        main = folder / f"{backtest_id}.json"
        try:
            sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
            size = sum(sizes.values())
            if size == self._sizes.get(backtest_id):
                return None
            self._note_movement(backtest_id, size - sizes.get(_LOG, 0) != self._others.get(backtest_id))
            self._sizes[backtest_id] = size
            self._others[backtest_id] = size - sizes.get(_LOG, 0)
            main_size = main.stat().st_size
            if main_size == self._main_sizes.get(backtest_id) or not _ends_with_brace(main, main_size):
                return None
            self._main_sizes[backtest_id] = main_size
        except OSError:  # not there yet
            return None
        read = read_backtest(BacktestFile(backtest_id, folder), self._log)
        return None if isinstance(read, SkippedFile) else read

    def _note_movement(self, backtest_id: str, has_others: bool) -> None:
        """What a backtest's folder has got; LEAN's line a minute on a backtest that sits in one step is no movement."""
        offset = self._log_offsets.get(backtest_id, 0)
        added, self._log_offsets[backtest_id] = _added_lines(self._folder / backtest_id / _LOG, offset)
        seconds = seconds_in_step(added)
        known = self._in_step.get(backtest_id)
        # An engine that serves several backtests writes a line of its own, too, with no time at all.
        is_still = seconds is not None and (seconds >= SECONDS_BETWEEN or (seconds == 0 and known is not None))
        if is_still and not has_others:
            self._in_step[backtest_id] = max(seconds or 0, known or 0)
        else:
            self._in_step.pop(backtest_id, None)
            self._last_movement = time.monotonic()


def _added_lines(file: Path, offset: int) -> tuple[str, int]:
    """The whole lines that a log has got behind so many bytes, and where the next ones will begin."""
    try:
        if file.stat().st_size < offset:  # somebody removed it
            offset = 0
        added = read_bytes(file, offset)
    except OSError:
        return "", offset
    whole = added[: added.rfind(b"\n") + 1]
    return whole.decode("utf-8", "replace"), offset + len(whole)


def _ends_with_brace(file: Path, size: int) -> bool:
    """Whether the file may be whole; spares parsing one that is still being written."""
    if size == 0:
        return False
    return read_bytes(file, max(0, size - 3)).rstrip().endswith(_CLOSING_BRACE)
