"""The backlog's strategies: each has its code, its config and its place in a batch, and they say the same."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from strategy_testing.config.batch import read_batch
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.search.space import canonical_value, count_combinations
from support import PROJECT

_STAND_INS = PROJECT / "tests" / "replay" / "bin"
_WORKSPACE = PROJECT / "lean_projects"
_BACKLOG: list[dict[str, Any]] = yaml.safe_load(
    (PROJECT / "data" / "strategy_backlog.yaml").read_text(encoding="utf-8")
)["strategies"]
_CONFIGS = sorted((PROJECT / "configs" / "optimizations").glob("*.yaml"))
_BATCHES = sorted((PROJECT / "configs" / "batches").glob("*.yaml"))
_EXAMPLES = {"RSI_MeanReversion_ETF", "BollingerBand_ETF_LowFreq"}
"""Strategies with configs of a part of their values, or of others."""
_NOT_SEARCHED = "position_size_pct"
"""A search by the Sharpe ratio mostly picks the largest; every config leaves it at the strategy's default."""


def _configs_of(project: str) -> list[OptimizationConfig]:
    return [config for file in _CONFIGS if (config := read_config(file)).strategy.lean_project_path == project]


def _values(config: OptimizationConfig) -> dict[str, set[str]]:
    return {parameter.name: parameter.canonical_values() for parameter in config.search.parameters}


def _canonical(value: object) -> str:
    return canonical_value(str(value).lower() if isinstance(value, bool) else str(value))


@pytest.mark.parametrize("strategy", _BACKLOG, ids=lambda strategy: str(strategy["id"]))
def test_each_strategy_has_code_and_a_config_that_says_the_same(strategy: dict[str, Any]) -> None:
    project = strategy["lean_project_path"]
    assert (_WORKSPACE / project / "main.py").is_file()
    assert (_WORKSPACE / project / "config.json").is_file()
    configs = _configs_of(project)
    assert configs, f"no config for {project}"
    wanted = {name: set(map(_canonical, values)) for name, values in strategy["parameters"].items()}
    wanted.pop(_NOT_SEARCHED, None)
    if project not in _EXAMPLES:
        (config,) = configs
        assert _values(config) == wanted
        info = config.strategy
        assert (info.name, info.category, info.asset_class, info.priority) == (
            strategy["name"], strategy["category"], strategy["asset_class"], strategy["priority"]
        )  # fmt: skip
    for config in configs:
        assert set(_values(config)) <= set(wanted)


def test_the_batches_list_every_strategy_that_is_not_on_hold() -> None:
    listed = {read_config(file).strategy.name for batch in _BATCHES for file in read_batch(batch).configs}
    assert listed == {strategy["name"] for strategy in _BACKLOG if not strategy.get("on_hold")}


def _first_line(file: Path) -> str:
    return " ".join(re.findall(r"^# (.*)$", file.read_text(encoding="utf-8").split("\n\n")[0], re.MULTILINE))


@pytest.mark.parametrize("file", _BATCHES, ids=lambda file: str(file.stem))
def test_a_batchs_comment_counts_its_combinations(file: Path) -> None:
    counts = [read_config(config).search.method.combinations or 0 for config in read_batch(file).configs]
    terms = " + ".join(map(str, counts))
    said = f"{terms} = {sum(counts)} combinations." if len(counts) > 1 else f"{terms} combinations."
    assert _first_line(file).startswith(said)


@pytest.mark.parametrize("file", _CONFIGS, ids=lambda file: str(file.stem))
def test_a_configs_comment_counts_its_combinations(file: Path) -> None:
    search, text = read_config(file).search, file.read_text(encoding="utf-8")
    count = count_combinations(search.parameters)
    products = re.findall(r"((?:\d+ x )+\d+) = ([\d,]+) (?:combinations|backtests)", text)
    for product, total in products:
        result = 1
        for factor in product.split(" x "):
            result *= int(factor)
        assert result == int(total.replace(",", "")) == count
    assert products or file.stem == "bollinger_etf_rejected"
    assert search.method.combinations == count or f"so {search.method.combinations} of them are run" in text


@pytest.fixture(name="whole_workspace", scope="module")
def fixture_whole_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's strategies in a workspace with a lean.json."""
    workspace = tmp_path_factory.mktemp("backlog") / "workspace"
    shutil.copytree(_WORKSPACE, workspace, ignore=shutil.ignore_patterns("__pycache__", ".optimization", "results"))
    (workspace / "lean.json").write_text("{}\n", encoding="utf-8")
    return workspace


def _run(workspace: Path, config: Path, what: str, url: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "PATH": f"{_STAND_INS}{os.pathsep}{os.environ['PATH']}",
        "REPLAY_PYTHON": sys.executable,
        "DATABASE_URL": url,
    }
    script = "scripts/optimize_runner.py"
    command = [sys.executable, script, "--config", str(config), what, "--workspace", str(workspace)]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("config", _CONFIGS, ids=lambda file: str(file.stem))
def test_each_config_passes_the_check_up_to_the_engine(
    config: Path, whole_workspace: Path, empty_database_url: str
) -> None:
    done = _run(whole_workspace, config, "--check", empty_database_url)
    assert done.returncode == 0, done.stdout
    names = [parameter.name for parameter in read_config(config).search.parameters]
    assert f"✓ parameters: the strategy reads {', '.join(names)}\n" in done.stdout
    assert "period and capital" not in done.stdout  # a warning that the strategy reads none of them
    planned = _run(whole_workspace, config, "--dry-run", empty_database_url)
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "lean optimize " in planned.stdout
