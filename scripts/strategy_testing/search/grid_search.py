"""Grid search: every combination of the parameters' values, once."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, NamedTuple

from strategy_testing.search.conditions import Condition, Value, as_values
from strategy_testing.search.protocol import COMBINATION, Objection, Part
from strategy_testing.search.space import (
    Parameter,
    Progression,
    RangeParameter,
    canonical_pair,
    canonical_value,
    count_combinations,
    middle_values,
    value_text,
)

MOST_LISTED = 1_000_000
"""Combinations of a search; no machine would finish more."""


@dataclass(frozen=True)
class GridSearch:
    """Every combination. Numbers count by their value: 30 and 30.0 are one, however a part of the grid writes them."""

    parameters: tuple[Parameter, ...]
    where: tuple[Condition, ...] = ()
    """What a combination has to satisfy; of no more than MOST_LISTED combinations."""

    name: ClassVar[str] = "Grid Search"
    segments: ClassVar[int] = 10  # what the CLI writes; a grid with steps does not use it

    @property
    def combinations(self) -> int | None:
        """How many there are; None where the parameters are not known."""
        return self._count if self.parameters else None

    @property
    def size(self) -> str:
        """`1,200 combinations`, or `800 of 1,200 combinations`."""
        count = count_combinations(self.parameters)
        of = f"{self._count:,} of " if self.where else ""
        return f"{of}{count:,} combination{'' if count == 1 else 's'}"

    @property
    def middle(self) -> Mapping[str, str]:
        """Of every parameter the middle value; where conditions exclude that, the combination in the list's middle."""
        middle = middle_values(self.parameters)
        if not self.where or self.includes(middle):
            return middle
        return next(itertools.islice(self.listed(), (self._count - 1) // 2, None))

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

    def restricted(self, where: tuple[Condition, ...]) -> "GridSearch":
        """The grid without the combinations that do not satisfy the conditions."""
        return replace(self, where=where)

    def key(self, combination: Mapping[str, str]) -> frozenset[tuple[str, str]]:
        """By the numbers' values."""
        return frozenset(canonical_pair(name, value) for name, value in combination.items())

    def includes(self, combination: Mapping[str, str]) -> bool:
        """Whether it is one of the grid's."""
        if combination.keys() != self._values.keys():
            return False
        chosen = [self._values[name].get(canonical_value(value)) for name, value in combination.items()]
        known = [value for value in chosen if value is not None]
        return len(known) == len(chosen) and self._satisfies(known)

    def parts(self, done: Collection[Mapping[str, str]]) -> list[Part]:
        """One, of what is not done: the grid as it is where it is whole and regular, else its combinations listed."""
        own = [{name: each[name] for name in self._values if name in each} for each in done]
        finished = {self.key(each) for each in own if self.includes(each)}
        axes = {p.name: progression for p in self.parameters if (progression := p.progression) is not None}
        if not finished and not self.where and len(axes) == len(self.parameters):
            return [Part(axes, self.combinations)]
        table = tuple(each for each in self.listed() if self.key(each) not in finished)
        return (
            [Part({COMBINATION: Progression(Decimal(0), Decimal(1), len(table))}, len(table), table)] if table else []
        )

    def listed(self) -> Iterator[dict[str, str]]:
        """Every combination, the last parameter changing fastest."""
        for chosen in itertools.product(*(values.values() for values in self._values.values())):
            if self._satisfies(chosen):
                yield {value.name: value.text for value in chosen}

    def _satisfies(self, chosen: Collection["_Chosen"]) -> bool:
        values = {value.name: value.value for value in chosen} if self.where else {}
        return all(condition.holds(values) for condition in self.where)

    @cached_property
    def _count(self) -> int:
        return sum(1 for _ in self.listed()) if self.where else count_combinations(self.parameters)

    @cached_property
    def _values(self) -> dict[str, dict[str, "_Chosen"]]:
        """By name, and by what canonical_value makes of them."""
        return {
            p.name: {
                canonical_value(str(value)): _Chosen(p.name, seen, value_text(value))
                for value, seen in zip(p.values, as_values(p), strict=True)
            }
            for p in self.parameters
        }


class _Chosen(NamedTuple):
    """One value of one parameter."""

    name: str
    value: Value
    """As conditions see it."""
    text: str
    """As the strategy is given it."""
