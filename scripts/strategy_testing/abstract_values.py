"""What an expression of a strategy may be, as its sources tell: texts and numbers, and the objects described here.

An expression has a set of values. A set may hold a value too many; where one may be missing it holds `Mark.UNKNOWN`.
"""

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

MOST_VALUES = 400
LONGEST_TEXT = 200

Values = frozenset[Hashable]
Site = tuple[Hashable, ...]
"""A place in the code. Objects are told apart by where they are made, so there is never an endless number of them."""


class Mark(Enum):
    """Values of which no more than this is known."""

    UNKNOWN = "anything"
    EXTERNAL = "something of a module that is not among the sources"
    READER = "get_parameter"
    ALL_READER = "get_parameters"
    PARAMETERS = "what get_parameters returns"
    EQUITY_ADDER = "add_equity"
    INDEX_ADDER = "add_index"


NOTHING: Values = frozenset()
UNKNOWN: Values = frozenset({Mark.UNKNOWN})


@dataclass(eq=False)
class Cell:
    """A variable, or a place in a container."""

    values: Values = NOTHING
    growths: int = 0
    last_round: int = 0


@dataclass(eq=False)
class Container:
    """A list, tuple, set, iterator or dictionary."""

    is_mapping: bool
    cells: dict[Hashable, Cell] = field(default_factory=dict)
    """By index or key; at UNKNOWN what may stand anywhere."""

    def everything(self) -> Values:
        """All elements, of a dictionary those that the keys lead to."""
        return union(cell.values for cell in self.cells.values())

    def elements(self) -> Values:
        """What iterating over it gives."""
        return frozenset(self.cells) if self.is_mapping else self.everything()

    def at(self, keys: Values) -> Values:
        """What may stand at one of the keys."""
        if all(is_plain(key) if self.is_mapping else isinstance(key, int) and key >= 0 for key in keys):
            return union(self.cells[key].values for key in (*keys, Mark.UNKNOWN) if key in self.cells)
        return self.everything()

    def in_order(self) -> list[Values] | None:
        """The elements one by one; None where their order is not known."""
        if self.is_mapping or Mark.UNKNOWN in self.cells:
            return None
        return [cell.values for cell in self.cells.values()]


@dataclass(frozen=True)
class Builtin:
    """A function of Python's own that is followed."""

    name: str


@dataclass(frozen=True)
class Method:
    """A method of a text or container."""

    owner: Hashable
    name: str


@dataclass(frozen=True)
class Partial:
    """A bound method, or functools.partial."""

    function: Hashable
    positional: tuple[Values, ...] = ()
    keywords: tuple[tuple[str, Values], ...] = ()


@dataclass
class Call:
    """What a function is called with, and where."""

    site: Site
    is_reached: bool
    """Whether the calling code runs at all, as far as is known."""
    positional: list[Values] = field(default_factory=list)
    keywords: dict[str, Values] = field(default_factory=dict)
    rest: Values = NOTHING
    """What any further positional or keyword argument may be."""

    def get(self, position: int, *names: str) -> Values:
        """The argument at a position or of a name."""
        if position < len(self.positional):
            return self.positional[position]
        return next((self.keywords[name] for name in names if name in self.keywords), self.rest)

    def add_positional(self, values: Values) -> None:
        """One argument more, whose position is known unless any number may precede it."""
        if self.rest:
            self.rest |= values
        else:
            self.positional.append(values)

    def add_keyword(self, names: Values, values: Values) -> None:
        """One argument more, of one of the names."""
        for name in names:
            if isinstance(name, str):
                self.keywords[name] = self.keywords.get(name, NOTHING) | values
            else:
                self.rest |= values

    def all(self) -> Values:
        """Whatever is passed."""
        return union([*self.positional, *self.keywords.values(), self.rest])

    def keyword_items(self) -> Iterator[tuple[Values, Values]]:
        """The named arguments as items of a dictionary."""
        return ((frozenset({name}), values) for name, values in self.keywords.items())


def union(sets: Iterable[Values]) -> Values:
    """All values of all sets."""
    return frozenset(itertools.chain.from_iterable(sets))


def is_plain(value: Hashable) -> bool:
    """Whether a value is known to the last character."""
    return value is None or isinstance(value, str | int | float)


def bounded(text: str) -> Hashable:
    """The text; UNKNOWN where it is too long to be a name."""
    return text if len(text) <= LONGEST_TEXT else Mark.UNKNOWN


def combined(sets: Sequence[Values], combine: Callable[..., Hashable]) -> Values:
    """`combine` for every choice of plain values; UNKNOWN where one is not plain or there are too many."""
    count = 1
    for values in sets:
        count *= len(values)
    if count > MOST_VALUES:
        return UNKNOWN
    found: set[Hashable] = set()
    for choice in itertools.product(*sets):
        try:
            found.add(combine(*choice) if all(map(is_plain, choice)) else Mark.UNKNOWN)
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
            found.add(Mark.UNKNOWN)
    return frozenset(found)
