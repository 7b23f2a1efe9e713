"""What a slice is asked for: a kind of data, the symbol of a security, or that of custom data."""

import ast

from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Element, Expression, Function, Item, enclosing, last_name, receiver_class

_CUSTOM = {"add_data", "AddData"}
_MOST_STEPS = 6


def is_class(node: Expression, function: Function, index: CodeIndex, depth: int = 0) -> bool:
    """Whether `data.get(…)` is asked for a kind of data and not for a symbol."""
    values = _values(node, function, index) if depth < _MOST_STEPS else []
    if values is None:
        name = last_name(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else ""
        return name[:1].isupper() or name == "type"
    return any(is_class(value, where, index, depth + 1) for value, where in values)


def is_custom(node: Expression, function: Function, index: CodeIndex, depth: int = 0) -> bool:
    """Whether a key is that of data added by add_data, which has no dividends or splits and need not be a bar."""
    if isinstance(node, Element | Item):
        return is_custom(node.of, function, index, depth)
    calls = {last_name(each) for each in ast.walk(node) if isinstance(each, ast.Call)}
    values = _values(node, function, index) if depth < _MOST_STEPS else []
    return bool(calls & _CUSTOM) or any(is_custom(value, where, index, depth + 1) for value, where in values or ())


def _values(node: Expression, function: Function, index: CodeIndex) -> list[tuple[Expression, Function]] | None:
    """What an expression of the sources' own is given; of a parameter `type[…]` where it is annotated so."""
    match node:
        case Element(of=ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts)):
            return [(part, function) for part in parts]
        case ast.Name(id=name):
            for scope in enclosing(function):
                given = [each.annotation for each in scope.every_parameter if each.arg == name]
                if given or name in scope.bindings:
                    kinds = [each for each in given if each is not None and last_name(each) == "type"]
                    return [(each, scope) for each in (*kinds, *(each.value for each in scope.bindings.get(name, [])))]
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            info = receiver_class(owner, function)
            if info is not None:
                body = index.modules[info.file]
                inside = [(each.value, where) for where, each in info.assigned.get(name, [])]
                return [*inside, *((each.value, body) for each in info.attributes.get(name, []))]
    return None
