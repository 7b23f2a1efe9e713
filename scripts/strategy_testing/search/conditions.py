"""The conditions of `where`: comparisons and arithmetic over parameter names, joined by and, or, not.

Python's grammar reads them, and a visitor of our own turns each into a function of a combination; nothing of a config
is ever run as Python. Numbers are decimal, as in the parameters. Pure.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from strategy_testing.search.space import Parameter

Value = Decimal | bool | str
Values = Mapping[str, Value]
"""What each parameter is within one combination."""
_Function = Callable[[Values], Any]

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FLAGS = {"true": True, "false": False}
_GRAMMAR = (
    "a condition compares (< <= > >= == !=) parameter names, numbers, 'texts', true and false; it may calculate with "
    "+ - * / and join comparisons by and, or, not"
)


class ConditionError(ValueError):
    """What is wrong with a condition, and what to write."""


class UnknownNameError(ConditionError):
    """The condition names no parameter; the message is the name."""


class _Kind(StrEnum):
    NUMBER = "a number"
    FLAG = "true or false"
    TEXT = "a text"
    MIXED = "a number in some combinations and a text in others"


_Read = tuple[_Kind, _Function]


@dataclass(frozen=True)
class Condition:
    """One line of `where`."""

    text: str
    """As the user wrote it."""
    holds: Callable[[Values], bool] = field(compare=False, repr=False)
    """Whether a combination satisfies it; raises ArithmeticError where it divides by zero."""


def parse_condition(text: str, parameters: Sequence[Parameter]) -> Condition:
    """Reads a condition over these parameters.

    Raises:
        UnknownNameError: it names something that is none of them.
        ConditionError: it is no condition, or compares what cannot be compared.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        kind, holds = _Reader(parameters).read(tree)
    except (SyntaxError, MemoryError, RecursionError):
        raise ConditionError(f"cannot be read; {_GRAMMAR}") from None
    if kind is not _Kind.FLAG:
        raise ConditionError(f"is {kind} and no condition; compare it, as in a < b")
    return Condition(text, holds)


def as_values(parameter: Parameter) -> tuple[Value, ...]:
    """A parameter's values as conditions see them: the texts of one that is only true or false are flags."""
    if _kind(parameter) is _Kind.FLAG:
        return tuple(_FLAGS[str(value)] for value in parameter.values)
    return tuple(parameter.values)


def _kind(parameter: Parameter) -> _Kind:
    numbers = sum(isinstance(value, Decimal) for value in parameter.values)
    if 0 < numbers < len(parameter.values):
        return _Kind.MIXED
    if numbers:
        return _Kind.NUMBER
    return _Kind.FLAG if set(parameter.values) <= _FLAGS.keys() else _Kind.TEXT


class _Reader(ast.NodeVisitor):
    """Turns the nodes of a condition into functions of a combination's values, and knows what each of them gives."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._kinds = {parameter.name: _kind(parameter) for parameter in parameters}

    def read(self, node: ast.expr) -> _Read:
        read: _Read = self.visit(node)
        return read

    def generic_visit(self, node: ast.AST) -> _Read:
        raise ConditionError(f"{ast.unparse(node)!r} cannot be used; {_GRAMMAR}")

    def visit_BoolOp(self, node: ast.BoolOp) -> _Read:
        parts = [self._of_kind(_Kind.FLAG, each, "joined by and, or") for each in node.values]
        join = all if isinstance(node.op, ast.And) else any
        return _Kind.FLAG, lambda values: join(part(values) for part in parts)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> _Read:
        if isinstance(node.op, ast.Not):
            negated = self._of_kind(_Kind.FLAG, node.operand, "negated by not")
            return _Kind.FLAG, lambda values: not negated(values)
        if isinstance(node.op, ast.USub):
            number = self._of_kind(_Kind.NUMBER, node.operand, "calculated with")
            return _Kind.NUMBER, lambda values: -number(values)
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> _Read:
        if (calculate := _ARITHMETIC.get(type(node.op))) is None:
            return self.generic_visit(node)
        left, right = (self._of_kind(_Kind.NUMBER, each, "calculated with") for each in (node.left, node.right))
        return _Kind.NUMBER, lambda values: calculate(left(values), right(values))

    def visit_Compare(self, node: ast.Compare) -> _Read:
        """`a < b`, and `a < b < c` as in mathematics."""
        nodes = [node.left, *node.comparators]
        pairs = [self._compared(*pair) for pair in zip(nodes, node.ops, nodes[1:], strict=False)]
        return _Kind.FLAG, lambda values: all(pair(values) for pair in pairs)

    def visit_Attribute(self, node: ast.Attribute) -> _Read:
        return self.visit_Name(node)  # the name of a parameter may have points

    def visit_Name(self, node: ast.Name | ast.Attribute) -> _Read:
        name = ast.unparse(node)
        if name in self._kinds:
            return self._kinds[name], operator.itemgetter(name)
        if name in _FLAGS:
            return _Kind.FLAG, lambda _: _FLAGS[name]
        raise UnknownNameError(name)

    def visit_Constant(self, node: ast.Constant) -> _Read:
        value: Any = node.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = Decimal(repr(value))  # the shortest decimal that the number is: what was written
        kinds = {bool: _Kind.FLAG, Decimal: _Kind.NUMBER, str: _Kind.TEXT}
        return (kinds[type(value)], lambda _: value) if type(value) in kinds else self.generic_visit(node)

    def _of_kind(self, wanted: _Kind, node: ast.expr, use: str) -> _Function:
        kind, function = self.read(node)
        if kind is not wanted:
            raise ConditionError(f"{ast.unparse(node)!r} is {kind}, and only {wanted} can be {use}")
        return function

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Function:
        if (compare := _COMPARISONS.get(type(op))) is None:
            return self.generic_visit(ast.Compare(left, [op], [right]))[1]
        (kind, a), (other, b) = self.read(left), self.read(right)
        if kind is not other and _Kind.MIXED not in (kind, other):
            this, that = ast.unparse(left), ast.unparse(right)
            raise ConditionError(f"{this!r} is {kind} and {that!r} is {other}; compare like with like")
        if {kind, other} != {_Kind.NUMBER} and type(op) not in (ast.Eq, ast.NotEq):
            raise ConditionError(f"{ast.unparse(left)!r} is {kind}, which has no order; compare it by == or !=")
        return lambda values: compare(a(values), b(values))
