"""The daily returns of stored backtests, and what they say of luck over all trials of a strategy."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from sys import intern
from typing import Any

from strategy_testing.database import waiting
from strategy_testing.database.connection import Database, Row, as_jsonb
from strategy_testing.files import Spool
from strategy_testing.luck.series import Key, digest_of
from strategy_testing.luck.strategy import Luck, Result, luck_of
from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.daily_returns import DailyReturns, count_of, unpack
from strategy_testing.processes import give_back_memory
from strategy_testing.results.backtest import BacktestStatus
from strategy_testing.results.json_values import as_text
from strategy_testing.results.parsing.signs import hash_of_code
from strategy_testing.verdict.criteria import Judged
from strategy_testing.verdict.summary import LuckOfBest

_DATES = ("start_date", "end_date")
_TRIALS_AT_ONCE = 500
_Order = tuple[int, float, str]
"""Run, moment and backtest."""


def returns_of_backtest(database: Database, result_id: int) -> DailyReturns | None:
    """Dates and returns of one stored backtest by its row's number; None where they are not known."""
    packed = database.value("returns_of_backtest", {"id": result_id})
    return None if packed is None else unpack(packed)


def returns_of_run(database: Database, run_id: int) -> dict[int, DailyReturns]:
    """Dates and returns of a run's backtests by their rows' numbers, in their order; without those not known."""
    rows = database.rows("returns_of_run", {"run": run_id})
    return {row["id"]: unpack(row["daily_returns"]) for row in rows}


def returns_of_benchmark(database: Database, run_id: int) -> DailyReturns | None:
    """Dates and returns of what a run is compared with; a missing day has 0; None where they are not known."""
    packed = database.value("returns_of_benchmark", {"run": run_id})
    return None if packed is None else unpack(packed)


def lock_strategy(database: Database, strategy_id: int) -> None:
    """Makes other imports of the strategy wait until the transaction ends; it comes before the lock of any run."""
    database.execute("lock_strategy", {"strategy": strategy_id})


def keep_standing(database: Database, strategy_id: int) -> None:
    """Keeps what the leaderboard says of a strategy until its results change; the last act of a transaction."""
    database.execute("keep_standing", {"strategy": strategy_id})


def note_what_luck_needs(
    database: Database, run_id: int, target_direction: str | None, benchmark: BuyAndHold | None
) -> None:
    """Stores what of a run's row luck is computed of: which targets are better, and what it is compared with."""
    returns = benchmark and benchmark.daily_returns
    values = {"run": run_id, "target_direction": target_direction, "benchmark_returns": returns}
    database.execute("note_what_luck_needs", values)


def is_luck_known(database: Database, strategy_id: int, run_id: int, as_read: str | None = None) -> bool:
    """Whether it was computed of exactly what is stored, for this run and for all results of its strategy.

    Args:
        database: in a transaction that has locked the strategy.
        strategy_id: the strategy.
        run_id: the run.
        as_read: the signs of luck when the run's results were read, if that was before: another import may have told
            it anew meanwhile.
    """
    return bool(database.value("is_luck_known", {**_wanted(strategy_id, run_id), "as_read": as_read}))


def luck_over_all_trials(
    database: Database, strategy_id: int, run_id: int, own: Sequence[Judged], returns: Mapping[Key, bytes]
) -> Luck:
    """How much is luck, computed anew for all results of a strategy.

    Args:
        database: in a transaction that has locked the strategy.
        strategy_id: the strategy.
        run_id: the run, of which some figures are asked alone.
        own: its results as they will be stored, with their target values, in place of what is stored of them. In the
            answer they have their backtests' ids for keys, and all others their rows' numbers.
        returns: packed daily returns by the same ids, of those that were read from files; what is only stored is
            put beside them for as long as this takes.
    """
    known_now = {one.result.backtest_id for one in own}  # stored as completed, one may have failed by what is known now
    completed = [one for one in own if one.result.status is BacktestStatus.COMPLETED]
    trials: list[tuple[_Order, Result]] = []
    with Spool(returns) as all_returns:
        for row in database.each("trials", {"strategy": strategy_id}, ()):
            of_run, backtest_id = row["optimization_run_id"], row["backtest_id"]
            is_own = of_run == run_id and backtest_id in known_now
            if row["daily_returns"] is not None:
                all_returns.put(backtest_id if is_own else row["id"], bytes(row["daily_returns"]))
            if not is_own:
                values = {intern(name): intern(as_text(value)) for name, value in row["parameters"].items()}
                known = _result(row | {"parameters": values}, all_returns)
                trials.append((_order(of_run, row["started_at"], backtest_id), known))
        trials += _own_trials(database, run_id, completed, all_returns)
        trials.sort(key=itemgetter(0))
        benchmark = returns_of_benchmark(database, run_id)
        give_back_memory()  # that reading took
        with waiting.uncounted():
            found = luck_of([trial for _, trial in trials], all_returns, run_id, benchmark)
    del trials
    give_back_memory()
    return found


def store_luck(
    database: Database, strategy_id: int, run_id: int, luck: Luck, *, is_stored_of: int | None = None
) -> None:
    """Stores what was computed, once all results are stored.

    Args:
        database: in the same transaction.
        strategy_id: the strategy.
        run_id: the run.
        luck: as luck_over_all_trials found it.
        is_stored_of: the run whose results were stored with theirs.
    """
    rows = [{"id": key, **figures._asdict()} for key, figures in luck.of_results.items() if isinstance(key, int)]
    given = {"rows": as_jsonb(rows), "strategy": strategy_id, "run": run_id, "but_run": is_stored_of}
    database.execute("update_luck_of_results", given)
    database.execute("update_luck_of_runs", {**luck.of_strategy, "strategy": strategy_id})
    database.execute("update_luck_of_run", {**luck.of_run, "run": run_id})
    database.execute("keep_luck_signs", _wanted(strategy_id, run_id))


def luck_of_best(database: Database, run_id: int) -> LuckOfBest | None:
    """What a run's best is worth; None where nothing was chosen among several."""
    rows = database.rows("luck_of_best", {"run": run_id})
    return LuckOfBest(**rows[0]) if rows else None


def _wanted(strategy_id: int, run_id: int) -> dict[str, Any]:
    return {"strategy": strategy_id, "run": run_id, "code": hash_of_code("luck", "metrics")}


def _order(run_id: int, started_at: datetime | None, backtest_id: str) -> _Order:
    """In which they were tried, whichever was stored first."""
    return run_id, 0.0 if started_at is None else started_at.timestamp(), backtest_id


def _own_trials(
    database: Database, run_id: int, own: Sequence[Judged], returns: Mapping[Key, bytes]
) -> Iterator[tuple[_Order, Result]]:
    """Those of the run, which may have no rows yet."""
    direction = database.value("direction_of_run", {"run": run_id})
    for at in range(0, len(own), _TRIALS_AT_ONCE):
        some = [one.result for one in own[at : at + _TRIALS_AT_ONCE]]
        given = [{"backtest": result.backtest_id, "parameters": result.parameters} for result in some]
        rows = database.rows("combinations_of_trials", {"rows": as_jsonb(given)})
        for judged, row in zip(own[at : at + _TRIALS_AT_ONCE], rows, strict=True):
            result = judged.result
            row |= {
                "id": result.backtest_id,
                "optimization_run_id": run_id,
                "parameters": _without_dates(result.parameters),
                "target_value": judged.target_value,
                "target_direction": direction,
            }
            yield _order(run_id, result.started_at, result.backtest_id), _result(row, returns)


def _without_dates(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """The same ones where they have none, in no more memory."""
    has_dates = any(name in parameters for name in _DATES)
    return {name: value for name, value in parameters.items() if name not in _DATES} if has_dates else parameters


def _result(row: Row, returns: Mapping[Key, bytes]) -> Result:
    packed = returns.get(row["id"], b"")
    return Result(
        id=row["id"],
        run_id=row["optimization_run_id"],
        combination=row["combination"],
        days=count_of(packed) if packed else 0,
        digest=digest_of(packed),
        values={intern(as_text(name)): intern(as_text(value)) for name, value in row["parameters"].items()},
        target=None if row["target_value"] is None else float(row["target_value"]),
        is_max=row["target_direction"] != "min",
    )
