"""What the names of a source are given, in any order: no flow of data is followed, and none across functions."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

_DATE_CALLS = {"datetime", "date", "strptime", "fromisoformat"}
_SAME_VALUE = {"list", "tuple", "set", "sorted", "reversed", "str", "int", "float", "range"}
_SAME_METHODS = {"split", "strip", "upper", "lower", "date", "keys"}
_MOST_STEPS = 8


class Place(NamedTuple):
    """Where a node stands; what is inside a function of a function belongs to the outer one."""

    function: ast.AST | None = None
    owner: ast.ClassDef | None = None


Given: TypeAlias = tuple[ast.AST, Place]
"""A value and where it is given: a parameter for itself, and `_UNKNOWN` for what the source does not show."""
_UNKNOWN = ast.Pass()


def placed(node: ast.AST, place: Place | None = None) -> Iterator[tuple[ast.AST, Place]]:
    """All nodes of a tree, each with its place; a function is placed in itself."""
    place = place or Place()
    if isinstance(node, ast.ClassDef):
        place = Place(place.function, node)
    elif isinstance(node, ast.FunctionDef) and place.function is None:
        place = Place(node, place.owner)
    yield node, place
    for child in ast.iter_child_nodes(node):
        yield from placed(child, place)


def last_name(node: ast.AST) -> str:
    """`c` of `a.b.c`, `a.b.c(…)` and `c[…]`."""
    match node:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return last_name(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def annotation(node: ast.AST) -> str:
    """A parameter's annotation as it is written; empty without one."""
    return ast.unparse(node.annotation) if isinstance(node, ast.arg) and node.annotation else ""


def is_made_date(node: ast.expr) -> bool:
    """`datetime(2016, 1, 1)`, `datetime.strptime("2016-01-01", …)`."""
    return isinstance(node, ast.Call) and last_name(node) in _DATE_CALLS


class Names:
    """The values of a source's variables, by function, and of its attributes; equal attributes are taken for one."""

    def __init__(self, tree: ast.Module) -> None:
        """Reads all assignments, loops and parameters."""
        self._values: defaultdict[tuple[ast.AST | None, str], list[Given]] = defaultdict(list)
        for node, place in placed(tree):
            match node:
                case ast.FunctionDef(name="on_data" | "OnData", args=ast.arguments(args=[_, data, *_])):
                    data.annotation = data.annotation or ast.Name("Slice")
                case ast.arg(arg=name):
                    self._values[place.function, name].append((node, place))
                case ast.Assign():
                    for target in node.targets:
                        self._bind(target, node.value, place)
                case ast.AnnAssign() | ast.NamedExpr():
                    self._bind(node.target, node.value, place)
                case ast.For(target=target, iter=rows) | ast.comprehension(target=target, iter=rows):
                    # A collection stands for each of its elements.
                    self._bind(target, rows if isinstance(target, ast.Name) else None, place)

    def values(self, node: ast.AST, place: Place) -> list[Given]:
        """What a variable or an attribute is given anywhere."""
        match node:
            case ast.Name(id=name):
                return self._values.get((place.function, name)) or self._values.get((None, name), [])
            case ast.Attribute(value=ast.Name(), attr=name):
                return self._values.get((None, f".{name}"), [])
        return []

    def literals(self, node: ast.AST, place: Place, steps: int = 0) -> list[ast.expr]:
        """The literals that an expression is made of; none where it may also be something else."""
        if steps > _MOST_STEPS or not isinstance(node, ast.expr):
            return []
        if ast.unparse(node).startswith("Futures.") or isinstance(node, ast.Constant):
            return [] if getattr(node, "value", None) is None else [node]
        parts = _parts(node)
        is_collection = isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict)
        every: list[ast.expr] = []
        for value, there in self.values(node, place) or [(part, place) for part in parts]:
            found = self.literals(value, there, steps + 1)
            if not found and not is_collection:
                return []
            every += found
        is_whole = isinstance(node, ast.BinOp) or is_made_date(node)
        return [node] if is_whole and every else every

    def _bind(self, target: ast.expr, value: ast.AST | None, place: Place) -> None:
        match target:
            case ast.Name(id=name):
                is_attribute = place.owner is not None and place.function is None
                key = f".{name}" if is_attribute else name
                self._values[place.function, key].append((value or _UNKNOWN, place))
            case ast.Attribute(value=ast.Name(), attr=name):
                self._values[None, f".{name}"].append((value or _UNKNOWN, place))
            case ast.Tuple(elts=parts):
                for part in parts:
                    self._bind(part, None, place)


def _parts(node: ast.expr) -> list[ast.expr]:
    """The expressions that one is made of, if it is a literal where they are."""
    parts: Sequence[ast.expr | None] = []
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(keys=parts):
            pass
        case ast.IfExp(body=first, orelse=second) | ast.BinOp(left=first, right=second):
            parts = [first, second]
        case ast.Call(args=[first, *_]) if is_made_date(node) or last_name(node) in _SAME_VALUE:
            parts = [first]
        case ast.Call(func=ast.Attribute(value=part, attr=name)) if name in _SAME_METHODS:
            parts = [part]
        case ast.Subscript(value=part) | ast.Starred(value=part):
            parts = [part]
    return [part for part in parts if part is not None]
