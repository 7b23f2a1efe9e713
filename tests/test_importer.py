"""results_importer.py on recorded runs, as a user calls it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support import PROJECT, RECORDINGS, ScriptResult, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
_PORTFOLIO = {
    "sharpe_ratio": "sharpeRatio",
    "sortino_ratio": "sortinoRatio",
    "probabilistic_sharpe_ratio": "probabilisticSharpeRatio",
    "total_return": "totalNetProfit",
    "compounding_annual_return": "compoundingAnnualReturn",
    "max_drawdown": "drawdown",
    "drawdown_recovery_days": "drawdownRecovery",
    "annual_std_dev": "annualStandardDeviation",
    "annual_variance": "annualVariance",
    "win_rate": "winRate",
    "loss_rate": "lossRate",
    "avg_win": "averageWinRate",
    "avg_loss": "averageLossRate",
    "profit_loss_ratio": "profitLossRatio",
    "expectancy": "expectancy",
    "start_equity": "startEquity",
    "end_equity": "endEquity",
    "portfolio_turnover": "portfolioTurnover",
    "value_at_risk_95": "valueAtRisk95",
    "value_at_risk_99": "valueAtRisk99",
}
_TRADES = {
    "total_trades": "totalNumberOfTrades",
    "gross_winning_trades": "numberOfWinningTrades",
    "gross_losing_trades": "numberOfLosingTrades",
    "gross_max_consecutive_losing_trades": "maxConsecutiveLosingTrades",
    "gross_profit_factor": "profitFactor",
}
_WITHOUT_BENCHMARK = dict.fromkeys(
    ("alpha", "beta", "information_ratio", "tracking_error", "treynor_ratio", "excess_return")
)
_STATISTICS = {
    "total_orders": "Total Orders",
    "total_fees": "Total Fees",
    "estimated_capacity": "Estimated Strategy Capacity",
}


def _expected(document: dict[str, Any]) -> dict[str, Decimal | None]:
    """The figures of a result file, read anew and by hand: dollars without sign and comma."""
    performance = document["totalPerformance"]
    values = {column: Decimal(performance["portfolioStatistics"][name]) for column, name in _PORTFOLIO.items()}
    values |= {column: Decimal(performance["tradeStatistics"][name]) for column, name in _TRADES.items()}
    values |= {
        column: Decimal(document["statistics"][name].replace("$", "").replace(",", ""))
        for column, name in _STATISTICS.items()
    }
    values["net_profit"] = values["end_equity"] - values["start_equity"]
    values["fee_pct"] = (values["total_fees"] / values["start_equity"]).quantize(Decimal("0.000001"))
    first_day, last_day = (
        date.fromisoformat(document["algorithmConfiguration"][name][:10]) for name in ("startDate", "endDate")
    )
    years = ((last_day - first_day).days + 1) / Decimal("365.25")
    values["annual_fee_pct"] = (values["total_fees"] / values["start_equity"] / years).quantize(Decimal("0.000001"))
    calmar = values["compounding_annual_return"] / values["max_drawdown"] if values["max_drawdown"] else None
    values |= _after_fees(performance["closedTrades"])
    return {
        **values,
        **_WITHOUT_BENCHMARK,
        "calmar_ratio": calmar.quantize(Decimal("0.000001")) if calmar is not None else None,
    }


def _after_fees(trades: list[dict[str, Any]]) -> dict[str, Decimal]:
    """The sums over closed trades, in cents and by hand."""
    nets = [round(trade["profitLoss"] * 100) - round(trade["totalFees"] * 100) for trade in trades]
    won, lost = sum(net for net in nets if net > 0), -sum(net for net in nets if net < 0)
    losses_in_a_row = re.findall("L+", "".join("L" if net < 0 else "W" for net in nets))
    return {
        "winning_trades": Decimal(sum(net > 0 for net in nets)),
        "losing_trades": Decimal(sum(net < 0 for net in nets)),
        "max_consecutive_losing_trades": Decimal(max(map(len, losses_in_a_row), default=0)),
        "profit_factor": (Decimal(won) / lost).quantize(Decimal("0.000001")),
    }


def test_every_stored_value_of_grid_72_equals_the_json_it_came_from(
    run_script: Run, ask: Ask, unpacked: Recording
) -> None:
    output = unpacked("grid-72") / "output"
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert (done.stdout, done.exit_code) == ("72 runs complete, not judged, best Sharpe: 0.4\n", 0)
    stored = {row["backtest_id"]: row for row in ask("SELECT * FROM backtest_results")}
    files = {path.name.removesuffix(".json"): path for path in output.glob("*/*-*-*-*-????????????.json")}
    assert stored.keys() == files.keys()
    assert len(stored) == 72
    for backtest_id, path in files.items():
        document = json.loads(path.read_text(encoding="utf-8"))
        row = stored[backtest_id]
        for column, value in _expected(document).items():
            assert row[column] == value, f"{backtest_id} {column}"
        configuration = document["algorithmConfiguration"]
        assert row["parameters"] == configuration["parameters"]
        assert str(row["backtest_start"]) == configuration["startDate"][:10]
        assert str(row["backtest_end"]) == configuration["endDate"][:10]
        assert row["completed_at"].strftime("%Y-%m-%dT%H:%M:%SZ") == document["state"]["EndTime"]
        assert (row["status"], row["meets_criteria"], row["rejection_reasons"]) == ("completed", None, [])


def test_importing_three_times_and_twice_at_once_leaves_the_same_72_rows(
    database_url: str, ask: Ask, unpacked: Recording, tmp_path: Path
) -> None:
    def start(number: int) -> "subprocess.Popen[str]":
        script = PROJECT / "scripts" / "results_importer.py"
        arguments = ["--optimization-dir", unpacked("grid-72"), "--config", EXAMPLE]
        arguments += ["--leaderboard", tmp_path / f"{number}.md"]
        return subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            env=os.environ | {"DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    both = [start(1), start(2)]
    for process in both:
        stdout, stderr = process.communicate(timeout=60)
        assert (stdout, process.returncode) == ("72 runs complete, 3 passed, best Sharpe: 0.4\n", 0), stderr
    everything = "SELECT * FROM {} ORDER BY id"
    tables = ("strategies", "optimization_runs", "backtest_results")
    before = [ask(everything.format(table)) for table in tables]
    third = start(3)
    assert third.communicate(timeout=60)[0] == "72 runs complete, 3 passed, best Sharpe: 0.4\n"
    assert [ask(everything.format(table)) for table in tables] == before
    assert [len(rows) for rows in before] == [1, 1, 72]


def test_the_example_criteria_pass_exactly_three_and_say_why_the_rest_fails(
    run_script: Run, ask: Ask, unpacked: Recording
) -> None:
    run_script("results_importer.py", "--optimization-dir", unpacked("grid-72"), "--config", EXAMPLE)
    rows = ask("SELECT * FROM backtest_results ORDER BY sharpe_ratio DESC")
    for row in rows:
        fails = (
            row["total_trades"] < 40
            or row["sharpe_ratio"] < Decimal("0.35")
            or row["max_drawdown"] > Decimal("0.20")
            or row["win_rate"] < Decimal("0.50")
            or row["fee_pct"] > Decimal("0.30")
            or row["psr"] < Decimal("0.95")
            or row["deflated_sharpe"] < Decimal("0.50")
        )
        assert row["meets_criteria"] is not fails
        assert bool(row["rejection_reasons"]) is fails
    assert sum(row["meets_criteria"] for row in rows) == 3
    worst = " ".join(rows[-1]["rejection_reasons"])
    assert "Sharpe ratio too low: -" in worst
    assert "Deflated Sharpe ratio too low: 9.7% < 50.0%" in worst
    run = ask("SELECT * FROM optimization_runs")[0]
    assert (run["status"], run["total_combinations"], run["completed_combinations"]) == ("completed", 72, 72)
    assert (run["passed_combinations"], run["failed_combinations"], run["error_message"]) == (3, 0, None)
    assert (run["lean_version"], run["optimization_type"]) == ("v2.5.0.0", "Grid Search")
    assert run["config"]["success_criteria"]["min_sharpe"] == 0.35
    assert ask("SELECT status FROM strategies") == [{"status": "passed"}]


def test_crashed_backtests_are_failed_never_best_and_make_the_run_partial(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    config = tmp_path / "crashy.yaml"
    config.write_text(
        "strategy: {name: Crashy, lean_project_path: Crashy}\n"
        "optimization: {type: Grid Search, target_metric: Sharpe Ratio, target_direction: max,\n"
        "  parameters: {lookback: {start: 2, end: 7, step: 1}}}\n"
        "success_criteria: {min_sharpe: -10}\n",
        encoding="utf-8",
    )
    done = run_script("results_importer.py", "--optimization-dir", recording("crashy"), "--config", config)
    assert done.stdout == "6 runs complete (3 failed), 3 passed, best Sharpe: -0.4\n"
    assert done.exit_code == 4
    assert "partial: 3 of 6 backtests failed: 2019-03-27 16:00:00 Runtime Error: lookback 2 is even" in done.stderr
    rows = ask("SELECT * FROM backtest_results ORDER BY parameters->>'lookback'")
    assert [row["status"] for row in rows] == ["failed", "completed"] * 3
    for row in rows[::2]:
        lookback = row["parameters"]["lookback"]
        assert f"Runtime Error: lookback {lookback} is even\n  at on_data" in row["error_message"]
        assert row["meets_criteria"] is False
        assert row["rejection_reasons"][0].endswith(f"Runtime Error: lookback {lookback} is even")
    crashed_best = max(row["sharpe_ratio"] for row in rows)
    assert crashed_best > Decimal("1.8")
    assert ask("SELECT best_sharpe FROM strategy_leaderboard")[0]["best_sharpe"] < 0
    run = ask("SELECT * FROM optimization_runs")[0]
    assert (run["status"], run["completed_combinations"], run["failed_combinations"]) == ("partial", 3, 3)


def test_backtests_without_a_trade_neither_pass_nor_lead(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    config = tmp_path / "idle.yaml"
    config.write_text(
        "strategy: {name: Idle, lean_project_path: Idle}\n"
        "optimization: {type: Grid Search, target_metric: Sharpe Ratio, target_direction: max,\n"
        "  parameters: {level: {start: 0, end: 4, step: 1}}}\n"
        "success_criteria: {max_drawdown: 1}\n",
        encoding="utf-8",
    )
    done = run_script("results_importer.py", "--optimization-dir", recording("idle"), "--config", config)
    assert (done.stdout, done.exit_code) == ("5 runs complete, 0 passed, best Sharpe: n/a\n", 0)
    reasons = ask("SELECT DISTINCT rejection_reasons, meets_criteria FROM backtest_results")
    assert reasons == [{"rejection_reasons": ["No trades"], "meets_criteria": False}]
    # An open position is an order and a fee, but no round trip.
    paid = ask("SELECT total_orders, total_trades, total_fees::int FROM backtest_results WHERE total_orders > 0")
    assert paid[0] == {"total_orders": 1, "total_trades": 0, "total_fees": 1}


def test_a_backtest_without_any_price_failed_and_names_the_tickers(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    config = write_config(
        tmp_path / "pairs.yaml", "Pairs", "    lookback_period: {values: [30, 60]}\n", criteria="max_drawdown: 1"
    )
    done = run_script("results_importer.py", "--optimization-dir", recording("no-prices"), "--config", config)
    assert (done.last_line, done.exit_code) == ("2 runs complete (2 failed), 0 passed, best Sharpe: n/a", 17)
    assert ask("SELECT DISTINCT status, error_message, rejection_reasons FROM backtest_results") == [
        {
            "status": "failed",
            "error_message": "No prices: XLE, XLF",
            "rejection_reasons": ["Backtest failed: No prices: XLE, XLF"],
        }
    ]
    assert "started with $0" not in done.stderr


def test_an_euler_search_keeps_both_rows_of_a_repeat_and_counts_it_once(
    run_script: Run, ask: Ask, unpacked: Recording
) -> None:
    done = run_script("results_importer.py", "--optimization-dir", unpacked("euler"))
    assert (done.stdout, done.exit_code) == ("24 runs complete, not judged, best Sharpe: 0.0\n", 0)
    assert "imported 27 backtests of 24 combinations" in done.stderr
    run = ask("SELECT * FROM optimization_runs")[0]
    assert (run["total_combinations"], run["completed_combinations"]) == (24, 24)
    assert run["optimization_type"] == "Euler Search"
    assert run["distinct_trials"] == 20  # the strategy makes a whole number of a period of 27.5
    assert "warning: 24 combinations, 20 distinct results: bb_period makes no difference in 3 of 5" in done.stderr
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 27}]
    assert ask("SELECT combinations FROM strategy_leaderboard") == [{"combinations": 24}]
    assert ask("SELECT combinations FROM daily_summary") == [{"combinations": 24}]
    by_parameter = "SELECT sum(backtests)::int AS backtests FROM parameter_performance GROUP BY parameter"
    assert ask(by_parameter) == [{"backtests": 24}, {"backtests": 24}]
    ask("UPDATE backtest_results SET meets_criteria = false, rejection_reasons = '{\"Too bad: 1\"}'")
    assert ask("SELECT backtests FROM rejection_summary") == [{"backtests": 24}]
    assert ask("SELECT backtests FROM fee_analysis") == [{"backtests": 24}]


# exit code, last line of stdout, what stderr says of the reason
_IMPORTS = {
    "backtest-broken": (
        21,
        "0 runs complete, not judged, best Sharpe: n/a",
        "does not say that the optimization has ended",
    ),
    "backtest-crash": (17, "1 run complete (1 failed), not judged, best Sharpe: n/a", "lookback 2 is even"),
    "backtest-no-trade": (0, "1 run complete, not judged, best Sharpe: n/a", "1 backtest of 1 combination from"),
    "broken": (21, "0 runs complete, not judged, best Sharpe: n/a", "2 of 2 combinations have no result"),
    "container-killed": (4, "4 runs complete, not judged, best Sharpe: -0.1", "7 of 11 combinations have no result"),
    "crashy": (4, "6 runs complete (3 failed), not judged, best Sharpe: -0.4", "3 of 6 backtests failed"),
    "dead-parameter": (0, "3 runs complete, not judged, best Sharpe: 0.0", "imported 3 backtests"),
    "euler": (0, "24 runs complete, not judged, best Sharpe: 0.0", "imported 27 backtests"),
    "euler-whole": (0, "6 runs complete, not judged, best Sharpe: 2.9", "imported 9 backtests"),
    "grid-72": (0, "72 runs complete, not judged, best Sharpe: 0.4", "imported 72 backtests"),
    "hang-in-step": (4, "2 runs complete, not judged, best Sharpe: -1.4", "the result of a backtest still under way"),
    "idle": (0, "5 runs complete, not judged, best Sharpe: n/a", "imported 5 backtests"),
    "init-fail": (17, "2 runs complete (2 failed), not judged, best Sharpe: n/a", "no such setting: x"),
    "interrupted": (4, "2 runs complete, not judged, best Sharpe: -0.1", "missing: the backtest did not finish"),
    "list-warm": (0, "4 runs complete, not judged, best Sharpe: 0.5", "imported 4 backtests"),
    "minmax": (16, "0 runs complete, not judged, best Sharpe: n/a", "Minimum value (4) should be less or equal"),
    "no-prices": (17, "2 runs complete (2 failed), not judged, best Sharpe: n/a", "No prices: XLE, XLF"),
    "step-zero": (16, "0 runs complete, not judged, best Sharpe: n/a", "step should be positive value; but was 0"),
    "terminated": (4, "4 runs complete, not judged, best Sharpe: -0.1", "7 of 11 combinations have no result"),
    "unknown-target": (0, "2 runs complete, not judged, best Sharpe: n/a", "imported 2 backtests"),
    "walk-forward": (0, "3 windows (12 runs) complete, OOS Sharpe: 0.5, WFE: 62%, not judged", "imported 4 backtests"),
}
_REFUSED = (
    "bad-constraint", "bad-strategy", "estimate", "no-docker", "no-image", "no-project", "no-workspace",
    "outside-workspace",
)  # fmt: skip


def test_every_recording_is_either_imported_or_refused() -> None:
    recordings = {path.name.removesuffix(".tar.xz") for path in RECORDINGS.glob("*.tar.xz")}
    assert recordings == {*_IMPORTS, *_REFUSED}


@pytest.mark.parametrize("name", _IMPORTS)
def test_recordings_import(name: str, run_script: Run, unpacked: Recording) -> None:
    exit_code, summary, reason = _IMPORTS[name]
    done = run_script("results_importer.py", "--optimization-dir", unpacked(name))
    assert done.last_line.startswith(summary)
    assert done.exit_code == exit_code
    assert reason in done.stderr
    assert name in done.stderr


@pytest.mark.parametrize("name", _REFUSED)
def test_recordings_without_an_output_are_refused(name: str, run_script: Run, unpacked: Recording) -> None:
    folder = unpacked(name)
    done = run_script("results_importer.py", "--optimization-dir", folder)
    assert (done.stdout, done.exit_code) == ("", 5)
    assert done.stderr.startswith(f"error: {folder}: holds no output of `lean optimize`")


def test_all_takes_every_run_below_the_folder(run_script: Run, ask: Ask, unpacked: Recording) -> None:
    folder = unpacked("walk-forward") / "window-1" / "in-sample"
    done = run_script("results_importer.py", "--optimization-dir", folder, "--all")
    assert done.last_line == "4 runs complete, not judged, best Sharpe: 0.6 (few trades)"
    assert ask("SELECT count(*) FROM optimization_runs") == [{"count": 1}]
    assert ask("SELECT count(*) FROM walk_forward_analyses") == [{"count": 0}]


def test_a_walk_forward_analysis_that_was_run_by_hand_is_one(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    home = tmp_path / ".optimization" / "RSI_MeanReversion_ETF"
    shutil.copytree(recording("walk-forward"), home / "walk-forward")
    done = run_script("results_importer.py", "--optimization-dir", home)
    assert done.last_line == "3 windows (12 runs) complete, OOS Sharpe: 0.5, WFE: 62%, not judged"
    assert ask("SELECT name FROM strategies") == [{"name": "RSI_MeanReversion_ETF"}]
    assert ask("SELECT part, count(*) FROM walk_forward_runs GROUP BY part ORDER BY part") == [
        {"part": "in-sample", "count": 3}, {"part": "out-of-sample", "count": 12},
    ]  # fmt: skip
    windows = "SELECT number, parameters, out_of_sample_end, reason, rank_correlation FROM walk_forward_windows"
    once = [ask(windows), ask("SELECT * FROM walk_forward_analyses")]
    assert [row["parameters"] for row in once[0]] == [
        {"rsi_period": "14", "entry_threshold": "30"},
        {"rsi_period": "14", "entry_threshold": "35"},
        {"rsi_period": "10", "entry_threshold": "30"},
    ]
    again = run_script("results_importer.py", "--optimization-dir", home, "--all")
    assert again.last_line == done.last_line
    assert [ask(windows), ask("SELECT * FROM walk_forward_analyses")] == once
    config = PROJECT / "configs" / "optimizations" / "rsi_etf_walk_forward.yaml"
    judged = run_script("results_importer.py", "--optimization-dir", home, "--config", config)
    assert judged.last_line == "3 windows (12 runs) complete, OOS Sharpe: 0.5, WFE: 72%, passed"
    assert ask("SELECT status FROM strategies WHERE name = 'RSI_MeanReversion_ETF'") == [{"status": "passed"}]


def test_the_newest_of_several_runs_is_taken(run_script: Run, ask: Ask, recording: Recording, tmp_path: Path) -> None:
    project = tmp_path / ".optimization" / "Some_Project"
    shutil.copytree(recording("crashy") / "output", project / "2026-11-22_12-53-57")
    shutil.copytree(recording("idle") / "output", project / "2026-11-22_12-54-47")
    done = run_script("results_importer.py", "--optimization-dir", project)
    assert done.last_line == "5 runs complete, not judged, best Sharpe: n/a"
    assert "2 runs in" in done.stderr
    assert ask("SELECT name FROM strategies") == [{"name": "Some_Project"}]


def test_results_of_another_run_in_the_folder_are_set_aside_and_named(
    run_script: Run, recording: Recording, unpacked: Recording, ask: Ask
) -> None:
    """As two optimizations leave them that share a folder."""
    output = recording("crashy") / "output"
    own = sorted(entry for entry in output.iterdir() if (entry / f"{entry.name}.json").is_file())
    for entry in (unpacked("dead-parameter") / "output").iterdir():
        if (entry / f"{entry.name}.json").is_file():
            shutil.copytree(entry, output / entry.name)
    strange = own[0] / f"{own[0].name}.json"
    summary = own[0] / f"{own[0].name}-summary.json"
    for file in (strange, summary):
        file.write_text(re.sub(r'"lookback": *"\d+"', '"lookback": "99"', file.read_text("utf-8")), encoding="utf-8")
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert done.stderr.count("is no result of this run: it has no lookback, and LEAN's log does not name it") == 3
    assert (
        f"not imported: {own[0].name}/{own[0].name}.json: was not run with the parameters that LEAN's log"
        in done.stderr
    )
    stored = ask("SELECT backtest_id FROM backtest_results ORDER BY backtest_id")
    assert [row["backtest_id"] for row in stored] == [entry.name for entry in own[1:]]


def test_damaged_missing_and_foreign_files_are_named_and_the_rest_is_imported(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    output = recording("crashy") / "output"
    truncated, empty, gone, binary, foreign, sound = sorted(
        folder for folder in output.iterdir() if folder.is_dir() and folder.name != "code"
    )
    main = truncated / f"{truncated.name}.json"
    main.write_bytes(main.read_bytes()[:5000])
    (empty / f"{empty.name}.json").write_bytes(b"")
    for file in gone.iterdir():
        file.unlink()
    (binary / f"{binary.name}.json").write_bytes(b"\xff\xfe\x00\x80")
    (foreign / f"{foreign.name}.json").write_text('{"menu": []}', encoding="utf-8")
    (output / "notes.txt").write_text("mine", encoding="utf-8")
    done = run_script("results_importer.py", "--optimization-dir", output)
    stored = ask("SELECT backtest_id FROM backtest_results")
    assert stored == [{"backtest_id": sound.name}]
    for folder, reason in (
        (truncated, "truncated after "),
        (empty, "truncated after 0 characters"),
        (gone, "missing: the backtest did not finish"),
        (binary, "is not text: damaged"),
        (foreign, "is not the result of a LEAN backtest"),
    ):
        assert f"not imported: {folder.name}/{folder.name}.json: {reason}" in done.stderr
    assert "not imported: notes.txt: foreign file, not written by LEAN" in done.stderr
    assert "6 entries not imported" in done.stderr
    problems = ask("SELECT import_problems FROM optimization_runs")[0]["import_problems"]
    assert len(problems) == 6


@pytest.mark.parametrize("length", [0, 1, 100, 4096, 18000, -2])
def test_a_half_written_file_is_never_a_result(length: int, run_script: Run, ask: Ask, recording: Recording) -> None:
    output = recording("unknown-target") / "output"
    summary = next(output.glob("*/*-summary.json"))
    main = summary.with_name(summary.name.replace("-summary", ""))
    whole = main.read_bytes()
    main.write_bytes(whole[:length])
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 1}]
    assert done.exit_code == 4
    main.write_bytes(whole)
    healed = run_script("results_importer.py", "--optimization-dir", output)
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 2}]
    assert healed.exit_code == 0
    assert ask("SELECT status, error_message FROM optimization_runs") == [
        {"status": "completed", "error_message": None}
    ]


def test_the_summary_file_serves_where_the_large_one_was_removed(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    output = recording("dead-parameter") / "output"
    for summary in output.glob("*/*-summary.json"):
        (summary.parent / summary.name.replace("-summary", "")).unlink()
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert done.last_line == "3 runs complete, not judged, best Sharpe: 0.0"


def test_a_summary_without_the_large_file_is_no_result_when_lean_was_killed_between_the_two(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    output = recording("interrupted") / "output"
    ended = next(output.glob("*/data-monitor-report-*"))
    ended.unlink()
    (ended.parent / f"{ended.parent.name}.json").unlink()
    assert (ended.parent / f"{ended.parent.name}-summary.json").exists()
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert f"not imported: {ended.parent.name}/{ended.parent.name}.json: missing" in done.stderr
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 1}]


def _pascal(value: Any, *, keep: bool = False) -> Any:
    if isinstance(value, list):
        return [_pascal(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key if keep else key[:1].upper() + key[1:]: _pascal(item, keep=key in ("parameters", "statistics"))
        for key, item in value.items()
    }


def test_the_pascal_case_output_of_older_lean_is_read_alike(run_script: Run, ask: Ask, recording: Recording) -> None:
    output = recording("crashy") / "output"
    run_script("results_importer.py", "--optimization-dir", output)
    columns = (
        "backtest_id, parameters, status, sharpe_ratio, total_orders, total_trades, total_fees, fee_pct, "
        "error_message, profit_factor, losing_trades, daily_sharpe_ratio, time_under_water_days, alpha"
    )
    before = ask(f"SELECT {columns} FROM backtest_results ORDER BY backtest_id")
    ask("DELETE FROM optimization_runs")
    for file in output.glob("*/*.json"):
        document = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(document, dict) and "statistics" in document:
            # What LEAN called its count of orders before 2024.
            document["statistics"]["Total Trades"] = document["statistics"].pop("Total Orders")
            file.write_text(json.dumps(_pascal(document)), encoding="utf-8")
    run_script("results_importer.py", "--optimization-dir", output)
    assert ask(f"SELECT {columns} FROM backtest_results ORDER BY backtest_id") == before


@pytest.mark.parametrize(
    ("path", "message"),
    [("nowhere", "no such folder; check the path"), ("file", "is a file; name the folder that it is in")],
)
def test_a_wrong_path_is_told(path: str, message: str, run_script: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run_script("results_importer.py", "--optimization-dir", tmp_path / path)
    assert (done.stdout, done.exit_code) == ("", 5)
    assert done.stderr == f"error: {tmp_path / path}: {message}\n"


def test_the_database_says_why_a_strategy_is_undecided(
    run_script: Run, ask: Ask, unpacked: Recording, tmp_path: Path
) -> None:
    """Nothing of either passes, but one only crashed, and the other did not try all of its combinations."""
    run_script("results_importer.py", "--optimization-dir", unpacked("init-fail"))
    parameters = "    rsi_period: {start: 8, end: 18, step: 1}\n"
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", parameters, criteria="min_sharpe: 5")
    run_script("results_importer.py", "--optimization-dir", unpacked("container-killed"), "--config", config)
    rows = ask("SELECT strategy, status, best_meets_criteria, note FROM strategy_leaderboard ORDER BY strategy DESC")
    assert [(row["strategy"], row["status"], row["best_meets_criteria"]) for row in rows] == [
        ("init-fail", "testing", None),
        ("RSI_MeanReversion_ETF", "testing", False),
    ]
    crashed, killed = (str(row["note"]) for row in rows)
    assert re.match(r"not judged; run 1 failed after 2 of 2 combinations: .*no such setting: x", crashed)
    assert re.match(r"(few trades; )?run 2 partial after 4 of 11 combinations: .*7 of 11 combinations", killed)


def test_the_leaderboard_is_rewritten(run_script: Run, recording: Recording, tmp_path: Path) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("idle"))
    run_script("results_importer.py", "--optimization-dir", recording("dead-parameter"))
    done = run_script("results_importer.py", "--optimization-dir", recording("euler-whole"))
    assert done.last_line == "6 runs complete, not judged, best Sharpe: 2.9 (few trades)"
    text = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert rows[:4] == [
        ["Strategy", "Status", "Target", "Excess", "Trades"],
        ["1. euler-whole", "testing", "2.91", "-44.4%", "4 few"],
        ["2. dead-parameter", "testing", "-0.03", "n/a", "37"],
        ["3. idle", "testing", "n/a", "n/a", "n/a"],
    ]
    assert ["Period", "2015-01-01 to 2020-12-31, 6.0 years"] in rows
    assert ["Note", "few trades; not judged"] in rows
    assert "**Figures of different periods do not compare: these strategies have 2" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_a_database_that_is_away_is_told_and_nothing_else(run_script: Run, unpacked: Recording) -> None:
    done = run_script(
        "results_importer.py", "--optimization-dir", unpacked("idle"),
        env={"DATABASE_URL": "postgresql://u:s3cret@127.0.0.1:1/x"},
    )  # fmt: skip
    assert (done.stdout, done.exit_code) == ("", 7)
    assert done.stderr.startswith("error: cannot connect to PostgreSQL (from DATABASE_URL)")
    assert "s3cret" not in done.stderr


def test_an_embedded_postgres_serves_where_none_is_named(recording: Recording, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "scripts", project / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "configs" / "schemas", project / "configs" / "schemas")
    command = [sys.executable, str(project / "scripts" / "results_importer.py"), "--optimization-dir"]
    for _ in range(2):
        done = subprocess.run(
            [*command, str(recording("idle"))], env=os.environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stdout == "5 runs complete, not judged, best Sharpe: n/a\n", done.stderr
        assert done.stderr.startswith("using database trading as postgres (from embedded PostgreSQL)\n")
    assert (project / ".postgres" / "data" / "PG_VERSION").exists()
    assert not (project / ".postgres" / "data" / "postmaster.pid").exists()
    assert (project / "lean_projects" / "results" / "leaderboard" / "strategy_leaderboard.md").exists()
