"""Names of metrics become paths that LEAN has; verdicts give every reason, word for word."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from strategy_testing.config.model import Bound, Constraint, Criterion
from strategy_testing.metrics.catalogue import METRICS, MetricValues, criterion_metric
from strategy_testing.metrics.lean_names import UnknownMetricError, name_for_lean_cli, optimizer_path
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict import criteria
from strategy_testing.verdict.criteria import NOT_JUDGED, Standard
from strategy_testing.verdict.rejection import Verdict

PORTFOLIO = "TotalPerformance.PortfolioStatistics."
TRADES = "TotalPerformance.TradeStatistics."


def _result(figures: MetricValues, error: str | None = None, **more: Any) -> BacktestResult:
    result = BacktestResult(
        backtest_id="a",
        parameters={},
        status=BacktestStatus.COMPLETED if error is None else BacktestStatus.FAILED,
        error_message=error,
        stack_trace=None,
        metrics=figures,
        backtest_start=date(2012, 1, 3),
        backtest_end=date(2020, 12, 31),
        account_currency=None,
        lean_version=None,
        started_at=None,
        completed_at=None,
    )
    return replace(result, **more)


def judge(figures: MetricValues, error: str | None, asked: Sequence[Criterion]) -> Verdict:
    return criteria.judge(_result(figures, error), Standard(criteria=tuple(asked)))


def _criteria(**thresholds: str) -> list[Criterion]:
    asked = []
    for name, threshold in thresholds.items():
        metric = criterion_metric(name[4:])
        assert metric is not None
        asked.append(Criterion(name, metric, Bound(name[:3]), Decimal(threshold)))
    return asked


def _figures(**figures: str) -> MetricValues:
    return {"total_trades": Decimal(200)} | {name: Decimal(value) for name, value in figures.items()}


@pytest.mark.parametrize(
    ("column", "value", "criterion", "threshold", "reason"),
    [
        ("total_trades", "8", "min_trades", "100", "Insufficient trades: 8 < 100"),
        ("fee_pct", "0.67404", "max_fee_pct", "0.30", "Fees too high: 67.4% > 30.0%"),
        ("annual_fee_pct", "0.072", "max_annual_fee_pct", "0.05", "Annual fees too high: 7.2% > 5.0%"),
        ("sharpe_ratio", "-1.042", "min_sharpe", "1.0", "Sharpe ratio too low: -1.04 < 1.00"),
        ("max_drawdown", "0.18", "max_drawdown", "0.15", "Drawdown too high: 18.0% > 15.0%"),
        ("max_drawdown", "0.1501", "max_drawdown", "0.15", "Drawdown too high: 15.01% > 15.00%"),
        ("sharpe_ratio", "0.9999", "min_sharpe", "1", "Sharpe ratio too low: 0.9999 < 1.0000"),
        ("total_fees", "1261.16", "max_fees", "300", "Total fees too high: $1,261.16 > $300.00"),
        ("total_return", "-0.05", "min_return", "0", "Total return too low: -5.0% < 0.0%"),
        ("excess_return", "-0.075", "min_excess_return", "0", "Excess return too low: -7.5% < 0.0%"),
        ("daily_sharpe_ratio", "0.66", "min_daily_sharpe", "1", "Daily Sharpe ratio too low: 0.66 < 1.00"),
        ("time_under_water_days", "2998", "max_time_under_water", "365", "Time under water too high: 2998 > 365"),
    ],
)
def test_a_reason_says_what_is_how_far_from_what(
    column: str, value: str, criterion: str, threshold: str, reason: str
) -> None:
    assert judge(_figures(**{column: value}), None, _criteria(**{criterion: threshold})) == Verdict(False, (reason,))


@pytest.mark.parametrize("excess", [f"1e-{digits}" for digits in range(2, 25)])
def test_a_reason_never_shows_two_equal_numbers(excess: str) -> None:
    drawdown = str(Decimal("0.15") + Decimal(excess))
    verdict = judge(_figures(max_drawdown=drawdown), None, _criteria(max_drawdown="0.15"))
    left, right = verdict.reasons[0].removeprefix("Drawdown too high: ").split(" > ")
    assert left != right


def test_the_threshold_itself_passes() -> None:
    figures = _figures(max_drawdown="0.15", sharpe_ratio="1")
    assert judge(figures, None, _criteria(max_drawdown="0.15", min_sharpe="1.0")) == Verdict(True, ())


def test_all_criteria_are_checked() -> None:
    figures = _figures(total_trades="8", sharpe_ratio="-1.042", max_drawdown="0.1")
    verdict = judge(figures, None, _criteria(min_trades="100", max_drawdown="0.15", min_sharpe="1"))
    assert verdict.reasons == ("Insufficient trades: 8 < 100", "Sharpe ratio too low: -1.04 < 1.00")


@pytest.mark.parametrize("figures", [{"sharpe_ratio": None}, {}])
def test_a_missing_metric_never_passes(figures: dict[str, Decimal | None]) -> None:
    for criterion in ("min_sharpe", "max_sharpe"):
        verdict = judge(figures, None, _criteria(**{criterion: "0"}))
        assert verdict.meets_criteria is False
        assert verdict.reasons == (f"Sharpe ratio missing: not reported by LEAN, {criterion} cannot be checked",)


@pytest.mark.parametrize(
    ("criterion", "reason"),
    [
        ("min_alpha", "Alpha: no benchmark, min_alpha cannot be checked"),
        ("max_tracking_error", "Tracking error: no benchmark, max_tracking_error cannot be checked"),
        ("min_excess_return", "Excess return: no benchmark, min_excess_return cannot be checked"),
        (
            "min_profit_factor",
            "Profit factor missing: LEAN's large result file was not there, or does not show it, "
            "min_profit_factor cannot be checked",
        ),
        (
            "max_time_under_water",
            "Time under water missing: LEAN's large result file was not there, or does not show it, "
            "max_time_under_water cannot be checked",
        ),
    ],
)
def test_a_missing_figure_says_what_it_needs(criterion: str, reason: str) -> None:
    assert judge(_figures(), None, _criteria(**{criterion: "0"})).reasons == (reason,)


def test_a_backtest_without_trades_never_passes() -> None:
    verdict = judge(_figures(total_trades="0", sharpe_ratio="0"), None, _criteria(min_sharpe="-1"))
    assert verdict == Verdict(False, ("No trades",))


def test_a_failed_backtest_has_that_one_reason() -> None:
    verdict = judge(_figures(sharpe_ratio="1.9"), "ValueError: even", _criteria(min_sharpe="1", min_trades="500"))
    assert verdict == Verdict(False, ("Backtest failed: ValueError: even",))


def test_without_criteria_nothing_is_judged() -> None:
    assert judge(_figures(total_trades="0"), "an error", []) == NOT_JUDGED


@pytest.mark.parametrize(
    ("metric", "operator", "threshold", "reason"),
    [
        ("Drawdown", "<", "0.15", "Constraint not met: Drawdown 18.6% < 15.0%"),
        ("Drawdown", "<", "0.1860", "Constraint not met: Drawdown 18.6% < 18.6%"),
        ("Drawdown", "<=", "0.18599", "Constraint not met: Drawdown 18.600% <= 18.599%"),
        ("Drawdown", "!=", "0.186", "Constraint not met: Drawdown 18.6% != 18.6%"),
        ("Drawdown", "==", "0.186", None),
        ("Drawdown", ">=", "0.186", None),
        (PORTFOLIO.lower() + "drawdown", ">", "0.2", "Constraint not met: {} 18.6% > 20.0%"),
        ("Total Trades", ">", "300", "Constraint not met: Total Trades 200 > 300"),
        (TRADES + "AverageMAE", ">", "-50", "Constraint not met: {} -78.18 > -50.00"),
        (TRADES + "LargestMAE", ">", "-50", "Constraint cannot be checked: {} > -50.00, value unknown"),
        ("Sharpe Ratio", ">", "1", "Constraint cannot be checked: Sharpe Ratio > 1.00, value unknown"),
    ],
)
def test_a_constraint_is_met_or_says_why_not(metric: str, operator: str, threshold: str, reason: str | None) -> None:
    result = _result(_figures(max_drawdown="0.186"), other_statistics={"averagemae": Decimal("-78.1806")})
    standard = Standard(constraints=(Constraint(metric, operator, Decimal(threshold)),))
    expected = (reason.format(metric),) if reason else ()
    assert criteria.judge(result, standard) == Verdict(not expected, expected)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"start_date": date(2012, 1, 3), "end_date": date(2020, 12, 31)}, None),
        ({}, None),
        ({"start_date": date(2012, 1, 1)}, "2012-01-03 to 2020-12-31 instead of 2012-01-01 to 2020-12-31"),
        ({"end_date": date(2024, 12, 31)}, "2012-01-03 to 2020-12-31 instead of 2012-01-03 to 2024-12-31"),
        (
            {"start_date": date(2012, 1, 3), "prices_from": date(2016, 1, 4)},
            "2016-01-04 to 2020-12-31 instead of 2012-01-03 to 2020-12-31",
        ),
    ],
)
def test_a_backtest_of_another_period_never_passes(asked: dict[str, Any], reason: str | None) -> None:
    standard = replace(Standard(criteria=tuple(_criteria(min_sharpe="-1"))), **asked)
    reasons = (f"Other period: {reason}",) if reason else ()
    assert criteria.judge(_result(_figures(sharpe_ratio="0")), standard) == Verdict(not reasons, reasons)
    unknown = _result(_figures(sharpe_ratio="0"), backtest_start=None, backtest_end=None)
    assert criteria.judge(unknown, replace(standard, prices_from=None)).meets_criteria


def test_no_criterion_name_stands_for_two_metrics() -> None:
    names = [name for metric in METRICS for name in metric.criterion_names]
    assert len(names) == len(set(names))


def test_every_column_is_a_criterion() -> None:
    assert {metric.column: criterion_metric(metric.column) for metric in METRICS} == {m.column: m for m in METRICS}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Sharpe Ratio", PORTFOLIO + "SharpeRatio"),
        ("sharpe_ratio", PORTFOLIO + "SharpeRatio"),
        ("PSR", PORTFOLIO + "ProbabilisticSharpeRatio"),
        ("Win Rate", PORTFOLIO + "WinRate"),
        ("Average Win", PORTFOLIO + "AverageWinRate"),
        ("Drawdown", PORTFOLIO + "Drawdown"),
        ("Net Profit", PORTFOLIO + "TotalNetProfit"),
        ("Total Trades", TRADES + "TotalNumberOfTrades"),
        ("Total Fees", TRADES + "TotalFees"),
        ("Profit Factor", TRADES + "ProfitFactor"),  # LEAN's, before fees
        ("profit_factor", TRADES + "ProfitFactor"),
        ("losing_trades", TRADES + "NumberOfLosingTrades"),
        (TRADES + "AverageMAE", TRADES + "AverageMAE"),
    ],
)
def test_a_name_of_leans_report_becomes_a_path_that_lean_has(name: str, path: str) -> None:
    assert optimizer_path(name) == path


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Sharp Ratio", "did you mean Sharpe Ratio?"),
        ("Calmar Ratio", "LEAN does not compute it"),
        ("Estimated Strategy Capacity", "use min_capacity as a success criterion"),
        ("Daily Sharpe Ratio", "use Sharpe Ratio, and min_daily_sharpe as a success criterion"),
        ("Fee Pct", "use max_fee_pct as a success criterion"),
        (PORTFOLIO + "SharpRatio", f"did you mean {PORTFOLIO}SharpeRatio?"),
        ("Luck", "use a name of LEAN's report"),
    ],
)
def test_a_name_without_a_path_is_refused_with_what_to_use(name: str, hint: str) -> None:
    with pytest.raises(UnknownMetricError) as refused:
        optimizer_path(name)
    assert name in str(refused.value)
    assert hint in str(refused.value)


def test_the_cli_is_given_a_name_only_where_it_reads_it_right() -> None:
    assert name_for_lean_cli("Sharpe Ratio") == "Sharpe Ratio"
    assert name_for_lean_cli("Drawdown") == "Drawdown"
    assert name_for_lean_cli("Total Trades") == TRADES + "TotalNumberOfTrades"
    assert name_for_lean_cli("PSR") == PORTFOLIO + "ProbabilisticSharpeRatio"
    assert name_for_lean_cli("Average Win") == PORTFOLIO + "AverageWinRate"
