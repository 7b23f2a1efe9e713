"""The rows of batches, and the runs that belong to one."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strategy_testing.database.connection import Database
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import RunSummary

if TYPE_CHECKING:
    from strategy_testing.config.batch import BatchConfig


class NeverRan(StrEnum):
    """The statuses of batch_configs."""

    BROKEN = "broken"
    REFUSED = "refused"
    NOT_STARTED = "not started"


class BatchStatus(StrEnum):
    """The statuses of optimization_batches."""

    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class BatchRun:
    """A config's run within a batch, as it is stored."""

    id: int
    config_file: Path
    strategy: str
    status: RunStatus
    summary: RunSummary
    seconds: float | None
    """From its start to its end; None while it has not ended."""


def start_batch(database: Database, batch: "BatchConfig") -> int:
    """The id of the new row, which is `running`."""
    return int(database.value("insert_batch", {"batch_file": str(batch.file.resolve()), **_columns(batch)}))


def unfinished_batch(database: Database, file: Path) -> int | None:
    """The id of the newest batch of a file that is not completed."""
    found = database.value("unfinished_batch", {"batch_file": str(file.resolve())})
    return None if found is None else int(found)


def restart_batch(database: Database, batch_id: int, batch: "BatchConfig") -> None:
    """Makes a batch `running` again; its file may have changed since, and what never ran has a new chance."""
    database.execute("restart_batch", {"id": batch_id, **_columns(batch)})
    database.execute("forget_never_ran", {"batch_id": batch_id})


def store_never_ran(database: Database, batch_id: int, config: Path, status: NeverRan, reason: str) -> None:
    """Stores why a config of a batch never ran; nothing where it did, or where a reason is stored already."""
    values = {"batch_id": batch_id, "config_file": str(config), "status": str(status), "reason": reason}
    database.execute("store_never_ran", values)


def never_ran(database: Database, batch_id: int) -> dict[Path, str]:
    """The reasons of a batch's configs that never ran."""
    return {Path(row["config_file"]): row["reason"] for row in database.rows("never_ran", {"batch_id": batch_id})}


def _columns(batch: "BatchConfig") -> dict[str, Any]:
    return {"name": batch.name, "description": batch.description, "total_configs": len(batch.configs)}


def finish_batch(database: Database, batch_id: int, status: BatchStatus) -> None:
    """Stores how a batch ended."""
    database.execute("finish_batch", {"id": batch_id, "status": str(status)})


def lock_batch(database: Database, batch_id: int) -> bool:
    """Takes a batch for as long as this connection lives; False when another process has it."""
    return bool(database.value("lock_batch", {"id": batch_id}))


def batch_runs(database: Database, batch_id: int) -> dict[Path, BatchRun]:
    """The newest run of each config that has one in the batch."""
    return {
        Path(row["config_file"]): BatchRun(
            id=row["id"],
            config_file=Path(row["config_file"]),
            strategy=row["strategy"],
            status=RunStatus(row["status"]),
            summary=RunSummary(
                completed=row["completed"],
                failed=row["failed"],
                passed=row["passed"],
                best_sharpe=None if row["best_sharpe"] is None else Decimal(row["best_sharpe"]),
                best_has_few_trades=row["best_has_few_trades"],
            ),
            seconds=None if row["seconds"] is None else float(row["seconds"]),
        )
        for row in database.rows("batch_runs", {"id": batch_id})
    }
