"""What is known at a place in the code about which data a slice holds.

Expressions are kept as their texts: what was asked with one text is known for the same text until part of it changes.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

EACH = "EACH_ELEMENT"
"""Stands for an element in the text of a key."""


@dataclass(frozen=True)
class Has:
    """A container has data under a key."""

    container: str
    key: str


@dataclass(frozen=True)
class Every:
    """A container has data under a key made of any element of an iterable."""

    container: str
    iterable: str
    pattern: str = EACH


@dataclass(frozen=True)
class Maybe:
    """A variable is what `get` gave: None if the container has nothing under the key."""

    name: str
    container: str
    key: str


@dataclass(frozen=True)
class When:
    """What is known where a variable is true, and where it is false."""

    name: str
    yes: "Facts"
    no: "Facts"


Fact: TypeAlias = Has | Every | Maybe | When
Facts: TypeAlias = frozenset[Fact]
State: TypeAlias = frozenset[Fact] | None
"""None where the code is never reached."""

NOTHING: Facts = frozenset()


def meet(*states: State) -> State:
    """What holds whichever way the code came."""
    reached = [state for state in states if state is not None]
    return frozenset.intersection(*reached) if reached else None


def added(state: State, facts: Iterable[Fact]) -> State:
    """The state with more facts."""
    return None if state is None else state | frozenset(facts)


def killed(state: State, changed: str) -> State:
    """What is still known after something was assigned to an expression."""
    if state is None:
        return None
    mention = re.compile(rf"(?<![\w.]){re.escape(changed)}(?!\w)")
    return frozenset(fact for fact in state if not any(map(mention.search, texts_of(fact))))


def texts_of(fact: Fact) -> list[str]:
    """All texts of a fact."""
    match fact:
        case Has(container, key):
            return [container, key]
        case Every(container, iterable, pattern):
            return [container, iterable, pattern]
        case Maybe(name, container, key):
            return [name, container, key]
        case When(name, yes, no):
            return [name, *(text for each in yes | no for text in texts_of(each))]


def translated(facts: Facts, mapping: Mapping[str, str], allowed: Iterable[str] = ()) -> Facts:
    """The facts in the words of another function; those that cannot be said there are left out.

    Args:
        facts: what is known here.
        mapping: texts of expressions here, and what they are called there.
        allowed: names that mean the same there.
    """
    pairs, same = tuple(sorted(mapping.items())), frozenset(allowed)
    found: set[Fact] = set()
    for fact in facts:
        if isinstance(fact, Has | Every):
            texts = [_translated(text, pairs, same) for text in texts_of(fact)]
            known = [text for text in texts if text is not None]
            if len(known) == len(texts):
                found.add(type(fact)(*known))
    return frozenset(found)


def filled(pattern: str, element: str) -> str:
    """The key that a pattern makes of an element."""
    return substituted(pattern, ((EACH, element),))


@lru_cache(maxsize=10_000)
def substituted(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """The text with expressions in it replaced."""
    return ast.unparse(_Replacer(dict(pairs)).visit(_parsed(text)))


@lru_cache(maxsize=10_000)
def _translated(text: str, pairs: tuple[tuple[str, str], ...], allowed: frozenset[str]) -> str | None:
    replacer = _Replacer(dict(pairs))
    result = ast.unparse(replacer.visit(_parsed(text)))
    return result if replacer.left <= allowed | {EACH} else None


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Replacer(ast.NodeTransformer):
    """Replaces whole expressions; keeps the names that it left."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self.left: set[str] = set()

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr):
            text = ast.unparse(node)
            if text in self._mapping:
                return _parsed(self._mapping[text])
            if isinstance(node, ast.Name):
                self.left.add(node.id)
        return self.generic_visit(node)
