"""Asks the database for what was run before, and says which names it knows where it is asked for another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.database.connection import Database, Row
from strategy_testing.errors import UserError

BEST = 5
"""Combinations that the end of a run shows."""
_NEAR_MISSES = 3


@dataclass(frozen=True)
class RunSheet:
    """What is shown of one run: rows of the statements of sql/history.sql."""

    run: Row
    best: Sequence[Row]
    reasons: Sequence[Row]
    near_misses: Sequence[Row]


@dataclass(frozen=True)
class Filter:
    """Which runs are listed."""

    strategy: str | None = None
    status: str | None = None
    since: date | None = None
    """The first day (UTC) on which one may have begun."""
    limit: int = 20


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side."""

    first: Row
    second: Row
    inputs: tuple[Row, Row]
    """What each one's results were made of."""
    combinations: Sequence[Row]


def hidden_parameters(run: Row) -> tuple[str, ...]:
    """Parameters that are the same in all backtests of a run; those of an analysis differ in their days."""
    return () if run["part"] else FIXED_PARAMETERS


def run_sheet(database: Database, run_id: int) -> RunSheet:
    """What is shown of a run.

    Raises:
        UserError: there is no such run.
    """
    with database.transaction():
        return RunSheet(
            run=_run(database, run_id),
            best=database.rows("best_results", {"run": run_id, "limit": BEST}),
            reasons=database.rows("reasons_of_run", {"run": run_id}),
            near_misses=database.rows("near_misses_of_run", {"run": run_id, "limit": _NEAR_MISSES}),
        )


def listed_runs(database: Database, wanted: Filter) -> list[Row]:
    """The newest runs that are wanted; each row says how many there are.

    Raises:
        UserError: there is no strategy of that name.
    """
    with database.transaction():
        if wanted.strategy is not None:
            names = [row["name"] for row in database.rows("strategy_names")]
            if wanted.strategy not in names:
                raise UserError(f"--strategy {wanted.strategy}: no such strategy", suggested(wanted.strategy, names))
        return database.rows("list_runs", vars(wanted))


def best_results(database: Database, count: int, run_id: int | None) -> list[Row]:
    """The best combinations of a run, or over all runs, each once.

    Raises:
        UserError: there is no such run.
    """
    with database.transaction():
        if run_id is not None:
            _run(database, run_id)
        return database.rows("best_results", {"run": run_id, "limit": count})


def compared_runs(database: Database, first: int, second: int) -> Comparison:
    """The combinations of two runs side by side.

    Raises:
        UserError: there is no such run, or they are the same.
    """
    if first == second:
        raise UserError(f"--compare {first} {second}: that is one run", "name two")
    with database.transaction():
        runs = (_run(database, first), _run(database, second))
        hidden = [] if any(run["part"] for run in runs) else list(FIXED_PARAMETERS)
        given = {"first": first, "second": second, "hidden": hidden}
        inputs = [database.rows("inputs_of_run", {"run": run_id})[0] for run_id in (first, second)]
        return Comparison(*runs, (inputs[0], inputs[1]), database.rows("compared_results", given))


def suggested(name: str, known: Sequence[str]) -> str:
    """`did you mean RSI?`, or all that are known."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known) or 'none yet'}"


def _run(database: Database, run_id: int) -> Row:
    rows = database.rows("run_sheet", {"run": run_id})
    if not rows:
        raise UserError(f"run {run_id}: no such run", "--list shows them")
    return rows[0]
