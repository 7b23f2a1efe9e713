"""Judges single reads of a slice's data by what is known where they stand."""

import ast

from strategy_checks.api_names import snake_case
from strategy_checks.bar_conditions import Conditions
from strategy_checks.bar_facts import Has, Maybe, State
from strategy_checks.bar_names import DATUM, SLICE, TYPED, SliceNames
from strategy_checks.code_model import Function

_BARS = ("bars", "quote_bars", "ticks")
_OF_BARS = {
    "open", "high", "low", "close", "volume", "bid", "ask", "last_bid_size", "last_ask_size", "period",
    "is_fill_forward",
}  # fmt: skip
"""Attributes that only a bar has; what a dividend, a split or other data has too is left out."""
_ONLY_OTHER = "on a day with only a dividend or split too"
_INSTEAD = "ask {owner}.bars.contains_key({key}) first and read {owner}.bars[{key}]"


class SliceReads:
    """The reads in one function."""

    def __init__(
        self, function: Function, names: SliceNames, conditions: Conditions, findings: dict[tuple[int, str], None]
    ) -> None:
        """What is wrong goes into the findings, by line and message."""
        self._function = function
        self._names = names
        self._conditions = conditions
        self._findings = findings

    def subscript(self, node: ast.Subscript, state: State) -> State:
        """The state after `data.bars[symbol]` or `data[symbol]`."""
        kind = self._names.kind(node.value, self._function)
        if kind is None or state is None or not isinstance(node.ctx, ast.Load):
            return state
        container, key = self._conditions.text(node.value), self._conditions.text(node.slice)
        whole = container.rpartition(".")[0]
        held = {each.container for each in self._conditions.holding(node.slice, state) if each.key == key}
        enough = {container}
        if kind == SLICE:
            enough.update(_one_of_bars(container))
        elif kind == TYPED:
            enough.add(whole)
        if held & enough:
            return state | {Has(container, key)}
        read, written, owner = ast.unparse(node), ast.unparse(node.slice), ast.unparse(node.value)
        why = "fails where there is no such data"
        if kind in _BARS and whole in held:
            why = f"fails where there is no bar, and {whole} contains {written} {_ONLY_OTHER}"
        remedy = f"ask {owner}.contains_key({written}) first and go on without it"
        if kind == SLICE and self._conditions.fetched(node) is not None:
            remedy = _INSTEAD.format(owner=owner, key=written)
        self._findings[node.lineno, f"{read} {why}; {remedy}"] = None
        return state | {Has(container, key), Has(f"{container}.{DATUM}", key)}

    def attribute(self, node: ast.Attribute, state: State) -> State:
        """The state after `data.bars.get(symbol).close` or `data[symbol].close`, at once or by a variable."""
        owner = node.value.value if isinstance(node.value, ast.NamedExpr) else node.value
        asked = [self._conditions.fetched(owner)]
        name = ast.unparse(node.value.target if isinstance(node.value, ast.NamedExpr) else node.value)
        asked += [
            Has(each.container, each.key) for each in state or () if isinstance(each, Maybe) and each.name == name
        ]
        for each in asked:
            if each is None or state is None:
                continue
            held = {known.container for known in state if isinstance(known, Has) and known.key == each.key}
            whole, _, part = each.container.rpartition(".")
            is_there = part == DATUM and whole in held
            enough = _one_of_bars(whole) if part == DATUM else {each.container}
            if held & enough or (is_there and snake_case(node.attr) not in _OF_BARS):
                continue
            message = f"{name} is None where there is no such data; ask whether it is before using .{node.attr}"
            if is_there:
                message = f"{name} is None {_ONLY_OTHER}; {_INSTEAD.format(owner=whole, key=each.key)}"
            self._findings[node.lineno, message] = None
            state = state | {each}
        return state


def _one_of_bars(container: str) -> set[str]:
    """The containers of which one must hold a key for `data[key]` to be something."""
    return {f"{container}.{name}" for name in (*_BARS, DATUM)}
