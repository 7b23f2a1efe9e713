"""Every config's corners: the strategy begins with them, and no part of it refuses what another asks for."""

import itertools
import json
from pathlib import Path

import pytest

from lean_engine import Market, flat, run_strategy
from lean_engine.algorithm import QCAlgorithm
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.search.space import canonical_value
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


_PROJECTS = sorted(file.parent.name for file in (PROJECT / "lean_projects").glob("*/main.py"))


@pytest.mark.parametrize("project", _PROJECTS)
def test_code_and_config_json_have_the_same_defaults(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: dict[str, str] = {}
    original = QCAlgorithm.get_parameter

    def noting(algorithm: QCAlgorithm, name: str, default_value: object = None) -> object:
        text = str(default_value)
        read[name] = canonical_value(text.lower() if text in ("True", "False") else text)
        return original(algorithm, name, default_value)

    monkeypatch.setattr(QCAlgorithm, "get_parameter", noting)
    run_strategy(project, Market(days=_DAYS, first="2020-01-02"))
    file = PROJECT / "lean_projects" / project / "config.json"
    given = json.loads(file.read_text(encoding="utf-8"))["parameters"]
    own = {name: canonical_value(text) for name, text in given.items()}
    # Its default follows from the number of positions; where an optimization varies that, config.json must not fix it.
    assert own.pop("position_size_pct", None) in (None, read.pop("position_size_pct", None))
    assert own == read


_CLOSES = {"SPY": [100, 101, 102], "QQQ": [50, 52, 51], "IWM": [70, 70, 70], "AGG": [30, 30, 31]}


def _compared_with(project: str, parameters: dict[str, str]) -> list[float]:
    """The benchmark after each of three days."""
    market = Market(days=_DAYS, first="2020-01-02")
    for ticker, closes in _CLOSES.items():
        market.equity(ticker, closes=closes)
    return run_strategy(project, market, parameters).benchmark


def test_the_benchmark_is_the_first_ticker() -> None:
    assert _compared_with("RSI_MeanReversion_ETF", {}) == _CLOSES["SPY"]
    assert _compared_with("RSI_MeanReversion_ETF", {"tickers": "QQQ|SPY"}) == _CLOSES["QQQ"]


def test_the_benchmark_is_a_parameter_and_is_not_traded() -> None:
    parameters = {"benchmark": "AGG", "tickers": "QQQ|IWM"}
    assert _compared_with("RSI_MeanReversion_ETF", parameters) == _CLOSES["AGG"]
    market = Market(days=23, first="2014-01-02")
    for ticker in ("SPY", "AGG"):
        market.equity(ticker, closes=[*flat(100, 20), 90, 90, 90])
    result = run_strategy("RSI_MeanReversion_ETF", market, {"tickers": "SPY", "benchmark": "AGG"}, first_day=10)
    assert {order.ticker for order in result.orders} == {"SPY"}


def test_a_strategy_that_trades_its_benchmark_pays_slippage_on_it() -> None:
    assert _bought("0.001", benchmark="SPY") == _bought("0.001")


@pytest.mark.parametrize("project", _PROJECTS)
def test_every_strategy_can_be_compared_with_another_ticker(project: str) -> None:
    assert _compared_with(project, {"benchmark": "AGG"}) == _CLOSES["AGG"]


@pytest.mark.parametrize("project", ["Quality_Factor_Momentum", "Relative_Strength_Leaders"])
def test_who_picks_stocks_is_compared_with_the_market(project: str) -> None:
    assert _compared_with(project, {}) == _CLOSES["SPY"]


def _bought(slippage_pct: str, benchmark: str = "") -> tuple[float | None, float]:
    """The price of a purchase and the cash after it; SPY opens at 91 and closes at 90."""
    market = Market(days=23, first="2014-01-02")
    market.equity("SPY", closes=[*flat(100, 20), 90, 90, 90], opens=[*flat(100, 21), 91, 90])
    parameters = {"rsi_period": "2", "tickers": "SPY", "initial_capital": "1000", "slippage_pct": slippage_pct}
    parameters |= {"benchmark": benchmark}
    result = run_strategy("RSI_MeanReversion_ETF", market, parameters, first_day=10)
    (order,) = result.orders
    return order.price, result.cash


def test_the_account_makes_each_fill_worse_by_the_slippage() -> None:
    assert _bought("0") == (91, 1000 - 10 * 91 - 1)
    price, cash = _bought("0.001")  # of the close of 90
    assert price == pytest.approx(91.09)
    assert cash == pytest.approx(1000 - 10 * 91.09 - 1)


@pytest.mark.parametrize("slippage", ["-0.001", "1"])
def test_a_slippage_that_is_no_fraction_is_refused(slippage: str) -> None:
    with pytest.raises(ValueError, match="slippage_pct is"):
        _bought(slippage)
