"""Imports a run: what LEAN left on disk, judged by the config's criteria, into the database, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from strategy_testing.config.model import BacktestSettings, OptimizationConfig, StrategyInfo
from strategy_testing.config.reader import read_config
from strategy_testing.database.backtests import reused_results, store_results
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import run_summary
from strategy_testing.database.runs import NewRun, RunUpdate, StoredRun, store_run, store_strategy, update_run
from strategy_testing.errors import UserError
from strategy_testing.results.contents import RunContents, last_sign_of_life, read_contents
from strategy_testing.results.diagnosis import Failure
from strategy_testing.results.folder import RunFolder
from strategy_testing.results.optimizer_config import search_type, target
from strategy_testing.runs.owner import is_gone
from strategy_testing.verdict.outcome import RunOutcome, RunStatus, distinct_combinations, judge_run
from strategy_testing.verdict.sanity import find_nonsense
from strategy_testing.verdict.summary import ImportedRun

SINGLE_BACKTEST = "Backtest"


@dataclass(frozen=True)
class RunnersView:
    """What only the run's own runner knows."""

    failure: Failure | None
    """Why LEAN did not do its work."""
    completed_at: datetime
    """When the run ended, UTC."""
    status: RunStatus | None = None
    """What the runner decides, in place of what the results say."""


def import_run(
    database: Database,
    run: RunFolder,
    *,
    config: OptimizationConfig | None = None,
    strategy_name: str | None = None,
    runner: RunnersView | None = None,
) -> ImportedRun:
    """Imports one run; doing it again, or twice at once, changes nothing.

    Args:
        database: with the current schema.
        run: the folder.
        config: whose criteria judge; else the copy in the run's folder; else nothing is judged.
        strategy_name: for a folder that does not tell; else the config, the manifest or the folder's name.
        runner: given by the run's own runner, who decides its status.

    Raises:
        UserError: the copy of the config is damaged.
        DatabaseError: nothing was stored.
    """
    criteria_config = config or _config_copy(run)
    criteria = criteria_config.criteria if criteria_config else ()
    contents = read_contents(run, criteria)
    with database.transaction():
        strategy_id = store_strategy(database, _strategy(run, criteria_config, strategy_name))
        stored = store_run(database, strategy_id, _new_run(run, criteria_config, contents))
        reused = [result.judged(criteria) for result in reused_results(database, stored.id)]
        everything = [*contents.results, *reused]
        outcome = judge_run(
            everything,
            contents.total_combinations,
            contents.unusable,
            contents.has_ended,
            runner.failure if runner else contents.failure,
            search=contents.search,
        )
        requested = criteria_config.backtest if criteria_config else BacktestSettings()
        warnings = find_nonsense(everything, contents.varied, requested)
        is_still_running = runner is None and stored.status is RunStatus.RUNNING and not is_gone(stored.runner)
        store_results(database, stored, everything)
        found = _found(run, contents, criteria_config)
        if not is_still_running:
            found = replace(
                _ended(found, stored, outcome, runner),
                import_problems=[str(skipped) for skipped in contents.skipped],
                warnings=warnings,
                completed_at=runner.completed_at if runner else stored.completed_at or last_sign_of_life(run, contents),
            )
        update_run(database, stored, found)
        summary = run_summary(database, stored)
    return ImportedRun(
        run_id=stored.id,
        folder=run.folder,
        summary=summary,
        outcome=outcome,
        skipped=contents.skipped,
        warnings=tuple(warnings),
        backtests=len(contents.results),
        combinations=distinct_combinations(contents.results, contents.search),
        reused=len(reused),
        is_still_running=is_still_running,
    )


def _config_copy(run: RunFolder) -> OptimizationConfig | None:
    if run.config_copy is None:
        return None
    try:
        return read_config(run.config_copy)
    except UserError as error:
        raise UserError(f"{error}\nthis copy of the run's config is damaged", "give the config with --config") from None


def _strategy(run: RunFolder, config: OptimizationConfig | None, name: str | None) -> StrategyInfo:
    if config is not None and name in (None, config.strategy.name):
        return config.strategy
    if name is None and run.manifest is not None:
        return StrategyInfo(run.manifest.strategy, run.manifest.lean_project_path)
    folder = run.folder.resolve()
    # Output folders are called by their time, or just `output`; the project's name stands above.
    project = name or folder.parent.name or folder.name
    return StrategyInfo(name=project, lean_project_path=project)


def _new_run(run: RunFolder, config: OptimizationConfig | None, contents: RunContents) -> NewRun:
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
        total_combinations=contents.total_combinations,
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


def _found(run: RunFolder, contents: RunContents, config: OptimizationConfig | None) -> RunUpdate:
    """What the folder tells of the run, whether or not it has ended."""
    return RunUpdate(
        status=RunStatus.RUNNING,
        error_message=None,
        import_problems=[],
        warnings=[],
        total_combinations=contents.total_combinations,
        lean_version=contents.lean_versions,
        config=config.document if config else None,
        config_file=None if run.manifest or config is None else str(config.file),
        output_folder=run.folder.resolve(),
        completed_at=None,
    )


def _ended(found: RunUpdate, stored: StoredRun, outcome: RunOutcome, runner: RunnersView | None) -> RunUpdate:
    """Status and message of a run that has ended; an import by hand undoes neither unless it finds all complete."""
    if runner is None and stored.was_ended_by_its_runner and outcome.status is not RunStatus.COMPLETED:
        return replace(found, status=stored.status, error_message=stored.error_message)
    decided = runner.status if runner and outcome.status is not RunStatus.COMPLETED else None
    return replace(found, status=decided or outcome.status, error_message=outcome.message)
