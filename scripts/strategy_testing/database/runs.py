"""What the framework stores and asks, in its own terms. SQL is in queries/, the driver in database.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from strategy_testing.config.model import StrategyInfo
from strategy_testing.database.connection import Database, Row, as_jsonb
from strategy_testing.fees.estimate import OrderHistory
from strategy_testing.metrics.catalogue import METRICS
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import RunSummary

_IDENTITY_COLUMNS = ("optimization_run_id", "backtest_id")
_RESULT_COLUMNS = (
    *_IDENTITY_COLUMNS,
    "strategy_id",
    "parameters",
    "status",
    "error_message",
    "stack_trace",
    *(metric.column for metric in METRICS),
    "backtest_start",
    "backtest_end",
    "account_currency",
    "lean_version",
    "meets_criteria",
    "rejection_reasons",
    "reused_from",
    "started_at",
    "completed_at",
)


@dataclass(frozen=True)
class RunnerIdentity:
    """The process that owns a run while it is running."""

    host: str
    pid: int
    started_at: datetime


@dataclass(frozen=True)
class NewRun:
    """What is known of a run before its results."""

    run_uuid: UUID
    config_file: str | None
    optimization_type: str | None
    target_metric: str | None
    target_direction: str | None
    total_combinations: int | None
    config: Mapping[str, Any] | None
    command: str | None
    strategy_code_hash: str | None
    engine_image: str | None
    output_folder: Path
    started_at: datetime
    status: RunStatus
    runner: RunnerIdentity | None = None
    batch_id: int | None = None


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that has not got all its combinations, or that is said to be running."""

    id: int
    status: RunStatus
    output_folder: Path
    strategy_code_hash: str | None
    runner: RunnerIdentity | None


@dataclass(frozen=True)
class StoredRun:
    """A run's row, locked until the transaction ends."""

    id: int
    strategy_id: int
    status: RunStatus
    error_message: str | None
    completed_at: datetime | None
    runner: RunnerIdentity | None

    @property
    def was_ended_by_its_runner(self) -> bool:
        """Whether a runner has said how it ended, which the files alone may not tell."""
        return self.runner is not None and self.status is not RunStatus.RUNNING


@dataclass(frozen=True)
class RunUpdate:
    """What an import finds out about a run."""

    status: RunStatus
    error_message: str | None
    import_problems: Sequence[str]
    warnings: Sequence[str]
    total_combinations: int | None
    lean_version: str | None
    config: Mapping[str, Any] | None
    config_file: str | None
    output_folder: Path
    completed_at: datetime | None


def store_strategy(database: Database, strategy: StrategyInfo) -> int:
    """The id of a strategy, whose row is made or completed."""
    database.rows("insert_strategy", vars(strategy))
    return int(database.value("strategy_id", {"name": strategy.name}))


def store_run(database: Database, strategy_id: int, run: NewRun) -> StoredRun:
    """The run's row, made when it is new, locked against other importers until the transaction ends."""
    runner = run.runner
    database.rows(
        "insert_run",
        {
            **vars(run),
            "run_uuid": str(run.run_uuid),
            "strategy_id": strategy_id,
            "config": _jsonb(run.config),
            "output_folder": str(run.output_folder),
            "status": str(run.status),
            "runner_host": runner.host if runner else None,
            "runner_pid": runner.pid if runner else None,
            "runner_started_at": runner.started_at if runner else None,
        },
    )
    row = database.rows("lock_run", {"run_uuid": str(run.run_uuid)})[0]
    return StoredRun(
        id=row["id"],
        strategy_id=row["strategy_id"],
        status=RunStatus(row["status"]),
        error_message=row["error_message"],
        completed_at=row["completed_at"],
        runner=_runner(row),
    )


def store_results(database: Database, run: StoredRun, results: Sequence[BacktestResult]) -> None:
    """A run's backtests as one batch; what is already stored the same stays untouched."""
    rows = [_result_row(run, result) for result in results]
    database.upsert_many("backtest_results", _RESULT_COLUMNS, _IDENTITY_COLUMNS, rows)


def update_run(database: Database, run: StoredRun, update: RunUpdate) -> None:
    """Brings the run's row up to date."""
    database.rows(
        "update_run",
        {
            **vars(update),
            "id": run.id,
            "status": str(update.status),
            "import_problems": list(update.import_problems),
            "warnings": list(update.warnings),
            "config": _jsonb(update.config),
            "output_folder": str(update.output_folder),
        },
    )


def restart_run(database: Database, run_id: int, command: str, runner: RunnerIdentity) -> None:
    """Makes a run `running` again, under a new owner."""
    identity = {"runner_host": runner.host, "runner_pid": runner.pid, "runner_started_at": runner.started_at}
    database.rows("restart_run", {"id": run_id, "command": command, **identity})


def runs_of_host(database: Database, host: str) -> list[UnfinishedRun]:
    """The runs that are said to be running on a machine."""
    return [_unfinished(row) for row in database.rows("runs_of_host", {"host": host}) if row["output_folder"]]


def claim_run(database: Database, run: UnfinishedRun, new_owner: RunnerIdentity) -> bool:
    """Takes a run over from an owner that is gone; False when somebody else was faster."""
    if run.runner is None:
        return True
    claimed = database.value(
        "claim_run",
        {
            "id": run.id,
            "old_pid": run.runner.pid,
            "old_started_at": run.runner.started_at,
            "new_pid": new_owner.pid,
            "new_started_at": new_owner.started_at,
        },
    )
    return claimed is not None


def abandon_run(database: Database, run_id: int, message: str) -> None:
    """Marks a run interrupted of which nothing is left on disk."""
    database.rows("abandon_run", {"id": run_id, "message": message})


def resumable_runs(database: Database, run_id: int | None, strategy: str | None) -> list[UnfinishedRun]:
    """Runs to resume, the newest first: a given one, or those of a strategy, or any."""
    rows = database.rows("resumable_runs", {"id": run_id, "strategy": strategy})
    return [_unfinished(row) for row in rows if row["output_folder"]]


def reusable_results(
    database: Database, strategy: str, code_hash: str, engine_image: str | None, fixed_parameters: Mapping[str, str]
) -> list[BacktestResult]:
    """Finished backtests of earlier runs that a run of exactly the same would only repeat."""
    rows = database.rows(
        "reusable_results",
        {
            "strategy": strategy,
            "strategy_code_hash": code_hash,
            "engine_image": engine_image,
            "fixed_parameters": as_jsonb(dict(fixed_parameters)),
        },
    )
    return [_result(row, reused_from=row["id"]) for row in rows]


def reused_results(database: Database, run_id: int) -> list[BacktestResult]:
    """The results that a run took from earlier ones."""
    return [_result(row, row["reused_from"]) for row in database.rows("reused_results", {"id": run_id})]


def run_summary(database: Database, run: StoredRun) -> RunSummary:
    """What the run came to, as the database counts it."""
    return RunSummary(**database.rows("run_summary", {"id": run.id})[0])


def leaderboard(database: Database) -> list[Row]:
    """The rows of the view strategy_leaderboard, best first."""
    return database.rows("leaderboard")


def order_history(database: Database, strategy: str) -> OrderHistory | None:
    """What earlier runs of a strategy tell about its orders; None without any."""
    rows = database.rows("order_history", {"name": strategy})
    if not rows or rows[0]["orders_per_year"] is None:
        return None
    return OrderHistory(**rows[0])


def _result_row(run: StoredRun, result: BacktestResult) -> tuple[Any, ...]:
    values = {
        "optimization_run_id": run.id,
        "strategy_id": run.strategy_id,
        "backtest_id": result.backtest_id,
        "parameters": as_jsonb(dict(result.parameters)),
        "status": str(result.status),
        "error_message": result.error_message,
        "stack_trace": result.stack_trace,
        **result.metrics,
        "backtest_start": result.backtest_start,
        "backtest_end": result.backtest_end,
        "account_currency": result.account_currency,
        "lean_version": result.lean_version,
        "meets_criteria": result.verdict.meets_criteria,
        "rejection_reasons": list(result.verdict.reasons),
        "reused_from": result.reused_from,
        "started_at": result.started_at,
        "completed_at": result.completed_at,
    }
    return tuple(values[column] for column in _RESULT_COLUMNS)


def _result(row: Row, reused_from: int) -> BacktestResult:
    """A stored backtest, not judged: the criteria of another run may differ."""
    return BacktestResult(
        backtest_id=row["backtest_id"],
        parameters=row["parameters"],
        status=BacktestStatus(row["status"]),
        error_message=row["error_message"],
        stack_trace=row["stack_trace"],
        metrics={metric.column: _decimal(row[metric.column]) for metric in METRICS},
        backtest_start=row["backtest_start"],
        backtest_end=row["backtest_end"],
        account_currency=row["account_currency"],
        lean_version=row["lean_version"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        reused_from=reused_from,
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _unfinished(row: Row) -> UnfinishedRun:
    return UnfinishedRun(
        id=row["id"],
        status=RunStatus(row["status"]),
        output_folder=Path(row["output_folder"]),
        strategy_code_hash=row.get("strategy_code_hash"),
        runner=_runner(row),
    )


def _jsonb(value: Mapping[str, Any] | None) -> Any:
    return None if value is None else as_jsonb(value)


def _runner(row: Row) -> RunnerIdentity | None:
    if row["runner_pid"] is None:
        return None
    return RunnerIdentity(row["runner_host"], row["runner_pid"], row["runner_started_at"])
