"""The combinations of a config, counted exactly as LEAN runs them, and the grids that cover them.

LEAN's optimizer takes ranges: the values of one are min + i × step ≤ max in decimal arithmetic. An irregular list or
a list of texts is therefore covered by several grids, each of them one `lean optimize`, none of which repeats a
combination of another.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

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
        """Its values."""
        return Progression(self.start, self.step, range_count(self.start, self.end, self.step))

    def canonical_values(self) -> set[str]:
        """The values as canonical_value writes them."""
        return {canonical_value(str(value)) for value in self.progression.values()}

    def middle(self) -> Decimal:
        """The value in the middle, the lower of two."""
        return self.start + (self.progression.count - 1) // 2 * self.step


@dataclass(frozen=True)
class ListParameter:
    """The given values and no others: numbers, texts, or booleans as the texts `true` and `false`."""

    name: str
    values: tuple[Decimal | str, ...]

    def canonical_values(self) -> set[str]:
        """The values as canonical_value writes them."""
        return {canonical_value(str(value)) for value in self.values}

    def middle(self) -> Decimal | str:
        """The value in the middle of the list, the former of two."""
        return self.values[(len(self.values) - 1) // 2]


Parameter = RangeParameter | ListParameter


Axis = Progression | str
"""What one parameter does within a grid: run through a progression, or stay at a text."""


@dataclass(frozen=True)
class Grid:
    """A rectangle of combinations that one `lean optimize` can run."""

    axes: Mapping[str, Axis]

    @property
    def combinations(self) -> int:
        """How many backtests the grid is."""
        return math.prod(axis.count if isinstance(axis, Progression) else 1 for axis in self.axes.values())


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


def cover_with_grids(parameters: Sequence[Parameter]) -> list[Grid]:
    """The fewest-pieces cover of the parameters' product by grids that LEAN can run, without overlap.

    Each list is cut into progressions on its own; the grids are the product of the pieces.
    """
    pieces = [[(parameter.name, axis) for axis in _axes(parameter)] for parameter in parameters]
    return [Grid(dict(combination)) for combination in itertools.product(*pieces)]


def _axes(parameter: Parameter) -> list[Axis]:
    if isinstance(parameter, RangeParameter):
        return [parameter.progression]
    numbers = sorted(value for value in parameter.values if isinstance(value, Decimal))
    texts = [value for value in parameter.values if isinstance(value, str)]
    return [*split_into_progressions(numbers), *texts]


def split_into_progressions(numbers: Sequence[Decimal]) -> list[Progression]:
    """Cuts distinct numbers into disjoint progressions: the longest one first, again and again.

    A lone number becomes a progression of one value with step 1.
    """
    remaining = sorted(numbers)
    pieces: list[Progression] = []
    while remaining:
        longest = _longest_progression(remaining)
        pieces.append(longest)
        taken = set(longest.values())
        remaining = [number for number in remaining if number not in taken]
    return sorted(pieces, key=lambda piece: piece.start)


def _longest_progression(numbers: Sequence[Decimal]) -> Progression:
    present = set(numbers)
    best = Progression(numbers[0], Decimal(1), 1)
    for i, start in enumerate(numbers):
        for second in numbers[i + 1 :]:
            step = second - start
            count = 2
            while start + count * step in present:
                count += 1
            if count > best.count:
                best = Progression(start, step, count)
    return best


def canonical_value(text: str) -> str:
    """A parameter's value without the spellings that mean the same: 30.0 and 30, 2.500 and 2.5."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        return text
    return plain(number)


def plain(number: Decimal) -> str:
    """A number without exponent or needless zeros: 10, 0.005."""
    return f"{number.normalize():f}" if number else "0"


def value_text(value: Decimal | str) -> str:
    """A parameter's value as a strategy is given it: a number plain, a text as it is."""
    return value if isinstance(value, str) else plain(value)
