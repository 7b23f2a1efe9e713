"""Which expressions are LEAN's slices and their collections, and what each is called."""

import ast
import copy

from strategy_checks.api_names import snake_case
from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Binding, Function, Item, enclosing, receiver_class
from strategy_checks.data_kinds import is_class

SLICE = "slice"
COLLECTIONS = {
    "bars", "quote_bars", "ticks", "splits", "dividends", "delistings", "symbol_changed_events", "option_chains",
    "options_chains", "futures_chains", "future_chains", "margin_interest_rates",
}  # fmt: skip
DATUM = "DATUM"
"""Stands for the collection of what `data[symbol]` gives, if that is not None."""
TYPED = "get"
"""The collection that `data.get(SomeData)` gives."""
_BY_ANNOTATION = {
    "Slice": SLICE, "TradeBars": "bars", "QuoteBars": "quote_bars", "Ticks": "ticks", "Splits": "splits",
    "Dividends": "dividends", "Delistings": "delistings", "SymbolChangedEvents": "symbol_changed_events",
    "OptionChains": "option_chains", "FuturesChains": "futures_chains", "DataDictionary": TYPED,
}  # fmt: skip
_HANDLERS = {"on_data", "OnData"}
_MOST_ROUNDS = 6


class SliceNames:
    """Follows slices through the variables of a strategy."""

    def __init__(self, index: CodeIndex) -> None:
        """Finds the variables that are slices or collections of one."""
        self._index = index
        self._variables: dict[tuple[Function, str], str] = {}
        self._attributes: dict[str, str] = {}
        for function in index.functions:
            for parameter in function.every_parameter:
                kind = _annotated(parameter.annotation)
                if kind is not None:
                    self._variables[function, parameter.arg] = kind
            if function.name in _HANDLERS and function.owner is not None and function.parameters:
                self._variables[function, function.parameters[0].arg] = SLICE
        for _ in range(_MOST_ROUNDS):
            before = len(self._variables) + len(self._attributes)
            self._spread()
            if len(self._variables) + len(self._attributes) == before:
                break

    def kind(self, node: ast.expr, function: Function) -> str | None:
        """SLICE, the name of a collection, or None."""
        match node.value if isinstance(node, ast.NamedExpr) else node:
            case ast.Name(id=name):
                scopes = enclosing(function)
                return next((self._variables[each, name] for each in scopes if (each, name) in self._variables), None)
            case ast.Attribute(value=owner, attr=name):
                if snake_case(name) == "current_slice":
                    return SLICE
                if snake_case(name) in COLLECTIONS and self.kind(owner, function) == SLICE:
                    return snake_case(name)
                is_own = isinstance(owner, ast.Name) and receiver_class(owner.id, function) is not None
                return self._attributes.get(name) if is_own else None
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[wanted]):
                is_typed = self.kind(owner, function) == SLICE and is_class(wanted, function, self._index)
                return TYPED if is_typed else None
        return None

    def text(self, node: ast.expr, function: Function) -> str:
        """The expression with variables replaced by what they are another name of, in the current spelling."""
        return ast.unparse(_Spelling(self, function).visit(copy.deepcopy(node)))

    def alias(self, name: str, function: Function) -> ast.expr | None:
        """What a variable is only another name of."""
        bindings = function.bindings.get(name, [])
        is_parameter = any(parameter.arg == name for parameter in function.every_parameter)
        if len(bindings) != 1 or is_parameter or not bindings[0].replaces:
            return None
        value = bindings[0].value
        if not isinstance(value, ast.Name | ast.Attribute):
            return None
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            info = receiver_class(value.value.id, function)
            if info is not None and any(each is function for each, _ in info.assigned.get(value.attr, [])):
                return None
        return value

    def _spread(self) -> None:
        for function in self._index.functions:
            for name, bindings in function.bindings.items():
                for binding in bindings:
                    self._note(function, name, self._assigned_kind(binding, function))
            for caller, call in self._index.callers.get(function, []):
                given = function.bind(call)
                for parameter in function.every_parameter:
                    if parameter.annotation is None and parameter.arg in given:
                        self._note(function, parameter.arg, self.kind(given[parameter.arg], caller))
        for info in self._index.classes:
            for name, assigned in info.assigned.items():
                for function, binding in assigned:
                    kind = self._assigned_kind(binding, function)
                    if kind is not None:
                        self._attributes.setdefault(name, kind)

    def _assigned_kind(self, binding: Binding, function: Function) -> str | None:
        value = binding.value
        if isinstance(value, Item) and isinstance(value.of, ast.Tuple):
            value = value.of.elts[value.index] if value.index < len(value.of.elts) else value
        return self.kind(value, function) if binding.replaces and isinstance(value, ast.expr) else None

    def _note(self, function: Function, name: str, kind: str | None) -> None:
        if kind is not None:
            self._variables.setdefault((function, name), kind)


def _annotated(annotation: ast.expr | None) -> str | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return None
    if isinstance(annotation, ast.BinOp):  # Slice | None
        return _annotated(annotation.left) or _annotated(annotation.right)
    if isinstance(annotation, ast.Subscript):
        is_optional = isinstance(annotation.value, ast.Name) and annotation.value.id == "Optional"
        return _annotated(annotation.slice if is_optional else annotation.value)
    name = annotation.id if isinstance(annotation, ast.Name) else getattr(annotation, "attr", "")
    return _BY_ANNOTATION.get(name)


class _Spelling(ast.NodeTransformer):
    """Rewrites an expression as it is compared."""

    def __init__(self, names: SliceNames, function: Function, depth: int = 0) -> None:
        self._names = names
        self._function = function
        self._depth = depth

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._names.alias(node.id, self._function) if self._depth < _MOST_ROUNDS else None
        if value is None:
            return node
        deeper = _Spelling(self._names, self._function, self._depth + 1)
        replaced = deeper.visit(copy.deepcopy(value))
        return replaced if isinstance(replaced, ast.expr) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if snake_case(node.attr) in COLLECTIONS or snake_case(node.attr) == "current_slice":
            node.attr = snake_case(node.attr)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        return self.visit_Name(node.target)
