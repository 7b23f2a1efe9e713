"""Finds what makes no sense in a run's results: parameters without effect, no trades, other dates than asked for.

Pure: results in, plain warnings out. LEAN reports none of this.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from strategy_testing.config.model import BacktestSettings
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict.effects import find_effectless

_MOST_WARNINGS = 12
_MOST_SHOWN = 3


def find_nonsense(
    results: Sequence[BacktestResult], parameters: Sequence[str], requested: BacktestSettings
) -> list[str]:
    """Warnings for people, each with what to do; an empty list when nothing is wrong.

    Args:
        results: the backtests of one run; those that failed are passed over, and a combination that was tested
            several times counts once.
        parameters: the names of the optimised parameters.
        requested: the period and the capital that the config asks for.
    """
    finished = [result for result in results if result.status is BacktestStatus.COMPLETED]
    warnings = [
        *_other_settings(finished, requested),
        *_without_prices(finished),
        *_mixtures(finished),
        *_no_trades(finished),
        *find_effectless(finished, parameters),
    ]
    more = len(warnings) - _MOST_WARNINGS
    return [*warnings[:_MOST_WARNINGS], f"and {more} more"] if more > 0 else warnings


def _other_settings(finished: Sequence[BacktestResult], requested: BacktestSettings) -> Iterator[str]:
    """Dates and capital that are not those asked for."""
    days = ([result.backtest_start for result in finished], [result.backtest_end for result in finished])
    equities = [result.metrics.get("start_equity") for result in finished]
    rows: list[tuple[str, str, date | Decimal | None, str, Sequence[date | Decimal | None], str]] = [
        ("start_date", "the start_date", requested.start_date, "started on", days[0], "set_start_date"),
        ("end_date", "the end_date", requested.end_date, "ended on", days[1], "set_end_date"),
        ("initial_capital", "an initial_capital of", requested.initial_capital, "started with", equities, "set_cash"),
    ]
    for name, asked, wanted, did, found, call in rows:
        others = Counter(_shown(value) for value in found if None not in (value, wanted) and value != wanted)
        if others:
            yield (
                f"the config asks for {asked} {_shown(wanted)}, but {others.total()} of "
                f"{number_of(len(finished), 'backtest')} {did} {_counted(others)}; "
                f"let the strategy read the parameter {name} and pass it to {call}"
            )


def _shown(value: date | Decimal | None) -> str:
    return f"${value:,f}" if isinstance(value, Decimal) else str(value)


def _without_prices(finished: Sequence[BacktestResult]) -> Iterator[str]:
    """Tickers for which LEAN found nothing while it found prices of others."""
    counts = Counter(ticker for result in finished for ticker in result.without_prices)
    for count in sorted(set(counts.values()), reverse=True):
        tickers = [ticker for ticker, times in counts.items() if times == count]
        more = f" and {len(tickers) - _MOST_SHOWN} more" if len(tickers) > _MOST_SHOWN else ""
        yield (
            f"no prices of {', '.join(tickers[:_MOST_SHOWN])}{more} in {count} of "
            f"{number_of(len(finished), 'backtest')}; get them with `lean data download`, or leave these tickers out"
        )


def _mixtures(finished: Sequence[BacktestResult]) -> Iterator[str]:
    """What must be the same in every backtest of a run, and is not."""
    versions = Counter(result.lean_version for result in finished if result.lean_version)
    if len(versions) > 1:
        yield (
            f"the backtests were run by {len(versions)} versions of LEAN: {_counted(versions)}; their figures may "
            "differ for that alone, run all of them with one version (lean.image)"
        )
    currencies = Counter(result.account_currency for result in finished if result.account_currency)
    if len(currencies) > 1:
        yield (
            f"the backtests have {len(currencies)} account currencies: {_counted(currencies)}; their amounts do not "
            "compare, set one account currency in the strategy"
        )


def _no_trades(finished: Sequence[BacktestResult]) -> Iterator[str]:
    if not finished or any(result.metrics.get("total_trades") != 0 for result in finished):
        return
    orders = [result.metrics.get("total_orders") or 0 for result in finished]
    if any(orders):
        what = f"{number_of(sum(orders), 'order')} placed by {sum(map(bool, orders))} of {len(orders)}, nothing closed"
        check = "check the exit conditions, and whether the orders are filled"
    else:
        what = "0 orders placed"
        check = "check the entry conditions, the warm-up, the dates and whether there are prices for them"
    yield f"no trade in any of {number_of(len(finished), 'backtest')} ({what}); {check}"


def _counted(values: Counter[str]) -> str:
    """`2012-01-01` or, where there are several, `2012-01-01 (3 backtests), 2013-01-01 (1 backtest)`."""
    shown = values.most_common(_MOST_SHOWN)
    if len(values) == 1:
        return shown[0][0]
    more = f" and {len(values) - len(shown)} more" if len(values) > len(shown) else ""
    return ", ".join(f"{value} ({number_of(count, 'backtest')})" for value, count in shown) + more
