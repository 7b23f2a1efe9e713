"""Runs the configs of a batch, each in a process of its own, and goes on with a batch that was interrupted."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from strategy_testing.batches.process import Ended, Job
from strategy_testing.batches.running import run_jobs
from strategy_testing.commands.cli import miss_packages_early
from strategy_testing.commands.estimate import estimate_for, store_refusal, verdict
from strategy_testing.commands.preview import outlook_of
from strategy_testing.commands.settings import Settings, arguments_to_hand_on, workspace_of
from strategy_testing.config.batch import BatchConfig
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.console import answer, shown_path, tell
from strategy_testing.database.batches import (
    BatchStatus,
    NeverRan,
    batch_runs,
    finish_batch,
    lock_batch,
    never_ran,
    restart_batch,
    start_batch,
    store_never_ran,
    unfinished_batch,
)
from strategy_testing.database.connection import Database
from strategy_testing.errors import DatabaseError, ExitCode, UserError
from strategy_testing.fees.estimate import FeeEstimate, MissingAssumptions
from strategy_testing.lean.process import lean_command
from strategy_testing.metrics.figures import number_of
from strategy_testing.paths import SCRIPTS_DIR
from strategy_testing.report.batch_progress import BatchProgress
from strategy_testing.report.batch_table import BatchLine, batch_status, exit_code, summary, table
from strategy_testing.report.outlook import Outlook, refuse_without_yes
from strategy_testing.runs.recovery import recover_orphans
from strategy_testing.signals import Requests, collected
from strategy_testing.verdict.outcome import RunStatus

_UNKNOWN = "n/a"


@dataclass(frozen=True)
class _Agenda:
    """What is to be done, and what is known beforehand."""

    lines: dict[Path, BatchLine] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    outlooks: list[Outlook] = field(default_factory=list)
    """Of the configs that start."""
    refused: list[ExitCode] = field(default_factory=list)
    unaffordable: list[tuple[OptimizationConfig, FeeEstimate]] = field(default_factory=list)


def run_batch(database: Database, batch: BatchConfig, settings: Settings, *, resume: bool) -> ExitCode:
    """Runs a batch, or what is left of it, and prints its table and its summary.

    Args:
        database: with the current schema.
        batch: what to run.
        settings: for each of its configs.
        resume: go on with the newest batch of this file that is not completed.

    Raises:
        UserError: lean, the workspace or a batch to resume is missing.
    """
    miss_packages_early()
    settings = replace(settings, workspace=workspace_of(settings))
    lean_command(os.environ)  # without it, every config would fail for itself
    _recover(database)
    batch_id = _unfinished(database, batch) if resume else None
    agenda = _agenda(database, batch, batch_id, settings)
    if agenda.refused and not batch.continue_on_error:
        tell(f"batch {batch.name}: nothing was run, because continue_on_error is false")
        batch_id = _begin(database, batch, batch_id, agenda)
        _end(database, batch, batch_id, agenda, None)
        _rewrite(database, settings, batch_id)
        return agenda.refused[0]
    if not settings.yes:
        refuse_without_yes(agenda.outlooks)
    with collected() as signals:
        batch_id = _begin(database, batch, batch_id, agenda)
        count = f"{number_of(len(batch.configs), 'config')}, {len(agenda.jobs)} to run"
        tell(f"batch {batch.name} (number {batch_id}): {count}, {batch.max_concurrent} at a time")
        _run_jobs(batch, batch_id, agenda, settings, signals)
        if any((line.exit_code or 0) < 0 for line in agenda.lines.values()):
            database.retrying(partial(_recover, database))  # what was killed could not tidy up
        lines, status = database.retrying(partial(_end, database, batch, batch_id, agenda, signals))
    _rewrite(database, settings, batch_id)
    _report(batch, lines, status)
    return exit_code(lines, signals.first)


def _rewrite(database: Database, settings: Settings, batch_id: int) -> None:
    """The leaderboard too: of configs at the same time, the last to look is not always the last to write."""
    from strategy_testing.commands.ending import rewrite_leaderboard, rewrite_pages  # noqa: PLC0415 - slow to import
    from strategy_testing.pages.writing import BATCHES  # noqa: PLC0415

    rewrite_leaderboard(database, settings.leaderboard)
    rewrite_pages(database, settings.leaderboard, [(BATCHES, batch_id)])


def _load_what_comes_later() -> None:
    """What the end of a batch takes, and is slow to import; once is enough."""
    from strategy_testing.commands import ending  # noqa: F401, PLC0415
    from strategy_testing.pages import rendering  # noqa: PLC0415

    rendering.get_ready()


def _recover(database: Database) -> None:
    for line in recover_orphans(database):
        tell(line)


def _unfinished(database: Database, batch: BatchConfig) -> int:
    with database.transaction():
        found = unfinished_batch(database, batch.file)
    if found is None:
        raise UserError(
            f"--resume: no unfinished batch of {batch.file}", f"start one with --batch {batch.file} without --resume"
        )
    tell(f"batch {batch.name}: resuming number {found}")
    return found


def _agenda(database: Database, batch: BatchConfig, batch_id: int | None, settings: Settings) -> _Agenda:
    """Looks at all configs before the first one runs; reports what is wrong with each."""
    with database.transaction():
        stored = {} if batch_id is None else batch_runs(database, batch_id)
    agenda = _Agenda()
    for config in batch.configs:
        run = stored.get(config)
        if run is None or run.status is RunStatus.REFUSED:
            _plan_start(database, batch, config, settings, agenda)
            continue
        agenda.lines[config] = BatchLine(run.strategy, config, run, seconds=run.seconds)
        if not agenda.lines[config].is_completed:
            retry = ("--retry-failed",) if settings.retry_failed else ()
            agenda.jobs.append(Job(config, run.strategy, ("--resume", str(run.id), *retry)))
    return agenda


def _plan_start(database: Database, batch: BatchConfig, file: Path, settings: Settings, agenda: _Agenda) -> None:
    strategy = _UNKNOWN
    try:
        config = read_config(file)
        strategy = config.strategy.name
        estimate = estimate_for(database, config)
        if not isinstance(estimate, MissingAssumptions) and estimate.exceeds_limit and not settings.ignore_fees:
            agenda.unaffordable.append((config, estimate))
            raise UserError(f"{file}: {verdict(estimate)}", "", ExitCode.STOP_AND_REVISE)
    except DatabaseError:
        raise
    except UserError as error:
        tell(f"batch {batch.name}: {shown_path(file)} cannot run:\n{error}")
        agenda.refused.append(error.exit_code)
        agenda.lines[file] = BatchLine(strategy, file, exit_code=error.exit_code, reason=str(error))
    else:
        agenda.outlooks.append(outlook_of(database, config, settings))
        agenda.lines[file] = BatchLine(strategy, file)
        agenda.jobs.append(Job(file, strategy, ("--config", str(file))))


def _begin(database: Database, batch: BatchConfig, batch_id: int | None, agenda: _Agenda) -> int:
    with database.transaction():
        if batch_id is None:
            batch_id = start_batch(database, batch)
        if not lock_batch(database, batch_id):
            raise UserError(f"batch {batch.name} (number {batch_id}) is still running", "wait for it, or stop it first")
        restart_batch(database, batch_id, batch)
    for config, estimate in agenda.unaffordable:
        store_refusal(database, config, estimate, batch_id)
    return batch_id


def _run_jobs(batch: BatchConfig, batch_id: int, agenda: _Agenda, settings: Settings, signals: Requests) -> None:
    environment = os.environ | ({"DATABASE_URL": settings.database_url} if settings.database_url else {})
    options = _handed_on(batch_id, settings)
    number = {job.config: f"{index} of {len(agenda.jobs)}" for index, job in enumerate(agenda.jobs, 1)}

    def on_start(job: Job) -> None:
        tell(f"batch {batch.name}: {number[job.config]}: {job.strategy} ({shown_path(job.config)})")
        _load_what_comes_later()

    def on_end(ended: Ended) -> None:
        config = ended.job.config
        agenda.lines[config] = replace(agenda.lines[config], exit_code=ended.exit_code, seconds=ended.seconds)
        result = ended.answer or "no result"
        tell(f"batch {batch.name}: {ended.job.strategy}: {result} (exit code {ended.exit_code})")

    with BatchProgress(batch.name, len(agenda.jobs), quiet=settings.quiet) as progress:
        run_jobs(
            [replace(job, command=(*_SCRIPT, *job.command, *options)) for job in agenda.jobs],
            environment,
            signals,
            at_once=batch.max_concurrent,
            stop_at_failure=not batch.continue_on_error,
            progress=progress,
            on_start=on_start,
            on_end=on_end,
        )


_SCRIPT = (sys.executable, str(SCRIPTS_DIR / "optimize_runner.py"))


def _handed_on(batch_id: int, settings: Settings) -> tuple[str, ...]:
    """What each config's process is given besides its config."""
    leaderboard = settings.leaderboard.absolute()
    once = replace(settings, leaderboard=leaderboard, batch_id=batch_id, yes=True)  # asked for all of them
    return arguments_to_hand_on(once)


def _end(
    database: Database, batch: BatchConfig, batch_id: int, agenda: _Agenda, signals: Requests | None
) -> tuple[list[BatchLine], BatchStatus]:
    """Stores how the batch ended, by what its runs came to, and why what never ran did not; without signals, all."""
    stopped_by = signals.first if signals else None
    with database.transaction():
        stored = batch_runs(database, batch_id)
        lines = [replace(agenda.lines[config], run=stored.get(config)) for config in batch.configs]
        for line in lines:
            if not line.has_begun:
                state = NeverRan.BROKEN if line.exit_code == ExitCode.INVALID_INPUT else NeverRan.NOT_STARTED
                store_never_ran(database, batch_id, line.config, state, _why_not(line, signals))
        reasons = never_ran(database, batch_id)
        status = batch_status(lines, stopped_by)
        finish_batch(database, batch_id, status)
    return [replace(line, reason=reasons.get(line.config)) for line in lines], status


def _why_not(line: BatchLine, signals: Requests | None) -> str:
    """Why a config never ran, as far as its own process has not said it."""
    if line.reason is not None:
        return line.reason
    if line.exit_code is not None:
        return f"it ended before its run began: {line.status}"
    if signals is None:
        return "another config cannot run, and continue_on_error is false"
    return "the batch was stopped" if signals.first else "a config failed, and continue_on_error is false"


def _report(batch: BatchConfig, lines: Sequence[BatchLine], status: BatchStatus) -> None:
    not_completed = sum(not line.is_completed for line in lines)
    of_them = f": {not_completed} of {len(lines)} configs are not completed" if not_completed else ""
    tell(f"batch {batch.name}: {status}{of_them}")
    if status is BatchStatus.INTERRUPTED or any(line.status == "not started" for line in lines):
        tell(f"go on with --batch {shown_path(batch.file)} --resume")
    answer(table(lines))
    for line in lines:
        if line.reason is not None:
            answer(f"{shown_path(line.config)} never ran: {line.reason.splitlines()[0]}")
    answer(str(summary(lines)))
