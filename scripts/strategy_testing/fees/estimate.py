"""Estimates the fees of an optimization before money and engine time are lost to them. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.fees.commissions import (
    DEFAULT_LIMIT,
    DEFAULT_SHARE_PRICE,
    FeeEstimate,
    Pricing,
    orders_over,
    years_between,
)
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value

_STOCKS = ("etf", "equity", "etf_pairs")


@dataclass(frozen=True)
class OrderHistory:
    """What the database knows of a strategy from earlier runs."""

    orders_per_year: Decimal
    fee_per_order: Decimal | None
    """Dollars."""
    backtests: int


@dataclass(frozen=True)
class MissingAssumptions:
    """Why nothing can be estimated, and what to write."""

    needs: tuple[str, ...]

    def __str__(self) -> str:
        """`cannot estimate fees: …`."""
        return f"cannot estimate fees: needs {'; '.join(self.needs)}"


def estimate_fees(
    config: OptimizationConfig, history: OrderHistory | None, pricing: Pricing | None = None
) -> FeeEstimate | MissingAssumptions:
    """The fees of one backtest of the config.

    Orders come from fee_assumptions.expected_trades_per_year, else from the strategy's earlier runs. The fee of an
    order is per_trade_fee, held to the pricing model's maximum where position_size_pct tells an order's value; else
    the model's commission for an order of position_size_pct of the capital; else what earlier runs paid; else the
    model's commission for an order of the whole capital.

    Args:
        config: what is to be run.
        history: earlier runs of the strategy, where there are any.
        pricing: the commission model, in place of the config's.
    """
    period, capital, fees = config.backtest, config.backtest.initial_capital, config.fees
    per_year = fees.expected_trades_per_year
    needs = []
    if capital is None:
        needs.append("backtest.initial_capital (dollars)")
    if period.start_date is None or period.end_date is None:
        needs.append("backtest.start_date and backtest.end_date")
    if fees.per_trade_fee is None and not _commissions_are_known(config):
        needs.append(
            "fee_assumptions.per_trade_fee (dollars an order): only stock commissions at Interactive Brokers are known"
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
    fee, fee_basis = _fee_per_order(config, capital, history, pricing)
    return FeeEstimate(
        orders=orders_over(per_year, years_between(period.start_date, period.end_date)),
        fee_per_order=fee,
        capital=capital,
        limit=DEFAULT_LIMIT if config.max_fee_pct is None else config.max_fee_pct,
        basis=f"{orders_basis}, {fee_basis}",
    )


def _fee_per_order(
    config: OptimizationConfig, capital: Decimal, history: OrderHistory | None, pricing: Pricing | None
) -> tuple[Decimal, str]:
    fees = config.fees
    chosen = pricing or Pricing[(fees.pricing or "lean").upper()]
    model = chosen.value
    order_value = capital * (fees.position_size_pct or 1)
    worth = format_value(order_value, Unit.DOLLARS)
    if fees.per_trade_fee is not None and pricing is None:
        given = format_value(fees.per_trade_fee, Unit.DOLLARS)
        if fees.position_size_pct is None:
            return fees.per_trade_fee, f"{given} an order as assumed"
        capped = model.capped(fees.per_trade_fee, order_value)
        most = format_value(model.maximum_fraction, Unit.FRACTION)
        return capped, f"{given} an order as assumed, at most {most} of an order of {worth}"
    known_fee = history.fee_per_order if history else None
    if known_fee is not None and fees.position_size_pct is None and pricing is None:
        return known_fee, f"{format_value(known_fee, Unit.DOLLARS)} an order as in earlier backtests"
    price = fees.share_price or DEFAULT_SHARE_PRICE
    fee = model.commission(order_value, order_value / price)
    return fee, f"{model.name} for orders of {worth} at {format_value(price, Unit.DOLLARS)} a share"


def _commissions_are_known(config: OptimizationConfig) -> bool:
    brokerage = (config.backtest.brokerage or "InteractiveBrokers").lower()
    return brokerage.startswith("interactivebrokers") and config.strategy.asset_class in (None, *_STOCKS)


def _count(number: Decimal) -> str:
    return f"{number.quantize(Decimal('0.1')).normalize():f}"
