"""The preflight, with the stand-ins of lean and docker first on the PATH."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from strategy_testing.commands.check import preflight, quick_preflight
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.errors import ExitCode
from strategy_testing.lean.prerequisites import Check, first_failure
from support import PROJECT, make_project, write_config

_STAND_INS = PROJECT / "tests" / "replay" / "bin"
_CODE = """
class Strategy(QCAlgorithm):
    def initialize(self):
        self.level = self._number("level")
        self.add_equity("SPY", Resolution.DAILY)

    def _number(self, name):
        return float(self.get_parameter(name, "1"))
"""
_PERIOD = 'backtest: {start_date: "2015-01-01", end_date: "2020-12-31"}\n'


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    path = f"{_STAND_INS}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "REPLAY_PYTHON": sys.executable, "DATABASE_URL": database_url}


@pytest.fixture
def config(tmp_path: Path) -> OptimizationConfig:
    return configured(tmp_path)


def configured(folder: Path, parameter: str = "level", more: str = "") -> OptimizationConfig:
    return read_config(
        write_config(folder / "c.yaml", "Strategy", f"    {parameter}: {{start: 1, end: 3, step: 1}}\n", more=more)
    )


def failed(checks: list[Check]) -> Check:
    found = first_failure(checks)
    assert found is not None
    return found


def test_all_is_well(
    config: OptimizationConfig, workspace: Path, environment: dict[str, str], database_url: str
) -> None:
    project = make_project(workspace, "Strategy", _CODE)
    checks = preflight(config, workspace, environment, None)
    assert first_failure(checks) is None
    shown = list(map(str, checks))
    assert shown[:-1] == [
        f"✓ config: {config.file} is valid; 3 combinations",
        "✓ lean: lean 1.0.230 (lean)",
        "✓ Docker: version 29.1.3",
        "✓ engine image: quantconnect/lean:latest is present",
        f"✓ workspace: {workspace} ({workspace / 'lean.json'})",
        f"✓ project: {project / 'main.py'}",
        "✓ strategy: compiles (1 file)",
        "✓ parameters: the strategy reads level",
        "✓ engines: cold: a process of LEAN's for each backtest (lean.engine: cold)",
        "! price data: which prices the strategy reads shows only when it runs; the pilot, or a run without one at its "
        "end, names those that do not cover the period",
    ]
    assert shown[-1].startswith("✓ database: database ")
    assert database_url not in shown[-1]


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        ({"DOCKER_STAND_IN": "down"}, ExitCode.DOCKER_NOT_RUNNING, "✗ Docker: Cannot connect to the Docker daemon"),
        ({"LEAN_COMMAND": "/nowhere/lean"}, ExitCode.LEAN_NOT_FOUND, "✗ lean: /nowhere/lean: no such program"),
        ({"LEAN_COMMAND": "false"}, ExitCode.LEAN_NOT_FOUND, "✗ lean: false --version failed"),
        ({"DATABASE_URL": "postgresql://u:hush@localhost:1/x"}, ExitCode.DATABASE, "✗ database: cannot connect"),
    ],
)
def test_what_is_missing_on_the_machine_is_named(
    change: dict[str, str],
    code: ExitCode,
    line: str,
    config: OptimizationConfig,
    workspace: Path,
    environment: dict[str, str],
) -> None:
    make_project(workspace, "Strategy", _CODE)
    check = failed(preflight(config, workspace, environment | change, None))
    assert check.exit_code == code
    assert str(check).startswith(line)
    assert check.remedy
    assert "hush" not in str(check)


def test_neither_lean_nor_docker(
    config: OptimizationConfig, workspace: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    checks = preflight(config, workspace, environment | {"PATH": str(tmp_path)}, None)
    assert [check.exit_code for check in checks if check.ok is False] == [
        ExitCode.LEAN_NOT_FOUND,
        ExitCode.DOCKER_NOT_RUNNING,
        ExitCode.NO_PROJECT,
    ]


def test_an_absent_image_is_a_warning(workspace: Path, environment: dict[str, str], tmp_path: Path) -> None:
    make_project(workspace, "Strategy", _CODE)
    config = configured(tmp_path, more="lean: {image: 'local/lean:3'}\n")
    checks = preflight(config, workspace, environment | {"DOCKER_STAND_IN": "no-image"}, None)
    assert first_failure(checks) is None
    warning = "! engine image: local/lean:3 is not present and will be pulled; `docker pull local/lean:3` does it"
    assert any(str(check).startswith(warning) for check in checks)


def test_a_folder_without_lean_json(config: OptimizationConfig, workspace: Path, environment: dict[str, str]) -> None:
    make_project(workspace, "Strategy", _CODE)
    (workspace / "lean.json").unlink()
    assert failed(preflight(config, workspace, environment, None)).exit_code == ExitCode.NO_WORKSPACE


@pytest.mark.parametrize(
    ("resolution", "line"),
    [
        ("Daily", "! price data: which prices the strategy reads shows only when it runs; the pilot, or a run"),
        (
            "Minute",
            "! price data: only daily prices are looked into; make sure that the minute prices cover the period",
        ),
    ],
)
def test_what_cannot_be_said_of_the_prices_is_said(
    resolution: str, line: str, workspace: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    make_project(workspace, "Strategy", _CODE)
    config = configured(tmp_path, more=f"backtest: {{resolution: {resolution}}}\n")
    assert line in "\n".join(map(str, preflight(config, workspace, environment, None)))


def test_project_and_main_file_are_looked_for(config: OptimizationConfig, workspace: Path) -> None:
    missing = f"✗ project: {workspace}/Strategy: no such LEAN project; check strategy.lean_project_path"
    assert str(failed(quick_preflight(config, workspace))).startswith(missing)
    (make_project(workspace, "Strategy") / "main.py").unlink()
    check = failed(quick_preflight(config, workspace))
    assert check.exit_code == ExitCode.NO_PROJECT
    assert "has no main.py" in check.detail


def test_a_broken_strategy(config: OptimizationConfig, workspace: Path) -> None:
    project = make_project(workspace, "Strategy", "class A:\n    x = (1,\n")
    (project / "latin.py").write_bytes(b"# \xe9\n")
    checks = quick_preflight(config, workspace)
    assert str(checks[-1]) == (
        "✗ strategy: main.py: line 2: '(' was never closed; latin.py: it is not UTF-8 (byte 2); fix the strategy's code"
    )
    assert checks[-1].exit_code == ExitCode.STRATEGY_BROKEN


def test_libraries_have_to_be_there_and_to_be_named(config: OptimizationConfig, workspace: Path) -> None:
    code = "from tools.numbers import number\n" + _CODE.replace('self._number("level")', 'number(self, "level")')
    project = make_project(workspace, "Strategy", code)
    named = project / "config.json"
    named.write_text('{"libraries": [{"name": "tools", "path": "Library/tools"}]}', encoding="utf-8")
    check = failed(quick_preflight(config, workspace))
    assert check.exit_code == ExitCode.NO_PROJECT
    assert str(check).startswith("✗ library: Library/tools, which the project's config.json names, is not in")
    library = make_project(workspace / "Library", "tools", "")
    helper = 'def number(algorithm, name):\n    return float(algorithm.get_parameter(name, "1"))\n'
    (library / "numbers.py").write_text(helper, encoding="utf-8")
    assert first_failure(quick_preflight(config, workspace)) is None
    named.write_text("{}", encoding="utf-8")
    assert 'add "libraries": [{"name": "tools", "path": "Library/tools"}]' in str(
        failed(quick_preflight(config, workspace))
    )


def test_results_in_the_project_are_no_sources(config: OptimizationConfig, workspace: Path) -> None:
    project = make_project(workspace, "Strategy", _CODE)
    shutil.copytree(project, project / "backtests" / "1" / "code")
    (project / "backtests" / "1" / "code" / "main.py").write_text("(", encoding="utf-8")
    assert first_failure(quick_preflight(config, workspace)) is None


def test_a_parameter_that_is_never_read(workspace: Path, tmp_path: Path) -> None:
    make_project(workspace, "Strategy", _CODE)
    check = failed(quick_preflight(configured(tmp_path, "levle"), workspace))
    assert (check.exit_code, int(check.exit_code)) == (ExitCode.PARAMETER_NOT_READ, 23)
    assert str(check) == (
        "✗ parameters: the strategy never reads levle: LEAN would run the same backtest again and again; "
        'read it with self.get_parameter("levle"), or did you mean level?'
    )


def test_a_name_that_cannot_be_known_makes_it_a_warning(workspace: Path, tmp_path: Path) -> None:
    make_project(workspace, "Strategy", _CODE + "        self.get_parameter(input())\n")
    checks = quick_preflight(configured(tmp_path, "other"), workspace)
    assert first_failure(checks) is None
    assert [check.ok for check in checks if check.name == "parameters"] == [None]


def test_a_period_that_is_not_read_is_a_warning(workspace: Path, tmp_path: Path) -> None:
    make_project(workspace, "Strategy", _CODE)
    checks = quick_preflight(configured(tmp_path, more=_PERIOD), workspace)
    assert first_failure(checks) is None
    assert [str(check).partition(";")[0] for check in checks if check.ok is None] == [
        "! period and capital: the strategy does not read start_date, end_date, so its own values hold"
    ]
