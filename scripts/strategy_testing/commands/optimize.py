"""What optimize_runner.py can be asked to do, each as one function."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from strategy_testing.commands.check import first_failure, preflight, quick_preflight
from strategy_testing.commands.cli import workspace_from
from strategy_testing.commands.estimate import check_fees
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.console import answer, tell
from strategy_testing.database.backtests import reusable_results
from strategy_testing.database.connection import Database
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.lean.concurrency import default_concurrency
from strategy_testing.lean.process import lean_command
from strategy_testing.report.run import report_runs
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.runs.execute import RunOptions, project_folder, reserve_folder, run_plan
from strategy_testing.runs.pilot import PilotOptions, needs_pilot, pilot_command
from strategy_testing.runs.plan import LeanSetup, RunPlan, plan_run, shown_script
from strategy_testing.runs.recovery import recover_orphans
from strategy_testing.runs.resume import plan_resumption
from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.strategy.template import make_strategy
from strategy_testing.strategy.workspace import lean_config_file


@dataclass(frozen=True)
class RunnerSettings:
    """What the arguments say of a run."""

    workspace: Path | None
    leaderboard: Path
    ignore_fees: bool = False
    fresh: bool = False
    """Run every combination, also those that earlier runs have computed."""
    force: bool = False
    quiet: bool = False
    retry_failed: bool = False
    pilot: bool = True
    """Try the middle combination of a larger grid first."""
    batch_id: int | None = None


def load_config(file: Path) -> OptimizationConfig:
    """Reads a config that this version can run, and tells its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    config = read_config(file)
    for warning in config.warnings:
        tell(f"warning: {warning}")
    refuse_unsupported(config)
    return config


def refuse_unsupported(config: OptimizationConfig) -> None:
    """Refuses what the format has and this version cannot run.

    Raises:
        UserError: what it is, and what to do.
    """
    if config.walk_forward is not None:
        raise UserError(
            f"{config.file}: walk_forward: this version runs single optimizations only; "
            "remove the section to optimise over the whole period"
        )


def dry_run(config: OptimizationConfig, settings: RunnerSettings) -> ExitCode:
    """Prints what would run, as a shell script, and does nothing else."""
    try:
        lean = lean_command(os.environ)
    except UserError as error:
        tell(f"warning: {error}")
        lean = ("lean",)
    setup = LeanSetup(workspace_from(settings.workspace), lean, default_concurrency())
    plan = plan_run(config, setup, datetime.now(UTC))
    first = [pilot_command(plan)] if needs_pilot(plan, PilotOptions(settings.pilot)) else []
    answer(shown_script(plan, first))
    return ExitCode.OK


def new_strategy(name: str, settings: RunnerSettings) -> ExitCode:
    """Makes a strategy from the template, and says what to do with it."""
    workspace = workspace_from(settings.workspace)
    made = make_strategy(name, workspace)
    for library in made.libraries:
        answer(f"made {library}")
    answer(f"made {made.project}")
    answer(f"made {made.config}")
    if lean_config_file(workspace) is None:
        tell(f"warning: {workspace} has no lean.json, nor has a folder above it; LEAN needs one: run `lean init`")
    tell(
        f"it runs as it stands: change {made.project / 'main.py'}, then `make check-strategies` and "
        f"`optimize_runner.py --config {made.config} --check`; docs/LEAN_DEVELOPER_GUIDE.md says how strategies are "
        "written, data/strategy_backlog.yaml is the team's list of them"
    )
    return ExitCode.OK


def check(config: OptimizationConfig, settings: RunnerSettings, database_url: str | None) -> ExitCode:
    """Looks at everything that a run needs, and says what is missing; starts no backtest."""
    checks = preflight(config, workspace_from(settings.workspace), os.environ, database_url)
    for one in checks:
        answer(str(one))
    failure = first_failure(checks)
    return failure.exit_code if failure else ExitCode.OK


def optimize(database: Database, config: OptimizationConfig, settings: RunnerSettings) -> ExitCode:
    """Runs a config's combinations, but for those that earlier runs have computed."""
    recover_orphans(database)
    if not check_fees(database, config, ignore=settings.ignore_fees):
        return ExitCode.STOP_AND_REVISE
    setup = _setup(settings)
    _look_before_running(config, setup.workspace, force=settings.force)
    reusable = [] if settings.fresh else _reusable(database, config, setup.workspace)
    plan = plan_run(config, setup, datetime.now(UTC), reusable)
    while not reserve_folder(plan):  # two runs of a project that begin in the same second
        plan = plan_run(config, setup, datetime.now(UTC), reusable)
    if plan.reused:
        tell(f"{len(plan.reused)} combinations are taken from earlier runs of the same code (--fresh runs them again)")
    return _run(database, plan, settings)


def resume(
    database: Database, run_id: int | None, config: OptimizationConfig | None, settings: RunnerSettings
) -> ExitCode:
    """Runs what is missing of an earlier run, under its own row."""
    recover_orphans(database)
    resumption = plan_resumption(
        database,
        _setup(settings),
        run_id=run_id,
        config=config,
        retry_failed=settings.retry_failed,
        force=settings.force,
    )
    if not resumption.plan.commands:
        tell(f"run {resumption.run_id} has a result for every combination; nothing is left to run")
        return report_runs(database, [resumption.imported], settings.leaderboard)
    return _run(database, resumption.plan, settings)


def _look_before_running(config: OptimizationConfig, workspace: Path, *, force: bool) -> None:
    """The part of the preflight that costs nothing.

    Raises:
        UserError: something stands in the way, and `force` is not given.
    """
    checks = quick_preflight(config, workspace)
    failure = None if force else first_failure(checks)
    for one in checks:
        if one.ok is not True and one is not failure:
            tell(str(one))
    if failure is not None:
        what = f"{failure.name}: {failure.detail}; {failure.remedy}"
        raise UserError(f"{what} (--force runs it all the same)", failure.exit_code)


def _setup(settings: RunnerSettings) -> LeanSetup:
    return LeanSetup(workspace_from(settings.workspace), lean_command(os.environ), default_concurrency())


def _run(database: Database, plan: RunPlan, settings: RunnerSettings) -> ExitCode:
    count = plan.backtests_to_run
    combinations = "an unknown number of" if count is None else str(count)
    tell(f"running {combinations} combinations of {plan.config.strategy.name} in {plan.folder}")
    imported = run_plan(database, plan, _options(settings))
    return report_runs(database, [imported], settings.leaderboard)


def _options(settings: RunnerSettings) -> RunOptions:
    pilot = PilotOptions(settings.pilot, settings.ignore_fees)
    return RunOptions(quiet=settings.quiet, pilot=pilot, batch_id=settings.batch_id)


def _reusable(database: Database, config: OptimizationConfig, workspace: Path) -> list[BacktestResult]:
    code_hash = hash_strategy(project_folder(config, workspace), workspace)
    fixed = config.backtest.fixed_parameters
    with database.transaction():
        return reusable_results(database, config.strategy.name, code_hash, config.lean.image, fixed)
