"""What results_importer.py shows of what is stored: lists, sheets, comparisons, exports, and mistakes in arguments."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from results_importer import main
from strategy_testing import __version__
from strategy_testing.history.export import View, as_csv, as_json, write_parquet
from strategy_testing.report.tables import Column, table_lines
from support import PROJECT, ScriptResult, write_config

Look = Callable[..., ScriptResult]

_EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
_LOOKBACK = "    lookback: {start: 2, end: 7, step: 1}\n"
_ODD = "=cmd|' /C calc'!A0<script>\x1b[31m\u202e"
"""The name of a strategy: a formula for a spreadsheet, HTML, colours and a change of direction."""
_OTHER_RUN = {
    "started_at": "started_at + interval '1 day'",
    "config": """jsonb_set(config, '{success_criteria}', '{"min_sharpe": 0}')""",
    "target_direction": "'min'",
}


@pytest.fixture(scope="module")
def stored(
    postgres_server: str,
    template_database: str,
    unpacked: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The URL of a database with four runs: grid-72, crashy, an odd name, and crashy again that rejects lookback=7."""
    name, home = f"looking_back_{uuid4().hex[:8]}", tmp_path_factory.mktemp("looking-back")
    crashy = write_config(home / "c.yaml", "Crashy", _LOOKBACK, criteria="min_trades: 1")
    imports: tuple[tuple[str, str, object], ...] = (
        ("grid-72", "--config", _EXAMPLE),
        ("crashy", "--config", crashy),
        ("dead-parameter", "--strategy", _ODD),
    )
    with closing(psycopg2.connect(postgres_server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
            url = make_dsn(postgres_server, dbname=name)
            for recording, *more in imports:
                words = ["--optimization-dir", unpacked(recording) / "output", *more, "--leaderboard", home / "l.md"]
                code = main([*map(str, words), "--database-url", url])
                assert code in (0, 4)
            _repeat_crashy(url)
            yield url
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _repeat_crashy(url: str) -> None:
    """As if the run had been run again a day later, and judged by other criteria."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for table, run, others in (
            ("optimization_runs", "id", _OTHER_RUN),
            ("backtest_results", "optimization_run_id", {"optimization_run_id": "4"}),
        ):
            cursor.execute(
                "SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_name = %s "
                "AND is_generated = 'NEVER' AND column_name <> ALL (%s)",
                (table, ["id", "run_uuid", *others]),
            )
            same = cursor.fetchone()[0]  # type: ignore[index]
            names, values = ", ".join(others), ", ".join(others.values())
            if table == "optimization_runs":
                names, values = f"{names}, id", f"{values}, 4"
            cursor.execute(
                f"INSERT INTO {table} ({same}, {names}) SELECT {same}, {values} FROM {table} WHERE {run} = "
                "(SELECT min(id) FROM optimization_runs WHERE status = 'partial') ORDER BY id"
            )
        cursor.execute(
            "UPDATE backtest_results SET meets_criteria = false, rejection_reasons = ARRAY['Sharpe ratio too low: x'] "
            "WHERE optimization_run_id = 4 AND parameters ->> 'lookback' = '7'"
        )


@pytest.fixture
def look(stored: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Look:
    """Asks for something of these runs."""
    monkeypatch.setenv("DATABASE_URL", stored)

    def ask(*arguments: object, columns: str = "") -> ScriptResult:
        monkeypatch.setenv("COLUMNS", columns)
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as ended:
            code = ended.code  # type: ignore[assignment]
        printed = capsys.readouterr()
        return ScriptResult(printed.out, printed.err, code)

    return ask


def _cells(text: str) -> list[list[str]]:
    """Of a table, its heads first; two blanks are between columns."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.strip("-")]


# Lists and sheets ----------------------------------------------------------------------------------------------------


def test_the_list_has_a_line_for_each_run_the_newest_first(look: Look) -> None:
    done = look("--list")
    assert (done.stderr, done.exit_code) == ("", 0)
    heads, rule, *lines = done.stdout.splitlines()
    assert heads.split() == [
        "Run", "Started", "(UTC)", "Strategy", "Status", "Done", "Failed", "Passed", "Sharpe", "Took", "Config"
    ]  # fmt: skip
    assert set(rule) == {"-"}
    assert len(lines) == 4
    started = [line.split()[1:3] for line in lines]
    assert started == sorted(started, reverse=True)
    (grid,) = [line for line in lines if " RSI_MeanReversion_ETF " in line]
    assert grid.split()[3:] == [
        "RSI_MeanReversion_ETF", "completed", "72/72", "0", "3", "0.41", "00:08:34", str(_EXAMPLE)
    ]  # fmt: skip
    assert "=cmd|' /C calc'!A0<script>  " in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (("--strategy", "Crashy"), 2),
        (("--status", "partial"), 2),
        (("--status", "completed", "--strategy", "RSI_MeanReversion_ETF"), 1),
        (("--status", "failed"), 0),
        (("--since", "2100-01-01"), 0),
        (("--since", "2020-01-01"), 4),
        (("--strategy", _ODD), 1),
    ],
    ids=str,
)
def test_the_list_can_be_narrowed(arguments: tuple[str, ...], runs: int, look: Look) -> None:
    done = look("--list", *arguments)
    assert done.exit_code == 0
    assert done.stdout == "no such runs\n" if runs == 0 else len(done.stdout.splitlines()) == runs + 2


def test_what_the_limit_leaves_out_is_said(look: Look) -> None:
    done = look("--list", "--limit", 3)
    assert len(done.stdout.splitlines()) == 2 + 3 + 1
    assert done.last_line == "and 1 earlier one; --limit shows more"


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("question", [("--list",), ("--top", 3), ("--top", 3, 1), ("--compare", 2, 4)], ids=str)
def test_no_line_is_longer_than_the_terminal(question: tuple[object, ...], columns: int, look: Look) -> None:
    done = look(*question, columns=str(columns))
    assert max(map(len, done.stdout.splitlines())) <= columns
    assert "…" not in done.stdout


def test_a_sheet_has_all_of_a_run(look: Look, stored: str) -> None:
    lines = look("--show", 1).stdout.splitlines()
    assert lines[0] == "run 1 of RSI_MeanReversion_ETF: completed"
    assert "72 of 72 combinations completed, 0 failed, 0 reused, 3 passed" in lines
    assert f"config: {_EXAMPLE}" in lines
    assert "fees: estimated 180 orders and $180 (3.6%); average 77 orders and $77 (1.5%), worst $240 (4.8%)" in lines
    assert "luck alone would give a Sharpe ratio of 0.44 after 72 trials of the strategy" in lines
    assert "probability of overfitting: 11%" in lines
    at = lines.index("best by Sharpe Ratio, those that pass first:")
    assert [line.split() for line in lines[at + 3 : at + 8]] == [
        ["1", "0.41", "6.2%", "n/a", "18.6%", "47", "$94", "75%", "passes", *_combination(35, 65, 16)],
        ["2", "0.38", "5.7%", "n/a", "18.7%", "44", "$88", "72%", "passes", *_combination(35, 65, 18)],
        ["3", "0.36", "5.7%", "n/a", "20.0%", "56", "$112", "68%", "passes", *_combination(35, 65, 14)],
        ["4", "0.35", "5.8%", "n/a", "24.1%", "89", "$178", "66%", "rejected", *_combination(35, 65, 10)],
        ["5", "0.33", "5.3%", "n/a", "23.2%", "71", "$142", "65%", "rejected", *_combination(35, 65, 12)],
    ]
    assert ["Sharpe ratio too low", "68", "0"] in _cells("\n".join(lines))
    near = next(line for line in lines if "Sharpe ratio too low: 0.31 < 0.35" in line)
    assert near.split()[:4] == ["12.3%", *_combination(30, 65, 10)[:2], "rsi_period=10:"]


def _combination(entry: int, leave: int, period: int) -> tuple[str, str, str]:
    return f"entry_threshold={entry},", f"exit_threshold={leave},", f"rsi_period={period}"


def test_a_failed_run_says_why_and_shows_no_failed_combination_as_the_best(look: Look) -> None:
    done = look("--show", 2)
    assert "why: 3 of 6 backtests failed: 2019-03-27 16:00:00 Runtime Error: lookback 2 is even" in done.stdout
    best = [row for row in _cells(done.stdout) if row[0].strip() in ("1", "2", "3", "4")]
    assert [row[-1].strip() for row in best] == ["lookback=7", "lookback=5", "lookback=3"]
    assert "Backtest failed  " in done.stdout


def test_the_best_of_all_runs_count_once_and_name_their_run(look: Look) -> None:
    done = look("--top", 80)
    rows = _cells(done.stdout)[1:]
    assert len(rows) == 72 + 3 + 3  # that half of crashy which did not crash, once
    assert rows[0][-1].strip() == "RSI_MeanReversion_ETF: entry_threshold=35, exit_threshold=65, rsi_period=16"
    verdicts = [row[-2] for row in rows]
    assert verdicts[:5] == ["passes"] * 5
    assert "passes" not in verdicts[5:]
    assert len(look("--top", 2, 1).stdout.splitlines()) == 4


def test_the_best_are_the_smallest_where_the_target_is_to_be_small(look: Look) -> None:
    best = {run: [row[-1] for row in _cells(look("--top", 3, run).stdout)[1:]] for run in (2, 4)}
    assert best == {
        2: ["lookback=7", "lookback=5", "lookback=3"],
        4: ["lookback=3", "lookback=5", "lookback=7"],  # the last one does not pass
    }


def test_two_runs_stand_side_by_side(look: Look) -> None:
    done = look("--compare", 2, 4)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("run 2: Crashy, ")
    assert lines[2:4] == ["differ in: criteria", "6 combinations in both, 6 with the same trades"]
    rows = {row[-1]: row[:-1] for row in _cells("\n".join(lines[5:]))}
    assert rows["Parameters"][1:4] == ["Sharpe 2", "Sharpe 4", "Change"]
    assert rows["lookback=7"][1:4] == ["-0.44", "-0.44", "+0.00"]
    assert rows["lookback=7"][-2:] == ["passes", "rejected"]
    assert rows["lookback=2"][-2:] == ["failed", "failed"]


def test_combinations_that_only_one_of_two_runs_has_are_counted(look: Look) -> None:
    lines = look("--compare", 1, 2).stdout.splitlines()
    assert lines[2].startswith("differ in: strategy, ")
    assert lines[3:] == [
        "0 combinations in both, 0 with the same trades",
        "72 combinations in run 1 only",
        "6 combinations in run 2 only",
    ]


# Exports -------------------------------------------------------------------------------------------------------------


def test_every_view_can_be_exported_in_every_format_with_the_same_rows(look: Look, stored: str, tmp_path: Path) -> None:
    with closing(psycopg2.connect(stored)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace")
        views = [row[0] for row in cursor.fetchall()]
        counts = {}
        for view in views:
            cursor.execute(f'SELECT count(*) FROM "{view}"')
            counts[view] = cursor.fetchone()[0]  # type: ignore[index]
    assert {"strategy_leaderboard", "luck", "parameter_performance"} <= set(views)
    for view in ("strategy_leaderboard", "luck", "walk_forward_summary"):
        file = tmp_path / f"{view}.parquet"
        done = look("--export", "parquet", view, "--output", file)
        assert (done.stdout, done.exit_code) == ("", 0)
        assert f"of {view} in " in done.stderr
        assert len(duckdb.execute(f"SELECT * FROM '{file}'").fetchall()) == counts[view]
        assert [left.name for left in tmp_path.iterdir() if left.name.startswith(".")] == []
        assert len(list(csv.reader(io.StringIO(look("--export", "csv", view).stdout)))) == counts[view] + 1
        assert len(json.loads(look("--export", "json", view).stdout)) == counts[view]


def test_an_export_of_the_database_is_harmless_and_exact(look: Look, stored: str, tmp_path: Path) -> None:
    file = tmp_path / "board.csv"
    assert look("--export", "csv", "strategy_leaderboard", "--output", file).stderr.startswith("3 rows of strategy_lea")
    rows = {row["strategy"]: row for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))}
    assert set(rows) == {"RSI_MeanReversion_ETF", "Crashy", "'=cmd|' /C calc'!A0<script>"}
    with closing(psycopg2.connect(stored)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT best_daily_sharpe::text FROM strategy_leaderboard WHERE strategy = 'Crashy'")
        assert rows["Crashy"]["best_daily_sharpe"] == cursor.fetchone()[0]  # type: ignore[index]


_ROWS = View(
    {"name": "text", "value": "numeric", "reasons": "text[]", "extra": "jsonb", "day": "date", "is_on": "boolean"},
    [
        {
            "name": name, "value": value, "reasons": ["a\"b", "=c"], "extra": {"k": "<v>"}, "day": None, "is_on": True,
        }
        for name, value in (
            ("=1+1", Decimal("0.1234567890123456789012345678")),
            ("-0.5", Decimal("-1E+3")),
            ("x|y'; DROP", None),
            ("@SUM(A1)\r\n$(rm)", Decimal("NaN")),
        )
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\x1b[31m=1", "'=1"),
        ("-0.5", "-0.5"),
        ("+3", "+3"),
        ("a=1", "a=1"),
        ("-", "'-"),
        ("", ""),
        ("x|y'; DROP\u202e", "x|y'; DROP"),
        ("<script>$(rm)", "<script>$(rm)"),
    ],
)
def test_a_text_is_no_formula_in_a_spreadsheet(text: str, cell: str) -> None:
    written = as_csv(View({"a": "text", "b": "text"}, [{"a": text, "b": None}]))
    assert list(csv.reader(io.StringIO(written))) == [["a", "b"], [cell, ""]]


def test_numbers_keep_their_digits_in_every_format(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(_ROWS))))
    assert [row["value"] for row in rows] == ["0.1234567890123456789012345678", "-1000", "", "NaN"]
    assert rows[0]["reasons"] == '["a\\"b", "=c"]'
    parsed: list[dict[str, Any]] = json.loads(as_json(_ROWS), parse_float=Decimal, parse_int=Decimal)
    assert [row["value"] for row in parsed] == [Decimal("0.1234567890123456789012345678"), Decimal(-1000), None, None]
    assert parsed[0]["extra"] == {"k": "<v>"}
    file = tmp_path / "it's a file.parquet"
    write_parquet(file, _ROWS)
    read = duckdb.execute("SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
    assert [row[1] for row in read] == [Decimal("0.1234567890123456789012345678"), Decimal(-1000), None, None]
    assert read[2] == ("x|y'; DROP", None, ['a"b', "=c"], '{"k": "<v>"}', None, True)
    kinds = duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
    assert [kind[1] for kind in kinds] == ["VARCHAR", "DECIMAL(38,28)", "VARCHAR[]", "VARCHAR", "DATE", "BOOLEAN"]


def test_a_number_that_no_decimal_holds_is_a_text_in_parquet(tmp_path: Path) -> None:
    long = Decimal("1" * 30 + "." + "2" * 30)
    write_parquet(tmp_path / "x", View({"a": "numeric"}, [{"a": long}, {"a": None}]))
    assert duckdb.execute("SELECT * FROM read_parquet(?)", [str(tmp_path / "x")]).fetchall() == [(str(long),), (None,)]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_named(form: str, look: Look, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "x"
    done = look("--export", form, "luck", "--output", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"error: --output {file}: cannot be written: No such file or directory; name another file\n"


# Mistakes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lits"], "--lits: no such argument; did you mean --list?"),
        (["--optimisation-dir", "x"], "--optimisation-dir: no such argument; did you mean --optimization-dir?"),
        (["--list", "--colour=red"], "--colour: no such argument; see --help"),
        (["--list", "--status", "complete"], "argument --status: complete is no status; did you mean completed?"),
        (["--list", "--since", "yesterday"], "argument --since: yesterday is no day of the calendar; write YYYY-MM-DD"),
        (["--list", "--limit", "0"], "argument --limit: 0 is no number above 0"),
        (["--list", "--strategy", "Crashi"], "--strategy Crashi: no such strategy; did you mean Crashy?"),
        (["--list", "--output", "x"], "--output goes with --export only"),
        (["--rejudge", "--strategy", "S"], "--strategy goes with --optimization-dir or --list only"),
        (["--show", "99"], "run 99: no such run; --list shows them"),
        (["--top", "3", "99"], "run 99: no such run; --list shows them"),
        (["--top", "1", "2", "3"], "--top takes a number of combinations, and at most one run"),
        (["--compare", "1", "1"], "--compare 1 1: that is one run; name two"),
        (["--compare", "1"], "argument --compare: expected 2 arguments"),
        (["--export", "exel", "luck"], "--export: exel: no such format; known are csv, json, parquet"),
        (["--export", "csv", "leaderboard"], "--export: leaderboard: no such view; did you mean strategy_leaderboard?"),
        (["--export", "csv", 'luck"; DROP TABLE strategies; --'], "no such view; "),
        (["--export", "csv", "backtest_results"], "--export: backtest_results: no such view; "),
        (["--export", "parquet", "luck"], "--export parquet: it is no text; name a file with --output"),
        (
            [],
            "one of the arguments --rejudge --report --sync-backlog --optimization-dir --list --show --top --compare "
            "--export is required",
        ),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line(arguments: list[str], message: str, look: Look) -> None:
    done = look(*arguments)
    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["optimize_runner.py", "results_importer.py"])
def test_the_version_is_that_of_the_project(script: str) -> None:
    command = [sys.executable, str(PROJECT / "scripts" / script), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"{script} {__version__}\n", "", 0)
    assert f'\nversion = "{__version__}"\n' in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_batch_is_no_config_and_a_config_no_batch(look: Look, tmp_path: Path) -> None:
    batch = PROJECT / "configs" / "batches" / "mean_reversion_batch.yaml"
    runner = str(PROJECT / "scripts" / "optimize_runner.py")
    for words, message in (
        (["--config", str(batch)], f"{batch}: is a batch, not a config; run it with optimize_runner.py --batch "),
        (["--batch", str(_EXAMPLE)], f"{_EXAMPLE}: is a config, not a batch; run it with --config {_EXAMPLE}"),
        (["--config", str(_EXAMPLE), "--dry-rnu"], "--dry-rnu: no such argument; did you mean --dry-run?"),
        (["--config", str(_EXAMPLE), "--dry-run", "--check"], "argument --check: not allowed with argument --dry-run"),
    ):
        done = subprocess.run([sys.executable, runner, *words], capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout, done.returncode) == ("", 2)
        assert done.stderr.startswith(f"error: {message}")
        assert done.stderr.count("\n") == 1
    imported = look("--optimization-dir", tmp_path, "--config", batch)
    assert imported.stderr.startswith(f"error: {batch}: is a batch, not a config; ")


# Tables --------------------------------------------------------------------------------------------------------------

_COLUMNS = (Column("#", True), Column("Name"), Column("Figure", True, 1), Column("Other figure", True, 2))


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            None,
            [
                "#  Name  Figure  Other figure  Parameters",
                "-----------------------------------------",
                "1  a b     1.00             2  x=1, y=2",
            ],
        ),
        (
            28,
            [
                "# Name Figure Other figure",
                "--------------------------",
                "1 a b    1.00            2",
                "    x=1, y=2",
            ],
        ),
        (14, ["# Name Figure", "-------------", "1 a b    1.00", "    x=1, y=2"]),
        (8, ["#  Name", "-------", "1  a b", "    x=1, y=2"]),
        (5, ["# Na…", "-----", "1 a b", "    x=1, y=2"]),
    ],
)
def test_a_table_moves_closer_then_leaves_out_then_is_cut(width: int | None, lines: list[str]) -> None:
    assert table_lines(_COLUMNS, [["1", "a\n\x1b[31mb", "1.00", "2"]], width, ["x=1, y=2"]) == lines
