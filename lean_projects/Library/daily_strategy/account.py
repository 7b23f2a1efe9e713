"""Opens the account in which a strategy is tested."""

from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.parameters import day, number

_INVESTED = 0.96
"""Fraction of the account; the rest pays the fees and a higher open."""


def open_account(algorithm: QCAlgorithm, start: str, end: str, capital: float, benchmark: str = "") -> None:
    """Sets period, capital, brokerage, slippage and benchmark, before any security is added.

    Reads the parameters start_date and end_date (YYYY-MM-DD), initial_capital (dollars), slippage_pct (by how much
    fills are worse, a fraction of the price; 0 by default) and benchmark (the ticker of a US stock or ETF).

    Args:
        algorithm: the strategy, in its `initialize`.
        start: the default of start_date.
        end: the default of end_date.
        capital: the default of initial_capital, dollars.
        benchmark: the default of benchmark; empty for the first security that is added.
    """
    algorithm.set_start_date(day(algorithm, "start_date", start))
    algorithm.set_end_date(day(algorithm, "end_date", end))
    algorithm.set_cash(number(algorithm, "initial_capital", capital))
    # Positions never add up to more than the account: nothing is borrowed, margin only spares settlement days.
    algorithm.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN)
    slippage = number(algorithm, "slippage_pct", 0)
    if not 0 <= slippage < 1:
        raise ValueError(f"slippage_pct is {slippage:g}: a fraction from 0 to below 1 is needed")
    if slippage:
        model = ConstantSlippageModel(slippage)
        algorithm.add_security_initializer(lambda security: security.set_slippage_model(model))
    # Last: the benchmark is a security like any other, with the brokerage's models and the slippage.
    _set_benchmark(algorithm, algorithm.get_parameter("benchmark", benchmark))


def _set_benchmark(algorithm: QCAlgorithm, ticker: str) -> None:
    """Compares with the last daily close of a ticker, or, where it is empty, of the first security that is added.

    Without it the brokerage model's benchmark is the constant 0. A symbol would make LEAN ask for hourly prices, which
    a folder of daily ones does not have, and would be 0 again.
    """
    added: list[Security] = []

    def note(security: Security) -> None:
        # LEAN takes a function written in Python, so not added.append itself.
        added.append(security)

    if ticker:
        note(algorithm.add_equity(ticker, Resolution.DAILY, fill_forward=False))
    else:
        algorithm.add_security_initializer(note)
    algorithm.set_benchmark(lambda _: added[0].price if added else 0)


def position_size(algorithm: QCAlgorithm, positions: int) -> float:
    """Reads position_size_pct: the fraction of the account put into each position.

    Args:
        algorithm: the strategy.
        positions: how many can be open at once; each gets an equal part by default.

    Raises:
        ValueError: all positions together are more than the account.
    """
    size = number(algorithm, "position_size_pct", _INVESTED / positions)
    if size <= 0:
        raise ValueError(f"position_size_pct is {size:g}: a fraction above 0 is needed")
    if size * positions > 1 + 1e-9:
        raise ValueError(f"position_size_pct {size:g} times {positions} positions is more than the account")
    return size
