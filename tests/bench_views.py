"""How the views that people look at daily grow with what is stored: `make bench-views`.

Four databases are made of the recorded 72 backtests, each figure perturbed: the large one, and three of a hundredth of
its backtests: one with as many strategies, one with as many runs as well, one with as much of each strategy. What has a
line for each strategy is compared with the first, what has one for each run with the second, what asks about one
strategy or a few days with the third: so the answers are of the same size, which stands in brackets. Questions that
docs/DIRECTOR.md asks are asked as they stand there. An import of the recorded 72 into the large one, a process of its
own, is compared with one into an empty database.

RESULTS in the environment makes the large one smaller, which is quicker and says less; TIMES is how often each is
asked, in turns, of which the medians count; PLANS=1 prints the plans.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection

import beside_scripts  # noqa: F401
from bench_database import fresh_database
from strategy_testing.config.reader import read_config
from strategy_testing.database.connection import connect
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.importing.one_run import import_run
from strategy_testing.results.folder import read_run
from support import PROJECT, unpack_recording

_DIRECTOR = {
    question["view"]: question["sql"]
    for question in re.finditer(
        r"```sql\n(?P<sql>.*?FROM (?P<view>\w+).*?)```",
        (PROJECT / "docs" / "DIRECTOR.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
}
_OF_STRATEGIES = {
    view: _DIRECTOR[view]
    for view in ("strategy_leaderboard", "rejection_summary", "near_misses", "parameter_performance", "next_steps")
} | {
    "trials_per_strategy": "SELECT * FROM trials_per_strategy",
    "combination_leaderboard": "SELECT * FROM combination_leaderboard ORDER BY sharpe_ratio DESC NULLS LAST LIMIT 20",
}
_OF_RUNS = {view: _DIRECTOR[view] for view in ("weekly_throughput", "luck_of_runs", "fee_analysis", "run_health")}
_OF_ONE = {
    "daily_summary": "SELECT * FROM daily_summary ORDER BY day DESC LIMIT 2",
    "combination_leaderboard": "SELECT * FROM combination_leaderboard WHERE strategy = 'S1' "
    "ORDER BY sharpe_ratio DESC NULLS LAST LIMIT 20",
    "rejection_summary": "SELECT * FROM rejection_summary WHERE strategy = 'S1'",
    "parameter_performance": "SELECT * FROM parameter_performance WHERE strategy = 'S1'",
    "parameter_heatmap": "SELECT * FROM parameter_heatmap WHERE strategy = 'S1'",
    "fee_analysis": "SELECT * FROM fee_analysis WHERE strategy = 'S1'",
    "luck": "SELECT * FROM luck WHERE strategy = 'S1' ORDER BY deflated_sharpe DESC LIMIT 20",
    "strategy_history": "SELECT * FROM strategy_history WHERE strategy = 'S1'",
}
_TRIES = int(os.environ.get("TIMES", "7"))
_EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
_NOT_COPIED = {
    "id", "run_uuid", "started_at", "completed_at", "optimization_run_id", "strategy_id", "backtest_id", "parameters",
    "daily_returns", "best_backtest_id",
}  # fmt: skip
_MULTIPLY = """
    SET session_replication_role = replica;
    CREATE TEMP TABLE recorded AS SELECT row_number() OVER (ORDER BY id) - 1 AS number, * FROM backtest_results;
    CREATE TEMP TABLE said AS
    SELECT number, rejections.* FROM rejections INNER JOIN recorded ON recorded.id = rejections.backtest_id;
    CREATE TEMP TABLE ran AS SELECT * FROM optimization_runs;
    TRUNCATE rejections, backtest_results, optimization_runs, strategies CASCADE;
    INSERT INTO strategies (id, name) SELECT n, 'S' || n FROM generate_series(1, %(strategies)s) AS n;
    INSERT INTO optimization_runs (id, strategy_id, started_at, completed_at, {of_runs})
    SELECT n, 1 + n %% %(strategies)s, ended, ended, {of_runs}
    FROM ran
    CROSS JOIN generate_series(1, %(runs)s) AS n
    -- Strategies have their days one after the other, on which a strategy is run several times.
    CROSS JOIN LATERAL (
        SELECT now() - (n %% %(strategies)s * %(runs)s + n) / %(strategies)s * interval '3 hours'
    ) AS place (ended);
    INSERT INTO backtest_results (
        id, optimization_run_id, strategy_id, started_at, completed_at, parameters, {of_results}
    )
    SELECT
        (run - 1) * %(each)s + n,
        run,
        1 + run %% %(strategies)s,
        started_at,
        completed_at,
        -- Every second run of a strategy tries what the one before has tried.
        jsonb_build_object(
            'rsi_period', 2 + n %% 25,
            'entry_threshold', 20 + n / 25 %% 5,
            'exit_threshold', 50 + n / 125 + run / (2 * %(strategies)s)
        ),
        {figures}
    FROM generate_series(1, %(runs)s) AS run
    CROSS JOIN generate_series(1, %(each)s) AS n
    INNER JOIN recorded ON recorded.number = n %% 72;
    INSERT INTO rejections (backtest_id, position, criterion, reason, value, "limit")
    SELECT result.id, position, criterion, reason, value * (0.9 + 0.2 * random()::numeric(6, 5)), "limit"
    FROM backtest_results AS result
    INNER JOIN said ON said.number = ((result.id - 1) %% %(each)s + 1) %% 72;
    UPDATE optimization_runs
    SET best_backtest_id = (
        SELECT backtest_id
        FROM backtest_results
        WHERE optimization_run_id = optimization_runs.id
        ORDER BY sharpe_ratio DESC NULLS LAST
        LIMIT 1
    );
    SET session_replication_role = origin;
    ANALYZE optimization_runs, backtest_results;
    SELECT refresh_run_counts(array_agg(id)) FROM optimization_runs;
    SELECT refresh_strategy_status(array_agg(id)) FROM strategies;
    SELECT keep_standing(id) FROM strategies;
    SELECT
        setval(pg_get_serial_sequence('strategies', 'id'), (SELECT max(id) FROM strategies)),
        setval(pg_get_serial_sequence('optimization_runs', 'id'), (SELECT max(id) FROM optimization_runs)),
        setval(pg_get_serial_sequence('backtest_results', 'id'), (SELECT max(id) FROM backtest_results));
"""


def _columns(server: connection, table: str, wanted: str = "true") -> list[str]:
    with server.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            f"WHERE table_name = %s AND is_generated = 'NEVER' AND {wanted} ORDER BY ordinal_position",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _multiply(server: connection, strategies: int, runs_each: int, results_each: int) -> None:
    """Runs like the recorded one, of strategies S1, S2, …; the triggers' work is done once, at the end."""
    numbers = set(_columns(server, "backtest_results", "data_type = 'numeric'"))
    of_results = [name for name in _columns(server, "backtest_results") if name not in _NOT_COPIED]
    of_runs = [name for name in _columns(server, "optimization_runs") if name not in _NOT_COPIED]
    listed = sql.SQL(", ").join
    perturbed = sql.SQL("{} * (0.9 + 0.2 * random()::numeric(6, 5))")
    figures = [(perturbed if name in numbers else sql.SQL("{}")).format(sql.Identifier(name)) for name in of_results]
    statement = sql.SQL(_MULTIPLY).format(
        of_runs=listed(map(sql.Identifier, of_runs)),
        of_results=listed(map(sql.Identifier, of_results)),
        figures=listed(figures),
    )
    with server.cursor() as cursor:
        sizes = {"strategies": strategies, "runs": strategies * runs_each, "each": results_each}
        cursor.execute(statement, sizes)
    server.commit()
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _asked(server: connection, statement: str) -> tuple[float, int]:
    """Milliseconds until the answer is there, and its lines."""
    with server.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(statement)
        lines = len(cursor.fetchall())
        return 1000 * (time.perf_counter() - began), lines


def _compare(name: str, statement: str, hundredth: connection, large: connection) -> None:
    pairs = [(_asked(hundredth, statement), _asked(large, statement)) for _ in range(_TRIES)]
    before, after = (median(pair[which][0] for pair in pairs) for which in (0, 1))
    (_, few), (_, many) = pairs[0]
    ratio = median(after / before for (before, _), (after, _) in pairs)
    broken = "" if ratio <= 3 else "  above 3"
    _say(f"{name:32}{before:11.1f} ms ({few:5}){after:11.1f} ms ({many:5}){ratio:8.1f}{broken}")


def _filled(url: str, home: Path, name: str, sizes: Sequence[int]) -> connection:
    with closing(connect(DatabaseTarget(Source.ARGUMENT, url))) as database:
        run = read_run(unpack_recording("grid-72", home / name) / "output")
        assert run is not None
        import_run(database, run, config=read_config(_EXAMPLE))
    server = psycopg2.connect(url)
    began = time.perf_counter()
    _multiply(server, *sizes)
    runs, took = sizes[0] * sizes[1], time.perf_counter() - began
    _say(f"{name}: {sizes[0]} strategies, {runs} runs, {runs * sizes[2]:,} backtests made in {took:.0f} s")
    return server


def _imported(url: str, folder: Path) -> tuple[float, float]:
    """Seconds of an import of the recorded 72, and how many of them PostgreSQL was at work; they are removed again."""
    script = [sys.executable, str(PROJECT / "scripts" / "results_importer.py"), "--database-url", url]
    script += ["--optimization-dir", str(folder), "--config", str(_EXAMPLE), "--leaderboard", str(folder / "l.md")]
    at_work = "SELECT active_time / 1000 FROM pg_stat_database WHERE datname = current_database()"
    remove = "DELETE FROM {} WHERE {} IN (SELECT id FROM strategies WHERE name = 'RSI_MeanReversion_ETF')"
    with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
        server.autocommit = True
        cursor.execute(at_work)
        ((before,),) = cursor.fetchall()
        began = time.perf_counter()
        subprocess.run(script, env=os.environ | {"PYTHONPATH": "scripts"}, cwd=PROJECT, capture_output=True, check=True)
        took = time.perf_counter() - began
        time.sleep(0.5)  # until the statistics of the connection that has ended are there
        cursor.execute(at_work)
        ((after,),) = cursor.fetchall()
        cursor.execute(remove.format("optimization_runs", "strategy_id"))
        cursor.execute(remove.format("strategies", "id"))
    return took, after - before


def _compare_imports(empty: str, large: str, home: Path) -> None:
    folder = unpack_recording("grid-72", home / "imported") / "output"
    pairs = [(_imported(empty, folder), _imported(large, folder)) for _ in range(_TRIES)]
    _say(f"{'import of 72':32}{'none stored':>22}{'all':>22}{'ratio':>8}")
    for about, place in (("seconds", 0), ("seconds of PostgreSQL", 1)):
        none, all_of_them = (median(pair[which][place] for pair in pairs) for which in (0, 1))
        ratio = median(pair[1][place] / pair[0][place] for pair in pairs)
        _say(f"{about:32}{none:20.2f} s{all_of_them:20.2f} s{ratio:8.2f}")


def _plans(server: connection) -> Iterator[str]:
    with server.cursor() as cursor:
        for name, statement in (*_OF_STRATEGIES.items(), *_OF_RUNS.items(), *_OF_ONE.items()):
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}")
            yield f"\n{name}\n" + "\n".join(row[0] for row in cursor.fetchall())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Prints the times at both sizes and their ratios."""
    results = int(os.environ.get("RESULTS", "1000000"))
    runs, each = 20, max(1, results // 2000)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        fresh_database(Path(folder)) as for_large,
        fresh_database(Path(folder)) as for_narrow,
        fresh_database(Path(folder)) as for_thin,
        fresh_database(Path(folder)) as for_small,
        fresh_database(Path(folder)) as for_none,
    ):
        home = Path(folder)
        large = _filled(for_large, home, "large", (100, runs, each))
        narrow = _filled(for_narrow, home, "narrow", (100, 1, max(1, each // 5)))
        thin = _filled(for_thin, home, "thin", (100, runs, max(1, each // 100)))
        small = _filled(for_small, home, "small", (1, runs, each))
        for about, questions, other in (
            ("of all strategies", _OF_STRATEGIES, narrow),
            ("of all runs", _OF_RUNS, thin),
            ("of one strategy, or a few days", _OF_ONE, small),
        ):
            _say(f"{about:32}{'a hundredth':>22}{'all':>22}{'ratio':>8}")
            for name, statement in questions.items():
                _compare(name, statement, other, large)
        _compare_imports(for_none, for_large, home)
        if os.environ.get("PLANS"):
            for plan in _plans(large):
                _say(plan)
        for server in (large, narrow, thin, small):
            server.close()


if __name__ == "__main__":
    main()
