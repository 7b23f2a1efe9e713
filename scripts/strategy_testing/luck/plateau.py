"""Whether a combination stands on a plateau of the grid or on a peak beside a cliff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from statistics import median

_FEWEST_FOR_AN_EDGE = 3
"""Of two values both are ends."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A combination among those one step away: one parameter's next value up or down among those tried."""

    plateau: float | None
    """Median target of these / its own: 1 on a plateau. None without any, or where its own is not above 0."""
    worst_step: float | None
    """How much worse the worst of these is, as a fraction of its own target; 0 where none is worse; None as above."""
    on_edge: bool
    """Whether a parameter of three or more values has its first or last, so that what lies beyond was not tried."""


def surroundings(
    combinations: Sequence[Mapping[str, str]], targets: Sequence[float | None], *, is_max: bool = True
) -> list[Surroundings]:
    """Of each combination; parameters that are no numbers have no order, and no steps.

    The question is that of LEAN's own analysis of an optimisation ("Parameter sensitivity").

    Args:
        combinations: the values of each, as texts, all of the same names; each once.
        targets: of each, None where it is not known.
        is_max: whether more of the target is better.
    """
    names = sorted({name for combination in combinations for name in combination})
    axes = {name: _axis([combination.get(name) for combination in combinations]) for name in names}
    places = [_place(combination, axes) for combination in combinations]
    known = {place: target for place, target in zip(places, targets, strict=True) if target is not None}
    lengths = [len(axes[name] or ()) for name in names]
    return [
        _of_one(place, lengths, target, known, is_max=is_max) for place, target in zip(places, targets, strict=True)
    ]


def _axis(values: Sequence[str | None]) -> dict[Decimal, int] | None:
    """The place of each number; None where not all are numbers."""
    try:
        numbers = {Decimal(value or "") for value in values}
    except InvalidOperation:
        return None
    if not all(number.is_finite() for number in numbers):
        return None
    return {number: place for place, number in enumerate(sorted(numbers))}


def _place(combination: Mapping[str, str], axes: Mapping[str, dict[Decimal, int] | None]) -> tuple[int | str, ...]:
    return tuple(
        combination.get(name, "") if axis is None else axis[Decimal(combination[name])] for name, axis in axes.items()
    )


def _of_one(
    place: tuple[int | str, ...],
    lengths: Sequence[int],
    own: float | None,
    known: Mapping[tuple[int | str, ...], float],
    *,
    is_max: bool,
) -> Surroundings:
    steps = [(number, at) for number, at in enumerate(place) if isinstance(at, int)]
    on_edge = any(lengths[number] >= _FEWEST_FOR_AN_EDGE and at in (0, lengths[number] - 1) for number, at in steps)
    beside = [(*place[:number], at + step, *place[number + 1 :]) for number, at in steps for step in (-1, 1)]
    around = [known[one] for one in beside if one in known]
    if own is None or own <= 0 or not around:
        return Surroundings(None, None, on_edge)
    worst = own - min(around) if is_max else max(around) - own
    return Surroundings(median(around) / own, max(0.0, worst) / own, on_edge)
