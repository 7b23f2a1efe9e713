"""Finds the run to go on with, imports what it has, and plans what it lacks."""

from dataclasses import dataclass, replace
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.database.backtests import stored_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import UnfinishedRun, resumable_runs
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import Spool
from strategy_testing.importing.one_run import import_run
from strategy_testing.importing.owner import is_gone
from strategy_testing.importing.reading_files.reader import Reader
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.contents import read_contents
from strategy_testing.results.folder import RunFolder, read_run
from strategy_testing.runs.plan import LeanSetup, RunPlan, plan_rest
from strategy_testing.runs.reuse import read_inputs
from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import ImportedRun


@dataclass(frozen=True)
class Resumption:
    """What is left of a run."""

    run_id: int
    plan: RunPlan
    imported: ImportedRun
    """What it had already."""


def plan_resumption(
    database: Database,
    setup: LeanSetup,
    *,
    run_id: int | None,
    config: OptimizationConfig | None,
    retry_failed: bool,
    force: bool,
    asks_for: OptimizationConfig | None = None,
) -> Resumption:
    """Plans the rest of a run, under its own row and in its own folder.

    Args:
        database: with the current schema.
        setup: where and how LEAN is run.
        run_id: the run; None for the newest unfinished one.
        config: narrows the choice to its strategy, where no run is given.
        retry_failed: whether failed combinations are run again.
        force: go on although the strategy's code, the prices or the engine have changed since.
        asks_for: what the run is to have, where the copy of its config does not say that alone.

    Raises:
        UserError: there is no such run, it is still running, its folder, code, prices or engine are not what they were.
    """
    run = find_resumable(database, run_id, config)
    folder = run.output_folder
    own_config, found = config_in(folder, run.id), read_run(folder)
    assert found is not None  # or it would have no config  # noqa: S101
    if not folder.is_relative_to(setup.workspace):
        raise UserError(
            f"run {run.id}: its folder {folder} is not in the workspace {setup.workspace}", "name the right one"
        )
    if not force:
        _refuse_changed_code(run, own_config.strategy.lean_project_path, setup.workspace)
        _refuse_changed_inputs(run, own_config.lean.image, setup.workspace)
    imported = import_run(database, found)
    have = results_so_far(database, found)
    done = [result for result in have if result.status is BacktestStatus.COMPLETED or not retry_failed]
    plan = replace(plan_rest(asks_for or own_config, setup, folder, found.manifest, done), inputs_before=run.inputs)
    return Resumption(run.id, plan, imported)


def config_in(folder: Path, run_id: int) -> OptimizationConfig:
    """The copy of its config in the folder of a run.

    Raises:
        UserError: the folder is gone, or was not made by the runner, or the config is damaged.
    """
    found = read_run(folder) if folder.is_dir() else None
    if found is None or found.manifest.is_derived or found.config_copy is None:
        raise UserError(
            f"run {run_id}: its folder {folder} is gone or was not made by the runner",
            "start a new run",
            ExitCode.NOTHING_TO_IMPORT,
        )
    return read_config(found.config_copy)


def results_so_far(database: Database, run: RunFolder) -> list[BacktestResult]:
    """What a run has: results on disk, as they are stored where they are, and those that it took from earlier runs."""
    with database.transaction():
        stored = {each.result.backtest_id: each.result for each in stored_results(database, run.manifest.run_uuid)}
    with Spool[str]() as returns:
        found = read_contents(run, Reader(stored, returns, lambda result: result)).results
    on_disk = [stored.get(result.backtest_id, result) for result in found]
    return [*on_disk, *(result for result in stored.values() if result.reused_from)]


def find_resumable(database: Database, run_id: int | None, config: OptimizationConfig | None) -> UnfinishedRun:
    """The run of a number, else the newest unfinished one, of the config's strategy where there is a config.

    Raises:
        UserError: there is none, or it is still running.
    """
    strategy = config.strategy.name if config and run_id is None else None
    with database.transaction():
        runs = resumable_runs(database, run_id, strategy)
        free = [run for run in runs if run.status is not RunStatus.RUNNING or is_gone(database, run.id, run.runner)]
    if run_id is not None and not runs:
        remedy = "the table optimization_runs lists them; a refused run never began, start it anew with --config"
        raise UserError(f"--resume {run_id}: no such run", remedy)
    if runs and not free:
        raise UserError(f"run {runs[0].id} is still running", "wait for it, or stop its runner first")
    if not free:
        of = f" of {strategy}" if strategy else ""
        raise UserError(f"--resume: no unfinished run{of}", "start a new one with --config")
    return free[0]


def _refuse_changed_code(run: UnfinishedRun, project_path: str, workspace: Path) -> None:
    project = workspace / project_path
    if run.strategy_code_hash is None or not project.is_dir():
        return
    if hash_strategy(project, workspace) != run.strategy_code_hash:
        raise _changed(run, f"the code in {project} has changed since it began")


def _refuse_changed_inputs(run: UnfinishedRun, image: str | None, workspace: Path) -> None:
    change = run.inputs.change(read_inputs(run.inputs.data or (), workspace, image))
    if change is not None:
        raise _changed(run, f"{change} since it stopped")


def _changed(run: UnfinishedRun, what: str) -> UserError:
    return UserError(
        f"run {run.id}: {what}, so its results would not belong together", "start a new run, or go on with --force"
    )
