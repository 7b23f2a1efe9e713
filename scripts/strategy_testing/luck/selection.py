"""What picking the best of many trials is worth by itself."""

from collections.abc import Sequence

import numpy as np

from strategy_testing.luck.expectations import expected_maximum
from strategy_testing.luck.series import Matrix, Series, blocks_of

_STRIP = 3 << 18
"""Correlations of periods that are in memory at once: six megabytes."""
_PIECE = 1 << 17
"""Of them that are added at once: one megabyte."""
_FEW = 500
"""Trials whose correlations with each other are in memory at once."""


def luck_alone(sharpes: Sequence[float], trials: float) -> float:
    """The best Sharpe ratio to expect of so many trials that are all worth nothing, per period (SR₀ of that paper).

    Args:
        sharpes: of the trials, per period; their sample variance (n - 1) says how far luck carries.
        trials: their number, or the effective number of independent ones.
    """
    return float(np.std(sharpes, ddof=1)) * expected_maximum(trials) if len(sharpes) > 1 else 0.0


def independent_trials(returns: Matrix | Series) -> float:
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
    squares, moving = _squared_correlations(returns)
    pairs = trials * (trials - 1)
    squares = max(0.0, squares - moving)
    real = max(0.0, squares - (pairs - squares) / (periods - 2))
    return float(trials**2 / (trials + real))


def _squared_correlations(returns: Matrix | Series) -> tuple[float, int]:
    """The sum over all pairs of series, each with itself too, and how many of them move."""
    periods, trials = returns.shape
    if trials <= min(periods, _FEW):
        standard, moving = _standard(np.concatenate(list(blocks_of(returns)), axis=1))
        gram = standard.T @ standard
        return _sum_of_squares(gram), moving
    # The same sum from the other side, periods by periods, of which a strip from the diagonal on is made at a time.
    squares, moving, at = 0.0, 0, 0
    of_strip, of_piece = np.empty(max(_STRIP, periods)), np.empty(max(_PIECE, periods))
    while at < periods:
        width = periods - at
        height = min(max(1, _STRIP // width), width)
        strip, moving = of_strip[: height * width].reshape(height, width), 0
        strip[:] = 0.0
        at_once = min(width, max(1, _PIECE // height))
        for standard, moves in map(_standard, blocks_of(returns)):
            for column in range(0, width, at_once):
                piece, other = strip[:, column : column + at_once], standard[at + column : at + column + at_once]
                product = of_piece[: height * len(other)].reshape(height, len(other))
                piece += np.matmul(standard[at : at + height], other.T, out=product)
            moving += moves
        squares += 2 * _sum_of_squares(strip) - _sum_of_squares(strip[:, :height])
        at += height
    return squares, moving


def _sum_of_squares(values: Matrix) -> float:
    return float(np.einsum("ij,ij->", values, values))


def _standard(returns: Matrix) -> tuple[Matrix, int]:
    """Centred columns of length 1, of length 0 where one never moves, and how many move."""
    centred = returns - returns.mean(axis=0)
    lengths = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    centred /= np.where(lengths > 0, lengths, 1.0)
    return centred, int(np.count_nonzero(lengths))
