"""How long a strategy warms up and which tickers it names, by its sources alone. Pure."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from strategy_testing.strategy.syntax import parse

_WARM_UPS = ("set_warm_up", "SetWarmUp")
_EQUITIES = ("add_equity", "AddEquity")
_TICKERS = re.compile(r"[A-Z]{1,5}(\|[A-Z]{1,5})+")
_MOST_STEPS = 12
_FUNCTIONS: Mapping[str, Callable[..., float]] = {"max": max, "min": min, "int": int, "float": float}


def warm_up_bars(sources: Mapping[str, str], largest: Mapping[str, Decimal]) -> int | None:
    """The daily bars that the strategy warms up for at most; None where its sources do not plainly say.

    Args:
        sources: texts by path.
        largest: the largest value of each numeric parameter that is varied; others have the default beside their name.
    """
    trees, _ = parse(sources)
    assigned: dict[str, list[ast.expr]] = {}
    calls: list[ast.Call] = []
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and (name := _name(node.targets[0])):
            assigned.setdefault(name, []).append(node.value)
        if isinstance(node, ast.Call) and _name(node.func) in _WARM_UPS:
            calls.append(node)
    bars = [_bars(call, assigned, largest) for call in calls]
    known = [each for each in bars if each is not None]
    return max(known) if known else None


def named_tickers(sources: Mapping[str, str]) -> list[str]:
    """Tickers of stocks that the sources spell out: `"SPY|QQQ"`, and what add_equity is given."""
    trees, _ = parse(sources)
    found: list[str] = []
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _TICKERS.fullmatch(node.value):
            found += node.value.split("|")
        if isinstance(node, ast.Call) and _name(node.func) in _EQUITIES:
            found += [word for word in _words(node) if word.isalpha()]
    return list(dict.fromkeys(ticker.upper() for ticker in found))


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _words(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def _bars(call: ast.Call, assigned: Mapping[str, list[ast.expr]], largest: Mapping[str, Decimal]) -> int | None:
    resolutions = [_name(argument) for argument in call.args[1:]]
    if not call.args or resolutions not in ([], ["DAILY"], ["Daily"]):
        return None
    try:
        return int(_value(call.args[0], assigned, largest, _MOST_STEPS))
    except (ValueError, ArithmeticError):
        return None


def _value(node: ast.expr, assigned: Mapping[str, list[ast.expr]], largest: Mapping[str, Decimal], steps: int) -> float:
    """The number that an expression is.

    Raises:
        ValueError: that cannot be told.
    """
    if steps == 0:
        raise ValueError
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() as sign, right):
            a, b = (_value(side, assigned, largest, steps - 1) for side in (left, right))
            return a + b if isinstance(sign, ast.Add) else a - b if isinstance(sign, ast.Sub) else a * b
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            values = [_value(each, assigned, largest, steps - 1) for each in arguments]
            return float(_FUNCTIONS[name](*values))
        case ast.Call() if words := list(_words(node)):
            if words[0] in largest:
                return float(largest[words[0]])
            numbers = [each.value for each in node.args if isinstance(each, ast.Constant)][-1:]
            return float(str(numbers[0]))
        case ast.Name() | ast.Attribute():
            values_of = assigned.get(_name(node) or "", [])
            if len(values_of) == 1:
                return _value(values_of[0], assigned, largest, steps - 1)
    raise ValueError
