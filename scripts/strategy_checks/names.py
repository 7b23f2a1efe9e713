"""What the names of a source are given, in any order: no flow of data is followed, and none across functions."""

import ast
import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from strategy_checks.api_names import ALGORITHM

_DATE_CALLS = {"datetime", "date", "strptime", "fromisoformat"}
_SAME_VALUE = {"list", "tuple", "set", "sorted", "reversed", "str", "int", "float"}
_SAME_METHODS = {"split", "strip", "upper", "lower", "date", "keys"}
_MOST_STEPS = 8


class Place(NamedTuple):
    """Where a node stands; what is inside a function of a function belongs to the outer one."""

    function: ast.AST | None = None
    owner: ast.ClassDef | None = None


Given: TypeAlias = tuple[ast.expr | None, Place]
"""A value and where it is given; None is a value that cannot be known."""


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


def is_made_date(node: ast.expr) -> bool:
    """`datetime(2016, 1, 1)`, `datetime.strptime("2016-01-01", …)`."""
    return isinstance(node, ast.Call) and last_name(node) in _DATE_CALLS


def tested(function: ast.AST) -> Iterator[ast.expr]:
    """What is compared in a function, or is a condition by itself."""
    for node in ast.walk(function):
        parts: list[ast.expr] = []
        match node:
            case ast.Compare(left=left, comparators=others):
                parts = [left, *others]
            case ast.BoolOp(values=values) | ast.comprehension(ifs=values):
                parts = values
            case ast.UnaryOp(operand=part) | ast.Match(subject=part):
                parts = [part]
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.Assert(test=test):
                parts = [test]
        yield from (part.target if isinstance(part, ast.NamedExpr) else part for part in parts)


class Names:
    """The values of a source's variables, by function, and of its attributes; equal attributes are taken for one."""

    def __init__(self, tree: ast.Module) -> None:
        """Reads all assignments, loops and parameters."""
        self._values: defaultdict[tuple[ast.AST | None, str], list[Given]] = defaultdict(list)
        self._annotations: dict[tuple[ast.AST | None, str], str] = {}
        for node, place in placed(tree):
            match node:
                case ast.arg(arg=name, annotation=annotation):
                    self._values[place.function, name].append((None, place))
                    if annotation is not None:
                        self._annotations[place.function, name] = ast.unparse(annotation)
                case ast.FunctionDef(name="on_data" | "OnData", args=ast.arguments(args=[_, data, *_])):
                    data.annotation = data.annotation or ast.Name("Slice")
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value, place)
                case (
                    ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value)
                ):
                    self._bind(target, value, place)
                case (
                    ast.For(target=ast.Tuple(elts=parts), iter=rows)
                    | ast.comprehension(target=ast.Tuple(elts=parts), iter=rows)
                ):
                    for number, part in enumerate(parts):
                        self._bind(part, _column(rows, number), place)
                case ast.For(target=target, iter=rows) | ast.comprehension(target=target, iter=rows):
                    self._bind(target, rows, place)  # a collection stands for each of its elements

    def values(self, node: ast.AST | None, place: Place) -> list[Given]:
        """What a variable or an attribute is given anywhere."""
        match node:
            case ast.Name(id=name):
                return self._values.get((place.function, name)) or self._values.get((None, name), [])
            case ast.Attribute(value=ast.Name(), attr=name):
                return self._values.get((None, f".{name}"), [])
        return []

    def annotation(self, name: str, place: Place) -> str:
        """A parameter's annotation as it is written; empty without one."""
        return self._annotations.get((place.function, name), "")

    def is_algorithm(self, node: ast.AST | None, place: Place) -> bool:
        """Whether a name is a parameter annotated as a strategy, or something given one."""
        if isinstance(node, ast.Name) and ALGORITHM in self.annotation(node.id, place):
            return True
        given = self.values(node, place)
        return any(isinstance(value, ast.Name) and ALGORITHM in self.annotation(value.id, at) for value, at in given)

    def literals(self, node: ast.expr | None, place: Place, steps: int = 0) -> list[ast.expr]:
        """The literals that an expression is made of; none where it may also be something else."""
        if _is_literal(node) and node is not None:
            return [node]
        if steps > _MOST_STEPS or node is None:
            return []
        given = self.values(node, place) or [(part, place) for part in _parts(node)]
        found = [self.literals(value, there, steps + 1) for value, there in given]
        every = [*itertools.chain(*found)]
        if isinstance(node, ast.BinOp) and (
            ast.List in {type(node.left), type(node.right)} or any(map(is_made_date, every))
        ):
            return every  # a longer list; a date that is moved
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
            return every
        is_whole = isinstance(node, ast.BinOp) or is_made_date(node) or last_name(node) == "range"
        return [] if not all(found) else [node] if is_whole and found else every

    def _bind(self, target: ast.expr, value: ast.expr | None, place: Place) -> None:
        match target:
            case ast.Name(id=name):
                is_attribute = place.owner is not None and place.function is None
                self._values[place.function, f".{name}" if is_attribute else name].append((value, place))
            case ast.Attribute(value=ast.Name(), attr=name):
                self._values[None, f".{name}"].append((value, place))
            case ast.Tuple(elts=parts):
                values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
                for number, part in enumerate(parts):
                    self._bind(part, values[number] if len(values) == len(parts) else None, place)


def _is_literal(node: ast.expr | None) -> bool:
    is_listed = isinstance(node, ast.Attribute) and ast.unparse(node).startswith("Futures.")
    return is_listed or (isinstance(node, ast.Constant) and isinstance(node.value, str | int | float))


def _parts(node: ast.expr) -> list[ast.expr | None]:
    """The expressions that one is made of, if it is a literal where they are."""
    found: list[ast.expr | None] = []
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(keys=parts):
            found = [*parts]
        case ast.IfExp(body=first, orelse=second) | ast.BinOp(left=first, right=second):
            found = [first, second]
        case ast.Call(args=[first, *_]) if is_made_date(node) or last_name(node) in _SAME_VALUE | {"range"}:
            found = [first]
        case ast.Call(func=ast.Attribute(value=part, attr=name)) if name in _SAME_METHODS:
            found = [part]
        case ast.Subscript(value=part) | ast.Starred(value=part) | ast.NamedExpr(value=part):
            found = [part]
    return found


def _column(rows: ast.expr, place: int) -> ast.expr | None:
    """What the variable at a place of `for a, b in rows` is given."""
    match rows:
        case ast.Call(func=ast.Attribute(value=owner, attr="items")) if place == 0:
            return owner
        case ast.Call(func=ast.Name(id="enumerate"), args=[owner]) if place == 1:
            return owner
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return ast.Tuple([part.elts[place] for part in parts if isinstance(part, ast.Tuple)])
    return None
