"""Follows a running LEAN through its log.txt and its folder: what finished, whether anything moves."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
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
        self._is_log_read = False
        self._listed_at = 0
        """When the folder last changed of those changes that were looked at."""
        self._known: set[str] = set()
        """Backtests that have begun, and those of them that have not finished, in the order in which they began."""
        self._unfinished: dict[str, _Backtest] = {}
        self._in_step: dict[str, float] = {}
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
        new: Iterable[str] = ()
        if lines:
            launched = len(self._log.launched)
            self._log = read_log(lines, self._log)
            self._last_movement = time.monotonic()
            new = reversed(list(islice(reversed(self._log.launched), len(self._log.launched) - launched)))
        for name in (*new, *self._named_by_folders()):
            if name not in self._known:
                self._known.add(name)
                self._unfinished[name] = _Backtest()
        looks = [(name, self._look_at(name, seen)) for name, seen in self._unfinished.items()]
        finished = [result for _, result in looks if result is not None]
        for result in finished:
            del self._unfinished[result.backtest_id]
        return self._on_look(finished, self._log)

    def _named_by_folders(self) -> Iterator[str]:
        """Backtests on disk, where there is no log that could name them; listed again when the folder has changed."""
        if self._is_log_read:
            return
        with contextlib.suppress(OSError):
            changed_at = self._folder.stat().st_mtime_ns
            if changed_at != self._listed_at:
                names = [entry.name for entry in os.scandir(self._folder)]
                self._listed_at = changed_at
                yield from filter(_GUID.fullmatch, names)

    def _new_lines(self) -> str:
        added = _added_lines(self._folder / _LOG, self._offset)
        self._is_log_read = added is not None
        lines, self._offset = added or ("", self._offset)
        return lines

    def _look_at(self, backtest_id: str, seen: "_Backtest") -> BacktestResult | None:
        """The backtest's result, if it is complete now; notes whether anything in its folder has grown."""
        folder = self._folder / backtest_id
        main = folder / f"{backtest_id}.json"
        try:
            sizes = {file.name: file.stat().st_size for file in os.scandir(folder)}
            size = sum(sizes.values())
            if size == seen.size:
                return None
            self._note_movement(backtest_id, seen, has_others=size - sizes.get(_LOG, 0) != seen.others)
            seen.size, seen.others = size, size - sizes.get(_LOG, 0)
            main_size = main.stat().st_size
            if main_size == seen.main or not _ends_with_brace(main, main_size):
                return None
            seen.main = main_size
        except OSError:  # not there yet
            return None
        read = read_backtest(BacktestFile(backtest_id, folder), self._log)
        return None if isinstance(read, SkippedFile) else read

    def _note_movement(self, backtest_id: str, seen: "_Backtest", *, has_others: bool) -> None:
        """What a backtest's folder has got; LEAN's line a minute on a backtest that sits in one step is no movement."""
        added, seen.offset = _added_lines(self._folder / backtest_id / _LOG, seen.offset) or ("", seen.offset)
        seconds = seconds_in_step(added)
        known = self._in_step.get(backtest_id)
        # An engine that serves several backtests writes a line of its own, too, with no time at all.
        is_still = seconds is not None and (seconds >= SECONDS_BETWEEN or (seconds == 0 and known is not None))
        if is_still and not has_others:
            self._in_step[backtest_id] = max(seconds or 0, known or 0)
        else:
            self._in_step.pop(backtest_id, None)
            self._last_movement = time.monotonic()


@dataclass
class _Backtest:
    """What was last seen of one that has not finished: bytes."""

    size: int | None = None
    others: int | None = None
    """Of all files but its log."""
    main: int | None = None
    offset: int = 0
    """In its log."""


def _added_lines(file: Path, offset: int) -> tuple[str, int] | None:
    """The whole lines that a log has got behind so many bytes, and where the next ones will begin; None without it."""
    try:
        if file.stat().st_size < offset:  # somebody removed it
            offset = 0
        added = read_bytes(file, offset)
    except OSError:
        return None
    whole = added[: added.rfind(b"\n") + 1]
    return whole.decode("utf-8", "replace"), offset + len(whole)


def _ends_with_brace(file: Path, size: int) -> bool:
    """Whether the file may be whole; spares parsing one that is still being written."""
    if size == 0:
        return False
    return read_bytes(file, max(0, size - 3)).rstrip().endswith(_CLOSING_BRACE)
