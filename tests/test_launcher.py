"""The file that stands in the place of LEAN's launcher, run as LEAN's optimizer runs it, with a stand-in for dotnet."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.lean.command import LeanCommand
from strategy_testing.lean.preparation import prepare
from strategy_testing.paths import SCRIPTS_DIR

_SOURCE = SCRIPTS_DIR / "strategy_testing" / "lean" / "warm" / "launcher.py"
_DOTNET = """#!{python}
import json, sys
words = sys.argv[1:]
config = json.load(open(words[words.index("--config") + 1], encoding="utf-8")) if "--config" in words else None
print(json.dumps([words, config]))
sys.exit(7)
"""
_CONFIG = """{
  // how LEAN runs; the CLI's own remarks stand before and behind what they explain
  "environment": "backtesting", // "not": "this"
  "algorithm-location": "/LeanCLI/main.py", /* a path: "//LeanCLI" */
  "data-url": "https://example.com/a//b",
  "parameters": {
    "period": "14",
    "own": "5",
  },
}
"""
_ROWS = [
    {"period": "10", "tickers": "SPY|QQQ", "start_date": "2015-01-01"},
    {"period": "21.5", "tickers": 'a,b:c d "x" é ✓ \\ //', "start_date": "2016-01-01"},
]
_NAMED = ["--algorithm-id", "1b2c", "--parameters", "{}", "--close-automatically", "True"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """LEAN's folder in the container: config.json, and our launcher and table where they are mounted."""
    command = LeanCommand((), Path("run"), None, 2, tuple(_ROWS))  # type: ignore[arg-type]
    prepare(command, tmp_path)
    (tmp_path / "run" / "config.json").write_text(f"\ufeff{_CONFIG}", encoding="utf-8")
    dotnet = tmp_path / "bin" / "dotnet"
    dotnet.parent.mkdir()
    dotnet.write_text(_DOTNET.format(python=sys.executable), encoding="utf-8")
    dotnet.chmod(0o755)
    return tmp_path / "run"


def _launch(folder: Path, parameters: str, *words: str) -> tuple[list[str], Any, str]:
    """The arguments and the config that LEAN gets, and what was said."""
    given = [word.format(parameters) for word in words or _NAMED]
    path = os.pathsep.join([str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "TMPDIR": str(folder.parent)}
    done = subprocess.run(
        [str(folder / "launcher"), *given],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    got, config = json.loads(done.stdout)
    return got, config, done.stderr


@pytest.mark.parametrize(("number", "place"), [("0", 0), ("1", 1), ("1.0", 1)])
def test_lean_gets_the_combinations_parameters_whole(folder: Path, number: str, place: int) -> None:
    words, config, said = _launch(folder, f"combination:{number}")
    assert words[0] == "QuantConnect.Lean.Launcher.dll"
    assert words[1] == "--config"
    assert words[3:] == ["--algorithm-id", "1b2c", "--close-automatically", "True"]
    assert config["parameters"] == {"own": "5", **_ROWS[place]}
    assert config["algorithm-location"] == "/LeanCLI/main.py"
    assert config["data-url"] == "https://example.com/a//b"
    assert said == ""
    assert "SPY|QQQ" not in (folder / "config.json").read_text(encoding="utf-8")


def test_what_else_lean_was_given_stands_between_the_table_and_the_projects_own(folder: Path) -> None:
    _, config, _ = _launch(folder, "combination:0,own:6,period:99")
    assert config["parameters"] == {"own": "6", **_ROWS[0]}


def test_two_backtests_at_once_have_a_config_each(folder: Path) -> None:
    first, second = (_launch(folder, f"combination:{number}")[0][2] for number in (0, 1))
    assert first != second
    assert json.loads(Path(first).read_text(encoding="utf-8"))["parameters"]["period"] == "10"


@pytest.mark.parametrize(
    "parameters", ["combination:2", "combination:-1", "combination:0.5", "combination:x", "a:1", ""]
)
def test_a_mistake_runs_lean_as_it_would_be_run_without(folder: Path, parameters: str) -> None:
    words, config, said = _launch(folder, parameters)
    assert words == ["QuantConnect.Lean.Launcher.dll", *(word.format(parameters) for word in _NAMED)]
    assert config is None
    assert said.startswith("launcher: LEAN runs without a combination's parameters: ")


def test_without_parameters_it_is_lean_too(folder: Path) -> None:
    assert _launch(folder, "", "--algorithm-id", "1b2c")[0][1:] == ["--algorithm-id", "1b2c"]


@pytest.mark.parametrize("name", ["combinations.json", "config.json"])
@pytest.mark.parametrize("damage", ["", "[", '{"a": 1}', "[1, 2]", None])
def test_a_damaged_file_runs_lean_as_it_would_be_run_without(folder: Path, name: str, damage: str | None) -> None:
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(damage, encoding="utf-8")
    words, _, said = _launch(folder, "combination:0")
    if name == "config.json" and damage == '{"a": 1}':  # a config without parameters is none the worse
        assert words[1] == "--config"
    else:
        assert words[1:] == [word.format("combination:0") for word in _NAMED]
        assert said != ""


def test_it_needs_nothing_but_an_older_python() -> None:
    """Images of LEAN had 3.8 before."""
    tree = ast.parse(_SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in imported if isinstance(node, ast.ImportFrom)}
    assert names
    assert names <= set(sys.stdlib_module_names)


def test_it_is_executable_whatever_the_copy_it_was_made_from(folder: Path) -> None:
    assert (folder / "launcher").stat().st_mode & 0o777 == 0o755
