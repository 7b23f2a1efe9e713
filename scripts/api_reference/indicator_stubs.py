"""Reads from LEAN's type stubs which methods make an indicator, and how they are called."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """One way to call a method that makes an indicator.

    Attributes:
        name: of the method.
        signature: arguments without `self`, names, order and defaults as in the stubs, types by their last name.
        indicator: class of what it returns, without its namespaces.
        takes: value, bar, trade bar or any data.
        outputs: the indicator's properties that are indicators themselves.
    """

    name: str
    signature: str
    indicator: str
    takes: str
    outputs: tuple[str, ...]


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
    return [
        _method(function, returned, indicators, lines)
        for function, returned in _makers(algorithm_stub, _ALGORITHM, indicators)
    ]


def candlestick_patterns(algorithm_stub: str, indicators: Classes) -> list[str]:
    """Names of the methods of `self.candlestick_patterns` that return an indicator."""
    return [function.name for function, _ in _makers(algorithm_stub, _PATTERNS, indicators)]


def _makers(stub: str, class_name: str, indicators: Classes) -> Iterator[tuple[ast.FunctionDef, str]]:
    for owner in ast.parse(stub).body:
        if not isinstance(owner, ast.ClassDef) or owner.name != class_name:
            continue
        for function in _functions(owner):
            if function.name.startswith("_") or _is_property(function) or function.returns is None:
                continue
            returned = _full_name(function.returns)
            if returned in indicators:
                yield function, returned


def _method(function: ast.FunctionDef, returned: str, indicators: Classes, lines: Sequence[bytes]) -> IndicatorMethod:
    short = _last(returned)
    return IndicatorMethod(
        name=function.name,
        signature=f"{function.name}({', '.join(_arguments(function, lines))}) -> {short}",
        indicator=short,
        takes=_takes(function, returned, indicators),
        outputs=tuple(dict.fromkeys(_outputs(returned, indicators))),
    )


def _arguments(function: ast.FunctionDef, lines: Sequence[bytes]) -> Iterator[str]:
    given = function.args
    if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg:
        raise ValueError(f"{function.name} has arguments of a kind that the table does not know")
    own = given.args[1:]
    defaults = [None] * (len(own) - len(given.defaults)) + list(given.defaults)
    for argument, default in zip(own, defaults, strict=True):
        typed = "" if argument.annotation is None else _readable(argument.annotation)
        if default is None:
            yield f"{argument.arg}: {typed}" if typed else argument.arg
            continue
        # As it is written: 0.70 stays 0.70. Columns count the bytes of UTF-8.
        value = lines[default.lineno - 1][default.col_offset : default.end_col_offset].decode()
        if value == "None" and typed not in {"", "Any"} and not typed.endswith("| None"):
            typed += " | None"
        yield f"{argument.arg}: {typed} = {value}" if typed else f"{argument.arg} = {value}"


def _readable(annotation: ast.expr) -> str:
    """A type by its last name; empty for what takes a symbol, a ticker, a contract or a security."""
    shortened = _Shortened().visit(ast.parse(ast.unparse(annotation), mode="eval").body)
    text = ast.unparse(shortened)
    return "" if text.startswith("Symbol | str |") else text


class _Shortened(ast.NodeTransformer):
    """Drops namespaces, and writes Optional and Union with a bar."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.Name:
        return ast.Name(node.attr)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        name = ast.unparse(node.value)
        if name == "Optional":
            return ast.BinOp(node.slice, ast.BitOr(), ast.Constant(None))
        if name == "Union" and isinstance(node.slice, ast.Tuple):
            first, *others = node.slice.elts
            for other in others:
                first = ast.BinOp(first, ast.BitOr(), other)
            return first
        return node


def _takes(function: ast.FunctionDef, returned: str, indicators: Classes) -> str:
    """What its selector returns; without a typed one, what the indicator's class is declared for."""
    selected = [
        argument.annotation.slice.elts[-1]
        for argument in function.args.args
        if argument.arg == "selector"
        and isinstance(argument.annotation, ast.Subscript)
        and isinstance(argument.annotation.slice, ast.Tuple)
    ]
    declared = [
        parent.slice
        for name in _lineage(returned, indicators)
        for parent in indicators[name].bases
        if isinstance(parent, ast.Subscript)
    ]
    for annotation in selected + declared:
        takes = _INPUTS.get(_last(_full_name(annotation)))
        if takes:
            return takes
    raise ValueError(f"{function.name}: the stubs do not say what {returned} takes")


def _outputs(returned: str, indicators: Classes) -> Iterator[str]:
    for name in _lineage(returned, indicators):
        for function in _functions(indicators[name]):
            made = function.returns
            if _is_property(function) and made is not None and _full_name(made) in indicators:
                yield function.name


def _lineage(name: str, indicators: Classes) -> Iterator[str]:
    """The class and the indicators that it derives from, itself first."""
    yield name
    for base in _bases(indicators[name]):
        if base in indicators:
            yield from _lineage(base, indicators)


def _bases(node: ast.ClassDef) -> Iterable[str]:
    return (_full_name(base) for base in node.bases)


def _functions(owner: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (node for node in owner.body if isinstance(node, ast.FunctionDef))


def _is_property(function: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list)


def _full_name(annotation: ast.expr) -> str:
    """`A.B` of `A.B[…]`."""
    return ast.unparse(annotation.value if isinstance(annotation, ast.Subscript) else annotation)


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]
