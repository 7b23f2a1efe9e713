"""The daily returns of stored backtests, and what they say of luck over all trials of a strategy."""

from sys import intern

from strategy_testing.database import waiting
from strategy_testing.database.connection import Database, Row, as_jsonb
from strategy_testing.files import Spool
from strategy_testing.luck.series import digest_of
from strategy_testing.luck.strategy import Result, luck_of
from strategy_testing.metrics.catalogue import LUCK_METRICS, MetricValues
from strategy_testing.metrics.daily_returns import DailyReturns, count_of, unpack
from strategy_testing.metrics.domains import decimal_of
from strategy_testing.metrics.packed import PackedFigures
from strategy_testing.results.json_values import as_text
from strategy_testing.results.parsing.signs import hash_of_code
from strategy_testing.verdict.summary import LuckOfBest


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


def store_luck(database: Database, strategy_id: int, run_id: int) -> LuckOfBest | None:
    """Computes how much is luck anew for all results of a strategy, where this run or another has changed any.

    Returns:
        What the run's best is worth; None where nothing was chosen among several.
    """
    wanted = {"strategy": strategy_id, "run": run_id, "code": hash_of_code("luck", "metrics")}
    if not database.value("is_luck_known", wanted):
        _compute_luck(database, strategy_id, run_id)
        database.execute("keep_luck_signs", wanted)
    rows = database.rows("luck_of_best", {"run": run_id})
    return LuckOfBest(**rows[0]) if rows else None


def luck_of_results(database: Database, run_id: int) -> dict[str, MetricValues]:
    """What all trials tell of a run's backtests, by their ids and the columns of LUCK_METRICS."""
    columns = [metric.column for metric in LUCK_METRICS]  # some of them are the run's
    return {
        row["backtest_id"]: PackedFigures({column: decimal_of(row[column]) for column in columns})
        for row in database.each("luck_of_results", {"run": run_id}, columns)
    }


def _compute_luck(database: Database, strategy_id: int, run_id: int) -> None:
    with Spool[int]() as returns:
        trials = [_result(row, returns) for row in database.each("trials", {"strategy": strategy_id}, ())]
        with waiting.uncounted():
            found = luck_of(trials, returns, run_id, returns_of_benchmark(database, run_id))
    given = [{"id": key, **figures} for key, figures in found.of_results.items()]
    database.execute("update_luck_of_results", {"rows": as_jsonb(given), "strategy": strategy_id, "run": run_id})
    database.execute("update_luck_of_runs", {**found.of_strategy, "strategy": strategy_id})
    database.execute("update_luck_of_run", {**found.of_run, "run": run_id})


def _result(row: Row, returns: Spool[int]) -> Result:
    packed = b"" if row["daily_returns"] is None else bytes(row["daily_returns"])
    if packed:
        returns.put(row["id"], packed)
    return Result(
        id=row["id"],
        run_id=row["optimization_run_id"],
        combination=row["combination"],
        days=count_of(packed) if packed else 0,
        digest=digest_of(packed),
        values={intern(name): intern(as_text(value)) for name, value in row["parameters"].items()},
        target=None if row["target_value"] is None else float(row["target_value"]),
        is_max=row["target_direction"] != "min",
    )
