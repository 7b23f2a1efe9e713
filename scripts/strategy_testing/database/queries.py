"""What is asked of the rows: summaries, the leaderboard, what is known of a strategy's orders and costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.database.connection import Database, Row
from strategy_testing.database.runs import StoredRun
from strategy_testing.fees.estimate import ExpectedFees, OrderHistory
from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.domains import without_impossible

if TYPE_CHECKING:
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


def run_summary(database: Database, run: StoredRun) -> "RunSummary":
    """What the run came to, as the database counts it."""
    (row,) = database.rows("run_summary", {"id": run.id})
    from strategy_testing.verdict.summary import RunSummary  # noqa: PLC0415 - slow to import, and needed in the end

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


def tried_before(database: Database, strategy: str) -> list[Mapping[str, str]]:
    """The distinct combinations that were completed for a strategy, each without what a config may fix."""
    with database.transaction():
        rows = database.rows("tried_before", {"name": strategy, "fixed": list(FIXED_PARAMETERS)})
    return [row["parameters"] for row in rows]


def run_of_backtests(database: Database, backtest_ids: Sequence[str]) -> UUID | None:
    """The identity of the run that has one of these backtests; None where none has."""
    found = database.value("run_of_backtests", {"backtests": list(backtest_ids)})
    return None if found is None else UUID(str(found))


def expected_fees(database: Database, run_uuid: UUID) -> ExpectedFees | None:
    """The estimate that a run was stored with; None where there is none."""
    rows = database.rows("expected_fees", {"run_uuid": str(run_uuid)})
    return ExpectedFees(**rows[0]) if rows and rows[0]["fee_model"] is not None else None


def stored_benchmark(database: Database, run_uuid: UUID) -> BuyAndHold | None:
    """What a run was compared with, or the run from which it took results; None where that is not known."""
    rows = database.rows("stored_benchmark", {"run_uuid": str(run_uuid)})
    packed = rows[0]["daily_returns"] if rows else None
    return BuyAndHold(**rows[0] | {"daily_returns": packed and bytes(packed)}) if rows else None


def strategy_names(database: Database) -> set[str]:
    """The names of all strategies that have a row."""
    return {row["name"] for row in database.rows("strategy_names")}


def mark_deployed(database: Database, names: Sequence[str]) -> None:
    """Makes strategies deployed, as people say they are."""
    database.execute("mark_deployed", {"names": list(names)})


def findings(database: Database) -> list[Row]:
    """What the database says of each strategy that was run: status, run, best result, counts, reasons."""
    return database.rows("findings")
