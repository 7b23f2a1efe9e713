"""The schema on a real PostgreSQL: names and comments, upgrades, triggers, views."""

import os
import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from strategy_testing.commands.psql import psql_program
from strategy_testing.database.backtests import earlier_runs, forget_results
from strategy_testing.database.connection import Database, connect
from strategy_testing.database.runs import StoredRun
from strategy_testing.database.schema import SCHEMA_FILE, current_version, ensure_schema, schema_text, stored_version
from strategy_testing.database.statements import SQL_DIR, statements
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.errors import DatabaseError
from strategy_testing.metrics.catalogue import METRICS
from strategy_testing.verdict.outcome import RunStatus
from support import PROJECT

Ask = Callable[..., list[dict[str, object]]]

_STRUCTURE = """
    SELECT table_name, column_name, data_type, is_nullable, is_generated
    FROM information_schema.columns
    WHERE table_schema = 'public' AND NOT (column_name = 'id' OR column_name LIKE '%%\\_id')
    ORDER BY table_name, column_name
"""


def _open(url: str) -> Database:
    return connect(DatabaseTarget(Source.ARGUMENT, url))


def _strategy(ask: Ask, name: str = "S", status: str = "planned") -> int:
    rows = ask("INSERT INTO strategies (name, status) VALUES (%s, %s) RETURNING id", name, status)
    return int(str(rows[0]["id"]))


def _run(ask: Ask, strategy: int, status: str = "completed") -> int:
    insert = "INSERT INTO optimization_runs (strategy_id, status) VALUES (%s, %s) RETURNING id"
    return int(str(ask(insert, strategy, status)[0]["id"]))


def _status(ask: Ask, strategy: int) -> object:
    return ask("SELECT status FROM strategies WHERE id = %s", strategy)[0]["status"]


def _result(
    ask: Ask, run: int, strategy: int, meets: bool | None, status: object = "completed", **more: object
) -> None:
    columns = {"optimization_run_id": run, "strategy_id": strategy, "meets_criteria": meets, "status": status, **more}
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    ask(f"INSERT INTO backtest_results ({names}) VALUES ({marks})", *columns.values())


def test_every_table_column_view_and_function_has_a_comment(ask: Ask) -> None:
    bare = ask("""
        SELECT relname || coalesce('.' || attname, '') AS name
        FROM pg_class
        LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
            AND (obj_description(pg_class.oid) IS NULL OR col_description(pg_class.oid, attnum) IS NULL)
        UNION ALL
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
    """)
    assert bare == []


def test_every_constraint_is_named_in_the_schema(ask: Ask) -> None:
    named = set(re.findall(r"CONSTRAINT (\w+)", schema_text()))
    stored = ask("""
        SELECT conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c')
    """)
    assert {str(row["conname"]) for row in stored} == named


def test_every_metric_of_the_catalogue_has_its_column(ask: Ask) -> None:
    rows = ask("SELECT column_name FROM information_schema.columns WHERE table_name = 'backtest_results'")
    assert {metric.column for metric in METRICS} <= {str(row["column_name"]) for row in rows}


def test_every_named_statement_has_a_name_of_its_own_and_is_used() -> None:
    named = re.findall(r"^-- name: (.+)$", "".join(file.read_text("utf-8") for file in SQL_DIR.glob("*.sql")), re.M)
    code = "".join(file.read_text("utf-8") for file in SQL_DIR.parent.parent.rglob("*.py"))
    used = re.findall(r'(?:(?:execute|rows|each|value|keep)\(\s*|statements\(\)\[)"(\w+)"', code)
    assert sorted(named) == sorted(statements())
    assert set(named) == set(used)


def test_the_schema_is_made_once_and_again_without_change(empty_database_url: str) -> None:
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
        with database.transaction():
            first = database.rows("has_tables")
        ensure_schema(database)
        with database.transaction():
            assert stored_version(database) == current_version()
            assert database.rows("has_tables") == first


def test_the_schema_may_be_run_again_by_hand(database: Database, ask: Ask) -> None:
    _strategy(ask)
    with database.transaction():
        database.script(schema_text())
    assert len(ask("SELECT * FROM strategies")) == 1


def test_a_database_without_versions_is_upgraded_and_keeps_its_rows(empty_database_url: str, database_url: str) -> None:
    unversioned = (PROJECT / "tests" / "unversioned_schema.sql").read_text(encoding="utf-8")
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(unversioned)
        connection.commit()
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
    with closing(psycopg2.connect(empty_database_url)) as old, old.cursor() as cursor:
        cursor.execute("SELECT name, status, priority FROM strategies ORDER BY id")
        assert cursor.fetchall() == [("Old_RSI", "rejected", "HIGH"), ("Old_Live", "deployed", None)]
        cursor.execute("SELECT target_direction, status FROM optimization_runs")
        assert cursor.fetchall() == [("max", "completed")]
        cursor.execute("SELECT parameters, sharpe_ratio::text, rejection_reasons FROM backtest_results ORDER BY id")
        assert cursor.fetchall() == [
            ({"rsi_period": "14"}, "-1.042", ["Insufficient trades: 8 < 100"]),
            ({"rsi_period": "15"}, "0.500", []),
            ({}, None, []),
        ]
        cursor.execute("SELECT strategy, combinations FROM strategy_leaderboard")
        assert cursor.fetchall() == [("Old_RSI", 3)]
        cursor.execute(_STRUCTURE.replace("%%", "%"))
        upgraded = cursor.fetchall()
        cursor.execute("INSERT INTO optimization_runs (strategy_id, status) SELECT id, 'refused' FROM strategies")
    with closing(psycopg2.connect(database_url)) as new, new.cursor() as cursor:
        cursor.execute(_STRUCTURE.replace("%%", "%"))
        assert upgraded == cursor.fetchall()


def test_the_annual_fees_of_older_results_are_filled_in(empty_database_url: str) -> None:
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE backtest_results DROP COLUMN annual_fee_pct CASCADE")  # its views with it
        cursor.execute("INSERT INTO schema_versions (version) VALUES (2)")
        cursor.execute("DELETE FROM schema_versions WHERE version > 2")
        cursor.execute("INSERT INTO strategies (name) VALUES ('Old') RETURNING id")
        cursor.execute("INSERT INTO optimization_runs (strategy_id) SELECT id FROM strategies")
        cursor.execute("""
            INSERT INTO backtest_results (
                optimization_run_id, strategy_id, total_fees, start_equity, backtest_start, backtest_end
            )
            SELECT optimization_runs.id, strategy_id, 674, equity, '2015-01-01', last_day
            FROM optimization_runs,
                (VALUES (1000, date '2020-12-31'), (0, '2020-12-31'), (1000, NULL)) AS old (equity, last_day)
        """)
        connection.commit()
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
        with database.transaction():
            assert stored_version(database) == current_version()
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT annual_fee_pct::text FROM backtest_results ORDER BY id")
        assert cursor.fetchall() == [("0.112308",), (None,), (None,)]


def test_older_profit_factors_become_those_before_fees_and_an_alpha_against_nothing_goes(
    empty_database_url: str,
) -> None:
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("""
            ALTER TABLE backtest_results
                DROP COLUMN gross_profit_factor CASCADE, DROP COLUMN gross_winning_trades CASCADE,
                DROP COLUMN gross_losing_trades, DROP COLUMN gross_max_consecutive_losing_trades,
                DROP COLUMN excess_return CASCADE, DROP COLUMN daily_sharpe_ratio CASCADE,
                DROP COLUMN time_under_water_days;
            ALTER TABLE optimization_runs DROP COLUMN benchmark CASCADE, DROP COLUMN benchmark_return CASCADE;
            DELETE FROM schema_versions;
            INSERT INTO schema_versions (version) VALUES (3);
            INSERT INTO strategies (name) VALUES ('Old');
            INSERT INTO optimization_runs (strategy_id) SELECT id FROM strategies;
            INSERT INTO backtest_results (
                optimization_run_id, strategy_id, profit_factor, winning_trades, losing_trades,
                max_consecutive_losing_trades, alpha, beta, treynor_ratio, tracking_error
            )
            SELECT runs.id, runs.strategy_id, 1.83, 5, 4, 2, alpha, beta, 0, 0.08
            FROM optimization_runs AS runs, (VALUES (0, 0), (0, 0.7)) AS old (alpha, beta);
        """)
        connection.commit()
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("""
            SELECT gross_profit_factor::text, gross_winning_trades, gross_losing_trades,
                gross_max_consecutive_losing_trades, profit_factor, winning_trades, losing_trades,
                max_consecutive_losing_trades, alpha::text, beta::text, tracking_error::text, excess_return
            FROM backtest_results ORDER BY id
        """)
        gross, net = ("1.83", 5, 4, 2), (None, None, None, None)
        assert cursor.fetchall() == [
            (*gross, *net, None, None, None, None),
            (*gross, *net, "0", "0.7", "0.08", None),
        ]


def test_a_newer_database_is_refused(database: Database, ask: Ask) -> None:
    ask("INSERT INTO schema_versions (version) VALUES (9999)")
    with pytest.raises(DatabaseError, match="schema version 9999, this framework knows up to"):
        ensure_schema(database)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], "testing"),
        ([(None, "completed")], "testing"),
        ([(False, "completed")], "rejected"),
        ([(False, "failed")], "testing"),
        ([(False, "completed"), (False, "failed")], "rejected"),
        ([(False, "completed"), (True, "completed")], "passed"),
    ],
)
def test_the_status_of_a_strategy_follows_its_results(
    ask: Ask, results: list[tuple[bool | None, str]], expected: str
) -> None:
    strategy = _strategy(ask)
    assert _status(ask, strategy) == "planned"
    run = _run(ask, strategy)
    for meets, status in results:
        _result(ask, run, strategy, meets, status)
    assert _status(ask, strategy) == expected


@pytest.mark.parametrize("unfinished", ["partial", "interrupted", "failed"])
def test_a_strategy_is_rejected_only_after_a_run_that_tried_all_of_its_combinations(ask: Ask, unfinished: str) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy, unfinished)
    _result(ask, run, strategy, False, parameters='{"level": "1"}')
    assert _status(ask, strategy) == "testing"
    ask("UPDATE optimization_runs SET status = 'completed'")
    assert _status(ask, strategy) == "rejected"
    _result(ask, _run(ask, strategy, unfinished), strategy, True, parameters='{"level": "2"}')
    assert _status(ask, strategy) == "passed"


def test_a_run_of_which_some_combinations_always_crash_has_tried_them_all(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy, "partial")
    _result(ask, run, strategy, False, parameters='{"level": "1"}')
    _result(ask, run, strategy, False, "failed", parameters='{"level": "2"}')
    ask("UPDATE optimization_runs SET total_combinations = 3")
    ask("UPDATE optimization_runs SET status = status")
    assert _status(ask, strategy) == "testing"
    ask("UPDATE optimization_runs SET total_combinations = 2")
    ask("UPDATE optimization_runs SET status = status")
    assert _status(ask, strategy) == "rejected"


def test_the_newest_verdict_on_a_combination_decides(ask: Ask) -> None:
    strategy = _strategy(ask)
    for meets, status in ((False, "rejected"), (True, "passed"), (False, "rejected")):
        _result(ask, _run(ask, strategy), strategy, meets, parameters='{"level": "1"}')
        assert _status(ask, strategy) == status
    _result(ask, _run(ask, strategy), strategy, True, parameters='{"level": "1"}')
    _result(ask, _run(ask, strategy), strategy, None, parameters='{"level": "1"}')
    _result(ask, _run(ask, strategy), strategy, None, "failed", parameters='{"level": "1"}')
    assert _status(ask, strategy) == "passed"
    assert ask("SELECT passed FROM strategy_leaderboard") == [{"passed": 1}]


def test_the_leaderboard_notes_why_the_last_run_decided_nothing(ask: Ask) -> None:
    crashed, stopped, idle, unjudged = (_strategy(ask, name) for name in ("A", "B", "C", "D"))
    for strategy, meets, status, trades in (
        (crashed, False, "failed", None), (stopped, False, "completed", 30), (idle, False, "completed", 0),
        (unjudged, None, "completed", 29),
    ):  # fmt: skip
        _result(ask, _run(ask, strategy), strategy, meets, status, total_trades=trades, sharpe_ratio=-strategy)
    end = "UPDATE optimization_runs SET status = %s, total_combinations = %s, error_message = %s WHERE strategy_id = %s"
    ask(end, "failed", 1, "1 of 1 backtests failed: division by zero", crashed)
    ask(end, "interrupted", None, "stopped by a signal", stopped)
    rows = ask("SELECT strategy, status, note FROM strategy_leaderboard ORDER BY strategy")
    assert [(row["status"], row["note"]) for row in rows] == [
        ("testing", "run 1 failed after 1 of 1 combinations: 1 of 1 backtests failed: division by zero"),
        ("testing", "run 2 interrupted after 1 of an unknown number of combinations: stopped by a signal"),
        ("rejected", "no trades"),
        ("testing", "few trades; not judged"),
    ]
    _run(ask, stopped, "running")
    assert ask("SELECT note FROM strategy_leaderboard WHERE strategy = 'B'") == [{"note": None}]


def test_a_refused_run_counts_nowhere(ask: Ask) -> None:
    refused, rejected = _strategy(ask, "Refused"), _strategy(ask, "Rejected")
    _result(ask, _run(ask, rejected), rejected, False, sharpe_ratio=1, total_trades=5)
    for strategy in (refused, rejected):
        _run(ask, strategy, "refused")
    assert (_status(ask, refused), _status(ask, rejected)) == ("planned", "rejected")
    assert ask("SELECT strategy, runs FROM strategy_leaderboard") == [{"strategy": "Rejected", "runs": 1}]
    assert ask("SELECT runs, strategies FROM daily_summary") == [{"runs": 1, "strategies": 1}]


def test_why_a_config_never_ran_goes_with_its_batch(ask: Ask) -> None:
    ask("INSERT INTO optimization_batches (name) VALUES ('Week 1')")
    insert = "INSERT INTO batch_configs (batch_id, config_file, status, reason) VALUES (1, '/a.yaml', %s, 'why')"
    ask(insert, "broken")
    with pytest.raises(psycopg2.IntegrityError) as refused:
        ask(insert.replace("/a", "/b"), "running")
    assert refused.value.diag.constraint_name == "batch_configs_status_check"
    ask("DELETE FROM optimization_batches")
    assert ask("SELECT * FROM batch_configs") == []


def test_the_status_changes_when_results_do(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    _result(ask, run, strategy, True)
    assert _status(ask, strategy) == "passed"
    ask("UPDATE backtest_results SET meets_criteria = false")
    assert _status(ask, strategy) == "rejected"
    _run(ask, strategy, "running")
    assert _status(ask, strategy) == "testing"
    ask("UPDATE optimization_runs SET status = 'completed'")
    assert _status(ask, strategy) == "rejected"
    ask("DELETE FROM backtest_results")
    assert _status(ask, strategy) == "testing"
    ask("DELETE FROM optimization_runs")
    assert _status(ask, strategy) == "planned"


def test_truncating_the_results_is_noticed(ask: Ask) -> None:
    strategy = _strategy(ask)
    _result(ask, _run(ask, strategy), strategy, True)
    ask("TRUNCATE backtest_results CASCADE")
    assert _status(ask, strategy) == "testing"
    assert ask("SELECT passed_combinations FROM optimization_runs") == [{"passed_combinations": 0}]


def test_a_deployed_strategy_is_never_touched(ask: Ask) -> None:
    strategy = _strategy(ask, status="deployed")
    run = _run(ask, strategy)
    _result(ask, run, strategy, False)
    ask("DELETE FROM backtest_results")
    assert _status(ask, strategy) == "deployed"


def test_moving_a_result_changes_both_strategies(ask: Ask) -> None:
    first, second = _strategy(ask, "First"), _strategy(ask, "Second")
    first_run, second_run = _run(ask, first), _run(ask, second)
    _result(ask, first_run, first, True)
    ask("UPDATE backtest_results SET optimization_run_id = %s, strategy_id = %s", second_run, second)
    assert (_status(ask, first), _status(ask, second)) == ("testing", "passed")


def test_combinations_that_were_tested_twice_count_once(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    for parameters in ('{"a": "1"}', '{"a": "1"}', '{"a": "2"}'):
        _result(ask, run, strategy, True, parameters=parameters)
    _result(ask, run, strategy, False, "failed", parameters='{"a": "2"}')
    _result(ask, run, strategy, False, "failed", parameters='{"a": "3"}')
    counts = ask("SELECT completed_combinations, failed_combinations, passed_combinations FROM optimization_runs")
    assert counts == [{"completed_combinations": 2, "failed_combinations": 1, "passed_combinations": 2}]


def test_identical_results_are_one_trial(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    for level, outcome in (("1", "x"), ("2", "x"), ("3", "y"), ("4", None), ("5", None), ("5.0", None)):
        _result(ask, run, strategy, True, parameters=f'{{"level": "{level}"}}', outcome_hash=outcome)
    _result(ask, run, strategy, False, "failed", parameters='{"level": "6"}', outcome_hash="z")
    counts = ask("SELECT completed_combinations, distinct_trials FROM optimization_runs")
    assert counts == [{"completed_combinations": 5, "distinct_trials": 4}]
    ask("DELETE FROM backtest_results WHERE parameters ->> 'level' > '2'")
    assert ask("SELECT distinct_trials FROM optimization_runs") == [{"distinct_trials": 1}]


def test_each_combination_of_an_older_run_is_a_trial(empty_database_url: str) -> None:
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO schema_versions (version) VALUES (6)")
        cursor.execute("DELETE FROM schema_versions WHERE version > 6")
        cursor.execute("INSERT INTO strategies (name) VALUES ('Old')")
        cursor.execute("""
            INSERT INTO optimization_runs (strategy_id, completed_combinations) SELECT id, 72 FROM strategies
        """)
        connection.commit()
    with closing(_open(empty_database_url)) as database:
        ensure_schema(database)
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT distinct_trials, data_fingerprint, engine_digest FROM optimization_runs")
        assert cursor.fetchall() == [(72, None, None)]


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("INSERT INTO strategies (name, status) VALUES ('x', 'done')", "strategies_status_check"),
        ("INSERT INTO strategies (name, priority) VALUES ('x', 'urgent')", "strategies_priority_check"),
        ("INSERT INTO strategies (name) VALUES ('x'), ('x')", "strategies_name_key"),
        (
            "INSERT INTO backtest_results (optimization_run_id, strategy_id) VALUES (999, 999)",
            "backtest_results_run_fkey",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Ask, statement: str, constraint: str) -> None:
    with pytest.raises(psycopg2.IntegrityError) as refused:
        ask(statement)
    assert refused.value.diag.constraint_name == constraint


def test_a_failed_backtest_cannot_be_stored_as_passing(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    with pytest.raises(psycopg2.IntegrityError) as refused:
        _result(ask, run, strategy, True, "failed")
    assert refused.value.diag.constraint_name == "backtest_results_failed_never_passes_check"


def test_failed_backtests_and_those_without_a_trade_lead_no_ranking(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    parameters = '{"level": "%s"}'
    _result(ask, run, strategy, False, "failed", sharpe_ratio=9, total_trades=5, parameters=parameters % 1)
    _result(ask, run, strategy, False, sharpe_ratio=0, total_trades=0, parameters=parameters % 2)
    _result(ask, run, strategy, False, sharpe_ratio=-1, total_trades=30, parameters=parameters % "3.0")
    _result(ask, run, strategy, False, sharpe_ratio=-3, total_trades=5, parameters=parameters % 4)
    best = [str(row["best_sharpe"]) for row in ask("SELECT best_sharpe FROM strategy_leaderboard")]
    assert best == ["-1"]
    days = ask("SELECT summary, failed FROM daily_summary")
    assert days == [{"summary": "4 runs complete (1 failed), 0 passed, best Sharpe: -1.0", "failed": 1}]
    values = ask("SELECT value, backtests, best_sharpe::text AS best FROM parameter_performance ORDER BY value")
    assert values == [
        {"value": "3", "backtests": 1, "best": "-1"},
        {"value": "4", "backtests": 1, "best": "-3"},
    ]


def _lead(ask: Ask) -> list[tuple[object, object]]:
    return [(row["rank"], row["strategy"]) for row in ask("SELECT * FROM strategy_leaderboard ORDER BY rank, strategy")]


def test_strategies_that_pass_lead_then_the_target_decides(ask: Ask) -> None:
    strategies = {name: _strategy(ask, name) for name in ("Deep", "Flat", "Passing", "Untested")}
    runs = {name: _run(ask, strategy) for name, strategy in strategies.items()}
    ask("UPDATE optimization_runs SET target_metric = 'Drawdown', target_direction = 'min'")
    # The deepest drawdown has the best Sharpe ratio, and does not lead by it.
    for name, drawdown, meets in (("Deep", "0.3", False), ("Flat", "0.1", None), ("Passing", "0.5", True)):
        more: dict[str, Any] = {"target_value": drawdown, "sharpe_ratio": drawdown, "total_trades": 40}
        _result(ask, runs[name], strategies[name], meets, **more, parameters='{"a": "1"}')
    # The best of a strategy: what passes, though it falls deeper.
    _result(ask, runs["Passing"], strategies["Passing"], False, target_value="0.01", total_trades=40)
    assert _lead(ask) == [(1, "Passing"), (2, "Flat"), (3, "Deep"), (4, "Untested")]
    # What LEAN was given is the same metric; another one is not, and then the Sharpe ratio decides.
    paths = "UPDATE optimization_runs SET target_metric = 'TotalPerformance.PortfolioStatistics.' || %s WHERE id = %s"
    ask(paths, "Drawdown", runs["Flat"])
    assert _lead(ask) == [(1, "Passing"), (2, "Flat"), (3, "Deep"), (4, "Untested")]
    ask(paths, "SharpeRatio", runs["Flat"])
    assert _lead(ask) == [(1, "Passing"), (2, "Deep"), (3, "Flat"), (4, "Untested")]


def test_the_leaderboard_says_what_its_figures_are_of(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    ask("UPDATE optimization_runs SET target_metric = 'Net Profit', target_direction = 'max', benchmark = 'SPY'")
    days: dict[str, Any] = {"backtest_start": "2012-01-03", "backtest_end": "2020-12-31", "start_equity": 5000}
    figures: dict[str, Any] = {"target_value": "0.5", "excess_return": "-0.08", "probabilistic_sharpe_ratio": "0.02"}
    _result(ask, run, strategy, True, **days, **figures, sharpe_ratio=1, total_trades=30, daily_sharpe_ratio="1.2")
    row = ask("SELECT * FROM strategy_leaderboard")[0]
    assert {name: str(row[name]) for name in (*days, *figures) if name in row} == {
        "backtest_start": "2012-01-03", "backtest_end": "2020-12-31", **figures
    }  # fmt: skip
    told = [str(row[name]) for name in ("years", "capital", "target_metric", "benchmark", "best_daily_sharpe", "note")]
    assert told == ["9.0", "5000", "Net Profit", "SPY", "1.2", "None"]


def test_the_leaderboard_says_what_engine_ran_the_best_also_where_a_later_run_took_it(ask: Ask) -> None:
    strategy = _strategy(ask)
    first = _run(ask, strategy)
    known: dict[str, Any] = {"sharpe_ratio": 1, "total_trades": 30, "parameters": '{"a": "1"}'}
    _result(ask, first, strategy, True, **known)
    engine = "SELECT engine FROM strategy_leaderboard"
    assert ask(engine) == [{"engine": None}]
    ask("UPDATE optimization_runs SET engine = 'warm', engine_checked = 2, total_combinations = 72")
    assert ask(engine) == [{"engine": "warm, checked: 2 of 72"}]
    later = _run(ask, strategy)
    ask("UPDATE optimization_runs SET engine = 'cold' WHERE id = %s", later)
    origin = ask("SELECT id FROM backtest_results")[0]["id"]
    _result(ask, later, strategy, True, **known, reused_from=origin)
    assert ask(engine) == [{"engine": "warm, checked: 2 of 72"}]
    ask("UPDATE optimization_runs SET total_combinations = NULL WHERE id = %s", first)
    assert ask(engine) == [{"engine": "warm, checked: 2 of 1"}]
    _result(ask, later, strategy, True, **known)
    assert ask(engine) == [{"engine": "cold"}]


@pytest.mark.parametrize(
    ("engine", "checked", "is_taken"), [("warm", 0, False), ("warm", 1, True), ("cold", 0, True), (None, 0, True)]
)
def test_what_a_warm_engine_made_is_taken_again_only_where_it_was_compared(
    database: Database, ask: Ask, engine: str | None, checked: int, is_taken: bool
) -> None:
    strategy = _strategy(ask)
    _result(ask, _run(ask, strategy), strategy, None, backtest_id="a", parameters="{}")
    ask("UPDATE optimization_runs SET strategy_code_hash = 'h', engine = %s, engine_checked = %s", engine, checked)
    with database.transaction():
        found = earlier_runs(database, "S", "h", None, {})
    assert bool(found) is is_taken


def test_only_a_runs_own_results_are_forgotten(database: Database, ask: Ask) -> None:
    strategy = _strategy(ask)
    first, second = _run(ask, strategy), _run(ask, strategy)
    known = {"sharpe_ratio": 1, "total_trades": 30}
    for run in (first, second):
        for backtest in ("a", "b"):
            _result(ask, run, strategy, True, **known, backtest_id=backtest, parameters=f'{{"x": "{backtest}"}}')
    stored = StoredRun(first, strategy, RunStatus.RUNNING, None, None, None)
    with database.transaction():
        forget_results(database, stored, ["a", "none"])
    left = ask("SELECT optimization_run_id AS run, backtest_id AS id FROM backtest_results ORDER BY run, id")
    assert [(row["run"], row["id"]) for row in left] == [(first, "b"), (second, "a"), (second, "b")]
    counts = ask("SELECT completed_combinations AS tested FROM optimization_runs ORDER BY id")
    assert counts == [{"tested": 1}, {"tested": 2}]


def test_what_another_day_has_computed_is_not_counted_again(ask: Ask) -> None:
    strategy = _strategy(ask)
    first, second = _run(ask, strategy), _run(ask, strategy)
    ask("UPDATE optimization_runs SET completed_at = '2026-01-01T12:00Z' WHERE id = %s", first)
    ask("UPDATE optimization_runs SET completed_at = '2026-01-02T12:00Z' WHERE id = %s", second)
    known: dict[str, Any] = {"sharpe_ratio": 1, "total_trades": 30, "parameters": '{"a": "1"}'}
    _result(ask, first, strategy, True, **known)
    ask("INSERT INTO backtest_results (optimization_run_id, strategy_id) VALUES (%s, %s)", first, strategy)
    origin = ask("SELECT id FROM backtest_results ORDER BY id")[0]["id"]
    _result(ask, second, strategy, True, **known, reused_from=origin)
    assert ask("SELECT day::text, runs, combinations, reused, passed, summary FROM daily_summary ORDER BY 1 DESC") == [
        {
            "day": "2026-01-02", "runs": 1, "combinations": 0, "reused": 1, "passed": 0,
            "summary": "0 runs complete (1 more known before), not judged, best Sharpe: n/a",
        },
        {
            "day": "2026-01-01", "runs": 1, "combinations": 2, "reused": 0, "passed": 1,
            "summary": "2 runs complete, 1 passed, best Sharpe: 1.0",
        },
    ]  # fmt: skip
    ask("DELETE FROM optimization_runs WHERE id = %s", first)
    assert ask("SELECT combinations, reused, summary FROM daily_summary") == [
        {"combinations": 1, "reused": 0, "summary": "1 run complete, 1 passed, best Sharpe: 1.0"}
    ]


def test_a_combination_counts_by_its_newest_result_that_did_not_fail(ask: Ask) -> None:
    strategy = _strategy(ask)
    for meets, status, sharpe in ((False, "failed", None), (True, "completed", 2), (False, "completed", 1)):
        more = {"sharpe_ratio": sharpe, "total_trades": 40, "rejection_reasons": [] if meets else ["Too bad: 1"]}
        _result(ask, _run(ask, strategy), strategy, meets, status, parameters='{"a": "1"}', **more)
    # Another period is another result.
    last = _run(ask, strategy)
    _result(ask, last, strategy, True, parameters='{"a": "1.0"}', backtest_start="2020-01-01", total_trades=40)
    row = ask("SELECT combinations, passed, failed FROM strategy_leaderboard")
    assert row == [{"combinations": 2, "passed": 1, "failed": 0}]
    rejections = ask("SELECT reason, backtests, share_of_judged::text AS share FROM rejection_summary")
    assert rejections == [{"reason": "Too bad", "backtests": 1, "share": "0.5000"}]


def test_a_trial_is_a_combination_without_its_dates(database: Database, ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    for parameters in ('{"n": "30", "start_date": "2012-01-01"}', '{"n": "30.0"}', "{}", '{"end_date": "2013-01-01"}'):
        _result(ask, run, strategy, None, parameters=parameters)
    bare = [row["backtest_id"] for row in ask("SELECT backtest_id FROM backtest_results ORDER BY id OFFSET 2")]
    with database.transaction():
        trials = database.rows("trials", {"strategy": strategy})
    combinations = [trial["combination"] for trial in sorted(trials, key=lambda trial: trial["id"])]
    assert combinations == ["n=30", "n=30", *bare]


def test_rejections_are_counted_by_kind(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    _result(ask, run, strategy, False, rejection_reasons=["Insufficient trades: 8 < 100", "No trades"])
    _result(ask, run, strategy, False, rejection_reasons=["Insufficient trades: 9 < 100"])
    _result(ask, run, strategy, True)
    rows = ask("SELECT reason, backtests, share_of_judged::text AS share FROM rejection_summary")
    assert rows == [
        {"reason": "Insufficient trades", "backtests": 2, "share": "0.6667"},
        {"reason": "No trades", "backtests": 1, "share": "0.3333"},
    ]


def test_fees_are_analysed_by_run(ask: Ask) -> None:
    strategy = _strategy(ask)
    run = _run(ask, strategy)
    for fee_pct, fees in ((0.674, 674), (0.1, 100)):
        paid: dict[str, Any] = {"total_fees": fees, "fee_pct": fee_pct, "annual_fee_pct": fee_pct / 2}
        _result(ask, run, strategy, None, total_orders=822, net_profit=-142, **paid)
    query = """
        SELECT backtests, over_30_percent, max_fee_pct::text AS most, avg_total_fees::text AS fees,
            avg_annual_fee_pct::text AS a_year, max_annual_fee_pct::text AS most_a_year, estimated_orders,
            fees_to_estimate::text AS ratio
        FROM fee_analysis
    """
    both = {"backtests": 2, "over_30_percent": 1, "most": "0.674", "fees": "387.00"}
    both |= {"a_year": "0.1935", "most_a_year": "0.337"}
    assert ask(query) == [{**both, "estimated_orders": None, "ratio": None}]
    ask("UPDATE optimization_runs SET estimated_orders = 180, estimated_fees = 180")
    assert ask(query) == [{**both, "estimated_orders": 180, "ratio": "2.15"}]
    ask("UPDATE optimization_runs SET estimated_fees = 0")
    assert ask(query) == [{**both, "estimated_orders": 180, "ratio": None}]


def test_an_unreachable_database_is_told_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://someone:s3cret@127.0.0.1:1/trading"
    with pytest.raises(DatabaseError) as refused:
        _open(url)
    message = str(refused.value)
    assert "cannot connect to PostgreSQL (from --database-url)" in message
    assert "s3cret" not in message


def test_an_address_that_is_none_is_told_without_its_text() -> None:
    with pytest.raises(DatabaseError) as refused:
        _open("postgres//someone:s3cret@host/db")
    assert str(refused.value) == (
        "--database-url is not a PostgreSQL address; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    )


def test_a_refused_transaction_stores_nothing(database: Database, ask: Ask) -> None:
    with (
        pytest.raises(DatabaseError, match=r"strategies_status_check.*nothing of it was stored"),
        database.transaction(),
    ):
        database.script("INSERT INTO strategies (name) VALUES ('kept?')")
        database.script("INSERT INTO strategies (name, status) VALUES ('bad', 'done')")
    assert ask("SELECT * FROM strategies") == []


def test_psql_makes_the_same_schema_from_the_file(empty_database_url: str, database_url: str) -> None:
    with closing(_open(empty_database_url)) as database:
        environment = dict(os.environ) | database.environment()
    subprocess.run(
        [psql_program(), *["-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", "-f"], SCHEMA_FILE], env=environment, check=True
    )
    with closing(psycopg2.connect(empty_database_url)) as made, made.cursor() as cursor:
        cursor.execute(_STRUCTURE.replace("%%", "%"))
        by_psql = cursor.fetchall()
    with closing(psycopg2.connect(database_url)) as new, new.cursor() as cursor:
        cursor.execute(_STRUCTURE.replace("%%", "%"))
        assert by_psql == cursor.fetchall()
