"""The two files of a backtest: which of them is read, and what is no result whatever the other one says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.results.backtest import BacktestFile, BacktestResult, SkippedFile, read_backtest
from strategy_testing.results.folder import backtest_files, read_run
from strategy_testing.results.manifest import (
    CHECK_FOLDER,
    ENGINE_SETTINGS,
    HOST,
    LAUNCHER,
    MANIFEST_FILE,
    EngineNote,
    notes_of,
    read_engine_note,
    read_manifest,
    write_manifest,
)
from strategy_testing.results.optimizer_log import OptimizerLog

Recording = Callable[[str], Path]

_SINCE_ENDED = OptimizerLog(has_ended=True)
_WITH_RESULTS = (
    "backtest-crash",
    "backtest-no-trade",
    "container-killed",
    "crashy",
    "dead-parameter",
    "euler",
    "euler-whole",
    "grid-72",
    "idle",
    "init-fail",
    "interrupted",
    "no-prices",
    "terminated",
    "unknown-target",
    "walk-forward",
)


@pytest.fixture
def file(recording: Recording) -> BacktestFile:
    """A backtest that ended, which the log does not say, so that its files alone tell."""
    return _files(recording("crashy"))[0]


def _files(folder: Path) -> list[BacktestFile]:
    summaries = sorted(folder.rglob("*-summary.json"))
    return [BacktestFile(summary.name.removesuffix("-summary.json"), summary.parent) for summary in summaries]


def _result(file: BacktestFile, log: OptimizerLog | None = None) -> BacktestResult:
    read = read_backtest(file, log or OptimizerLog())
    assert isinstance(read, BacktestResult), read
    return read


def _trouble(file: BacktestFile, log: OptimizerLog | None = None) -> str:
    read = read_backtest(file, log or OptimizerLog())
    assert isinstance(read, SkippedFile)
    return str(read)


@pytest.mark.parametrize("name", _WITH_RESULTS)
def test_both_files_of_every_recorded_backtest_say_the_same(name: str, recording: Recording) -> None:
    files = _files(recording(name))
    assert files
    for file in files[:: 1 + len(files) // 12]:  # a dozen of the larger ones
        whole = _result(file)
        file.summary.unlink()
        assert _result(file) == whole


def test_a_file_cut_off_anywhere_is_named_though_the_summary_is_sound(file: BacktestFile) -> None:
    whole = file.path.read_bytes()
    behind_an_inner_brace = whole.rindex(b"}", 0, whole.rindex(b"}")) + 1
    for length in [*(len(whole) * part // 20 for part in range(20)), behind_an_inner_brace, len(whole) - 1]:
        file.path.write_bytes(whole[:length])
        trouble = _trouble(file, _SINCE_ENDED)
        assert trouble.startswith(f"{file.backtest_id}/{file.backtest_id}.json: ")
        assert trouble.endswith("the file was not written to its end")


def _of_the_summary_alone(result: BacktestResult) -> BacktestResult:
    """Without what only the large file shows."""
    ours = dict.fromkeys(
        ("winning_trades", "losing_trades", "max_consecutive_losing_trades", "profit_factor", "daily_sharpe_ratio",
         "time_under_water_days")
    )  # fmt: skip
    assert all(result.metrics[column] is not None for column in ours)
    return replace(result, metrics={**result.metrics, **ours}, held=None)


def test_damage_in_the_middle_of_the_large_file_costs_no_figure_of_leans(file: BacktestFile) -> None:
    sound = _of_the_summary_alone(_result(file))
    whole = file.path.read_bytes()
    middle = whole.index(b'"orders"')
    file.path.write_bytes(whole[:middle] + b"\xff\x00{{" + whole[middle + 4 :])
    read = _result(file)
    assert replace(read, problems=()) == sound
    assert read.problems == ("its trades or charts cannot be read: what we compute from them is left empty",)
    file.summary.unlink()
    assert "is not text: damaged" in _trouble(file)


def test_a_look_at_a_backtest_under_way_is_no_result_though_the_summary_is_there(file: BacktestFile) -> None:
    document = json.loads(file.path.read_text(encoding="utf-8"))
    document["state"]["Status"] = "Running"
    file.path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    assert "still under way (state Running)" in _trouble(file, _SINCE_ENDED)


@pytest.mark.parametrize("damaged", ["", '{"statistics": {', '{"menu": []}', "\N{REPLACEMENT CHARACTER}"])
def test_the_large_file_serves_where_the_summary_is_damaged(damaged: str, file: BacktestFile) -> None:
    sound = _result(file)
    file.summary.write_text(damaged, encoding="utf-8")
    assert _result(file) == sound


def test_a_large_file_without_indentation_is_read_as_well(file: BacktestFile) -> None:
    sound = _result(file)
    document = json.loads(file.path.read_text(encoding="utf-8"))
    file.path.write_text(json.dumps(document), encoding="utf-8")
    assert _result(file) == sound
    file.summary.unlink()
    assert _result(file) == sound


def test_a_summary_alone_counts_only_where_lean_came_past_the_large_file(file: BacktestFile) -> None:
    sound = _of_the_summary_alone(_result(file))
    file.path.unlink()
    assert _result(file) == sound  # LEAN's report on the data is there
    for report in file.folder.glob("data-monitor-report-*"):
        report.unlink()
    assert _trouble(file).endswith("missing: the backtest did not finish")
    assert _result(file, _SINCE_ENDED) == sound
    file.summary.write_text('{"statistics": {', encoding="utf-8")
    assert f"{file.backtest_id}-summary.json: truncated after" in _trouble(file, _SINCE_ENDED)


def test_a_folder_without_a_manifest_gets_one(unpacked: Recording) -> None:
    run = read_run(unpacked("crashy") / "output")
    assert run is not None
    again = read_run(unpacked("crashy") / "output")
    assert again is not None
    assert again.manifest == run.manifest
    manifest = run.manifest
    assert manifest.is_derived
    assert (manifest.strategy, manifest.lean_project_path) == ("crashy", "crashy")
    assert (manifest.optimization_type, manifest.total_combinations) == ("Grid Search", 6)
    assert (manifest.target_metric, manifest.target_direction) == (
        "TotalPerformance.PortfolioStatistics.SharpeRatio",
        "max",
    )
    assert (manifest.parameters, manifest.parts, manifest.commands) == (("lookback",), (".",), ())
    assert manifest.started_at == run.outputs[0].log.started_at


def test_the_runners_own_manifest_is_not_derived(tmp_path: Path, unpacked: Recording) -> None:
    found = read_run(unpacked("crashy") / "output")
    assert found is not None
    written = replace(found.manifest, started_at=datetime(2026, 11, 26, tzinfo=UTC), commands=("lean optimize X",))
    write_manifest(tmp_path, written)
    assert "derived" not in (tmp_path / MANIFEST_FILE).read_text(encoding="utf-8")
    assert read_manifest(tmp_path) == replace(written, is_derived=False)


def test_a_manifest_from_before_warm_engines_can_still_be_read(tmp_path: Path, unpacked: Recording) -> None:
    found = read_run(unpacked("crashy") / "output")
    assert found is not None
    plain = replace(found.manifest, is_derived=False)
    engine: dict[str, Any] = {"engine": "warm", "engine_checked": 2, "engine_note": "x", "set_aside": ("part-02",)}
    write_manifest(tmp_path, replace(plain, **engine))
    assert read_manifest(tmp_path) == replace(plain, **engine)
    values = json.loads((tmp_path / MANIFEST_FILE).read_text(encoding="utf-8"))
    older = {name: value for name, value in values.items() if name not in engine}
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(older), encoding="utf-8")
    assert read_manifest(tmp_path) == plain


def test_what_warm_engines_leave_in_a_folder_is_not_foreign(recording: Recording) -> None:
    run = read_run(recording("crashy") / "output")
    assert run is not None
    files, skipped = backtest_files(run.outputs[0])
    for name in (ENGINE_SETTINGS, HOST, LAUNCHER):
        (run.folder / name).write_text("{}", encoding="utf-8")
    (run.folder / CHECK_FOLDER / "first").mkdir(parents=True)
    (files[0].folder / ENGINE_SETTINGS).write_text('{"engine": "warm"}', encoding="utf-8")
    assert backtest_files(run.outputs[0]) == (files, skipped)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('{"engine": "warm", "served": 3, "process": "17-1", "replaced": null}', EngineNote("warm", None, 3)),
        ('{"engine": "cold", "reason": "no Python"}', EngineNote("cold", "no Python")),
        ('{"engine": "cold", "reason": 1}', None),
        ('{"engines": 2}', None),
        ("[1]", None),
        ('{"engine": "wa', None),
        ("\udcff", None),
    ],
)
def test_a_note_of_the_launcher_is_read_or_there_is_none(text: str, note: EngineNote | None, tmp_path: Path) -> None:
    backtest = tmp_path / "b"
    backtest.mkdir()
    (tmp_path / "log.txt").touch()
    assert read_engine_note(backtest) is None
    (backtest / ENGINE_SETTINGS).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_engine_note(backtest) == note
    assert notes_of(tmp_path) == ({} if note is None else {"b": note})
    assert notes_of(tmp_path / "gone") == {}
