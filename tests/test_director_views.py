"""The views that answer the director's questions, on rows that show each case."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.database.connection import Database
from strategy_testing.database.runs import hold_run
from strategy_testing.database.schema import SCHEMA_FILE, ensure_schema
from support import ScriptResult

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_BY_SORTING = """
    SELECT DISTINCT ON (result.strategy_id, what, backtest_start, backtest_end) result.id
    FROM backtest_results AS result
    INNER JOIN optimization_runs AS runs ON runs.id = optimization_run_id
    CROSS JOIN LATERAL tested_combination(optimization_type, parameters, combination, backtest_id) AS tested (what)
    ORDER BY result.strategy_id, what, backtest_start, backtest_end, result.status = 'failed',
        meets_criteria IS NULL, result.id DESC
"""


def _strategy(ask: Ask, name: str = "S") -> int:
    return int(ask("INSERT INTO strategies (name) VALUES (%s) RETURNING id", name)[0]["id"])


def _insert(ask: Ask, table: str, values: dict[str, object]) -> int:
    marks = ", ".join(["%s"] * len(values))
    rows = ask(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) RETURNING id", *values.values())
    return int(rows[0]["id"])


def _run(ask: Ask, strategy: int, **more: object) -> int:
    values = {"strategy_id": strategy, "status": "completed", "optimization_type": "Grid Search"}
    return _insert(ask, "optimization_runs", values | more)


def _result(ask: Ask, run: int, strategy: int, parameters: str, **more: object) -> int:
    values = {"optimization_run_id": run, "strategy_id": strategy, "parameters": parameters, "total_trades": 40}
    return _insert(ask, "backtest_results", values | more)


def test_each_view_has_a_file_of_its_name_and_says_which_question_it_answers(ask: Ask) -> None:
    views = ask("SELECT viewname AS name, obj_description(viewname::regclass) AS comment FROM pg_views "
                "WHERE schemaname = 'public'")  # fmt: skip
    files = {file.stem for file in (SCHEMA_FILE.parent / "db_schema" / "views").iterdir()}
    assert {view["name"] for view in views} == files
    assert [view["name"] for view in views if not re.match(r"[A-Z][^?.]+\? \S", view["comment"])] == []


def test_the_latest_result_of_each_combination_is_the_one_that_sorting_finds(ask: Ask) -> None:
    for name in ("S", "T"):
        strategy = _strategy(ask, name)
        for kind in ("Grid Search", "Grid Search", "Euler Search"):
            run = _run(ask, strategy, optimization_type=kind)
            ask("""
                INSERT INTO backtest_results (
                    optimization_run_id, strategy_id, parameters, status, meets_criteria, backtest_start, backtest_end
                )
                SELECT %s, %s, parameters::jsonb, status, meets AND status <> 'failed', first_day, first_day + 9
                FROM unnest(ARRAY['{"n": "30"}', '{"n": "30.0"}', '{"n": "5"}', '{}']) AS parameters,
                    unnest(ARRAY['completed', 'failed']) AS status,
                    unnest(ARRAY[true, false, NULL]) AS meets,
                    unnest(ARRAY['2012-01-01', NULL]::date[]) AS first_day
                ORDER BY md5(parameters || status || coalesce(meets::text, '') || %s)
            """, run, strategy, f"{name}{run}")  # fmt: skip
    expected = {row["id"] for row in ask(_BY_SORTING)}
    assert len(expected) > 50
    assert {row["id"] for row in ask("SELECT id FROM latest_results")} == expected
    # Views that look at all results find the same ones in their own way.
    ask("UPDATE backtest_results SET rejection_reasons = ARRAY['R: ' || id] WHERE meets_criteria IS FALSE")
    latest = (
        "FROM latest_results INNER JOIN backtest_results USING (id, strategy_id) GROUP BY strategy_id ORDER BY 1, 2, 3"
    )
    counted = ask(f"""
        SELECT count(*) AS combinations, count(*) FILTER (WHERE meets_criteria) AS passed,
            count(*) FILTER (WHERE status = 'failed') AS failed {latest}
    """)
    assert counted == ask("SELECT combinations, passed, failed FROM strategy_leaderboard ORDER BY 1, 2, 3")
    rejected = ask(f"""
        SELECT count(*) FILTER (WHERE meets_criteria IS FALSE) AS backtests, min(rejection_reasons[1]) AS example,
            round(avg((NOT meets_criteria)::integer), 4) AS share_of_judged {latest}
    """)
    assert rejected == ask("SELECT backtests, example, share_of_judged FROM rejection_summary ORDER BY 1, 2, 3")


def test_combinations_are_led_by_their_latest_results(ask: Ask) -> None:
    strategy = _strategy(ask)
    first, second = _run(ask, strategy), _run(ask, strategy)
    _result(ask, first, strategy, '{"n": "30"}', sharpe_ratio=9)
    newer = _result(ask, second, strategy, '{"n": "30.0"}', sharpe_ratio=1)
    other = _result(ask, first, strategy, '{"n": "40"}', sharpe_ratio=2)
    _result(ask, first, strategy, '{"n": "50"}', sharpe_ratio=3, total_trades=0)
    _result(ask, first, strategy, '{"n": "60"}', sharpe_ratio=3, status="failed")
    rows = ask("SELECT backtest_result_id AS id FROM combination_leaderboard ORDER BY sharpe_ratio DESC NULLS LAST")
    assert [row["id"] for row in rows] == [other, newer]


def test_a_strategy_is_led_by_what_was_judged_and_was_no_part_of_an_analysis(ask: Ask) -> None:
    strategy = _strategy(ask)
    judged, unjudged, part = (_run(ask, strategy) for _ in range(3))
    _result(ask, judged, strategy, '{"n": "1"}', sharpe_ratio=1, meets_criteria=False)
    _result(ask, unjudged, strategy, '{"n": "1"}', sharpe_ratio=2)
    _result(ask, part, strategy, '{"n": "2"}', sharpe_ratio=3, meets_criteria=True)
    ask("INSERT INTO walk_forward_analyses (id, analysis_uuid, strategy_id, choose, out_of_sample) "
        "VALUES (1, gen_random_uuid(), %s, 'best', 'chosen')", strategy)  # fmt: skip
    ask("INSERT INTO walk_forward_runs (run_id, analysis_id, part) VALUES (%s, 1, 'in-sample')", part)
    (row,) = ask("SELECT best_sharpe, optimization_run_id AS run, combinations, passed FROM strategy_leaderboard")
    assert row == {"best_sharpe": 1, "run": judged, "combinations": 2, "passed": 1}


def test_a_combination_counts_once_a_day_and_a_run_alone_by_its_own_counts(ask: Ask) -> None:
    first, second = _strategy(ask, "A"), _strategy(ask, "B")
    for strategy, days in ((first, "01 01 02"), (second, "01")):
        for number, day in enumerate(days.split()):
            run = _run(ask, strategy, started_at=f"2026-11-{day} 10:00Z")
            for n in (1, 2):
                parameters = f'{{"n": "{n + number}"}}'
                _result(ask, run, strategy, parameters, sharpe_ratio=n + number, meets_criteria=n == 1)
    rows = ask(
        "SELECT runs, combinations AS tested, passed, best_sharpe AS best, best_strategy AS led FROM daily_summary "
        "ORDER BY day DESC"
    )
    assert rows == [
        {"runs": 1, "tested": 2, "passed": 1, "best": 4, "led": "A"},
        {"runs": 3, "tested": 5, "passed": 3, "best": 3, "led": "A"},
    ]


def test_a_weeks_work_is_held_against_the_target(ask: Ask) -> None:
    strategy = _strategy(ask)
    ends = {"started_at": "2026-11-22 20:00Z", "completed_at": "2026-11-23 00:30Z"}  # a Monday
    run = _run(ask, strategy, computing_seconds=5400, **ends)
    origin = [_result(ask, run, strategy, f'{{"n": "{n}"}}', meets_criteria=n == 1) for n in range(5)]
    _result(ask, run, strategy, '{"n": "9"}', status="failed")
    again = _run(ask, strategy, computing_seconds=600, started_at="2026-11-29 23:59Z")
    _result(ask, again, strategy, '{"n": "0"}', reused_from=origin[0])
    _result(ask, again, strategy, '{"n": "7"}')
    _run(ask, strategy, status="refused", started_at="2026-11-24")
    _run(ask, _strategy(ask, "T"), started_at="2026-11-30 00:00Z")
    this, following = ask("SELECT * FROM weekly_throughput ORDER BY week")
    assert {name: str(value) for name, value in this.items()} == {
        "week": "2026-11-23", "target": "100", "variations": "6", "share_of_target": "0.06", "backtests": "7",
        "failed": "1", "reused": "1", "passed": "1", "runs": "2", "refused": "1", "strategies": "1",
        "computing_hours": "1.67", "seconds_each": "857.1",
    }  # fmt: skip
    assert (str(following["week"]), following["backtests"], following["computing_hours"]) == ("2026-11-30", 0, None)


def test_what_backtests_took_is_added_up_when_their_run_has_ended(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("list-warm"))
    summed = (
        "SELECT computing_seconds > 0 AND computing_seconds = "
        "(SELECT sum(extract(EPOCH FROM completed_at - started_at)) FROM backtest_results) AS is_sum "
        "FROM optimization_runs"
    )
    assert ask(summed) == [{"is_sum": True}]


def test_what_older_runs_took_is_added_up_by_the_upgrade(database: Database, ask: Ask) -> None:
    strategy = _strategy(ask)
    for status in ("completed", "running"):
        run = _run(ask, strategy, status=status)
        for n in range(2):
            times = {"started_at": "2026-11-02 10:00Z", "completed_at": "2026-11-02 10:01:30Z"}
            _result(ask, run, strategy, f'{{"n": "{n}"}}', **times)
    ask("ALTER TABLE optimization_runs DROP COLUMN computing_seconds CASCADE")
    ask("INSERT INTO schema_versions (version) VALUES (12) ON CONFLICT DO NOTHING")
    ask("DELETE FROM schema_versions WHERE version > 12")
    ensure_schema(database)
    rows = ask("SELECT computing_seconds::integer AS took FROM optimization_runs ORDER BY id")
    assert rows == [{"took": 180}, {"took": None}]


def test_fees_count_a_combination_of_a_run_once(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy, estimated_fees=10)
    for n, fees in ((1, 20), ("1.0", 99), (2, 30)):
        _result(ask, run, strategy, f'{{"n": "{n}"}}', total_fees=fees, total_orders=10)
    _result(ask, run, strategy, '{"n": "3"}', total_fees=99, status="failed")
    _result(ask, _run(ask, strategy), strategy, '{"n": "1"}', status="failed")
    (row,) = ask("SELECT backtests, avg_total_fees, fee_per_order, fees_to_estimate FROM fee_analysis")
    assert [str(value) for value in row.values()] == ["2", "25.00", "2.5000", "2.50"]


def test_a_heatmap_has_a_cell_for_each_two_values(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    for number, (a, b, c) in enumerate([("1", "1", "x"), ("1.0", "2", "x"), ("1", "2", "y"), ("2", "2", "z")]):
        parameters = f'{{"a": "{a}", "b": "{b}", "c": "{c}", "fixed": "7", "end_date": "{number}"}}'
        _result(ask, run, strategy, parameters, sharpe_ratio=number, meets_criteria=number == 2)
    _result(ask, run, strategy, '{"a": "9", "b": "9", "c": "x", "fixed": "8"}', status="failed")
    rows = ask(
        "SELECT * FROM parameter_heatmap WHERE parameter_x = 'a' AND parameter_y = 'b' ORDER BY value_x, value_y"
    )
    cells = [
        (row["value_x"], row["value_y"], row["combinations"], row["passed"], *map(int, (row["best_sharpe"],
         10 * row["median_sharpe"], row["worst_sharpe"])))
        for row in rows
    ]  # fmt: skip
    assert cells == [("1", "1", 1, 0, 0, 0, 0), ("1", "2", 2, 1, 2, 15, 1), ("2", "2", 1, 0, 3, 30, 3)]
    pairs = ask("SELECT DISTINCT parameter_x || parameter_y AS pair FROM parameter_heatmap ORDER BY pair")
    assert [row["pair"] for row in pairs] == ["ab", "ac", "bc"]
    varied = ask("SELECT DISTINCT parameter FROM parameter_performance ORDER BY parameter")
    assert [row["parameter"] for row in varied] == ["a", "b", "c"]


@pytest.fixture(name="running")
def fixture_running(ask: Ask) -> int:
    """A run of ten combinations for 100 s, which took two and has computed two since its runner began 20 s ago."""
    strategy = _strategy(ask)
    origin = _run(ask, strategy)
    taken = [_result(ask, origin, strategy, f'{{"n": "{n}"}}') for n in range(2)]
    run = _run(ask, strategy, status="running", total_combinations=10)
    for n, reused in enumerate((*taken, None, None, None)):
        _result(ask, run, strategy, f'{{"n": "{n}"}}', reused_from=reused)
    ask("UPDATE backtest_results SET created_at = now() - interval '60 s' WHERE optimization_run_id = %s AND "
        "parameters ->> 'n' = '2'", run)  # fmt: skip
    ask("UPDATE optimization_runs SET started_at = now() - interval '100 s', "
        "runner_started_at = now() - interval '20 s' WHERE id = %s", run)  # fmt: skip
    return run


def _health(ask: Ask, run: int) -> dict[str, Any]:
    return ask("SELECT * FROM run_health WHERE optimization_run_id = %s", run)[0]


def test_a_running_run_has_a_heartbeat_and_the_time_left(ask: Ask, database: Database, running: int) -> None:
    with closing(database):
        with database.transaction():
            assert hold_run(database, running)
        row = _health(ask, running)
        assert (row["health"], row["cause"], row["ended_at"]) == ("running", None, None)
        assert (
            row["heartbeat"] == ask("SELECT updated_at FROM optimization_runs WHERE id = %s", running)[0]["updated_at"]
        )
        assert 50 <= row["seconds_left"] <= 80  # five are left, and two took 20 s
        ask("""UPDATE optimization_runs SET config = '{"lean": {"stall_minutes": 9}}' WHERE id = %s""", running)
        ask("UPDATE optimization_runs SET updated_at = now() - interval '10 min' WHERE id = %s", running)
        row = _health(ask, running)
        assert (row["health"], row["seconds_left"]) == ("stalled", None)
        assert row["cause"].startswith(
            "nothing was stored for 10 minutes; its runner ends it when LEAN is silent for 9"
        )
    assert _health(ask, running)["health"] == "abandoned"


def test_what_broke_stands_there_with_its_cause(ask: Ask) -> None:
    strategy = _strategy(ask)
    for status in ("interrupted", "failed", "refused"):
        _run(ask, strategy, status=status, error_message=f"why {status}")
    damaged = _run(ask, strategy)
    ask("UPDATE optimization_runs SET import_problems = ARRAY['1.json: is no JSON'] WHERE id = %s", damaged)
    batch = _insert(ask, "optimization_batches", {"name": "B"})
    _run(ask, strategy, status="refused", batch_id=batch, error_message="stands among the batch's configs")
    for status in ("broken", "refused"):
        ask("INSERT INTO batch_configs VALUES (%s, %s, %s, %s)", batch, f"{status}.yaml", status, f"why {status}")
    rows = ask("SELECT health, cause, config_file AS file FROM run_health ORDER BY started_at, health, file")
    assert sorted((row["health"], row["cause"], row["file"] or "") for row in rows) == [
        ("broken", "why broken", "broken.yaml"), ("completed", "1.json: is no JSON", ""), ("failed", "why failed", ""),
        ("interrupted", "why interrupted", ""), ("refused", "why refused", ""),
        ("refused", "why refused", "refused.yaml"),
    ]  # fmt: skip


def test_a_strategys_history_says_what_changed_from_run_to_run(ask: Ask) -> None:
    strategy = _strategy(ask)
    config = '{{"optimization": {{"parameters": {{"n": {n}}}}}, "backtest": {{"start_date": "{day}"}}}}'
    first = config.format(n=1, day="2012-01-01")
    for number, (code, document) in enumerate(
        [("a", first), ("a", first), ("b", first), ("b", config.format(n=2, day="2013-01-01")), ("b", None)]
    ):
        run = _run(ask, strategy, strategy_code_hash=code, config=document, started_at=f"2026-11-0{number + 1}")
        if number < 2:
            _result(ask, run, strategy, '{"n": "1"}', sharpe_ratio=number + 0.5)
    _run(ask, _strategy(ask, "T"), strategy_code_hash="z", started_at="2026-11-02")
    rows = ask("SELECT changed, best_sharpe, better_by FROM strategy_history WHERE strategy = 'S' ORDER BY started_at")
    changed = ["first run", "nothing", "code", "grid, dates", "unknown: no config"]
    assert [row["changed"] for row in rows] == changed
    assert [str(row["better_by"]) for row in rows[:3]] == ["None", "1.0", "None"]
    assert ask("SELECT changed FROM strategy_history WHERE strategy = 'T'") == [{"changed": "first run"}]


def _steps(ask: Ask, strategy: str = "S") -> list[tuple[str, str]]:
    rows = ask("SELECT step, what FROM next_steps WHERE strategy = %s ORDER BY step, what", strategy)
    return [(row["step"], row["what"]) for row in rows]


def test_a_winner_at_the_end_of_a_range_asks_for_a_wider_one(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    for number, value in enumerate(("9", "10", "11.0")):
        parameters = f'{{"length": "{value}", "kind": "text", "middle": "{abs(number - 1)}"}}'
        _result(ask, run, strategy, parameters, sharpe_ratio=number, on_edge=number == 2)
    advice = ("widen", "search beyond length 11.0: the best has the last value that was tried")
    assert _steps(ask) == [advice]
    _run(ask, strategy, started_at="2030-01-01", status="running")
    part = _run(ask, strategy, started_at="2030-01-02", status="failed")
    ask("INSERT INTO walk_forward_analyses (id, analysis_uuid, strategy_id, choose, out_of_sample) "
        "VALUES (1, gen_random_uuid(), %s, 'best', 'chosen')", strategy)  # fmt: skip
    ask("INSERT INTO walk_forward_runs (run_id, analysis_id, part) VALUES (%s, 1, 'in-sample')", part)
    assert _steps(ask) == [advice]  # of what has ended, and was no part of an analysis
    newer = _run(ask, strategy, started_at="2031-01-01")
    _result(ask, newer, strategy, '{"length": "10"}', sharpe_ratio=1, on_edge=False)
    assert _steps(ask) == []  # the newest run says something else


def test_what_passes_on_a_plateau_is_to_be_walked_forward_until_it_was(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy, best_backtest_id="passes", started_at="2026-11-01")
    _result(ask, run, strategy, '{"n": "1"}', sharpe_ratio=2)
    passes = _result(
        ask, run, strategy, '{"n": "2"}', sharpe_ratio=1, backtest_id="passes", meets_criteria=True, plateau=0.8
    )
    assert _steps(ask) == [
        ("walk forward", "test it on days that chose nothing: it passes, and its neighbours reach 0.80 of it")
    ]
    assert ask("SELECT optimization_run_id AS run, backtest_result_id AS result FROM next_steps") == [
        {"run": run, "result": passes}
    ]
    ask("INSERT INTO walk_forward_analyses (analysis_uuid, strategy_id, choose, out_of_sample, status) "
        "VALUES (gen_random_uuid(), %s, 'best', 'chosen', 'completed')", strategy)  # fmt: skip
    assert _steps(ask) == []


def test_too_few_trades_fees_and_missing_prices_have_their_steps(ask: Ask) -> None:
    few = _strategy(ask, "few")
    _result(ask, _run(ask, few), few, "{}", sharpe_ratio=1, total_trades=29)
    assert _steps(ask, "few")[0][0] == "test longer"
    dear: dict[str, dict[str, object]] = {
        "dear": {"fee_pct": 0.31},
        "over a limit": {"fee_pct": 0.2, "rejection_reasons": ["Fees too high: 20.0% > 15.0%"]},
    }
    for name, more in dear.items():
        strategy = _strategy(ask, name)
        _result(ask, _run(ask, strategy), strategy, "{}", sharpe_ratio=1, **more)
        assert [step for step, _ in _steps(ask, name)] == ["trade less"]
    refused = _strategy(ask, "refused")
    _run(ask, refused, status="refused", error_message="822 orders on $1,000: $674")
    assert _steps(ask, "refused") == [
        ("trade less", "lower the number of orders, or start with more capital: 822 orders on $1,000: $674")
    ]
    warning = "no prices of XLF in 2 of 2 backtests; get them with `lean data download`, or leave these tickers out"
    unseen = _strategy(ask, "unseen")
    _run(ask, unseen, warnings=[warning, "all 2 combinations gave the same result"])
    assert _steps(ask, "unseen") == [("get prices", warning)]


def test_what_never_trades_or_finds_no_price_has_its_step(ask: Ask) -> None:
    idle = _strategy(ask, "idle")
    _result(ask, _run(ask, idle), idle, "{}", total_trades=0)
    assert [step for step, _ in _steps(ask, "idle")] == ["find trades"]
    pairs = _strategy(ask, "pairs")
    error = "2 of 2 backtests failed: No prices: XLE, XLF"
    _run(ask, pairs, status="failed", error_message=error)
    assert _steps(ask, "pairs") == [("get prices", error)]


def test_what_crashed_is_to_be_mended_and_what_broke_off_resumed(ask: Ask) -> None:
    crashed = _strategy(ask, "crashed")
    run = _run(ask, crashed, status="partial", error_message="1 of 2 backtests failed: boom", total_combinations=2)
    _result(ask, run, crashed, '{"n": "1"}', status="failed")
    _result(ask, run, crashed, '{"n": "2"}')
    assert _steps(ask, "crashed") == [("mend", "1 of 2 backtests failed: boom")]
    broke = _strategy(ask, "broke off")
    run = _run(ask, broke, status="interrupted", total_combinations=3)
    _result(ask, run, broke, '{"n": "1"}')
    expected = f"optimize_runner.py --resume {run}: 2 of 3 combinations have no result"
    assert _steps(ask, "broke off") == [("resume", expected)]
