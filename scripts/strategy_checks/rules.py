"""What is wrong in a strategy's sources, node by node: values spelled out, names, and slices that are indexed."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from strategy_checks.names import Names, Place, annotation, is_made_date, last_name, placed
from strategy_checks.strategy_files import Finding, Strategy
from strategy_testing.errors import UserError

_ALGORITHM = "QCAlgorithm"
_MEANT_TO_BE_SET = {
    "default_order_properties",  # LEAN documents setting the time in force of all orders by it
    "enable_automatic_indicator_warm_up",  # the older name of settings.automatic_indicator_warm_up
}
_ADDERS = {f"add_{kind}" for kind in ("equity", "index", "future", "crypto", "crypto_future", "forex", "cfd")}
"""Subscriptions that have minute bars where no resolution is given."""
_FIRST_IS_TICKER = {*_ADDERS, "add_option", "add_index_option"}
_SECOND_IS_TICKER = {"add_data", "add_security"}
_ORDERS = {
    "set_holdings", "liquidate", "market_order", "limit_order", "stop_market_order", "stop_limit_order",
    "market_on_open_order", "market_on_close_order", "limit_if_touched_order", "trailing_stop_order", "buy", "sell",
    "order", "calculate_order_quantity", "set_benchmark", "remove_security", "symbol", "history",
}  # fmt: skip
"""What takes a ticker first too, as methods of the strategy."""
_TICKER_NAMES = {"ticker", "tickers", "symbol", "symbols", "underlying"}
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}")
_YEAR = re.compile(r"\b(199\d|20\d\d|2100)(\d{4})?\b")
_SPELLED = re.compile(r"\([\d'\"]")
_ISO_DATE = re.compile(r"(199\d|20\d\d|2100)-\d\d-\d\d.*")
_SLICE_TYPES = re.compile(r"\b(Slice|TradeBars|QuoteBars|Ticks|Dividends|Splits|Delistings|DataDictionary)\b")
_COLLECTIONS = re.compile(
    r"(quote_)?bars|ticks|dividends|splits|delistings|symbol_changed_events|(option|futures?)_chains"
)
_OPEN = re.compile(r"[(,] ?(\*|resolution=)")
"""Arguments that are or may be the resolution."""
_MOST_STEPS = 5
_HIDES = "{0} hides QCAlgorithm's own {0}; call it _{0}"


def snake_case(name: str) -> str:
    """set_start_date for SetStartDate, as LEAN's Python names are made of those of C#."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@cache
def algorithm_names() -> frozenset[str]:
    """Every method, property and constant that a class derived from QCAlgorithm inherits.

    Raises:
        UserError: the stubs are not installed.
    """
    members = [*_members("Algorithm", _ALGORITHM), *_members("Interfaces", "IAlgorithm")]
    if not members:
        raise UserError("the type stubs of LEAN's API (quantconnect-stubs) are not installed", "run `make install`")
    constants = [member.target for member in members if isinstance(member, ast.AnnAssign)]
    names = {member.name for member in members if isinstance(member, ast.FunctionDef)}
    names |= {node.id for node in constants if isinstance(node, ast.Name)}
    return frozenset(name for name in names if not name.startswith("_"))


def _members(module: str, name: str) -> Iterator[ast.stmt]:
    spec = find_spec("QuantConnect")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(folder) / module / "__init__.pyi"
        for node in ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else ():
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield from node.body


def rule_findings(strategy: Strategy, api: frozenset[str]) -> Iterator[Finding]:
    """Literals instead of parameters, hidden API names, data that are not daily, and slices that are indexed."""
    nodes = [node for tree in strategy.trees.values() for node in ast.walk(tree)]
    algorithms = _algorithm_classes([node for node in nodes if isinstance(node, ast.ClassDef)])
    for file, tree in strategy.trees.items():
        rules = _Rules(api, algorithms, Names(tree))
        for node, rules.place in placed(tree):
            rules.look_at(node)
        yield from (Finding(strategy.files[file], line, message) for line, message in rules.found)


def _algorithm_classes(classes: list[ast.ClassDef]) -> set[ast.ClassDef]:
    """Those that derive from QCAlgorithm, directly or not."""
    names = {_ALGORITHM}
    while more := {each.name for each in classes if names & {*map(last_name, each.bases)}} - names:
        names |= more
    return {each for each in classes if each.name in names}


class _Rules:
    """The rules for one source."""

    place: Place

    def __init__(self, api: frozenset[str], algorithms: set[ast.ClassDef], names: Names) -> None:
        self._api, self._algorithms, self._names = api, algorithms, names
        self.found: list[tuple[int, str]] = []
        """Lines and what is wrong there."""

    def look_at(self, node: ast.AST) -> None:
        """Applies the rules to a node, apart from what is inside."""
        match node:
            case ast.Call():
                self._call(node)
            case ast.Compare():
                self._comparison([node.left, *node.comparators])
            case ast.Assign(targets=[ast.Attribute()]):
                self._hard_coded("date", [node.value], _is_date_of_years)
            case ast.ClassDef(body=body) if node in self._algorithms:
                if ast.get_docstring(node) is None:
                    self._add(node, f"the class {node.name} has no docstring; say what it does and what it needs")
                for each in body:
                    self._member(each)
            case ast.Attribute():
                self._attribute(node)
            case ast.Subscript():
                self._subscript(node)

    def _add(self, node: ast.expr | ast.stmt, message: str) -> None:
        self.found.append((node.lineno, message))

    def _is_strategy(self, node: ast.expr) -> bool:
        """Whether an expression is the strategy: `self` in its class, or what is called `algorithm`."""
        is_self = isinstance(node, ast.Name) and node.id == "self"
        return self.place.owner in self._algorithms if is_self else last_name(node).strip("_") == "algorithm"

    # Dates, tickers and capital

    def _hard_coded(
        self, what: str, nodes: list[ast.expr], is_meant: Callable[[ast.expr], bool] = bool, shown: str = ""
    ) -> None:
        for literal in (literal for node in nodes for literal in self._names.literals(node, self.place)):
            if is_meant(literal):
                text = shown or ast.unparse(literal)
                self._add(literal, f"the {what} {text} is hard-coded; read it as a parameter with this default")

    def _arguments(self, call: ast.Call, owner: ast.expr, name: str) -> None:
        named = {each.arg: each.value for each in call.keywords}
        is_first = name in _FIRST_IS_TICKER or (name, last_name(owner)) in {("create", "Symbol"), ("etf", "universe")}
        if is_first or name in _SECOND_IS_TICKER or (name in _ORDERS and self._is_strategy(owner)):
            given = call.args[1:2] if name in _SECOND_IS_TICKER else call.args[:1]
            given += [named[key] for key in _TICKER_NAMES & {*named}]
            self._hard_coded("ticker", given, _is_ticker if name == "add_data" else _is_text)
        elif name in {"set_start_date", "set_end_date"}:
            shown = ", ".join(map(ast.unparse, call.args)) if len(call.args) > 1 else ""
            self._hard_coded("date", [*call.args[:1], *named.values()], shown=shown)
        elif name in {"set_cash", "set_account_currency"}:
            given = [*call.args[:2], *(each for key, each in named.items() if key == "starting_cash")]
            self._hard_coded("capital", given, lambda each: not _text(each))

    def _comparison(self, operands: list[ast.expr]) -> None:
        self._hard_coded("date", operands, _is_date)
        for operand in operands:
            if last_name(operand) == "year":
                self._hard_coded("year", [each for each in operands if each is not operand], _is_year)

    # Names

    def _member(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef(name=name) if name.startswith("on_") or name == "initialize":
                return
            case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                if name in self._api:
                    self._add(node, _HIDES.format(name))

    def _attribute(self, node: ast.Attribute) -> None:
        is_set = isinstance(node.ctx, ast.Store) and self._is_strategy(node.value)
        if is_set and node.attr in self._api - _MEANT_TO_BE_SET:
            self._add(node, _HIDES.format(node.attr))
        if last_name(node.value) == "Resolution" and node.attr.upper() != "DAILY":
            self._add(node, f"Resolution.{node.attr}: the framework tests daily strategies; use Resolution.DAILY")

    def _call(self, node: ast.Call) -> None:
        # `self.history[TradeBar](…)` is subscripted
        target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        if not isinstance(target, ast.Attribute):
            return
        name = snake_case(target.attr)
        self._arguments(node, target.value, name)
        if name in _ADDERS and len(node.args) < 2 and not _OPEN.search(ast.unparse(node)):
            self._add(node, f"{name} without a resolution subscribes to minute bars; give it Resolution.DAILY")

    # Slices

    def _subscript(self, node: ast.Subscript) -> None:
        owner = node.value
        if self._is_slice(owner, self.place):
            remedy = f"take {ast.unparse(owner)}.get({ast.unparse(node.slice)}) and test it for None"
            self._add(node, f"{ast.unparse(node)} fails where there is no such data; {remedy}")
        elif isinstance(owner, ast.Attribute) and owner.attr in {"securities", "portfolio"}:
            self._hard_coded("ticker", [node.slice] if self._is_strategy(owner.value) else [], _is_text)

    def _is_slice(self, node: ast.AST, place: Place, steps: int = 0) -> bool:
        """Whether an expression is a slice or a collection in one."""
        match node:
            case ast.arg():
                return _SLICE_TYPES.search(annotation(node)) is not None
            case ast.Attribute(attr="current_slice"):
                return True
            case ast.Attribute(value=inner, attr=name) if _COLLECTIONS.fullmatch(snake_case(name)):
                return self._is_slice(inner, place, steps)
            case ast.Call(func=ast.Attribute(value=inner, attr="get")):
                return self._is_slice(inner, place, steps)
        given = self._names.values(node, place) if steps < _MOST_STEPS else []
        return any(self._is_slice(value, there, steps + 1) for value, there in given)


def _text(literal: ast.expr) -> str:
    return literal.value if isinstance(literal, ast.Constant) and isinstance(literal.value, str) else ""


def _is_text(literal: ast.expr) -> bool:
    return isinstance(literal, ast.Attribute) or bool(_text(literal))


def _is_ticker(literal: ast.expr) -> bool:
    return _TICKER.fullmatch(_text(literal)) is not None


def _is_date(literal: ast.expr) -> bool:
    return _is_date_of_years(literal) or _ISO_DATE.fullmatch(_text(literal)) is not None


def _is_date_of_years(literal: ast.expr) -> bool:
    """No time of day, and no stand-in for a date such as the year 1."""
    return is_made_date(literal) and (_is_year(literal) or not _SPELLED.search(ast.unparse(literal)))


def _is_year(literal: ast.expr) -> bool:
    return _YEAR.search(ast.unparse(literal)) is not None
