"""Imports a run in three steps: read what LEAN left on disk, judge it by the config's criteria, store both.

Storing is one short transaction; whatever takes time has happened by then.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from strategy_testing.config.model import BacktestSettings, OptimizationConfig, StrategyInfo
from strategy_testing.config.reader import read_config
from strategy_testing.database.backtests import reused_results, store_results, stored_results
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import run_summary
from strategy_testing.database.runs import (
    NewRun,
    RunUpdate,
    StoredRun,
    store_run,
    store_strategy,
    stored_benchmark,
    update_run,
)
from strategy_testing.errors import UserError
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.combinations import distinct_combinations
from strategy_testing.results.contents import RunContents, last_sign_of_life, read_contents
from strategy_testing.results.diagnosis import Failure
from strategy_testing.results.folder import RunFolder
from strategy_testing.runs.benchmark import Benchmark
from strategy_testing.runs.owner import is_gone
from strategy_testing.verdict.criteria import Judged, judge_results
from strategy_testing.verdict.outcome import RunOutcome, RunStatus, judge_run
from strategy_testing.verdict.sanity import find_nonsense
from strategy_testing.verdict.summary import Comparison, ImportedRun


@dataclass(frozen=True)
class RunnersView:
    """What only the run's own runner knows."""

    failure: Failure | None
    """Why LEAN did not do its work."""
    completed_at: datetime
    """When the run ended, UTC."""
    status: RunStatus | None = None
    """What the runner decides, in place of what the results say."""


@dataclass(frozen=True)
class _Read:
    """What there is to judge, and by what."""

    run: RunFolder
    contents: RunContents
    config: OptimizationConfig | None
    """Whose criteria judge; None where nothing is judged."""
    reused: tuple[BacktestResult, ...]
    """Results that the run took from earlier ones."""
    comparison: Comparison


@dataclass(frozen=True)
class _Decided:
    """What is said of the run, whatever its row says so far."""

    strategy: StrategyInfo
    results: tuple[Judged, ...]
    outcome: RunOutcome
    warnings: tuple[str, ...]


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
    read = _read(database, run, config)
    return _store(database, read, _decide(read, strategy_name, runner), runner)


def _read(database: Database, run: RunFolder, config: OptimizationConfig | None) -> _Read:
    """All that files and the database tell beforehand."""
    config = config or _config_copy(run)
    contents = read_contents(run)
    with database.transaction():
        reused = reused_results(database, run.manifest.run_uuid)
        earlier = stored_results(database, run.manifest.run_uuid)
        held = stored_benchmark(database, run.manifest.run_uuid)
    results = [result.completed_by(earlier.get(result.backtest_id)) for result in contents.results]
    benchmark = Benchmark(run.folder, config.backtest.benchmark if config else None, held)
    contents = replace(contents, results=tuple(benchmark.compared(results)))
    return _Read(run, contents, config, tuple(reused), benchmark.of_run((*contents.results, *reused)))


def _config_copy(run: RunFolder) -> OptimizationConfig | None:
    if run.config_copy is None:
        return None
    try:
        return read_config(run.config_copy)
    except UserError as error:
        raise UserError(f"{error}\nthis copy of the run's config is damaged", "give the config with --config") from None


def _decide(read: _Read, strategy_name: str | None, runner: RunnersView | None) -> _Decided:
    """Judges the results and the run, and looks for what makes no sense. Pure."""
    contents, config = read.contents, read.config
    results = (*contents.results, *read.reused)
    outcome = judge_run(
        results,
        contents.total_combinations,
        contents.unusable,
        contents.has_ended,
        runner.failure if runner else contents.failure,
        search=contents.search,
    )
    warnings = find_nonsense(results, read.run.manifest.parameters, config.backtest if config else BacktestSettings())
    return _Decided(
        strategy=_strategy(read, strategy_name),
        results=tuple(judge_results(results, config.criteria if config else ())),
        outcome=outcome,
        warnings=tuple(warnings),
    )


def _strategy(read: _Read, name: str | None) -> StrategyInfo:
    config, manifest = read.config, read.run.manifest
    if config is not None and name in (None, config.strategy.name):
        return config.strategy
    if name is None:
        return StrategyInfo(manifest.strategy, manifest.lean_project_path)
    return StrategyInfo(name=name, lean_project_path=name)


def _store(database: Database, read: _Read, decided: _Decided, runner: RunnersView | None) -> ImportedRun:
    """Strategy, run and results in one transaction, in which the run's row is locked."""
    run, contents, config = read.run, read.contents, read.config
    with database.transaction():
        strategy_id = store_strategy(database, decided.strategy)
        new = NewRun(run.manifest, config.document if config else None, run.folder.resolve())
        stored = store_run(database, strategy_id, new)
        store_results(database, stored, decided.results)
        is_still_running = runner is None and stored.status is RunStatus.RUNNING and not is_gone(stored.runner)
        update = _found(read) if is_still_running else _ended(read, decided, stored, runner)
        update_run(database, stored, update)
        summary = run_summary(database, stored)
    return ImportedRun(
        run_id=stored.id,
        folder=run.folder,
        summary=summary,
        outcome=decided.outcome,
        skipped=contents.skipped,
        warnings=decided.warnings,
        comparison=read.comparison,
        backtests=len(contents.results),
        combinations=distinct_combinations(contents.results, contents.search),
        reused=len(read.reused),
        is_still_running=is_still_running,
    )


def _found(read: _Read) -> RunUpdate:
    """What the folder tells of the run, whether or not it has ended."""
    config, manifest = read.config, read.run.manifest
    return RunUpdate(
        status=RunStatus.RUNNING,
        error_message=None,
        import_problems=[],
        warnings=[],
        total_combinations=read.contents.total_combinations,
        lean_version=read.contents.lean_versions,
        config=config.document if config else None,
        config_file=manifest.config_file or (str(config.file) if config else None),
        benchmark=read.comparison.held,
        output_folder=read.run.folder.resolve(),
        completed_at=None,
    )


def _ended(read: _Read, decided: _Decided, stored: StoredRun, runner: RunnersView | None) -> RunUpdate:
    """What is stored of a run that has ended."""
    status, message = _status(decided.outcome, stored, runner)
    ended_at = runner.completed_at if runner else stored.completed_at or last_sign_of_life(read.run, read.contents)
    return replace(
        _found(read),
        status=status,
        error_message=message,
        import_problems=[str(skipped) for skipped in read.contents.skipped],
        warnings=decided.warnings,
        completed_at=ended_at,
    )


def _status(outcome: RunOutcome, stored: StoredRun, runner: RunnersView | None) -> tuple[RunStatus, str | None]:
    """Status and message of a run that has ended; an import by hand undoes neither unless it finds all complete."""
    if runner is None and stored.was_ended_by_its_runner and outcome.status is not RunStatus.COMPLETED:
        return stored.status, stored.error_message
    decided = runner.status if runner and outcome.status is not RunStatus.COMPLETED else None
    return decided or outcome.status, outcome.message
