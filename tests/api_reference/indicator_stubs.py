"""Reads from LEAN's type stubs which methods make an indicator, and how they are called."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_ALGORITHM = "QCAlgorithm"
_PATTERNS = "CandlestickPatterns"
_BASE = "QuantConnect.Indicators.IndicatorBase"
_INPUTS = {
    "float": "value",
    "IndicatorDataPoint": "value",
    "IBaseDataBar": "bar",
    "TradeBar": "trade bar",
    "IBaseData": "any data",
    "BaseData": "any data",
}
"""What a selector returns, or an indicator takes, in the table's words."""

Classes = Mapping[str, ast.ClassDef]
"""Classes of the stubs by their full name."""


@dataclass(frozen=True)
class IndicatorMethod:
    """One way to call a method that makes an indicator."""

    name: str
    signature: str
    """Arguments without `self`, names, order and defaults as in the stubs, types by their last name."""
    indicator: str
    """Class of what it returns, without its namespaces."""
    takes: str
    """Value, bar, trade bar or any data."""
    outputs: tuple[str, ...]
    """The indicator's properties that are indicators themselves."""


def indicator_classes(stubs: Mapping[str, str]) -> Classes:
    """The classes that derive, directly or not, from LEAN's IndicatorBase.

    Args:
        stubs: text of each stub by its namespace, such as QuantConnect.Indicators.
    """
    found = {
        f"{namespace}.{node.name}": node
        for namespace, text in stubs.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    }
    indicators = {_BASE}
    while more := {name for name, node in found.items() if indicators & set(_bases(node))} - indicators:
        indicators |= more
    return {name: node for name, node in found.items() if name in indicators}


def indicator_methods(algorithm_stub: str, indicators: Classes) -> list[IndicatorMethod]:
    """Every public method of QCAlgorithm that returns an indicator, one for each overload, in the stub's order."""
    lines = algorithm_stub.encode().splitlines()
    makers = _makers(algorithm_stub, _ALGORITHM, indicators)
    return [_method(function, returned, indicators, lines) for function, returned in makers]


def candlestick_patterns(algorithm_stub: str, indicators: Classes) -> list[str]:
    """Names of the methods of `self.candlestick_patterns` that return an indicator."""
    return [function.name for function, _ in _makers(algorithm_stub, _PATTERNS, indicators)]


def _makers(stub: str, class_name: str, indicators: Classes) -> Iterator[tuple[ast.FunctionDef, str]]:
    owners = (each for each in ast.parse(stub).body if isinstance(each, ast.ClassDef) and each.name == class_name)
    for function in (function for owner in owners for function in _functions(owner)):
        returned = _full_name(function.returns) if function.returns else ""
        if returned in indicators and not function.name.startswith("_") and not _is_property(function):
            yield function, returned


def _method(function: ast.FunctionDef, returned: str, indicators: Classes, lines: Sequence[bytes]) -> IndicatorMethod:
    lineage = list(_lineage(returned, indicators))
    outputs = [
        each.name
        for name in lineage
        for each in _functions(indicators[name])
        if _is_property(each) and each.returns is not None and _full_name(each.returns) in indicators
    ]
    short = returned.rpartition(".")[2]
    signature = f"{function.name}({', '.join(_arguments(function, lines))}) -> {short}"
    takes = _takes(function, [base for name in lineage for base in indicators[name].bases])
    return IndicatorMethod(function.name, signature, short, takes, tuple(dict.fromkeys(outputs)))


def _arguments(function: ast.FunctionDef, lines: Sequence[bytes]) -> Iterator[str]:
    given = function.args
    if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg:
        raise ValueError(f"{function.name} has arguments of a kind that the table does not know")
    own = given.args[1:]
    defaults = [None] * (len(own) - len(given.defaults)) + list(given.defaults)
    for argument, default in zip(own, defaults, strict=True):
        typed = f": {_readable(argument.annotation)}".removesuffix(": ") if argument.annotation else ""
        if default is None:
            yield f"{argument.arg}{typed}"
            continue
        # As it is written: 0.70 stays 0.70. Columns count the bytes of UTF-8.
        value = lines[default.lineno - 1][default.col_offset : default.end_col_offset].decode()
        if value == "None" and typed not in {"", ": Any"} and not typed.endswith("| None"):
            typed += " | None"
        yield f"{argument.arg}{typed} = {value}"


def _readable(annotation: ast.expr) -> str:
    """A type by its last name; empty for what takes a symbol, a ticker, a contract or a security."""
    text = re.sub(r"(\w+\.)+", "", ast.unparse(annotation))
    text = re.sub(r"Union\[([^\[\]]*)\]", lambda union: union[1].replace(", ", " | "), text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)
    return "" if text.startswith("Symbol | str |") else text


def _takes(function: ast.FunctionDef, bases: Sequence[ast.expr]) -> str:
    """What its selector returns; without a typed one, what the indicator's class is declared for."""
    selected = [each.annotation for each in function.args.args if each.arg == "selector" and each.annotation]
    for annotation in (*selected, *(base for base in bases if isinstance(base, ast.Subscript))):
        takes = _INPUTS.get(re.findall(r"\w+", ast.unparse(annotation))[-1])
        if takes:
            return takes
    raise ValueError(f"{function.name}: the stubs do not say what its indicator takes")


def _lineage(name: str, indicators: Classes) -> Iterator[str]:
    """The class and the indicators that it derives from, itself first."""
    yield name
    for base in _bases(indicators[name]):
        if base in indicators:
            yield from _lineage(base, indicators)


def _bases(node: ast.ClassDef) -> list[str]:
    return [_full_name(base) for base in node.bases]


def _functions(owner: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (node for node in owner.body if isinstance(node, ast.FunctionDef))


def _is_property(function: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list)


def _full_name(annotation: ast.expr) -> str:
    """`A.B` of `A.B[…]`."""
    return ast.unparse(annotation.value if isinstance(annotation, ast.Subscript) else annotation)
