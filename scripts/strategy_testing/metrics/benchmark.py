"""What a backtest is compared with. Its formulas are in metrics/performance.py, which takes numpy."""

from dataclasses import dataclass, field
from decimal import Decimal


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
