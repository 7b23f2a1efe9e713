"""Commissions of an order, and what an optimization's backtests are expected to pay."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.commands.estimate import verdict
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.fees.estimate import ExpectedFees, FeeEstimate, MissingAssumptions, OrderHistory, estimate_fees
from strategy_testing.fees.models import FEE_MODELS
from strategy_testing.metrics.figures import years_between
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict.fees import paid_fees
from support import PROJECT, ScriptResult, write_config

SIX_YEARS = '  start_date: "2015-01-01"\n  end_date: "2020-12-31"\n'
ACCOUNT = f"backtest:\n  initial_capital: 1000\n{SIX_YEARS}"
Written = Callable[[str], OptimizationConfig]
Run = Callable[..., ScriptResult]


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
    ("model", "value", "shares", "commission"),
    [
        ("lean", "10000", "100", "1.00"),
        ("lean", "100000", "1000", "5.000"),
        ("lean", "164", "1.64", "1.00"),
        ("lean", "400", "1000", "2.000"),
        ("lean", "150", "1000", "1.00"),
        ("ib_fixed", "164", "1.64", "1.00"),
        ("ib_fixed", "50", "1", "0.50"),
        ("ib_fixed", "400", "1000", "4.00"),
        ("ib_tiered", "10000", "100", "0.35"),
        ("ib_tiered", "100000", "1000", "3.5"),
        ("ib_tiered", "20", "1", "0.20"),
        ("ib_lite", "100000", "1000", "0"),
    ],
)
def test_an_order_pays_per_share_within_a_minimum_and_a_maximum(
    model: str, value: str, shares: str, commission: str
) -> None:
    assert FEE_MODELS[model].commission(Decimal(value), Decimal(shares)) == Decimal(commission)


def test_at_interactive_brokers_a_sale_pays_the_regulators_too() -> None:
    order = Decimal(100_000), Decimal(1000)
    assert {name: model.sale_fee(*order) for name, model in FEE_MODELS.items()} == {
        "lean": 0,
        "ib_fixed": Decimal("2.255"),  # 2.06 for the SEC, 0.195 for FINRA
        "ib_tiered": Decimal("2.255"),
        "ib_lite": Decimal("2.255"),
    }
    assert FEE_MODELS["ib_lite"].sale_fee(Decimal(100_000), Decimal(1_000_000)) == Decimal("11.85")
    assert FEE_MODELS["ib_fixed"].average_fee(*order) == Decimal("6.1275")


_RECORDED = {
    "grid-72": (2783, 0),
    "euler": (3124, 3031),
    "dead-parameter": (111, 102),
    "interrupted": (201, 186),
    "terminated": (331, 308),
    "walk-forward": (273, 0),
}
"""Closed trades of a recording, and how many of their orders were worth less than $200."""


@pytest.mark.parametrize("recording", _RECORDED)
def test_the_model_of_lean_charges_what_recorded_backtests_paid(
    recording: str, unpacked: Callable[[str], Path]
) -> None:
    model, small = FEE_MODELS["lean"], 0
    trades = list(_closed_trades(unpacked(recording)))
    for trade in trades:
        shares = abs(Decimal(trade["quantity"]))
        values = [shares * Decimal(trade[price]) for price in ("entryPrice", "exitPrice")]
        assert sum(model.commission(value, shares) for value in values) == Decimal(trade["totalFees"])
        small += sum(value < 200 for value in values)
    assert (len(trades), small) == _RECORDED[recording]


def _closed_trades(recording: Path) -> Iterator[dict[str, Any]]:
    """Of every backtest of an unpacked recording; LEAN writes them into the large file only."""
    for file in sorted(recording.rglob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        performance = document.get("totalPerformance") if isinstance(document, dict) else None
        yield from (performance or {}).get("closedTrades", ())


def test_822_orders_on_a_thousand_dollars_cost_two_thirds_of_it(config: Written) -> None:
    fees = "fee_assumptions: {expected_trades_per_year: 137, per_trade_fee: 0.82}\n"
    estimate = _estimated(config(ACCOUNT + fees))
    assert estimate.orders == 822
    assert estimate.total_fees == Decimal("674.04")
    assert f"{estimate.fee_pct:.1%} {estimate.annual_fee_pct:.1%}" == "67.4% 11.2%"
    assert estimate.exceeds_limit


def test_the_rejected_config_exceeds_its_limit() -> None:
    estimate = _estimated(read_config(PROJECT / "configs" / "optimizations" / "bollinger_etf_rejected.yaml"))
    assert (estimate.orders, estimate.total_fees, estimate.limit) == (822, Decimal("674.04"), Decimal("0.30"))
    assert (estimate.expected.fee_model, estimate.expected.estimated_fee_pct) == ("per_trade", Decimal("0.674040"))
    assert estimate.exceeds_limit


@pytest.mark.parametrize(
    ("assumption", "fee", "basis"),
    [
        ("position_size_pct: 0.164", "1.00", "LEAN for orders of $164.00 at $100.00 a share"),
        ("model: lean, position_size_pct: 0.164", "1.00", "LEAN for orders of $164.00 at $100.00 a share"),
        ("per_trade_fee: 0.57, position_size_pct: 0.05", "0.57", "$0.57 an order as assumed"),
        ("model: per_trade, per_trade_fee: 0.57", "0.57", "$0.57 an order as assumed"),
        (
            "model: lean, per_trade_fee: 0.57",
            "1.00",
            "LEAN for orders of $1,000.00 at $100.00 a share, in place of per_trade_fee",
        ),
        (
            "model: ib_lite, share_price: 50",
            "0.01225",
            "Interactive Brokers Lite for orders of $1,000.00 at $50.00 a share",
        ),
    ],
)
def test_an_order_costs_what_the_model_charges(config: Written, assumption: str, fee: str, basis: str) -> None:
    fees = f"fee_assumptions: {{expected_trades_per_year: 10, {assumption}}}\n"
    estimate = _estimated(config(ACCOUNT + fees))
    assert (estimate.fee_per_order, estimate.basis) == (Decimal(fee), f"10 orders a year as assumed, {basis}")
    names = {"LEAN for": "lean", "$0.57 an": "per_trade", "Interact": "ib_lite"}
    assert estimate.model == names[basis[:8]]


def test_the_limit_is_the_criterion_and_itself_allowed(config: Written) -> None:
    fees = "fee_assumptions: {expected_trades_per_year: 100, per_trade_fee: 1}\n"
    assert _estimated(config(ACCOUNT + fees)).exceeds_limit
    allowed = _estimated(config(f"{ACCOUNT}{fees}success_criteria: {{max_fee_pct: 0.60}}\n"))
    assert (allowed.fee_pct, allowed.limit, allowed.exceeds_limit) == (Decimal("0.6"), Decimal("0.60"), False)


def test_a_year_has_its_own_limit(config: Written) -> None:
    fees = "fee_assumptions: {expected_trades_per_year: 60, per_trade_fee: 1}\n"
    criteria = "success_criteria: {max_fee_pct: 0.40, max_annual_fee_pct: 0.05}\n"
    estimate = _estimated(config(ACCOUNT + fees + criteria))
    assert estimate.exceeds_limit
    assert verdict(estimate) == (
        "360 orders on $1,000: $360, 36.0% of the capital, within 40.0%; 6.0% a year, above 5.0%: stop and revise"
    )
    allowed = _estimated(config(ACCOUNT + fees + criteria.replace("0.05", "0.06")))
    assert verdict(allowed).endswith("; 6.0% a year, within 6.0%: go ahead")


@pytest.mark.parametrize(
    ("size", "worth", "slippage", "fixed", "tiered", "lite"),
    [
        (
            ", position_size_pct: 0.5", "$500.00", "$30, 3.0% of the capital, 10 basis points of an order, in no limit",
            "$60, 6.0%", "$21, 2.1%", "$0, 0.0%",
        ),
        (
            "", "$1,000.00", "not known: 10 basis points of an order, and fee_assumptions.position_size_pct does not "
            "say what an order is worth",
            "$61, 6.1%", "$22, 2.2%", "$1, 0.1%",
        ),
    ],
)  # fmt: skip
def test_the_estimate_shows_slippage_on_a_line_of_its_own(
    run_script: Run, tmp_path: Path, size: str, worth: str, slippage: str, fixed: str, tiered: str, lite: str
) -> None:
    fees = f"fee_assumptions: {{expected_trades_per_year: 10, slippage_bps: 10{size}}}\n"
    parameters = "    rsi_period: {start: 10, end: 20, step: 2}\n"
    written = write_config(tmp_path / "slippage.yaml", "RSI", parameters, more=ACCOUNT + fees)
    done = run_script("optimize_runner.py", "--config", written, "--estimate")
    assert [" ".join(printed.split()) for printed in done.stdout.splitlines()] == [
        "Strategy RSI",
        "Combinations 6",
        "Orders of a backtest 60",
        "Fee of an order $1.00",
        "Fees of a backtest $60, 6.0% of the capital, 1.0% a year",
        f"Slippage of a backtest {slippage}",
        f"Basis 10 orders a year as assumed, LEAN for orders of {worth} at $100.00 a share",
        "at LEAN $60, 6.0% of the capital",
        f"at Interactive Brokers Fixed {fixed} of the capital",
        f"at Interactive Brokers Tiered {tiered} of the capital",
        f"at Interactive Brokers Lite {lite} of the capital",
        "6 combinations need 1.7 years of data for a Sharpe ratio of 1; the config has 6.0",
        "60 orders on $1,000: $60, 6.0% of the capital, within 30.0%: go ahead",
    ]
    assert done.exit_code == 0


def test_earlier_runs_stand_in_for_missing_assumptions(config: Written) -> None:
    history = OrderHistory(Decimal(20), Decimal("1.50"), 72)
    estimate = _estimated(config(ACCOUNT), history)
    assert (estimate.orders, estimate.fee_per_order) == (120, Decimal("1.50"))
    assert estimate.basis == "20 orders a year as in 72 earlier backtests, $1.50 an order as in earlier backtests"
    assert estimate.model == "earlier_runs"


def test_an_assumption_goes_before_earlier_runs(config: Written) -> None:
    fees = "fee_assumptions: {expected_trades_per_year: 10, per_trade_fee: 2}\n"
    written = config(ACCOUNT + fees)
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


def _paid(*fees: str | None) -> list[BacktestResult]:
    """Backtests of $1,000 with these fees."""
    return [_backtest(fee) for fee in fees]


def _backtest(fee: str | None) -> BacktestResult:
    share = None if fee is None else Decimal(fee) / 1000
    metrics = {"total_fees": None if fee is None else Decimal(fee), "fee_pct": share}
    return BacktestResult(
        backtest_id=str(fee), status=BacktestStatus.COMPLETED, error_message=None, stack_trace=None, parameters={},
        metrics=metrics, backtest_start=None, backtest_end=None, account_currency=None, lean_version=None,
        started_at=None, completed_at=None,
    )  # fmt: skip


def _expects(fees: str) -> ExpectedFees:
    return ExpectedFees(60, Decimal(fees), Decimal(fees) / 1000, Decimal("0.01"), "lean")


@pytest.mark.parametrize(
    ("expected", "line", "is_doubted"),
    [
        (_expects("60"), "fees: estimated $60 (6.0%), average $146 (14.6%), worst $310 (31.0%)", True),
        (_expects("73"), "fees: estimated $73 (7.3%), average $146 (14.6%), worst $310 (31.0%)", False),
        (_expects("0"), "fees: estimated $0 (0.0%), average $146 (14.6%), worst $310 (31.0%)", True),
        (None, "fees: not estimated, average $146 (14.6%), worst $310 (31.0%)", False),
    ],
)
def test_what_was_paid_stands_beside_what_was_estimated(
    expected: ExpectedFees | None, line: str, is_doubted: bool
) -> None:
    results = _paid("310", "28", "100", None)
    paid = paid_fees([*results, replace(_backtest("900"), status=BacktestStatus.FAILED)], expected)
    assert paid is not None
    assert (str(paid), len(list(paid.warnings()))) == (line, int(is_doubted))
    assert paid_fees(_paid(None), expected) is None


def test_both_days_of_a_period_count() -> None:
    assert years_between(date(2015, 1, 1), date(2015, 1, 1)) == 1 / Decimal("365.25")
    assert abs(years_between(date(2015, 1, 1), date(2020, 12, 31)) - 6) < Decimal("0.002")
