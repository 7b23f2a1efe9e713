"""Follows an expression back to those that give it its value: through variables, loops, helpers and classes."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import (
    Binding,
    ClassInfo,
    Element,
    Expression,
    Item,
    enclosing,
    last_name,
    receiver_class,
)
from strategy_checks.frames import Frame, Frames, entered

_DEEPEST = 10
_MOST_STEPS = 20_000
_GATHERING = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"}


@dataclass(frozen=True)
class Row:
    """What each step of `items()`, `zip` or `enumerate` gives; None is a number or the like."""

    parts: tuple[Expression | None, ...]


Terminal: TypeAlias = tuple[ast.expr | Row | None, Frame]
"""An expression that is followed no further; None is what cannot be known."""
Alternative: TypeAlias = tuple[Expression, Frame, tuple[ast.expr | None, ...]]
"""A value, where it stands, and the conditions under which it is the one."""


class Tracer:
    """Follows expressions; a strategy that is too much for it has values that cannot be known."""

    def __init__(self, index: CodeIndex) -> None:
        """The index tells who is called and what is assigned."""
        self.index = index
        self._steps = 0
        self.frames = Frames(index)
        self._handlers: Mapping[type[ast.expr], Callable[[Any, Frame], list[Alternative] | None]] = {
            ast.Name: self._variable,
            ast.Attribute: self._attribute,
            **dict.fromkeys((ast.NamedExpr, ast.Await, ast.Starred), self._same),
            ast.IfExp: self._choice,
            ast.BoolOp: self._either,
            ast.Subscript: self._place,
            ast.Call: self._call,
        }
        self._pending: set[tuple[object, int]] = set()
        self.selected: Callable[[list[Alternative]], list[Alternative]] = list
        """Leaves out alternatives that do not count."""

    # Expressions

    def terminals(self, expression: Expression, frame: Frame) -> list[Terminal]:
        """Where the value of an expression comes from."""
        self._steps = self._steps + 1 if self._pending else 0
        key = (expression if isinstance(expression, Element | Item) else id(expression), id(frame))
        if self._steps > _MOST_STEPS or frame.depth > _DEEPEST or key in self._pending:
            return [(None, frame)]
        self._pending.add(key)
        try:
            return list(self._terminals(expression, frame))
        finally:
            self._pending.discard(key)

    def _terminals(self, expression: Expression, frame: Frame) -> Iterator[Terminal]:
        if isinstance(expression, Element | Item):
            for node, where in self.terminals(expression.of, frame):
                if isinstance(expression, Element):
                    yield from self._elements(node, where)
                else:
                    yield from self._item(node, where, expression.index)
            return
        alternatives = self._alternatives(expression, frame)
        if alternatives is None:
            yield expression, frame
            return
        for value, where, _ in self.selected(alternatives):
            yield from self.terminals(value, where)

    def _alternatives(self, node: ast.expr, frame: Frame) -> list[Alternative] | None:
        """What an expression stands for; None where it stands for itself."""
        handler = self._handlers.get(type(node))
        return handler(node, frame) if handler is not None else None

    @staticmethod
    def _same(node: ast.NamedExpr | ast.Await | ast.Starred, frame: Frame) -> list[Alternative]:
        return [(node.value, frame, ())]

    @staticmethod
    def _choice(node: ast.IfExp, frame: Frame) -> list[Alternative]:
        return [(node.body, frame, (node.test,)), (node.orelse, frame, (node.test,))]

    @staticmethod
    def _either(node: ast.BoolOp, frame: Frame) -> list[Alternative] | None:
        if isinstance(node.op, ast.And):
            return None
        return [(value, frame, tuple(node.values[:place])) for place, value in enumerate(node.values)]

    def _variable(self, node: ast.Name, frame: Frame) -> list[Alternative] | None:
        for function in enclosing(frame.function):
            where = frame if function is frame.function else self.frames.uncalled(function)
            parameters = {parameter.arg for parameter in function.every_parameter}
            found = [*self._argument(node.id, where)] if node.id in parameters else []
            bindings = function.bindings.get(node.id, [])
            current = _current(bindings, node.lineno) if function is frame.function else bindings
            is_replaced = any(binding.replaces and binding.is_unconditional for binding in current)
            found = [*([] if is_replaced else found), *((each.value, where, each.tests) for each in current)]
            if found:
                return found
            if node.id in parameters:
                return None
        imported = self.index.imports[frame.function.file].get(node.id)
        return self._module_variable(imported.module, imported.name) if imported is not None else None

    def _module_variable(self, module: str, name: str) -> list[Alternative] | None:
        file = self.index.file_of(module)
        function = self.index.modules[file] if file is not None else None
        if function is None or name not in function.bindings:
            return None
        where = self.frames.uncalled(function)
        return [(each.value, where, each.tests) for each in function.bindings[name]]

    def _argument(self, name: str, frame: Frame) -> Iterator[Alternative]:
        if name in frame.arguments and frame.caller is not None:
            yield frame.arguments[name], frame.caller, ()
        elif frame.call is not None and name in frame.function.defaults:
            yield frame.function.defaults[name], self.frames.uncalled(self.index.modules[frame.function.file]), ()

    def _attribute(self, node: ast.Attribute, frame: Frame) -> list[Alternative] | None:
        if isinstance(node.value, ast.Name):
            info = receiver_class(node.value.id, frame.function)
            info = info or self.index.class_named(frame.function.file, node.value.id)
            if info is not None:
                return self._of_class(info, node.attr, frame)
            imported = self.index.imports[frame.function.file].get(node.value.id)
            if imported is not None:
                return self._module_variable(f"{imported.module}.{imported.name}".strip("."), node.attr)
        for value, where in self.terminals(node.value, frame):
            info = self.index.constructed(value, where.function) if isinstance(value, ast.Call) else None
            if info is not None and isinstance(value, ast.Call):
                return self._field(info, node.attr, value, where) or self._of_class(info, node.attr, where)
        return None

    def _of_class(self, info: ClassInfo, name: str, frame: Frame) -> list[Alternative] | None:
        found: list[Alternative] = []
        for each in self.index.bases(info):
            for function, binding in each.assigned.get(name, []):
                frames = [frame] if function is frame.function else self.frames.of(function)
                found += [(binding.value, where, binding.tests) for where in frames]
            module = self.frames.uncalled(self.index.modules[each.file])
            found += [(binding.value, module, binding.tests) for binding in each.attributes.get(name, [])]
            method = each.methods.get(name)
            if method is not None and method.decorators & {"property", "cached_property"}:
                found += [(binding.value, self.frames.uncalled(method), ()) for binding in method.returns]
        return found or None

    def _field(self, info: ClassInfo, name: str, call: ast.Call, frame: Frame) -> list[Alternative] | None:
        """What a dataclass or NamedTuple is made with."""
        if name not in info.fields or "__init__" in info.methods:
            return None
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        given = named | dict(zip(info.fields, call.args, strict=False))
        return [(given[name], frame, ())] if name in given else None

    def _call(self, node: ast.Call, frame: Frame) -> list[Alternative] | None:
        function = self.index.called(node, frame.function)
        if function is None or function.name == "__init__" or frame.is_within(function):
            return None
        where = entered(function, node, frame)
        return [(binding.value, where, binding.tests) for binding in function.returns]

    # Containers

    def _elements(self, node: ast.expr | Row | None, frame: Frame) -> Iterator[Terminal]:
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                for part in parts:
                    yield from self.terminals(Element(part.value) if isinstance(part, ast.Starred) else part, frame)
            case ast.Dict(keys=keys):
                for key in keys:
                    if key is not None:
                        yield from self.terminals(key, frame)
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part) | ast.DictComp(key=part):
                yield from self.terminals(part, frame)
            case ast.Call(func=ast.Name(id="enumerate"), args=[first, *_]):
                yield Row((None, Element(first))), frame
            case ast.Call(func=ast.Name(id="zip"), args=arguments):
                yield Row(tuple(Element(argument) for argument in arguments)), frame
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _GATHERING:
                yield from self.terminals(Element(first), frame)
            case ast.Call(func=ast.Attribute(value=owner, attr="items" | "values" | "keys" as name)):
                yield from self._view(owner, name, frame)
            case _:
                yield node, frame

    def _view(self, owner: ast.expr, name: str, frame: Frame) -> Iterator[Terminal]:
        for node, where in self.terminals(owner, frame):
            for key, value in _pairs(node):
                if name == "items":
                    yield Row((key, value)), where
                else:
                    yield from self.terminals(key if name == "keys" else value, where)
            if not _pairs(node):
                yield node, where

    def _item(self, node: ast.expr | Row | None, frame: Frame, index: int) -> Iterator[Terminal]:
        if isinstance(node, Row):
            part = node.parts[index] if index < len(node.parts) else None
            yield from self.terminals(part, frame) if part is not None else [(None, frame)]
        elif isinstance(node, ast.List | ast.Tuple) and not any(isinstance(each, ast.Starred) for each in node.elts):
            if index < len(node.elts):
                yield from self.terminals(node.elts[index], frame)
        else:
            yield from self._elements(node, frame)

    def _place(self, node: ast.Subscript, frame: Frame) -> list[Alternative] | None:
        """What stands at a place of a container that the sources spell out."""
        if isinstance(node.slice, ast.Slice):
            return [(node.value, frame, ())]
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        found: list[Alternative] = []
        for owner, where in self.terminals(node.value, frame):
            pairs = _pairs(owner)
            chosen = [value for name, value in pairs if isinstance(name, ast.Constant) and name.value == key]
            found += [(value, where, ()) for value in chosen or [value for _, value in pairs]]
            if isinstance(owner, ast.List | ast.Tuple):
                is_place = isinstance(key, int) and key < len(owner.elts)
                parts = [owner.elts[key]] if is_place and isinstance(key, int) else owner.elts
                found += [(part, where, ()) for part in parts]
        return found or None


def _pairs(node: ast.expr | Row | None) -> Sequence[tuple[ast.expr, ast.expr]]:
    """Keys and values of a dictionary that the sources spell out."""
    if isinstance(node, ast.Dict):
        return [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    return [(node.key, node.value)] if isinstance(node, ast.DictComp) else []


def _current(bindings: Sequence[Binding], line: int) -> list[Binding]:
    """Those that may hold in a line: the last unconditional assignment before it makes earlier ones void."""
    last = max(
        (each.line for each in bindings if each.replaces and each.is_unconditional and each.line < line), default=0
    )
    return [each for each in bindings if each.line >= last]


def is_read(node: ast.expr | Row | None) -> bool:
    """Whether an expression is a parameter of the backtest."""
    return isinstance(node, ast.Call) and last_name(node) in {
        "get_parameter", "GetParameter", "get_parameters", "GetParameters",
    }  # fmt: skip
