"""What a helper's result says about the data in a slice."""

from collections.abc import Iterable
from dataclasses import dataclass

from strategy_checks.bar_facts import Every, Facts, translated
from strategy_checks.code_model import Function

RESULT = "THE_RESULT"
"""What a helper's result is called as an iterable."""


@dataclass(frozen=True)
class Summary:
    """What a function's result says, in the words of its parameters."""

    yes: Facts
    no: Facts
    elements: frozenset[Every]
    """With the result as the iterable, which has no name there."""


def summarised(yes: Facts, no: Facts, elements: Iterable[tuple[str, str]], function: Function) -> Summary:
    """A summary that speaks of nothing but the function's parameters and its object."""
    spoken = {parameter.arg for parameter in function.every_parameter} | {function.itself or "self"}
    result = frozenset(Every(container, RESULT, pattern) for container, pattern in elements)
    kept = translated(result, {}, {*spoken, RESULT})
    return Summary(
        translated(yes, {}, spoken),
        translated(no, {}, spoken),
        frozenset(each for each in kept if isinstance(each, Every)),
    )
