"""Every config's corners: the strategy begins with them, and no part of it refuses what another asks for."""

import itertools
import json
from pathlib import Path

import pytest

from lean_engine import Market, flat, run_strategy
from strategy_testing.config import OptimizationConfig
from strategy_testing.config_reader import read_config
from support import PROJECT

_CONFIGS = sorted((PROJECT / "configs" / "optimizations").glob("*.yaml"))
_DAYS = 3


def _corners(config: OptimizationConfig) -> list[dict[str, str]]:
    """All combinations of each parameter's first and last value, as texts."""
    names = [parameter.name for parameter in config.search.parameters]
    ends = []
    for parameter in config.search.parameters:
        values = sorted(parameter.canonical_values(), key=lambda text: (len(text), text))
        ends.append({values[0], values[-1]})
    return [dict(zip(names, corner, strict=True)) for corner in itertools.product(*map(sorted, ends))]


@pytest.mark.parametrize("file", _CONFIGS, ids=lambda file: str(file.stem))
def test_a_strategy_takes_every_corner_of_its_config(file: Path) -> None:
    config = read_config(file)
    project = config.strategy.lean_project_path
    own = json.loads((PROJECT / "lean_projects" / project / "config.json").read_text(encoding="utf-8"))["parameters"]
    market = Market(days=_DAYS, first="2020-01-02")
    market.equity("SPY", closes=flat(300, _DAYS))
    for corner in _corners(config):
        asked = {name: value for name, value in own.items() if name not in ("start_date", "end_date")} | corner
        result = run_strategy(project, market, asked)
        assert result.orders == []
