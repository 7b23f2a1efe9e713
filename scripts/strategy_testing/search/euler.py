"""What a real Euler search needs: a coarse first step that halves down to the finest one.

LEAN's engine refines while step > min-step, and each round divides the step by the number of segments. With two
segments and a first step of min-step × 2^k every round divides evenly, so that whole numbers stay whole and are
written without a decimal point; each round looks at the best value and one step to either side of it.
"""

from decimal import Decimal

from strategy_testing.search.space import RangeParameter, range_count

SEGMENTS = 2
_FIRST_ROUND_STEPS = 2
"""The first round looks at no fewer than three values of a range: both ends' regions and the middle."""


def steps(parameter: RangeParameter) -> tuple[Decimal, Decimal]:
    """The first and the finest step of a parameter's refinement.

    Where the config gives min_step, its step is the first one. Else its step is the finest, and the first is the
    coarsest doubling of it that still takes three values out of the range.
    """
    if parameter.min_step is not None:
        return parameter.step, parameter.min_step
    coarse = parameter.step
    while range_count(parameter.start, parameter.end, coarse * 2) > _FIRST_ROUND_STEPS:
        coarse *= 2
    return coarse, parameter.step


def halves_evenly(first: Decimal, finest: Decimal) -> bool:
    """Whether first = finest × 2^k, so that every round's step is exact."""
    while first > finest:
        first /= 2
    return first == finest


def degenerates_to_grid(parameters: list[RangeParameter]) -> bool:
    """Whether no parameter has a step to refine, so that the search would be a plain grid."""
    return all(first <= finest for first, finest in map(steps, parameters))
