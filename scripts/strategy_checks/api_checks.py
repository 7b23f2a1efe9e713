"""Finds names, calls and settings that LEAN understands differently from what they say."""

import ast
from collections.abc import Iterator

from strategy_checks.api_names import AlgorithmApi, snake_case
from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import ClassInfo, Function, receiver_class
from strategy_checks.findings import Finding
from strategy_checks.hard_coded import is_annotated_algorithm
from strategy_checks.origins import Origins
from strategy_checks.strategy_files import Strategy

_MEANT_TO_BE_SET = {
    "default_order_properties",  # LEAN documents setting the time in force of all orders by it
    "enable_automatic_indicator_warm_up",  # the older name of settings.automatic_indicator_warm_up
}
_WARM_UPS = {
    "set_warm_up", "set_warmup", "warm_up_indicator", "automatic_indicator_warm_up",
    "enable_automatic_indicator_warm_up",
}  # fmt: skip
_RESOLUTION_AT = {
    "add_equity": 1, "add_index": 1, "add_future": 1, "add_crypto": 1, "add_crypto_future": 1, "add_forex": 1,
    "add_cfd": 1,
}  # fmt: skip
"""Subscriptions that have minute bars where no resolution is given, with the place of that argument."""


def api_findings(strategy: Strategy, origins: Origins, api: AlgorithmApi) -> Iterator[Finding]:
    """Hidden API names, old spellings, missing docstrings and warm-ups, resolutions that are not daily."""
    index = origins.index
    for file, tree in strategy.trees.items():
        path = strategy.files[file]
        for line, message in _of_tree(tree):
            yield Finding(path, line, message)
    for info in index.classes:
        if index.is_algorithm(info):
            for line, message in _of_class(info, origins, api):
                yield Finding(strategy.files[info.file], line, message)
    yield from _assigned_elsewhere(strategy, index, api)
    yield from _without_warm_up(strategy, index, api)
    if not _mentions(strategy, {"universe_settings"}):
        yield from _without_resolution(strategy, index)


def _of_tree(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if node.value.id == "Resolution" and node.attr.upper() != "DAILY":
            yield node.lineno, f"Resolution.{node.attr}: the framework tests daily strategies; use Resolution.DAILY"


def _of_class(info: ClassInfo, origins: Origins, api: AlgorithmApi) -> Iterator[tuple[int, str]]:
    if ast.get_docstring(info.node) is None:
        yield info.node.lineno, f"the class {info.node.name} has no docstring; say what it does and what it needs"
    for name in api.names & {*info.attributes}:
        yield info.attributes[name][0].line, _hides(name)
    for name, method in info.methods.items():
        line = getattr(method.node, "lineno", 1)
        if name in api.names and not name.startswith("on_") and name != "initialize":
            yield line, _hides(name)
        elif name[:1].isupper() and snake_case(name) in api.names:
            yield line, f"{name} is the old spelling; write {snake_case(name)}"
    for each in origins.index.functions:
        for node in ast.walk(each.node) if each.owner is info else ():
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            if receiver_class(node.value.id, each) is info:
                yield from _of_attribute(node, api)
        for line, owner, name_node in _set_by_name(each):
            if receiver_class(owner, each) is info:
                spelt = {text for frame in origins.frames(each) for text in origins.texts(name_node, frame)}
                yield from ((line, _hides(text)) for text in spelt & (api.names - _MEANT_TO_BE_SET))


def _set_by_name(function: Function) -> Iterator[tuple[int, str, ast.expr]]:
    """Line, object and name of `setattr(self, name, …)` and `self.__dict__[name] = …`."""
    for node in (*function.calls, *function.subscripts):
        match node:
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), name, _]):
                yield node.lineno, owner, name
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id=owner), attr="__dict__"), slice=name, ctx=ast.Store()
            ):
                yield node.lineno, owner, name


def _of_attribute(node: ast.Attribute, api: AlgorithmApi) -> Iterator[tuple[int, str]]:
    if isinstance(node.ctx, ast.Store) and node.attr in api.names - _MEANT_TO_BE_SET:
        yield node.lineno, _hides(node.attr)
    elif node.attr not in api.names and snake_case(node.attr) in api.names and node.attr[:1].isupper():
        yield node.lineno, f"{node.attr} is the old spelling; write {snake_case(node.attr)}"


def _assigned_elsewhere(strategy: Strategy, index: CodeIndex, api: AlgorithmApi) -> Iterator[Finding]:
    """`algorithm.rsi = …` in a helper."""
    for function in index.functions:
        if not function.every_parameter:
            continue
        for node in ast.walk(function.node):
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            if is_annotated_algorithm(node.value.id, function):
                for line, message in _of_attribute(node, api):
                    yield Finding(strategy.files[function.file], line, message)


def _hides(name: str) -> str:
    return f"{name} hides QCAlgorithm's own {name}; call it _{name}"


def _without_warm_up(strategy: Strategy, index: CodeIndex, api: AlgorithmApi) -> Iterator[Finding]:
    if _mentions(strategy, _WARM_UPS):
        return
    for function in index.functions:
        if function.owner is None or not index.is_algorithm(function.owner):
            continue
        for call in function.calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id == function.itself and name in api.indicator_methods:
                message = (
                    f"{name} starts without values; feed it before the start with set_warm_up(…, Resolution.DAILY)"
                )
                yield Finding(strategy.files[function.file], call.lineno, message)
                return


def _without_resolution(strategy: Strategy, index: CodeIndex) -> Iterator[Finding]:
    for function in index.functions:
        for call in function.calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name not in _RESOLUTION_AT or index.called(call, function) is not None:
                continue
            is_open = any(isinstance(each, ast.Starred) for each in call.args) or None in {k.arg for k in call.keywords}
            is_given = len(call.args) > _RESOLUTION_AT[name] or "resolution" in {k.arg for k in call.keywords}
            if not is_open and not is_given:
                message = f"{name} without a resolution subscribes to minute bars; give it Resolution.DAILY"
                yield Finding(strategy.files[function.file], call.lineno, message)


def _mentions(strategy: Strategy, names: set[str]) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in names
        for tree in strategy.trees.values()
        for node in ast.walk(tree)
    )
