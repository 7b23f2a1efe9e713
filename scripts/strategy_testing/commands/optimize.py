"""Runs a config's combinations, or what an earlier run lacks of them. The order of events is a tuple of steps."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from strategy_testing.commands.check import quick_preflight
from strategy_testing.commands.cli import miss_packages_early
from strategy_testing.commands.estimate import estimate_for, store_refusal, verdict, years_needed
from strategy_testing.commands.preview import outlook_of
from strategy_testing.commands.settings import Settings, workspace_of
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.console import tell
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import tried_before
from strategy_testing.database.runs import store_strategy
from strategy_testing.errors import DatabaseError, ExitCode, UserError
from strategy_testing.fees.estimate import ExpectedFees, MissingAssumptions
from strategy_testing.files import access_needed
from strategy_testing.lean.concurrency import default_concurrency
from strategy_testing.lean.prerequisites import first_failure
from strategy_testing.lean.process import lean_command
from strategy_testing.metrics.figures import number_of
from strategy_testing.report.outlook import refuse_without_yes
from strategy_testing.report.progress import ProgressDisplay
from strategy_testing.runs.engine import WARM
from strategy_testing.runs.execute import RunOptions, reserve_folder, run_plan
from strategy_testing.runs.plan import LeanSetup, RunPlan, plan_run
from strategy_testing.runs.recovery import recover_orphans
from strategy_testing.runs.reuse import find_reusable
from strategy_testing.verdict.criteria import Standard


@dataclass
class Job:
    """What the steps hand on."""

    database: Database
    settings: Settings
    config: OptimizationConfig | None
    resumed_run: int | None = None
    """optimization_runs.id; None for the newest unfinished run, or where a new one is started."""
    expected_fees: ExpectedFees | None = None
    plan: RunPlan | None = None


Step = Callable[[Job], ExitCode | None]
"""Does one thing; an exit code ends the job, a UserError too."""


def optimize(database: Database, config: OptimizationConfig, settings: Settings) -> ExitCode:
    """Runs a config's combinations, but for those that earlier runs have computed.

    Raises:
        UserError: what keeps it from running; its batch, if it has one, then knows it too.
    """
    miss_packages_early()
    try:
        with access_needed():
            steps = OPTIMIZE if config.walk_forward is None else WALK_FORWARD
            return _do(steps, Job(database, settings, config))
    except UserError as error:
        if settings.batch_id is not None:
            from strategy_testing.database.batches import NeverRan, store_never_ran  # noqa: PLC0415 - seldom needed

            with contextlib.suppress(DatabaseError), database.transaction():
                store_never_ran(database, settings.batch_id, config.file, NeverRan.REFUSED, str(error))
        raise


def resume(database: Database, run_id: int | None, config: OptimizationConfig | None, settings: Settings) -> ExitCode:
    """Runs what is missing of an earlier run, under its own row."""
    miss_packages_early()
    return _do(RESUME, Job(database, settings, config, run_id))


def _do(steps: Sequence[Step], job: Job) -> ExitCode:
    return next((code for step in steps if (code := step(job)) is not None), ExitCode.OK)


def _recover(job: Job) -> None:
    for line in recover_orphans(job.database):
        tell(line)


def _estimate_fees(job: Job) -> ExitCode | None:
    estimate = estimate_for(job.database, _config(job))
    job.expected_fees = estimate.expected
    if (years := years_needed(_config(job), tried_before(job.database, _config(job).strategy.name))) is not None:
        tell(years)
    if isinstance(estimate, MissingAssumptions):
        tell(f"warning: {estimate}; the run goes on without")
        return None
    tell(verdict(estimate))
    if not estimate.exceeds_limit or job.settings.ignore_fees:
        return None
    tell("nothing was run; trade less often, start with more capital, or run it with --ignore-fees")
    store_refusal(job.database, _config(job), estimate, job.settings.batch_id)
    return ExitCode.STOP_AND_REVISE


def _ask_for_a_yes(job: Job) -> None:
    if not job.settings.yes:
        refuse_without_yes([outlook_of(job.database, _config(job), job.settings)])


def _look_before_running(job: Job) -> None:
    """The part of the preflight that costs nothing."""
    checks = quick_preflight(_config(job), workspace_of(job.settings))
    failure = None if job.settings.force else first_failure(checks)
    for one in checks:
        if one.ok is not True and one is not failure:
            tell(str(one))
    if failure is not None:
        remedy = f"{failure.remedy} (--force runs it all the same)"
        raise UserError(f"{failure.name}: {failure.detail}", remedy, failure.exit_code)


def _plan_new_run(job: Job) -> None:
    config, setup = _config(job), _setup(job.settings)
    is_fresh = job.settings.fresh or Standard.of(config).needs_files
    reused, remarks = ([], []) if is_fresh else find_reusable(job.database, config, setup.workspace)
    for remark in remarks:
        tell(remark)
    plan = plan_run(config, setup, datetime.now(UTC), reused)
    while not reserve_folder(plan):  # two runs of a project that begin in the same second
        plan = plan_run(config, setup, datetime.now(UTC), reused)
    if plan.reused:
        tell(f"{len(plan.reused)} combinations are taken from earlier runs of the same code (--fresh runs them again)")
    job.plan = plan


def _plan_the_rest(job: Job) -> ExitCode | None:
    from strategy_testing.runs.resume import plan_resumption  # noqa: PLC0415 - slow to import

    settings = job.settings
    resumption = plan_resumption(
        job.database,
        _setup(settings),
        run_id=job.resumed_run,
        config=job.config,
        retry_failed=settings.retry_failed,
        force=settings.force,
    )
    if job.resumed_run is None:
        tell(f"resuming run {resumption.run_id}, the newest unfinished one")
    job.plan = resumption.plan
    if resumption.plan.commands:
        return None
    tell(f"run {resumption.run_id} has a result for every combination; nothing is left to run")
    from strategy_testing.commands.ending import end_with  # noqa: PLC0415 - slow to import

    return end_with(job.database, [resumption.imported], settings.leaderboard)


def _run_analysis(job: Job) -> ExitCode:
    return _analyse(job, _config(job), uuid4())


def _go_on_with_analysis(job: Job) -> ExitCode | None:
    """Where the run to resume is part of a walk-forward analysis, all that this lacks is run."""
    # Slow to import.
    from strategy_testing.database.walk_forward import analysis_of_run  # noqa: PLC0415
    from strategy_testing.runs.resume import config_in, find_resumable  # noqa: PLC0415

    run = find_resumable(job.database, job.resumed_run, job.config)
    with job.database.transaction():
        found = analysis_of_run(job.database, run.id)
    if found is None:
        return None
    tell(f"run {run.id} is part of walk-forward analysis {found[1].id}, which goes on")
    return _analyse(job, config_in(run.output_folder, run.id), found[0])


def _analyse(job: Job, config: OptimizationConfig, identity: UUID) -> ExitCode:
    # Slow to import.
    from strategy_testing.commands.ending import end_with_analysis  # noqa: PLC0415
    from strategy_testing.database.walk_forward import NewAnalysis  # noqa: PLC0415
    from strategy_testing.runs.walk_forward import AnalysisPlan, run_analysis  # noqa: PLC0415

    settings, database = job.settings, job.database
    assert config.walk_forward is not None  # its callers have seen to it  # noqa: S101
    with database.transaction():
        strategy_id = store_strategy(database, config.strategy)
    plan = AnalysisPlan(
        config=config,
        walk_forward=config.walk_forward,
        setup=_setup(settings),
        options=_options(job),
        is_fresh=settings.fresh,
        retry_failed=settings.retry_failed,
        analysis=NewAnalysis(identity, str(config.file), config.walk_forward.choose, config.walk_forward.tests_all),
        strategy_id=strategy_id,
    )
    count = "an unknown number of backtests" if config.backtests is None else number_of(config.backtests, "backtest")
    windows = number_of(len(config.walk_forward.windows), "window")
    tell(f"walk-forward analysis of {config.strategy.name}: {windows}, {count}")
    ended = run_analysis(database, plan, _display(config, settings))
    return end_with_analysis(database, ended.runs, ended.windows, settings.leaderboard)


def _options(job: Job) -> RunOptions:
    settings = job.settings
    return RunOptions(
        with_pilot=not settings.no_pilot,
        ignore_fees=settings.ignore_fees,
        force=settings.force,
        expected_fees=job.expected_fees,
        batch_id=settings.batch_id,
        meanwhile=load_what_comes_later,
    )


def load_what_comes_later() -> None:
    """What a run does once a backtest has finished, and in its end, takes modules that are slow to import."""
    import numpy.ma  # noqa: PLC0415 - which numpy itself puts off
    import numpy.random  # noqa: F401, PLC0415
    import rich.console  # noqa: PLC0415
    import rich.table  # noqa: F401, PLC0415

    from strategy_testing.commands import ending  # noqa: F401, PLC0415
    from strategy_testing.importing import benchmark, one_run  # noqa: F401, PLC0415
    from strategy_testing.pages import rendering  # noqa: PLC0415
    from strategy_testing.results import figures  # noqa: F401, PLC0415
    from strategy_testing.runs import engine_checks, pilot  # noqa: F401, PLC0415

    rendering.get_ready()


def _run(job: Job) -> ExitCode:
    plan, settings = job.plan, job.settings
    assert plan is not None  # the step before has made it  # noqa: S101
    if plan.engine == WARM:
        tell(f"engine: {plan.engine_said}")
    began, display = time.monotonic(), _display(plan.config, settings)
    options = replace(_options(job), when_lean_is_done=display.lean_is_done)
    imported = run_plan(job.database, plan, options, display)
    from strategy_testing.commands.ending import end_with  # noqa: PLC0415 - LEAN was at work while it was loaded

    return end_with(job.database, [imported], settings.leaderboard, time.monotonic() - began)


OPTIMIZE: tuple[Step, ...] = (
    _recover,
    _estimate_fees,
    _ask_for_a_yes,
    _look_before_running,
    _plan_new_run,
    _run,
)
WALK_FORWARD: tuple[Step, ...] = (
    _recover,
    _estimate_fees,
    _ask_for_a_yes,
    _look_before_running,
    _run_analysis,
)
RESUME: tuple[Step, ...] = (_recover, _go_on_with_analysis, _plan_the_rest, _run)


def _config(job: Job) -> OptimizationConfig:
    assert job.config is not None  # only a resumption does without  # noqa: S101
    return job.config


def _display(config: OptimizationConfig, settings: Settings) -> ProgressDisplay:
    return ProgressDisplay(
        config.strategy.name, Standard.of(config), quiet=settings.quiet, to=settings.progress_to
    )  # fmt: skip


def _setup(settings: Settings) -> LeanSetup:
    return LeanSetup(workspace_of(settings), lean_command(os.environ), default_concurrency(), is_cold=settings.cold)
