"""Runs an optimization: folder and row first, then LEAN, watched, then the import of whatever finished."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import uuid4

from strategy_testing.cli import TerminatedError, tell
from strategy_testing.code_hash import hash_project
from strategy_testing.config import EULER_SEARCH, OptimizationConfig
from strategy_testing.database import Database
from strategy_testing.errors import UserError
from strategy_testing.exit_codes import ExitCode
from strategy_testing.host_resources import default_concurrency
from strategy_testing.importing import ImportedRun, import_run
from strategy_testing.lean_command import LeanCommand, plan_commands
from strategy_testing.lean_diagnosis import Failure, diagnose
from strategy_testing.lean_log import OptimizerLog
from strategy_testing.lean_monitor import LeanMonitor
from strategy_testing.lean_output import read_run
from strategy_testing.lean_process import run_lean
from strategy_testing.lean_watch import DEFAULT_STALL_MINUTES, Limits
from strategy_testing.parameter_space import count_combinations
from strategy_testing.progress import ProgressReporter
from strategy_testing.run_manifest import (
    CONFIG_COPY,
    LEAN_OUTPUT,
    OPTIMIZER_CONFIG,
    RunManifest,
    write_atomically,
    write_manifest,
)
from strategy_testing.run_outcome import RunStatus
from strategy_testing.runner_identity import this_process
from strategy_testing.store import NewRun, store_run, store_strategy

OUTPUT_ROOT = ".optimization"
_TIME_FORMAT = "%Y-%m-%d_%H-%M-%S"


@dataclass(frozen=True)
class RunPlan:
    """What would be run."""

    config: OptimizationConfig
    workspace: Path
    lean: tuple[str, ...]
    output: PurePosixPath
    """The run's folder, relative to the workspace."""
    commands: tuple[LeanCommand, ...]
    total_combinations: int | None
    """None for an Euler search."""

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.workspace / self.output


def plan_run(config: OptimizationConfig, workspace: Path, lean: tuple[str, ...], now: datetime) -> RunPlan:
    """Plans a run; nothing is written.

    Args:
        config: what to run.
        workspace: the lean workspace.
        lean: the program and its first arguments.
        now: UTC; the run's folder is named by it.
    """
    home = PurePosixPath(OUTPUT_ROOT) / config.strategy.lean_project_path
    stamp = now.strftime(_TIME_FORMAT)
    output, number = home / stamp, 2
    while (workspace / output).exists():  # a run that began in the same second
        output, number = home / f"{stamp}_{number}", number + 1
    is_euler = config.search.type == EULER_SEARCH
    return RunPlan(
        config=config,
        workspace=workspace,
        lean=lean,
        output=output,
        commands=tuple(plan_commands(config, output, default_concurrency())),
        total_combinations=None if is_euler else count_combinations(config.search.parameters),
    )


def run_plan(database: Database, plan: RunPlan) -> ImportedRun:
    """Runs a plan to its end, or until it fails or is interrupted; what finished is stored in each case.

    Raises:
        UserError: the project does not exist, or the run's folder cannot be made.
        KeyboardInterrupt, TerminatedError: after everything that finished was stored.
    """
    project = plan.workspace / plan.config.strategy.lean_project_path
    if not project.is_dir():
        raise UserError(
            f"{project}: no such LEAN project; check strategy.lean_project_path and the workspace", ExitCode.NO_PROJECT
        )
    started_at = datetime.now(UTC)
    manifest = _manifest(plan, hash_project(project), started_at)
    _prepare_folder(plan, manifest)
    with database.transaction():
        strategy_id = store_strategy(database, plan.config.strategy)
        store_run(database, strategy_id, _new_run(plan, manifest))
    failure: Failure | None = None
    interruption: BaseException | None = None
    try:
        failure = _run_commands(plan)
    except (KeyboardInterrupt, TerminatedError) as stopped:
        interruption = stopped
        failure = Failure("stopped by a signal", "what finished is stored; run it again for the rest", _code(stopped))
    imported = _import(database, plan, failure, interrupted=interruption is not None)
    if interruption is not None:
        tell(f"{imported.backtests} finished backtests are stored")
        raise interruption
    return imported


def _code(stopped: BaseException) -> ExitCode:
    return ExitCode.TERMINATED if isinstance(stopped, TerminatedError) else ExitCode.INTERRUPTED


def _run_commands(plan: RunPlan) -> Failure | None:
    """Runs the plan's commands one after another; the first failure ends it."""
    lean_settings = plan.config.lean
    limits = Limits(lean_settings.stall_minutes or DEFAULT_STALL_MINUTES, lean_settings.timeout_minutes)
    reporter = ProgressReporter(plan.total_combinations)
    started = time.monotonic()
    finished_before = 0
    try:
        for command in plan.commands:
            monitor = LeanMonitor(plan.workspace / command.output, limits, reporter, started, finished_before)
            failure = _run_command(plan, command, monitor)
            if failure is not None:
                return failure
            finished_before += monitor.finished
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
    log: OptimizerLog = monitor.read_rest()
    if monitor.failure is not None:
        return monitor.failure
    printed = transcript.read_bytes()[before:].decode("utf-8", "replace")
    return diagnose(code, printed, log)


def _import(database: Database, plan: RunPlan, failure: Failure | None, *, interrupted: bool) -> ImportedRun:
    run = read_run(plan.folder)
    if run is None:
        raise UserError(f"{plan.folder}: the run's folder has gone; nothing can be imported")
    imported = import_run(
        database, run, config=plan.config, failure=failure, is_owner=True, completed_at=datetime.now(UTC),
        status=RunStatus.INTERRUPTED if interrupted else None,
    )  # fmt: skip
    if failure is not None and not interrupted:
        return replace(imported, outcome=replace(imported.outcome, exit_code=failure.exit_code))
    return imported


def _prepare_folder(plan: RunPlan, manifest: RunManifest) -> None:
    try:
        plan.folder.mkdir(parents=True)
        (plan.folder / CONFIG_COPY).write_text(plan.config.text, encoding="utf-8")
        for command in plan.commands:
            if command.optimizer_config_text is not None:
                folder = plan.workspace / command.output
                folder.mkdir(parents=True, exist_ok=True)
                write_atomically(folder / OPTIMIZER_CONFIG, command.optimizer_config_text)
        write_manifest(plan.folder, manifest)
    except OSError as error:
        code = ExitCode.DISK_FULL if "space" in str(error.strerror) else ExitCode.INVALID_INPUT
        raise UserError(
            f"{plan.folder}: the run's folder cannot be made: {error.strerror}; make room, or make it writable", code
        ) from None


def _manifest(plan: RunPlan, code_hash: str, started_at: datetime) -> RunManifest:
    config = plan.config
    return RunManifest(
        run_uuid=uuid4(),
        strategy=config.strategy.name,
        lean_project_path=config.strategy.lean_project_path,
        config_file=str(config.file),
        optimization_type=config.search.type,
        target_metric=config.search.target_metric,
        target_direction=config.search.target_direction,
        total_combinations=plan.total_combinations,
        parts=tuple(_below(command.output, plan.output) for command in plan.commands),
        commands=tuple(command.shown(plan.lean) for command in plan.commands),
        strategy_code_hash=code_hash,
        engine_image=config.lean.image,
        started_at=started_at,
        parameters=tuple(parameter.name for parameter in config.search.parameters),
    )


def _below(output: PurePosixPath, run: PurePosixPath) -> str:
    return str(output.relative_to(run))


def _new_run(plan: RunPlan, manifest: RunManifest) -> NewRun:
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
    )


def shown_script(plans: Sequence[RunPlan]) -> str:
    """What would run, as a shell script: the optimizer configs first written, then the commands."""
    lines = []
    for plan in plans:
        lines.append(f"cd {shlex.quote(str(plan.workspace))}")
        for command in plan.commands:
            if command.optimizer_config_text is not None:
                file = command.output / OPTIMIZER_CONFIG
                lines.append(f"mkdir -p {shlex.quote(str(command.output))}")
                lines.append(f"cat > {shlex.quote(str(file))} <<'END'\n{command.optimizer_config_text}END")
            lines.append(command.shown(plan.lean))
    return "\n".join(lines)
