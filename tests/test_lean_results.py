"""One backtest's JSON, new and old, whole and broken."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.results.backtest import (
    BacktestResult,
    BacktestStatus,
    parse_backtest,
)
from strategy_testing.results.json_values import NotAResultError, as_number

Unpacked = Callable[[str], Path]


def _summaries(folder: Path) -> dict[str, Any]:
    files = sorted((folder / "output").glob("*/*-summary.json"))
    assert files
    return {file.parent.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def _parsed(folder: Path) -> list[BacktestResult]:
    return [parse_backtest(name, document) for name, document in _summaries(folder).items()]


def _pascal_case(value: Any) -> Any:
    """The same JSON as LEAN wrote it before 2024; the names of parameters are not LEAN's."""
    if isinstance(value, dict):
        return {
            key[:1].upper() + key[1:]: inner if key == "parameters" else _pascal_case(inner)
            for key, inner in value.items()
        }
    return [_pascal_case(item) for item in value] if isinstance(value, list) else value


def test_the_old_spelling_of_the_keys_says_the_same(unpacked: Unpacked) -> None:
    summaries = _summaries(unpacked("crashy"))
    assert [parse_backtest(name, _pascal_case(document)) for name, document in summaries.items()] == _parsed(
        unpacked("crashy")
    )


def test_the_full_file_says_what_the_summary_says(unpacked: Unpacked) -> None:
    name = "777f3e11-893a-4321-85f7-dfb80192809b"
    folder = unpacked("grid-72") / "output" / name
    full, short = (
        parse_backtest(name, json.loads((folder / file).read_text(encoding="utf-8")))
        for file in (f"{name}.json", f"{name}-summary.json")
    )
    assert full == short
    assert full.parameters == {"entry_threshold": "30", "exit_threshold": "50", "rsi_period": "18"}
    assert full.sharpe_ratio is not None
    assert f"{full.sharpe_ratio:.4f}" == "-0.1388"


def test_a_trade_is_two_orders(unpacked: Unpacked) -> None:
    for result in _parsed(unpacked("grid-72")):
        trades, orders = result.metrics["total_trades"], result.metrics["total_orders"]
        assert trades is not None
        assert orders is not None
        assert trades < orders


def test_crashed_backtests_failed_whatever_lean_says(unpacked: Unpacked) -> None:
    by_status = {status: [r for r in _parsed(unpacked("crashy")) if r.status is status] for status in BacktestStatus}
    assert {int(r.parameters["lookback"]) for r in by_status[BacktestStatus.FAILED]} == {2, 4, 6}
    assert {int(r.parameters["lookback"]) for r in by_status[BacktestStatus.COMPLETED]} == {3, 5, 7}
    assert all(result.error_message for result in by_status[BacktestStatus.FAILED])
    assert all(result.error_message is None for result in by_status[BacktestStatus.COMPLETED])


def test_backtests_that_failed_at_once_have_no_trade(unpacked: Unpacked) -> None:
    results = _parsed(unpacked("init-fail"))
    assert [result.status for result in results] == [BacktestStatus.FAILED, BacktestStatus.FAILED]
    assert not any(result.made_a_trade for result in results)


def _document(**changes: Any) -> dict[str, Any]:
    return {
        "state": {"Status": "Completed", "OrderCount": "12"},
        "statistics": {"Total Orders": "12", "Total Fees": "$1,261.16", "Drawdown": "18.300%"},
        "totalPerformance": {
            "portfolioStatistics": {"sharpeRatio": "0.0935", "startEquity": 1000, "endEquity": "876.00"},
            "tradeStatistics": {"totalNumberOfTrades": 6},
        },
        "algorithmConfiguration": {
            "parameters": {"use_trend": True, "rsi_period": 14},
            "startDate": "2015-01-01T00:00:00Z",
        },
    } | changes


def test_figures_come_as_text_or_as_number() -> None:
    result = parse_backtest("1", _document())
    figures = result.metrics
    assert (figures["sharpe_ratio"], figures["start_equity"]) == (Decimal("0.0935"), Decimal(1000))
    assert (figures["total_orders"], figures["total_trades"]) == (Decimal(12), Decimal(6))
    assert (figures["total_fees"], figures["max_drawdown"]) == (Decimal("1261.16"), Decimal("0.183"))
    assert (figures["net_profit"], figures["fee_pct"]) == (Decimal(-124), Decimal("1.26116"))
    assert figures["sortino_ratio"] is None
    assert figures["annual_fee_pct"] is None  # the result names no last day
    assert result.parameters == {"rsi_period": "14", "use_trend": "true"}
    assert result.backtest_start == date(2015, 1, 1)
    assert result.status is BacktestStatus.COMPLETED
    assert result.made_a_trade


def test_annual_fees_are_those_of_a_year_of_the_backtest() -> None:
    period = {"startDate": "2015-01-01T00:00:00Z", "endDate": "2020-12-31T23:59:59.9999999Z"}
    figures = parse_backtest("1", _document(algorithmConfiguration=period)).metrics
    assert figures["annual_fee_pct"] == Decimal("0.210145")  # 126.116 % in 2,192 days


def test_orders_were_called_trades_before_2024() -> None:
    result = parse_backtest("1", _document(statistics={"Total Trades": "184"}))
    assert (result.metrics["total_orders"], result.metrics["total_trades"]) == (Decimal(184), Decimal(6))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (92, "92"),
        ("0.0935", "0.0935"),
        (0.1, "0.1"),
        ("$1,261.16", "1261.16"),
        ("-$124.00", "-124.00"),
        ("$-124.00", "-124.00"),
        ("18.300%", "0.183"),
        ("-5 %", "-0.05"),
        ("1.5E-05", "0.000015"),
    ],
)
def test_a_figure_is_read(value: object, number: str) -> None:
    assert as_number(value) == Decimal(number)


@pytest.mark.parametrize("value", ["NaN", "", "∞", "-", None, True, float("nan"), float("inf"), "n/a"])
def test_no_figure_is_none(value: object) -> None:
    assert as_number(value) is None


def test_a_running_backtest_is_no_result_yet() -> None:
    with pytest.raises(NotAResultError, match="still under way"):
        parse_backtest("1", _document(state={"Status": "Running"}))


def test_a_runtime_error_is_a_failure_even_without_figures() -> None:
    state = {"Status": "RuntimeError", "RuntimeError": "ValueError: even\nmore", "StackTrace": "at main.py"}
    result = parse_backtest("1", {"state": state, "statistics": {}})
    assert result.status is BacktestStatus.FAILED
    assert (result.error_message, result.stack_trace) == ("ValueError: even\nmore", "at main.py")
    assert set(result.metrics.values()) == {None}


def test_parameters_come_from_the_log_where_the_file_has_none() -> None:
    from_log = {"rsi_period": "10"}
    assert parse_backtest("1", _document(algorithmConfiguration={}), from_log).parameters == from_log
    assert parse_backtest("1", _document(), from_log).parameters != from_log


@pytest.mark.parametrize("document", [None, [], "text", {}, {"a": 1}, {"statistics": {}}])
def test_something_else_is_not_a_result(document: object) -> None:
    with pytest.raises(NotAResultError, match="is not the result of a LEAN backtest"):
        parse_backtest("1", document)


def test_nothing_that_postgresql_cannot_hold_gets_through() -> None:
    state = {"Status": "RuntimeError", "RuntimeError": "bad\x00 \ud800text"}
    result = parse_backtest("1", {"state": state})
    assert result.error_message == "bad ?text"
