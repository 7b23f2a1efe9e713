"""Chooses the combination of a window that is traded after it. Pure: candidates in, a choice and its reason out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from strategy_testing.search.space import canonical_value

BEST, PLATEAU = "best", "plateau"
_MOST_REASONS = 3


@dataclass(frozen=True)
class Candidate:
    """One combination in-sample."""

    name: str
    """Under which its maker knows it."""
    parameters: Mapping[str, str]
    """What varies, without the dates."""
    target: Decimal | None
    """Of the target metric; None where it is not known, as after a crash."""
    objections: tuple[str, ...] = ()
    """Why it may not be chosen."""


@dataclass(frozen=True)
class Choice:
    """What is traded after a window."""

    candidate: Candidate | None
    """None: nothing qualifies, so nothing is traded."""
    reason: str
    """For people."""


def choose(candidates: Sequence[Candidate], how: str, *, smaller_is_better: bool = False) -> Choice:
    """The best of those that qualify.

    Args:
        candidates: all of the window; a combination that was tested twice may stand there twice.
        how: `best` by the target; `plateau` by the median target of the combination's neighbours in the grid, those
            that are one step away in one numeric parameter, whether they qualify or not; one that has no neighbour
            stands for itself.
        smaller_is_better: of the target.
    """
    able = [each for each in candidates if not each.objections and each.target is not None]
    if not able:
        return Choice(None, _why_none(candidates))
    sign = -1 if smaller_is_better else 1
    around = _Neighbours(candidates) if how == PLATEAU else None

    def score(candidate: Candidate) -> Decimal:
        targets = around.targets(candidate) if around else []
        return sign * median(targets or [_target(candidate)])

    # Of equals the one that is better itself, then the first by its values: always the same.
    chosen = max(sorted(able, key=_order), key=lambda each: (score(each), sign * _target(each)))
    of = f"of {len(able)} that qualify, {len(candidates)} in all"
    if around is None:
        return Choice(chosen, f"best target {_target(chosen):f} {of}")
    count = len(around.targets(chosen))
    by = f"median target {sign * score(chosen):f} of {count} neighbours" if count else "no neighbour, so its own target"
    return Choice(chosen, f"{by}, own {_target(chosen):f}; best plateau {of}")


def _target(candidate: Candidate) -> Decimal:
    assert candidate.target is not None  # only those that have one are compared  # noqa: S101
    return candidate.target


def _order(candidate: Candidate) -> list[tuple[str, str]]:
    return sorted(candidate.parameters.items())


def _why_none(candidates: Sequence[Candidate]) -> str:
    """`nothing qualifies: 3 No trades, 1 Insufficient trades`."""
    if not candidates:
        return "nothing qualifies: no in-sample backtest has a result"
    kinds = Counter(reason.partition(":")[0] for each in candidates for reason in each.objections)
    without = sum(1 for each in candidates if not each.objections and each.target is None)
    told = [f"{count} {kind}" for kind, count in kinds.most_common(_MOST_REASONS)]
    told += [f"{without} without a target value"] if without else []
    return f"nothing qualifies of {len(candidates)}: {', '.join(told)}"


class _Neighbours:
    """Who stands beside whom in the grid that the candidates make."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._places = axis_places([each.parameters for each in candidates])
        self._targets = {frozenset(_canonical(each.parameters).items()): each.target for each in candidates}

    def targets(self, candidate: Candidate) -> list[Decimal]:
        """Of the combinations one step away in one parameter, as far as they are known."""
        here = _canonical(candidate.parameters)
        found = []
        for name, order in self._places.items():
            place = order.index(here[name]) if name in here else -2
            beside = [order[i] for i in (place - 1, place + 1) if 0 <= i < len(order)]
            found += [self._targets.get(frozenset((here | {name: value}).items())) for value in beside]
        return [target for target in found if target is not None]


def _canonical(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: canonical_value(value) for name, value in parameters.items()}


def axis_places(combinations: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """The values of each parameter that is a number in all of the combinations, canonical, in ascending order."""
    axes: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for each in combinations for name in each):
        values = {canonical_value(each[name]) for each in combinations if name in each}
        with suppress(ArithmeticError):  # texts have no order
            axes[name] = sorted(values, key=Decimal)
    return axes
