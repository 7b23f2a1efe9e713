"""The formulas behind figures that LEAN does not report, or reports otherwise. Pure: series in, figures out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

_TRADING_DAYS_PER_YEAR = 252
_SECONDS_PER_DAY = 86400
_DECIMALS = Decimal("0.000001")
_WITHOUT_LOSS = Decimal(10)
_MOST_GROWTH = 1e9
"""No market made more; a damaged chart does."""


@dataclass(frozen=True)
class BuyAndHold:
    """What holding the benchmark would have made over a backtest's days, without fees."""

    name: str
    """Its ticker, or words where that is not known."""
    total_return: Decimal
    """A fraction."""
    annual_return: Decimal
    """A fraction, compounding as LEAN's own."""
    sharpe: Decimal | None
    """As daily_sharpe_ratio; None without two days that differ."""
    max_drawdown: Decimal
    """A positive fraction."""
    daily_returns: bytes | None = field(default=None, compare=False)
    """Of trading days, packed by metrics/daily_returns.py; a chart lacks those on which the price stayed as it was."""


def buy_and_hold(name: str, prices: Sequence[float], days: float) -> BuyAndHold | None:
    """Buying at the first price and holding to the last.

    Args:
        name: of the benchmark.
        prices: adjusted, one a trading day, the first from before the period; only positive ones.
        days: of the period, as LEAN counts them for the annual return: from its first midnight to its last sample.

    Returns:
        None without two prices, or where the period is too short for an annual figure.
    """
    if len(prices) < 2 or days <= 0:
        return None
    growth = prices[-1] / prices[0]
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
        sharpe=daily_sharpe_ratio([after / before - 1 for before, after in pairwise(prices)]),
        max_drawdown=_rounded(_max_drawdown(prices)),
    )


def daily_sharpe_ratio(returns: Sequence[float]) -> Decimal | None:
    """Mean / sample standard deviation (n - 1) of daily returns, times the root of 252, no risk-free rate taken off.

    Sharpe 1994, "The Sharpe Ratio", with the differential return against nothing; rounded to 6 decimals.

    Args:
        returns: fractions, of trading days only.

    Returns:
        None where the returns do not vary.
    """
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
    return _rounded(mean / math.sqrt(variance) * math.sqrt(_TRADING_DAYS_PER_YEAR)) if variance > 0 else None


def days_under_water(equity: Iterable[tuple[float, float]]) -> Decimal:
    """The longest time from an equity peak until it is reached again, or until the last point where it never is.

    Args:
        equity: times in seconds, in order, and dollars.

    Returns:
        Days, rounded to whole ones.
    """
    peak, at_peak, longest, is_under = -math.inf, 0.0, 0.0, False
    for moment, value in equity:
        is_under = is_under or value < peak
        if is_under:
            longest = max(longest, moment - at_peak)
        if value >= peak:
            peak, at_peak, is_under = value, moment, False
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


def _max_drawdown(values: Iterable[float]) -> float:
    peak = deepest = 0.0
    for value in values:
        peak = max(peak, value)
        deepest = max(deepest, 1 - value / peak)
    return deepest
