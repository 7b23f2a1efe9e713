"""Stores each backtest while the run goes on, so that a crash of anything loses at most what LEAN was computing."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Self

from strategy_testing.database import waiting
from strategy_testing.database.backtests import store_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import StoredRun
from strategy_testing.errors import DatabaseError
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.verdict.criteria import Judged, Standard, judge_results

_SECONDS_BETWEEN_ATTEMPTS = 5
_SECONDS_TO_FINISH = 2


class LiveImporter:
    """Stores finished backtests in a thread with a connection of its own: nobody who watches LEAN waits for it.

    While the database is away or busy it keeps them and tries again. What is not stored when it ends is on disk, where
    the import of the whole run finds it.
    """

    def __init__(self, database: Database, run: StoredRun, standard: Standard, say: Callable[[str], None]) -> None:
        """Stores into a run whose row exists; `say` is given what people should know, in that thread."""
        self._database = database
        self._own: Database | None = None
        self._run = run
        self._standard = standard
        self._say = say
        self._is_away = False
        self._next_attempt = 0.0
        self._queue: SimpleQueue[Sequence[BacktestResult] | None] = SimpleQueue()
        self._gives_up = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live import", daemon=True)

    def __enter__(self) -> Self:
        """Begins."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stores what it can within two seconds."""
        self._queue.put(None)
        self._thread.join(_SECONDS_TO_FINISH)
        self._gives_up.set()
        self._thread.join(_SECONDS_TO_FINISH)

    def store(self, finished: Sequence[BacktestResult]) -> None:
        """Hands over what has finished."""
        if finished:
            self._queue.put(finished)

    def _work(self) -> None:
        waits: list[Judged] = []
        is_over = False
        with waiting.patience(should_give_up=self._gives_up.is_set, say=self._say):
            while not is_over:
                taken: Sequence[BacktestResult] | None = ()
                with contextlib.suppress(Empty):
                    taken = self._queue.get(timeout=_SECONDS_BETWEEN_ATTEMPTS if waits else None)
                is_over = taken is None
                waits += judge_results(taken or (), self._standard)
                if waits and (is_over or time.monotonic() >= self._next_attempt) and self._stored(waits):
                    waits = []
        if self._own is not None:
            self._own.close()

    def _stored(self, waits: Sequence[Judged]) -> bool:
        """Whether everything that waits is stored now."""
        try:
            if self._own is None:
                self._own = self._database.another()
            self._own.reopen()
            with self._own.transaction():
                refused = store_results(self._own, self._run, waits)
        except DatabaseError as error:
            self._next_attempt = time.monotonic() + _SECONDS_BETWEEN_ATTEMPTS
            if not self._is_away and not self._gives_up.is_set():
                self._say(f"warning: {error}; LEAN goes on, and results are stored when the database is back")
            self._is_away = True
            return False
        for backtest, reason in refused.items():
            self._say(f"warning: {backtest}: PostgreSQL refuses its row: {reason}")
        if self._is_away:
            self._say(f"the database is back; {number_of(len(waits), 'result')} stored")
        self._is_away = False
        return True
