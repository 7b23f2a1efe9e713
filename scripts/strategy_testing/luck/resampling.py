"""What other histories of the same kind would have shown: the stationary bootstrap of daily returns.

Politis & Romano 1994, "The Stationary Bootstrap", Journal of the American Statistical Association 89.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from strategy_testing.luck.series import Matrix, Series, blocks_of

SAMPLES = 1000
_SEED = 20140901  # any number: the same returns give the same figures each time
_AT_ONCE = 100
_FEWEST_PERIODS = 20


def mean_block(periods: int) -> int:
    """Mean length of a block: the cube root of the periods (Hall, Horowitz & Jing 1995, Biometrika 82)."""
    return max(1, round(math.cbrt(periods)))


@lru_cache(maxsize=1)  # for one block of series after the other
def occurrences(periods: int, samples: int = SAMPLES) -> NDArray[np.uint16]:
    """How often each period occurs in each sample: samples by periods, to be read only."""
    random = np.random.default_rng(_SEED)
    starts_anew = 1 / mean_block(periods)
    steps = np.arange(periods)
    counts = np.empty((samples, periods), np.uint16)
    for at in range(0, samples, _AT_ONCE):
        count = min(_AT_ONCE, samples - at)
        starts = random.random((count, periods)) < starts_anew
        starts[:, 0] = True
        places = random.integers(0, periods, (count, periods))
        for row in range(count):
            firsts = np.maximum.accumulate(np.where(starts[row], steps, 0))
            drawn = (places[row, firsts] + steps - firsts) % periods
            counts[at + row] = np.bincount(drawn, minlength=periods)
    counts.flags.writeable = False
    return counts


def _means(*values: Matrix) -> list[Matrix]:
    """Of each matrix the mean of each column in each sample, samples by columns. No resampled series is ever made."""
    periods = len(values[0])
    counts = occurrences(periods)
    means = [np.empty((len(counts), each.shape[1])) for each in values]
    for at in range(0, len(counts), _AT_ONCE):
        weights = counts[at : at + _AT_ONCE] / periods
        for each, found in zip(values, means, strict=True):
            np.matmul(weights, each, out=found[at : at + _AT_ONCE])
    return means


def sharpe_intervals(returns: Matrix | Series, confidence: float = 0.95) -> Matrix:
    """The lower and upper end of each series' Sharpe ratio, per period: the percentiles of its resampled ones.

    Args:
        returns: periods by series, at least two periods.
        confidence: a fraction.
    """
    tail = (1 - confidence) / 2
    return np.concatenate([_intervals(block, (tail, 1 - tail)) for block in blocks_of(returns)], axis=1)


def _intervals(returns: Matrix, ends: tuple[float, float]) -> Matrix:
    periods = len(returns)
    ratios, squares = _means(returns, returns**2)
    variance = (squares - ratios**2) * (periods / (periods - 1))
    still = variance <= 1e-24 + 1e-12 * squares
    if still.any():
        variance[still], ratios[still] = 1.0, 0.0
    ratios /= np.sqrt(variance, out=variance)
    quantiles: Matrix = np.quantile(ratios, ends, axis=0, overwrite_input=True)
    return quantiles


def superior_predictive_ability(returns: Matrix | Series, benchmark: NDArray[np.float64]) -> float | None:
    """The probability that the best of all is so far above the benchmark by luck alone: the p-value of Hansen's SPA.

    Hansen 2005, "A Test for Superior Predictive Ability", Journal of Business & Economic Statistics 23(4): consistent
    version, studentised by the variance that the stationary bootstrap implies. Small values speak against luck.

    Args:
        returns: periods by combinations, fractions.
        benchmark: of the same periods.

    Returns:
        None where nothing differs from the benchmark, or there are fewer than 20 periods.
    """
    periods = len(benchmark)
    if periods < _FEWEST_PERIODS:
        return None
    statistic, best, is_above = 0.0, np.zeros(SAMPLES), False
    for block in blocks_of(returns):
        above = block - benchmark[:, None]
        above = above[:, above.std(axis=0) > 0]
        if not above.shape[1]:
            continue
        means = above.mean(axis=0)
        deviations = np.sqrt(_variance_of_means(above - means))
        statistic = max(statistic, float((means / deviations).max()))
        threshold = -deviations * math.sqrt(2 * math.log(math.log(periods)))
        centre = np.where(means >= threshold, means, 0.0)
        best = np.maximum(best, ((_means(above)[0] - centre) / deviations).max(axis=1))
        is_above = True
    return float((best >= statistic).mean()) if is_above else None


def _variance_of_means(centred: Matrix) -> Matrix:
    """Of each column's mean, under the stationary bootstrap (Hansen 2005, p. 372)."""
    periods = len(centred)
    stays = 1 - 1 / mean_block(periods)
    lags = np.arange(periods)
    kernel = (periods - lags) / periods * stays**lags + lags / periods * stays ** (periods - lags)
    kernel[0] = 0.5
    variance = np.empty(centred.shape[1])
    for column in range(0, len(variance), _AT_ONCE):
        spectrum = np.fft.rfft(centred[:, column : column + _AT_ONCE], 2 * periods, axis=0)
        covariances = np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:periods] / periods
        variance[column : column + _AT_ONCE] = 2 * kernel @ covariances / periods
    return np.maximum(variance, 1e-24)
