"""Commissions of an order, and what an optimization's backtests are expected to pay."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.fees.commissions import FeeEstimate, Pricing, years_between
from strategy_testing.fees.estimate import MissingAssumptions, OrderHistory, estimate_fees
from support import PROJECT, write_config

SIX_YEARS = '  start_date: "2015-01-01"\n  end_date: "2020-12-31"\n'
Written = Callable[[str], OptimizationConfig]


@pytest.fixture
def config(tmp_path: Path) -> Written:
    """A config with these sections behind its optimization."""

    def read(more: str) -> OptimizationConfig:
        parameters = "    rsi_period: {start: 10, end: 20, step: 2}\n"
        return read_config(write_config(tmp_path / "fees.yaml", "RSI", parameters, more=more))

    return read


def _estimated(config: OptimizationConfig, history: OrderHistory | None = None) -> FeeEstimate:
    estimate = estimate_fees(config, history)
    assert isinstance(estimate, FeeEstimate)
    return estimate


@pytest.mark.parametrize(
    ("pricing", "value", "shares", "fee"),
    [
        (Pricing.LEAN, "10000", "100", "1.00"),
        (Pricing.LEAN, "100000", "1000", "5.000"),
        (Pricing.LEAN, "164", "1.64", "0.820"),
        (Pricing.FIXED, "164", "1.64", "1.00"),
        (Pricing.FIXED, "50", "1", "0.50"),
        (Pricing.TIERED, "10000", "100", "0.35"),
        (Pricing.TIERED, "100000", "1000", "3.5"),
        (Pricing.TIERED, "20", "1", "0.20"),
    ],
)
def test_an_order_pays_per_share_within_a_minimum_and_a_maximum(
    pricing: Pricing, value: str, shares: str, fee: str
) -> None:
    assert pricing.value.commission(Decimal(value), Decimal(shares)) == Decimal(fee)


@pytest.mark.parametrize("assumption", ["position_size_pct: 0.164", "per_trade_fee: 0.82"])
def test_822_orders_on_a_thousand_dollars_cost_two_thirds_of_it(config: Written, assumption: str) -> None:
    fees = f"fee_assumptions: {{expected_trades_per_year: 137, {assumption}}}\n"
    estimate = _estimated(config(f"backtest:\n  initial_capital: 1000\n{SIX_YEARS}{fees}"))
    assert estimate.orders == 822
    assert estimate.total_fees == Decimal("674.04")
    assert f"{estimate.fee_pct:.1%}" == "67.4%"
    assert estimate.exceeds_limit


def test_the_rejected_config_exceeds_its_limit() -> None:
    estimate = _estimated(read_config(PROJECT / "configs" / "optimizations" / "bollinger_etf_rejected.yaml"))
    assert (estimate.orders, estimate.total_fees, estimate.limit) == (822, Decimal("674.04"), Decimal("0.30"))
    assert estimate.exceeds_limit


def test_the_limit_is_the_criterion_and_itself_allowed(config: Written) -> None:
    fees = "fee_assumptions: {expected_trades_per_year: 100, per_trade_fee: 1}\n"
    account = f"backtest:\n  initial_capital: 1000\n{SIX_YEARS}"
    assert _estimated(config(account + fees)).exceeds_limit
    allowed = _estimated(config(f"{account}{fees}success_criteria: {{max_fee_pct: 0.60}}\n"))
    assert (allowed.fee_pct, allowed.limit, allowed.exceeds_limit) == (Decimal("0.6"), Decimal("0.60"), False)


def test_earlier_runs_stand_in_for_missing_assumptions(config: Written) -> None:
    history = OrderHistory(Decimal(20), Decimal("1.50"), 72)
    estimate = _estimated(config(f"backtest:\n  initial_capital: 1000\n{SIX_YEARS}"), history)
    assert (estimate.orders, estimate.fee_per_order) == (120, Decimal("1.50"))
    assert estimate.basis == "20 orders a year as in 72 earlier backtests, $1.50 an order as in earlier backtests"


def test_an_assumption_goes_before_earlier_runs(config: Written) -> None:
    fees = "fee_assumptions: {expected_trades_per_year: 10, per_trade_fee: 2}\n"
    written = config(f"backtest:\n  initial_capital: 1000\n{SIX_YEARS}{fees}")
    estimate = _estimated(written, OrderHistory(Decimal(20), Decimal("1.50"), 72))
    assert (estimate.orders, estimate.fee_per_order) == (60, Decimal(2))


def test_what_is_missing_is_all_named(config: Written) -> None:
    missing = estimate_fees(config(""), None)
    assert isinstance(missing, MissingAssumptions)
    assert str(missing) == (
        "cannot estimate fees: needs backtest.initial_capital (dollars); backtest.start_date and backtest.end_date; "
        "fee_assumptions.expected_trades_per_year (orders a year), or an earlier run of the strategy"
    )


def test_an_unknown_brokerage_needs_its_fee(config: Written) -> None:
    account = f"backtest:\n  initial_capital: 1000\n  brokerage: Binance\n{SIX_YEARS}"
    missing = estimate_fees(config(f"{account}fee_assumptions: {{expected_trades_per_year: 10}}\n"), None)
    assert isinstance(missing, MissingAssumptions)
    assert len(missing.needs) == 1
    assert missing.needs[0].startswith("fee_assumptions.per_trade_fee (dollars an order)")


def test_both_days_of_a_period_count() -> None:
    assert years_between(date(2015, 1, 1), date(2015, 1, 1)) == 1 / Decimal("365.25")
    assert abs(years_between(date(2015, 1, 1), date(2020, 12, 31)) - 6) < Decimal("0.002")
