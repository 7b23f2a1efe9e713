"""Price series for tests; join them with +."""

from __future__ import annotations


def flat(price: float, days: int) -> list[float]:
    """The same price every day."""
    return [float(price)] * days


def ramp(first: float, last: float, days: int) -> list[float]:
    """Equal steps from the first price to the last, both included."""
    if days == 1:
        return [float(last)]
    return [first + (last - first) * day / (days - 1) for day in range(days)]
