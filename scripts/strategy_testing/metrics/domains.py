"""The gate for figures: what of a column's figures can be, and can be stored. Pure."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, MetricValues, Unit

_MOST = Decimal("1E+20")
"""No figure of an account is larger. Six decimals of it fit into the 28 digits of Python's and of .NET's decimals."""
_LEAST = Decimal("1E-28")
"""The smallest that .NET's decimal holds beside 0, in which LEAN computes its figures."""
MOST_COUNTED = 2**31 - 1
"""The largest integer of PostgreSQL's."""
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_COUNTED = (Unit.COUNT, Unit.DAYS)


def gated(values: MetricValues) -> tuple[dict[str, Decimal | None], list[str]]:
    """Figures by column, without those that cannot be, and what is wrong with these, for people.

    Args:
        values: figures by column; whole ones for counts and days.
    """
    wrong = {column: why for column, value in values.items() if (why := _why_not(column, value)) is not None}
    return {column: None if column in wrong else value for column, value in values.items()}, list(wrong.values())


def _why_not(column: str, value: Decimal | None) -> str | None:
    if value is None:
        return None
    metric = METRIC_BY_COLUMN.get(column)
    label = metric.label if metric else column
    if metric is not None and metric.unit in _COUNTED:
        fits = value.is_finite() and 0 <= value <= MOST_COUNTED
    else:
        fits = _can_be(value)
    return None if fits else f"{label} cannot be {_short(value)} and is left empty"


def _can_be(value: Decimal) -> bool:
    return value.is_finite() and (value == 0 or _LEAST <= abs(value) <= _MOST)


def _short(value: Decimal) -> str:
    return f"{value:.3E}" if value.is_finite() else "a number of that size"


def moment_in_range(moment: datetime) -> bool:
    """Whether a time is one that a backtest of market prices can have.

    Args:
        moment: with its time zone.
    """
    return _FIRST <= moment < _LAST


def counted(value: int | None) -> int | None:
    """A count that an integer column holds; None for one that it does not."""
    return value if value is not None and 0 <= value <= MOST_COUNTED else None


def without_impossible(value: Decimal | None) -> Decimal | None:
    """A figure that has no column; None where it cannot be."""
    return value if value is not None and _can_be(value) else None


def decimal_of(value: Any) -> Decimal | None:
    """What a numeric column holds; None also for what an older version has let into it."""
    return None if value is None else without_impossible(Decimal(value))
