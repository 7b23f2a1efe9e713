"""The rows of runs and of their strategies: made, brought up to date, and who owns them while they run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from strategy_testing.config.model import StrategyInfo
from strategy_testing.database.connection import Database, Row, as_jsonb
from strategy_testing.results.manifest import RunManifest
from strategy_testing.verdict.inputs import RunInputs
from strategy_testing.verdict.outcome import RunStatus


@dataclass(frozen=True)
class RunnerIdentity:
    """The process that owns a run while it is running."""

    host: str
    pid: int
    started_at: datetime


@dataclass(frozen=True)
class NewRun:
    """What is known of a run before its results."""

    manifest: RunManifest
    config: Mapping[str, Any] | None
    """The document, as it was read."""
    output_folder: Path
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
    inputs: RunInputs
    """As the database tells them."""


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
    inputs: RunInputs
    """What is not known of them leaves what is stored."""


def store_strategy(database: Database, strategy: StrategyInfo) -> int:
    """The id of a strategy, whose row is made or completed."""
    database.execute("insert_strategy", vars(strategy))
    return int(database.value("strategy_id", {"name": strategy.name}))


def store_run(database: Database, strategy_id: int, run: NewRun) -> StoredRun:
    """The run's row, made when it is new, locked against other importers until the transaction ends."""
    run_uuid = str(run.manifest.run_uuid)
    values = {
        **vars(run.manifest),
        "run_uuid": run_uuid,
        "strategy_id": strategy_id,
        "batch_id": run.batch_id,
        "status": str(RunStatus.RUNNING),
        "config": _jsonb(run.config),
        "command": "\n".join(run.manifest.commands) or None,
        "output_folder": str(run.output_folder),
    }
    database.execute("insert_run", values | _runner_columns(run.runner))
    row = database.rows("lock_run", {"run_uuid": run_uuid})[0]
    status, runner = RunStatus(row["status"]), _runner(row)
    return StoredRun(row["id"], row["strategy_id"], status, row["error_message"], row["completed_at"], runner)


def update_run(database: Database, run: StoredRun, update: RunUpdate) -> None:
    """Brings the run's row up to date."""
    values = {
        **vars(update),
        "id": run.id,
        "status": str(update.status),
        "import_problems": list(update.import_problems),
        "warnings": list(update.warnings),
        "config": _jsonb(update.config),
        "output_folder": str(update.output_folder),
        "data_fingerprint": _jsonb(update.inputs.data),
        "engine_digest": update.inputs.engine,
    }
    database.execute("update_run", values)


def restart_run(database: Database, run_id: int, command: str, runner: RunnerIdentity) -> None:
    """Makes a run `running` again, under a new owner."""
    database.execute("restart_run", {"id": run_id, "command": command, **_runner_columns(runner)})


def runs_of_host(database: Database, host: str) -> list[UnfinishedRun]:
    """The runs that are said to be running on a machine."""
    return [_unfinished(row) for row in database.rows("runs_of_host", {"host": host}) if row["output_folder"]]


def claim_run(database: Database, run: UnfinishedRun, new_owner: RunnerIdentity) -> bool:
    """Takes a run over from an owner that is gone; False when somebody else was faster."""
    if run.runner is None:
        return True
    old = {"old_pid": run.runner.pid, "old_started_at": run.runner.started_at}
    new = {"new_pid": new_owner.pid, "new_started_at": new_owner.started_at}
    return database.value("claim_run", {"id": run.id, **old, **new}) is not None


def abandon_run(database: Database, run_id: int, message: str) -> None:
    """Marks a run interrupted of which nothing is left on disk."""
    database.execute("abandon_run", {"id": run_id, "message": message})


def resumable_runs(database: Database, run_id: int | None, strategy: str | None) -> list[UnfinishedRun]:
    """Runs to resume, the newest first: a given one, or those of a strategy, or any."""
    rows = database.rows("resumable_runs", {"id": run_id, "strategy": strategy})
    return [_unfinished(row) for row in rows if row["output_folder"]]


def _unfinished(row: Row) -> UnfinishedRun:
    folder, code_hash = Path(row["output_folder"]), row.get("strategy_code_hash")
    return UnfinishedRun(row["id"], RunStatus(row["status"]), folder, code_hash, _runner(row), inputs_of(row))


def inputs_of(row: Row) -> RunInputs:
    """The data and the engine of a run, as far as the row of it tells."""
    return RunInputs(row.get("data_fingerprint"), row.get("engine_digest"))


def _jsonb(value: Mapping[str, Any] | None) -> Any:
    return None if value is None else as_jsonb(value)


def _runner_columns(runner: RunnerIdentity | None) -> dict[str, Any]:
    return {f"runner_{name}": getattr(runner, name, None) for name in ("host", "pid", "started_at")}


def _runner(row: Row) -> RunnerIdentity | None:
    if row["runner_pid"] is None:
        return None
    return RunnerIdentity(row["runner_host"], row["runner_pid"], row["runner_started_at"])
