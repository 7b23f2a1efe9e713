"""The probability of backtest overfitting, by combinatorially symmetric cross-validation (CSCV).

Bailey, Borwein, López de Prado & Zhu 2017, "The Probability of Backtest Overfitting", Journal of Computational
Finance 20(4).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from strategy_testing.luck.series import Matrix, Series, blocks_of

MOST_BLOCKS = 16
_FEWEST_BLOCKS = 4
_FEWEST_PERIODS = 20  # of a block: about a month of trading days
_VALUES_AT_ONCE = 1 << 14
"""Of the splits by combinations that are looked at together: they stay near the processor."""
_EDGES = np.arange(-5.0, 5.5, 1.0)


@dataclass(frozen=True)
class Overfitting:
    """What became of the best of one half of the time in the other half, over all ways to halve it."""

    probability: float
    """PBO: the share of splits in which it fell to the median of all or below, a fraction."""
    probability_of_loss: float
    """The share in which its out-of-sample Sharpe ratio is below 0, a fraction."""
    degradation: float
    """Slope of its out-of-sample Sharpe ratio on its in-sample one; below 0, the better it looked the worse it did."""
    splits: int
    logits: tuple[int, ...]
    """Splits by the logit of its out-of-sample rank: below -5, then in steps of 1, then from 5."""


def blocks_for(periods: int) -> int | None:
    """The blocks that so many periods allow, even, at most 16; None where they are too few."""
    most = min(MOST_BLOCKS, periods // _FEWEST_PERIODS // 2 * 2)
    return most if most >= _FEWEST_BLOCKS else None


def overfitting(returns: Matrix | Series, blocks: int) -> Overfitting:
    """Ranks, in each split, the in-sample winner among all out of sample.

    Args:
        returns: periods by combinations, at least two that differ; periods that fill no block are dropped in front.
        blocks: equal rows of periods, an even number.

    Returns:
        Ties share the mean of their ranks, so that a combination among equals is at the median.
    """
    length = returns.shape[0] // blocks
    of_blocks = [
        _sums(block[len(block) - length * blocks :].reshape(blocks, length, -1)) for block in blocks_of(returns)
    ]
    sums, squares = (np.concatenate(part, axis=1) for part in zip(*of_blocks, strict=True))
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    chosen = np.zeros((len(halves), blocks))
    np.put_along_axis(chosen, halves, 1.0, axis=1)
    # In this order the last half is all that the first one leaves, and so on inwards: each is looked at once.
    first, rest = chosen[: len(halves) // 2], chosen[: len(halves) // 2 - 1 : -1]
    periods = length * blocks // 2
    at_once = max(1, _VALUES_AT_ONCE // returns.shape[1])
    of_splits = np.empty((3, 2, len(first)))
    for at in range(0, len(first), at_once):
        one, other = (_sharpe(each[at : at + at_once], sums, squares, periods) for each in (first, rest))
        of_splits[:, 0, at : at + at_once] = _ranked(one, other)
        of_splits[:, 1, at : at + at_once] = _ranked(other, one)
    inside, outside, ranks = of_splits.reshape(3, -1)
    share = ranks / (returns.shape[1] + 1)
    logits = np.log(share / (1 - share))
    spread = inside - inside.mean()
    slope = float(spread @ outside / (spread @ spread)) if spread.any() else 0.0
    below, above = int((logits < _EDGES[0]).sum()), int((logits >= _EDGES[-1]).sum())
    between = [int(((logits >= low) & (logits < low + 1)).sum()) for low in _EDGES[:-1]]
    return Overfitting(
        probability=float((logits <= 0).mean()),
        probability_of_loss=float((outside < 0).mean()),
        degradation=slope,
        splits=len(halves),
        logits=(below, *between, above),
    )


def _sums(used: Matrix) -> tuple[Matrix, Matrix]:
    """Of blocks by periods by combinations: the sums of the returns of each block, and of their squares."""
    return used.sum(axis=1), np.einsum("bpc,bpc->bc", used, used)


def _ranked(inside: Matrix, outside: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Of some splits: Sharpe ratio of the winner in and out of sample, and its rank there, 1 the worst."""
    rows, winners = np.arange(len(inside)), inside.argmax(axis=1)
    of_winner = outside[rows, winners]
    below = np.count_nonzero(outside < of_winner[:, None], axis=1)
    equal = np.count_nonzero(outside == of_winner[:, None], axis=1)
    return inside[rows, winners], of_winner, below + (equal + 1) / 2


def _sharpe(chosen: Matrix, sums: Matrix, squares: Matrix, periods: int) -> Matrix:
    """Mean / sample standard deviation (n - 1) over the chosen blocks; 0 where nothing moves."""
    sums, squares = chosen @ sums, chosen @ squares
    means = sums / periods
    variance = squares - sums * means
    variance /= periods - 1
    squares *= 1e-12 / periods
    squares += 1e-24
    still = variance <= squares
    if still.any():
        variance[still], means[still] = 1.0, 0.0
    np.sqrt(variance, out=variance)
    means /= variance
    return means
