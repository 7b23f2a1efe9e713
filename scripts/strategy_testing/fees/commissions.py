"""Commissions of stock orders and what they add up to. Pure arithmetic in dollars.

Sources: LEAN's InteractiveBrokersFeeModel for US equities; Interactive Brokers' published Fixed and Tiered pricing for
US stocks (the first volume tier, without exchange and clearing fees).
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

DAYS_PER_YEAR = Decimal("365.25")
DEFAULT_LIMIT = Decimal("0.30")
"""The fraction of the capital above which fees have been seen to kill a small account."""
DEFAULT_SHARE_PRICE = Decimal(100)


@dataclass(frozen=True)
class CommissionModel:
    """A price a share within a minimum and a maximum an order."""

    name: str
    per_share: Decimal
    """Dollars a share."""
    minimum: Decimal
    """Dollars an order."""
    maximum_fraction: Decimal
    """Of the order's value; it wins over the minimum."""

    def commission(self, order_value: Decimal, shares: Decimal) -> Decimal:
        """Dollars for one order of this value (dollars) and number of shares."""
        return self.capped(max(self.minimum, self.per_share * shares), order_value)

    def capped(self, fee: Decimal, order_value: Decimal) -> Decimal:
        """A fee in dollars, held to the maximum for an order of this value."""
        return min(fee, self.maximum_fraction * order_value)


class Pricing(Enum):
    """The commission models that an estimate can use."""

    LEAN = CommissionModel("LEAN, Interactive Brokers", Decimal("0.005"), Decimal("1.00"), Decimal("0.005"))
    FIXED = CommissionModel("Interactive Brokers Fixed", Decimal("0.005"), Decimal("1.00"), Decimal("0.01"))
    TIERED = CommissionModel("Interactive Brokers Tiered", Decimal("0.0035"), Decimal("0.35"), Decimal("0.01"))


@dataclass(frozen=True)
class FeeEstimate:
    """What an optimization's backtests are expected to pay each."""

    orders: int
    fee_per_order: Decimal
    """Dollars."""
    capital: Decimal
    """Dollars."""
    limit: Decimal
    """Fraction of the capital."""
    basis: str
    """What the figures rest on, for people."""

    @property
    def total_fees(self) -> Decimal:
        """Dollars over the whole backtest."""
        return self.orders * self.fee_per_order

    @property
    def fee_pct(self) -> Decimal:
        """Fees as a fraction of the capital."""
        return self.total_fees / self.capital

    @property
    def exceeds_limit(self) -> bool:
        """Whether the run should stop and be revised."""
        return self.fee_pct > self.limit


def years_between(start: date, end: date) -> Decimal:
    """The years from the first day to the last, both included."""
    return (Decimal((end - start).days) + 1) / DAYS_PER_YEAR


def orders_over(orders_per_year: Decimal, years: Decimal) -> int:
    """Whole orders over a period."""
    return int((orders_per_year * years).quantize(Decimal(1), ROUND_HALF_UP))
