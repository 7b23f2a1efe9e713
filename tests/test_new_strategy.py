"""--new-strategy, as a user calls it, in a copy of the framework."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from strategy_testing.strategy.template import class_name, config_stem
from support import PROJECT


@pytest.fixture(name="framework")
def fixture_framework(tmp_path: Path) -> Path:
    """What --new-strategy reads and writes."""
    copy = tmp_path / "framework"
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("scripts", "configs", "lean_projects/_template", "lean_projects/Library"):
        shutil.copytree(PROJECT / part, copy / part, ignore=ignored)
    return copy


def _run(framework: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(framework / "scripts" / "optimize_runner.py"), *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "LEAN_WORKSPACE"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _files(folder: Path) -> dict[str, str]:
    texts = (file for file in folder.rglob("*") if file.suffix in (".py", ".json", ".yaml"))
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in texts}


def test_a_new_strategy_runs_as_it_stands(framework: Path) -> None:
    done = _run(framework, "--new-strategy", "Weekly_ROC_ETF")
    project = framework / "lean_projects" / "Weekly_ROC_ETF"
    config = framework / "configs" / "optimizations" / "weekly_roc_etf.yaml"
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"made {project}", f"made {config}"]
    assert "class WeeklyRocEtf(QCAlgorithm):" in (project / "main.py").read_text(encoding="utf-8")
    assert json.loads((project / "config.json").read_text(encoding="utf-8"))["libraries"]
    text = config.read_text(encoding="utf-8")
    assert text.startswith("# Weekly_ROC_ETF:")
    assert text.count("Weekly_ROC_ETF") == 3
    assert "_template" not in text
    planned = _run(framework, "--config", config, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "lean optimize Weekly_ROC_ETF" in planned.stdout
    assert f"warning: {project.parent} has no lean.json" in done.stderr


def test_the_preflight_finds_all_of_its_parameters(framework: Path) -> None:
    _run(framework, "--new-strategy", "Mine")
    checked = _run(
        framework, "--config", framework / "configs/optimizations/mine.yaml", "--check",
        "--database-url", "postgresql://nobody@127.0.0.1:1/none",
    )  # fmt: skip
    assert "✓ strategy: compiles (5 files)" in checked.stdout
    assert (
        "✓ parameters: the strategy reads sma_period, entry_distance_pct, holding_period, stop_loss_pct"
        in checked.stdout
    )


def test_another_workspace_gets_the_library_too(framework: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "mine"
    workspace.mkdir()
    (workspace / "lean.json").write_text("{}", encoding="utf-8")
    done = _run(framework, "--new-strategy", "Mine", "--workspace", workspace)
    library = workspace / "Library" / "daily_strategy"
    assert done.stdout.splitlines()[:2] == [f"made {library}", f"made {workspace / 'Mine'}"]
    assert _files(library) == _files(framework / "lean_projects" / "Library" / "daily_strategy")
    (library / "positions.py").write_text("# ours\n", encoding="utf-8")
    again = _run(framework, "--new-strategy", "Yours", "--workspace", workspace)
    assert again.stdout.splitlines()[0] == f"made {workspace / 'Yours'}"
    assert "lean.json" not in again.stderr
    assert (library / "positions.py").read_text(encoding="utf-8") == "# ours\n"


def test_nothing_is_overwritten(framework: Path) -> None:
    _run(framework, "--new-strategy", "Mine")
    (framework / "lean_projects" / "Mine" / "main.py").write_text("# work of weeks\n", encoding="utf-8")
    before = _files(framework)
    done = _run(framework, "--new-strategy", "MINE")
    assert done.returncode == 2
    assert f"{framework / 'lean_projects' / 'Mine'} exists already; choose another name" in done.stderr
    assert f"{framework / 'configs' / 'optimizations' / 'mine.yaml'} exists already" in done.stderr
    assert _files(framework) == before


@pytest.mark.parametrize("name", ["", "A", "1st", "two words", "../up", "a/b", "Über", "x" * 81, "Library", "data"])
def test_names_that_lean_or_python_cannot_use(name: str, framework: Path) -> None:
    before = _files(framework)
    done = _run(framework, f"--new-strategy={name}")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: --new-strategy {name}: ")
    assert _files(framework) == before


def test_it_goes_alone(framework: Path) -> None:
    config = framework / "configs" / "optimizations" / "template.yaml"
    for arguments in (["--config", config], ["--batch", config], ["--check"], ["--quiet"], ["--force"]):
        done = _run(framework, "--new-strategy", "Mine", *arguments)
        assert done.returncode == 2, arguments
        assert "--new-strategy" in done.stderr
    assert not (framework / "lean_projects" / "Mine").exists()


def test_a_folder_that_cannot_be_written_leaves_nothing_half_made(framework: Path) -> None:
    configs = framework / "configs" / "optimizations"
    shutil.move(configs / "template.yaml", framework / "template.yaml")
    done = _run(framework, "--new-strategy", "Mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: Mine cannot be made: {configs / 'template.yaml'}: No such file or directory\n"
    assert [entry.name for entry in (framework / "lean_projects").iterdir() if "ine" in entry.name] == []


@pytest.mark.parametrize(
    ("name", "python", "file"),
    [
        ("RSI_MeanReversion_ETF", "RsiMeanReversionEtf", "rsi_mean_reversion_etf"),
        ("MicroFutures_Momentum_MESNQ", "MicroFuturesMomentumMesnq", "micro_futures_momentum_mesnq"),
        ("sma2", "Sma2Strategy", "sma2"),
        ("None", "NoneStrategy", "none"),
        ("Momentum", "MomentumStrategy", "momentum"),
        ("XYZTrend_v2", "XyzTrendV2", "xyz_trend_v2"),
    ],
)
def test_names_of_class_and_file(name: str, python: str, file: str) -> None:
    assert (class_name(name), config_stem(name)) == (python, file)
