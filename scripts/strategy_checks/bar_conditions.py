"""What a condition says about the data in a slice, where it is true and where it is false."""

import ast
from collections.abc import Sequence

from strategy_checks.bar_elements import ASKING, Branches, Elements, Visit, applied, loop_targets
from strategy_checks.bar_facts import (
    EACH,
    NOTHING,
    Every,
    Fact,
    Facts,
    Has,
    Maybe,
    State,
    When,
    filled,
    killed,
    meet,
    substituted,
)


class Conditions(Elements):
    """The conditions of one function."""

    def branch(self, node: ast.expr, state: State, visit: Visit) -> Branches:
        """The states behind a condition.

        Args:
            node: the condition.
            state: what is known before it.
            visit: what its parts do to the state.
        """
        if state is None:
            return None, None
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yes, no = self.branch(node.operand, state, visit)
            return no, yes
        if isinstance(node, ast.BoolOp):
            return self._chain(node, state, visit)
        after = visit(node, state)
        if after is None or isinstance(node, ast.Constant):
            return (after, None) if isinstance(node, ast.Constant) and node.value else (None, after)
        yes_facts, no_facts = self._leaf(node, after)
        return after | yes_facts, after | no_facts

    def _chain(self, node: ast.BoolOp, state: State, visit: Visit) -> Branches:
        """`and` and `or`: each part is only reached through those before it."""
        is_and = isinstance(node.op, ast.And)
        others: list[State] = []
        for value in node.values:
            yes, no = self.branch(value, state, visit)
            state, other = (yes, no) if is_and else (no, yes)
            others.append(other)
        return (state, meet(*others)) if is_and else (meet(*others), state)

    def _leaf(self, node: ast.expr, state: Facts) -> tuple[Facts, Facts]:
        match node:
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self._variable(node, state)
            case ast.NamedExpr(value=value) | ast.Call(func=ast.Name(id="bool" | "len"), args=[value]):
                return self.of(value, state)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return self._comparison(left, operator, right, state)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return NOTHING, self._where_empty(node.generators, state)
            case ast.Call():
                return self._call(node, state)
        return NOTHING, NOTHING

    def _variable(self, node: ast.expr, state: Facts) -> tuple[Facts, Facts]:
        name, yes, no = ast.unparse(node), NOTHING, NOTHING
        for fact in state:
            if isinstance(fact, When) and fact.name == name:
                yes, no = yes | fact.yes, no | fact.no
        return yes | self._present(node, state), no

    def _present(self, node: ast.expr, state: Facts) -> Facts:
        """What is known where an expression is not None."""
        if isinstance(node, ast.NamedExpr):
            node = node.value
        if isinstance(node, ast.Call | ast.Subscript):
            asked = self.fetched(node)
            return frozenset({asked}) if asked is not None else NOTHING
        name = ast.unparse(node)
        return frozenset(
            Has(each.container, each.key) for each in state if isinstance(each, Maybe) and each.name == name
        )

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, state: Facts) -> tuple[Facts, Facts]:
        yes: Facts = NOTHING
        no: Facts = NOTHING
        constant = right.value if isinstance(right, ast.Constant) else ...
        if isinstance(operator, ast.In | ast.NotIn):
            key, container = self.text(left), self.container(right)
            checked = {(container, EACH)} if container is not None else self.elements(right, state)
            yes = frozenset(Has(each, key) for each, pattern in checked if pattern == EACH)
        elif isinstance(operator, ast.LtE):  # `set(self._symbols) <= set(data.bars.keys())`
            yes = frozenset(
                Every(container, self.iterable(left), pattern) for container, pattern in self.elements(right, state)
            )
        elif constant is None:
            no = self._present(left, state)
        elif constant == 0 and isinstance(operator, ast.Gt):
            yes, no = self.of(left, state) if _is_len(left) else (NOTHING, NOTHING)
        elif isinstance(constant, bool) or (constant == 0 and isinstance(operator, ast.Eq | ast.NotEq)):
            yes, no = self.of(left, state)
            yes, no = (yes, no) if constant else (no, yes)
        return (no, yes) if isinstance(operator, ast.NotIn | ast.IsNot | ast.NotEq) else (yes, no)

    def _quantified(self, is_all: bool, node: ast.expr, state: Facts) -> tuple[Facts, Facts]:
        match node:
            case ast.GeneratorExp(elt=test, generators=[ast.comprehension(target, iterable, [])]):
                pass
            case ast.ListComp(elt=test, generators=[ast.comprehension(target, iterable, [])]):
                pass
            case ast.Call(func=ast.Name(id="map"), args=[function, iterable]):
                name, test = applied(function)
                target = ast.Name(name)
            case _:
                return NOTHING, NOTHING
        yes, no = self.of(test, self.entering(target, iterable, state))
        found = self.generalised(yes if is_all else no, target, iterable)
        return (found, NOTHING) if is_all else (NOTHING, found)

    def _where_empty(self, generators: Sequence[ast.comprehension], state: Facts) -> Facts:
        """What is known where a list such as `[s for s in symbols if not data.bars.contains_key(s)]` has nothing."""
        match generators:
            case [ast.comprehension(target, iterable, [test])]:
                _, no = self.of(test, self.entering(target, iterable, state))
                return self.generalised(no, target, iterable)
        return NOTHING

    def generalised(self, facts: Facts, target: ast.expr, iterable: ast.expr) -> Facts:
        """What holds of each element of an iterable, if the facts hold of whichever is the target."""
        found: set[Fact] = set()
        for name, source in loop_targets(target, iterable):
            for fact in facts:
                if not isinstance(fact, Has) or killed(frozenset({Has(fact.container, "0")}), name) == NOTHING:
                    continue
                pattern = substituted(fact.key, ((name, EACH),))
                if EACH not in pattern:
                    continue
                found.add(Every(fact.container, self.iterable(source), pattern))
                if isinstance(source, ast.Tuple | ast.List):
                    found |= {Has(fact.container, filled(pattern, self.text(element))) for element in source.elts}
        return frozenset(found)

    def _call(self, node: ast.Call, state: Facts) -> tuple[Facts, Facts]:
        if isinstance(node.func, ast.Name) and node.func.id in {"all", "any"} and len(node.args) == 1:
            return self._quantified(node.func.id == "all", node.args[0], state)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ASKING and len(node.args) == 1:
            container = self.container(node.func.value)
            if container is not None:
                return frozenset({Has(container, self.text(node.args[0]))}), NOTHING
        asked = self.fetched(node)
        if asked is not None:
            return frozenset({asked}), NOTHING
        summary = self.summary(node)
        return (summary.yes, summary.no) if summary is not None else (NOTHING, NOTHING)


def _is_len(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
