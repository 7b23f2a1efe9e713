"""Finds dates, tickers and capital that the code spells out instead of reading them as parameters."""

import ast
import itertools
from collections.abc import Iterator

from strategy_checks.api_names import ALGORITHM, snake_case
from strategy_checks.bar_names import SliceNames
from strategy_checks.code_model import ClassInfo, Expression, Function, enclosing, receiver_class
from strategy_checks.findings import Finding
from strategy_checks.literal_comparisons import Value, compared_values, kept_dates
from strategy_checks.origins import Literal, Origins
from strategy_checks.strategy_files import Strategy

_ADDERS = {
    "add_equity", "add_index", "add_future", "add_option", "add_index_option", "add_crypto", "add_crypto_future",
    "add_forex", "add_cfd",
}  # fmt: skip
_ORDERS = {
    "set_holdings", "liquidate", "market_order", "limit_order", "stop_market_order", "stop_limit_order",
    "market_on_open_order", "market_on_close_order", "limit_if_touched_order", "trailing_stop_order", "buy", "sell",
    "order", "calculate_order_quantity", "set_benchmark", "remove_security", "symbol",
}  # fmt: skip
_DATES = {"set_start_date", "set_end_date"}
_CASH = {"set_cash"}
_TICKER_NAMES = {"ticker", "tickers", "symbol", "symbols", "underlying"}
_BY_NAME = {*_ADDERS, *_ORDERS, "add_data", "add_security", "history"}
"""Calls that have an argument of one of these names."""
_BY_TICKER = {"securities", "portfolio"}
"""Collections of the algorithm that a ticker is looked up in."""


def hard_coded_findings(strategy: Strategy, origins: Origins) -> Iterator[Finding]:
    """One finding for each literal that reaches the period, the account, a subscription, an order or a comparison."""
    names = SliceNames(origins.index)
    for function in origins.index.functions:
        values = _values(function, names, origins)
        for value in itertools.chain(values, compared_values(function, origins), kept_dates(function, origins)):
            for literal in filter(value.is_meant, _literals(value.node, function, origins)):
                shown = value.shown or ast.unparse(literal.node)
                message = f"the {value.what} {shown} is hard-coded; read it as a parameter with this default"
                yield Finding(strategy.files[literal.file], literal.node.lineno, message)


def _values(function: Function, names: SliceNames, origins: Origins) -> Iterator[Value]:
    for call in function.calls:
        # `self.history[TradeBar](…)` is subscripted
        target = call.func.value if isinstance(call.func, ast.Subscript) else call.func
        if isinstance(target, ast.Attribute) and origins.index.called(call, function) is None:
            yield from _arguments(call, target, function, origins)
    for subscript in function.subscripts:
        owner = subscript.value
        is_own = isinstance(owner, ast.Attribute) and owner.attr in _BY_TICKER
        if names.kind(owner, function) is not None or (
            is_own and isinstance(owner, ast.Attribute) and _is_algorithm(owner.value, function, origins)
        ):
            yield Value("ticker", subscript.slice, _may_be_ticker)


def _arguments(call: ast.Call, target: ast.Attribute, function: Function, origins: Origins) -> Iterator[Value]:
    """What a call takes for a date, a ticker or capital."""
    name = snake_case(target.attr)
    if name in _DATES:
        shown = ", ".join(map(ast.unparse, call.args)) if len(call.args) > 1 else None
        given = [*call.args[:1], *(each.value for each in call.keywords)]
        yield from (Value("date", node, _is_any, shown) for node in given)
    elif name in _CASH:
        named = [each.value for each in call.keywords if each.arg == "starting_cash"]
        yield from (Value("capital", node, _is_any) for node in [*(call.args[1:2] or call.args[:1]), *named])
    elif name == "set_account_currency":
        yield from (Value("capital", node, _is_any) for node in call.args[1:2])
    else:
        named = [each.value for each in call.keywords if each.arg in _TICKER_NAMES and name in _BY_NAME]
        places = _ticker_places(name, target.value, function, origins)
        is_meant = _may_be_ticker_of_data if name == "add_data" else _may_be_ticker
        yield from (Value("ticker", node, is_meant) for node in [*call.args[places], *named])


def _ticker_places(name: str, owner: ast.expr, function: Function, origins: Origins) -> slice:
    is_universe = name == "etf" and isinstance(owner, ast.Attribute) and owner.attr == "universe"
    is_symbol = name == "create" and isinstance(owner, ast.Name) and owner.id == "Symbol"
    if name in _ADDERS or is_universe or is_symbol:
        return slice(0, 1)
    if name in {"add_data", "add_security"}:
        return slice(1, 2)
    if _is_algorithm(owner, function, origins):
        return slice(0, 1) if name in _ORDERS else slice(0, 2) if name == "history" else slice(0)
    return slice(0)


def _is_algorithm(node: ast.expr, function: Function, origins: Origins) -> bool:
    """Whether an expression is the strategy itself: `self` in its class, or what is annotated as one."""
    if isinstance(node, ast.Name):
        info: ClassInfo | None = receiver_class(node.id, function)
        is_own = info is not None and origins.index.is_algorithm(info)
        return is_own or is_annotated_algorithm(node.id, function)
    for value, frame in origins.terminals(node, origins.frames(function)[0]):
        if isinstance(value, ast.Name) and value is not node and _is_algorithm(value, frame.function, origins):
            return True
    return False


def is_annotated_algorithm(name: str, function: Function) -> bool:
    """Whether a name is a parameter that is annotated as QCAlgorithm."""
    for scope in enclosing(function):
        for parameter in scope.every_parameter:
            if parameter.arg == name:
                return parameter.annotation is not None and ALGORITHM in ast.unparse(parameter.annotation)
    return False


def _literals(node: Expression, function: Function, origins: Origins) -> list[Literal]:
    found = {origin for frame in origins.frames(function) for origin in origins.of(node, frame)}
    return [origin for origin in found if isinstance(origin, Literal)]


def _is_any(_literal: Literal) -> bool:
    return True


def _may_be_ticker(literal: Literal) -> bool:
    return isinstance(literal.node, ast.Attribute) or (literal.is_text and literal.parts != {""})


def _may_be_ticker_of_data(literal: Literal) -> bool:
    """Data may be added under a name of its own, which is written in small letters."""
    text = literal.node.value if isinstance(literal.node, ast.Constant) else None
    return _may_be_ticker(literal) and (text is None or text == str(text).upper())
