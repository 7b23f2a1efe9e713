"""What is asked for people: a run's summary, the leaderboard, what is known of a strategy's orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from strategy_testing.database.connection import Database, Row
from strategy_testing.database.runs import StoredRun
from strategy_testing.fees.estimate import OrderHistory
from strategy_testing.metrics.domains import without_impossible
from strategy_testing.verdict.summary import RunSummary


@dataclass(frozen=True)
class RunCost:
    """What an earlier run took."""

    folder: Path
    backtests: int
    """Those that it ran itself, failed ones included."""
    seconds_each: Decimal | None
    """Of the clock, several at a time, for one backtest; None where LEAN left no times."""
    engine: str
    """warm or cold."""


def run_costs(database: Database, strategy: str) -> list[RunCost]:
    """What the strategy's runs of more than one backtest took, the newest first."""
    rows = database.rows("run_costs", {"name": strategy})
    return [RunCost(Path(row["output_folder"]), row["backtests"], row["seconds_each"], row["engine"]) for row in rows]


def run_summary(database: Database, run: StoredRun) -> RunSummary:
    """What the run came to, as the database counts it."""
    (row,) = database.rows("run_summary", {"id": run.id})
    return RunSummary(**row | {"best_sharpe": without_impossible(row["best_sharpe"])})


def leaderboard(database: Database) -> list[Row]:
    """The rows of the view strategy_leaderboard, best first."""
    with database.transaction():
        return database.rows("leaderboard")


def order_history(database: Database, strategy: str) -> OrderHistory | None:
    """What earlier runs of a strategy show of its orders; None without any."""
    rows = database.rows("order_history", {"name": strategy})
    if not rows or rows[0]["orders_per_year"] is None:
        return None
    return OrderHistory(**rows[0])


def run_of_backtests(database: Database, backtest_ids: Sequence[str]) -> UUID | None:
    """The identity of the run that has one of these backtests; None where none has."""
    found = database.value("run_of_backtests", {"backtests": list(backtest_ids)})
    return None if found is None else UUID(str(found))


def strategy_names(database: Database) -> set[str]:
    """The names of all strategies that have a row."""
    return {row["name"] for row in database.rows("strategy_names")}


def mark_deployed(database: Database, names: Sequence[str]) -> None:
    """Makes strategies deployed, as people say they are."""
    database.execute("mark_deployed", {"names": list(names)})


def findings(database: Database) -> list[Row]:
    """What the database says of each strategy that was run: status, run, best result, counts, reasons."""
    return database.rows("findings")
