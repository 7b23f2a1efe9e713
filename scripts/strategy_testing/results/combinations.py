"""Which combination of parameters a result belongs to. Pure."""

from collections.abc import Hashable, Iterable

from strategy_testing.results.backtest import BacktestResult
from strategy_testing.search.protocol import Search


def distinct_combinations(results: Iterable[BacktestResult], search: Search) -> int:
    """How many combinations the results cover; one that was tested twice counts once.

    Args:
        results: finished backtests.
        search: knows which are the same.
    """
    return len({combination_of(result, search) for result in results})


def combination_of(result: BacktestResult, search: Search) -> Hashable:
    """What all results of one combination have in common; for a result that names no parameters, its own id."""
    return search.key(result.parameters) or result.backtest_id
