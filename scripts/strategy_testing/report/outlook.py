"""What configs would take: their table, their sum, and whether running them needs a yes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from strategy_testing.console import shown_path
from strategy_testing.errors import UserError
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value, number_of

ASSUMED_MEGABYTES = Decimal("1.7")
"""A backtest's files on disk where the strategy has left none; 1.55 were measured, daily prices over nine years."""
_MOST_BACKTESTS = 1000
_MOST_HOURS = 24
_HEADERS = ("Strategy", "Config", "Backtests", "Minutes", "Fees", "Disk MB", "Verdict")
_NUMBERS = ("Backtests", "Minutes", "Fees", "Disk MB")


@dataclass(frozen=True)
class Outlook:
    """What one config would take; None for what nobody knows beforehand."""

    backtests: int | None
    minutes: Decimal | None
    megabytes: Decimal | None
    """On disk."""
    is_disk_assumed: bool = False
    """Whether no earlier run tells."""
    is_at_most: bool = False
    """Whether it takes less than the minutes: they are of cold engines, and its own are warm."""


@dataclass(frozen=True)
class PreviewLine:
    """A config of a batch before it runs."""

    strategy: str
    config: Path
    verdict: str
    """Of its fees, or why it cannot run."""
    fee_pct: Decimal | None = None
    """The estimated fees as a fraction of the capital."""
    outlook: Outlook | None = None
    """None for a config that cannot run."""


def outlook_table(lines: Sequence[PreviewLine]) -> str:
    """A line for each config, in the order of the file."""
    alignment = tuple("right" if header in _NUMBERS else "left" for header in _HEADERS)
    from tabulate import tabulate  # noqa: PLC0415 - slow to import, and only needed here

    return tabulate([_cells(line) for line in lines], _HEADERS, disable_numparse=True, colalign=alignment)


def in_all(outlooks: Sequence[Outlook]) -> str:
    """`2 configs: 558 backtests, at least 1.1 hours one config after the other, 866 MB of disk`."""
    is_at_most = any(each.is_at_most for each in outlooks)
    hours = _total([None if each.minutes is None else each.minutes / 60 for each in outlooks], 1, is_at_most=is_at_most)
    return (
        f"{number_of(len(outlooks), 'config')}: {_total([each.backtests for each in outlooks], 0)} backtests, "
        f"{hours} hours one config after the other, {_total([each.megabytes for each in outlooks], 0)} MB of disk"
    )


def refuse_without_yes(outlooks: Sequence[Outlook]) -> None:
    """Refuses what nobody should start by mistake.

    Raises:
        UserError: more than 1,000 backtests, or more than a day by what is known.
    """
    backtests = sum(each.backtests or 0 for each in outlooks)
    hours = sum((each.minutes or Decimal(0) for each in outlooks), Decimal(0)) / 60
    if backtests > _MOST_BACKTESTS or hours > _MOST_HOURS:
        limits = f"more than {_MOST_BACKTESTS:,} backtests, or than {_MOST_HOURS} hours"
        raise UserError(f"{in_all(outlooks)}: nothing was run", f"what takes {limits}, needs --yes")


def _total(values: Sequence[Decimal | int | None], decimals: int, *, is_at_most: bool = False) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "an unknown number of"
    bounds = {(True, False): "at least ", (False, True): "at most ", (True, True): "about "}
    return f"{bounds.get((len(known) < len(values), is_at_most), '')}{sum(known):,.{decimals}f}"


def _cells(line: PreviewLine) -> list[str]:
    fees = "" if line.fee_pct is None else format_value(line.fee_pct, Unit.FRACTION)
    backtests, minutes, megabytes = "", "", ""
    if line.outlook is not None:
        backtests = _shown(line.outlook.backtests, 0)
        minutes = f"{'at most ' if line.outlook.is_at_most else ''}{_shown(line.outlook.minutes, 1)}"
        megabytes = _shown(line.outlook.megabytes, 0)
    return [line.strategy, shown_path(line.config), backtests, minutes, fees, megabytes, line.verdict]


def _shown(value: Decimal | int | None, decimals: int) -> str:
    return "unknown" if value is None else f"{value:,.{decimals}f}"
