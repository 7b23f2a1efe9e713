"""Works out what all trials of a strategy tell of a run's results, before these are judged and stored."""

from dataclasses import replace
from decimal import Decimal

from strategy_testing.database.connection import Database
from strategy_testing.database.runs import StoredRun
from strategy_testing.database.trials import is_luck_known, luck_over_all_trials, note_what_luck_needs
from strategy_testing.files import Spool
from strategy_testing.importing.decision import Read, standard_of
from strategy_testing.importing.reading_files.reader import not_stored
from strategy_testing.luck.series import Key
from strategy_testing.luck.strategy import Luck
from strategy_testing.metrics.catalogue import MetricValues
from strategy_testing.metrics.luck import LUCK_COLUMNS, LuckOfResult
from strategy_testing.metrics.packed import PackedFigures
from strategy_testing.verdict.criteria import NOT_JUDGED, Standard, judge_results


def tell_luck(database: Database, read: Read, stored: StoredRun, returns: Spool[Key]) -> Luck | None:
    """Gives the results what all trials tell of them.

    Args:
        database: in a transaction that has locked the strategy.
        read: the run's results, which are replaced: there may be thousands.
        stored: its row.
        returns: packed daily returns of those that were read from files, by their ids.

    Returns:
        What is to be stored of other results and of runs; None where all is stored as it is.
    """
    standard = standard_of(read)
    direction = standard.target_direction if read.config else None
    note_what_luck_needs(database, stored.id, direction, read.comparison.held)
    own = judge_results(read.results, Standard(target_metric=standard.target_metric))
    before = [replace(one, verdict=NOT_JUDGED) for one in read.stored]
    as_read = read.known.luck_signs if read.known else None
    if not not_stored(before, own) and is_luck_known(database, stored.strategy_id, stored.id, as_read):
        return None
    luck = luck_over_all_trials(database, stored.strategy_id, stored.id, own, returns)
    read.results = tuple(replace(one, luck=_figures(luck, one.backtest_id)) for one in read.results)
    on_disk = read.results[: len(read.contents.results)]
    read.contents = replace(read.contents, results=on_disk)
    others: dict[Key, LuckOfResult] = {key: figures for key, figures in luck.of_results.items() if isinstance(key, int)}
    return replace(luck, of_results=others)


def _figures(luck: Luck, backtest_id: str) -> MetricValues:
    known = luck.of_results.get(backtest_id, LuckOfResult())._asdict() | luck.of_run
    figures = {column: known[column] for column in LUCK_COLUMNS}
    return PackedFigures(
        {column: None if value is None else Decimal(str(float(value))) for column, value in figures.items()}
    )
