"""Figures and counts as people read them, and the years that annual ones are divided by."""

from datetime import date
from decimal import Decimal

from strategy_testing.metrics.catalogue import Unit

DAYS_PER_YEAR = Decimal("365.25")
DECIMALS = {Unit.COUNT: 0, Unit.RATIO: 2, Unit.FRACTION: 1, Unit.DOLLARS: 2, Unit.DAYS: 0}
"""Decimals that people are shown of a unit."""


def years_between(start: date, end: date) -> Decimal:
    """The years from the first day to the last, both included."""
    return (Decimal((end - start).days) + 1) / DAYS_PER_YEAR


def format_value(value: Decimal, unit: Unit, decimals: int | None = None) -> str:
    """A figure for people: 67.4%, $674.04, 1.80, 8; n/a for one that is none."""
    if not value.is_finite():
        return "n/a"
    places = DECIMALS[unit] if decimals is None else decimals
    shown = value * 100 if unit is Unit.FRACTION else value
    # The format rounds half to even, as quantize does, and has no limit of digits.
    text = f"{abs(shown):,.{places}f}" if unit is Unit.DOLLARS else f"{abs(shown):.{places}f}"
    sign = "-" if shown < 0 and text.strip("0.,") else ""
    if unit is Unit.FRACTION:
        return f"{sign}{text}%"
    return f"{sign}${text}" if unit is Unit.DOLLARS else f"{sign}{text}"


def number_of(count: int | Decimal, what: str) -> str:
    """`1 backtest`, `72 backtests`; the plural of what is counted ends in s."""
    return f"{count} {what}{'' if count == 1 else 's'}"
