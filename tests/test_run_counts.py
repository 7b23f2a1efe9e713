"""The counts of runs are kept by difference: whatever is done to results, they are what counting anew gives."""

import random
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest

_COUNTS = (
    "SELECT id, completed_combinations, failed_combinations, passed_combinations, reused_combinations, "
    "distinct_trials FROM optimization_runs ORDER BY id"
)
_ANEW = "SELECT refresh_run_counts(array(SELECT id FROM optimization_runs))"
_ANY = "id IN (SELECT id FROM backtest_results ORDER BY md5(id::text || %s) LIMIT %s)"
_STRATEGY = "(SELECT strategy_id FROM optimization_runs WHERE id = %s)"
_COLUMNS = "strategy_id, optimization_run_id, backtest_id, status, meets_criteria, parameters, outcome_hash"


def _values(chance: random.Random) -> tuple[Any, ...]:
    run, status = chance.choice((1, 2, 3)), chance.choice(("completed", "completed", "failed"))
    passes = chance.choice((True, False, None)) if status == "completed" else False
    parameters = chance.choice(("{}", '{"a": "1"}', '{"a": "1.0"}', '{"a": "2"}', '{"a": "3", "b": "x"}'))
    return run, run, chance.choice("abcdefghijklmnop"), status, passes, parameters, chance.choice((None, "x", "y", "z"))


def _insert(chance: random.Random, then: str) -> tuple[str, tuple[Any, ...]]:
    rows = {row[1:3]: row for row in (_values(chance) for _ in range(chance.choice((1, 2, 5))))}.values()
    places = ", ".join(f"({_STRATEGY}, %s, %s, %s, %s, %s, %s)" for _ in rows)
    given = tuple(value for row in rows for value in row)
    return f"INSERT INTO backtest_results ({_COLUMNS}) VALUES {places} ON CONFLICT {then}", given


def _statement(chance: random.Random) -> tuple[str, tuple[Any, ...]]:
    """One of the things that people and the importer do."""
    _, run, _, status, passes, parameters, outcome = _values(chance)
    some = (str(chance.random()), chance.choice((1, 3, 20)))
    upsert = (
        "(optimization_run_id, backtest_id) DO UPDATE SET (status, meets_criteria, parameters, outcome_hash) = "
        "(excluded.status, excluded.meets_criteria, excluded.parameters, excluded.outcome_hash)"
    )
    return chance.choice(
        (
            _insert(chance, "DO NOTHING"),
            _insert(chance, upsert),
            _insert(chance, upsert),
            (f"UPDATE backtest_results SET status = %s, meets_criteria = %s WHERE {_ANY}", (status, passes, *some)),
            (f"UPDATE backtest_results SET parameters = %s WHERE {_ANY}", (parameters, *some)),
            (f"UPDATE backtest_results SET outcome_hash = %s, psr = 1 WHERE {_ANY}", (outcome, *some)),
            (
                "UPDATE backtest_results SET reused_from = (SELECT min(id) FROM backtest_results AS other "
                f"WHERE other.id < backtest_results.id) WHERE {_ANY}",
                some,
            ),
            (
                f"UPDATE backtest_results SET optimization_run_id = %s, strategy_id = {_STRATEGY} WHERE {_ANY}",
                (run, run, *some),
            ),
            (f"DELETE FROM backtest_results WHERE {_ANY}", some),
            ("UPDATE optimization_runs SET strategy_id = 3 - strategy_id WHERE id = %s", (run,)),
        )
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_are_those_of_counting_anew(seed: int, database_url: str) -> None:
    chance = random.Random(seed)
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def counts() -> list[tuple[int, ...]]:
            cursor.execute(_COUNTS)
            return list(cursor.fetchall())

        cursor.execute("INSERT INTO strategies (name) VALUES ('a'), ('b')")
        for kind in ("Grid Search", "Euler Search", None):
            cursor.execute("INSERT INTO optimization_runs (strategy_id, optimization_type) VALUES (1, %s)", (kind,))
        seen = set()
        for _ in range(200):
            statement, values = _statement(chance)
            with suppress(psycopg2.errors.UniqueViolation):  # two results of one backtest in one run
                cursor.execute(statement, values)
            kept = counts()
            cursor.execute(_ANEW)
            assert kept == counts(), (statement, values)
            seen.add(str(kept))
    assert len(seen) > 50
