"""What picking the best of many trials is worth by itself."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strategy_testing.luck.expectations import expected_maximum
from strategy_testing.luck.sharpe_ratio import Moments, probabilistic_sharpe_ratio


def luck_alone(sharpes: Sequence[float], trials: float) -> float:
    """The best Sharpe ratio to expect of so many trials that are all worth nothing, per period (SR₀ of that paper).

    Args:
        sharpes: of the trials, per period; their sample variance (n - 1) says how far luck carries.
        trials: their number, or the effective number of independent ones.
    """
    return float(np.std(sharpes, ddof=1)) * expected_maximum(trials) if len(sharpes) > 1 else 0.0


def deflated_sharpe_ratio(of: Moments, sharpes: Sequence[float], trials: float) -> float:
    """The probability that the true Sharpe ratio is above what luck alone gives, a fraction (DSR of that paper)."""
    return probabilistic_sharpe_ratio(of, luck_alone(sharpes, trials))


def independent_trials(returns: NDArray[np.float64]) -> float:
    """How many independent trials the correlated ones amount to, at least 1, at most their number.

    The eigenvalue measure (Σλ)² / Σλ² of the correlation matrix, Bretherton et al. 1999, "The Effective Number of
    Spatial Degrees of Freedom of a Time-Varying Field", Journal of Climate 12. Σλ² is the sum of all squared
    correlations; from each is taken what chance alone adds (the adjusted R² of Ezekiel 1930), else short series would
    seem alike.

    Args:
        returns: periods by trials; one that never moves correlates with none.
    """
    periods, trials = returns.shape
    if trials < 2 or periods < 3:
        return float(max(trials, 1))
    centred = returns - returns.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    standard = centred / np.where(lengths > 0, lengths, 1.0)
    gram = standard.T @ standard if trials <= periods else standard @ standard.T  # the same sum of squares
    pairs = trials * (trials - 1)
    squares = max(0.0, float((gram**2).sum()) - np.count_nonzero(lengths))
    real = max(0.0, squares - (pairs - squares) / (periods - 2))
    return float(trials**2 / (trials + real))
