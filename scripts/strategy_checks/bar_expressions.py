"""Goes through the expressions of a function in the order in which they run, and finds the reads of a slice in them."""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strategy_checks.bar_conditions import Conditions
from strategy_checks.bar_elements import Checked
from strategy_checks.bar_facts import (
    NOTHING,
    Every,
    Fact,
    Facts,
    Has,
    Maybe,
    State,
    When,
    added,
    filled,
    killed,
    meet,
    texts_of,
)
from strategy_checks.bar_names import SliceNames
from strategy_checks.code_model import Function
from strategy_checks.slice_reads import SliceReads

_GROWING = {"append": 0, "add": 0, "insert": 1, "appendleft": 0, "setdefault": 0}
_EMPTY = {"list", "dict", "set", "deque"}
_WITH_FUNCTION = {"sorted", "max", "min", "map", "filter"}


@dataclass
class Outcome:
    """What one function's code says."""

    findings: dict[tuple[int, str], None] = field(default_factory=dict)
    """Line and message."""
    calls: dict[int, tuple[ast.Call, Facts]] = field(default_factory=dict)
    """What is known wherever it calls something."""
    yes: list[State] = field(default_factory=list)
    no: list[State] = field(default_factory=list)
    elements: list[Checked] = field(default_factory=list)


class Expressions:
    """The expressions of one function."""

    def __init__(self, function: Function, names: SliceNames, conditions: Conditions) -> None:
        """The conditions are the function's own."""
        self.outcome = Outcome()
        self._function = function
        self._names = names
        self.conditions = conditions
        self._containers = self._all_containers()
        reads = SliceReads(function, names, conditions, self.outcome.findings)
        self._handlers: Mapping[type[ast.expr], Callable[[Any, State], State]] = {
            ast.BoolOp: lambda node, state: meet(*self.branch(node, state)),
            ast.UnaryOp: self._unary,
            ast.IfExp: self._choice,
            **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp), self._comprehension),
            ast.Lambda: self._lambda,
            ast.NamedExpr: lambda node, state: self.assign(node.target, node.value, self.value(node.value, state)),
            ast.Call: self._call,
            ast.Subscript: lambda node, state: reads.subscript(node, self.values([node.value, node.slice], state)),
            ast.Attribute: lambda node, state: reads.attribute(node, self.value(node.value, state)),
        }

    def _all_containers(self) -> set[str]:
        found = set()
        for node in ast.walk(self._function.node):
            if isinstance(node, ast.expr) and self._names.kind(node, self._function) is not None:
                found.add(self.conditions.text(node))
        return found

    def assign(self, target: ast.expr, value: ast.expr | None, state: State) -> State:
        """The state after an assignment; the value is None where nothing is known of it."""
        if isinstance(target, ast.Tuple | ast.List):
            return self._unpack(target, value, state)
        if isinstance(target, ast.Starred):
            return self.assign(target.value, None, state)
        if isinstance(target, ast.Subscript):
            return self.grown(target.value, [target.slice], self.value(target.value, state))
        name = ast.unparse(target)
        after = killed(state, name)
        if value is None or after is None:
            return after
        facts: list[Has | Every | Maybe | When] = []
        asked = self.conditions.fetched(value)
        if asked is not None:
            facts.append(Maybe(name, asked.container, asked.key))
        else:
            yes, no = self.conditions.of(value, state)
            facts += [When(name, yes, no)] if yes or no else []
        facts += [Every(container, name, pattern) for container, pattern in self.conditions.elements(value, state)]
        if is_empty(value):
            facts += [Every(container, name) for container in self._containers]
        for held in self.conditions.holding(value, state):
            facts.append(Has(held.container, name + held.key.removeprefix(self.conditions.text(value))))
        return after | frozenset(facts)

    def _unpack(self, target: ast.Tuple | ast.List, value: ast.expr | None, state: State) -> State:
        parts: Sequence[ast.expr | None] = [None] * len(target.elts)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            parts = value.elts
        known = self.conditions.elements(value, state) if value is not None else set()
        for item, part in zip(target.elts, parts, strict=True):
            state = self.assign(item, part, state)
        names = [ast.unparse(item) for item in target.elts if isinstance(item, ast.Name | ast.Attribute)]
        return added(state, (Has(container, filled(pattern, name)) for container, pattern in known for name in names))

    def grown(self, owner: ast.expr, keys: Iterable[ast.expr], state: State) -> State:
        """The state after something was put into a container: it may not be as well-known as the rest."""
        if state is None:
            return None
        name, texts = ast.unparse(owner), [self.conditions.text(key) for key in keys]
        spoken = {name, self.conditions.text(owner)}
        lost: list[Fact] = [
            fact
            for fact in state
            if isinstance(fact, Every)
            and fact.iterable in spoken
            and not all(Has(fact.container, filled(fact.pattern, text)) in state for text in texts)
        ]
        lost += [fact for fact in state if isinstance(fact, When) and spoken.intersection(texts_of(fact))]
        changed = [fact for fact in state if isinstance(fact, Has) and f"{name}[" in fact.key]
        return state - {*lost, *changed}

    def branch(self, node: ast.expr, state: State) -> tuple[State, State]:
        """The states behind a condition."""
        return self.conditions.branch(node, state, self.value)

    def values(self, nodes: Iterable[ast.AST], state: State) -> State:
        """The state after several expressions."""
        for node in nodes:
            if isinstance(node, ast.expr):
                state = self.value(node, state)
            elif isinstance(node, ast.keyword):
                state = self.value(node.value, state)
        return state

    def value(self, node: ast.expr, state: State) -> State:
        """The state after an expression."""
        if state is None:
            return None
        handler = self._handlers.get(type(node))
        return handler(node, state) if handler is not None else self.values(ast.iter_child_nodes(node), state)

    def _choice(self, node: ast.IfExp, state: State) -> State:
        yes, no = self.branch(node.test, state)
        return meet(self.value(node.body, yes), self.value(node.orelse, no))

    def _unary(self, node: ast.UnaryOp, state: State) -> State:
        return meet(*self.branch(node, state)) if isinstance(node.op, ast.Not) else self.value(node.operand, state)

    def _lambda(self, node: ast.Lambda, state: State) -> State:
        inside = state
        for argument in node.args.args:
            inside = killed(inside, argument.arg)
        self.value(node.body, inside)
        return state

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State) -> State:
        inside = state
        for generator in node.generators:
            inside = self.value(generator.iter, inside)
            inside = self.conditions.entering(generator.target, generator.iter, inside)
            for condition in generator.ifs:
                inside = self.branch(condition, inside)[0]
        self.values([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inside)
        return state

    def _call(self, node: ast.Call, state: State) -> State:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        iterable = node.args[-1 if name in {"map", "filter"} else 0] if node.args else None
        if isinstance(node.func, ast.Attribute) and node.func.attr == "sort":
            name, iterable = "sorted", node.func.value
        state = self.value(node.func, state)
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(argument, ast.Lambda) and name in _WITH_FUNCTION and argument.args.args and iterable:
                target = ast.Name(argument.args.args[0].arg, ast.Store())
                self.value(argument.body, self.conditions.entering(target, iterable, state))
            else:
                state = self.value(argument, state)
        known = state or NOTHING
        before = self.outcome.calls.get(id(node))
        self.outcome.calls[id(node)] = (node, known & before[1] if before is not None else known)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in _GROWING and len(node.args) > _GROWING[node.func.attr]:
                return self.grown(node.func.value, [node.args[_GROWING[node.func.attr]]], state)
            if node.func.attr in {"extend", "update"} and node.args:
                return self._extended(node.func.value, node.args[0], state)
        return state

    def _extended(self, owner: ast.expr, others: ast.expr, state: State) -> State:
        known, name = self.conditions.elements(others, state), ast.unparse(owner)
        if state is None or is_empty(others):
            return state
        kept = {Every(container, name, pattern) for container, pattern in known}
        lost: list[Fact] = [fact for fact in state if isinstance(fact, Every) and fact.iterable == name]
        lost += [fact for fact in state if isinstance(fact, When) and name in texts_of(fact)]
        return state - {*lost} | (state & kept)


def is_empty(node: ast.expr) -> bool:
    """Whether it makes a container that has nothing in it yet."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _EMPTY and not node.args
    return (isinstance(node, ast.List) and not node.elts) or (isinstance(node, ast.Dict) and not node.keys)
