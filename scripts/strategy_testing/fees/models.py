"""What brokers charge for an order of US stocks or ETFs: one registry, by the names that configs use. Dollars.

Sources:
    lean: LEAN's InteractiveBrokersFeeModel for US equities (version of August 2026), which charges no regulatory fees.
    ib_*: Interactive Brokers' price list for US stocks and ETFs (November 2026): Fixed; Tiered, its first volume tier,
        without exchange and clearing fees, which depend on the exchange; Lite.
    SEC: $20.60 for a million dollars sold, from 2026-04-04 (Section 31 order of 2026-02-27, 91 FR 10643).
    TAF: FINRA's Trading Activity Fee of 2026, at most $9.79 a sale (SR-FINRA-2024-019, 89 FR 93709). The holiday of
        October to December 2026 (SR-FINRA-2026-021) is left out: an estimate is for trading after it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

SEC_FEE = Decimal("0.0000206")
"""Of the value sold."""
TAF = Decimal("0.000195")
"""Dollars a share sold."""
MOST_TAF = Decimal("9.79")
"""Dollars a sale."""

DEFAULT_MODEL = "lean"
PER_TRADE = "per_trade"
"""The name of the model that is per_trade_fee alone."""


@dataclass(frozen=True)
class FeeModel:
    """A price a share within a minimum and a maximum an order, and what a sale pays on top."""

    label: str
    per_share: Decimal
    """Dollars a share."""
    minimum: Decimal
    """Dollars an order."""
    maximum_fraction: Decimal
    """Of the order's value."""
    minimum_wins: bool = False
    """Whether the minimum is charged even where it is above the maximum."""
    has_regulatory_fees: bool = True
    """Whether sales pay the SEC's and FINRA's fees."""

    def commission(self, order_value: Decimal, shares: Decimal) -> Decimal:
        """Dollars for one order of this value (dollars) and number of shares."""
        fee, most = self.per_share * shares, self.maximum_fraction * order_value
        if self.minimum_wins:
            return max(self.minimum, min(fee, most))
        return min(max(self.minimum, fee), most)

    def sale_fee(self, order_value: Decimal, shares: Decimal) -> Decimal:
        """Dollars that a sale of this value (dollars) and number of shares pays beside its commission."""
        return SEC_FEE * order_value + min(TAF * shares, MOST_TAF) if self.has_regulatory_fees else Decimal(0)

    def average_fee(self, order_value: Decimal, shares: Decimal) -> Decimal:
        """Dollars an order where every second one is a sale."""
        return self.commission(order_value, shares) + self.sale_fee(order_value, shares) / 2


FEE_MODELS: Mapping[str, FeeModel] = {
    DEFAULT_MODEL: FeeModel(
        "LEAN", Decimal("0.005"), Decimal("1.00"), Decimal("0.005"), minimum_wins=True, has_regulatory_fees=False
    ),
    "ib_fixed": FeeModel("Interactive Brokers Fixed", Decimal("0.005"), Decimal("1.00"), Decimal("0.01")),
    "ib_tiered": FeeModel("Interactive Brokers Tiered", Decimal("0.0035"), Decimal("0.35"), Decimal("0.01")),
    "ib_lite": FeeModel("Interactive Brokers Lite", Decimal(0), Decimal(0), Decimal(0)),
}
