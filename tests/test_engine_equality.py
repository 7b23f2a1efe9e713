"""Whether a warm engine's backtest and a cold one are the same, and what of a strategy could make them differ."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.paths import DEFAULT_WORKSPACE
from strategy_testing.results.backtest import BacktestFile
from strategy_testing.results.equality import first_difference
from strategy_testing.strategy.outside_state import likely_causes

Recording = Callable[[str], Path]


def _files(output: Path) -> list[BacktestFile]:
    return [BacktestFile(file.parent.name, file.parent) for file in sorted(output.glob("*/*-summary.json"))]


def _twins(output: Path) -> list[tuple[BacktestFile, BacktestFile]]:
    """Backtests of an Euler search that LEAN ran twice, each in a process of its own."""
    by_combination = defaultdict(list)
    for file in _files(output):
        parameters = json.loads(file.summary.read_bytes())["algorithmConfiguration"]["parameters"]
        by_combination[frozenset((name, float(value)) for name, value in parameters.items())].append(file)
    return [(files[0], files[1]) for files in by_combination.values() if len(files) > 1]


def test_what_lean_ran_twice_is_the_same_and_nothing_else_is(unpacked: Recording) -> None:
    twins = _twins(unpacked("euler") / "output")
    assert len(twins) == 4
    for one, other in twins:
        assert first_difference(one, other) is None
    for (one, _), (other, _) in pairwise(twins):
        assert first_difference(one, other) is not None


def test_crashes_that_are_the_same_are_the_same(unpacked: Recording) -> None:
    files = _files(unpacked("crashy") / "output")
    for file in files:
        assert first_difference(file, file) is None
    crashed = [file for file in files if b'"RuntimeError"' in file.path.read_bytes()[:200_000]]
    assert first_difference(files[0], files[1]) is not None
    assert crashed


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["orders", "3", "quantity"], 7, "order 3, quantity: 7 warm, "),
        (["orders", "3", "tag"], "x", "order 3, tag: x warm,  cold"),
        (["totalPerformance", "closedTrades", 1, "profitLoss"], 0, "closed trade 2, profitLoss: 0 warm, "),
        (
            ["totalPerformance", "portfolioStatistics", "sharpeRatio"],
            "9",
            "totalPerformance, portfolioStatistics, ",
        ),
        (["statistics", "Total Orders"], "1", "statistics, Total Orders: 1 warm, 19 cold"),
        (["state", "Status"], "RuntimeError", "state, Status: RuntimeError warm, Completed cold"),
        (["algorithmConfiguration", "endDate"], "x", "configuration, endDate: x warm, "),
        (
            ["charts", "Strategy Equity", "series", "Equity", "values", 2, 1],
            0.5,
            "chart Strategy Equity, Equity, poi",
        ),
        (["rollingWindow"], {}, "rollingWindow, M1_"),
        (["orders", "9999"], {}, "order 9999: {} warm, none cold"),
        (["state", "EndTime"], "later", None),
        (["state", "LogCount"], "9", None),
        (["serverStatistics", "CPU Usage"], "9", None),
        (["analysis"], [], None),
        (["totalPerformance", "closedTrades", 1, "id"], "drawn", None),
        (["algorithmConfiguration", "parameters"], {}, None),
    ],
)
def test_any_figure_that_differs_is_named(recording: Recording, path: list[Any], value: Any, said: str | None) -> None:
    file = _files(recording("crashy") / "output")
    cold = next(each for each in file if json.loads(each.path.read_bytes())["state"]["Status"] == "Completed")
    document = json.loads(cold.path.read_bytes())
    if document["statistics"]["Total Orders"] != "19" and path[0] == "statistics":
        said = said and said.replace("19", document["statistics"]["Total Orders"])
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    warm = BacktestFile(cold.backtest_id, cold.folder.with_name("warm"))
    warm.folder.mkdir()
    warm.path.write_text(json.dumps(document), encoding="utf-8")
    found = first_difference(warm, cold)
    assert found is None if said is None else str(found).startswith(said), found


def test_a_file_that_only_one_has_is_a_difference(recording: Recording, tmp_path: Path) -> None:
    cold = _files(recording("crashy") / "output")[0]
    missing = BacktestFile("x", tmp_path)
    assert str(first_difference(missing, cold)) == "the result's file: missing warm, whole cold"
    assert first_difference(missing, missing) is None
    damaged = BacktestFile(cold.backtest_id, tmp_path / "copy")
    shutil.copytree(cold.folder, damaged.folder)
    damaged.path.write_bytes(cold.path.read_bytes()[:-9])
    assert str(first_difference(cold, damaged)).startswith("the result's file: whole warm, damaged (")
    assert first_difference(damaged, damaged) is None
    assert first_difference(missing, damaged) is not None


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ('{"statistics": {"A": NaN}}', '\ufeff{"statistics": {"A": NaN}}', None),
        (
            '{"statistics": {"A": NaN, "B": 1}}',
            '{"statistics": {"A": NaN, "B": 2}}',
            "statistics, B: 1",
        ),
        (
            '{"orders": {"1": {"ids": [5, 6]}}}',
            '{"orders": {"1": {"ids": [5, 7]}}}',
            "order 1, ids: [5, 6] warm",
        ),
        (
            '{"charts": {"A": [1400000000, 1]}}',
            '{"charts": {"A": [1400000000, 2]}}',
            "charts, A: 1 on 2014-05-13 warm",
        ),
        (
            '{"charts": {"A": [99999999999999, 1]}}',
            '{"charts": {"A": [99999999999999, 2]}}',
            "charts, A: [999999",
        ),
        ("{", "x", "the result's file: damaged ("),
    ],
)
def test_a_file_is_compared_wherever_it_can_be_read(one: str, other: str, said: str | None, tmp_path: Path) -> None:
    files = [BacktestFile("b", tmp_path / name) for name in ("warm", "cold")]
    for file, text in zip(files, (one, other), strict=True):
        file.folder.mkdir()
        file.path.write_text(text, encoding="utf-8")
    found = first_difference(*files)
    assert found is None if said is None else str(found).startswith(said), found


_CODE = """from AlgorithmImports import *
import random, threading, time
import pandas as pd
from helper import SHARED

KEPT = {}


class Leaky(QCAlgorithm):
    count = 0

    def initialize(self):
        self.rng = random.random()
        QCAlgorithm.seen = 1
        pd.options.mode = None
        SHARED.value = 2
        KEPT["x"] = 1
        Leaky.count += 1
        self.set_start_date(datetime.now())
        open("out.txt", "w").write("x")
        open("in.txt").read()
        self.object_store.save("key", "value")
        threading.Thread(target=print).start()
"""


def test_what_reaches_outside_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(_CODE, encoding="utf-8")
    (tmp_path / "helper.py").write_text("class SHARED: value = 1\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("x = (", encoding="utf-8")
    assert [cause.removeprefix("main.py:") for cause in likely_causes(tmp_path)] == [
        "13: random.random() draws random numbers without a seed",
        "14: sets QCAlgorithm.seen, which stays as it is for later backtests",
        "15: sets pd.options.mode, which stays as it is for later backtests",
        "19: datetime.now() reads the clock of the machine, not of the backtest",
        "20: open() writes a file, which later backtests may read",
        "22: save() of the object store, which later backtests read",
        "23: threading.Thread() works beside the backtest",
    ]
    (tmp_path / "main.py").write_text(_CODE.replace("self.rng =", "random.seed(1); self.rng ="), encoding="utf-8")
    assert not any("without a seed" in cause for cause in likely_causes(tmp_path))


def test_our_own_strategies_keep_nothing_outside() -> None:
    projects = [file.parent for file in DEFAULT_WORKSPACE.glob("*/main.py")]
    assert len(projects) >= 15
    projects += [DEFAULT_WORKSPACE / "Library", DEFAULT_WORKSPACE / "no-such-project"]
    assert {project.name: causes for project in projects if (causes := likely_causes(project))} == {}
