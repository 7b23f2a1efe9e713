"""What a search answers: everything that the rest needs to know about it, so that nobody asks which one it is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple, Protocol

from strategy_testing.search.conditions import Condition
from strategy_testing.search.space import Parameter, Progression

COMBINATION = "combination"
"""The parameter through which LEAN counts the places of a table, from 0."""


@dataclass(frozen=True)
class Refinement:
    """One numeric axis of a search that refines: start, start + step, … ≤ end at first, then with finer steps."""

    start: Decimal
    end: Decimal
    step: Decimal
    """Of the first round."""
    min_step: Decimal
    """Of the last round."""


@dataclass(frozen=True)
class Part:
    """What one `lean optimize` searches."""

    axes: Mapping[str, Progression | Refinement | str]
    """What each parameter does: run through a progression, be refined, or stay at a text."""
    combinations: int | None
    """Backtests that it asks for; None where they are not known beforehand."""
    table: tuple[Mapping[str, str], ...] = ()
    """The combinations, where ranges cannot say them; LEAN counts through them by the one axis COMBINATION."""


class Objection(NamedTuple):
    """Why a search cannot vary a parameter."""

    key: str
    """The key of the parameter's section in the config that has to change."""
    message: str


class Search(Protocol):
    """One way to choose combinations out of a parameter space."""

    name: ClassVar[str]
    """As the config's `type` and LEAN's CLI name it; without its blanks the beginning of LEAN's class."""
    segments: ClassVar[int]
    """By how much LEAN divides a step in each round of refinement."""

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        """A search of these parameters; of none where what was asked for is not known."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it varies."""

    @property
    def combinations(self) -> int | None:
        """How many there are; None where that is not known beforehand."""

    @property
    def size(self) -> str:
        """How many there are, in words."""

    @property
    def middle(self) -> Mapping[str, str]:
        """A combination that stands for the others: of every parameter the middle value, where the search tests it."""

    @property
    def doubt(self) -> str | None:
        """Why another search may have been meant."""

    @staticmethod
    def objection(parameter: Parameter, *, is_whole: bool = False) -> Objection | None:
        """Why it cannot vary a parameter, if it cannot.

        Args:
            parameter: what it would vary.
            is_whole: whether every value of a range must be a whole number.
        """

    def restricted(self, where: tuple[Condition, ...]) -> "Search | str":
        """The search of those of its combinations for which the conditions hold; or why there is none."""

    def key(self, combination: Mapping[str, str]) -> frozenset[tuple[str, str]]:
        """What two mappings of parameters have in common exactly if they are the same combination."""

    def includes(self, combination: Mapping[str, str]) -> bool:
        """Whether it is known beforehand that the search tests this combination, given without fixed parameters."""

    def parts(self, done: Collection[Mapping[str, str]]) -> list[Part]:
        """What LEAN is to run, one command for each part; nothing where nothing is left.

        Args:
            done: parameters of combinations that need no backtest, fixed ones included; a search that decides by its
                results begins anew.
        """
