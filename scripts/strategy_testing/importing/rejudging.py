"""Judges a stored run again: by importing its folder once more where that still stands, else by its rows alone."""

from dataclasses import dataclass

from strategy_testing.database.backtests import stored_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import KnownRun
from strategy_testing.database.trials import (
    is_luck_known,
    keep_standing,
    lock_strategy,
    luck_over_all_trials,
    store_luck,
)
from strategy_testing.errors import UserError
from strategy_testing.importing.belonging import known_config
from strategy_testing.importing.one_run import import_run
from strategy_testing.importing.stored_verdicts import judge_rows
from strategy_testing.importing.walk_forward import put_together_again
from strategy_testing.results.folder import RunFolder, read_run
from strategy_testing.verdict.criteria import Standard


@dataclass(frozen=True)
class Rejudged:
    """What judging a run again changed."""

    run: KnownRun
    changed: int
    """Backtests that passed and do not any more, or the other way round, or that were not judged before."""
    passed: int
    """Backtests that pass now."""


def judge_run_again(database: Database, run: KnownRun) -> Rejudged:
    """Judges a run by its stored config.

    Args:
        database: with the current schema.
        run: one that is not running.

    Raises:
        UserError: the config is not valid any more, or there is nothing to judge by.
        DatabaseError: nothing was stored.
    """
    before = _verdicts(database, run)
    folder = _folder(run)
    if folder is not None:
        import_run(database, folder)
    else:
        _judge_rows(database, run)
    put_together_again(database, run.id, known_config(run))
    after = _verdicts(database, run)
    changed = sum(1 for backtest, passes in after.items() if before.get(backtest) is not passes)
    return Rejudged(run, changed, sum(1 for passes in after.values() if passes))


def _verdicts(database: Database, run: KnownRun) -> dict[str, bool | None]:
    with database.transaction():
        stored = stored_results(database, run.run_uuid)
    return {judged.result.backtest_id: judged.verdict.meets_criteria for judged in stored}


def _folder(run: KnownRun) -> RunFolder | None:
    """The run's folder; None where it is gone, or another run's by now."""
    found = read_run(run.output_folder) if run.output_folder and run.output_folder.is_dir() else None
    return found if found is not None and found.manifest.run_uuid == run.run_uuid else None


def _judge_rows(database: Database, run: KnownRun) -> None:
    config = known_config(run)
    if config is None:
        raise UserError("its folder is gone and no config of it is stored", "its verdicts are left as they are")
    with database.transaction():
        lock_strategy(database, run.strategy_id)
        judge_rows(database, run, config)  # which tells the values of the target
        if not is_luck_known(database, run.strategy_id, run.id):
            luck = luck_over_all_trials(database, run.strategy_id, run.id, (), {})
            store_luck(database, run.strategy_id, run.id, luck)
        if Standard.of(config).asks_for_luck:
            judge_rows(database, run, config)
        keep_standing(database, run.strategy_id)
