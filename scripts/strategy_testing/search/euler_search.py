"""Euler search: a coarse first step that halves down to the finest one around the best combination.

LEAN's engine refines while step > min-step, and each round divides the step by the number of segments. With two
segments and a first step of min-step × 2^k every round divides evenly, so that whole numbers stay whole and are
written without a decimal point; each round looks at the best value and one step to either side of it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from strategy_testing.search.conditions import Condition
from strategy_testing.search.protocol import Objection, Part, Refinement
from strategy_testing.search.space import Parameter, RangeParameter, middle_values, range_count, value_text

SEGMENTS = 2
_TORN = re.compile(r"[\s,:]")
"""Where LEAN cuts the one word `name:value,name:value` in which it hands the parameters on."""
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


@dataclass(frozen=True)
class EulerSearch:
    """Refines ranges by its results. 30 and 30.0 are two combinations, as LEAN takes them within such a search."""

    parameters: tuple[Parameter, ...]

    name: ClassVar[str] = "Euler Search"
    segments: ClassVar[int] = SEGMENTS

    @property
    def combinations(self) -> int | None:
        """None: the results decide."""
        return None

    @property
    def size(self) -> str:
        """That it is not known."""
        return "an Euler search: the number of combinations is not known beforehand"

    @property
    def middle(self) -> Mapping[str, str]:
        """Of every parameter the middle value."""
        return middle_values(self.parameters)

    @property
    def doubt(self) -> str | None:
        """That no parameter has a step to refine."""
        ranges = [parameter for parameter in self.parameters if isinstance(parameter, RangeParameter)]
        if not ranges or any(first > finest for first, finest in map(steps, ranges)):
            return None
        return (
            "with these steps there is nothing to refine, so Euler Search is a plain grid; "
            "give finer steps, or write Grid Search"
        )

    @staticmethod
    def objection(parameter: Parameter, *, is_whole: bool = False) -> Objection | None:
        """It refines ranges only, and whole numbers only by steps that halve evenly."""
        if not isinstance(parameter, RangeParameter):
            message = "Euler Search refines ranges, not lists; give start, end and step, or Grid Search"
            if len(parameter.values) == 1 and _TORN.search(str(parameter.values[0])):
                message = "LEAN tears a text apart at blanks, commas and colons here; use |, or Grid Search"
            elif len(parameter.values) == 1:
                return None
            return Objection("values", message)
        step, finest = parameter.step, parameter.min_step
        if finest is None:
            return None
        if finest > step:
            return Objection("min_step", f"{finest} is above step {step}; the search goes from step down to min_step")
        if not is_whole or halves_evenly(step, finest):
            return None
        doubled = finest
        while doubled * 2 <= step:
            doubled *= 2
        use = f"use step {doubled} or {doubled * 2}"
        return Objection("min_step", f"step {step} does not halve down to {finest} in whole numbers; {use}")

    def restricted(self, where: tuple[Condition, ...]) -> str:
        """Not at all: LEAN itself chooses what to test next."""
        return "LEAN chooses what an Euler Search tests, and knows no conditions; use Grid Search, or leave it out"

    def key(self, combination: Mapping[str, str]) -> frozenset[tuple[str, str]]:
        """By what is written."""
        return frozenset(combination.items())

    def includes(self, combination: Mapping[str, str]) -> bool:
        """False: the results decide."""
        return False

    def parts(self, done: Collection[Mapping[str, str]]) -> list[Part]:
        """One, whatever is done: it begins anew."""
        return [Part({parameter.name: _axis(parameter) for parameter in self.parameters}, None)]


def _axis(parameter: Parameter) -> str | Refinement:
    if not isinstance(parameter, RangeParameter):
        return value_text(parameter.values[0])  # `objection` lets only lists of one value through
    return Refinement(parameter.start, parameter.end, *steps(parameter))
