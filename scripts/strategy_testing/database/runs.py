"""The rows of runs and of their strategies: made, brought up to date, and who owns them while they run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from strategy_testing.config.model import StrategyInfo
from strategy_testing.database.connection import Database, Row, as_jsonb
from strategy_testing.fees.estimate import ExpectedFees
from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.results.manifest import RunManifest
from strategy_testing.verdict.inputs import RunInputs
from strategy_testing.verdict.outcome import RunStatus

_LOCK_CLASS = 0x5E57  # of the advisory locks of runs; the other number is the run's
_ESTIMATE_COLUMNS = tuple(one.name for one in fields(ExpectedFees))


@dataclass(frozen=True)
class RunnerIdentity:
    """The process that owns a run while it is running."""

    host: str
    pid: int
    started_at: datetime
    token: str | None = None
    """Its identity, as processes.Token writes it; None where the machine cannot tell."""


@dataclass(frozen=True)
class NewRun:
    """What is known of a run before its results."""

    manifest: RunManifest
    config: Mapping[str, Any] | None
    """The document, as it was read."""
    output_folder: Path | None
    """None for a run that never began."""
    runner: RunnerIdentity | None = None
    batch_id: int | None = None
    expected_fees: ExpectedFees | None = None
    refusal: str | None = None
    """Why it never began; None for a run that does."""


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
    target_metric: str | None
    target_direction: str | None
    lean_best_backtest_id: str | None
    best_backtest_id: str | None
    completed_at: datetime | None
    inputs: RunInputs
    """What is not known of them leaves what is stored."""
    benchmark: BuyAndHold | None = None
    """What the run is compared with."""
    engine: str | None = None
    """`warm` or `cold`; None leaves what is stored."""
    engine_checked: int = 0
    engine_note: str | None = None


@dataclass(frozen=True)
class KnownRun:
    """What the database tells of a run before it is imported or judged again."""

    id: int
    run_uuid: UUID
    strategy_id: int
    strategy: str
    status: RunStatus
    config: Mapping[str, Any] | None
    """The document of the config that judged it last; its numbers are int or Decimal."""
    config_file: str | None
    warnings: Sequence[str]
    lean_best_backtest_id: str | None
    output_folder: Path | None
    runner: RunnerIdentity | None
    luck_signs: str | None
    """Of all results of its strategy, when luck was told of them last."""


def store_strategy(database: Database, strategy: StrategyInfo, *, is_only_named: bool = False) -> int:
    """The id of a strategy, whose row is made or completed; one that is only named is left as it is stored."""
    if is_only_named and (known := database.value("strategy_id", {"name": strategy.name})) is not None:
        return int(known)
    database.execute("insert_strategy", vars(strategy))
    return int(database.value("strategy_id", {"name": strategy.name}))


def store_run(database: Database, strategy_id: int, run: NewRun) -> StoredRun:
    """The run's row, made when it is new, locked against other importers until the transaction ends."""
    values = {
        **vars(run.manifest),
        "run_uuid": str(run.manifest.run_uuid),
        "strategy_id": strategy_id,
        "batch_id": run.batch_id,
        "status": str(RunStatus.RUNNING if run.refusal is None else RunStatus.REFUSED),
        "error_message": run.refusal,
        "completed_at": None if run.refusal is None else run.manifest.started_at,
        "config": _jsonb(run.config),
        "command": "\n".join(run.manifest.commands) or None,
        "output_folder": None if run.output_folder is None else str(run.output_folder),
        **(vars(run.expected_fees) if run.expected_fees else dict.fromkeys(_ESTIMATE_COLUMNS)),
    }
    database.execute("insert_run", values | _runner_columns(run.runner))
    return lock_run(database, run.manifest.run_uuid)


def lock_run(database: Database, run_uuid: UUID) -> StoredRun:
    """The row of a stored run, locked against other importers until the transaction ends."""
    row = database.rows("lock_run", {"run_uuid": str(run_uuid)})[0]
    status, runner = RunStatus(row["status"]), _runner(row)
    return StoredRun(row["id"], row["strategy_id"], status, row["error_message"], row["completed_at"], runner)


def known_run(database: Database, run_uuid: UUID) -> KnownRun | None:
    """A run as it is stored; None where it is not."""
    return next(iter(_known_runs(database, run_uuid=str(run_uuid))), None)


def known_runs(database: Database) -> list[KnownRun]:
    """Every run with a result, the oldest first."""
    return _known_runs(database)


def runs_judged_by(database: Database, strategy_id: int, criteria: Sequence[str]) -> list[KnownRun]:
    """The runs of a strategy, none that is running, whose config has one of these criteria."""
    return _known_runs(database, strategy=strategy_id, criteria=list(criteria))


def _known_runs(database: Database, **wanted: Any) -> list[KnownRun]:
    return [
        KnownRun(
            id=row["id"],
            run_uuid=UUID(row["run_uuid"]),
            strategy_id=row["strategy_id"],
            strategy=row["strategy"],
            status=RunStatus(row["status"]),
            config=None if row["config"] is None else json.loads(row["config"], parse_float=Decimal),
            config_file=row["config_file"],
            warnings=row["warnings"],
            lean_best_backtest_id=row["lean_best_backtest_id"],
            output_folder=Path(row["output_folder"]) if row["output_folder"] else None,
            runner=_runner(row),
            luck_signs=row["luck_signs"],
        )
        for row in database.rows("known_runs", {"run_uuid": None, "strategy": None, "criteria": None, **wanted})
    ]


def move_run(database: Database, run: StoredRun, strategy_id: int) -> StoredRun:
    """Gives a run and its results to another strategy."""
    database.execute("move_run", {"id": run.id, "strategy_id": strategy_id})
    return replace(run, strategy_id=strategy_id)


def update_optima(database: Database, run_id: int, best_backtest_id: str | None, warnings: Sequence[str]) -> None:
    """Stores which backtest is the best that passes, and the warnings with what that changed."""
    values = {"id": run_id, "best_backtest_id": best_backtest_id, "warnings": list(warnings)}
    database.execute("update_optima", values)


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
        **_benchmark_columns(update.benchmark),
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
    old = {"old_pid": run.runner.pid, "old_started_at": run.runner.started_at, "old_token": run.runner.token}
    new = {"new_pid": new_owner.pid, "new_started_at": new_owner.started_at, "new_token": new_owner.token}
    return database.value("claim_run", {"id": run.id, **old, **new}) is not None


def hold_run(database: Database, run_id: int) -> bool:
    """Takes a run's lock for as long as the connection lives; False where another connection holds it."""
    return bool(database.value("hold_run", {"class": _LOCK_CLASS, "id": run_id}))


def is_held(database: Database, run_id: int) -> bool:
    """Whether any connection holds a run's lock."""
    return bool(database.value("is_run_held", {"class": _LOCK_CLASS, "id": run_id}))


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


def _benchmark_columns(held: BuyAndHold | None) -> dict[str, Any]:
    return {
        "benchmark": held and held.name,
        "benchmark_return": held and held.total_return,
        "benchmark_annual_return": held and held.annual_return,
        "benchmark_sharpe": held and held.sharpe,
        "benchmark_max_drawdown": held and held.max_drawdown,
        "benchmark_returns": held and held.daily_returns,
    }


def _runner_columns(runner: RunnerIdentity | None) -> dict[str, Any]:
    return {f"runner_{name}": getattr(runner, name, None) for name in ("host", "pid", "started_at", "token")}


def _runner(row: Row) -> RunnerIdentity | None:
    if row["runner_pid"] is None:
        return None
    return RunnerIdentity(row["runner_host"], row["runner_pid"], row["runner_started_at"], row["runner_token"])
