"""What a strategy's sources are made of: functions, classes, assignments."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Element:
    """What iterating over an expression gives."""

    of: "Expression"


@dataclass(frozen=True)
class Item:
    """What stands at a place of a tuple."""

    of: "Expression"
    index: int


Expression: TypeAlias = ast.expr | Element | Item


@dataclass(frozen=True)
class Binding:
    """An assignment."""

    value: Expression
    line: int
    tests: tuple[ast.expr | None, ...]
    """The conditions of the `if`s around it; None for an `except`."""
    is_unconditional: bool
    """Neither in a branch nor in a loop."""
    replaces: bool = True
    """False for what is only put into a container."""


@dataclass(eq=False)
class Function:
    """A function, or the code of a module that stands in none."""

    file: str
    name: str
    node: FunctionNode | ast.Module
    owner: "ClassInfo | None"
    parent: "Function | None"
    bindings: defaultdict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    returns: list[Binding] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    subscripts: list[ast.Subscript] = field(default_factory=list)
    comparisons: list[ast.Compare] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Parameters, without the object that a method is called on."""
        node = self.node
        self.parameters: list[ast.arg] = []
        self.keyword_only: list[ast.arg] = []
        self.defaults: dict[str, ast.expr] = {}
        self.itself: str | None = None
        if isinstance(node, ast.Module):
            return
        self.parameters = [*node.args.posonlyargs, *node.args.args]
        self.keyword_only = node.args.kwonlyargs
        if node.args.defaults:
            named = self.parameters[-len(node.args.defaults) :]
            self.defaults = {arg.arg: value for arg, value in zip(named, node.args.defaults, strict=True)}
        pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        self.defaults |= {arg.arg: value for arg, value in pairs if value is not None}
        if self.owner is not None and "staticmethod" not in self.decorators and self.parameters:
            self.itself = self.parameters[0].arg
            self.parameters = self.parameters[1:]

    @property
    def decorators(self) -> set[str]:
        """The names of its decorators."""
        return set() if isinstance(self.node, ast.Module) else {last_name(node) for node in self.node.decorator_list}

    @property
    def every_parameter(self) -> list[ast.arg]:
        """Positional and keyword-only ones."""
        return [*self.parameters, *self.keyword_only]

    def bind(self, call: ast.Call) -> dict[str, ast.expr]:
        """What a call hands over, by parameter; what stands behind a star is left out."""
        bound = {}
        for parameter, argument in zip(self.parameters, call.args, strict=False):
            if isinstance(argument, ast.Starred):
                break
            bound[parameter.arg] = argument
        return bound | {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}


@dataclass(eq=False)
class ClassInfo:
    """A class of the sources."""

    file: str
    node: ast.ClassDef
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: defaultdict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    """Assigned in the class body."""
    fields: list[str] = field(default_factory=list)
    """Annotated in the class body: what a dataclass is made with."""
    assigned: defaultdict[str, list[tuple[Function, Binding]]] = field(default_factory=lambda: defaultdict(list))
    """Assigned to `self.NAME` in its methods."""


@dataclass(frozen=True)
class Imported:
    """A name that another module gives; an empty name is the module itself."""

    module: str
    name: str


def receiver_class(name: str, function: Function) -> ClassInfo | None:
    """The class whose object a name is: `self` in a method, also in functions within it."""
    scope: Function | None = function
    while scope is not None:
        if scope.itself == name:
            return scope.owner
        scope = scope.parent
    return None


def last_name(node: ast.expr) -> str:
    """What a decorator or base is called, without the module and the arguments."""
    target = node.func if isinstance(node, ast.Call) else node
    target = target.value if isinstance(target, ast.Subscript) else target
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def enclosing(function: Function) -> Iterator[Function]:
    """The function and those around it, the module at last."""
    scope: Function | None = function
    while scope is not None:
        yield scope
        scope = scope.parent
