"""What is kept of the leaderboard: it says the same as working it out, whatever changes by whatever hand."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2

from support import PROJECT, ScriptResult

Ask = Callable[..., list[dict[str, object]]]
Run = Callable[..., ScriptResult]
_KEPT = "SELECT count(*) FROM strategy_standings"
_CHANGES = (
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
    example = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
    run_script("results_importer.py", "--optimization-dir", unpacked("grid-72") / "output", "--config", example)
    assert ask(_KEPT) == [{"count": 1}]
    seen = []
    for change in ("SELECT 1", *_CHANGES):
        ask(change)
        by_kept = ask("SELECT * FROM strategy_leaderboard")
        ask("DELETE FROM strategy_standings")
        assert ask("SELECT * FROM strategy_leaderboard") == by_kept, change
        ask("SELECT keep_standing(id) FROM strategies")
        seen.append(by_kept)
    changed = [change for change, before, after in zip(_CHANGES, seen, seen[1:], strict=False) if before != after]
    assert len(changed) >= len(_CHANGES) - 3


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
    ask("SELECT keep_standing(id) FROM strategies")
    assert ask("SELECT combinations FROM strategy_standings") == [{"combinations": 1}]


def test_an_import_keeps_it_last(run_script: Run, ask: Ask, recording: Callable[[str], Path]) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("walk-forward"), "--all")
    assert ask(_KEPT) == ask("SELECT count(DISTINCT strategy_id) FROM backtest_results")
