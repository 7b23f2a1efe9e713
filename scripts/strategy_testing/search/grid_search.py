"""Grid search: every combination of the parameters' values, once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from strategy_testing.search.grids import cover_missing
from strategy_testing.search.protocol import Objection, Part
from strategy_testing.search.space import Parameter, RangeParameter, canonical_value, count_combinations


@dataclass(frozen=True)
class GridSearch:
    """Every combination. Numbers count by their value: 30 and 30.0 are one, however a part of the grid writes them."""

    parameters: tuple[Parameter, ...]

    name: ClassVar[str] = "Grid Search"
    segments: ClassVar[int] = 10  # what the CLI writes; a grid with steps does not use it

    @property
    def combinations(self) -> int | None:
        """How many there are; None where the parameters are not known."""
        return count_combinations(self.parameters) if self.parameters else None

    @property
    def size(self) -> str:
        """`1,200 combinations`."""
        count = count_combinations(self.parameters)
        return f"{count:,} combination{'' if count == 1 else 's'}"

    @property
    def doubt(self) -> str | None:
        """None: a grid does what it says."""
        return None

    @staticmethod
    def objection(parameter: Parameter, *, is_whole: bool = False) -> Objection | None:
        """A grid has no finer steps."""
        if isinstance(parameter, RangeParameter) and parameter.min_step is not None:
            message = "belongs to Euler Search, and the type is Grid Search; remove it or change the type"
            return Objection("min_step", message)
        return None

    def key(self, combination: Mapping[str, str]) -> frozenset[tuple[str, str]]:
        """By the numbers' values."""
        return frozenset((name, canonical_value(value)) for name, value in combination.items())

    def includes(self, combination: Mapping[str, str]) -> bool:
        """Whether it is one of the grid's."""
        return combination.keys() == self._values.keys() and all(
            canonical_value(value) in self._values[name] for name, value in combination.items()
        )

    def parts(self, done: Collection[Mapping[str, str]]) -> list[Part]:
        """The grids of what is not done."""
        return [Part(grid.axes, grid.combinations) for grid in cover_missing(self.parameters, done)]

    @cached_property
    def _values(self) -> dict[str, set[str]]:
        return {parameter.name: parameter.canonical_values() for parameter in self.parameters}
