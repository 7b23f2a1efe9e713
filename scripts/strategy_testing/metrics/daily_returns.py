"""The daily returns of a backtest: which of LEAN's are those of trading days, and how they are kept. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SECONDS_PER_DAY = 86400
_SECONDS_TO_CLOSE = 22 * 3600  # of any market that closes; a day on which the clocks change has 23 hours
_WEEKDAY_OF_DAY_0, _SATURDAY, _DAYS_PER_WEEK = 3, 5, 7  # 1970-01-01 was a Thursday
_MOST_SILENT_DAYS = 0.07
"""Share of all days: a tenth of the weekdays. Ten holidays a year are 0.027, and some days lack their sample."""
_FIRST_DAY, _DAYS_SINCE, _RETURN = np.dtype("<i4"), np.dtype("<u2"), np.dtype("<f4")
_BYTES_PER_DAY = _DAYS_SINCE.itemsize + _RETURN.itemsize
_FARTHEST = np.iinfo(_DAYS_SINCE).max

Points = NDArray[np.float64]
"""Two columns: Unix times in order, and values."""


def points(pairs: ArrayLike) -> Points:
    """Pairs of a time and a value, of which there may be none, as two columns."""
    return np.asarray(pairs, np.float64).reshape(-1, 2)


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
    if len(returns) < 2:
        return DailyReturns(np.array([], "datetime64[D]"), np.array([]))
    ends, percents = returns[:, 0], returns[:, 1]
    was_open = percents != 0
    places = np.searchsorted(ends, equity[:, 0])
    reached = np.append(ends, np.nan)[places] == equity[:, 0]  # a midnight is the end of a day, and within none
    was_open[places[~reached & (places < len(ends))]] = True
    if ends[-1] - ends[-2] < _SECONDS_TO_CLOSE:
        was_open[-1] = True  # the last return ends with the last sample, at the close of that day
    levels = _levels(benchmark, ends)
    was_open[1:] |= (levels[:-1] != levels[1:]) & ~(np.isnan(levels[:-1]) & np.isnan(levels[1:]))
    numbers = numbers_of_days(ends[:-1])
    silent = ~was_open[1:] & ((numbers + _WEEKDAY_OF_DAY_0) % _DAYS_PER_WEEK < _SATURDAY)
    counts = was_open[1:] | (silent if silent.sum() > _MOST_SILENT_DAYS * len(ends) else False)
    return DailyReturns(numbers[counts].astype("datetime64[D]"), percents[1:][counts] / 100)


def _levels(benchmark: Points, moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """The benchmark's price at exactly these moments; not a number where it has none."""
    if not len(benchmark):
        return np.full(len(moments), np.nan)
    places = np.searchsorted(benchmark[:, 0], moments, side="right") - 1
    return np.where((places >= 0) & (benchmark[places, 0] == moments), benchmark[places, 1], np.nan)


def numbers_of_days(midnights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of the days that begin there, since 1970-01-01: at its noon each is the same in UTC, in almost any zone."""
    return ((midnights + SECONDS_PER_DAY / 2) // SECONDS_PER_DAY).astype(np.int64)


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
    return DailyReturns(days_of(packed), values_of(packed))


def days_of(packed: bytes) -> NDArray[np.datetime64]:
    """Only the days; errors as unpack."""
    count = count_of(packed)
    first = np.frombuffer(packed, _FIRST_DAY, 1).astype(np.int64)
    since = np.frombuffer(packed, _DAYS_SINCE, count, _FIRST_DAY.itemsize).astype(np.int64)
    return (first + np.cumsum(since)).astype("datetime64[D]")


def values_of(packed: bytes) -> NDArray[np.float64]:
    """Only the returns; errors as unpack."""
    count = count_of(packed)
    return np.frombuffer(packed, _RETURN, count, len(packed) - count * _RETURN.itemsize).astype(np.float64)


def calendar_of(packed: bytes) -> bytes:
    """What tells the days, the same for the same ones; errors as unpack."""
    return packed[: len(packed) - count_of(packed) * _RETURN.itemsize]


def count_of(packed: bytes) -> int:
    """How many days there are; errors as unpack."""
    count, rest = divmod(len(packed) - _FIRST_DAY.itemsize, _BYTES_PER_DAY)
    if count < 1 or rest:
        raise ValueError(f"{len(packed)} bytes are no packed daily returns")
    return count
