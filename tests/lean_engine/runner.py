"""Loads a strategy of this project and runs it whole in a made market."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lean_engine.algorithm import QCAlgorithm
from lean_engine.engine import Engine
from lean_engine.errors import NotCarriedOutError
from lean_engine.imports import algorithm_imports
from lean_engine.market import Market
from lean_engine.surface import stub_of

PROJECTS = Path(__file__).parents[2] / "lean_projects"
_LIBRARY = PROJECTS / "Library"


@dataclass(frozen=True)
class Order:
    """An order and what became of it; days are the market's, prices and fees dollars."""

    ticker: str
    quantity: int
    """Negative for a sale."""
    tag: str
    day: int
    """On which it was given."""
    fill_day: int | None
    price: float | None
    fee: float
    status: str
    """"filled", "submitted" (still open at the end), "canceled" or "invalid" (not enough buying power)."""


@dataclass(frozen=True)
class RunResult:
    """What a whole run left behind."""

    orders: list[Order]
    logs: list[str]
    held: dict[str, int]
    cash: float
    equity: float
    benchmark: list[float]
    """After each day of the period."""
    algorithm: Any


def run_strategy(
    project: str | Path,
    market: Market,
    parameters: dict[str, str] | None = None,
    first_day: int = 0,
    without: Sequence[str] = (),
) -> RunResult:
    """Runs lean_projects/<project>/main.py (or the one in that folder): warm-up, every day, end.

    Args:
        project: the project's name, or its folder.
        market: prices and other data.
        parameters: as LEAN has them, texts. start_date and end_date are the market's, initial_capital is 1000, unless
            they say otherwise.
        first_day: index of the first day after the warm-up.
        without: names that this engine shall not know, such as a data set whose library is not installed.

    Raises:
        NotCarriedOutError: the strategy uses what LEAN has and this fake does not carry out.
    """
    given = {
        "start_date": market.day(first_day).strftime("%Y-%m-%d"),
        "end_date": market.day(market.days - 1).strftime("%Y-%m-%d"),
        "initial_capital": "1000",
    } | (parameters or {})
    engine = Engine(market, given)
    with _loaded(PROJECTS / project, without) as strategy_class:
        strategy = strategy_class()
        strategy._lean_engine_attach(engine)
        engine.run(strategy)
    return _result(engine, strategy)


def _result(engine: Engine, strategy: QCAlgorithm) -> RunResult:
    orders = [
        Order(
            each.symbol.value,
            each._quantity,
            each.tag,
            each._day,
            each._fill_day,
            None if each._price is None else float(each._price),
            float(each._fee),
            each.status.name.lower(),
        )
        for each in engine.broker.orders
    ]
    held = {each.symbol.value: each.holdings._quantity for each in engine.portfolio._held()}
    portfolio = engine.portfolio
    return RunResult(
        orders, engine.logs, held, portfolio.cash, portfolio.total_portfolio_value, engine.benchmark_values, strategy
    )


@contextmanager
def _loaded(folder: Path, without: Sequence[str]) -> Iterator[type[QCAlgorithm]]:
    """The project's strategy, freshly imported; nothing of it stays behind in sys.modules."""
    sources = [*folder.rglob("*.py"), *_LIBRARY.rglob("*.py")]
    ours = {"AlgorithmImports", *(path.stem for path in sources), *(each.name for each in _LIBRARY.iterdir())}
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ours}
    path_before = list(sys.path)
    for name in before:
        del sys.modules[name]
    sys.path[:0] = [str(folder), str(_LIBRARY)]
    sys.modules["AlgorithmImports"] = algorithm_imports(sources, without)
    importlib.invalidate_caches()
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield _strategy_in(vars(importlib.import_module("main")), folder)
    finally:
        sys.dont_write_bytecode = writes_bytecode
        sys.path[:] = path_before
        for name in [each for each in sys.modules if each.partition(".")[0] in ours]:
            del sys.modules[name]
        sys.modules.update(before)


def _strategy_in(names: dict[str, Any], folder: Path) -> type[QCAlgorithm]:
    classes = [
        value
        for value in names.values()
        if isinstance(value, type) and issubclass(value, QCAlgorithm) and value.__module__ == "main"
    ]
    if len(classes) != 1:
        raise LookupError(f"{folder}/main.py has {len(classes)} strategies; one is needed")
    (strategy,) = classes
    _refuse_unknown_events(strategy)
    return strategy


def _refuse_unknown_events(strategy: type[QCAlgorithm]) -> None:
    """LEAN would call a method of this name; the fake would not, and a test would see nothing of it."""
    for name in vars(strategy):
        if not name.startswith("_") and name not in vars(QCAlgorithm) and stub_of(QCAlgorithm._stub).find(name):
            raise NotCarriedOutError(f"lean_engine does not call {strategy.__name__}.{name}")
