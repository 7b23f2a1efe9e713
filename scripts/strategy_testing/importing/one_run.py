"""Imports a run in three steps: read what LEAN left on disk, judge it by the config, store both.

The last two are one transaction, because what all trials of a strategy tell is to be judged, too; reading, which takes
far longer, has happened by then.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database import waiting
from strategy_testing.database.backtests import store_results, stored_results
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import expected_fees, run_summary, stored_benchmark
from strategy_testing.database.runs import (
    NewRun,
    RunUpdate,
    StoredRun,
    known_run,
    move_run,
    store_run,
    store_strategy,
    update_run,
)
from strategy_testing.database.trials import keep_standing, lock_strategy, luck_of_best, store_luck
from strategy_testing.errors import UserError
from strategy_testing.fees.estimate import estimate_fees
from strategy_testing.files import Spool
from strategy_testing.importing.belonging import own_config, owner, recognised, refuse_foreign
from strategy_testing.importing.benchmark import Benchmark
from strategy_testing.importing.decision import Decided, Read, decide
from strategy_testing.importing.luck import tell_luck
from strategy_testing.importing.owner import RunnersView, is_gone
from strategy_testing.importing.price_check import noted_period
from strategy_testing.importing.reading_files.reader import Reader, not_stored
from strategy_testing.importing.stored_verdicts import judge_by_luck
from strategy_testing.importing.walk_forward import join_analysis
from strategy_testing.luck.series import Key
from strategy_testing.luck.strategy import Luck
from strategy_testing.results.backtest import BacktestResult, SkippedFile
from strategy_testing.results.combinations import distinct_combinations
from strategy_testing.results.contents import last_sign_of_life, read_contents
from strategy_testing.results.folder import RunFolder
from strategy_testing.verdict.inputs import RunInputs
from strategy_testing.verdict.optimum import passing_above
from strategy_testing.verdict.outcome import RunOutcome, RunStatus
from strategy_testing.verdict.summary import ImportedRun


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
        config: that judges; else the one that judged the run last, else the copy in its folder, else nothing is judged.
        strategy_name: to which the run moves; else its config's, for a new one else the manifest's or the folder's.
        runner: given by the run's own runner, who decides its status.

    Raises:
        UserError: the config is another strategy's, or the run's own is damaged, or a running run cannot be moved.
        DatabaseError: nothing was stored.
    """
    with Spool[Key]() as returns:
        read = _read(database, recognised(database, run), config, strategy_name, runner, returns=returns)
        return _store(database, read, runner, returns)


def _read(
    database: Database,
    run: RunFolder,
    given: OptimizationConfig | None,
    strategy_name: str | None,
    runner: RunnersView | None,
    *,
    returns: Spool[Key],
) -> Read:
    """All that files and the database tell beforehand."""
    run_uuid = run.manifest.run_uuid
    with database.transaction():
        known = known_run(database, run_uuid)
        stored = tuple(stored_results(database, run_uuid))
        held_before = stored_benchmark(database, run_uuid)
        expected = expected_fees(database, run_uuid)
    config = given or own_config(run, known)
    if known is None and config is not None:
        expected = estimate_fees(config, None).expected
    stays = known is not None and strategy_name is None and (given is None or runner is not None)
    benchmark = Benchmark(run.folder, config.backtest.benchmark if config else None, held_before)
    earlier = {judged.result.backtest_id: judged.result for judged in stored}

    def finish(result: BacktestResult) -> BacktestResult:
        return benchmark.compared(result.completed_by(earlier.get(result.backtest_id)))

    with waiting.uncounted():
        contents = read_contents(run, Reader(earlier, returns, finish))
    on_disk = {result.backtest_id for result in contents.results}
    only_stored = [judged.result for judged in stored if judged.result.backtest_id not in on_disk]
    read = Read(
        run=run,
        contents=contents,
        results=(*contents.results, *only_stored),
        config=config,
        config_file=str(given.file) if given else None,
        stored=stored,
        prices=noted_period(run, config),
        known=known,
        owner=None if stays else owner(run, config, strategy_name),
        comparison=benchmark.of_run((*contents.results, *only_stored)),
        expected_fees=expected,
    )
    if given is not None and runner is None:
        refuse_foreign(given, run, read.results)
    return read


def _store(database: Database, read: Read, runner: RunnersView | None, returns: Spool[Key]) -> ImportedRun:
    """Strategy, run and results in one transaction, in which both rows are locked."""
    run, config = read.run, read.config
    with database.transaction():
        owner_id = _owner_id(database, read)
        lock_strategy(database, owner_id)
        document = config.document if config else None
        new = NewRun(run.manifest, document, run.folder.resolve(), expected_fees=read.expected_fees)
        stored = store_run(database, owner_id, new)
        join_analysis(database, stored, run.manifest, config)
        says_it_runs = runner is None and stored.status is RunStatus.RUNNING
        is_still_running = says_it_runs and not is_gone(database, stored.id, stored.runner)
        if owner_id != stored.strategy_id and read.owner is not None:
            if is_still_running:
                raise UserError(f"run {stored.id} is still running", "move it to another strategy when it has ended")
            stored = move_run(database, stored, owner_id)
        decided, luck = _judged_and_stored(database, read, stored, runner, returns, has_ended=not is_still_running)
        update_run(database, stored, _found(read) if is_still_running else _ended(read, decided, stored, runner))
        if luck is not None:
            store_luck(database, stored.strategy_id, stored.id, luck, is_stored_of=stored.id)
        if not is_still_running:
            judge_by_luck(database, stored.strategy_id, except_run=stored.id)
            keep_standing(database, stored.strategy_id)
        summary = run_summary(database, stored)
        best = None if is_still_running else luck_of_best(database, stored.id)
    return ImportedRun(
        run_id=stored.id,
        folder=run.folder,
        summary=summary,
        outcome=decided.outcome,
        skipped=read.contents.skipped,
        warnings=decided.warnings,
        comparison=replace(read.comparison, passing_above=passing_above(decided.results, read.contents.search)),
        backtests=len(read.contents.results),
        combinations=distinct_combinations(read.contents.results, read.contents.search),
        reused=sum(1 for judged in read.stored if judged.result.reused_from is not None),
        is_still_running=is_still_running,
        fees=decided.fees,
        is_part=run.manifest.analysis_uuid is not None,
        engine_checked=run.manifest.engine_checked if run.manifest.engine == "warm" else None,
        luck=best,
    )


def _judged_and_stored(
    database: Database,
    read: Read,
    stored: StoredRun,
    runner: RunnersView | None,
    returns: Spool[Key],
    *,
    has_ended: bool,
) -> tuple[Decided, Luck | None]:
    """Judges the results and stores them; those that PostgreSQL refuses are none, and everything is told anew."""
    sent: set[str] = set()
    while True:
        luck = tell_luck(database, read, stored, returns) if has_ended else None
        with waiting.uncounted():
            decided = decide(read, runner)
        as_read = [judged for judged in read.stored if judged.result.backtest_id not in sent]
        to_store = not_stored(as_read, decided.results)
        refused = store_results(database, stored, to_store, returns)
        if not refused:
            return decided, luck
        sent |= {judged.result.backtest_id for judged in to_store}  # as they would be beside the refused ones
        _leave_out(read, refused)


def _leave_out(read: Read, refused: Mapping[str, str]) -> None:
    """Leaves out the results that PostgreSQL does not take."""
    skipped = [SkippedFile(Path(name), f"PostgreSQL refuses its row: {reason}") for name, reason in refused.items()]
    kept = tuple(result for result in read.contents.results if result.backtest_id not in refused)
    read.contents = replace(read.contents, results=kept, skipped=(*read.contents.skipped, *skipped))
    read.results = tuple(result for result in read.results if result.backtest_id not in refused)
    read.stored = tuple(judged for judged in read.stored if judged.result.backtest_id not in refused)


def _owner_id(database: Database, read: Read) -> int:
    if read.owner is None and read.known is not None:
        return read.known.strategy_id
    whose = read.owner or owner(read.run, read.config, None)
    return store_strategy(database, whose.strategy, is_only_named=whose.is_only_named)


def _found(read: Read) -> RunUpdate:
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
        config_file=manifest.config_file or read.config_file,
        benchmark=read.comparison.held,
        output_folder=read.run.folder.resolve(),
        target_metric=config.search.target_metric if config else None,
        target_direction=config.search.target_direction if config else None,
        lean_best_backtest_id=None,
        best_backtest_id=None,
        completed_at=None,
        inputs=RunInputs(),
        **manifest.engine_columns,
    )


def _ended(read: Read, decided: Decided, stored: StoredRun, runner: RunnersView | None) -> RunUpdate:
    """What is stored of a run that has ended."""
    status, message = _status(decided.outcome, stored, runner)
    ended_at = runner.completed_at if runner else stored.completed_at or last_sign_of_life(read.run, read.contents)
    return replace(
        _found(read),
        status=status,
        error_message=message,
        import_problems=[str(skipped) for skipped in read.contents.skipped],
        warnings=decided.warnings,
        lean_best_backtest_id=decided.optima.lean_best_backtest_id,
        best_backtest_id=decided.optima.best_backtest_id,
        completed_at=ended_at,
        inputs=runner.inputs if runner else RunInputs(),
    )


def _status(outcome: RunOutcome, stored: StoredRun, runner: RunnersView | None) -> tuple[RunStatus, str | None]:
    """Status and message of a run that has ended; an import by hand undoes neither unless it finds all complete."""
    if runner is None and stored.was_ended_by_its_runner and outcome.status is not RunStatus.COMPLETED:
        return stored.status, stored.error_message
    decided = runner.status if runner and outcome.status is not RunStatus.COMPLETED else None
    return decided or outcome.status, outcome.message
