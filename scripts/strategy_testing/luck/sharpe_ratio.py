"""How sure a Sharpe ratio is: from the moments of its returns. All ratios are per period, such as a trading day."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategy_testing.luck.expectations import NORMAL

TRADING_DAYS_PER_YEAR = 252
CONFIDENCE = 0.95
_NOISE = 1e-12
"""Standard deviations below this share of the largest return are rounding, not movement."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What the returns of one series are like."""

    sharpe: float
    """Mean / sample standard deviation (n - 1), per period, no interest taken off; 0 where they never move."""
    skewness: float
    """Third standardised moment of the sample (division by n), 0 for a normal."""
    kurtosis: float
    """Fourth one, not the excess: 3 for a normal."""
    count: int
    """Periods."""


def moments(returns: NDArray[np.float64]) -> list[Moments]:
    """Of each column of a matrix, periods by series; at least two periods."""
    count = len(returns)
    centred = returns - returns.mean(axis=0)
    squares = centred**2
    variance = squares.mean(axis=0)
    moves = np.sqrt(variance) > _NOISE * np.maximum(np.abs(returns).max(axis=0), 1e-300)
    scale = np.where(moves, variance, 1.0)
    skewness = np.where(moves, (squares * centred).mean(axis=0) / scale**1.5, 0.0)
    kurtosis = np.where(moves, (squares**2).mean(axis=0) / scale**2, 3.0)
    sharpe = np.where(moves, returns.mean(axis=0) / np.sqrt(scale * count / (count - 1)), 0.0)
    return [Moments(float(s), float(g), float(k), count) for s, g, k in zip(sharpe, skewness, kurtosis, strict=True)]


def probabilistic_sharpe_ratio(of: Moments, against: float = 0.0) -> float:
    """The probability that the true Sharpe ratio is above `against`, a fraction (PSR).

    Bailey & López de Prado 2012, "The Sharpe Ratio Efficient Frontier", SSRN 1821643.
    """
    return NORMAL.cdf((of.sharpe - against) * math.sqrt(of.count - 1) / math.sqrt(_variance(of)))


def min_track_record(of: Moments, against: float = 0.0, confidence: float = CONFIDENCE) -> float:
    """Periods needed until the PSR reaches the confidence (MinTRL); infinite where the ratio is not above `against`.

    From the same paper.
    """
    if of.sharpe <= against:
        return math.inf
    return 1 + _variance(of) * (NORMAL.inv_cdf(confidence) / (of.sharpe - against)) ** 2


def _variance(of: Moments) -> float:
    """Of the estimated ratio, times n - 1; it is positive for the moments of any real sample (kurtosis > skewness²)."""
    return max(1 - of.skewness * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2, 1e-12)
