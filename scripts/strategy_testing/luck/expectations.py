"""What luck alone gives so many trials; it takes no returns, and so is known before a run."""

import math
from statistics import NormalDist

NORMAL = NormalDist()
_EULER_MASCHERONI = 0.5772156649015329


def expected_maximum(trials: float) -> float:
    """The expected largest of so many independent standard normal values; 0 for one.

    Bailey & López de Prado 2014, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5).
    """
    if trials <= 1:
        return 0.0
    first, second = NORMAL.inv_cdf(1 - 1 / trials), NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    # Just above one trial the approximation falls below that of one.
    return max(0.0, (1 - _EULER_MASCHERONI) * first + _EULER_MASCHERONI * second)


def min_backtest_years(trials: float, annual_sharpe: float = 1.0) -> float:
    """Years below which so many trials worth nothing are expected to show an annual Sharpe ratio (MinBTL).

    Bailey, Borwein, López de Prado & Zhu 2014, "Pseudo-Mathematics and Financial Charlatanism", SSRN 2308659.
    """
    return (expected_maximum(trials) / annual_sharpe) ** 2
