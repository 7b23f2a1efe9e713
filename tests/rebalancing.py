"""Made prices over three selections, for the strategies that renew their holdings at fixed intervals."""

from collections.abc import Sequence

Closes = Sequence[float | None]
FIRST = 10
"""The day of the first selection."""
EVERY = 4
"""Days from one to the next."""
DAYS = FIRST + 2 * EVERY + 2


def growing(percent: float, start: float = 100, days: int = DAYS) -> list[float]:
    """Prices that grow by so much a day."""
    return [start * (1 + percent / 100) ** day for day in range(days)]


def turning(percent: float, after: float, day: int) -> list[float]:
    """Prices that grow by so much a day, and by something else from a day on."""
    before = growing(percent, days=day)
    return before + growing(after, before[-1] * (1 + after / 100), DAYS - day)


def without(closes: Closes, *days: int) -> list[float | None]:
    return [None if day in days else close for day, close in enumerate(closes)]
