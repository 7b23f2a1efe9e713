"""Imports a run: what LEAN left on disk, judged by the config's criteria, into the database, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from strategy_testing.config import OptimizationConfig, StrategyInfo
from strategy_testing.config_reader import read_config
from strategy_testing.database import Database
from strategy_testing.errors import UserError
from strategy_testing.lean_diagnosis import Failure, diagnose
from strategy_testing.lean_output import (
    LeanOutput,
    RunFolder,
    SkippedFile,
    backtest_files,
    read_backtest,
)
from strategy_testing.lean_results import BacktestResult
from strategy_testing.optimizer_config import count_requested, search_type, target
from strategy_testing.run_manifest import LEAN_OUTPUT
from strategy_testing.run_outcome import RunOutcome, RunStatus, distinct_combinations, judge_run
from strategy_testing.runner_identity import is_gone
from strategy_testing.store import (
    NewRun,
    RunUpdate,
    StoredRun,
    run_summary,
    store_results,
    store_run,
    store_strategy,
    update_run,
)
from strategy_testing.summary import RunSummary

SINGLE_BACKTEST = "Backtest"


@dataclass(frozen=True)
class ImportedRun:
    """What an import did."""

    folder: Path
    summary: RunSummary
    outcome: RunOutcome
    skipped: tuple[SkippedFile, ...]
    backtests: int
    combinations: int
    is_still_running: bool
    """The run's own runner is at work; its status was left to it."""


@dataclass(frozen=True)
class _Contents:
    """Everything a run's folder holds."""

    results: tuple[BacktestResult, ...]
    skipped: tuple[SkippedFile, ...]

    @property
    def unusable(self) -> int:
        """Backtests without a usable result; foreign files do not count."""
        return sum(1 for skipped in self.skipped if not skipped.reason.startswith("foreign"))


def import_run(
    database: Database,
    run: RunFolder,
    *,
    config: OptimizationConfig | None = None,
    strategy_name: str | None = None,
    failure: Failure | None = None,
    is_owner: bool = False,
    status: RunStatus | None = None,
    completed_at: datetime | None = None,
) -> ImportedRun:
    """Imports one run; doing it again, or twice at once, changes nothing.

    Args:
        database: with the current schema.
        run: the folder.
        config: whose criteria judge; else the copy in the run's folder; else nothing is judged.
        strategy_name: for a folder that does not tell; else the config, the manifest or the folder's name.
        failure: what the runner knows of why LEAN did not do its work.
        is_owner: whether the caller is the run's runner, who decides its status.
        status: what the runner decides, in place of what the results say.
        completed_at: when the run ended, where the caller knows it.

    Raises:
        ConfigError: the copy of the config is damaged.
        DatabaseError: nothing was stored.
    """
    criteria_config = config or _config_copy(run)
    contents = _read_contents(run, criteria_config)
    total = _total_combinations(run, contents)
    outcome = judge_run(
        contents.results,
        total,
        contents.unusable,
        all(output.log.has_ended or output.is_single_backtest for output in run.outputs) and bool(run.outputs),
        failure or _failure_on_disk(run),
    )
    with database.transaction():
        strategy_id = store_strategy(database, _strategy(run, criteria_config, strategy_name))
        stored = store_run(database, strategy_id, _new_run(run, criteria_config, total))
        is_still_running = not is_owner and stored.status is RunStatus.RUNNING and not is_gone(stored.runner)
        store_results(database, stored, contents.results)
        found = _found(run, contents, criteria_config, total)
        if not is_still_running:
            ended_at = completed_at or stored.completed_at or _last_sign_of_life(run, contents)
            found = replace(found, import_problems=[str(skipped) for skipped in contents.skipped])
            found = replace(found, **_ending(stored, outcome, status, is_owner), completed_at=ended_at)
        update_run(database, stored, found)
        summary = run_summary(database, stored)
    return ImportedRun(
        folder=run.folder,
        summary=summary,
        outcome=outcome,
        skipped=contents.skipped,
        backtests=len(contents.results),
        combinations=distinct_combinations(contents.results),
        is_still_running=is_still_running,
    )


def _config_copy(run: RunFolder) -> OptimizationConfig | None:
    if run.config_copy is None:
        return None
    try:
        return read_config(run.config_copy)
    except UserError as error:
        raise UserError(f"{error}\n(this copy of the run's config is damaged; give the config with --config)") from None


def _read_contents(run: RunFolder, config: OptimizationConfig | None) -> _Contents:
    criteria = config.criteria if config else ()
    results: list[BacktestResult] = []
    skipped: list[SkippedFile] = []
    parts = {Path(part).parts[0] for part in run.manifest.parts if part != "."} if run.manifest else set()
    for output in run.outputs:
        files, passed_over = backtest_files(output)
        skipped += [entry for entry in passed_over if entry.path.name not in parts]
        for file in files:
            read = read_backtest(file, output.log)
            if isinstance(read, SkippedFile):
                skipped.append(read)
            else:
                results.append(read.judged(criteria))
    return _Contents(tuple(results), tuple(skipped))


def _total_combinations(run: RunFolder, contents: _Contents) -> int | None:
    """How many combinations there should be: by the manifest, else by LEAN's own config, else what it launched."""
    if run.manifest and run.manifest.total_combinations is not None:
        return run.manifest.total_combinations
    counts = [_total_of(output, contents) for output in run.outputs]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _total_of(output: LeanOutput, contents: _Contents) -> int | None:
    if output.is_single_backtest:
        return 1
    requested = count_requested(output.optimizer_config)
    if requested is None and output.log.has_ended:
        return distinct_combinations(contents.results)
    return requested


def _failure_on_disk(run: RunFolder) -> Failure | None:
    """What the log, and the output that a runner kept, say about a failure."""
    for output in run.outputs:
        transcript = run.folder / LEAN_OUTPUT
        printed = transcript.read_text(encoding="utf-8", errors="replace") if transcript.is_file() else ""
        failure = diagnose(None, printed, output.log) if not output.log.has_ended else None
        if failure:
            return failure
    return None


def _strategy(run: RunFolder, config: OptimizationConfig | None, name: str | None) -> StrategyInfo:
    if config is not None and name in (None, config.strategy.name):
        return config.strategy
    if name is None and run.manifest is not None:
        return StrategyInfo(run.manifest.strategy, run.manifest.lean_project_path)
    folder = run.folder.resolve()
    # Output folders are called by their time, or just `output`; the project's name stands above.
    project = name or folder.parent.name or folder.name
    return StrategyInfo(name=project, lean_project_path=project)


def _new_run(run: RunFolder, config: OptimizationConfig | None, total: int | None) -> NewRun:
    manifest = run.manifest
    first: Mapping[str, Any] = run.outputs[0].optimizer_config if run.outputs else {}
    is_single = bool(run.outputs) and run.outputs[0].is_single_backtest
    metric, direction = target(first)
    return NewRun(
        run_uuid=run.run_uuid,
        config_file=manifest.config_file if manifest else str(config.file) if config else None,
        optimization_type=manifest.optimization_type if manifest else _type(first, is_single),
        target_metric=manifest.target_metric if manifest else metric,
        target_direction=manifest.target_direction if manifest else direction,
        total_combinations=total,
        config=config.document if config else None,
        command="\n".join(manifest.commands) if manifest else None,
        strategy_code_hash=manifest.strategy_code_hash if manifest else None,
        engine_image=manifest.engine_image if manifest else None,
        output_folder=run.folder.resolve(),
        started_at=run.started_at,
        status=RunStatus.RUNNING,
    )


def _type(optimizer_config: Mapping[str, Any], is_single: bool) -> str | None:
    return SINGLE_BACKTEST if is_single else search_type(optimizer_config)


def _found(run: RunFolder, contents: _Contents, config: OptimizationConfig | None, total: int | None) -> RunUpdate:
    """What the folder tells of the run, whether or not it has ended."""
    versions = {result.lean_version for result in contents.results if result.lean_version}
    return RunUpdate(
        status=RunStatus.RUNNING,
        error_message=None,
        import_problems=[],
        total_combinations=total,
        lean_version=", ".join(sorted(versions)) or None,
        config=config.document if config else None,
        config_file=None if run.manifest or config is None else str(config.file),
        output_folder=run.folder.resolve(),
        completed_at=None,
    )


def _ending(stored: StoredRun, outcome: RunOutcome, status: RunStatus | None, is_owner: bool) -> dict[str, Any]:
    """Status and message of a run that has ended; an import by hand undoes neither unless it finds all complete."""
    if not is_owner and stored.was_ended_by_its_runner and outcome.status is not RunStatus.COMPLETED:
        return {"status": stored.status, "error_message": stored.error_message}
    return {"status": status or outcome.status, "error_message": outcome.message}


def _last_sign_of_life(run: RunFolder, contents: _Contents) -> datetime | None:
    ends = [result.completed_at for result in contents.results if result.completed_at]
    ends += [output.log.last_line_at for output in run.outputs if output.log.last_line_at]
    return max(ends, default=None)
