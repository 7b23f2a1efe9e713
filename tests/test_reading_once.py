"""A backtest is read once in its life, thousands by several processes, and a changed one again."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest

from strategy_testing.database import waiting
from strategy_testing.database.connection import Database
from strategy_testing.files import Spool
from strategy_testing.importing.reading_files.processes import FEWEST, read_together
from strategy_testing.metrics.packed import PackedFigures
from strategy_testing.results.backtest import BacktestFile, SkippedFile
from strategy_testing.results.contents import ToRead, read_each
from strategy_testing.results.folder import backtest_files, find_runs
from support import ScriptResult
from test_sanity import make_result

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_ROWS = "SELECT * FROM backtest_results ORDER BY backtest_id"


def _rewrite(file: Path, change: Callable[[str], str], *, unnoticed: bool = False) -> None:
    """Changes a text in place; unnoticed where its size and its time of change stay."""
    before = file.stat()
    text = file.read_text(encoding="utf-8")
    assert change(text) != text
    file.write_text(change(text), encoding="utf-8")
    if unnoticed:
        assert file.stat().st_size == before.st_size
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_what_has_not_changed_is_not_read_again_and_what_has_is(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    output = recording("crashy")
    run_script("results_importer.py", "--optimization-dir", output)
    before = ask(_ROWS)
    one, other = sorted(file for file in output.rglob("*-summary.json"))[:2]
    _rewrite(one, lambda text: text.replace('"drawdown": "0', '"drawdown": "7'), unnoticed=True)
    assert run_script("results_importer.py", "--optimization-dir", output).last_line
    assert ask(_ROWS) == before
    _rewrite(other, lambda text: text.replace('"drawdown": "0', '"drawdown": "7'))
    run_script("results_importer.py", "--optimization-dir", output)
    changed = [row["backtest_id"] for row, now in zip(before, ask(_ROWS), strict=True) if row != now]
    assert changed == [other.name.removesuffix("-summary.json")]


def test_what_another_version_has_read_is_read_again(run_script: Run, ask: Ask, recording: Recording) -> None:
    output = recording("crashy")
    run_script("results_importer.py", "--optimization-dir", output)
    before = ask(_ROWS)
    ask("UPDATE backtest_results SET win_rate = NULL, source_signs = 'x' || substr(source_signs, 2)")
    run_script("results_importer.py", "--optimization-dir", output)
    now = ask(_ROWS)
    assert [row["win_rate"] for row in now] == [row["win_rate"] for row in before]
    assert [row["source_signs"] for row in now] == [row["source_signs"] for row in before]


def test_what_was_read_before_is_judged_by_figures_that_have_no_column(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    output = recording("crashy")
    run_script("results_importer.py", "--optimization-dir", output)
    config = tmp_path / "config.yaml"
    config.write_text(
        "strategy: {name: Crashy, lean_project_path: Crashy}\n"
        "optimization:\n  type: Grid Search\n  target_metric: TotalPerformance.TradeStatistics.LargestProfit\n"
        "  target_direction: max\n  constraints: ['TotalPerformance.TradeStatistics.LargestLoss > -1000000']\n"
        "  parameters:\n    lookback: {start: 2, end: 7, step: 1}\n",
        encoding="utf-8",
    )
    run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    judged = "SELECT target_value, meets_criteria, rejection_reasons FROM backtest_results ORDER BY backtest_id"
    known = ask(judged)
    assert any(row["target_value"] for row in known)
    ask("UPDATE backtest_results SET source_signs = NULL")
    run_script("results_importer.py", "--optimization-dir", output, "--config", config)
    assert ask(judged) == known


class _Deadly(BacktestFile):
    """Ends the process that is given it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


@pytest.fixture(scope="module")
def many(unpacked: Recording) -> list[ToRead]:
    (run,) = find_runs(unpacked("crashy"))
    (output,) = run.outputs
    files = [ToRead(file, output.log) for file in backtest_files(output)[0]]
    return (files * FEWEST)[: FEWEST + 20]


def test_several_processes_read_what_one_reads(many: list[ToRead], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with read_together(many) as answers:
        assert list(answers) == list(read_each(many))


def test_a_file_on_which_a_process_dies_costs_only_itself(
    many: list[ToRead], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    deadly = [ToRead(_Deadly("dead", tmp_path), many[0].log), ToRead(BacktestFile("gone", tmp_path), many[0].log)]
    with read_together([*many[:20], *deadly, *many[20:]]) as answers:
        read = list(answers)
    skipped = [str(one) for one in read if isinstance(one, SkippedFile)]
    assert skipped[:2] == [
        "dead/dead.json: cannot be read: the process that read it was ended",
        "gone/gone.json: missing: the backtest did not finish",
    ]
    assert [*read[:20], *read[22:]] == list(read_each(many))


def test_packed_results_are_the_same_results() -> None:
    result = make_result({"a": 1, "b": "x"})
    packed = result.packed()
    assert packed == result
    assert dict(packed.metrics.items()) == dict(result.metrics)
    assert (packed.metrics["sharpe_ratio"], len(packed.metrics)) == (
        result.metrics["sharpe_ratio"],
        len(result.metrics),
    )
    assert PackedFigures({}) == {}
    assert list(PackedFigures({}).items()) == []


def test_a_spool_gives_back_its_pieces_in_any_order() -> None:
    with Spool[str]() as kept:
        for name, letter in (("a", b"x"), ("b", b"yz"), ("c", b"w" * 9_000_000), ("a", b"of a second result")):
            kept.put(name, letter)
        assert [kept.get("b"), kept.get("d"), kept.get("a"), len(kept.get("c") or b"")] == [
            b"yz",
            None,
            b"x",
            9_000_000,
        ]
        assert (list(kept), len(kept)) == (["a", "b", "c"], 3)


def test_long_reading_takes_nothing_of_the_patience_with_the_database(database: Database) -> None:
    def work() -> None:
        with waiting.uncounted():
            time.sleep(1.5)
        with database.transaction():
            database.script("SELECT pg_sleep(0.5)")

    waiting.begin(lambda _: None)
    try:
        database.retrying(work, patience_seconds=1)
    finally:
        psycopg2.extensions.set_wait_callback(None)
