"""Runs in which LEAN counted through a table of combinations: the results name their parameters, not their number."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.results.backtest import BacktestResult, SkippedFile, read_backtest
from strategy_testing.results.folder import RunFolder, backtest_files, read_run
from strategy_testing.results.optimizer_log import OptimizerLog, read_log
from support import ScriptResult, make_project, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_VARIED = ("rsi_period", "entry_threshold", "tickers", "end_date")


@pytest.fixture
def output(recording: Recording) -> Path:
    """The recorded output of four combinations, with the table where the runner leaves it."""
    folder = recording("list-warm")
    shutil.copy(folder / "table.json", folder / "output" / "combinations.json")
    return folder / "output"


def _run_of(output: Path) -> RunFolder:
    run = read_run(output)
    assert run is not None
    return run


def _read(output: Path) -> list[BacktestResult | SkippedFile]:
    (found,) = _run_of(output).outputs
    files, _ = backtest_files(found)
    return [read_backtest(file, found.log) for file in files]


def _table(output: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads((output / "combinations.json").read_text(encoding="utf-8"))
    return rows


def _large_file(output: Path, number: int) -> Path:
    """The result of the combination of that number."""
    log = (output / "log.txt").read_text(encoding="utf-8")
    (name,) = (line.split("'")[1] for line in log.splitlines() if f"with parameters 'combination:{number}'" in line)
    return output / name / f"{name}.json"


def _rewrite(file: Path, parameters: dict[str, str]) -> None:
    for each in (file, file.with_name(f"{file.stem}-summary.json")):
        document = json.loads(each.read_text(encoding="utf-8"))
        document["algorithmConfiguration"]["parameters"] = parameters
        each.write_text(json.dumps(document, indent=1), encoding="utf-8")


def test_the_manifest_of_such_a_folder_names_what_the_table_varies(output: Path) -> None:
    manifest = _run_of(output).manifest
    assert manifest.is_derived
    assert (manifest.optimization_type, manifest.total_combinations) == ("Grid Search", 4)
    assert manifest.parameters == _VARIED


def test_it_is_imported_under_its_real_parameters(output: Path, run_script: Run, ask: Ask) -> None:
    done = run_script("results_importer.py", "--optimization-dir", output, "--strategy", "RSI")
    assert (done.last_line, done.exit_code) == ("4 runs complete, not judged, best Sharpe: 0.5 (few trades)", 0)
    rows = [row["parameters"] for row in ask("SELECT parameters FROM backtest_results")]
    assert sorted([{name: row[name] for name in _VARIED} for row in rows], key=str) == sorted(_table(output), key=str)
    assert all(row["exit_threshold"] == "55" and "combination" not in row for row in rows)
    assert ask("SELECT total_combinations, import_problems FROM optimization_runs") == [
        {"total_combinations": 4, "import_problems": []}
    ]


def test_a_result_that_names_no_parameters_gets_those_of_its_row(output: Path) -> None:
    _rewrite(_large_file(output, 2), {})
    found = [result for result in _read(output) if isinstance(result, BacktestResult)]
    assert _table(output)[2] in [dict(result.parameters) for result in found]
    assert len(found) == 4


@pytest.mark.parametrize("own", [{"combination": "2"}, {"rsi_period": "14", "exit_threshold": "55"}])
def test_a_backtest_that_lean_ran_without_its_row_is_set_aside(output: Path, own: dict[str, str]) -> None:
    """As where the file that should have put it in was not in its place: the figures are another combination's."""
    _rewrite(_large_file(output, 2), own)
    read = _read(output)
    (skipped,) = (each for each in read if isinstance(each, SkippedFile))
    assert skipped.path.name == _large_file(output, 2).name
    assert "was not run with the parameters that combinations.json names" in str(skipped)
    assert skipped.misses_a_result
    assert len(read) == 4


def test_without_the_log_a_result_must_be_one_of_the_tables(output: Path) -> None:
    (output / "log.txt").unlink()
    _rewrite(_large_file_of_first(output), {"rsi_period": "11", "tickers": "SPY"})
    assert sum(isinstance(each, BacktestResult) for each in _read(output)) == 3


def _large_file_of_first(output: Path) -> Path:
    return next(file for file in sorted(output.glob("*-*/*-*.json")) if file.stem == file.parent.name)


@pytest.mark.parametrize("damage", ["", "[{", '{"a": 1}', "[1, 2]"])
def test_a_damaged_table_costs_no_result(output: Path, damage: str) -> None:
    (output / "combinations.json").write_text(damage, encoding="utf-8")
    results = _read(output)
    assert all(isinstance(result, BacktestResult) and "combination" not in result.parameters for result in results)
    assert len(results) == 4
    assert _run_of(output).manifest.total_combinations == 0


_LINE = (
    "2026-11-26T16:02:02.1663037Z TRACE:: LeanOptimizer.LaunchLeanForParameterSet(OID x): launched backtest 'a' with "
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("combination:1", {"p": "2"}),
        ("combination:1.0", {"p": "2"}),
        ("combination:2", {}),
        ("combination:-1", {}),
        ("combination:x", {}),
        ("p:7", {"p": "7"}),
    ],
)
def test_the_log_is_read_with_the_table(said: str, meant: dict[str, str]) -> None:
    log = read_log(f"{_LINE}parameters '{said}'\n", OptimizerLog(table=({"p": "1"}, {"p": "2"})))
    assert log.launched == {"a": meant}


def test_a_parameter_of_that_name_is_no_number_of_a_table_where_there_is_none() -> None:
    assert read_log(f"{_LINE}parameters 'combination:1'\n").launched == {"a": {"combination": "1"}}
    own = OptimizerLog(table=({"combination": "x", "p": "1"},))
    assert read_log(f"{_LINE}parameters 'combination:0'\n", own).launched == {"a": {"combination": "x", "p": "1"}}


_RECORDED = (
    "    rsi_period: {values: [10, 13, 21]}\n"
    "    entry_threshold: {values: [27, 31.5, 35]}\n"
    "    tickers: {values: ['SPY|QQQ', SPY, 'IWM|EEM']}\n"
)
_WHERE = (
    "  where:\n"
    "    - rsi_period == 10 and (entry_threshold == 31.5 or entry_threshold == 35) or tickers == 'SPY'\n"
    "    - (entry_threshold == 35) == (tickers == 'IWM|EEM')\n"
    "    - (entry_threshold == 27) == (tickers == 'SPY')\n"
    "    - (rsi_period == 13) == (tickers == 'SPY')\n"
)


def test_texts_and_numbers_that_a_condition_leaves_are_one_command(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI")
    period = "backtest: {start_date: 2012-01-03, end_date: 2013-12-31, initial_capital: 5000}\n"
    config = write_config(tmp_path / "c.yaml", "RSI", _RECORDED + _WHERE, more=period)
    done = replayed("list-warm", config)
    assert (done.last_line, done.exit_code) == ("3 runs complete, not judged, best Sharpe: 0.3 (few trades)", 0), (
        done.stderr
    )
    assert "running 3 combinations of RSI" in done.stderr
    run = ask("SELECT command, output_folder, total_combinations, status FROM optimization_runs")[0]
    assert (run["command"].count("lean optimize"), run["total_combinations"], run["status"]) == (1, 3, "completed")
    folder = Path(run["output_folder"])
    fixed = {"start_date": "2012-01-03", "end_date": "2013-12-31", "initial_capital": "5000"}
    wanted = [dict(zip(_VARIED[:3], row, strict=True)) | fixed
              for row in [("10", "31.5", "SPY|QQQ"), ("10", "35", "IWM|EEM"), ("13", "27", "SPY")]]  # fmt: skip
    assert _table(folder) == wanted
    assert "with parameters 'combination:2'" in (folder / "log.txt").read_text(encoding="utf-8")
    stored = [row["parameters"] for row in ask("SELECT parameters FROM backtest_results ORDER BY id")]
    assert sorted([{name: row[name] for name in wanted[0]} for row in stored], key=str) == sorted(wanted, key=str)
    assert not any("combination" in row for row in stored)


def test_a_crash_keeps_the_parameters_of_its_combination(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "Crashy")
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {values: [2, 3, 6]}\n")
    replayed("crashy", config)
    rows = ask("SELECT parameters, status FROM backtest_results ORDER BY parameters->>'lookback'")
    assert [(row["parameters"], row["status"]) for row in rows] == [
        ({"lookback": "2"}, "failed"), ({"lookback": "3"}, "completed"), ({"lookback": "6"}, "failed")
    ]  # fmt: skip
