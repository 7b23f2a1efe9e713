"""Cuts a period into windows: in-sample days, and the out-of-sample days right behind them. Pure."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

_DAY = timedelta(days=1)
_LATEST_FIRST_TRADING_DAY = 4
"""Of a month: no weekend with holidays makes it later."""


class Period(NamedTuple):
    """Some days, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many, of the calendar."""
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        """`2014-01-01 to 2014-12-31`."""
        return f"{self.start} to {self.end}"


@dataclass(frozen=True)
class Window:
    """What is optimised, and what its winner is tested on."""

    number: int
    """From 1."""
    in_sample: Period
    out_of_sample: Period


def cut_windows(
    whole: Period, in_sample_months: int, out_of_sample_months: int, *, anchored: bool, keep_last: bool
) -> list[Window]:
    """Windows of months, each moved on by the out-of-sample months.

    Months are counted from the first day of `whole`; where that is no later than the fourth of its month, before which
    there may have been no trading day, from the first of the month. A month that has no such day ends with its last.

    Args:
        whole: the days to cut; nothing reaches out of them.
        in_sample_months: at least 1.
        out_of_sample_months: at least 1.
        anchored: whether every in-sample part begins with the first day.
        keep_last: whether a last window is kept whose out-of-sample days are cut short.

    Returns:
        Nothing where the period is too short for one.
    """
    origin = whole.start.replace(day=1) if whole.start.day <= _LATEST_FIRST_TRADING_DAY else whole.start
    windows: list[Window] = []
    while True:
        moved = len(windows) * out_of_sample_months
        first = whole.start if anchored or not moved else _months_after(origin, moved)
        begin = _months_after(origin, moved + in_sample_months)
        end = _months_after(origin, moved + in_sample_months + out_of_sample_months) - _DAY
        if begin > whole.end or (end > whole.end and not keep_last):
            return windows
        out_of_sample = Period(begin, min(end, whole.end))
        windows.append(Window(len(windows) + 1, Period(first, begin - _DAY), out_of_sample))


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def window_faults(windows: Sequence[Window], within: Period | None) -> list[tuple[int, str]]:
    """What is wrong with windows that were listed, each with the index of its window.

    Args:
        windows: as they were listed.
        within: the days for which there are to be prices; None where nobody says.
    """
    faults: list[tuple[int, str]] = []
    for index, window in enumerate(windows):
        inside, outside = window.in_sample, window.out_of_sample
        for period in (inside, outside):
            if period.start > period.end:
                faults.append((index, f"{period} ends before it begins; swap the days"))
            elif within is not None and not within.start <= period.start <= period.end <= within.end:
                faults.append((index, f"{period} is not within backtest {within}; move the window or the period"))
        if outside.start != inside.end + _DAY:
            wanted = inside.end + _DAY
            faults.append((index, f"out-of-sample begins on {outside.start}, and in-sample ends on {inside.end}; "
                                  f"begin on the day after, {wanted}"))  # fmt: skip
        before = windows[index - 1].out_of_sample if index else None
        if before is not None and outside.start != before.end + _DAY:
            faults.append((index, f"out-of-sample begins on {outside.start}, and that of the window before ends on "
                                  f"{before.end}; begin on the day after, {before.end + _DAY}"))  # fmt: skip
    return faults
