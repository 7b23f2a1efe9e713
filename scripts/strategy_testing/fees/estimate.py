"""Estimates the fees of an optimization before money and engine time are lost to them. Pure."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from strategy_testing.config.model import FeeAssumptions, OptimizationConfig
from strategy_testing.fees.models import DEFAULT_MODEL, FEE_MODELS, PER_TRADE
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value, years_between

DEFAULT_LIMIT = Decimal("0.30")
"""The fraction of the capital above which fees have been seen to kill a small account."""
DEFAULT_SHARE_PRICE = Decimal(100)
EARLIER_RUNS = "earlier_runs"
"""The name of the model that is what an order cost in the strategy's earlier runs."""
_BASIS_POINTS = Decimal(10000)
_SHARE_DECIMALS = 6
_STOCKS = ("etf", "equity", "etf_pairs")


@dataclass(frozen=True)
class OrderHistory:
    """What the database knows of a strategy from earlier runs."""

    orders_per_year: Decimal
    fee_per_order: Decimal | None
    """Dollars."""
    backtests: int


@dataclass(frozen=True)
class ExpectedFees:
    """What one backtest of a run was expected to trade and to pay; fields are columns of optimization_runs."""

    estimated_orders: int
    estimated_fees: Decimal
    """Dollars over the whole backtest, rounded to cents."""
    estimated_fee_pct: Decimal
    """Of the capital, a fraction, rounded to 6 decimals."""
    estimated_annual_fee_pct: Decimal
    """The same a year."""
    fee_model: str
    """A name in FEE_MODELS, per_trade or earlier_runs."""


@dataclass(frozen=True)
class FeeEstimate:
    """What an optimization's backtests are expected to pay each; money is dollars."""

    orders: int
    fee_per_order: Decimal
    capital: Decimal
    years: Decimal
    limit: Decimal
    """Of the period's fees, a fraction of the capital."""
    annual_limit: Decimal | None
    """Of a year's fees, a fraction of the capital; None for no such limit."""
    slippage_bps: Decimal
    slippage: Decimal | None
    """Dollars over the whole backtest; None where nothing says what an order is worth. No limit counts it."""
    model: str
    """A name in FEE_MODELS, per_trade or earlier_runs."""
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
    def annual_fee_pct(self) -> Decimal:
        """Fees of a year as a fraction of the capital."""
        return self.fee_pct / self.years

    @property
    def exceeds_limit(self) -> bool:
        """Whether the run should stop and be revised."""
        return self.fee_pct > self.limit or (self.annual_limit is not None and self.annual_fee_pct > self.annual_limit)

    @property
    def expected(self) -> ExpectedFees:
        """What of it is stored with the run."""
        fee_pct, annual_fee_pct = (round(share, _SHARE_DECIMALS) for share in (self.fee_pct, self.annual_fee_pct))
        return ExpectedFees(self.orders, round(self.total_fees, 2), fee_pct, annual_fee_pct, self.model)


@dataclass(frozen=True)
class MissingAssumptions:
    """Why nothing can be estimated, and what to write."""

    needs: tuple[str, ...]
    expected: ClassVar[None] = None
    """Nothing is stored with the run."""

    def __str__(self) -> str:
        """`cannot estimate fees: …`."""
        return f"cannot estimate fees: needs {'; '.join(self.needs)}"


def estimate_fees(
    config: OptimizationConfig, history: OrderHistory | None, model: str | None = None
) -> FeeEstimate | MissingAssumptions:
    """The fees of one backtest of the config.

    Orders come from fee_assumptions.expected_trades_per_year, else from the strategy's earlier runs. The fee of an
    order is what the model charges for position_size_pct of the capital. Where the config names no model, it is
    per_trade_fee; else, without position_size_pct, what earlier runs paid; else what LEAN charges.

    Args:
        config: what is to be run.
        history: earlier runs of the strategy, where there are any.
        model: a name in FEE_MODELS, in place of the config's.
    """
    period, capital, fees = config.period, config.backtest.initial_capital, config.fees
    per_year = fees.expected_trades_per_year
    needs = []
    if capital is None:
        needs.append("backtest.initial_capital (dollars)")
    if period.start_date is None or period.end_date is None:
        needs.append("backtest.start_date and backtest.end_date")
    model = model or fees.model
    chosen = model or (DEFAULT_MODEL if fees.per_trade_fee is None else PER_TRADE)
    if chosen != PER_TRADE and not _commissions_are_known(config):
        needs.append(
            "fee_assumptions.per_trade_fee (dollars an order) without another model: "
            "only stock commissions at Interactive Brokers are known"
        )
    if per_year is None and history is None:
        needs.append("fee_assumptions.expected_trades_per_year (orders a year), or an earlier run of the strategy")
    if needs or capital is None or period.start_date is None or period.end_date is None:
        return MissingAssumptions(tuple(needs))
    if per_year is None:
        assert history is not None  # or it would be among the needs  # noqa: S101
        per_year = history.orders_per_year
        orders_basis = f"{_count(per_year)} orders a year as in {history.backtests} earlier backtests"
    else:
        orders_basis = f"{_count(per_year)} orders a year as assumed"
    years = years_between(period.start_date, period.end_date)
    orders = int((per_year * years).quantize(Decimal(1), ROUND_HALF_UP))
    is_left_to_us = model is None and chosen != PER_TRADE and fees.position_size_pct is None
    paid_before = history.fee_per_order if history and is_left_to_us else None
    fee, fee_basis = _fee_per_order(fees, chosen, capital, paid_before)
    traded = None if fees.position_size_pct is None else orders * fees.position_size_pct * capital
    return FeeEstimate(
        orders=orders,
        fee_per_order=fee,
        capital=capital,
        years=years,
        limit=DEFAULT_LIMIT if config.max_fee_pct is None else config.max_fee_pct,
        annual_limit=config.max_annual_fee_pct,
        slippage_bps=fees.slippage_bps,
        slippage=None if traded is None else traded * fees.slippage_bps / _BASIS_POINTS,
        model=chosen if paid_before is None else EARLIER_RUNS,
        basis=f"{orders_basis}, {fee_basis}",
    )


def _fee_per_order(
    fees: FeeAssumptions, model: str, capital: Decimal, paid_before: Decimal | None
) -> tuple[Decimal, str]:
    """Dollars an order, and what that rests on."""
    if model == PER_TRADE:
        assert fees.per_trade_fee is not None  # or the config would be refused  # noqa: S101
        return fees.per_trade_fee, f"{format_value(fees.per_trade_fee, Unit.DOLLARS)} an order as assumed"
    if paid_before is not None:
        return paid_before, f"{format_value(paid_before, Unit.DOLLARS)} an order as in earlier backtests"
    price = fees.share_price or DEFAULT_SHARE_PRICE
    value = capital * (fees.position_size_pct or 1)
    worth, a_share = (format_value(dollars, Unit.DOLLARS) for dollars in (value, price))
    fee_model = FEE_MODELS[model]
    basis = f"{fee_model.label} for orders of {worth} at {a_share} a share"
    if fees.per_trade_fee is not None:
        basis += ", in place of per_trade_fee"
    return fee_model.average_fee(value, value / price), basis


def _commissions_are_known(config: OptimizationConfig) -> bool:
    brokerage = (config.backtest.brokerage or "InteractiveBrokers").lower()
    return brokerage.startswith("interactivebrokers") and config.strategy.asset_class in (None, *_STOCKS)


def _count(number: Decimal) -> str:
    return f"{number.quantize(Decimal('0.1')).normalize():f}"
