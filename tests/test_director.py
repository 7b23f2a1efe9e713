"""docs/DIRECTOR.md: ten questions, each with a query whose pasted output is what it prints.

The rows are those of director_database.py; `REWRITE_DOCS=1 make test` pastes what the queries print now.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from director_database import fill
from support import PROJECT, ScriptResult, same_as_quoted

Ask = Callable[..., list[dict[str, object]]]

_DIRECTOR = PROJECT / "docs" / "DIRECTOR.md"
_README = PROJECT / "FRAMEWORK_README.md"
_EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
_QUESTIONS = (
    "Which strategies are worth money?", "Why did it fail?", "What did this week cost?", "How close was it?",
    "Which parameter matters?", "Is it luck?", "What do fees eat, estimated and paid?", "Does it hold out of sample?",
    "What is running, what broke?", "What shall we try next?",
)  # fmt: skip
_QUERY = re.compile(r"```sql\n(?P<sql>.*?)```\n\n```text\n(?P<output>.*?)```\n", re.DOTALL)
_COUNT_ONCE = ("near_misses", "strategy_leaderboard", "rejection_summary", "latest_results", "parameter_performance")
"""Views of which a config that is run again changes no figure."""


def _sections() -> list[str]:
    """The part before the first question, and each question with its answer."""
    return _DIRECTOR.read_text(encoding="utf-8").split("\n## ")


def _psql(database_url: str, statement: str) -> str:
    """What `make psql` prints for a statement."""
    done = subprocess.run(
        [sys.executable, "-m", "strategy_testing.commands.psql", "--no-psqlrc", "-P", "pager=off", "-c", statement],
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(PROJECT / "scripts"), "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


def test_every_question_has_one_query() -> None:
    _, *sections = _sections()
    headings = [section.split("\n", 1)[0] for section in sections]
    assert headings == [f"{number}. {question}" for number, question in enumerate(_QUESTIONS, 1)]
    assert [section for section in sections if len(_QUERY.findall(section)) != 1] == []


def test_every_query_prints_what_is_pasted(database_url: str, ask: Ask, tmp_path: Path) -> None:
    fill(database_url, tmp_path)
    assert "five strategies, twenty runs and one walk-forward analysis" in " ".join(_sections()[0].split())
    counted = [ask(f"SELECT count(*) FROM {table}") for table in ("strategies", "optimization_runs")]
    assert counted == [[{"count": 5}], [{"count": 20}]]
    assert ask("SELECT status, count(*) FROM walk_forward_analyses GROUP BY status") == [
        {"status": "completed", "count": 1}
    ]
    for query in _QUERY.finditer(_DIRECTOR.read_text(encoding="utf-8")):
        printed = _psql(database_url, query["sql"])
        assert not printed.endswith("(0 rows)"), query["sql"]
        quoted = query[0]
        same_as_quoted(_DIRECTOR, quoted, quoted.replace(f"```text\n{query['output']}```", f"```text\n{printed}\n```"))


def test_what_counts_once_prints_nothing_else_after_the_config_was_run_again(
    run_script: Callable[..., ScriptResult], unpacked: Callable[[str], Path], database_url: str, ask: Ask
) -> None:
    imported = run_script(
        "results_importer.py", "--optimization-dir", unpacked("grid-72") / "output", "--config", _EXAMPLE
    )
    assert imported.last_line == "72 runs complete, 3 passed, best Sharpe: 0.4"
    assert imported.last_line in _README.read_text(encoding="utf-8")
    queries = [query["sql"] for query in _QUERY.finditer(_DIRECTOR.read_text(encoding="utf-8"))]
    queries = [query for query in queries if any(view in query for view in _COUNT_ONCE)]
    assert len(queries) >= 3
    once = [_psql(database_url, query) for query in queries]
    for origin in ("id", "NULL"):  # taken from the first run, and computed again
        _repeat_the_first_run(ask, origin)
        assert [_psql(database_url, query) for query in queries] == once
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 3 * 72}]


def _repeat_the_first_run(ask: Ask, origin: str) -> None:
    """A run of the same row and results as the first, each result with its origin."""
    runs = _columns(ask, "optimization_runs", "run_uuid")
    added = (
        f"INSERT INTO optimization_runs ({runs}) SELECT {runs} FROM optimization_runs ORDER BY id LIMIT 1 RETURNING id"
    )
    results = _columns(ask, "backtest_results", "optimization_run_id", "reused_from")
    ask(
        f"INSERT INTO backtest_results ({results}, optimization_run_id, reused_from) SELECT {results}, %s, {origin} "
        "FROM backtest_results WHERE optimization_run_id = (SELECT min(id) FROM optimization_runs)",
        ask(added)[0]["id"],
    )
    ask(
        'INSERT INTO rejections (backtest_id, position, criterion, reason, value, "limit") '
        'SELECT result.id, position, criterion, reason, value, "limit" FROM rejections '
        "INNER JOIN backtest_results AS origin ON origin.id = rejections.backtest_id "
        "INNER JOIN backtest_results AS result ON result.backtest_id = origin.backtest_id "
        "WHERE origin.optimization_run_id = (SELECT min(id) FROM optimization_runs) "
        "AND result.optimization_run_id = (SELECT max(id) FROM optimization_runs)"
    )


def _columns(ask: Ask, table: str, *others: str) -> str:
    rows = ask(
        "SELECT column_name AS name FROM information_schema.columns "
        "WHERE table_name = %s AND is_generated = 'NEVER' AND column_name <> ALL (%s)",
        table, ["id", *others],
    )  # fmt: skip
    return ", ".join(str(row["name"]) for row in rows)
