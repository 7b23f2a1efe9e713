"""Which parameters, and which of their values, make no difference: different combinations, identical results. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise

from strategy_testing.metrics.catalogue import METRICS
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.combinations import distinct_combinations
from strategy_testing.search.protocol import Search
from strategy_testing.search.space import canonical_pair

_MOST_SHOWN = 3

_Combination = tuple[tuple[str, str], ...]
"""Names and canonical values of the parameters, by name."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What of a combination's result is compared."""

    figures: str | tuple[Decimal | None, ...]
    """The hash of all that LEAN reports; where it is not known, what is stored."""
    is_idle: bool
    """Whether it placed no order at all."""


_Outcomes = Mapping[_Combination, _Outcome]
_Group = Mapping[str, _Outcome]
"""Outcomes by the value of one parameter; all other parameters are the same."""
_Groups = Sequence[_Group]


def find_effectless(finished: Sequence[BacktestResult], parameters: Sequence[str]) -> Iterator[str]:
    """Warnings of parameters, and of neighbouring values of them, that change nothing wherever they can be compared.

    Args:
        finished: the backtests of one run that did not fail; a combination that was tested twice counts once.
        parameters: the names of the optimised parameters.
    """
    return _without_effect(_outcomes(finished), tuple(dict.fromkeys(parameters)))


def find_twins(results: Sequence[BacktestResult], parameters: Sequence[str], search: Search) -> list[str]:
    """One warning of how many results differ, where some do not, and where: `72 combinations, 61 distinct results: …`.

    Nothing is said where all are different, and where all are the same, which find_effectless says.

    Args:
        results: the backtests of one run; those that failed are passed over.
        parameters: the names of the optimised parameters.
        search: which tells the combinations apart.
    """
    finished = [result for result in results if result.status is BacktestStatus.COMPLETED]
    outcomes = _outcomes(finished)
    distinct = len(set(outcomes.values()))
    if distinct in (1, len(outcomes)):
        return []
    named = [text for name in dict.fromkeys(parameters) if (text := _alike(outcomes, name, parameters))]
    where = "; ".join(named) or "combinations that differ in several parameters give the same result"
    return [f"{distinct_combinations(finished, search)} combinations, {distinct} distinct results: {where}"]


def _alike(outcomes: _Outcomes, name: str, parameters: Sequence[str]) -> str | None:
    """`exit makes no difference in 4 of 18 slices, such as between 50 and 55 at entry 25`; None where it makes one."""
    slices = _slices(outcomes, name)
    alike = {others: values for others, group in slices.items() if (values := _most_alike(group))}
    if not alike:
        return None
    example = min(alike, key=lambda others: (-len(alike[others]), others))
    shown = ", ".join(f"{other} {value}" for other, value in example if other in parameters)
    where = f" in {len(alike)} of {len(slices)} slices," if len(slices) > 1 else ""
    such_as = " such as" if len(alike) > 1 else ""
    at = f" at {shown}" if shown else ""
    idle = " (no order)" if slices[example][alike[example][0]].is_idle else ""
    return f"{name} makes no difference{where}{such_as} between {_listed(alike[example])}{at}{idle}"


def _most_alike(group: _Group) -> list[str]:
    """The largest set of values that give the same result, by size; empty where no two do."""
    by_outcome: dict[_Outcome, list[str]] = {}
    for value in sorted(group, key=_by_number):
        by_outcome.setdefault(group[value], []).append(value)
    most = max(by_outcome.values(), key=len)
    return most if len(most) > 1 else []


def _outcomes(finished: Sequence[BacktestResult]) -> _Outcomes:
    outcomes: dict[_Combination, _Outcome] = {}
    for result in finished:
        outcomes.setdefault(_combination(result), _outcome(result))
    return outcomes


def _combination(result: BacktestResult) -> _Combination:
    return tuple(sorted(canonical_pair(name, value) for name, value in result.parameters.items()))


@cache
def _number(canonical: str) -> Decimal | None:
    try:
        number = Decimal(canonical)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _outcome(result: BacktestResult) -> _Outcome:
    figures = result.outcome_hash or tuple(result.metrics.get(metric.column) for metric in METRICS)
    return _Outcome(figures, result.metrics.get("total_orders") == 0)


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
    return list(_slices(outcomes, name).values())


def _slices(outcomes: _Outcomes, name: str) -> dict[_Combination, dict[str, _Outcome]]:
    """The same by what the other parameters are."""
    groups: dict[_Combination, dict[str, _Outcome]] = {}
    for combination, outcome in outcomes.items():
        value = next((value for each, value in combination if each == name), None)
        if value is not None:
            others = tuple(pair for pair in combination if pair[0] != name)
            groups.setdefault(others, {})[value] = outcome
    return {others: group for others, group in groups.items() if len(group) > 1}


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
