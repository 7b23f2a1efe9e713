"""What Python's own functions, methods and operators make of the values that a strategy's expressions may have.

What is not here has an unknown result.
"""

import ast
import operator
import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from strategy_testing.abstract_values import (
    LONGEST_TEXT,
    UNKNOWN,
    Call,
    Container,
    Mark,
    Partial,
    Values,
    bounded,
    combined,
    union,
)
from strategy_testing.strategy_memory import Memory
from strategy_testing.strategy_scopes import Class, Scope

_TEXT_METHODS = {
    "lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "replace", "removeprefix", "removesuffix",
    "format", "zfill",
}  # fmt: skip
_RISKY_TEMPLATE = re.compile(r"\d{4}|%[^%]*\*|\{[^{}]*\{")
"""A width of a billion would fill the memory."""


def _gathered(memory: Memory, call: Call) -> Values:
    return memory.sequence(call.site, rest=memory.iterate(call.get(0)))


def _dict(memory: Memory, call: Call) -> Values:
    return memory.mapping(call.site, [*memory.pairs(call.get(0)), *call.keyword_items()])


def _str(_memory: Memory, call: Call) -> Values:
    return combined([call.get(0)], lambda value: bounded(str(value)))


def _next(memory: Memory, call: Call) -> Values:
    return memory.iterate(call.get(0)) | call.get(1)


def _range(memory: Memory, call: Call) -> Values:
    bounds = [bound for values in call.positional for bound in values if isinstance(bound, int)]
    numbers: Values = UNKNOWN
    if len(bounds) == len(call.positional) and 1 <= len(bounds) <= 3 and 0 not in bounds[2:]:
        numbers = frozenset(range(*bounds)[: LONGEST_TEXT + 1])
    return memory.sequence(call.site, rest=numbers if len(numbers) <= LONGEST_TEXT else UNKNOWN)


def _enumerate(memory: Memory, call: Call) -> Values:
    pair = memory.sequence((*call.site, "pair"), [UNKNOWN, memory.iterate(call.get(0))])
    return memory.sequence(call.site, rest=pair)


def _zip(memory: Memory, call: Call) -> Values:
    row = memory.sequence((*call.site, "row"), [memory.iterate(values) for values in call.positional])
    return memory.sequence(call.site, rest=row)


def _partial(_memory: Memory, call: Call) -> Values:
    positional, keywords = tuple(call.positional[1:]), tuple(sorted(call.keywords.items()))
    return frozenset(Partial(function, positional, keywords) for function in call.get(0))


def _namedtuple(memory: Memory, call: Call) -> Values:
    fields = []
    for described in call.get(1):
        if isinstance(described, str):
            fields += described.replace(",", " ").split()
        elif isinstance(described, Container):
            fields += [name for values in described.in_order() or () for name in values if isinstance(name, str)]
    return frozenset({memory.classes.setdefault(call.site, Class(Scope("class"), fields))}) if fields else UNKNOWN


BUILTINS: Mapping[str, Callable[[Memory, Call], Values]] = {
    **dict.fromkeys(("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"), _gathered),
    "dict": _dict,
    "str": _str,
    "next": _next,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "partial": _partial,
    "namedtuple": _namedtuple,
}


def call_of_container(memory: Memory, owner: Container, name: str, call: Call) -> Values:
    """A method of a list, set or dictionary."""
    first, second = call.get(0), call.get(1)
    if name in {"append", "add", "insert"}:
        memory.store(owner, UNKNOWN, second if name == "insert" else first)
    elif name in {"extend", "update"}:
        memory.absorb(owner, first)
        for keys, values in call.keyword_items():
            memory.store(owner, keys, values)
    elif name == "setdefault":
        memory.store(owner, first, second)
    return _taken_of(memory, owner, name, call)


def _taken_of(memory: Memory, owner: Container, name: str, call: Call) -> Values:
    if name in {"get", "pop", "setdefault"}:
        return (owner.at(call.get(0)) if owner.is_mapping else owner.everything()) | call.get(1)
    if name == "copy":
        return frozenset({owner})
    if name == "keys":
        return memory.sequence(call.site, rest=owner.elements())
    if name == "values":
        return memory.sequence(call.site, rest=owner.everything())
    if name == "items":
        pair = memory.sequence((*call.site, "pair"), [owner.elements(), owner.everything()])
        return memory.sequence(call.site, rest=pair)
    return UNKNOWN


def call_of_text(memory: Memory, text: str, name: str, call: Call) -> Values:
    """A method of a text."""
    if name == "join":
        orders = [value.in_order() if isinstance(value, Container) else None for value in call.get(0)]
        return union(combined(items or [UNKNOWN], lambda *parts: bounded(text.join(parts))) for items in orders)
    if call.rest or (name != "split" and name not in _TEXT_METHODS):
        return UNKNOWN
    given = [*call.positional, *call.keywords.values()]
    if name == "split":
        parts = combined(given, lambda *separators: tuple(text.split(*separators)))
        found = union(frozenset(part) if isinstance(part, tuple) else UNKNOWN for part in parts)
        return memory.sequence(call.site, rest=found)

    def apply(*values: Any) -> Hashable:
        count = len(call.positional)
        if name == "zfill" and values[0] > LONGEST_TEXT:
            return Mark.UNKNOWN
        target = harmless(text) if name == "format" else text
        named = dict(zip(call.keywords, values[count:], strict=True))
        return bounded(getattr(target, name)(*values[:count], **named))

    return combined(given, apply)


def operate(memory: Memory, node: ast.BinOp | ast.AugAssign, left: Values, right: Values) -> Values:
    """`+`, `|` and `%`: other operators give numbers, which no name is made of."""
    if isinstance(node.op, ast.Mod):
        return union(combined([left, *items], _percent) for items in map(_operands, right))
    if not isinstance(node.op, ast.Add | ast.BitOr):
        return UNKNOWN
    owners = containers(left)
    texts = combined([left - owners, right - containers(right)], _concatenated)
    if not owners:
        return texts
    is_mapping = all(isinstance(owner, Container) and owner.is_mapping for owner in owners)
    made = memory.container((id(node),), is_mapping=is_mapping)
    memory.absorb(made, owners | right)
    return texts | {made}


def containers(values: Values) -> Values:
    """Those of the values that hold others."""
    return frozenset(value for value in values if isinstance(value, Container))


def formatted(value: Hashable, spec: Hashable, conversion: int) -> Hashable:
    """A part of an f-string."""
    convert: Callable[[object], object] = {114: repr, 97: ascii}.get(conversion, lambda value: value)
    return format(convert(value), harmless(spec))


def harmless(template: Hashable) -> str:
    """The template of a text that does not get very long."""
    if not isinstance(template, str) or _RISKY_TEMPLATE.search(template):
        raise ValueError
    return template


def _operands(value: Hashable) -> list[Values]:
    if isinstance(value, Container):
        return value.in_order() or [UNKNOWN]
    return [frozenset({value})]


def _percent(template: Hashable, *values: Hashable) -> Hashable:
    return bounded(operator.mod(harmless(template), values))


def _concatenated(one: Hashable, other: Hashable) -> Hashable:
    if isinstance(one, str) and isinstance(other, str):
        return bounded(one + other)
    return Mark.UNKNOWN  # sums too: a counter would never come to an end
