"""Who owns a strategy's variables: modules, classes, functions, and the loops within them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from strategy_testing.abstract_values import NOTHING, Cell, Values, union

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(eq=False)
class Scope:
    """Variables that belong together; as a value, a module among the sources."""

    kind: Literal["module", "class", "function", "block"]
    """A block is a loop or comprehension: its variables get a value each time, whatever else bears their name."""
    parent: "Scope | None" = None
    function: "Function | None" = None
    cells: dict[str, Cell] = field(default_factory=dict)
    outer_names: set[str] = field(default_factory=set)
    """Declared `global` or `nonlocal`."""

    def find(self, name: str) -> Cell | None:
        """The variable that a name means here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.cells and (scope.kind != "class" or scope is self) and name not in scope.outer_names:
                return scope.cells[name]
            scope = scope.parent
        return None

    def cells_to_assign(self, name: str) -> Iterator[Cell]:
        """The variables that an assignment to a name changes: a loop's own outlives the loop."""
        scope = self
        while scope.parent is not None and (scope.kind == "block" or name in scope.outer_names):
            if scope.kind == "block" and name in scope.cells:
                yield scope.cells[name]
            scope = scope.parent
        yield scope.cells.setdefault(name, Cell())

    def is_reached(self) -> bool:
        """Whether its code runs at all, as far as is known."""
        return self.function is None or self.function.is_reached


@dataclass(eq=False)
class Function:
    """A function, method or lambda."""

    name: str
    node: FunctionNode
    scope: Scope
    decorators: frozenset[str]
    returns: Cell = field(default_factory=Cell)
    defaults: dict[str, Values] = field(default_factory=dict)
    is_called: bool = False
    is_reached: bool = False
    """Whether something calls it that runs itself; what needs no arguments, LEAN may call."""

    def __post_init__(self) -> None:
        """Parameters are variables of the function."""
        arguments = self.node.args
        self.scope.function = self
        self.parameters = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
        self.keyword_only = [argument.arg for argument in arguments.kwonlyargs]
        others = [argument.arg for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        self.own_parameters = [*self.parameters, *self.keyword_only, *others]
        self.scope.cells = {name: Cell() for name in self.own_parameters}
        self.is_reached = len(self.own_parameters) <= int(self.takes_instance)

    @property
    def takes_instance(self) -> bool:
        """Whether its first parameter is the object that it is called on."""
        is_method = self.scope.parent is not None and self.scope.parent.kind == "class"
        return is_method and "staticmethod" not in self.decorators and bool(self.parameters)

    @property
    def is_property(self) -> bool:
        """Whether naming it calls it."""
        return bool(self.decorators & {"property", "cached_property"})


@dataclass(eq=False)
class Class:
    """A class; one made by namedtuple has nothing in its scope."""

    scope: Scope
    fields: list[str]
    """Annotated in its body: what a dataclass or NamedTuple is made with."""
    is_enum: bool = False
    bases: Values = NOTHING

    def members(self) -> Values:
        """What iterating over an enumeration gives: the values stand for the members."""
        found = union(cell.values for cell in self.scope.cells.values())
        return frozenset(value for value in found if not isinstance(value, Function))

    def initializer(self) -> Function | None:
        """`__init__` of the class or of the first of its bases that has one."""
        pending, seen = [self], {self}
        for described in pending:
            for value in described.scope.cells.get("__init__", Cell()).values:
                if isinstance(value, Function):
                    return value
            bases = [base for base in described.bases if isinstance(base, Class) and base not in seen]
            pending += bases
            seen.update(bases)
        return None


@dataclass(frozen=True)
class Instance:
    """An object of a class."""

    of: Class
