"""Which results of earlier runs a new one takes: those of the same code, parameters, prices and engine."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database.backtests import EarlierRun, earlier_runs
from strategy_testing.database.connection import Database
from strategy_testing.lean.prerequisites import image_digest
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.runs.plan import RunPlan
from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.strategy.data_hashes import hash_data
from strategy_testing.strategy.workspace import (
    LeanConfigError,
    data_folder,
    default_parameters,
    lean_config_file,
    project_folder,
)
from strategy_testing.verdict.inputs import RunInputs

_Key = frozenset[tuple[str, str]]


def read_inputs(files: Collection[str], workspace: Path, image: str | None) -> RunInputs:
    """The data and the engine as they are now.

    Args:
        files: paths below the data folder that the workspace's lean.json names.
        workspace: the lean workspace.
        image: the engine's; None for the CLI's default.
    """
    digest = image_digest(image, os.environ)
    config = lean_config_file(workspace)
    try:
        return RunInputs(None if config is None else hash_data(data_folder(config), files), digest)
    except LeanConfigError:  # the check of prices says so
        return RunInputs(None, digest)


def inputs_at_end(plan: RunPlan) -> RunInputs:
    """What a run's results were made of, as it is at the run's end."""
    from strategy_testing.results.data_requests import requested_files  # noqa: PLC0415 - LEAN was at work meanwhile

    now = read_inputs(requested_files(plan.folder), plan.workspace, plan.config.lean.image)
    return now if plan.inputs_before is None else plan.inputs_before.still_true(now)


def find_reusable(
    database: Database, config: OptimizationConfig, workspace: Path
) -> tuple[list[BacktestResult], list[str]]:
    """The results to take, each combination once, and for people why others are not taken.

    Raises:
        UserError: there is no such project.
    """
    project = project_folder(workspace, config.strategy.lean_project_path)
    code_hash = hash_strategy(project, workspace)
    image, fixed = config.lean.image, config.backtest.fixed_parameters
    with database.transaction():
        runs = earlier_runs(database, config.strategy.name, code_hash, image, fixed)
    if not any(run.results for run in runs):
        return [], []
    files = {path for run in runs if run.results for path in run.inputs.data or ()}
    return choose_results(config, runs, read_inputs(files, workspace, image), default_parameters(project))


def choose_results(
    config: OptimizationConfig, runs: Sequence[EarlierRun], now: RunInputs, defaults: Mapping[str, str]
) -> tuple[list[BacktestResult], list[str]]:
    """As find_reusable, of runs, the newest first, of what there is now, and of the project's default parameters."""
    taken: dict[_Key, BacktestResult] = {}
    refused: list[tuple[str, dict[_Key, BacktestResult]]] = []
    for run in runs:
        wanted, reason = _wanted(config, run.results, defaults), _reason_against(run, now)
        if reason is None:
            taken = {**wanted, **taken}
        else:
            refused.append((reason, wanted))
    remarks, told = [], set(taken)
    for reason, wanted in refused:
        if lost := wanted.keys() - told:
            told |= lost
            its = "its result is" if len(lost) == 1 else f"its {len(lost)} results are"
            remarks.append(f"{reason}: {its} not taken again")
    return list(taken.values()), remarks


def _reason_against(run: EarlierRun, now: RunInputs) -> str | None:
    if not run.inputs.data or now.data is None:
        return f"run {run.id} does not say which prices it read"
    change = run.inputs.change(now)
    return None if change is None else f"{change} since run {run.id}"


def _wanted(
    config: OptimizationConfig, results: Sequence[BacktestResult], defaults: Mapping[str, str]
) -> dict[_Key, BacktestResult]:
    """Those that the config asks for: each combination once, the last, with nothing in it that is not asked."""
    search, fixed = config.search.method, config.backtest.fixed_parameters
    own = {parameter.name for parameter in search.parameters}
    wanted: dict[_Key, BacktestResult] = {}
    for result in results:
        varied = {name: value for name, value in result.parameters.items() if name in own}
        others = {name: value for name, value in result.parameters.items() if name not in own}
        # LEAN names the project's defaults, too, where nothing is given in their place.
        asked = {name: value for name, value in defaults.items() if name in others} | fixed
        if search.includes(varied) and search.key(others) == search.key(asked):
            wanted[search.key(varied)] = result
    return wanted
