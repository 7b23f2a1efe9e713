"""Tells what the code itself says from what a parameter of the backtest says."""

import ast
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Expression, Function
from strategy_checks.frames import Frame
from strategy_checks.terminals import Alternative, Row, Tracer, is_read

_MOST_STEPS = 5_000
_API_TICKERS = "Futures"
"""The class whose constants are tickers."""
_CONTAINER_READS = {"copy", "get", "items", "keys", "pop", "values"}


class Mark(Enum):
    """An origin of which the code does not tell the value."""

    PARAMETER = "a parameter of the backtest, its default included"
    OTHER = "something else, such as the time"


@dataclass(frozen=True)
class Literal:
    """A value that the code spells out."""

    node: ast.expr
    file: str
    parts: frozenset[object]
    """The constants that it is made of."""

    @property
    def is_text(self) -> bool:
        """Whether it is a text, or made of one."""
        return any(isinstance(part, str) for part in self.parts)


Origin: TypeAlias = Mark | Literal
_UNKNOWN: frozenset[Origin] = frozenset({Mark.OTHER})
_NEUTRAL: frozenset[Origin] = frozenset()


class Origins:
    """Where values come from. An expression has no origin if it only names things of the API or of Python."""

    def __init__(self, index: CodeIndex) -> None:
        """The index of the strategy's sources."""
        self.index = index
        self._tracer = Tracer(index)
        self._tracer.selected = self._without_defaults
        self._judging = False
        self._steps = 0
        self._pending: set[tuple[int, int]] = set()
        self._handlers: Mapping[type, Callable[[Any, Frame], frozenset[Origin]]] = {
            ast.Constant: self._of_constant,
            ast.BinOp: lambda node, frame: self._combined(node, [node.left, node.right], frame),
            ast.UnaryOp: lambda node, frame: self._combined(node, [node.operand], frame),
            ast.JoinedStr: self._of_text,
            ast.Call: self._of_call,
            ast.Attribute: self._of_attribute,
            ast.Name: lambda node, frame: _NEUTRAL if self._is_foreign(node, frame) else _UNKNOWN,
        }

    def frames(self, function: Function) -> list[Frame]:
        """One for each chain of calls that leads to a function."""
        return self._tracer.frames.of(function)

    def of(self, expression: Expression, frame: Frame) -> frozenset[Origin]:
        """All origins of an expression's value."""
        try:
            return _union(self._of_terminal(node, where) for node, where in self._tracer.terminals(expression, frame))
        except RecursionError:
            if self._pending:
                raise
            return _UNKNOWN

    def terminals(self, expression: Expression, frame: Frame) -> list[tuple[ast.expr | Row | None, Frame]]:
        """The expressions that give an expression its value."""
        try:
            return self._tracer.terminals(expression, frame)
        except RecursionError:
            if self._pending:
                raise
            return [(None, frame)]

    def texts(self, expression: Expression, frame: Frame) -> set[str]:
        """The texts that an expression's value is spelt out as."""
        found = [
            each.node.value
            for each in self.of(expression, frame)
            if isinstance(each, Literal) and isinstance(each.node, ast.Constant)
        ]
        return {text for text in found if isinstance(text, str)}

    def _without_defaults(self, alternatives: list[Alternative]) -> list[Alternative]:
        """Without what only stands in where a parameter is not given: `if text is None: text = "SPY"`."""
        if self._judging or len(alternatives) < 2 or not any(tests for _, _, tests in alternatives):
            return alternatives
        self._judging = True  # conditions are followed as they stand
        try:
            reading = [Mark.PARAMETER in self.of(value, where) for value, where, _ in alternatives]
            if not any(reading):
                return alternatives
            return [
                alternative
                for alternative, reads in zip(alternatives, reading, strict=True)
                if reads or not any(self._asks_parameter(test, alternative[1]) for test in alternative[2])
            ]
        finally:
            self._judging = False

    def _asks_parameter(self, test: ast.expr | None, frame: Frame) -> bool:
        if test is None:
            return True
        named = [node for node in ast.walk(test) if isinstance(node, ast.Name | ast.Attribute | ast.Call)]
        return any(Mark.PARAMETER in self.of(node, frame) for node in named)

    def _of_terminal(self, node: ast.expr | Row | None, frame: Frame) -> frozenset[Origin]:
        self._steps = self._steps + 1 if self._pending else 0
        key = (id(node), id(frame))
        if key in self._pending:
            return _NEUTRAL  # `x = x + 1` adds no origin of its own
        if self._steps > _MOST_STEPS:
            return _UNKNOWN
        self._pending.add(key)
        try:
            return self._followed(node, frame)
        finally:
            self._pending.discard(key)

    def _followed(self, node: ast.expr | Row | None, frame: Frame) -> frozenset[Origin]:
        if is_read(node):
            return frozenset({Mark.PARAMETER})
        parts = self._parts(node, frame)
        if parts is not None:
            return _union(self.of(part, frame) for part in parts)
        handler = self._handlers.get(type(node))
        return handler(node, frame) if handler is not None else _UNKNOWN

    def _parts(self, node: ast.expr | Row | None, frame: Frame) -> Sequence[ast.expr] | None:
        """The expressions of which each is a value of its own."""
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return parts
            case ast.Dict(keys=keys):
                return [key for key in keys if key is not None]
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part) | ast.DictComp(key=part):
                return [part]
            case ast.Subscript(value=value):
                return [value]
            case ast.BinOp(op=ast.Add() | ast.BitOr(), left=left, right=right) if self._joins(left, right, frame):
                return [left, right]
        return None

    def _of_constant(self, node: ast.Constant, frame: Frame) -> frozenset[Origin]:
        is_value = node.value is not None and node.value is not Ellipsis
        return frozenset({Literal(node, frame.function.file, frozenset({node.value}))}) if is_value else _NEUTRAL

    def _of_text(self, node: ast.JoinedStr, frame: Frame) -> frozenset[Origin]:
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return self._combined(node, parts, frame)

    def _of_call(self, node: ast.Call, frame: Frame) -> frozenset[Origin]:
        method = node.func if isinstance(node.func, ast.Attribute) else None
        owner = method.value if method is not None else None
        held = self.of(method.value, frame) if method is not None and method.attr in _CONTAINER_READS else _NEUTRAL
        if held:
            return held
        operands = [*([owner] if owner is not None else []), *node.args, *(each.value for each in node.keywords)]
        if self.index.constructed(node, frame.function) is not None:
            return _UNKNOWN
        return self._combined(node, operands, frame) or _UNKNOWN

    def _of_attribute(self, node: ast.Attribute, frame: Frame) -> frozenset[Origin]:
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and self._is_foreign(root, frame):
            is_ticker = root.id == _API_TICKERS and isinstance(node.value, ast.Attribute)
            return frozenset({Literal(node, frame.function.file, frozenset())}) if is_ticker else _NEUTRAL
        return frozenset(mark for mark in self.of(node.value, frame) if isinstance(mark, Mark)) or _UNKNOWN

    def _is_foreign(self, node: ast.Name, frame: Frame) -> bool:
        """Whether a name is none of a variable: a builtin, a class or module of the API."""
        scope: Function | None = frame.function
        while scope is not None:
            if node.id in scope.bindings or node.id == scope.itself:
                return False
            if any(node.id == parameter.arg for parameter in scope.every_parameter):
                return False
            scope = scope.parent
        return True

    def _joins(self, left: ast.expr, right: ast.expr, frame: Frame) -> bool:
        """Whether lists are put together."""
        kinds = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp)
        found = [*self.terminals(left, frame), *self.terminals(right, frame)]
        return any(isinstance(node, kinds) for node, _ in found)

    def _combined(self, node: ast.expr, operands: list[ast.expr], frame: Frame) -> frozenset[Origin]:
        """What is made of several values is a literal only if each of them is one."""
        found = [origins for operand in operands if (origins := self.of(operand, frame))]
        marks = frozenset(mark for origins in found for mark in origins if isinstance(mark, Mark))
        literals = [any(isinstance(origin, Literal) for origin in origins) for origins in found]
        if found and all(literals):
            single = found[0] if len(found) == 1 and not isinstance(node, ast.Call) else None
            return marks | (single or {self._literal(node, found, frame)})
        return marks

    @staticmethod
    def _literal(node: ast.expr, found: list[frozenset[Origin]], frame: Frame) -> Literal:
        """The call or sum that is spelt out; of a converted one its text, wherever that stands."""
        plain = [origin for origins in found for origin in origins if isinstance(origin, Literal)]
        here = {id(each) for each in ast.walk(node)}
        if len(plain) == 1 and id(plain[0].node) not in here:
            return plain[0]
        return Literal(node, frame.function.file, frozenset().union(*(origin.parts for origin in plain)))


def _union(sets: Iterable[frozenset[Origin]]) -> frozenset[Origin]:
    return frozenset(itertools.chain.from_iterable(sets))
