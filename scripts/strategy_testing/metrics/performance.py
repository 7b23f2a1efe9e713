"""The formulas behind figures that LEAN does not report, or reports otherwise. Pure: series in, figures out."""

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strategy_testing.metrics.benchmark import BuyAndHold

_TRADING_DAYS_PER_YEAR = 252
_SECONDS_PER_DAY = 86400
_DECIMALS = Decimal("0.000001")
_WITHOUT_LOSS = Decimal(10)
_MOST_GROWTH = 1e9
"""No market made more; a damaged chart does."""


def buy_and_hold(name: str, prices: ArrayLike, days: float) -> BuyAndHold | None:
    """Buying at the first price and holding to the last.

    Args:
        name: of the benchmark.
        prices: adjusted, one a trading day, the first from before the period; only positive ones.
        days: of the period, as LEAN counts them for the annual return: from its first midnight to its last sample.

    Returns:
        None without two prices, or where the period is too short for an annual figure.
    """
    held = np.asarray(prices, np.float64)
    if len(held) < 2 or days <= 0:
        return None
    growth = float(held[-1]) / float(held[0])
    try:
        annual = growth ** (365 / days) - 1  # LEAN: Statistics.CompoundingAnnualPerformance, with years of 365 days
    except OverflowError:  # an hour's jump, made a year's
        return None
    if not max(growth, annual) < _MOST_GROWTH:
        return None
    return BuyAndHold(
        name=name,
        total_return=_rounded(growth - 1),
        annual_return=_rounded(annual),
        sharpe=daily_sharpe_ratio(held[1:] / held[:-1] - 1),
        max_drawdown=_rounded(float((1 - held / np.maximum.accumulate(held)).max())),
    )


def daily_sharpe_ratio(returns: ArrayLike) -> Decimal | None:
    """Mean / sample standard deviation (n - 1) of daily returns, times the root of 252, no risk-free rate taken off.

    Sharpe 1994, "The Sharpe Ratio", with the differential return against nothing; rounded to 6 decimals.

    Args:
        returns: fractions, of trading days only.

    Returns:
        None where the returns do not vary.
    """
    values = np.asarray(returns, np.float64)
    if len(values) < 2:
        return None
    mean = math.fsum(values.tolist()) / len(values)
    variance = math.fsum(((values - mean) ** 2).tolist()) / (len(values) - 1)
    return _rounded(mean / math.sqrt(variance) * math.sqrt(_TRADING_DAYS_PER_YEAR)) if variance > 0 else None


def days_under_water(equity: NDArray[np.float64]) -> Decimal:
    """The longest time from an equity peak until it is reached again, or until the last point where it never is.

    Args:
        equity: a column of times in seconds, in order, and one of dollars; at least one point.

    Returns:
        Days, rounded to whole ones.
    """
    moments, values = equity[:, 0], equity[:, 1]
    is_peak = values == np.maximum.accumulate(values)
    last_peaks = moments[np.maximum.accumulate(np.where(is_peak, np.arange(len(values)), 0))]
    is_under = ~(is_peak[1:] & is_peak[:-1])
    longest = float((moments[1:] - last_peaks[:-1])[is_under].max(initial=0.0))
    return Decimal(round(longest / _SECONDS_PER_DAY))


def net_trade_figures(trades: Sequence[tuple[Decimal, Decimal]]) -> dict[str, Decimal]:
    """Figures of closed round trips after fees, by column; a trade that comes out at 0 is neither won nor lost.

    Args:
        trades: profit before fees and fees of each, dollars, in the order in which they were closed.

    Returns:
        Without a loss the profit factor is 10, and without a trade 0, as LEAN has it for its own.
    """
    nets = [profit - fees for profit, fees in trades]
    wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
    in_a_row = longest = 0
    for net in nets:
        in_a_row = in_a_row + 1 if net < 0 else 0
        longest = max(longest, in_a_row)
    won, lost = sum(wins, Decimal(0)), -sum(losses, Decimal(0))
    return {
        "winning_trades": Decimal(len(wins)),
        "losing_trades": Decimal(len(losses)),
        "max_consecutive_losing_trades": Decimal(longest),
        "profit_factor": (won / lost).quantize(_DECIMALS) if lost else _WITHOUT_LOSS if won else Decimal(0),
    }


def _rounded(value: float) -> Decimal:
    return Decimal(str(round(value, 6)))
