"""Windows that are shorter than the warm-up, or reach beyond the prices, are refused before anything runs."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from strategy_testing.strategy.warm_up import named_tickers, warm_up_bars
from support import PROJECT, ScriptResult, make_project

Run = Callable[..., ScriptResult]

_CODE = """from AlgorithmImports import *


class Warm(QCAlgorithm):
    def initialize(self):
        self.set_start_date(datetime.strptime(self.get_parameter("start_date"), "%Y-%m-%d"))
        self.set_end_date(datetime.strptime(self.get_parameter("end_date"), "%Y-%m-%d"))
        self.slow = int(self.get_parameter("slow", 50))
        for ticker in self.get_parameter("tickers", "SPY|QQQ").split("|"):
            self.add_equity(ticker, Resolution.DAILY)
        self.set_warm_up(max(self.slow * 2, 30) + 1, Resolution.DAILY)
"""


def _source(project: str) -> dict[str, str]:
    return {"main.py": (PROJECT / "lean_projects" / project / "main.py").read_text(encoding="utf-8")}


@pytest.mark.parametrize(
    ("sources", "largest", "bars"),
    [
        ({"main.py": _CODE}, {"slow": "200"}, 401),
        ({"main.py": _CODE}, {"fast": "10"}, 101),
        (_source("RSI_MeanReversion_ETF"), {"rsi_period": "20"}, 80),
        (_source("MeanReversion_TrendFilter_ETF"), {"trend_sma": "250", "rsi_period": "20"}, 250),
        ({"main.py": "a.set_warm_up(timedelta(30))"}, {}, None),
        ({"main.py": "a.set_warm_up(30, Resolution.HOUR)"}, {}, None),
        ({"main.py": "x = 1\nx = 2\na.set_warm_up(x)"}, {}, None),
        ({"main.py": "x = x + 1\na.set_warm_up(x)"}, {}, None),
        ({"main.py": "pass"}, {}, None),
    ],
)
def test_the_warm_up_is_read_where_the_sources_say_it(
    sources: dict[str, str], largest: dict[str, str], bars: int | None
) -> None:
    assert warm_up_bars(sources, {name: Decimal(value) for name, value in largest.items()}) == bars


def test_tickers_that_are_spelt_out_are_found() -> None:
    assert named_tickers({"main.py": f"{_CODE}        self.add_equity('iwm')\n"}) == ["IWM", "SPY", "QQQ"]


@pytest.fixture
def config(tmp_path: Path, workspace: Path) -> Callable[..., Path]:
    make_project(workspace, "Warm", _CODE)
    (workspace / "lean.json").write_text('{"data-folder": "data"}\n', encoding="utf-8")
    shutil.copytree(PROJECT / "tests" / "prices" / "equity", workspace / "data" / "equity")

    def write(start: str, end: str, months: int) -> Path:
        file = tmp_path / "warm.yaml"
        file.write_text(
            "strategy: {name: Warm, lean_project_path: Warm}\n"
            "optimization:\n  type: Grid Search\n  target_metric: Sharpe Ratio\n  target_direction: max\n"
            "  parameters: {slow: {values: [50, 200]}}\n"
            f'backtest: {{start_date: "{start}", end_date: "{end}"}}\n'
            f"walk_forward: {{in_sample_months: {months}, out_of_sample_months: 6}}\n",
            encoding="utf-8",
        )
        return file

    return write


@pytest.mark.parametrize(
    ("period", "message"),
    [
        (
            ("2012-01-03", "2014-12-31", 18),
            "windows: in-sample 2012-01-03 to 2013-06-30 has 389 weekdays, and the strategy warms up for 401 days",
        ),
        (
            ("2008-01-01", "2029-12-31", 24),
            "window 1: in-sample 2008-01-01 to 2009-12-31 is beyond the daily prices, 2011-12-30 to 2020-12-31",
        ),
        (
            ("2018-01-01", "2021-12-31", 30),
            "window 2: out-of-sample 2021-01-01 to 2021-06-30 is beyond the daily prices, 2011-12-30 to 2020-12-31",
        ),
    ],
)
def test_windows_that_cannot_be_tested_are_refused_with_their_dates(
    period: tuple[str, str, int], message: str, config: Callable[..., Path], replayed: Run, workspace: Path
) -> None:
    done = replayed("walk-forward", config(*period))
    assert done.exit_code == 2
    assert message in done.stderr
    assert "--force runs it all the same" in done.stderr
    assert not (workspace / ".optimization").exists()


def test_what_is_checked_and_estimated_is_the_whole_analysis(config: Callable[..., Path], replayed: Run) -> None:
    file = config("2012-01-03", "2016-12-31", 24)
    shown = replayed("walk-forward", file, "--check").stdout
    assert "2 combinations in each of 6 windows (in-sample | out-of-sample): 2012-01-03 to 2013-12-31 | " in shown
    assert "✗ windows" not in shown
    script = replayed("walk-forward", file, "--dry-run").stdout
    assert script.count('"start_date": "2013-01-01"') == 2
    assert "--parameter combination 0 11 1" in script
    assert "# then the choice of each of 6 windows out-of-sample: 6 backtests in one more `lean optimize`" in script
