"""Runs with warm engines as a user sees them, while the mounted launcher and host run on a stand-in for LEAN."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.config.reader import read_config
from strategy_testing.database.queries import RunCost
from strategy_testing.errors import ExitCode
from strategy_testing.report.outlook import Outlook, in_all
from strategy_testing.results.folder import LeanOutput
from strategy_testing.results.manifest import read_manifest
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.runs.engine import UsualTime, engine_rule, usual_time
from strategy_testing.runs.engine_checks import WarmBacktest, in_order_of_doubt
from support import PROJECT, READS_ANYTHING, ScriptResult, make_project, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]

_LOOKBACKS = "    lookback: {start: 2, end: 7, step: 1}\n"
_ENGINE = "SELECT engine, engine_checked, engine_note, status, output_folder FROM optimization_runs"
_LEAKING = f"import random\n\n\ndef draw():\n    return random.random()\n\n\n{READS_ANYTHING}"


@pytest.fixture
def crashy(workspace: Path, tmp_path: Path) -> Callable[..., Path]:
    """A config of six combinations, of which every other one crashes."""

    def write(engine: str, **more: str) -> Path:
        make_project(workspace, "Crashy", _LEAKING)
        return write_config(tmp_path / "c.yaml", "Crashy", _LOOKBACKS, engine=engine, **more)

    return write


@pytest.fixture
def lean_but(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """An environment whose `lean` does something else first, in the shell's words, where it is `lean backtest`."""

    def write(words: str) -> dict[str, str]:
        file = tmp_path / "lean"
        real = PROJECT / "tests" / "replay" / "bin" / "lean"
        file.write_text(f'#!/bin/sh\n[ "$1" = backtest ] && {words}\nexec {real} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
        return {"LEAN_COMMAND": str(file)}

    return write


def _folder(ask: Ask) -> Path:
    return Path(ask(_ENGINE)[0]["output_folder"])


def test_equal_engines_are_said_to_be_checked_and_how_they_are_mounted_is_shown(
    replayed: Run, crashy: Callable[..., Path], ask: Ask, tmp_path: Path
) -> None:
    config = crashy("warm")
    shown = replayed("crashy", config, "--dry-run").stdout
    place = "/Lean/Launcher/bin/Debug"
    assert "# engine: warm: LEAN stays up between backtests; two are compared with LEAN's own process" in shown
    for file, name in (("launcher", "QuantConnect.Lean.Launcher"), ("engine.json", "engine.json")):
        assert f"# mounted: {file} at {place}/{name}\n" in shown
    assert shown.index(" backtest Crashy --output") < shown.index(" optimize Crashy ")
    done = replayed("crashy", config)
    assert (done.exit_code, done.last_line) == (4, "6 runs complete (3 failed), not judged, best Sharpe: -0.4")
    assert "engine: warm, checked: 2 of 6" in done.stderr
    (run,) = ask(_ENGINE)
    assert (run["engine"], run["engine_checked"], run["engine_note"]) == ("warm", 2, None)
    folder = _folder(ask)
    assert sorted(each.name for each in (folder / "check").iterdir()) == ["first", "last-1"]
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 6}]
    assert "warm, checked: 2 of 6" in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("different", "combination"), [("3", "lookback=4"), ("6", "lookback=7")])
def test_other_figures_are_set_aside_and_run_again_cold(
    different: str, combination: str, replayed: Run, crashy: Callable[..., Path], ask: Ask
) -> None:
    slow = {"LEAN_REPLAY_WARM_FIRST": "300", "LEAN_REPLAY_WARM": "300"} if different == "3" else {}
    done = replayed("crashy", crashy("warm"), env={"LEAN_REPLAY_DIFFERENT": different} | slow)
    assert f"a warm engine made other figures than LEAN's own process: {combination}: " in done.stderr
    assert "a likely cause: main.py:5: random.random() draws random numbers without a seed\n" in done.stderr
    assert (done.exit_code, done.last_line) == (4, "6 runs complete (3 failed), not judged, best Sharpe: -0.4")
    (run,) = ask(_ENGINE)
    assert (run["engine"], run["engine_checked"], run["status"]) == ("cold", 0, "partial")
    assert combination in run["engine_note"]
    folder = _folder(ask)
    has_ended = "Optimization has ended" in (folder / "log.txt").read_text(encoding="utf-8")
    assert has_ended is not bool(slow)  # found before the last ones were through, LEAN was stopped at once
    manifest = read_manifest(folder)
    assert manifest is not None
    assert (manifest.parts, manifest.set_aside, len(manifest.commands)) == (("part-02",), (".",), 2)
    stored = {row["backtest_id"] for row in ask("SELECT backtest_id FROM backtest_results")}
    assert stored == {
        entry.name for entry in (folder / "part-02").iterdir() if (entry / f"{entry.name}.json").is_file()
    }
    assert len(stored) == 6


def test_where_no_engine_can_be_had_the_run_is_cold_and_says_why_once(
    replayed: Run, crashy: Callable[..., Path], ask: Ask
) -> None:
    done = replayed("crashy", crashy("warm"), env={"STAND_IN_START": "fail"})
    told = "warm engines could not be used: "
    assert done.stderr.count(told) == 1
    assert "; all 6 backtests ran in LEAN's own processes\n" in done.stderr
    (run,) = ask(_ENGINE)
    assert (run["engine"], run["engine_checked"]) == ("cold", 0)
    assert run["engine_note"].startswith(told)
    assert not (_folder(ask) / "check" / "last-1").exists()


def test_a_resumed_run_is_compared_again(
    replayed: Run, crashy: Callable[..., Path], lean_but: Callable[[str], dict[str, str]], ask: Ask
) -> None:
    config = crashy("warm")
    env = lean_but("unset LEAN_REPLAY_FAULT") | {"LEAN_REPLAY_FAULT": "kill-container-after=3"}
    stopped = replayed("crashy", config, env=env)
    assert stopped.exit_code == ExitCode.LEAN_STOPPED_EARLY
    (before,) = ask(_ENGINE)
    assert (before["engine"], before["status"]) == ("warm", "partial")
    assert not (_folder(ask) / "check" / "last-1").exists()
    done = replayed("crashy", config, "--resume")
    assert done.last_line == "6 runs complete (3 failed), not judged, best Sharpe: -0.4"
    (after,) = ask(_ENGINE)
    assert (after["engine"], after["engine_checked"]) == ("warm", before["engine_checked"] + 2)
    assert (_folder(ask) / "part-02" / "engine.json").is_file()


def test_an_euler_search_with_other_figures_begins_anew_cold(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "Quick")
    levels = "    lookback: {start: 3, end: 19, step: 1}\n"
    config = write_config(tmp_path / "c.yaml", "Quick", levels, search="Euler Search", engine="auto")
    done = replayed("euler-whole", config, env={"LEAN_REPLAY_DIFFERENT": "2"})
    assert "other figures than LEAN's own process: lookback=11: " in done.stderr
    assert (done.last_line, done.exit_code) == ("6 runs complete, not judged, best Sharpe: 2.9 (few trades)", 0)
    (run,) = ask(_ENGINE)
    assert (run["engine"], run["status"]) == ("cold", "completed")
    manifest = read_manifest(_folder(ask))
    assert manifest is not None
    assert (manifest.parts, manifest.set_aside) == (("part-02",), (".",))


def test_a_comparison_that_lean_does_not_carry_out_fails_the_run(
    replayed: Run, crashy: Callable[..., Path], lean_but: Callable[[str], dict[str, str]], ask: Ask
) -> None:
    done = replayed("crashy", crashy("warm"), env=lean_but("exit 3"))
    assert done.exit_code == ExitCode.LEAN_STOPPED_EARLY
    told = "failed: LEAN did not carry out the backtest to compare warm engines with: lean refused to run: exit code 3"
    assert told in done.stderr
    assert "; run it with --cold, which compares nothing; " in done.stderr
    assert ask("SELECT status, engine_checked FROM optimization_runs") == [{"status": "failed", "engine_checked": 0}]


def test_a_listed_run_has_its_table_and_its_engines(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "Crashy")
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {values: [2, 3, 7]}\n", engine="warm")
    replayed("crashy", config)
    (run,) = ask(_ENGINE)
    assert (run["engine"], run["engine_checked"]) == ("warm", 2)
    rows = ask("SELECT parameters FROM backtest_results ORDER BY parameters->>'lookback'")
    assert [row["parameters"] for row in rows] == [{"lookback": "2"}, {"lookback": "3"}, {"lookback": "7"}]


def test_cold_is_asked_for_by_an_option_too(replayed: Run, crashy: Callable[..., Path]) -> None:
    shown = replayed("crashy", crashy("warm"), "--dry-run", "--cold").stdout
    assert shown.startswith("# engine: cold: a process of LEAN's for each backtest (--cold)\n")
    assert "extra-docker-config" not in shown


@pytest.mark.parametrize(
    ("asked", "is_cold", "main", "backtests", "said"),
    [
        ("auto", False, "main.py", 8, "warm: LEAN stays up between backtests; two are compared with LEAN's own process "
         "(lean.engine: auto)"),
        ("auto", False, "main.py", None, "warm: LEAN stays up between backtests; two are compared with LEAN's own "
         "process (lean.engine: auto)"),
        ("auto", False, "main.py", 7, "cold: a process of LEAN's for each backtest (lean.engine: auto, which is warm "
         "from 8 backtests on)"),
        ("warm", False, "main.py", 1, "warm: LEAN stays up between backtests; two are compared with LEAN's own process "
         "(lean.engine: warm)"),
        ("warm", True, "main.py", 72, "cold: a process of LEAN's for each backtest (--cold)"),
        ("cold", False, "main.py", 72, "cold: a process of LEAN's for each backtest (lean.engine: cold)"),
        ("auto", False, "Main.cs", 72, "cold: a process of LEAN's for each backtest (the strategy is not in Python)"),
    ],
)  # fmt: skip
def test_which_engine_a_run_has(
    workspace: Path, tmp_path: Path, asked: str, is_cold: bool, main: str, backtests: int | None, said: str
) -> None:
    (workspace / "Crashy").mkdir()
    (workspace / "Crashy" / main).touch()
    config = read_config(write_config(tmp_path / "c.yaml", "Crashy", _LOOKBACKS, engine=asked))
    rule = engine_rule(config, workspace, is_cold=is_cold)
    assert rule.said(backtests) == said
    assert rule.engine(backtests) == said[:4]


def test_warm_engines_are_refused_for_what_is_not_python(replayed: Run, crashy: Callable[..., Path]) -> None:
    config = crashy("warm")
    (config.parent / "workspace" / "Crashy" / "main.py").rename(config.parent / "workspace" / "Crashy" / "Main.cs")
    done = replayed("crashy", config, "--dry-run")
    assert done.exit_code == ExitCode.INVALID_INPUT
    assert "has no main.py, and warm engines run strategies in Python only; write lean: {engine: auto}" in done.stderr


def test_the_last_comparison_is_of_an_engine_that_has_served_much(tmp_path: Path) -> None:
    warm = []
    for number in range(20):
        output = LeanOutput(tmp_path, OptimizerLog(), {}, is_single_backtest=False)
        one = WarmBacktest(output, f"b{number:02}", served=20 - number)
        one.file.folder.mkdir()
        one.file.path.touch()
        os.utime(one.file.path, (number, number))
        warm.append(one)
    assert [one.backtest_id for one in in_order_of_doubt(warm)[:3]] == ["b18", "b19", "b17"]
    assert len(in_order_of_doubt(warm)) == 20


def test_hours_are_those_of_runs_with_the_same_engines() -> None:
    def cost(engine: str, seconds: int) -> RunCost:
        return RunCost(Path("run"), 72, Decimal(seconds), engine)

    both = [cost("warm", 2), cost("warm", 4), cost("cold", 10)]
    assert usual_time(both, "warm") == UsualTime(Decimal(3))
    assert usual_time(both, "cold") == UsualTime(Decimal(10))
    assert usual_time(both[2:], "warm") == UsualTime(Decimal(10), is_at_most=True)
    assert usual_time(both[:2], "cold") is None
    known, bounded = Outlook(10, Decimal(60), Decimal(5)), Outlook(10, Decimal(60), Decimal(5), is_at_most=True)
    unknown = Outlook(10, None, Decimal(5))
    hours = [in_all(each).split(", ")[1] for each in ([known, bounded], [known, unknown], [bounded, unknown])]
    assert [each.removesuffix(" one config after the other") for each in hours] == [
        "at most 2.0 hours", "at least 1.0 hours", "about 1.0 hours"
    ]  # fmt: skip
