"""Figures, texts, files and rows of a run that cannot be: each is left out by its name, and costs nothing else."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fault_bench import DATABASE, LEAN, Fault, fault
from strategy_testing.metrics.catalogue import METRICS, Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.results.backtest import parse_backtest
from strategy_testing.results.json_values import NotAResultError, as_number, decimal_of
from support import ScriptResult, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_MOST = 10**20


@pytest.fixture
def output(recording: Recording) -> Path:
    """Three backtests that any test may damage."""
    return recording("dead-parameter") / "output"


def _backtests(output: Path) -> list[Path]:
    return sorted(folder for folder in output.iterdir() if (folder / f"{folder.name}.json").is_file())


def _change(folder: Path, pattern: str, value: str) -> None:
    """Puts a value in the place of those in both files that a pattern leads to."""
    for file in (folder / f"{folder.name}.json", folder / f"{folder.name}-summary.json"):
        found = rf'({pattern}": *)("[^"]*"|[-\d.]+)'
        text, count = re.subn(found, lambda match: match[1] + value, file.read_text("utf-8"))
        assert count > 0
        file.write_text(text, encoding="utf-8")


@fault(
    LEAN,
    Fault(
        "odd-figure",
        "A result has a figure or a date that cannot be (1e400, -1 trades, month 13)",
        "It is left empty and named in `import_problems`; all other figures are stored",
        "completed",
        0,
        "Look at that backtest",
    ),
)
@pytest.mark.parametrize(
    ("pattern", "value", "column", "said"),
    [
        ('"sharpeRatio', "1e400", "sharpe_ratio", "Sharpe ratio cannot be 1.000E+400 and is left empty"),
        ('"sharpeRatio', "1E+99999999999999999999", "sharpe_ratio", "Sharpe ratio cannot be a number of that size"),
        ('"Total Fees', '"$1' + "0" * 30 + '"', "total_fees", "Total fees cannot be 1.000E+30"),
        ('"drawdown', '"1e-29"', "max_drawdown", "Drawdown cannot be 1.000E-29"),
        ('"drawdown', '"1e-27"', "calmar_ratio", "Calmar ratio cannot be "),
        ('"totalNumberOfTrades', "99999999999", "total_trades", "Trades cannot be 1.000E+11"),
        ('"totalNumberOfTrades', "-1", "total_trades", "Trades cannot be -1.000E+0"),
        ('"startDate', '"9999-12-31T23:59:59-12:00"', "backtest_start", "startDate cannot be 9999-12-31T23:59:59"),
        ('"endDate', '"2020-13-45"', "backtest_end", "endDate cannot be 2020-13-45"),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_left_empty_and_named(
    row: Fault, pattern: str, value: str, column: str, said: str, output: Path, run_script: Run, ask: Ask
) -> None:
    odd, *_ = _backtests(output)
    _change(odd, pattern, value)
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert (done.last_line[:15], done.exit_code) == ("3 runs complete", row.exit_code)
    assert f"not imported: {odd.name}/{odd.name}.json: {said}" in done.stderr
    stored = ask(f"SELECT backtest_id, {column} IS NULL AS is_empty FROM backtest_results")
    assert {each["backtest_id"] for each in stored if each["is_empty"]} == {odd.name}
    (problems,) = ask("SELECT import_problems AS named, status FROM optimization_runs")
    assert (any(said in each for each in problems["named"]), problems["status"]) == (True, row.status)


def test_numbers_of_28_digits_are_kept_as_they_are(output: Path, run_script: Run, ask: Ask) -> None:
    odd, *_ = _backtests(output)
    _change(odd, '"sharpeRatio', '"0.1234567890123456789012345678"')
    assert run_script("results_importer.py", "--optimization-dir", output).exit_code == 0
    stored = ask("SELECT sharpe_ratio::text AS sharpe FROM backtest_results WHERE backtest_id = %s", odd.name)
    assert stored == [{"sharpe": "0.1234567890123456789012345678"}]


@pytest.mark.parametrize(("escape", "stored"), [(r"\u0000", "xy"), (r"\ud800", "x?y"), ("z" * 30_000, None)])
def test_texts_that_cannot_be_stored_are_replaced(
    escape: str, stored: str | None, output: Path, run_script: Run, ask: Ask
) -> None:
    odd, *_ = _backtests(output)
    for file in (odd / f"{odd.name}.json", odd / f"{odd.name}-summary.json"):
        document = json.loads(file.read_text("utf-8"))
        document["state"] |= {"Status": "RuntimeError", "RuntimeError": "@", "StackTrace": "@"}
        document["algorithmConfiguration"]["parameters"]["@"] = "@"
        file.write_text(json.dumps(document, indent=2).replace("@", f"x{escape}y"), encoding="utf-8")
    assert run_script("results_importer.py", "--optimization-dir", output).exit_code == 4
    (row,) = ask("SELECT error_message, stack_trace, parameters FROM backtest_results WHERE backtest_id = %s", odd.name)
    expected = stored or f"x{'z' * 19_959}… (10042 characters more)"
    assert (row["error_message"], row["stack_trace"]) == (expected, expected)
    assert row["parameters"][expected] == expected


@fault(
    DATABASE,
    Fault(
        "row-refused",
        "PostgreSQL refuses the row of one backtest",
        "It is named in `import_problems`; all others are stored",
        "partial",
        4,
        "Look at that backtest, import again",
    ),
)
def test_a_row_that_postgres_refuses_costs_no_other(row: Fault, output: Path, run_script: Run, ask: Ask) -> None:
    odd, *others = _backtests(output)
    ask(f"ALTER TABLE backtest_results ADD CONSTRAINT never CHECK (backtest_id <> '{odd.name}')")
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert done.exit_code == row.exit_code
    assert f"not imported: {odd.name}: PostgreSQL refuses its row: " in done.stderr
    stored = ask("SELECT backtest_id FROM backtest_results ORDER BY 1")
    assert stored == [{"backtest_id": folder.name} for folder in others]
    assert ask("SELECT status FROM optimization_runs") == [{"status": row.status}]
    ask("ALTER TABLE backtest_results DROP CONSTRAINT never")
    assert run_script("results_importer.py", "--optimization-dir", output).exit_code == 0
    assert ask("SELECT count(*) AS n FROM backtest_results") == [{"n": 3}]


@pytest.mark.parametrize("value", ["1e400", "NaN", "Infinity"])
def test_an_odd_figure_that_is_stored_breaks_no_later_import(
    value: str, output: Path, run_script: Run, ask: Ask, unpacked: Recording
) -> None:
    assert run_script("results_importer.py", "--optimization-dir", output).exit_code == 0
    ask("UPDATE backtest_results SET sharpe_ratio = %s::numeric, total_fees = %s::numeric", value, value)
    other = unpacked("idle") / "output"
    assert run_script("results_importer.py", "--optimization-dir", other, "--strategy", "Other").exit_code == 0
    assert run_script("results_importer.py", "--rejudge").exit_code == 0
    assert run_script("results_importer.py", "--optimization-dir", output).exit_code == 0
    assert ask("SELECT 1 FROM backtest_results WHERE sharpe_ratio = %s::numeric", value) == []


@pytest.mark.parametrize("value", ["1e400", "NaN"])
def test_an_odd_figure_whose_files_are_gone_is_judged_as_missing(
    value: str, output: Path, run_script: Run, ask: Ask, tmp_path: Path
) -> None:
    parameters = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"
    config = write_config(tmp_path / "c.yaml", "S", parameters, criteria="min_sharpe: -1")
    words = ("results_importer.py", "--optimization-dir", output, "--config", config)
    assert run_script(*words).exit_code == 0
    ask("UPDATE backtest_results SET sharpe_ratio = %s::numeric", value)
    shutil.rmtree(output)
    assert run_script("results_importer.py", "--rejudge").exit_code == 0
    (said,) = ask("SELECT DISTINCT meets_criteria, rejection_reasons FROM backtest_results")
    assert (said["meets_criteria"], "Sharpe ratio missing" in said["rejection_reasons"][0]) == (False, True)


def _as_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _as_zeros(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def _as_brackets(file: Path) -> None:
    file.write_text("[" * 100_000, encoding="utf-8")


def _with_odd_lines(file: Path) -> None:
    odd = "2020-13-45T99:99:99Z ERROR:: Program.Main():\n9999-99-99T00:00:00Z TRACE:: Waiting on " + "9" * 5000
    file.write_text(f"{odd}\n{file.read_text('utf-8')}", encoding="utf-8")


@pytest.mark.parametrize("damage", [_as_fifo, _as_zeros, _as_brackets])
@pytest.mark.parametrize("name", ["optimizer-config.json", "log.txt", "config", "{}/{}.json", "{}/{}-summary.json"])
def test_a_file_that_is_none_is_not_waited_for_and_costs_no_other(
    name: str, damage: Callable[[Path], None], output: Path, run_script: Run, ask: Ask
) -> None:
    odd, *others = _backtests(output)
    damage(output / name.format(odd.name, odd.name))
    done = run_script("results_importer.py", "--optimization-dir", output, timeout=30)
    stored = {str(row["backtest_id"]) for row in ask("SELECT backtest_id FROM backtest_results")}
    assert stored >= {folder.name for folder in others}
    if name == "{}/{}.json":
        assert odd.name not in stored
        assert f"not imported: {odd.name}/{odd.name}.json: " in done.stderr
    else:
        assert odd.name in stored


def test_lines_of_no_calendar_in_the_log_are_passed_over(output: Path, run_script: Run) -> None:
    _with_odd_lines(output / "log.txt")
    assert run_script("results_importer.py", "--optimization-dir", output).exit_code == 0


def test_a_huge_grid_in_the_optimizer_config_is_counted_and_not_listed(output: Path, run_script: Run, ask: Ask) -> None:
    file = output / "optimizer-config.json"
    document = json.loads(file.read_text("utf-8"))
    document["parameters"] = [
        {"name": name, "min": 0, "max": 1e12, "step": 1e-12} for name in ("rsi_lookback", "other")
    ]
    file.write_text(json.dumps(document), encoding="utf-8")
    run_script("results_importer.py", "--optimization-dir", output, timeout=30)
    assert ask("SELECT total_combinations FROM optimization_runs") == [{"total_combinations": 3}]


def _document(output: Path) -> Any:
    folder, *_ = _backtests(output)
    return json.loads((folder / f"{folder.name}-summary.json").read_text("utf-8"))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"-?\$?[\d,]{1,40}(\.\d+)?%?"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def document(unpacked: Recording) -> Any:
    """A sound summary."""
    return _document(unpacked("dead-parameter") / "output")


@given(data=st.data())
def test_whatever_stands_in_a_result_its_figures_fit_their_columns(document: Any, data: st.DataObject) -> None:
    changed = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 4))):
        section = changed[data.draw(st.sampled_from(sorted(changed)))]
        for _deeper in range(2):
            if isinstance(section, dict) and section:
                key = data.draw(st.sampled_from(sorted(section)))
                if isinstance(section[key], dict) and data.draw(st.booleans()):
                    section = section[key]
                    continue
                section[key] = data.draw(_VALUES)
    try:
        result = parse_backtest("a", changed)
    except NotAResultError:
        return
    for metric in METRICS:
        value = result.metrics[metric.column]
        if value is not None:
            whole = metric.unit in (Unit.COUNT, Unit.DAYS)
            assert value.is_finite()
            assert 0 <= value < 2**31 if whole else abs(value) <= _MOST
            assert format_value(value, metric.unit)
    for text in (result.error_message or "", *result.parameters, *result.parameters.values()):
        assert "\x00" not in text
        text.encode("utf-8")


@given(st.text() | st.from_regex(r"[-$\d.,eE%+]{0,60}"))
def test_any_text_is_a_number_or_none(text: str) -> None:
    number = as_number(text)
    assert number is None or not number.is_nan()
    assert not decimal_of(text).is_nan() or "nan" in text.lower()
