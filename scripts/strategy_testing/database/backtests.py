"""The rows of backtests: stored, and taken again where a run would only repeat them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from strategy_testing.database.connection import Database, Row, as_jsonb
from strategy_testing.database.runs import StoredRun
from strategy_testing.metrics.catalogue import METRICS
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict.criteria import Judged

_IDENTITY_COLUMNS = ("optimization_run_id", "backtest_id")
_AS_IT_IS = (
    "backtest_id", "error_message", "stack_trace", "backtest_start", "backtest_end", "account_currency", "lean_version",
    "started_at", "completed_at",
)  # fmt: skip
"""Columns that hold a field of BacktestResult as it is, under its name."""
_METRIC_COLUMNS = tuple(metric.column for metric in METRICS)
_DECIDED_COLUMNS = ("strategy_id", "parameters", "status", "meets_criteria", "rejection_reasons", "reused_from")
_RESULT_COLUMNS = ("optimization_run_id", *_AS_IT_IS, *_DECIDED_COLUMNS, *_METRIC_COLUMNS)


def store_results(database: Database, run: StoredRun, results: Sequence[Judged]) -> None:
    """A run's backtests as one batch; what is already stored the same stays untouched."""
    rows = [_result_row(run, result) for result in results]
    database.upsert_many("backtest_results", _RESULT_COLUMNS, _IDENTITY_COLUMNS, rows)


def reusable_results(
    database: Database, strategy: str, code_hash: str, engine_image: str | None, fixed_parameters: Mapping[str, str]
) -> list[BacktestResult]:
    """Finished backtests of earlier runs that a run of exactly the same would only repeat."""
    wanted = {"strategy": strategy, "strategy_code_hash": code_hash, "engine_image": engine_image}
    rows = database.rows("reusable_results", {**wanted, "fixed_parameters": as_jsonb(dict(fixed_parameters))})
    return [_result(row, reused_from=row["id"]) for row in rows]


def reused_results(database: Database, run_uuid: UUID) -> list[BacktestResult]:
    """The results that a run took from earlier ones; none where the run is not stored yet."""
    rows = database.rows("reused_results", {"run_uuid": str(run_uuid)})
    return [_result(row, row["reused_from"]) for row in rows]


def stored_results(database: Database, run_uuid: UUID) -> dict[str, BacktestResult]:
    """What earlier imports stored of a run's own backtests, by their ids; nothing where the run is not stored yet."""
    rows = database.rows("stored_results", {"run_uuid": str(run_uuid)})
    return {row["backtest_id"]: _result(row) for row in rows}


def _result_row(run: StoredRun, judged: Judged) -> tuple[Any, ...]:
    result, verdict = judged.result, judged.verdict
    values = {
        **vars(result),
        **result.metrics,
        "optimization_run_id": run.id,
        "strategy_id": run.strategy_id,
        "parameters": as_jsonb(dict(result.parameters)),
        "status": str(result.status),
        "meets_criteria": verdict.meets_criteria,
        "rejection_reasons": list(verdict.reasons),
    }
    return tuple(values[column] for column in _RESULT_COLUMNS)


def _result(row: Row, reused_from: int | None = None) -> BacktestResult:
    """A stored backtest, not judged: the criteria of another run may differ."""
    return BacktestResult(
        **{column: row[column] for column in _AS_IT_IS},
        parameters=row["parameters"],
        status=BacktestStatus(row["status"]),
        metrics={column: _decimal(row[column]) for column in _METRIC_COLUMNS},
        reused_from=reused_from,
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
