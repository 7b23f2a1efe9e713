"""Reads many backtests in several processes, each of which costs only itself whatever becomes of it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from strategy_testing.results.backtest import BacktestResult, SkippedFile, read_backtest
from strategy_testing.results.contents import ToRead, read_each

FEWEST = 150
"""Fewer are read sooner than processes are started: about a second's work."""
_AT_ONCE = 16
_MOST_PROCESSES = 8
_AHEAD = 3
"""Chunks of a process that are read and not asked for yet; this bounds the memory."""
_OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1)
"""What a terminal or an operator sends to all processes of a group, and the first of them acts on."""

Answer = BacktestResult | SkippedFile


@contextlib.contextmanager
def read_together(files: Sequence[ToRead]) -> Iterator[Iterator[Answer]]:
    """The results in the order of the files, read by as many processes as there are cores where that is worth it."""
    cores = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    if len(files) < FEWEST or cores == 1:
        yield read_each(files)
        return
    readers = _Readers(cores)
    try:
        yield readers.read(files)
    finally:
        readers.end()


class _Readers:
    """The processes; where one dies, they are started anew."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool = self._started(count)

    def read(self, files: Sequence[ToRead]) -> Iterator[Answer]:
        chunks = deque(
            [ToRead(file, log.of(file.backtest_id)) for file, log in files[at : at + _AT_ONCE]]
            for at in range(0, len(files), _AT_ONCE)
        )
        under_way: deque[tuple[list[ToRead], Future[list[Answer]] | None]] = deque()
        while chunks or under_way:
            while chunks and len(under_way) < self._count * _AHEAD:
                chunk = chunks.popleft()
                under_way.append((chunk, self._submitted(chunk)))
            chunk, future = under_way.popleft()
            try:
                if future is None:
                    raise BrokenProcessPool
                answers = future.result()
            except BrokenProcessPool:
                answers = self._read_apart(chunk)
            yield from answers

    def _submitted(self, chunk: list[ToRead]) -> "Future[list[Answer]] | None":
        """None where the processes have ended, which are started anew for the next chunk."""
        # They begin with these signals held back, and are not ended by them, not even in the moment before _begin.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINAL)
        try:
            return self._pool.submit(_read_some, chunk)
        except BrokenProcessPool:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = self._started(self._count)
            return None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _read_apart(self, chunk: list[ToRead]) -> list[Answer]:
        """In a process of its own; where that dies too, each half in one, until the file is known on which it does."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINAL)
        try:
            with self._started(1) as pool:
                return pool.submit(_read_some, chunk).result()
        except BrokenProcessPool:
            if len(chunk) > 1:
                middle = len(chunk) // 2
                return [*self._read_apart(chunk[:middle]), *self._read_apart(chunk[middle:])]
            file = chunk[0].file
            name = Path(file.backtest_id) / file.path.name
            return [SkippedFile(name, "cannot be read: the process that read it was ended")]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @staticmethod
    def _started(count: int) -> ProcessPoolExecutor:
        # A copy of this process would have its threads' locks and its connections.
        return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """In a new process: it ends with the one that started it."""
    for number in _OF_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)


def _read_some(files: Sequence[ToRead]) -> list[Answer]:
    return [read_backtest(file, log) for file, log in files]
