"""Brings backlog and database together: its strategies become rows, what is known of them goes into the file."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from strategy_testing.backlog.document import Backlog, Found, with_findings
from strategy_testing.config.yaml_source import read_text
from strategy_testing.database.connection import Database, Row
from strategy_testing.database.queries import findings, mark_deployed, strategy_names
from strategy_testing.database.runs import store_strategy
from strategy_testing.errors import UserError
from strategy_testing.files import write_atomically
from strategy_testing.metrics.domains import without_impossible

_DECIMALS = 4
_MOST_REASONS = 5
_BEST = {
    "passes": "passes",
    "best_sharpe": "sharpe",
    "annual_return": "annual_return",
    "excess_return": "excess_return",
    "max_drawdown": "max_drawdown",
    "total_trades": "trades",
    "fee_pct": "fee_pct",
    "best_parameters": "parameters",
}
"""Columns of the leaderboard, and their keys in the file."""


@dataclass(frozen=True)
class Synced:
    """What a sync did."""

    strategies: int
    new: tuple[str, ...]
    """Strategies that had no row."""
    changed: tuple[str, ...]
    """Strategies whose status or findings changed in the file."""
    unlisted: tuple[str, ...]
    """Strategies of the database that the backlog does not list."""


def sync(database: Database, backlog: Backlog) -> Synced:
    """Makes a row of each strategy, and writes back what was found; doing it again changes nothing.

    Args:
        database: with the current schema.
        backlog: as it was read.

    Raises:
        UserError: the file cannot be written, cannot take the findings, or has changed meanwhile.
        DatabaseError: nothing was stored.
    """
    names = tuple(entry.strategy.name for entry in backlog.entries)
    with database.transaction():
        before = strategy_names(database)
        for entry in backlog.entries:
            store_strategy(database, entry.strategy)
        mark_deployed(database, [entry.strategy.name for entry in backlog.entries if entry.is_deployed])
        found = {row["strategy"]: _found(row) for row in findings(database) if row["strategy"] in names}
    changed = tuple(
        name for name in names if name in found and with_findings(backlog, {name: found[name]}) != backlog.text
    )
    if changed:
        _write(backlog, with_findings(backlog, found))
    return Synced(
        strategies=len(names),
        new=tuple(name for name in names if name not in before),
        changed=changed,
        unlisted=tuple(sorted(before - set(names))),
    )


def _write(backlog: Backlog, text: str) -> None:
    if read_text(backlog.file) != backlog.text:
        raise UserError(f"{backlog.file}: has been changed meanwhile", "do it again")
    try:
        write_atomically(backlog.file, text)
    except OSError as error:
        raise UserError(
            f"{backlog.file}: cannot be written: {error.strerror}", "the database has its strategies"
        ) from None


def _found(row: Row) -> Found:
    best = {key: _plain(row[column]) for column, key in _BEST.items()}
    walked = {"sharpe": _plain(row["out_of_sample_sharpe"]), "passes": row["walk_forward_passed"]}
    reasons = row["reasons"] or []
    more = [f"and {len(reasons) - _MOST_REASONS} more"] if len(reasons) > _MOST_REASONS else []
    whole = {
        "run": row["run"],
        "evidence": row["evidence"],
        "best": _known(best),
        "out_of_sample": _known(walked),
        "combinations": row["combinations"] or 0,
        "passed": row["passed"] or 0,
        "failed": row["failed"] or 0,
        "reasons": [*reasons[:_MOST_REASONS], *more],
        "note": row["note"],
    }
    return Found(row["status"], _known(whole))


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known, or empty."""
    return {key: value for key, value in values.items() if value is not None and value not in ({}, [])}


def _plain(value: Any) -> Any:
    """A figure as it is read by people: fractions and ratios to four decimals, whole numbers as such."""
    match value:
        case Decimal():
            known = without_impossible(value)
            return None if known is None else float(round(known, _DECIMALS))
        case Mapping():
            return {key: _number(text) for key, text in value.items()}
        case _:
            return value


def _number(text: Any) -> Any:
    """A parameter's value, which the database has as text."""
    for kind in (int, float):
        with suppress(ValueError, TypeError):
            number = kind(text)
            return number if str(number) == text else text
    return text
