"""What is kept of strategies and runs: it says the same as working it out, whatever changes by whatever hand."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2

from strategy_testing.database.connection import Database
from strategy_testing.database.schema import ensure_schema
from support import PROJECT, ScriptResult

Ask = Callable[..., list[dict[str, object]]]
Run = Callable[..., ScriptResult]
_KEPT = "SELECT count(*) FROM strategy_standings"
_VIEWS = (
    "strategy_leaderboard", "rejection_summary", "parameter_performance", "fee_analysis", "luck_of_runs", "next_steps",
)  # fmt: skip
"""Those that read what is kept."""
_BESIDE = ("strategy_rejections", "strategy_parameters", "run_figures")
"""Tables that keep what goes with a standing."""
_CHANGES = (
    "INSERT INTO backtest_results (optimization_run_id, strategy_id, parameters, sharpe_ratio, total_trades, psr, "
    "deflated_sharpe, total_orders, total_fees, fee_pct, meets_criteria, rejection_reasons, on_edge) SELECT "
    "id, strategy_id, '{\"rsi_period\": \"99\"}', 8, 40, 0.9, 1, 80, 1000, 0.5, false, ARRAY['Fees too high: x'], true "
    "FROM optimization_runs",
    "UPDATE optimization_runs SET best_backtest_id = (SELECT max(backtest_id) FROM backtest_results WHERE on_edge)",
    "UPDATE backtest_results SET deflated_sharpe = 1 - deflated_sharpe",
    'UPDATE backtest_results SET parameters = parameters || \'{"rsi_period": "7"}\' WHERE id % 5 = 0',
    "UPDATE backtest_results SET rejection_reasons = '{}' WHERE id % 3 = 0",
    "UPDATE backtest_results SET total_fees = 0, fee_pct = 0 WHERE id % 2 = 0",
    "INSERT INTO optimization_runs (strategy_id, status, started_at) SELECT id, 'completed', '2000-01-01' "
    "FROM strategies",
    "UPDATE backtest_results SET optimization_run_id = (SELECT max(id) FROM optimization_runs) WHERE id % 4 = 0",
    "UPDATE optimization_runs SET optimization_type = 'Euler Search'",
    "DELETE FROM optimization_runs WHERE id = (SELECT max(id) FROM optimization_runs)",
    "UPDATE backtest_results SET meets_criteria = true WHERE id = (SELECT max(id) FROM backtest_results)",
    "UPDATE backtest_results SET sharpe_ratio = 9, target_value = 9 WHERE id = (SELECT max(id) FROM backtest_results)",
    "UPDATE backtest_results SET total_trades = 0 WHERE id = (SELECT max(id) FROM backtest_results)",
    "UPDATE backtest_results SET meets_criteria = true WHERE id = (SELECT min(id) FROM backtest_results)",
    "UPDATE backtest_results SET status = 'failed', meets_criteria = false WHERE id % 7 = 0",
    "DELETE FROM backtest_results WHERE meets_criteria",
    "UPDATE optimization_runs SET target_direction = 'min'",
    "UPDATE optimization_runs SET target_metric = 'Drawdown'",
    "INSERT INTO strategies (name) VALUES ('Other')",
    "UPDATE optimization_runs SET strategy_id = (SELECT max(id) FROM strategies)",
    "INSERT INTO walk_forward_analyses (analysis_uuid, strategy_id, choose, out_of_sample, status, meets_criteria) "
    "SELECT gen_random_uuid(), max(id), 'best', 'chosen', 'completed', true FROM strategies",
    "INSERT INTO walk_forward_windows (analysis_id, number, in_sample_start, in_sample_end, out_of_sample_start, "
    "out_of_sample_end, in_sample_result_id) SELECT max(walk_forward_analyses.id), 1, '2012-01-01', '2013-12-31', "
    "'2014-01-01', '2014-12-31', "
    "(SELECT max(id) FROM backtest_results WHERE status = 'completed' AND total_trades > 0) "
    "FROM walk_forward_analyses",
    "INSERT INTO walk_forward_runs (run_id, analysis_id, part) SELECT max(optimization_runs.id), "
    "max(walk_forward_analyses.id), 'in-sample' FROM optimization_runs, walk_forward_analyses",
    "DELETE FROM walk_forward_windows",
    "DELETE FROM walk_forward_analyses",
    "TRUNCATE backtest_results CASCADE",
)


def test_what_is_kept_is_what_would_be_worked_out(run_script: Run, ask: Ask, unpacked: Callable[[str], Path]) -> None:
    def answers() -> dict[str, object]:
        lines = "SELECT '{0}' AS view, jsonb_agg(line ORDER BY to_jsonb(line)) AS lines FROM {0} AS line"
        return {str(row["view"]): row["lines"] for row in ask(" UNION ALL ".join(map(lines.format, _VIEWS)))}

    def kept() -> list[int]:
        counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in _BESIDE)
        return [int(str(count)) for count in ask(f"SELECT {counts}")[0].values()]

    example = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
    run_script("results_importer.py", "--optimization-dir", unpacked("grid-72") / "output", "--config", example)
    assert ask(_KEPT) == [{"count": 1}]
    assert min(kept()) > 0
    seen = []
    for change in ("SELECT 1", *_CHANGES):
        ask(change)
        by_kept = answers()
        ask("DELETE FROM strategy_standings")
        assert kept() == [0, 0, 0]
        assert answers() == by_kept, change
        ask("SELECT keep_standing(id) FROM strategies")
        assert answers() == by_kept, change
        assert ask("SELECT run_id FROM run_figures EXCEPT SELECT optimization_run_id FROM backtest_results") == []
        seen.append(by_kept)
    changed = [change for change, before, after in zip(_CHANGES, seen, seen[1:], strict=False) if before != after]
    assert len(changed) >= len(_CHANGES) - 3
    assert min(len({str(each[view]) for each in seen}) for view in _VIEWS) > 3


def test_nobody_keeps_a_standing_while_its_results_change(ask: Ask, database_url: str) -> None:
    ask("INSERT INTO strategies (name) VALUES ('S')")
    ask("INSERT INTO optimization_runs (strategy_id, status) SELECT id, 'completed' FROM strategies")
    with closing(psycopg2.connect(database_url)) as other, other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO backtest_results (optimization_run_id, strategy_id, total_trades) "
            "SELECT id, strategy_id, 5 FROM optimization_runs"
        )
        ask("SELECT keep_standing(id) FROM strategies")
        assert ask(_KEPT) == [{"count": 0}]
        other.commit()
        # Whoever has locked a run, as an import does first, would wait for who keeps, and must not be waited for.
        cursor.execute("SELECT FROM optimization_runs FOR UPDATE")
        ask("SET lock_timeout = '5s'; SELECT keep_standing(id) FROM strategies")
    assert ask("SELECT combinations FROM strategy_standings") == [{"combinations": 1}]
    assert ask("SELECT count(*) FROM run_figures") == [{"count": 1}]


def test_an_import_keeps_it_last_and_an_upgrade_what_older_ones_did_not(
    run_script: Run, ask: Ask, recording: Callable[[str], Path], database: Database
) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("walk-forward"), "--all")
    assert ask(_KEPT) == ask("SELECT count(DISTINCT strategy_id) FROM backtest_results")
    kept = ask("SELECT * FROM run_figures ORDER BY run_id")
    assert len(kept) == ask("SELECT count(*) FROM optimization_runs")[0]["count"]
    ask("DELETE FROM run_figures")
    ask("DELETE FROM schema_versions")
    ask("INSERT INTO schema_versions VALUES (17)")
    ensure_schema(database)
    assert ask("SELECT * FROM run_figures ORDER BY run_id") == kept
