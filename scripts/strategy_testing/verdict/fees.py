"""What a run's backtests really paid in fees, beside what was expected. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.fees.estimate import ExpectedFees
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.results.backtest import BacktestResult, BacktestStatus

_SUSPICIOUS_RATIO = 2
"""How often the average may hold the estimate before it is doubted."""


@dataclass(frozen=True)
class PaidFees:
    """The fees of a run's backtests that ran to their end, each in dollars and as a fraction of the capital."""

    average: tuple[Decimal, Decimal]
    worst: tuple[Decimal, Decimal]
    expected: ExpectedFees | None
    """None where nothing was estimated."""
    orders: Decimal | None = None
    """Of a backtest on average."""

    def __str__(self) -> str:
        """`fees: estimated $60 (6.0%), average $146 (14.6%), worst $310 (31.0%)`."""
        estimated = "not estimated"
        if self.expected is not None:
            estimated = f"estimated {_shown(self.expected.estimated_fees, self.expected.estimated_fee_pct)}"
        return f"fees: {estimated}, average {_shown(*self.average)}, worst {_shown(*self.worst)}"

    @property
    def orders_said(self) -> str | None:
        """`orders: estimated 180, average 77`; None where one of the two is not known."""
        if self.expected is None or self.orders is None:
            return None
        return f"orders: estimated {self.expected.estimated_orders}, average {self.orders:.0f}"

    def warnings(self) -> Iterator[str]:
        """What makes the estimate doubtful, with what to do."""
        if self.expected is not None and self.average[0] > _SUSPICIOUS_RATIO * self.expected.estimated_fees:
            yield (
                f"the backtests paid {_shown(*self.average)} in fees on average, more than twice the estimated "
                f"{_shown(self.expected.estimated_fees, self.expected.estimated_fee_pct)}; correct "
                "fee_assumptions.expected_trades_per_year, or the model of the fees"
            )


def paid_fees(results: Sequence[BacktestResult], expected: ExpectedFees | None) -> PaidFees | None:
    """What the results paid; None where none of them tells.

    Args:
        results: the backtests of one run; those that failed are passed over.
        expected: the run's estimate.
    """
    finished = [result.metrics for result in results if result.status is BacktestStatus.COMPLETED]
    figures = [(metrics.get("total_fees"), metrics.get("fee_pct")) for metrics in finished]
    paid = [(dollars, share) for dollars, share in figures if dollars is not None and share is not None]
    if not paid:
        return None
    dollars, shares = (sum(column, Decimal(0)) / len(paid) for column in zip(*paid, strict=True))
    orders = [count for metrics in finished if (count := metrics.get("total_orders")) is not None]
    average_orders = sum(orders, Decimal(0)) / len(orders) if orders else None
    return PaidFees((dollars, shares), max(paid, key=lambda each: each[1]), expected, average_orders)


def _shown(dollars: Decimal, fraction: Decimal) -> str:
    return f"{format_value(dollars, Unit.DOLLARS, 0)} ({format_value(fraction, Unit.FRACTION)})"
