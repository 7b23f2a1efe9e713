"""Stores each backtest while the run goes on, so that a crash of anything loses at most what LEAN was computing."""

import time
from collections.abc import Callable, Sequence

from strategy_testing.database.backtests import store_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import StoredRun
from strategy_testing.errors import DatabaseError
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.verdict.criteria import Judged, Standard, judge_results

_SECONDS_BETWEEN_ATTEMPTS = 5


class LiveImporter:
    """Stores finished backtests; while the database is away it keeps them and tries again."""

    def __init__(self, database: Database, run: StoredRun, standard: Standard, say: Callable[[str], None]) -> None:
        """Stores into a run whose row exists; `say` is given what people should know."""
        self._database = database
        self._run = run
        self._standard = standard
        self._say = say
        self._waiting: list[Judged] = []
        self._next_attempt = 0.0
        self._is_away = False

    def store(self, finished: Sequence[BacktestResult]) -> None:
        """Stores what has finished, and what is still waiting."""
        self._waiting += judge_results(finished, self._standard)
        if not self._waiting or time.monotonic() < self._next_attempt:
            return
        try:
            self._database.reopen()
            with self._database.transaction():
                store_results(self._database, self._run, self._waiting)
        except DatabaseError as error:
            self._next_attempt = time.monotonic() + _SECONDS_BETWEEN_ATTEMPTS
            if not self._is_away:
                self._say(f"warning: {error}; LEAN goes on, and results are stored when the database is back")
            self._is_away = True
        else:
            if self._is_away:
                self._say(f"the database is back; {number_of(len(self._waiting), 'result')} stored")
            self._is_away = False
            self._waiting = []
