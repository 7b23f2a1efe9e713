"""Which lists hold nothing but keys that a slice is known to have data for."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from strategy_checks.bar_facts import (
    EACH,
    NOTHING,
    Every,
    Facts,
    Has,
    State,
    added,
    filled,
    killed,
    substituted,
    translated,
)
from strategy_checks.bar_names import DATUM, SLICE, SliceNames
from strategy_checks.bar_summaries import RESULT, Summary
from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Function, receiver_class
from strategy_checks.data_kinds import is_custom

ASKING = {"contains_key", "ContainsKey", "__contains__"}
_KEYS = {"keys", "get_keys", "Keys"}
_GATHERING = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "dict", "deque"}
_CHOOSING = {"max", "min", "next"}

Branches: TypeAlias = tuple[State, State]
"""The state where the condition is true, and where it is false."""
Visit: TypeAlias = Callable[[ast.expr, State], State]
Checked: TypeAlias = set[tuple[str, str]]
"""Containers, each with the pattern of the key that it has data under."""


class Elements(ABC):
    """The expressions of one function."""

    def __init__(
        self, names: SliceNames, index: CodeIndex, function: Function, summaries: Mapping[Function, Summary]
    ) -> None:
        """The summaries tell what helpers say."""
        self._names = names
        self._index = index
        self._function = function
        self._summaries = summaries

    def text(self, node: ast.expr) -> str:
        """What an expression is called."""
        return self._names.text(node, self._function)

    def container(self, node: ast.expr) -> str | None:
        """The text of a slice or collection; None for anything else."""
        if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
            node = node.func
        if isinstance(node, ast.Attribute) and node.attr in _KEYS:
            node = node.value
        return self.text(node) if self._names.kind(node, self._function) is not None else None

    @abstractmethod
    def branch(self, node: ast.expr, state: State, visit: Visit) -> Branches:
        """The states behind a condition."""

    def silently(self, node: ast.expr, state: State) -> Branches:
        """The states behind a condition whose parts are not looked at."""
        return self.branch(node, state, lambda _, before: before)

    def of(self, node: ast.expr, state: State) -> tuple[Facts, Facts]:
        """What is known in addition where a condition is true, and where it is false."""
        yes, no = self.silently(node, state)
        before = state or NOTHING
        return (yes or NOTHING) - before, (no or NOTHING) - before

    def iterable(self, node: ast.expr) -> str:
        """What an iterable is called, whatever order its elements are brought into."""
        return self.text(_ungathered(node))

    def elements(self, node: ast.expr, state: State) -> Checked:
        """The containers that are known to have data for every element of an iterable."""
        node = _ungathered(node)
        name = ast.unparse(node)
        known = {name, self.text(node)}
        found = {
            (each.container, each.pattern) for each in state or () if isinstance(each, Every) and each.iterable in known
        }
        container = self.container(node)
        if container is not None:
            return {(container, EACH), (container, f"{EACH}.key"), *found}
        more: Checked = set()
        match node:
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part) | ast.DictComp(key=part):
                more = self._keyed(part, self._within(node.generators, state))
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) if parts:
                more = set.intersection(*(self._keyed(part, state) for part in parts))
            case ast.Subscript(slice=ast.Slice()):
                more = self.elements(node.value, state)
            case ast.BinOp(op=ast.Add() | ast.BitOr()):
                more = self.elements(node.left, state) & self.elements(node.right, state)
            case ast.BinOp(op=ast.BitAnd()):
                more = self.elements(node.left, state) | self.elements(node.right, state)
            case ast.Call(func=ast.Name(id="filter"), args=[condition, iterable]):
                more = self._filtered(condition, iterable, state)
            case ast.Call():
                summary = self.summary(node)
                more = {(each.container, each.pattern) for each in summary.elements} if summary is not None else more
        return found | more

    def _within(self, generators: Iterable[ast.comprehension], state: State) -> State:
        for generator in generators:
            state = self.entering(generator.target, generator.iter, state)
            for condition in generator.ifs:
                state = self.silently(condition, state)[0]
        return state

    def _keyed(self, part: ast.expr, state: State) -> Checked:
        """What is known of one expression as an element."""
        if isinstance(part, ast.Tuple) and part.elts:
            part = part.elts[0]
        text = self.text(part)
        found: Checked = set()
        for fact in self.holding(part, state):
            pattern = substituted(fact.key, ((text, EACH),))
            if EACH in pattern:
                found.add((fact.container, pattern))
        return found

    def _filtered(self, condition: ast.expr, iterable: ast.expr, state: State) -> Checked:
        name, test = applied(condition)
        yes, _ = self.of(test, killed(state, name))
        keys = [(each.container, substituted(each.key, ((name, EACH),))) for each in yes if isinstance(each, Has)]
        return self.elements(iterable, state) | {(container, pattern) for container, pattern in keys if EACH in pattern}

    def entering(self, target: ast.expr, iterable: ast.expr, state: State) -> State:
        """The state in which a loop's body begins."""
        known = [(name, self.elements(source, state)) for name, source in loop_targets(target, iterable)]
        for node in ast.walk(target):
            if isinstance(node, ast.Name | ast.Attribute):
                state = killed(state, ast.unparse(node))
        facts = [Has(container, filled(pattern, name)) for name, found in known for container, pattern in found]
        return added(state, facts)

    def holding(self, key: ast.expr, state: State) -> Iterable[Has]:
        """The facts about data under a key, and under what begins with it."""
        text = self.text(key)
        for fact in state or ():
            if isinstance(fact, Has) and (fact.key == text or fact.key.startswith(f"{text}.")):
                yield fact
        source: ast.expr | None = None
        if isinstance(key, ast.Subscript) and not isinstance(key.slice, ast.Slice):
            source = key.value
        elif isinstance(key, ast.Call) and isinstance(key.func, ast.Name) and key.func.id in _CHOOSING and key.args:
            source = key.args[0]
        if source is not None:
            for container, pattern in self.elements(source, state):
                yield Has(container, filled(pattern, text))

    def fetched(self, node: ast.expr) -> Has | None:
        """What `data.bars.get(symbol)`, `data.get(symbol)` or `data[symbol]` has given if it is not None."""
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[key, *others]):
                is_other = any(not isinstance(each, ast.Constant) or each.value is not None for each in others)
                if is_other or self._names.kind(node, self._function) is not None:
                    return None
            case ast.Subscript(value=owner, slice=key):
                is_slice = self._names.kind(owner, self._function) == SLICE
                if not is_slice or is_custom(key, self._function, self._index):
                    return None
            case _:
                return None
        kind = self._names.kind(owner, self._function)
        if kind is None:
            return None
        return Has(f"{self.text(owner)}.{DATUM}" if kind == SLICE else self.text(owner), self.text(key))

    def summary(self, node: ast.Call) -> Summary | None:
        """What a helper's result says, in the words of this function."""
        called = self._index.called(node, self._function)
        summary = self._summaries.get(called) if called is not None else None
        if called is None or summary is None:
            return None
        mapping = {name: self.text(argument) for name, argument in called.bind(node).items()}
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        is_own = isinstance(owner, ast.Name) and receiver_class(owner.id, self._function) is not None
        if called.itself is not None and is_own and owner is not None:
            mapping[called.itself] = self.text(owner)
        elements = translated(frozenset(summary.elements), mapping, {EACH, RESULT})
        return Summary(
            translated(summary.yes, mapping),
            translated(summary.no, mapping),
            frozenset(each for each in elements if isinstance(each, Every)),
        )


def _ungathered(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in _GATHERING and node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute) and node.func.attr in {"keys", "copy"} and not node.args:
            node = node.func.value
        else:
            break
    return node


def applied(function: ast.expr) -> tuple[str, ast.expr]:
    """What `map` and `filter` make of an element, and the element's name in it."""
    if isinstance(function, ast.Lambda) and function.args.args:
        return function.args.args[0].arg, function.body
    return EACH, ast.Call(function, [ast.Name(EACH)], [])


def loop_targets(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The variables of a loop that are elements (of a dictionary: keys), each with what it is an element of."""
    match target, iterable:
        case (ast.Tuple(elts=[key, _]), ast.Call(func=ast.Attribute(value=owner, attr="items"))):
            yield ast.unparse(key), owner
        case (ast.Tuple(elts=[_, value]), ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_])):
            yield from loop_targets(value, inner)
        case (ast.Tuple(elts=parts), ast.Call(func=ast.Name(id="zip"), args=arguments)):
            for part, argument in zip(parts, arguments, strict=False):
                yield from loop_targets(part, argument)
        case (ast.Tuple(elts=[key, *_]), _):
            yield ast.unparse(key), iterable
        case _:
            yield ast.unparse(target), iterable
