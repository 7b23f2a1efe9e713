"""Finds what makes no sense in a run's results: parameters without effect, no trades, other dates than asked for.

Pure: results in, plain warnings out. LEAN reports none of this.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise

from strategy_testing.config.model import BacktestSettings
from strategy_testing.metrics.catalogue import METRICS
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.search.space import canonical_value

_MOST_WARNINGS = 12
_MOST_SHOWN = 3

_Combination = tuple[tuple[str, str], ...]
"""Names and canonical values of the parameters, by name."""


@dataclass(frozen=True)
class _Outcome:
    """What of a combination's result is compared."""

    figures: tuple[Decimal | None, ...]
    is_idle: bool
    """Whether it placed no order at all."""


_Outcomes = Mapping[_Combination, _Outcome]
_Groups = Sequence[Mapping[str, _Outcome]]
"""Outcomes by the value of one parameter; within a group all other parameters are the same."""


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
    outcomes: dict[_Combination, _Outcome] = {}
    for result in finished:
        outcomes.setdefault(_combination(result), _outcome(result))
    warnings = [
        *_other_settings(finished, requested),
        *_without_prices(finished),
        *_mixtures(finished),
        *_no_trades(finished),
        *_without_effect(outcomes, tuple(dict.fromkeys(parameters))),
    ]
    more = len(warnings) - _MOST_WARNINGS
    return [*warnings[:_MOST_WARNINGS], f"and {more} more"] if more > 0 else warnings


def _combination(result: BacktestResult) -> _Combination:
    return tuple(sorted((name, _canonical(value)) for name, value in result.parameters.items()))


@cache
def _number(canonical: str) -> Decimal | None:
    try:
        number = Decimal(canonical)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


_canonical = cache(canonical_value)


def _outcome(result: BacktestResult) -> _Outcome:
    figures = tuple(result.metrics.get(metric.column) for metric in METRICS)
    return _Outcome(figures, result.metrics.get("total_orders") == 0)


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


def _without_effect(outcomes: _Outcomes, parameters: Sequence[str]) -> Iterator[str]:
    """Parameters, and neighbouring values of them, that change nothing."""
    tested = {tuple(pair for pair in combination if pair[0] in parameters) for combination in outcomes}
    if len(tested) > 1 and len(set(outcomes.values())) == 1:
        if not next(iter(outcomes.values())).is_idle:  # else the missing orders explain it, and are reported already
            yield (
                f"all {len(outcomes)} combinations gave the same result: either the strategy does not read the "
                f"parameters, or these values make no difference; let it read each with get_parameter, under the "
                f"config's {_names(parameters)}, or try values further apart"
            )
        return
    neighbours: list[str] = []
    for name in parameters:
        groups = _groups(outcomes, name)
        if groups and all(len(set(group.values())) == 1 for group in groups):
            pairs = sum(len(group) * (len(group) - 1) // 2 for group in groups)
            yield (
                f"{name} has no effect: every figure is the same {_in_pairs(pairs)} of backtests that differ in "
                f"nothing else; {_remedy(name, groups)}"
            )
        else:
            neighbours += _same_neighbours(name, groups)
    yield from neighbours


def _remedy(name: str, groups: _Groups) -> str:
    if all(outcome.is_idle for group in groups for outcome in group.values()):
        return "none of them placed an order; compare where the strategy trades"
    return f"let the strategy read {name} with get_parameter and use it, or take it out of the search"


def _groups(outcomes: _Outcomes, name: str) -> _Groups:
    """Combinations that differ in one parameter only, two or more in a group."""
    groups: dict[_Combination, dict[str, _Outcome]] = {}
    for combination, outcome in outcomes.items():
        value = next((value for each, value in combination if each == name), None)
        if value is not None:
            others = tuple(pair for pair in combination if pair[0] != name)
            groups.setdefault(others, {})[value] = outcome
    return [group for group in groups.values() if len(group) > 1]


def _same_neighbours(name: str, groups: _Groups) -> Iterator[str]:
    """Adjacent values that give the same result wherever they can be compared; a row of them at once."""
    values = sorted({value for group in groups for value in group}, key=_by_number)
    both: dict[tuple[str, str], list[tuple[_Outcome, _Outcome]]] = {pair: [] for pair in pairwise(values)}
    following = dict(pairwise(values))
    for group in groups:
        for value, outcome in group.items():
            after = following.get(value)
            if after is not None and after in group:
                both[value, after].append((outcome, group[after]))
    alike = [pair for pair, pairs in both.items() if pairs and all(first == second for first, second in pairs)]
    while alike:
        row = [alike.pop(0)]
        while alike and alike[0][0] == row[-1][1]:
            row.append(alike.pop(0))
        compared = [first for pair in row for first, _ in both[pair]]
        if all(outcome.is_idle for outcome in compared):
            advice = "none of them placed an order; look for trades elsewhere"
        else:
            advice = "one of these values is enough, or check how the strategy uses them"
        shown = _listed([row[0][0], *(pair[1] for pair in row)])
        yield f"{name} {shown} give the same result {_in_pairs(len(compared))} of backtests; {advice}"


def _in_pairs(count: int) -> str:
    return "in the one pair" if count == 1 else f"in all {count} pairs"


def _by_number(value: str) -> tuple[bool, Decimal, str]:
    """Numbers by size, then texts."""
    number = _number(value)
    return number is None, number or Decimal(0), value


def _listed(values: Sequence[str]) -> str:
    if len(values) > _MOST_SHOWN + 1:
        return f"{values[0]} to {values[-1]} ({len(values)} values)"
    return f"{', '.join(values[:-1])} and {values[-1]}"


def _names(parameters: Sequence[str]) -> str:
    shown = ", ".join(parameters[:_MOST_SHOWN])
    return f"name{'s' if len(parameters) > 1 else ''} {shown}{', …' if len(parameters) > _MOST_SHOWN else ''}"


def _counted(values: Counter[str]) -> str:
    """`2012-01-01` or, where there are several, `2012-01-01 (3 backtests), 2013-01-01 (1 backtest)`."""
    shown = values.most_common(_MOST_SHOWN)
    if len(values) == 1:
        return shown[0][0]
    more = f" and {len(values) - len(shown)} more" if len(values) > len(shown) else ""
    return ", ".join(f"{value} ({number_of(count, 'backtest')})" for value, count in shown) + more
