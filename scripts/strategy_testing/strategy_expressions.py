"""Gives every expression of a strategy's sources the values that it may have, and assigns them to what it targets."""

import ast
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strategy_testing.abstract_values import (
    NOTHING,
    UNKNOWN,
    Call,
    Cell,
    Container,
    Mark,
    Site,
    Values,
    bounded,
    combined,
    is_plain,
    union,
)
from strategy_testing.strategy_builtins import formatted, operate
from strategy_testing.strategy_calls import Calls
from strategy_testing.strategy_memory import Memory
from strategy_testing.strategy_scopes import Function, FunctionNode, Instance, Scope


class OutOfTimeError(Exception):
    """The sources are too much to go through."""


class Expressions:
    """Evaluates expressions, again and again: what they are made of may gain values."""

    def __init__(self, memory: Memory, calls: Calls, seconds: float) -> None:
        """The seconds are what all evaluating together may take."""
        self.functions: dict[int, Function] = {}
        self._memory = memory
        self._calls = calls
        self._end = time.monotonic() + seconds
        self._blocks: dict[int, Scope] = {}
        self._handlers: Mapping[type[ast.expr], Callable[[Any, Scope], Values]] = {
            ast.Constant: lambda node, _: frozenset({node.value}) if is_plain(node.value) else UNKNOWN,
            ast.Name: self._name,
            ast.Attribute: lambda node, scope: calls.attribute_of(self.evaluate(node.value, scope), node.attr),
            ast.Tuple: self._sequence,
            ast.List: self._sequence,
            ast.Set: self._sequence,
            ast.Dict: self._dict,
            ast.JoinedStr: self._text,
            ast.BinOp: self._operation,
            ast.IfExp: self._choice,
            ast.BoolOp: lambda node, scope: union([self.evaluate(value, scope) for value in node.values]),
            ast.NamedExpr: self._named,
            ast.Await: lambda node, scope: self.evaluate(node.value, scope),
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.Lambda: lambda node, scope: frozenset({self.define(node, "<lambda>", scope)}),
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._dict_comprehension,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
        }

    def evaluate(self, node: ast.expr, scope: Scope) -> Values:
        """The values that an expression may have.

        Raises:
            OutOfTimeError: the sources are too much.
        """
        if time.monotonic() > self._end:
            raise OutOfTimeError
        handler = self._handlers.get(type(node))
        if handler is not None:
            return handler(node, scope)
        for child in ast.iter_child_nodes(node):  # comparisons, slices and the like: only what is called within counts
            if isinstance(child, ast.expr):
                self.evaluate(child, scope)
        return UNKNOWN

    # Variables

    def bind(self, name: str, values: Values, scope: Scope) -> None:
        """Assigns to a name."""
        for cell in scope.cells_to_assign(name):
            self._memory.add(cell, values)
        if scope.kind == "class":
            self._memory.add(self._memory.attributes[name], values)

    def assign(self, target: ast.expr, values: Values, scope: Scope) -> None:
        """Assigns to a name, an attribute, a place in a container, or several of them."""
        if isinstance(target, ast.Name):
            self.bind(target.id, values, scope)
        elif isinstance(target, ast.Attribute):
            self.evaluate(target.value, scope)
            self._memory.add(self._memory.attributes[target.attr], values)
        elif isinstance(target, ast.Subscript):
            keys = self.evaluate(target.slice, scope)
            for owner in self.evaluate(target.value, scope):
                if isinstance(owner, Container) and isinstance(target.slice, ast.Slice):
                    self._memory.absorb(owner, values)
                elif isinstance(owner, Container):
                    self._memory.store(owner, keys if owner.is_mapping else UNKNOWN, values)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, self._memory.sequence((id(target),), rest=values), scope)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, values, scope)

    def _unpack(self, targets: Sequence[ast.expr], values: Values, scope: Scope) -> None:
        is_counted = not any(isinstance(target, ast.Starred) for target in targets)
        for value in values:
            either = self._memory.iterate(frozenset({value}))
            for index, target in enumerate(targets):
                item = either
                if is_counted and isinstance(value, Container) and not value.is_mapping:
                    item = value.at(frozenset({index}))
                elif is_counted and isinstance(value, Instance) and index < len(value.of.fields):
                    item = self._memory.attributes[value.of.fields[index]].values
                self.assign(target, item, scope)

    def block(self, node: ast.AST, targets: Sequence[ast.expr], scope: Scope) -> Scope:
        """The scope of a loop or comprehension."""
        if id(node) not in self._blocks:
            inner = self._blocks[id(node)] = Scope("block", scope, scope.function)
            for name in [each for target in targets for each in ast.walk(target)]:
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    inner.cells[name.id] = Cell()
        return self._blocks[id(node)]

    def define(self, node: FunctionNode, name: str, scope: Scope) -> Function:
        """The function that a definition or lambda makes."""
        if id(node) not in self.functions:
            decorators = frozenset(map(last_name, getattr(node, "decorator_list", ())))
            self.functions[id(node)] = Function(name, node, Scope("function", scope), decorators)
            self._memory.has_changed = True
        function, arguments = self.functions[id(node)], node.args
        first = len(function.parameters) - len(arguments.defaults)
        pairs = [*zip(function.parameters[first:], arguments.defaults, strict=True)]
        for parameter, default in [*pairs, *zip(function.keyword_only, arguments.kw_defaults, strict=True)]:
            if default is not None:
                function.defaults[parameter] = self.evaluate(default, scope)
        return function

    # Expressions

    def _name(self, node: ast.Name, scope: Scope) -> Values:
        cell = scope.find(node.id)
        return cell.values if cell is not None else self._calls.builtin(node.id)

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set, scope: Scope) -> Values:
        elements = self._arguments((id(node),), node.elts, [], scope)
        return self._memory.sequence(elements.site, elements.positional, elements.rest)

    def _dict(self, node: ast.Dict, scope: Scope) -> Values:
        items: list[tuple[Values, Values]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            values = self.evaluate(value, scope)
            items += self._memory.pairs(values) if key is None else [(self.evaluate(key, scope), values)]
        return self._memory.mapping((id(node),), items)

    def _text(self, node: ast.JoinedStr, scope: Scope) -> Values:
        parts: list[Values] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                values = self.evaluate(part.value, scope)
                spec = self.evaluate(part.format_spec, scope) if part.format_spec is not None else frozenset({""})
                parts.append(combined([values, spec, frozenset({part.conversion})], formatted))
            else:
                parts.append(self.evaluate(part, scope))
        return combined(parts, lambda *texts: bounded("".join(texts)))

    def _operation(self, node: ast.BinOp, scope: Scope) -> Values:
        return operate(self._memory, node, self.evaluate(node.left, scope), self.evaluate(node.right, scope))

    def _choice(self, node: ast.IfExp, scope: Scope) -> Values:
        self.evaluate(node.test, scope)
        return self.evaluate(node.body, scope) | self.evaluate(node.orelse, scope)

    def _named(self, node: ast.NamedExpr, scope: Scope) -> Values:
        values = self.evaluate(node.value, scope)
        self.assign(node.target, values, scope)
        return values

    def _yield(self, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Values:
        values = self.evaluate(node.value, scope) if node.value is not None else NOTHING
        if scope.function is not None:
            rest = self._memory.iterate(values) if isinstance(node, ast.YieldFrom) else values
            made = self._memory.sequence((id(scope.function), "yield"), rest=rest)
            self._memory.add(scope.function.returns, made)
        return UNKNOWN

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Values:
        inner = self._comprehended(node, node.generators, scope)
        return self._memory.sequence((id(node),), rest=self.evaluate(node.elt, inner))

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> Values:
        inner = self._comprehended(node, node.generators, scope)
        item = (self.evaluate(node.key, inner), self.evaluate(node.value, inner))
        return self._memory.mapping((id(node),), [item])

    def _comprehended(self, node: ast.expr, generators: Sequence[ast.comprehension], scope: Scope) -> Scope:
        inner = self.block(node, [generator.target for generator in generators], scope)
        for generator in generators:
            self.assign(generator.target, self._memory.iterate(self.evaluate(generator.iter, inner)), inner)
            for condition in generator.ifs:
                self.evaluate(condition, inner)
        return inner

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Values:
        owners, keys = self.evaluate(node.value, scope), self.evaluate(node.slice, scope)
        found = NOTHING
        for owner in owners:
            if owner is Mark.PARAMETERS:
                found |= self._calls.read(keys, NOTHING, Call((id(node),), scope.is_reached()))
            elif isinstance(owner, Container) and isinstance(node.slice, ast.Slice):
                found |= self._memory.sequence((id(node),), rest=owner.everything())
            elif isinstance(owner, Container):
                found |= owner.at(keys)
            else:
                found |= UNKNOWN
        return found

    # Calls

    def _call(self, node: ast.Call, scope: Scope) -> Values:
        call = self._arguments((id(node),), node.args, node.keywords, scope)
        return self._calls.call_all(self.evaluate(node.func, scope), call)

    def _arguments(
        self, site: Site, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword], scope: Scope
    ) -> Call:
        call = Call(site, scope.is_reached())
        for argument in positional:
            if not isinstance(argument, ast.Starred):
                call.add_positional(self.evaluate(argument, scope))
                continue
            values = self.evaluate(argument.value, scope)
            lone = next(iter(values)) if len(values) == 1 else None
            items = lone.in_order() if isinstance(lone, Container) else None
            if items is None:
                call.rest |= self._memory.iterate(values)
            for item in items or ():
                call.add_positional(item)
        for keyword in keywords:
            values = self.evaluate(keyword.value, scope)
            for keys, stored in [(frozenset({keyword.arg}), values)] if keyword.arg else self._memory.pairs(values):
                call.add_keyword(keys, stored)
        return call


def last_name(node: ast.expr) -> str:
    """What a decorator or base is called, without the module and the arguments."""
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
