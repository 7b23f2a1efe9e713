"""Results that are taken from earlier runs: only those that the same prices and the same engine would give again."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.config.reader import read_config
from strategy_testing.results.data_requests import requested_files, ticker_of
from strategy_testing.runs.first_backtest import first_command
from strategy_testing.runs.plan import LeanSetup, plan_run
from strategy_testing.strategy.data_hashes import hash_data
from strategy_testing.verdict.inputs import RunInputs
from support import PROJECT, ScriptResult, make_project, write_config
from test_price_data import store_prices
from test_sanity import make_result

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]

_LEVELS = "    level: {start: %s, end: %s, step: 1}\n"
_INPUTS = "SELECT data_fingerprint, engine_digest FROM optimization_runs ORDER BY id"
_REUSED = "SELECT reused_combinations AS reused FROM optimization_runs ORDER BY id"
_SPY = "equity/usa/daily/spy.zip"


@pytest.fixture
def prices(workspace: Path) -> Path:
    make_project(workspace, "Idle")
    make_project(workspace, "Crashy")
    return store_prices(workspace / "data", "spy", "20150102", "20210331")


@pytest.fixture
def levels(prices: Path, tmp_path: Path) -> Path:
    return write_config(tmp_path / "levels.yaml", "Idle", _LEVELS % (0, 4))


def _image(letter: str) -> dict[str, str]:
    """A machine whose docker has an engine image of this id."""
    path = f"{PROJECT / 'tests' / 'replay' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "DOCKER_STAND_IN_IMAGE": f"sha256:{letter * 64}"}


def _change_one_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _reused(ask: Ask) -> list[int]:
    return [row["reused"] for row in ask(_REUSED)]


def test_the_same_prices_are_not_run_again_and_changed_ones_are(
    replayed: Run, levels: Path, prices: Path, ask: Ask
) -> None:
    replayed("idle", levels)
    assert ask(_INPUTS)[0]["data_fingerprint"].keys() == {
        _SPY,
        "equity/usa/hour/spy.zip",  # of LEAN's own benchmark
        "equity/usa/factor_files/spy.csv",
        "equity/usa/map_files/spy.csv",
        "alternative/interest-rate/usa/interest-rate.csv",
    }
    assert "5 combinations are taken from earlier runs of the same code" in replayed("idle", levels).stderr
    before = prices.read_bytes()
    _change_one_byte(prices)
    changed = replayed("idle", levels)
    assert "prices of SPY have changed since run 1: its 5 results are not taken again" in changed.stderr
    assert "running 5 combinations" in changed.stderr
    again = replayed("idle", levels)
    assert "not taken again" not in again.stderr
    prices.write_bytes(before)
    assert "not taken again" not in replayed("idle", levels).stderr
    assert _reused(ask) == [0, 5, 0, 5, 5]
    first, second, third, fourth, fifth = (row["id"] for row in ask("SELECT id FROM optimization_runs ORDER BY id"))
    taken = ask(
        "SELECT DISTINCT result.optimization_run_id AS run, earlier.optimization_run_id AS source "
        "FROM backtest_results AS result INNER JOIN backtest_results AS earlier ON earlier.id = result.reused_from"
    )
    assert {(row["run"], row["source"]) for row in taken} == {(second, first), (fourth, third), (fifth, first)}


@pytest.mark.parametrize(("stop", "reused"), [("0.08", 5), ("0.09", 0)])
def test_leans_results_name_the_projects_defaults_too(
    replayed: Run, levels: Path, workspace: Path, ask: Ask, stop: str, reused: int
) -> None:
    defaults = '{"parameters": {"level": "2", "stop": "0.08"}}'
    (workspace / "Idle" / "config.json").write_text(defaults, encoding="utf-8")
    replayed("idle", levels)
    ask("UPDATE backtest_results SET parameters = parameters || jsonb_build_object('stop', %s::text)", stop)
    replayed("idle", levels)
    assert _reused(ask) == [0, reused]


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("equity/usa/factor_files/spy.csv", "prices of SPY have"),
        ("equity/usa/map_files/spy.csv", "prices of SPY have"),
        ("alternative/interest-rate/usa/interest-rate.csv", "alternative/interest-rate/usa/interest-rate.csv has"),
    ],
)
def test_a_file_that_was_not_there_changes_the_result(
    file: str, what: str, replayed: Run, levels: Path, workspace: Path
) -> None:
    replayed("idle", levels)
    path = workspace / "data" / file
    path.parent.mkdir(parents=True)
    path.write_text("20150102,1,1,1\n", encoding="utf-8")
    done = replayed("idle", levels)
    assert f"{what} changed since run 1: its 5 results are not taken again" in done.stderr
    assert "running 5 combinations" in done.stderr


def test_a_data_folder_that_was_copied_is_the_same(
    replayed: Run, levels: Path, workspace: Path, tmp_path: Path
) -> None:
    replayed("idle", levels)
    shutil.copytree(workspace / "data", tmp_path / "elsewhere")
    (workspace / "lean.json").write_text('{"data-folder": "../elsewhere"}\n', encoding="utf-8")
    shutil.rmtree(workspace / "data")
    assert "5 combinations are taken from earlier runs" in replayed("idle", levels).stderr


def test_a_run_that_does_not_say_what_it_read_is_not_taken_and_said_once(replayed: Run, levels: Path, ask: Ask) -> None:
    replayed("idle", levels)
    ask("UPDATE optimization_runs SET data_fingerprint = NULL")
    unknown = replayed("idle", levels)
    assert "run 1 does not say which prices it read: its 5 results are not taken again" in unknown.stderr
    known = replayed("idle", levels)
    assert "does not say" not in known.stderr
    assert _reused(ask) == [0, 0, 5]


def test_only_results_that_are_asked_for_are_missed(replayed: Run, levels: Path, prices: Path, tmp_path: Path) -> None:
    replayed("idle", levels)
    _change_one_byte(prices)
    one = write_config(tmp_path / "one.yaml", "Idle", _LEVELS % (3, 3))
    assert "since run 1: its result is not taken again" in replayed("idle", one).stderr


def test_another_engine_under_the_same_name_is_another_engine(replayed: Run, levels: Path, ask: Ask) -> None:
    replayed("idle", levels, env=_image("a"))
    assert ask(_INPUTS)[0]["engine_digest"] == f"sha256:{'a' * 64}"
    other = replayed("idle", levels, env=_image("b"))
    assert "the engine's image has changed since run 1: its 5 results are not taken again" in other.stderr
    replayed("idle", levels, env=_image("a"))
    replayed("idle", levels, env=_image("c") | {"DOCKER_STAND_IN": "down"})  # the name is all that is left
    assert _reused(ask) == [0, 0, 5, 5]


def test_what_is_run_beside_earlier_results_keeps_their_engine(
    replayed: Run, levels: Path, ask: Ask, tmp_path: Path
) -> None:
    replayed("idle", write_config(tmp_path / "few.yaml", "Idle", _LEVELS % (0, 2)))
    replayed("idle", levels)
    first, second = (row["command"].split() for row in ask("SELECT command FROM optimization_runs ORDER BY id"))
    assert ("--no-update" in first, "--no-update" in second) == (False, True)


@pytest.mark.parametrize(("more", "is_kept"), [("", True), ("lean: {no_update: false}\n", False)])
def test_a_pilot_or_first_comparison_keeps_the_engine_of_reused_results_too(
    more: str, is_kept: bool, workspace: Path, tmp_path: Path
) -> None:
    config = read_config(write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (0, 40), more=more, engine="warm"))
    setup = LeanSetup(workspace, ("lean",), 2)
    alone = plan_run(config, setup, datetime.now(UTC))
    beside = plan_run(config, setup, datetime.now(UTC), [make_result({"level": 7})])
    for with_pilot, folder in ((True, "/pilot"), (False, "/check/first")):
        first, other = (first_command(plan, with_pilot=with_pilot) for plan in (alone, beside))
        assert first is not None
        assert other is not None
        assert str(first.output).endswith(folder)
        assert "--no-update" not in first.arguments
        assert ("--no-update" in other.arguments) is is_kept


def test_a_run_is_not_gone_on_with_on_other_prices_unless_forced(
    replayed: Run, prices: Path, ask: Ask, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {start: 2, end: 7, step: 1}\n")
    again = ("--resume", "--retry-failed")
    replayed("crashy", config)
    before = ask(_INPUTS)
    assert replayed("crashy", config, *again).exit_code == 4
    assert ask(_INPUTS) == before
    _change_one_byte(prices)
    refused = replayed("crashy", config, *again)
    assert (refused.stdout, refused.exit_code) == ("", 2)
    assert (
        "run 1: prices of SPY have changed since it stopped, so its results would not belong together; "
        "start a new run, or go on with --force"
    ) in refused.stderr
    assert ask(_INPUTS) == before
    assert "running 3 combinations" in replayed("crashy", config, *again, "--force").stderr
    assert ask(_INPUTS) == [{"data_fingerprint": None, "engine_digest": None}]
    mixed = replayed("crashy", config)
    assert "run 1 does not say which prices it read: its 3 results are not taken again" in mixed.stderr


def test_a_run_is_not_gone_on_with_in_another_engine(replayed: Run, prices: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {start: 2, end: 7, step: 1}\n")
    replayed("crashy", config, env=_image("a"))
    refused = replayed("crashy", config, "--resume", "--retry-failed", env=_image("b"))
    assert refused.exit_code == 2
    assert "run 1: the engine's image has changed since it stopped" in refused.stderr


def test_importing_by_hand_leaves_what_the_runner_knew(
    replayed: Run, run_script: Run, levels: Path, workspace: Path, ask: Ask
) -> None:
    replayed("idle", levels, env=_image("a"))
    before = ask("SELECT * FROM optimization_runs")
    assert before[0]["data_fingerprint"]
    run_script("results_importer.py", "--optimization-dir", workspace / ".optimization")
    assert ask("SELECT * FROM optimization_runs") == before


def test_a_run_of_lean_alone_does_not_say_what_it_read(
    run_script: Run, recording: Callable[[str], Path], ask: Ask
) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("idle") / "output")
    assert ask(_INPUTS) == [{"data_fingerprint": None, "engine_digest": None}]


# What is read


def test_what_a_run_depends_on_is_more_than_lean_lists(unpacked: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "failed-data-requests-1.txt").write_text(
        "/equity/usa/daily/xlf.zip\n/equity/usa/minute/spy/20200102_trade.zip\n/future/cme/daily/es_trade.zip\n\n",
        encoding="utf-8",
    )
    assert requested_files(tmp_path) == {
        "equity/usa/daily/xlf.zip",
        "equity/usa/factor_files/xlf.csv",
        "equity/usa/map_files/xlf.csv",
        "equity/usa/minute/spy/20200102_trade.zip",
        "equity/usa/factor_files/spy.csv",
        "equity/usa/map_files/spy.csv",
        "future/cme/daily/es_trade.zip",
    }
    assert requested_files(unpacked("bad-strategy")) == frozenset()
    assert {"equity/usa/daily/xle.zip", "equity/usa/map_files/xlf.csv"} <= requested_files(unpacked("no-prices"))


@pytest.mark.parametrize(
    ("path", "ticker"),
    [
        (_SPY, "SPY"),
        ("equity/usa/map_files/brk.b.csv", "BRK.B"),
        ("equity/usa/factor_files/spy.csv", "SPY"),
        ("future/cme/daily/es_trade.zip", "ES_TRADE"),
        ("alternative/interest-rate/usa/interest-rate.csv", None),
        ("equi", None),
    ],
)
def test_a_file_is_named_by_its_ticker(path: str, ticker: str | None) -> None:
    assert ticker_of(path) == ticker


def test_only_the_content_of_a_file_counts(prices: Path, tmp_path: Path) -> None:
    other = store_prices(tmp_path / "other", "spy", "20150102")
    data = prices.parents[3]
    paths = [_SPY, "equity/usa/daily/none.zip", "equity"]
    first, second = hash_data(data, paths), hash_data(tmp_path / "other", paths)
    assert first[_SPY] != second[_SPY]
    assert first["equity/usa/daily/none.zip"] is first["equity"] is None
    os.utime(prices, (0, 0))
    assert hash_data(data, paths) == first
    shutil.copy(prices, other)
    assert hash_data(tmp_path / "other", paths) == first


def test_several_changes_are_said_at_once() -> None:
    before = RunInputs({_SPY: "1", "equity/usa/map_files/spy.csv": "1", "index/usa/daily/vix.zip": "1", "b.csv": "1"})
    assert before.change(RunInputs({})) == "prices of SPY, VIX and b.csv have changed"
    assert before.change(before) is None
    assert RunInputs(engine="a").change(RunInputs()) is None
