"""The daily returns of a backtest: which of LEAN's are those of trading days, and how they are kept. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SECONDS_PER_DAY = 86400
_SECONDS_TO_CLOSE = 22 * 3600  # of any market that closes; a day on which the clocks change has 23 hours
_WEEKDAY_OF_DAY_0, _SATURDAY, _DAYS_PER_WEEK = 3, 5, 7  # 1970-01-01 was a Thursday
_MOST_SILENT_DAYS = 0.07
"""Share of all days: a tenth of the weekdays. Ten holidays a year are 0.027, and some days lack their sample."""
_FIRST_DAY, _DAYS_SINCE, _RETURN = np.dtype("<i4"), np.dtype("<u2"), np.dtype("<f4")
_BYTES_PER_DAY = _DAYS_SINCE.itemsize + _RETURN.itemsize
_FARTHEST = np.iinfo(_DAYS_SINCE).max

Points = Sequence[tuple[float, float]]
"""Unix times in order, and values."""


@dataclass(frozen=True, eq=False)
class DailyReturns:
    """The returns of a backtest's trading days."""

    days: NDArray[np.datetime64]
    """Dates (`datetime64[D]`), rising, of the market's own time zone."""
    values: NDArray[np.float64]
    """Fractions, as many as days."""


def of_trading_days(equity: Points, returns: Points, benchmark: Points) -> DailyReturns:
    """The returns of trading days out of LEAN's, which are those of all calendar days.

    The market was open where the equity was sampled within the day, or something moved. LEAN's charts have some 4,000
    samples, so that those of more than eleven years are too coarse to tell: where too many weekdays show nothing, all
    weekdays count. A day that is dropped wrongly, a few in a thousand, had a return of 0.

    Args:
        equity: LEAN's samples of it.
        returns: percent, one a calendar day, each at the midnight behind its day; the first only begins the second's.
        benchmark: its price at each of these; where it has none, that tells nothing.
    """
    ends = [moment for moment, _ in returns]
    midnights, levels = set(ends), dict(benchmark)
    sampled = {bisect_left(ends, moment) for moment, _ in equity if moment not in midnights}
    if len(ends) > 1 and ends[-1] - ends[-2] < _SECONDS_TO_CLOSE:
        sampled.add(len(ends) - 1)  # the last return ends with the last sample, at the close of that day
    was_open = [
        day in sampled or percent != 0 or levels.get(ends[day - 1]) != levels.get(end)
        for day, (end, percent) in enumerate(returns)
    ]
    silent = {day for day in range(1, len(ends)) if not was_open[day] and _is_weekday(ends[day - 1])}
    counted_too = silent if len(silent) > _MOST_SILENT_DAYS * len(ends) else ()
    open_days = [day for day in range(1, len(ends)) if was_open[day] or day in counted_too]
    numbers = np.array([number_of_day(ends[day - 1]) for day in open_days], np.int64)
    return DailyReturns(numbers.astype("datetime64[D]"), np.array([returns[day][1] / 100 for day in open_days]))


def number_of_day(midnight: float) -> int:
    """Of the day that begins there, since 1970-01-01: at its noon it is the same in UTC, in almost any zone."""
    return int((midnight + SECONDS_PER_DAY / 2) // SECONDS_PER_DAY)


def _is_weekday(midnight: float) -> bool:
    return (number_of_day(midnight) + _WEEKDAY_OF_DAY_0) % _DAYS_PER_WEEK < _SATURDAY


def pack(returns: DailyReturns) -> bytes | None:
    """Returns as they are stored: 4 bytes, and 6 for each day, which the database compresses further.

    All numbers have the least significant byte first: the first day's, since 1970-01-01, signed in 4 bytes; for each
    day how many days it comes after the one before, 0 for the first, in 2 bytes; for each day the return, a fraction,
    as an IEEE 754 number of 4 bytes, which holds the seven digits that LEAN reports.

    Returns:
        None without a day, or where the days do not rise, so that it cannot be told whose the returns are.
    """
    numbers = returns.days.astype("datetime64[D]").astype(np.int64)
    steps = np.diff(numbers)
    with np.errstate(over="ignore"):
        values = returns.values.astype(_RETURN)
    if not len(numbers) or (steps < 1).any() or (steps > _FARTHEST).any() or not np.isfinite(values).all():
        return None
    since = np.concatenate(([0], steps)).astype(_DAYS_SINCE)
    return numbers[:1].astype(_FIRST_DAY).tobytes() + since.tobytes() + values.tobytes()


def unpack(packed: bytes) -> DailyReturns:
    """What `pack` packed.

    Raises:
        ValueError: it is something else.
    """
    count, rest = divmod(len(packed) - _FIRST_DAY.itemsize, _BYTES_PER_DAY)
    if count < 1 or rest:
        raise ValueError(f"{len(packed)} bytes are no packed daily returns")
    first = np.frombuffer(packed, _FIRST_DAY, 1).astype(np.int64)
    since = np.frombuffer(packed, _DAYS_SINCE, count, _FIRST_DAY.itemsize).astype(np.int64)
    values = np.frombuffer(packed, _RETURN, count, _FIRST_DAY.itemsize + count * _DAYS_SINCE.itemsize)
    return DailyReturns((first + np.cumsum(since)).astype("datetime64[D]"), values.astype(np.float64))
