"""Runs a plan: folder and row first, then LEAN, watched and stored as it goes, then the import of the whole."""

import errno
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from uuid import uuid4

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.console import tell
from strategy_testing.database.backtests import store_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import NewRun, StoredRun, restart_run, store_run, store_strategy
from strategy_testing.errors import DatabaseError, ExitCode, TerminatedError, UserError
from strategy_testing.files import write_atomically
from strategy_testing.lean.command import LeanCommand
from strategy_testing.lean.limits import DEFAULT_STALL_MINUTES, Limits
from strategy_testing.lean.monitor import LeanMonitor
from strategy_testing.lean.process import printed_since, run_lean
from strategy_testing.report.progress import ProgressReporter
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.folder import read_run
from strategy_testing.results.manifest import CONFIG_COPY, LEAN_OUTPUT, OPTIMIZER_CONFIG, RunManifest, write_manifest
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.runs.importing import RunnersView, import_run
from strategy_testing.runs.live import LiveImporter
from strategy_testing.runs.owner import this_process
from strategy_testing.runs.pilot import PilotOptions, fly_pilot, needs_pilot
from strategy_testing.runs.plan import RunPlan
from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import ImportedRun


@dataclass(frozen=True)
class RunOptions:
    """How a run behaves, beside what it runs."""

    pilot: PilotOptions
    quiet: bool = False
    batch_id: int | None = None


def run_plan(database: Database, plan: RunPlan, options: RunOptions) -> ImportedRun:
    """Runs a plan to its end, or until it fails or is interrupted; what finished is stored in each case.

    Raises:
        UserError: the project does not exist, or the run's folder cannot be made.
        DatabaseError: the database stayed away; the results are on disk, and the message says how to import them.
        KeyboardInterrupt, TerminatedError: after everything that finished was stored.
    """
    manifest = _manifest(plan)
    _prepare_folder(plan, manifest)
    stored = _store_start(database, plan, manifest, options)
    failure: Failure | None = None
    interruption: BaseException | None = None
    try:
        failure = fly_pilot(plan, options.pilot) if needs_pilot(plan, options.pilot) else None
        failure = failure or _run_commands(database, plan, stored, options)
    except (KeyboardInterrupt, TerminatedError) as stopped:
        interruption = stopped
        code = ExitCode.TERMINATED if isinstance(stopped, TerminatedError) else ExitCode.INTERRUPTED
        failure = Failure("stopped by a signal", f"go on with --resume {stored.id}", code)
    view = RunnersView(failure, datetime.now(UTC), RunStatus.INTERRUPTED if interruption else None)
    imported = _import(database, plan, view)
    if interruption is not None:
        is_complete = imported.outcome.status is RunStatus.COMPLETED
        rest = "nothing is missing" if is_complete else f"go on with --resume {stored.id}"
        tell(f"{imported.backtests} finished backtests are stored; {rest}")
        raise interruption
    return imported


def _store_start(database: Database, plan: RunPlan, manifest: RunManifest, options: RunOptions) -> StoredRun:
    with database.transaction():
        strategy_id = store_strategy(database, plan.config.strategy)
        stored = store_run(database, strategy_id, _new_run(plan, manifest, options))
        if plan.resumed is not None:
            restart_run(database, stored.id, "\n".join(manifest.commands), this_process())
        reused = [result.judged(plan.config.criteria) for result in plan.reused]
        store_results(database, stored, reused)
    return stored


def _run_commands(database: Database, plan: RunPlan, stored: StoredRun, options: RunOptions) -> Failure | None:
    """Runs the plan's commands one after another; the first failure ends it."""
    lean_settings = plan.config.lean
    limits = Limits(lean_settings.stall_minutes or DEFAULT_STALL_MINUTES, lean_settings.timeout_minutes)
    reporter = ProgressReporter(plan.backtests_to_run, quiet=options.quiet)
    live = LiveImporter(database, stored, plan.config.criteria)
    started = time.monotonic()

    def on_look(finished: list[BacktestResult], log: OptimizerLog) -> None:
        live.store(finished)
        reporter.update(finished, log)

    try:
        for command in plan.commands:
            monitor = LeanMonitor(plan.workspace / command.output, limits, started, on_look)
            failure = _run_command(plan, command, monitor)
            if failure is not None:
                return failure
    finally:
        reporter.end()
    return None


def _run_command(plan: RunPlan, command: LeanCommand, monitor: LeanMonitor) -> Failure | None:
    transcript = plan.folder / LEAN_OUTPUT
    before = transcript.stat().st_size if transcript.exists() else 0
    code = run_lean(
        [*plan.lean, *command.arguments],
        plan.workspace,
        plan.workspace / command.output,
        transcript,
        monitor.should_stop,
    )
    log = monitor.read_rest()
    if monitor.failure is not None:
        return monitor.failure
    return diagnose(code, printed_since(transcript, before), log)


def _import(database: Database, plan: RunPlan, view: RunnersView) -> ImportedRun:
    run = read_run(plan.folder)
    if run is None:
        raise UserError(f"{plan.folder}: the run's folder has gone; nothing can be imported")
    try:
        return database.retrying(partial(import_run, database, run, config=plan.config, runner=view))
    except DatabaseError as error:
        raise DatabaseError(
            f"{error}\nthe results are on disk; when the database is back, import them with "
            f"results_importer.py --optimization-dir {plan.folder}"
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
    code = ExitCode.DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else ExitCode.INVALID_INPUT
    return UserError(
        f"{plan.folder}: the run's folder cannot be made: {error.strerror}; make room, or make it writable", code
    )


def _prepare_folder(plan: RunPlan, manifest: RunManifest) -> None:
    try:
        if plan.resumed is None:
            (plan.folder / CONFIG_COPY).write_text(plan.config.text, encoding="utf-8")
        for command in plan.commands:
            if command.optimizer_config_text is not None:
                folder = plan.workspace / command.output
                folder.mkdir(parents=True, exist_ok=True)
                write_atomically(folder / OPTIMIZER_CONFIG, command.optimizer_config_text)
        write_manifest(plan.folder, manifest)
    except OSError as error:
        raise _no_folder(plan, error) from None


def _manifest(plan: RunPlan) -> RunManifest:
    parts = tuple(_below(command.output, plan.output) for command in plan.commands)
    if plan.resumed is not None:
        return replace(
            plan.resumed,
            parts=plan.resumed.parts + parts,
            commands=plan.resumed.commands + plan.shown_commands(),
        )
    config: OptimizationConfig = plan.config
    return RunManifest(
        run_uuid=uuid4(),
        strategy=config.strategy.name,
        lean_project_path=config.strategy.lean_project_path,
        config_file=str(config.file),
        optimization_type=config.search.type,
        target_metric=config.search.target_metric,
        target_direction=config.search.target_direction,
        total_combinations=plan.total_combinations,
        parts=parts,
        commands=plan.shown_commands(),
        strategy_code_hash=hash_strategy(project_folder(config, plan.workspace), plan.workspace),
        engine_image=config.lean.image,
        started_at=datetime.now(UTC),
        parameters=tuple(parameter.name for parameter in config.search.parameters),
    )


def project_folder(config: OptimizationConfig, workspace: Path) -> Path:
    """The strategy's LEAN project.

    Raises:
        UserError: there is none.
    """
    project = workspace / config.strategy.lean_project_path
    if not project.is_dir():
        raise UserError(
            f"{project}: no such LEAN project; check strategy.lean_project_path and the workspace", ExitCode.NO_PROJECT
        )
    return project


def _below(output: PurePosixPath, run: PurePosixPath) -> str:
    return str(output.relative_to(run))


def _new_run(plan: RunPlan, manifest: RunManifest, options: RunOptions) -> NewRun:
    return NewRun(
        run_uuid=manifest.run_uuid,
        config_file=manifest.config_file,
        optimization_type=manifest.optimization_type,
        target_metric=manifest.target_metric,
        target_direction=manifest.target_direction,
        total_combinations=manifest.total_combinations,
        config=plan.config.document,
        command="\n".join(manifest.commands),
        strategy_code_hash=manifest.strategy_code_hash,
        engine_image=manifest.engine_image,
        output_folder=plan.folder,
        started_at=manifest.started_at,
        status=RunStatus.RUNNING,
        runner=this_process(),
        batch_id=options.batch_id,
    )
