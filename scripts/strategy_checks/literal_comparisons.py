"""Finds dates, years and tickers that the code spells out and compares something with, and dates that it keeps."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from strategy_checks.code_model import Expression, Function, last_name
from strategy_checks.origins import Literal, Origins

_YEARS = range(1990, 2101)
_ISO_DATE = re.compile(r"(199\d|20\d\d|2100)-\d\d-\d\d.*")
_DATE_WITHIN = re.compile(r".*\b(199\d|20\d\d|2100)(\b|\d{4}\b).*")
_DATE_CALLS = {"datetime", "date", "strptime", "fromisoformat"}
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}")
_NO_TICKERS = {"ALL", "ANY", "AUTO", "CASH", "NO", "NONE", "OFF"}
"""What a parameter is set to that names no ticker."""
_NAMED_SO = re.compile(r"(.*_)?(ticker|symbol)s?")
_SAME_TEXT = {"upper", "strip"}


@dataclass(frozen=True)
class Value:
    """An expression that must not be a literal."""

    what: str
    node: Expression
    is_meant: Callable[[Literal], bool]
    """Whether a literal that it turns out to be is such a thing at all."""
    shown: str | None = None
    """How to say it, if not as the literal that it comes from."""


def compared_values(function: Function, origins: Origins) -> Iterator[Value]:
    """What a function's comparisons compare with."""
    for comparison in function.comparisons:
        operands = [comparison.left, *comparison.comparators]
        yield from (Value("date", node, _is_date) for node in operands)
        for node in operands:
            others = [other for other in operands if other is not node]
            if any(_is_year(value) for value in _sources(node, function, origins)):
                yield from (Value("year", other, _is_years) for other in others)
            if _is_symbol(node, function, origins):
                yield from (Value("ticker", other, _is_ticker) for other in others)


def kept_dates(function: Function, origins: Origins) -> Iterator[Value]:
    """What a function assigns to attributes of its object."""
    for info in origins.index.classes:
        for assigned in info.assigned.values():
            yield from (Value("date", each.value, _is_made_date) for where, each in assigned if where is function)


def _sources(node: ast.expr, function: Function, origins: Origins) -> Iterator[ast.expr]:
    for frame in origins.frames(function):
        yield from (value for value, _ in origins.terminals(node, frame) if isinstance(value, ast.expr))


def _is_year(node: ast.expr) -> bool:
    """`self.time.year`."""
    return isinstance(node, ast.Attribute) and node.attr == "year"


def _is_symbol(node: ast.expr, function: Function, origins: Origins) -> bool:
    """Whether an expression is a symbol or its ticker, by its name or by what it is given."""
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return _is_symbol(inner, function, origins)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in _SAME_TEXT:
            return _is_symbol(inner, function, origins)
        case ast.Attribute(value=inner, attr="value"):
            return _is_symbol(inner, function, origins)
        case ast.Name() | ast.Attribute():
            found = [node, *_sources(node, function, origins)]
            return any(_NAMED_SO.fullmatch(last_name(each)) for each in found if not isinstance(each, ast.Call))
    return False


def _is_date(literal: Literal) -> bool:
    text = literal.node.value if isinstance(literal.node, ast.Constant) else None
    return _is_made_date(literal) or (isinstance(text, str) and _ISO_DATE.fullmatch(text) is not None)


def _is_made_date(literal: Literal) -> bool:
    """`datetime(2016, 1, 1)`; no time of day, and no stand-in for a date such as the year 1."""
    calls = {last_name(each) for each in ast.walk(literal.node) if isinstance(each, ast.Call)}
    return bool(calls & _DATE_CALLS) and any(
        part in _YEARS if isinstance(part, int) else isinstance(part, str) and _DATE_WITHIN.fullmatch(part) is not None
        for part in literal.parts
    )


def _is_years(literal: Literal) -> bool:
    return bool(literal.parts) and all(isinstance(part, int) and part in _YEARS for part in literal.parts)


def _is_ticker(literal: Literal) -> bool:
    text = literal.node.value if isinstance(literal.node, ast.Constant) else None
    return isinstance(text, str) and _TICKER.fullmatch(text) is not None and text not in _NO_TICKERS
