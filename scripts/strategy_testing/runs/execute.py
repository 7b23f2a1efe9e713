"""Carries out a plan: folder and row first, then LEAN, watched and stored as it goes, then the import of the whole."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from strategy_testing.database.backtests import store_results
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import run_costs
from strategy_testing.database.runs import NewRun, StoredRun, restart_run, store_run, store_strategy
from strategy_testing.errors import DatabaseError, ExitCode, TerminatedError, UserError
from strategy_testing.fees.estimate import ExpectedFees
from strategy_testing.files import exit_code_of
from strategy_testing.importing.live import LiveImporter
from strategy_testing.importing.owner import RunnersView, holding, this_process
from strategy_testing.lean.command import LeanCommand
from strategy_testing.lean.limits import DEFAULT_STALL_MINUTES, Limits
from strategy_testing.lean.preparation import prepare
from strategy_testing.lean.session import LeanSession
from strategy_testing.metrics.figures import number_of
from strategy_testing.report.progress import ProgressDisplay
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.diagnosis import Failure, unforeseen
from strategy_testing.results.manifest import CONFIG_COPY, LEAN_OUTPUT, PILOT_FOLDER, RunManifest, write_manifest
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.runs.engine import COLD, usual_time
from strategy_testing.runs.first_backtest import after_first, first_command, needs_pilot, run_pilot
from strategy_testing.runs.plan import RunPlan, new_manifest
from strategy_testing.runs.reuse import inputs_at_end
from strategy_testing.verdict.criteria import Standard, judge_results
from strategy_testing.verdict.outcome import RunStatus

if TYPE_CHECKING:
    from strategy_testing.importing.benchmark import Benchmark
    from strategy_testing.runs.engine_checks import EngineChecks
    from strategy_testing.verdict.summary import ImportedRun


@dataclass(frozen=True)
class RunOptions:
    """How a run behaves, beside what it runs."""

    with_pilot: bool = True
    """Try the middle combination of a larger grid first."""
    ignore_fees: bool = False
    force: bool = False
    """Run the grid although the pilot did not cover the period that the config asks for."""
    expected_fees: ExpectedFees | None = None
    """None where nothing could be estimated; for a run that goes on, its row has them."""
    batch_id: int | None = None
    meanwhile: Callable[[], None] = lambda: None
    """Called when LEAN has been started: what is slow to import and not needed before is loaded then."""
    when_lean_is_done: Callable[[], None] = lambda: None
    """Called when LEAN is needed no more: what is left is to store the run."""


@dataclass(frozen=True)
class RunUnderWay:
    """What the events of one run share."""

    database: Database
    plan: RunPlan
    options: RunOptions
    stored: StoredRun
    session: LeanSession
    display: ProgressDisplay

    @cached_property
    def checks(self) -> "EngineChecks":
        """What warm engines are compared with."""
        from strategy_testing.runs.engine_checks import EngineChecks  # noqa: PLC0415 - slow to import

        return EngineChecks(self.plan, self.session, self.display.say)


_SECONDS_FOR_DATABASE = 60
_SECONDS_IF_STOPPED = 5
"""For a user who waits for the program to end."""

Event = Callable[[RunUnderWay], Failure | None]
"""One thing that happens in a run; a failure is why the next one does not."""


def _pilot(run: RunUnderWay) -> Failure | None:
    if not run.options.with_pilot or not needs_pilot(run.plan):
        return None
    run.display.say(f"pilot: {run.plan.config.strategy.name} with the middle combination")
    with run.database.transaction():
        costs = run_costs(run.database, run.plan.config.strategy.name)
    ended = run_pilot(run.plan, run.session)
    from strategy_testing.runs.pilot import Expectations, judge_pilot  # noqa: PLC0415 - LEAN was at work meanwhile

    expected = Expectations(run.options.expected_fees, usual_time(costs, run.plan.engine))
    report = judge_pilot(run.plan, ended, expected, ignore_fees=run.options.ignore_fees, force=run.options.force)
    for finding in report.findings:
        run.display.say(finding)
    return report.failure


def _run_one_cold(run: RunUnderWay) -> Failure | None:
    return None if run.plan.engine == COLD else run.checks.run_first()


def _optimize(run: RunUnderWay) -> Failure | None:
    failure = _run_commands(run, run.plan.commands)
    return None if run.checks.difference is not None else failure


def _run_last_cold(run: RunUnderWay) -> Failure | None:
    return run.checks.run_last() if run.checks.difference is None else None


def _go_on_cold(run: RunUnderWay) -> Failure | None:
    """Where warm engines made other figures: the same combinations again, in LEAN's own processes."""
    if run.checks.difference is None:
        return None
    from strategy_testing.runs.going_cold import explain, plan_again_cold  # noqa: PLC0415 - seldom needed

    told = explain(run.plan, run.checks.difference)
    for line in (*told, "what the warm engines made is set aside, and run again in LEAN's own processes"):
        run.display.say(line)
    try:
        plan = plan_again_cold(run.database, run.stored, run.plan, told)
    except OSError as error:
        raise _no_folder(run.plan, error) from None
    manifest = new_manifest(plan)
    _prepare_folder(plan, manifest)
    run.database.retrying(partial(_restart, run.database, run.stored, manifest))
    run.display.start_again(plan.backtests_to_run, plan.known)
    return _run_commands(run, plan.commands)


def _run_commands(run: RunUnderWay, commands: Sequence[LeanCommand]) -> Failure | None:
    """LEAN's commands one after another; every backtest is stored as it finishes."""
    live = LiveImporter(run.database, run.stored, Standard.of(run.plan.config), run.display.say)

    @cache
    def benchmark() -> "Benchmark":
        from strategy_testing.importing.benchmark import Benchmark  # noqa: PLC0415 - slow to import

        return Benchmark(run.plan.folder, run.plan.config.backtest.benchmark)

    def on_look(folder: Path, finished: Sequence[BacktestResult], log: OptimizerLog) -> Failure | None:
        live.store(compared := [benchmark().compared(each) for each in finished])
        run.display.update(compared, log)
        return run.checks.look(folder, finished)

    with run.display, live:
        for command in commands:
            ended = run.session.run(command, partial(on_look, run.plan.workspace / command.output))
            if ended.failure is not None:
                return ended.failure
    return None


EVENTS: tuple[Event, ...] = (_pilot, _run_one_cold, _optimize, _run_last_cold, _go_on_cold)
"""What LEAN is run for, in this order, until one fails. Before them stand the run's folder and row (_begin), after
them, whatever happened, the import of all that has finished (_import)."""


def run_plan(database: Database, plan: RunPlan, options: RunOptions, display: ProgressDisplay) -> "ImportedRun":
    """Runs a plan to its end, or until it fails or is interrupted; what finished is stored in each case.

    Raises:
        UserError: the project does not exist, the run's folder cannot be made, or somebody else is running it.
        DatabaseError: the database stayed away; the results are on disk, and the message says how to import them.
        KeyboardInterrupt, TerminatedError: after everything that finished was stored.
    """
    if first_command(plan, with_pilot=options.with_pilot) is not None:
        plan = after_first(plan)
    with ExitStack() as until_the_end:
        return _carry_out(_begin(database, plan, options, display, until_the_end))


def _carry_out(run: RunUnderWay) -> "ImportedRun":
    plan, display = run.plan, run.display
    failure, interruption = None, None
    try:
        failure = next((failed for event in EVENTS if (failed := event(run)) is not None), None)
    except (KeyboardInterrupt, TerminatedError) as stopped:
        interruption = stopped
        code = ExitCode.TERMINATED if isinstance(stopped, TerminatedError) else ExitCode.INTERRUPTED
        failure = Failure("stopped by a signal", f"go on with --resume {run.stored.id}", code)
    except DatabaseError:
        raise
    except (UserError, OSError) as error:
        failure = unforeseen(error)
    run.checks.conclude()
    status, ended_at = RunStatus.INTERRUPTED if interruption else None, datetime.now(UTC)
    run.options.when_lean_is_done()
    view = RunnersView(failure, ended_at, status, inputs_at_end(plan))
    imported = _import(run.database, plan, view, _SECONDS_IF_STOPPED if interruption else _SECONDS_FOR_DATABASE)
    if interruption is not None:
        is_complete = imported.outcome.status is RunStatus.COMPLETED
        rest = "nothing is missing" if is_complete else f"go on with --resume {run.stored.id}"
        display.say(f"{number_of(imported.backtests, 'finished backtest')} stored; {rest}")
        raise interruption
    _say_which_prices_are_short(plan, display)
    return imported


def _begin(
    database: Database, plan: RunPlan, options: RunOptions, display: ProgressDisplay, until_the_end: ExitStack
) -> RunUnderWay:
    """The run's folder, its manifest and its row, before LEAN is started; nobody sees the row before it is held."""
    manifest = new_manifest(plan)
    with database.transaction():
        stored = _store_start(database, plan, manifest, options)
        if not until_the_end.enter_context(holding(database, stored.id)):
            raise UserError(f"run {stored.id} is still running", "wait for it, or stop its runner first")
        _prepare_folder(plan, manifest)
    display.say(plan.said(stored.id, manifest.analysis_part))
    display.expect(plan.backtests_to_run, plan.known)
    limits = Limits(plan.config.lean.stall_minutes or DEFAULT_STALL_MINUTES, plan.config.lean.timeout_minutes)
    session = LeanSession(plan.lean, plan.workspace, plan.folder / LEAN_OUTPUT, limits, options.meanwhile)
    return RunUnderWay(database, plan, options, stored, session, display)


def _say_which_prices_are_short(plan: RunPlan, display: ProgressDisplay) -> None:
    """Warns of prices that the pilot, where there was one, has not read."""
    from strategy_testing.importing.price_check import further_warnings  # noqa: PLC0415 - LEAN was at work meanwhile

    for warning in further_warnings(plan.folder, plan.folder / PILOT_FOLDER, plan.config.period, plan.workspace):
        display.say(str(warning))


def _store_start(database: Database, plan: RunPlan, manifest: RunManifest, options: RunOptions) -> StoredRun:
    document, runner = plan.config.document, this_process()
    new = NewRun(manifest, document, plan.folder, runner, options.batch_id, options.expected_fees)
    stored = store_run(database, store_strategy(database, plan.config.strategy), new)
    if manifest.analysis_part is not None:
        from strategy_testing.importing.walk_forward import join_analysis  # noqa: PLC0415 - slow to import

        join_analysis(database, stored, manifest, plan.config)
    if plan.resumed is not None:
        restart_run(database, stored.id, "\n".join(manifest.commands), runner)
    store_results(database, stored, judge_results(plan.reused, Standard.of(plan.config)))
    return stored


def _restart(database: Database, stored: StoredRun, manifest: RunManifest) -> None:
    with database.transaction():
        restart_run(database, stored.id, "\n".join(manifest.commands), this_process())


def _import(database: Database, plan: RunPlan, view: RunnersView, patience_seconds: float) -> "ImportedRun":
    from strategy_testing.importing.one_run import import_run  # noqa: PLC0415 - LEAN was at work meanwhile
    from strategy_testing.importing.price_check import short_period  # noqa: PLC0415
    from strategy_testing.results.folder import read_run  # noqa: PLC0415

    run = read_run(plan.folder)
    if run is None:
        raise UserError(f"{plan.folder}: the run's folder has gone", "nothing can be imported")
    first, last = short_period(plan.folder, plan.config.period)
    if run.outputs and (first or last):  # kept with the results, because the data folder may be filled later
        run = replace(run, manifest=replace(run.manifest, prices_from=first, prices_to=last))
        with suppress(OSError):
            write_manifest(plan.folder, run.manifest)
    try:
        return database.retrying(partial(import_run, database, run, config=plan.config, runner=view), patience_seconds)
    except DatabaseError as error:
        raise DatabaseError(
            f"{error}\nthe results are on disk",
            f"when the database is back, import them with results_importer.py --optimization-dir {plan.folder}",
        ) from None


def reserve_folder(plan: RunPlan) -> bool:
    """Makes the folder of a new run; False when another run has just taken the name.

    Raises:
        UserError: it cannot be made.
    """
    try:
        plan.folder.mkdir(parents=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise _no_folder(plan, error) from None
    return True


def _no_folder(plan: RunPlan, error: OSError) -> UserError:
    what = f"{plan.folder}: the run's folder cannot be made: {error.strerror}"
    return UserError(what, "make room, or make it writable", exit_code_of(error))


def _prepare_folder(plan: RunPlan, manifest: RunManifest) -> None:
    try:
        if plan.resumed is None:
            (plan.folder / CONFIG_COPY).write_text(plan.config.text, encoding="utf-8")
        for command in plan.commands:
            prepare(command, plan.workspace)
        write_manifest(plan.folder, manifest)
    except OSError as error:
        raise _no_folder(plan, error) from None
