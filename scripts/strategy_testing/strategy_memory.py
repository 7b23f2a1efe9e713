"""All that a strategy's variables and containers may hold. Values are only ever added, so that it comes to an end."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from strategy_testing.abstract_values import MOST_VALUES, NOTHING, UNKNOWN, Cell, Container, Mark, Site, Values, union
from strategy_testing.strategy_scopes import Class, Instance

_MOST_GROWTHS = 12
"""Rounds in which one variable may gain values; a text that a loop makes longer would never be complete."""


class Memory:
    """Variables by owner, attributes by name, containers by where they are made."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.names: set[str] = set()
        self.equities: set[str] = set()
        self.indices: set[str] = set()
        self.is_dynamic = False
        self.round = 0
        self.has_changed = False
        self.is_settled = False
        """What has no value by then is unknown; before, it may only be defined further on."""
        self.attributes: defaultdict[str, Cell] = defaultdict(Cell)
        """Attributes of one name are one variable, whatever object they belong to."""
        self.classes: dict[Site, Class] = {}
        self._containers: dict[Site, Container] = {}

    def missing(self) -> Values:
        """What stands for a variable that nothing is assigned to."""
        return UNKNOWN if self.is_settled else NOTHING

    def add(self, cell: Cell, values: Values) -> None:
        """Values that a variable may have too."""
        new = values - cell.values
        if not new or cell.growths > _MOST_GROWTHS:
            return
        if cell.last_round != self.round:
            cell.last_round = self.round
            cell.growths += 1
        if cell.growths > _MOST_GROWTHS or len(cell.values) + len(new) > MOST_VALUES:
            cell.growths = _MOST_GROWTHS + 1
            new = UNKNOWN
        cell.values |= new
        self.has_changed = True

    def container(self, site: Site, *, is_mapping: bool = False) -> Container:
        """The container that is made somewhere."""
        return self._containers.setdefault(site, Container(is_mapping))

    def sequence(self, site: Site, items: Sequence[Values] = (), rest: Values = NOTHING) -> Values:
        """A sequence that is made somewhere, with values at any place as the rest."""
        made = self.container(site)
        for index, values in enumerate(items):
            self.store(made, frozenset({index}), values)
        if rest:
            self.store(made, UNKNOWN, rest)
        return frozenset({made})

    def mapping(self, site: Site, items: Iterable[tuple[Values, Values]]) -> Values:
        """A dictionary that is made somewhere."""
        made = self.container(site, is_mapping=True)
        for keys, values in items:
            self.store(made, keys, values)
        return frozenset({made})

    def store(self, owner: Container, keys: Values, values: Values) -> None:
        """Puts values into a container."""
        for key in keys:
            if key not in owner.cells:
                owner.cells[key] = Cell()
                self.has_changed = True
            self.add(owner.cells[key], values)

    def absorb(self, owner: Container, values: Values) -> None:
        """Puts the elements of other containers into a container."""
        if not owner.is_mapping:
            self.store(owner, UNKNOWN, self.iterate(values))
            return
        for keys, stored in list(self.pairs(values)):
            self.store(owner, keys, stored)

    def iterate(self, values: Values) -> Values:
        """What iterating over one of the values gives."""
        return union([self._elements(value) for value in values])

    def pairs(self, values: Values) -> Iterator[tuple[Values, Values]]:
        """Keys and values that dictionaries have, or sequences of pairs."""
        for value in values:
            if isinstance(value, Container) and value.is_mapping:
                yield from ((frozenset({key}), cell.values) for key, cell in value.cells.items())
                continue
            for pair in self._elements(value):
                items = (pair.at(frozenset({place})) if isinstance(pair, Container) else UNKNOWN for place in (0, 1))
                yield next(items), next(items)

    def _elements(self, value: object) -> Values:
        if isinstance(value, Container):
            return value.elements()
        if isinstance(value, str):
            return frozenset(value)
        if isinstance(value, Class):
            return value.members()
        if isinstance(value, Instance) and value.of.fields:
            return union([self.attributes[name].values for name in value.of.fields])
        if value is Mark.PARAMETERS:
            self.is_dynamic = True
        return UNKNOWN
