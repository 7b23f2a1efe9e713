"""Judges stored backtests by their rows alone: where files are gone, or where what all trials tell has changed."""

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database.backtests import store_verdicts, stored_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import KnownRun, lock_run, runs_judged_by, update_optima
from strategy_testing.errors import ConfigError
from strategy_testing.importing.belonging import known_config
from strategy_testing.metrics.catalogue import LUCK_METRICS, criterion_names
from strategy_testing.verdict.criteria import Standard, judge_again
from strategy_testing.verdict.optimum import DIFFERENT, find_optima

_OF_LUCK = [name for name in criterion_names() if name[4:] in {metric.column for metric in LUCK_METRICS}]


def judge_rows(database: Database, run: KnownRun, config: OptimizationConfig) -> None:
    """Judges a run's rows anew, within a transaction; what stays the same stays untouched."""
    standard = Standard.of(config)
    locked = lock_run(database, run.run_uuid)
    stored = stored_results(database, run.run_uuid)
    judged = judge_again([each.result for each in stored], standard, stored, is_same_standard=True)
    store_verdicts(database, locked, judged)
    optima = find_optima(judged, standard, [run.lean_best_backtest_id] if run.lean_best_backtest_id else [])
    others = [warning for warning in run.warnings if not warning.startswith(DIFFERENT)]
    warnings = [optima.warning, *others] if optima.warning else others
    update_optima(database, run.id, optima.best_backtest_id, warnings)


def judge_by_luck(database: Database, strategy_id: int, except_run: int) -> None:
    """Judges the other runs of a strategy anew whose criteria ask for luck, because what was tried since counts.

    One that is running is left to its own end, and one whose stored config is not valid any more stays as it is.
    """
    for run in runs_judged_by(database, strategy_id, _OF_LUCK):
        if run.id == except_run:
            continue
        try:
            config = known_config(run)
        except ConfigError:
            continue
        if config is not None:
            judge_rows(database, run, config)
