"""The leaderboard as people read it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import yaml

from strategy_testing.report.leaderboard import leaderboard_text
from support import PROJECT

_ROW: dict[str, Any] = {
    "rank": 1, "strategy": "RSI_MeanReversion_ETF", "status": "rejected",
    "backtest_start": date(2012, 1, 3), "backtest_end": date(2020, 12, 31), "years": Decimal("9.0"),
    "capital": Decimal(5000), "target_metric": "Compounding Annual Return", "target_value": Decimal("0.0619"),
    "best_sharpe": Decimal("0.4075"), "best_daily_sharpe": Decimal("0.5402"),
    "probabilistic_sharpe_ratio": Decimal("0.0286"), "psr": Decimal("0.981"), "trials": 72,
    "expected_best_sharpe": Decimal("0.44"), "deflated_sharpe": Decimal("0.752"),
    "deflated_sharpe_independent": Decimal("0.956"), "annual_return": Decimal("0.0619"), "benchmark": "SPY",
    "excess_return": Decimal("-0.0812"), "max_drawdown": Decimal("0.186"), "total_trades": 29, "has_few_trades": True,
    "win_rate": Decimal("0.745"), "fee_pct": Decimal("0.0188"),
    "best_parameters": {"rsi_period": "16", "start_date": "2012-01-03"}, "combinations": 72, "passed": 3, "failed": 0,
    "engine": "warm, checked: 2 of 72", "evidence": "in-sample", "out_of_sample_sharpe": None,
    "walk_forward_efficiency": None, "walk_forward_passed": None,
    "last_run_at": datetime(2026, 11, 26, 9, 30, tzinfo=UTC), "note": "few trades",
}  # fmt: skip


def _cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]


def test_a_strategy_is_shown_with_all_that_its_figures_depend_on() -> None:
    assert _cells(leaderboard_text([_ROW])) == [
        ["Strategy", "Status", "Target", "Excess", "Trades"],
        ["1. RSI_MeanReversion_ETF", "rejected", "6.2%", "-8.1%", "29 few"],
        ["1. RSI_MeanReversion_ETF", "rejected"],
        ["Evidence", "in-sample"],
        ["Period", "2012-01-03 to 2020-12-31, 9.0 years"],
        ["Capital", "$5,000.00"],
        ["Target", "Annual return 6.2%"],
        ["Annual return", "6.2%"],
        ["Excess return", "-8.1% against SPY"],
        ["Sharpe ratio", "0.41 of LEAN, 0.54 of trading days"],
        ["Probabilistic Sharpe", "98.1% above 0, 2.9% above 1"],
        ["Luck alone", "would give 0.44 after 72 trials"],
        ["Deflated Sharpe", "75.2%, 95.6% by independent trials"],
        ["Drawdown", "18.6%"],
        ["Trades", "29, 74.5% won"],
        ["Fees", "1.9% of the capital"],
        ["Parameters", "rsi_period=16"],
        ["Engine", "warm, checked: 2 of 72"],
        ["Tested", "72 combinations, 3 passed, 0 failed"],
        ["Last run", "2026-11-26 09:30 UTC"],
        ["Note", "few trades"],
    ]


def test_evidence_of_days_that_no_choice_has_seen_is_shown_first() -> None:
    walked = {"out_of_sample_sharpe": Decimal("0.5273"), "walk_forward_efficiency": Decimal("0.6187")}
    text = leaderboard_text([_ROW | walked | {"evidence": "walk-forward", "walk_forward_passed": True}])
    assert _cells(text)[3:6] == [
        ["Evidence", "walk-forward, passed"],
        ["Out-of-sample", "Sharpe 0.53, WFE 62%"],
        ["Below", "what to trade next, in-sample"],
    ]
    rejected = leaderboard_text([_ROW | {"evidence": "walk-forward"}])
    assert ["Evidence", "walk-forward, not judged"] in _cells(rejected)
    assert ["Out-of-sample", "Sharpe n/a, WFE n/a"] in _cells(rejected)


def test_what_does_not_compare_is_said() -> None:
    alone = leaderboard_text(
        [_ROW, {**_ROW, "target_metric": "TotalPerformance.PortfolioStatistics.CompoundingAnnualReturn"}]
    )
    assert "then by the target of their configs" in " ".join(alone.split())
    assert "do not compare" not in alone
    assert "Engine" not in leaderboard_text([{**_ROW, "engine": None}])
    assert "Luck alone" not in leaderboard_text([{**_ROW, "expected_best_sharpe": None}])
    other = {
        **_ROW,
        "target_metric": "Sharpe Ratio",
        "target_value": Decimal("0.4"),
        "backtest_end": date(2019, 12, 31),
    }
    both = " ".join(leaderboard_text([_ROW, other]).split())
    assert "then by their Sharpe ratio, as their targets differ" in both
    assert "Figures of different periods do not compare: these strategies have 2" in both


def test_every_strategy_of_the_backlog_fits_into_80_columns() -> None:
    backlog = yaml.safe_load((PROJECT / "data" / "strategy_backlog.yaml").read_text(encoding="utf-8"))
    problem = "run 112 interrupted after 12 of 72 combinations: stopped by a signal; go on with --resume 112"
    many = {f"some_longer_parameter_{number}": "0.025" for number in range(9)}
    rows = [
        {**_ROW, "rank": rank, "strategy": strategy["lean_project_path"], "note": problem, "best_parameters": many}
        for rank, strategy in enumerate(backlog["strategies"], 1)
    ]
    assert max(map(len, leaderboard_text(rows).splitlines())) <= 80
