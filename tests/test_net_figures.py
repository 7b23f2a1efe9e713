"""Figures that LEAN does not report, or reports before fees: by hand on small files, and on every recording."""

import json
import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.metrics.daily_returns import points
from strategy_testing.metrics.performance import days_under_water
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.contents import read_contents
from strategy_testing.results.figures import read_large_file
from strategy_testing.results.folder import find_runs
from support import RECORDINGS, ScriptResult, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_DAY = 86400
_MONDAY = 1_325_480_400  # 2012-01-02 in New York, at midnight
_CLOSE = 16 * 3600


@pytest.fixture(scope="session")
def recorded(unpacked: Recording) -> list[BacktestResult]:
    """Every backtest of every recording that has some."""
    names = [file.name.removesuffix(".tar.xz") for file in RECORDINGS.glob("*.tar.xz")]
    folders = [folder for folder in map(unpacked, names) if next(folder.rglob("*-summary.json"), None)]
    return [result for folder in folders for run in find_runs(folder) for result in read_contents(run).results]


def _large_file(equity: list[list[float]] = [], returns: list[list[float]] = [], **more: Any) -> bytes:  # noqa: B006
    chart = {"series": {"Equity": {"values": equity}, "Return": {"values": returns}}}
    return json.dumps({"charts": {"Strategy Equity": chart}, **more}).encode()


def _trades(*profits_and_fees: tuple[str, str]) -> dict[str, Decimal]:
    trades = ", ".join(f'{{"profitLoss": {profit}, "totalFees": {fees}}}' for profit, fees in profits_and_fees)
    return dict(read_large_file(f'{{"totalPerformance": {{"closedTrades": [{trades}]}}}}'.encode()).metrics)


def test_no_recorded_result_loses_money_with_a_profit_factor_above_1(recorded: list[BacktestResult]) -> None:
    losers = [result.metrics for result in recorded if (result.metrics["total_return"] or 0) < 0]
    assert sum((loser["gross_profit_factor"] or 0) > 1 for loser in losers) == 22  # LEAN's own
    assert not [loser for loser in losers if (loser["profit_factor"] or 0) > 1]


def test_a_win_smaller_than_its_fees_is_a_loss() -> None:
    figures = _trades(("3.00", "2.0"), ("1.5", "2"), ("-1.00", "2"), ("1", "2.00"), ("2", "2"), ("-4", "1"))
    assert figures == {
        "winning_trades": 1,
        "losing_trades": 4,  # the one that comes out at 0 is neither
        "max_consecutive_losing_trades": 3,
        "profit_factor": Decimal("0.105263"),  # 1 / 9.5
    }


def test_sums_of_cents_are_exact() -> None:
    assert _trades(*[("0.10", "0")] * 3, ("-0.30", "0"))["profit_factor"] == 1


def test_without_a_loss_and_without_a_trade_the_profit_factor_is_leans(recorded: list[BacktestResult]) -> None:
    assert _trades(("1", "0.5"))["profit_factor"] == 10
    assert _trades()["profit_factor"] == 0
    gross_losses = [(result.metrics["gross_losing_trades"], result.metrics["total_trades"]) for result in recorded]
    factors = [result.metrics["gross_profit_factor"] for result in recorded]
    seen = {(trades == 0, factor) for (losses, trades), factor in zip(gross_losses, factors, strict=True) if not losses}
    assert seen == {(True, Decimal(0)), (False, Decimal(10))}


def test_a_criterion_on_the_profit_factor_means_the_one_after_fees(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    output = recording("dead-parameter")
    criteria = "min_profit_factor: 2, min_gross_profit_factor: 2"
    config = write_config(tmp_path / "c.yaml", "Dead", "    rsi_lookback: {values: [5, 10, 15]}\n", criteria=criteria)
    reasons = "SELECT DISTINCT gross_profit_factor, rejection_reasons AS reasons FROM backtest_results"
    run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    assert ask(reasons) == [
        {"gross_profit_factor": Decimal("2.4982"), "reasons": ["Profit factor too low: 1.72 < 2.00"]}
    ]
    for summary in output.rglob("*-summary.json"):
        summary.with_name(summary.name.replace("-summary", "")).unlink()
    run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    # What the large files said stays when these are removed, whatever is imported anew then.
    assert ask(reasons)[0]["reasons"] == ["Profit factor too low: 1.72 < 2.00"]
    ask("DELETE FROM optimization_runs")
    run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    missing = "LEAN's large result file was not there, or does not show it"
    assert ask(reasons)[0]["reasons"] == [f"Profit factor missing: {missing}, min_profit_factor cannot be checked"]


def test_the_time_under_water_counts_a_drawdown_that_never_recovered(recorded: list[BacktestResult]) -> None:
    found = {(str(r.metrics["drawdown_recovery_days"]), str(r.metrics["time_under_water_days"])) for r in recorded}
    assert ("105", "2998") in found
    for result in recorded:
        recovered, under_water = result.metrics["drawdown_recovery_days"], result.metrics["time_under_water_days"]
        assert recovered is not None
        assert under_water is None or under_water >= recovered


@pytest.mark.parametrize(
    ("equity", "days"),
    [
        ((100, 101, 102, 103), 0),
        ((100, 100, 100, 90, 100, 100), 2),  # from the last day at the peak
        ((100, 90, 95, 99, 100, 101, 100), 4),
        ((100, 90, 100, 95, 94, 93), 3),  # the open one is longer
        ((), 0),
    ],
)
def test_days_under_water(equity: tuple[float, ...], days: int) -> None:
    assert days_under_water(points([(_MONDAY + number * _DAY, value) for number, value in enumerate(equity)])) == days


def test_the_daily_sharpe_ratio_is_that_of_trading_days_without_interest(unpacked: Recording) -> None:
    (run,) = find_runs(unpacked("grid-72"))
    best = max((result.metrics for result in read_contents(run).results), key=lambda each: each["sharpe_ratio"] or 0)
    assert f"{best['sharpe_ratio']:.4f} {best['daily_sharpe_ratio']:.2f}" == "0.4075 0.66"


def _four_weeks(*closed: int) -> tuple[list[list[float]], list[list[float]], list[float]]:
    """Equity, returns in percent, and those of the open days as fractions; the numbers of closed weekdays are given."""
    midnights = [_MONDAY + day * _DAY for day in range(29)]
    open_days = [day for day in range(28) if day % 7 < 5 and day not in closed]
    # Nothing happens on each seventh open day, as with an account in cash.
    gains = {day: number % 5 - 1.5 if number % 7 else 0.0 for number, day in enumerate(open_days)}
    returns = [[_MONDAY, 0.0], *([midnights[day + 1], gains.get(day, 0.0)] for day in range(28))]
    samples = sorted([*midnights, *(midnights[day] + _CLOSE for day in open_days)])
    return [[moment, *[100.0] * 4] for moment in samples], returns, [gain / 100 for gain in gains.values()]


def _sharpe(returns: list[float]) -> float:
    return statistics.mean(returns) / statistics.stdev(returns) * math.sqrt(252)


def test_days_on_which_the_market_was_closed_are_dropped() -> None:
    equity, returns, of_open_days = _four_weeks(9)
    assert len(of_open_days) == 19
    found = read_large_file(_large_file(equity, returns)).metrics["daily_sharpe_ratio"]
    assert float(found) == pytest.approx(_sharpe(of_open_days), abs=1e-6)
    at_close = [equity[-1][0] + _CLOSE, *[100.0] * 4], [returns[-1][0] + _CLOSE, 0.7]
    found = read_large_file(_large_file([*equity, at_close[0]], [*returns, at_close[1]])).metrics["daily_sharpe_ratio"]
    assert float(found) == pytest.approx(_sharpe([*of_open_days, 0.007]), abs=1e-6)


def test_a_chart_too_coarse_to_show_every_day_drops_weekends_only() -> None:
    equity, returns, of_open_days = _four_weeks()
    midnights_only = [point for point in equity if (point[0] - _MONDAY) % _DAY == 0]
    found = read_large_file(_large_file(midnights_only, returns)).metrics["daily_sharpe_ratio"]
    assert len(of_open_days) == 20
    assert float(found) == pytest.approx(_sharpe(of_open_days), abs=1e-6)


def test_an_account_that_never_changes_has_no_daily_sharpe_ratio() -> None:
    equity, returns, _ = _four_weeks()
    still = [[moment, 0.0] for moment, _ in returns]
    assert "daily_sharpe_ratio" not in read_large_file(_large_file(equity, still)).metrics


def test_the_points_of_older_versions_and_missing_values_are_read() -> None:
    old = {
        "Charts": {
            "Strategy Equity": {
                "Series": {
                    "Equity": {
                        "Values": [{"x": _MONDAY + day * _DAY, "y": y} for day, y in enumerate((9, 8, None, 7))]
                    },
                    "Daily Performance": {"Values": [{"x": _MONDAY + day * _DAY, "y": day} for day in range(4)]},
                }
            }
        },
        "TotalPerformance": {"ClosedTrades": [{"ProfitLoss": "2.5", "TotalFees": 2.0}]},
    }
    figures = read_large_file(json.dumps(old).encode("utf-8-sig")).metrics
    assert (int(figures["time_under_water_days"]), int(figures["winning_trades"])) == (3, 1)
    assert figures["daily_sharpe_ratio"] == Decimal("31.749016")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"charts": 1}', b'{"charts": {', b"\xff", b"[" * 9999])
def test_a_damaged_large_file_has_no_figures(content: bytes) -> None:
    assert read_large_file(content) == replace(read_large_file(b""), is_damaged=bool(content))
    assert not read_large_file(content).metrics


@pytest.mark.parametrize("name", ["crashy", "euler-whole", "walk-forward", "idle"])
def test_another_spelling_of_the_same_file_gives_the_same_figures(name: str, unpacked: Recording) -> None:
    files = [file for file in unpacked(name).rglob("*.json") if (file.parent / f"{file.stem}-summary.json").is_file()]
    assert files
    for content in (file.read_bytes() for file in files[:4]):
        assert read_large_file(content) == read_large_file(content.replace(b'"charts"', b'"Charts"'))


def _recorded_document(unpacked: Recording) -> dict[str, Any]:
    folder = next(file.parent for file in unpacked("euler-whole").rglob("*-summary.json"))
    document: dict[str, Any] = json.loads((folder / f"{folder.name}.json").read_text(encoding="utf-8"))
    return document


def test_a_trade_of_more_digits_than_a_double_has_is_read_to_its_last(unpacked: Recording) -> None:
    document = _recorded_document(unpacked)
    document["totalPerformance"]["closedTrades"] = [{"profitLoss": "@", "totalFees": 10**17}]
    text = json.dumps(document).replace('"@"', "100000000000000000.01")
    assert read_large_file(text.encode()).metrics["winning_trades"] == 1


def test_points_that_are_not_of_one_kind_are_read_one_by_one(unpacked: Recording) -> None:
    document = _recorded_document(unpacked)
    series = document["charts"]["Strategy Equity"]["series"]
    pairs = [[point[0], point[-1]] for point in series["Equity"]["values"]]
    series["Equity"]["values"] = pairs[: len(pairs) // 3 * 3]
    whole = read_large_file(json.dumps(document).encode())
    between: list[list[float]] = [[7], [], [7, 7]]  # as many numbers as if all had three
    series["Equity"]["values"] = [
        [moment, *between[number % 3], value] for number, (moment, value) in enumerate(series["Equity"]["values"])
    ]
    assert whole == read_large_file(json.dumps(document).encode())
