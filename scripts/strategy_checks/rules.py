"""What is wrong in a strategy's sources, one syntax tree at a time: values spelled out, names, and slices."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from strategy_checks.api_names import ALGORITHM, AlgorithmApi, snake_case
from strategy_checks.findings import Finding
from strategy_checks.names import Names, Place, is_made_date, last_name, placed
from strategy_checks.strategy_files import Strategy

_MEANT_TO_BE_SET = {
    "default_order_properties",  # LEAN documents setting the time in force of all orders by it
    "enable_automatic_indicator_warm_up",  # the older name of settings.automatic_indicator_warm_up
}
_WARM_UPS = {"set_warm_up", "set_warmup", "warm_up_indicator", "automatic_indicator_warm_up"} | _MEANT_TO_BE_SET
_MINUTE_BY_DEFAULT = {
    "add_equity",
    "add_index",
    "add_future",
    "add_crypto",
    "add_crypto_future",
    "add_forex",
    "add_cfd",
}
_ADDERS = _MINUTE_BY_DEFAULT | {"add_option", "add_index_option"}
_ORDERS = {
    "set_holdings", "liquidate", "market_order", "limit_order", "stop_market_order", "stop_limit_order",
    "market_on_open_order", "market_on_close_order", "limit_if_touched_order", "trailing_stop_order", "buy", "sell",
    "order", "calculate_order_quantity", "set_benchmark", "remove_security", "symbol", "history",
}  # fmt: skip
_SECOND_IS_TICKER = {"add_data", "add_security"}
_TICKER_NAMES = {"ticker", "tickers", "symbol", "symbols", "underlying"}
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}")
_NAMED_TICKER = re.compile(r"(.*_)?(ticker|symbol)s?")
_NO_TICKERS = {"ALL", "ANY", "AUTO", "CASH", "NO", "NONE", "OFF"}
"""What a parameter is set to that names no ticker."""
_YEARS = range(1990, 2101)
_ISO_DATE = re.compile(r"(199\d|20\d\d|2100)-\d\d-\d\d.*")
_DATE_WITHIN = re.compile(r".*\b(199\d|20\d\d|2100)(\b|\d{4}\b).*")

_MOST_STEPS = 5
_SLICE_TYPES = re.compile(r"\b(Slice|TradeBars|QuoteBars|Ticks|Dividends|Splits|Delistings|DataDictionary)\b")
_COLLECTIONS = {
    "bars", "quote_bars", "ticks", "dividends", "splits", "delistings", "symbol_changed_events", "future_chains",
    "futures_chains", "option_chains",
}  # fmt: skip


def rule_findings(strategy: Strategy, api: AlgorithmApi) -> Iterator[Finding]:
    """Literals instead of parameters, hidden API names, minute data, missing warm-ups, and slices that are indexed."""
    nodes = [node for tree in strategy.trees.values() for node in ast.walk(tree)]
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    mentioned = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    algorithms = _algorithm_classes(node for node in nodes if isinstance(node, ast.ClassDef))
    without_warm_up: list[Finding] = []
    for file, tree in strategy.trees.items():
        rules = _Rules(strategy.files[file], tree, api, algorithms, defined)
        for node, rules.place in placed(tree):
            rules.look_at(node)
        yield from rules.found
        without_warm_up += rules.indicators
        yield from rules.minute_data if "universe_settings" not in mentioned else ()
    yield from without_warm_up[:1] if not mentioned & _WARM_UPS else ()


class _Rules:
    place: Place

    def __init__(
        self, file: Path, tree: ast.Module, api: AlgorithmApi, algorithms: set[ast.ClassDef], defined: set[str]
    ) -> None:
        self._file, self._names, self._api = file, Names(tree), api
        self._algorithms, self._defined = algorithms, defined
        self.found: list[Finding] = []
        self.indicators: list[Finding] = []
        self.minute_data: list[Finding] = []

    def _finding(self, node: ast.AST, message: str) -> Finding:
        return Finding(self._file, getattr(node, "lineno", 1), message)

    def _add(self, node: ast.AST, message: str) -> None:
        self.found.append(self._finding(node, message))

    def look_at(self, node: ast.AST) -> None:
        """Notes what is wrong with a node, apart from what is inside."""
        match node:
            case ast.Call():
                self._call(node)
            case ast.Compare():
                self._comparison(node)
            case ast.Assign(targets=targets) if any(isinstance(target, ast.Attribute) for target in targets):
                self._hard_coded("date", node.value, _is_date_of_years)
            case ast.ClassDef() if node in self._algorithms:
                self._class(node)
            case ast.Attribute():
                self._attribute(node)
            case ast.Subscript():
                self._subscript(node)
            case ast.FunctionDef():
                self._function(node)

    def _is_strategy(self, node: ast.expr) -> bool:
        """Whether an expression is the strategy: `self` in its class, or what is annotated so."""
        is_self = isinstance(node, ast.Name) and node.id == "self"
        return self.place.owner in self._algorithms if is_self else self._names.is_algorithm(node, self.place)

    # Dates, tickers and capital

    def _hard_coded(
        self, what: str, node: ast.expr, is_meant: Callable[[ast.expr], bool] = bool, shown: str | None = None
    ) -> None:
        for literal in filter(is_meant, self._names.literals(node, self.place)):
            text = shown or ast.unparse(literal)
            self._add(literal, f"the {what} {text} is hard-coded; read it as a parameter with this default")

    def _arguments(self, call: ast.Call, owner: ast.expr, name: str) -> None:
        named = {each.arg: each.value for each in call.keywords}
        if name in {"set_start_date", "set_end_date"}:
            shown = ", ".join(map(ast.unparse, call.args)) if len(call.args) > 1 else None
            for node in [*call.args[:1], *named.values()]:
                self._hard_coded("date", node, shown=shown)
        elif name in {"set_cash", "set_account_currency"}:
            given = call.args[1:2] or (call.args[:1] if name == "set_cash" else [])
            for node in [*given, *(value for key, value in named.items() if key == "starting_cash")]:
                self._hard_coded("capital", node)
        is_created = name == "create" and last_name(owner) == "Symbol"
        is_universe = name == "etf" and last_name(owner) == "universe"
        is_order = name in _ORDERS and self._is_strategy(owner)
        if name in _ADDERS or is_created or is_universe or is_order:
            places = slice(0, 1)
        elif name in _SECOND_IS_TICKER:
            places = slice(1, 2)
        else:
            return
        for node in [*call.args[places], *(named[key] for key in _TICKER_NAMES & {*named})]:
            self._hard_coded("ticker", node, _is_own_name if name == "add_data" else _is_text)

    def _comparison(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for operand in operands:
            self._hard_coded("date", operand, _is_date)
            for other in [each for each in operands if each is not operand]:
                sources = [operand, *(value for value, _ in self._names.values(operand, self.place))]
                if any(isinstance(each, ast.Attribute) and each.attr == "year" for each in sources):
                    self._hard_coded("year", other, _is_year)
                if _is_symbol(operand):
                    self._hard_coded("ticker", other, _is_ticker)

    # Names

    def _class(self, node: ast.ClassDef) -> None:
        known = self._api.names
        if ast.get_docstring(node) is None:
            self._add(node, f"the class {node.name} has no docstring; say what it does and what it needs")
        for each in node.body:
            match each:
                case ast.FunctionDef(name=name):
                    if name in known and not name.startswith("on_") and name != "initialize":
                        self._add(each, _hides(name))
                    elif name[:1].isupper() and snake_case(name) in known:
                        self._add(each, f"{name} is the old spelling; write {snake_case(name)}")
                case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
                    if name in known:
                        self._add(each, _hides(name))

    def _attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and self._is_strategy(node.value):
            if isinstance(node.ctx, ast.Store) and node.attr in self._api.names - _MEANT_TO_BE_SET:
                self._add(node, _hides(node.attr))
            elif node.attr[:1].isupper() and snake_case(node.attr) in self._api.names:
                self._add(node, f"{node.attr} is the old spelling; write {snake_case(node.attr)}")
        if last_name(node.value) == "Resolution" and node.attr.upper() != "DAILY":
            self._add(node, f"Resolution.{node.attr}: the framework tests daily strategies; use Resolution.DAILY")
        if isinstance(node.value, ast.Call) and self._may_be_none(node.value):
            self._add(node, _untested(node.value))

    def _set_by_name(self, node: ast.AST, owner: ast.expr, name: ast.expr) -> None:
        texts = map(_text, self._names.literals(name, self.place) if self._is_strategy(owner) else ())
        for text in self._api.names & {*texts} - _MEANT_TO_BE_SET:
            self._add(node, _hides(text))

    # Calls

    def _call(self, node: ast.Call) -> None:
        if last_name(node) == "setattr" and len(node.args) == 3:
            self._set_by_name(node, *node.args[:2])
        # `self.history[TradeBar](…)` is subscripted
        target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        if isinstance(target, ast.Attribute) and target.attr not in self._defined:
            name = snake_case(target.attr)
            self._arguments(node, target.value, name)
            if name in _MINUTE_BY_DEFAULT and not _has_resolution(node):
                message = f"{name} without a resolution subscribes to minute bars; give it Resolution.DAILY"
                self.minute_data.append(self._finding(node, message))
            if name in self._api.indicator_methods and self._is_strategy(target.value):
                remedy = "feed it before the start with set_warm_up(…, Resolution.DAILY)"
                self.indicators.append(self._finding(node, f"{name} starts without values; {remedy}"))

    # Slices

    def _subscript(self, node: ast.Subscript) -> None:
        owner = node.value
        if self._is_slice(owner, self.place):
            remedy = f"take {ast.unparse(owner)}.get({ast.unparse(node.slice)}) and test it for None"
            self._add(node, f"{ast.unparse(node)} fails where there is no such data; {remedy}")
        elif isinstance(owner, ast.Attribute) and self._is_strategy(owner.value):
            if owner.attr in {"securities", "portfolio"}:
                self._hard_coded("ticker", node.slice, _is_text)
            elif owner.attr == "__dict__" and isinstance(node.ctx, ast.Store):
                self._set_by_name(node, owner.value, node.slice)

    def _function(self, node: ast.FunctionDef) -> None:
        """What `get` returns and nobody tests for None; that the test comes first is not looked at."""
        tested = {each.id for each in _tested(node) if isinstance(each, ast.Name)}
        used = (each.value for each in ast.walk(node) if isinstance(each, ast.Attribute))
        for name in {each.id: each for each in used if isinstance(each, ast.Name) and each.id not in tested}.values():
            for value, there in self._names.values(name, self.place):
                if there.function is node and isinstance(value, ast.Call) and self._may_be_none(value):
                    self._add(value, _untested(value))

    def _is_slice(self, node: ast.expr | None, place: Place, steps: int = 0) -> bool:
        """Whether an expression is a slice or a collection in one."""
        match node:
            case ast.Name(id=name) if _SLICE_TYPES.search(self._names.annotation(name, place)):
                return True
            case ast.Attribute(attr="current_slice"):
                return True
            case ast.Attribute(value=inner, attr=name) if snake_case(name) in _COLLECTIONS:
                return self._is_slice(inner, place, steps)
            case ast.Call(func=ast.Attribute(value=inner, attr="get")):
                return self._is_slice(inner, place, steps)
            case ast.Name() | ast.Attribute() if steps < _MOST_STEPS:
                given = self._names.values(node, place)
                return any(self._is_slice(value, there, steps + 1) for value, there in given)
        return False

    def _may_be_none(self, call: ast.Call) -> bool:
        match call:
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[key]):
                return self._is_slice(owner, self.place) and not self._is_type(key)
        return False

    def _is_type(self, key: ast.expr) -> bool:
        """Whether `get` is asked for all data of a class, of which there is always a collection."""
        if isinstance(key, ast.Tuple):
            return any(map(self._is_type, key.elts))
        name = last_name(key)
        is_class = name[:1].isupper() and not name.isupper()
        given = [value for value, _ in self._names.values(key, self.place) if value is not None]
        return is_class or "type[" in self._names.annotation(name, self.place) or any(map(self._is_type, given))


def _algorithm_classes(classes: Iterable[ast.ClassDef]) -> set[ast.ClassDef]:
    """Those that derive from QCAlgorithm, directly or not."""
    every, names = [*classes], {ALGORITHM}
    while more := {each.name for each in every if names & {*map(last_name, each.bases)}} - names:
        names |= more
    return {each for each in every if each.name in names}


def _tested(function: ast.AST) -> Iterator[ast.expr]:
    """What is compared, or is a condition by itself."""
    for node in ast.walk(function):
        parts: list[ast.expr] = []
        match node:
            case ast.Compare(left=left, comparators=others):
                parts = [left, *others]
            case ast.BoolOp(values=values) | ast.comprehension(ifs=values):
                parts = values
            case ast.UnaryOp(operand=part) | ast.Match(subject=part):
                parts = [part]
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.Assert(test=test):
                parts = [test]
        yield from (part.target if isinstance(part, ast.NamedExpr) else part for part in parts)


def _has_resolution(call: ast.Call) -> bool:
    """As the second argument or by name; arguments that are not written out may have it."""
    is_open = any(isinstance(each, ast.Starred) for each in call.args)
    return is_open or len(call.args) > 1 or bool({None, "resolution"} & {each.arg for each in call.keywords})


def _hides(name: str) -> str:
    return f"{name} hides QCAlgorithm's own {name}; call it _{name}"


def _untested(call: ast.Call) -> str:
    return f"{ast.unparse(call)} is None where there is no such data; test it for None first"


def _is_symbol(node: ast.expr) -> bool:
    """Whether an expression is a symbol or its ticker, by its name."""
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[inner]) | ast.Attribute(value=inner, attr="value"):
            return _is_symbol(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="upper" | "strip")):
            return _is_symbol(inner)
    return isinstance(node, ast.Name | ast.Attribute) and _NAMED_TICKER.fullmatch(last_name(node)) is not None


def _text(literal: ast.expr) -> str:
    value = literal.value if isinstance(literal, ast.Constant) else None
    return value if isinstance(value, str) else ""


def _is_text(literal: ast.expr) -> bool:
    return isinstance(literal, ast.Attribute) or bool(_text(literal))


def _is_own_name(literal: ast.expr) -> bool:
    """Data may be added under a name of its own, which is written in small letters."""
    return _is_text(literal) and _text(literal) == _text(literal).upper()


def _is_ticker(literal: ast.expr) -> bool:
    return _TICKER.fullmatch(_text(literal)) is not None and _text(literal) not in _NO_TICKERS


def _is_date(literal: ast.expr) -> bool:
    return _is_date_of_years(literal) or _ISO_DATE.fullmatch(_text(literal)) is not None


def _is_date_of_years(literal: ast.expr) -> bool:
    """No time of day, and no stand-in for a date such as the year 1."""
    values = [each.value for each in ast.walk(literal) if isinstance(each, ast.Constant)]
    within = any(each in _YEARS if isinstance(each, int) else _DATE_WITHIN.fullmatch(str(each)) for each in values)
    return is_made_date(literal) and (within or not isinstance(next(iter(values), None), int))


def _is_year(literal: ast.expr) -> bool:
    parts = [each.value for each in ast.walk(literal) if isinstance(each, ast.Constant)]
    return bool(parts) and all(isinstance(part, int) and part in _YEARS for part in parts)
