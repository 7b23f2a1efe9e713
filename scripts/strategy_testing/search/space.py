"""Parameters and their values, counted exactly as LEAN runs them: a range is min + i × step ≤ max in decimals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

_MAX_EXPONENT = 28  # what LEAN's decimal holds; beyond it a text is no number to LEAN


@dataclass(frozen=True)
class Progression:
    """One numeric axis of a grid: start + i × step for i < count."""

    start: Decimal
    step: Decimal
    count: int

    @property
    def end(self) -> Decimal:
        """The last value."""
        return self.start + (self.count - 1) * self.step

    def values(self) -> list[Decimal]:
        """Every value, exact."""
        return [self.start + i * self.step for i in range(self.count)]


@dataclass(frozen=True)
class RangeParameter:
    """start, start + step, … ≤ end."""

    name: str
    start: Decimal
    end: Decimal
    step: Decimal
    min_step: Decimal | None = None
    """Euler search only: the finest step of the refinement; None means `step` is it."""

    @property
    def progression(self) -> Progression:
        """Its values as one progression."""
        return Progression(self.start, self.step, range_count(self.start, self.end, self.step))

    @property
    def values(self) -> tuple[Decimal | str, ...]:
        """Every value, exact."""
        return tuple(self.progression.values())

    def canonical_values(self) -> set[str]:
        """The values as canonical_value writes them."""
        return {canonical_value(str(value)) for value in self.values}

    def middle(self) -> Decimal:
        """The value in the middle, the lower of two."""
        return self.start + (self.progression.count - 1) // 2 * self.step


@dataclass(frozen=True)
class ListParameter:
    """The given values and no others: numbers, texts, or booleans as the texts `true` and `false`."""

    name: str
    values: tuple[Decimal | str, ...]

    @property
    def progression(self) -> Progression | None:
        """Its values as one progression, in ascending order; None where they are none."""
        numbers = sorted(value for value in self.values if isinstance(value, Decimal))
        if len(numbers) < len(self.values):
            return None
        found = Progression(numbers[0], numbers[1] - numbers[0] if len(numbers) > 1 else Decimal(1), len(numbers))
        return found if found.values() == numbers else None

    def canonical_values(self) -> set[str]:
        """The values as canonical_value writes them."""
        return {canonical_value(str(value)) for value in self.values}

    def middle(self) -> Decimal | str:
        """The value in the middle of the list, the former of two."""
        return self.values[(len(self.values) - 1) // 2]


Parameter = RangeParameter | ListParameter


def range_count(start: Decimal, end: Decimal, step: Decimal) -> int:
    """How many values min + i × step ≤ max a range has, without rounding.

    Raises:
        ValueError: step is not positive.
    """
    if step <= 0:
        raise ValueError("step must be positive")
    if start > end:
        return 0
    return math.floor((Fraction(end) - Fraction(start)) / Fraction(step)) + 1


def count_combinations(parameters: Sequence[Parameter]) -> int:
    """The number of combinations of a grid search over these parameters."""
    return math.prod(
        parameter.progression.count if isinstance(parameter, RangeParameter) else len(parameter.values)
        for parameter in parameters
    )


def canonical_value(text: str) -> str:
    """A parameter's value without the spellings that mean the same: 30.0 and 30, 2.500 and 2.5."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        return text
    return plain(number)


@lru_cache(maxsize=1 << 14)
def canonical_pair(name: str, value: str) -> tuple[str, str]:
    """A parameter and its canonical value: one for all of the thousands of combinations that have it."""
    return name, canonical_value(value)


def plain(number: Decimal) -> str:
    """A number without exponent or needless zeros: 10, 0.005."""
    return f"{number.normalize():f}" if number else "0"


def value_text(value: Decimal | str) -> str:
    """A parameter's value as a strategy is given it: a number plain, a text as it is."""
    return value if isinstance(value, str) else plain(value)


def middle_values(parameters: Sequence[Parameter]) -> dict[str, str]:
    """Of every parameter the value in the middle, as a strategy is given it."""
    return {parameter.name: value_text(parameter.middle()) for parameter in parameters}
