"""What holding the benchmark would have made over a backtest's days: by its chart, else by the prices on disk."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.daily_returns import DailyReturns, pack
from strategy_testing.metrics.performance import buy_and_hold
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.strategy.prices import TOLERANCE, PriceDataError, adjusted_closes
from strategy_testing.strategy.workspace import LeanConfigError, data_folder, lean_config_file
from strategy_testing.verdict.summary import Comparison

_EVERYBODYS = "SPY"
_HOURS_TO_CLOSE = 16


class Benchmark:
    """Compares the backtests of one run, each with its own days."""

    def __init__(self, folder: Path, asked: str | None, stored: BuyAndHold | None = None) -> None:
        """For the run in a folder.

        Args:
            folder: in a lean workspace, whose data folder has the prices.
            asked: the config's backtest.benchmark.
            stored: what an earlier import found, for the case that the prices are gone.
        """
        self._asked = asked.upper() if asked else None
        self._stored = stored if stored and self._asked in (None, stored.name) else None
        self._by_prices = cache(lambda *period: _held_by_prices(folder, *period))

    def compared(self, result: BacktestResult) -> BacktestResult:
        """The result with its excess return; one that an earlier run has compared stays as it is."""
        earned = result.metrics["compounding_annual_return"]
        is_known = result.reused_from is not None and result.metrics["excess_return"] is not None
        if is_known or result.status is not BacktestStatus.COMPLETED or earned is None:
            return result
        held = self._held(result)
        excess = None if isinstance(held, str) else earned - held.annual_return
        return replace(result, metrics={**result.metrics, "excess_return": excess})

    def of_run(self, results: Iterable[BacktestResult]) -> Comparison:
        """What the run is compared with; its results have been compared already."""
        completed = [result for result in results if result.status is BacktestStatus.COMPLETED]
        own = [result for result in completed if result.reused_from is None]
        held = [self._held(result) for result in own] or [self._stored or "its results were taken from earlier runs"]
        if len(set(held)) > 1 or not completed:
            return Comparison(None, "its backtests cover different days" if completed else "no backtest was completed")
        excesses = [result.metrics["excess_return"] for result in completed if result.made_a_trade]
        if self._stored in held:  # as it is stored it has its returns, which a result that was read before has not
            held.append(self._stored)
        only = max(held, key=_has_returns)  # an older version stored none
        if isinstance(only, str):
            return Comparison(None, only)
        return Comparison(only, best_excess=max((each for each in excesses if each is not None), default=None))

    def _held(self, result: BacktestResult) -> BuyAndHold | str:
        """Buy-and-hold over the result's days, or why it is not known."""
        given = result.parameters.get("benchmark", "").upper() or None
        only = next(iter(result.stocks)) if len(result.stocks) == 1 else None
        if result.held is not None and self._asked in (None, given):
            return replace(result.held, name=given or only or result.held.name)
        if self._stored is not None:
            return self._stored  # the prices on disk may have changed since
        ticker = self._asked or given or (_EVERYBODYS if _EVERYBODYS in result.stocks else only)
        if ticker is None or result.backtest_start is None or result.backtest_end is None:
            return "the results do not tell with what to compare; name a ticker in backtest.benchmark"
        return self._by_prices(ticker, result.backtest_start, result.backtest_end)


def _has_returns(held: BuyAndHold | str) -> bool:
    return isinstance(held, BuyAndHold) and held.daily_returns is not None


def _held_by_prices(folder: Path, ticker: str, start: date, end: date) -> BuyAndHold | str:
    """Bought at the last close before the first day, as LEAN's benchmark chart begins; else at the first one."""
    config = lean_config_file(folder)
    if config is None:
        return f"the run's folder is in no lean workspace that could have prices of {ticker}"
    try:
        closes = [close for close in adjusted_closes(data_folder(config), ticker) if close[0] <= end and close[1] > 0]
    except (LeanConfigError, PriceDataError) as error:
        return str(error)
    before = [close for close in closes if start - TOLERANCE <= close[0] < start]
    held = [*before[-1:], *(close for close in closes if close[0] >= start)]
    if not held or held[0][0] > start + TOLERANCE or held[-1][0] < end - TOLERANCE:
        return f"the daily prices of {ticker} do not cover {start} to {end}"
    days = (held[-1][0] - start).days + _HOURS_TO_CLOSE / 24
    found = buy_and_hold(ticker, [close for _, close in held], days)
    if found is None:
        return f"{ticker} has too few prices"
    prices = np.array([close for _, close in held])
    dates = np.array([day for day, _ in held[1:]], "datetime64[D]")
    return replace(found, daily_returns=pack(DailyReturns(dates, np.diff(prices) / prices[:-1])))
