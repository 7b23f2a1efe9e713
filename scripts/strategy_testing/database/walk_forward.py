"""The rows of walk-forward analyses: their runs, their windows, and what these show together."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from strategy_testing.database.backtests import result_of
from strategy_testing.database.connection import Database, Row
from strategy_testing.database.rows.documents import upsert_of
from strategy_testing.verdict.criteria import Judged
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.rejection import Verdict
from strategy_testing.verdict.walk_forward import IN_SAMPLE, AnalysedBacktest, DecidedWindow
from strategy_testing.walk_forward.analysis import Analysis

_WINDOW_COLUMNS = (
    "analysis_id", "number", "in_sample_start", "in_sample_end", "out_of_sample_start", "out_of_sample_end",
    "parameters", "reason", "in_sample_result_id", "out_of_sample_result_id", "rank_correlation",
)  # fmt: skip
_FIGURES = {
    "total_return": "total_return", "annual_return": "annual_return", "sharpe_ratio": "sharpe",
    "t_statistic": "t_statistic", "max_drawdown": "max_drawdown", "total_trades": "trades",
    "efficiency": "efficiency", "profitable_windows": "profitable", "beat_benchmark": "beat_benchmark",
    "rank_correlation": "rank_correlation",
}  # fmt: skip
"""Columns, and the attributes of Analysis that they hold."""


@dataclass(frozen=True)
class NewAnalysis:
    """What is known of an analysis before its results."""

    analysis_uuid: UUID
    config_file: str | None
    choose: str
    tests_all: bool


@dataclass(frozen=True)
class StoredAnalysis:
    """An analysis' row."""

    id: int
    strategy_id: int
    status: RunStatus
    error_message: str | None


@dataclass(frozen=True)
class AnalysisRun:
    """A run of an analysis."""

    id: int
    part: str
    status: RunStatus
    error_message: str | None
    folder: Path | None


@dataclass(frozen=True)
class AnalysisUpdate:
    """What is found out about an analysis."""

    status: RunStatus
    error_message: str | None
    backtests: int
    figures: Analysis | None
    """None while nothing can be said."""
    meets_criteria: bool | None
    reasons: Sequence[str]


def open_analysis(database: Database, strategy_id: int, new: NewAnalysis) -> StoredAnalysis:
    """The analysis' row, made when it is new, locked until the transaction ends."""
    values = {
        "analysis_uuid": str(new.analysis_uuid),
        "strategy_id": strategy_id,
        "config_file": new.config_file,
        "choose": new.choose,
        "out_of_sample": "all" if new.tests_all else "chosen",
    }
    database.execute("insert_analysis", values)
    return _stored(database.rows("lock_analysis", values)[0])


def link_run(database: Database, analysis_id: int, run_id: int, part: str) -> None:
    """Notes that a run is a part of an analysis; part is in-sample or out-of-sample."""
    database.execute("link_run", {"analysis_id": analysis_id, "run_id": run_id, "part": part})


def analysis_of_run(database: Database, run_id: int) -> tuple[UUID, StoredAnalysis] | None:
    """The analysis that a run belongs to, and its identity; None where it is a run of its own."""
    rows = database.rows("analysis_of_run", {"run_id": run_id})
    return (UUID(rows[0]["analysis_uuid"]), _stored(rows[0])) if rows else None


def runs_of_analysis(database: Database, analysis_id: int) -> list[AnalysisRun]:
    """Its runs, the oldest first."""
    return [
        AnalysisRun(
            row["id"], row["part"], RunStatus(row["status"]), row["error_message"],
            Path(row["output_folder"]) if row["output_folder"] else None,
        )
        for row in database.rows("runs_of_analysis", {"id": analysis_id})
    ]  # fmt: skip


def results_of_analysis(database: Database, analysis_id: int) -> list[AnalysedBacktest]:
    """The backtests of all its runs, in the order in which they were stored."""
    return [
        AnalysedBacktest(
            id=row["id"],
            is_in_sample=row["part"] == IN_SAMPLE,
            judged=Judged(
                result_of(row, row["reused_from"]),
                Verdict(row["meets_criteria"], tuple(row["rejection_reasons"])),
                None if row["target_value"] is None else Decimal(row["target_value"]),
            ),
            made_in=Path(row["made_in"]) if row["made_in"] else None,
            made_as=row["made_as"],
        )
        for row in database.rows("results_of_analysis", {"id": analysis_id})
    ]


def restart_analysis(database: Database, analysis_id: int) -> None:
    """Makes an analysis `running` again."""
    database.execute("restart_analysis", {"id": analysis_id})


def interrupt_analysis_of(database: Database, run_id: int, message: str) -> None:
    """Marks the analysis of a run interrupted, where the run is part of one that is said to be running."""
    database.execute("interrupt_analysis_of_run", {"run_id": run_id, "message": message})


def store_windows(database: Database, analysis_id: int, windows: Sequence[DecidedWindow]) -> None:
    """The windows of an analysis; what is already stored the same stays untouched."""
    rows = [_window_row(analysis_id, each) for each in windows]
    if rows:
        database.upsert(upsert_of("walk_forward_windows", ("analysis_id", "number"), rows))
    database.execute("forget_windows", {"id": analysis_id, "last": len(windows)})


def update_analysis(
    database: Database, new: NewAnalysis, strategy_id: int, update: AnalysisUpdate, next_parameters: Any
) -> None:
    """Brings an analysis' row up to date, as a whole; nothing is written where nothing changed."""
    figures = update.figures
    values: dict[str, Any] = {
        "analysis_uuid": str(new.analysis_uuid),
        "strategy_id": strategy_id,
        "config_file": new.config_file,
        "choose": new.choose,
        "out_of_sample": "all" if new.tests_all else "chosen",
        "status": str(update.status),
        "error_message": update.error_message,
        "backtests": update.backtests,
        **{column: figures and getattr(figures, attribute) for column, attribute in _FIGURES.items()},
        "drift": _drift(figures),
        "days": [day for day, _ in figures.days] if figures else [],
        "daily_returns": [value for _, value in figures.days] if figures else [],
        "meets_criteria": update.meets_criteria,
        "rejection_reasons": list(update.reasons),
        "next_parameters": None if next_parameters is None else dict(next_parameters),
    }
    database.upsert(upsert_of("walk_forward_analyses", ("analysis_uuid",), [values]))


def _stored(row: Row) -> StoredAnalysis:
    return StoredAnalysis(row["id"], row["strategy_id"], RunStatus(row["status"]), row["error_message"])


def _window_row(analysis_id: int, each: DecidedWindow) -> dict[str, Any]:
    window = each.window
    parameters = None if each.parameters is None else dict(each.parameters)
    values = (
        analysis_id, window.number, *window.in_sample, *window.out_of_sample, parameters, each.reason,
        each.inside and each.inside.id, each.outside and each.outside.id, each.rank_correlation,
    )  # fmt: skip
    return dict(zip(_WINDOW_COLUMNS, values, strict=True))


def _drift(figures: Analysis | None) -> dict[str, Any]:
    if figures is None:
        return {}
    return {name: {"steps": drift.steps, "values": dict(drift.values)} for name, drift in figures.drift.items()}
