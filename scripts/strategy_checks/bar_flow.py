"""Goes through a function along every path; what is known is what holds whichever way the code came."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strategy_checks.bar_expressions import Expressions, Outcome, is_empty
from strategy_checks.bar_facts import NOTHING, Facts, State, killed, meet
from strategy_checks.bar_summaries import Summary, summarised
from strategy_checks.code_model import Function


@dataclass
class _Loop:
    continued: list[State] = field(default_factory=list)
    broken: list[State] = field(default_factory=list)


class Flow:
    """The paths of one function."""

    def __init__(self, function: Function, expressions: Expressions) -> None:
        """The expressions are the function's own."""
        self.outcome: Outcome = expressions.outcome
        self._function = function
        self._expressions = expressions
        self._loops: list[_Loop] = []
        self._handlers: Mapping[type[ast.stmt], Callable[[Any, State], State]] = {
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.Return: self._return,
            ast.Raise: self._leave,
            ast.Continue: self._leave,
            ast.Break: self._leave,
            ast.Assert: lambda node, state: expressions.branch(node.test, state)[0],
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Match: self._match,
            ast.Delete: self._delete,
            **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), lambda _, state: state),
        }

    def run(self, entry: Facts) -> Summary:
        """Goes through the body; what the result says.

        Args:
            entry: what is known wherever the function is called.
        """
        end = self._block(self._function.node.body, entry)
        self.outcome.no.append(end)
        if end is not None:
            self.outcome.elements.append(set())
        elements = set.intersection(*self.outcome.elements) if self.outcome.elements else set()
        yes, no = meet(*self.outcome.yes), meet(*self.outcome.no)
        return summarised(yes or NOTHING, no or NOTHING, elements, self._function)

    def _block(self, statements: Sequence[ast.stmt], state: State) -> State:
        for statement in statements:
            if state is None:
                return None
            state = self._statement(statement, state)
        return state

    def _statement(self, node: ast.stmt, state: State) -> State:
        handler = self._handlers.get(type(node))
        if handler is not None:
            return handler(node, state)
        return self._expressions.values(ast.iter_child_nodes(node), state)

    def _assign(self, node: ast.Assign, state: State) -> State:
        state = self._expressions.value(node.value, state)
        for target in node.targets:
            state = self._expressions.assign(target, node.value, state)
        return state

    def _annotated(self, node: ast.AnnAssign, state: State) -> State:
        if node.value is None:
            return state
        return self._expressions.assign(node.target, node.value, self._expressions.value(node.value, state))

    def _augmented(self, node: ast.AugAssign, state: State) -> State:
        state = self._expressions.value(node.value, state)
        if isinstance(node.value, ast.List | ast.Tuple | ast.Set):
            return self._expressions.grown(node.target, node.value.elts, state)
        return self._expressions.assign(node.target, None, state)

    def _if(self, node: ast.If, state: State) -> State:
        yes, no = self._expressions.branch(node.test, state)
        return meet(self._block(node.body, yes), self._block(node.orelse, no))

    def _leave(self, node: ast.Raise | ast.Continue | ast.Break, state: State) -> State:
        self._expressions.values(ast.iter_child_nodes(node), state)
        if isinstance(node, ast.Continue) and self._loops:
            self._loops[-1].continued.append(state)
        elif isinstance(node, ast.Break) and self._loops:
            self._loops[-1].broken.append(state)
        return None

    def _with(self, node: ast.With | ast.AsyncWith, state: State) -> State:
        for item in node.items:
            state = self._expressions.value(item.context_expr, state)
            if item.optional_vars is not None:
                state = self._expressions.assign(item.optional_vars, None, state)
        return self._block(node.body, state)

    def _delete(self, node: ast.Delete, state: State) -> State:
        for target in node.targets:
            state = killed(state, ast.unparse(target))
        return state

    def _while(self, node: ast.While, state: State) -> State:
        head, _, broken = self._settled(state, node.body, lambda head: self._expressions.branch(node.test, head)[0])
        return meet(self._block(node.orelse, self._expressions.branch(node.test, head)[1]), *broken)

    def _for(self, node: ast.For | ast.AsyncFor, state: State) -> State:
        conditions = self._expressions.conditions

        def entered(head: State) -> State:
            return conditions.entering(node.target, node.iter, head)

        head, end, broken = self._settled(self._expressions.value(node.iter, state), node.body, entered)
        if head is not None and end is not None and not _assigns(node.body, node.target):
            # What is known of an element after its turn is known of all after the last, unless a turn changes it.
            of_all = conditions.generalised(end, node.target, node.iter)
            head, _, _ = self._settled(head | of_all, node.body, entered)
        return meet(self._block(node.orelse, head), *broken)

    def _settled(
        self, head: State, body: Sequence[ast.stmt], entered: Callable[[State], State]
    ) -> tuple[State, State, list[State]]:
        """What is known at a loop's head whichever turn it is, where a turn ends, and wherever one breaks off."""
        while True:
            self._loops.append(_Loop())
            end = self._block(body, entered(head))
            loop = self._loops.pop()
            end = meet(end, *loop.continued)
            narrowed = meet(head, end)
            if narrowed == head:
                return head, end, loop.broken
            head = narrowed

    def _try(self, node: ast.Try | ast.TryStar, state: State) -> State:
        end = self._block(node.body, state)
        stopped = meet(state, end)
        for each in (each for statement in node.body for each in ast.walk(statement)):
            if isinstance(each, ast.Name | ast.Attribute) and isinstance(each.ctx, ast.Store):
                stopped = killed(stopped, ast.unparse(each))
        ends = [self._block(node.orelse, end), *(self._block(each.body, stopped) for each in node.handlers)]
        result = meet(*ends)
        self._block(node.finalbody, stopped)
        return self._block(node.finalbody, result)

    def _match(self, node: ast.Match, state: State) -> State:
        state = self._expressions.value(node.subject, state)
        ends: list[State] = [state]
        for case in node.cases:
            inside = state
            for each in ast.walk(case.pattern):
                name = getattr(each, "name", None) or getattr(each, "rest", None)
                inside = killed(inside, name) if isinstance(name, str) else inside
            if case.guard is not None:
                inside = self._expressions.branch(case.guard, inside)[0]
            ends.append(self._block(case.body, inside))
        return meet(*ends)

    def _return(self, node: ast.Return, state: State) -> State:
        value = node.value if node.value is not None else ast.Constant(None)
        yes, no = self._expressions.branch(value, state)
        self.outcome.yes.append(yes)
        self.outcome.no.append(no)
        if not is_empty(value):
            self.outcome.elements.append(self._expressions.conditions.elements(value, state))
        return None


def _assigns(body: Sequence[ast.stmt], target: ast.expr) -> bool:
    """Whether a loop's body gives its own variables another value."""
    stored = {
        ast.unparse(each)
        for statement in body
        for each in ast.walk(statement)
        if isinstance(each, ast.Name | ast.Attribute) and isinstance(each.ctx, ast.Store)
    }
    return any(isinstance(each, ast.Name) and each.id in stored for each in ast.walk(target))
