"""Goes through the statements of a strategy's sources, in all of them at once and regardless of order, until no
variable gains a value any more. Every branch happens.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from strategy_testing.abstract_values import NOTHING, UNKNOWN, Container, Mark, Values, union
from strategy_testing.strategy_builtins import containers, operate
from strategy_testing.strategy_calls import Calls, standing_for
from strategy_testing.strategy_expressions import Expressions, OutOfTimeError, last_name
from strategy_testing.strategy_memory import Memory
from strategy_testing.strategy_scopes import Class, Function, Instance, Scope

_MOST_ROUNDS = 40
_SECONDS = 1.0
_NOT_READERS = {
    "AlgorithmImports", "QuantConnect", "System", "clr", "numpy", "pandas", "scipy", "sklearn", "statsmodels", "talib",
    *sys.stdlib_module_names,
}  # fmt: skip
"""Modules that read no parameters on their own when they are handed the algorithm."""
_PLAIN_DECORATORS = {
    "property", "cached_property", "staticmethod", "classmethod", "abstractmethod", "override", "cache", "lru_cache",
    "setter",
}  # fmt: skip
"""They leave a function to be called with the arguments that the code shows."""


class Evaluator:
    """Finds what is read; `memory` tells it afterwards."""

    def __init__(self, trees: Mapping[str, ast.Module], given: Mapping[str, Sequence[str]]) -> None:
        """Nothing is evaluated yet."""
        self.memory = Memory()
        self._calls = Calls(self.memory, given)
        self._expressions = Expressions(self.memory, self._calls, _SECONDS)
        self._trees = trees
        self._modules = {file: Scope("module") for file in trees}
        self._handlers: Mapping[type[ast.stmt], Callable[[Any, Scope], None]] = {
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.For: self._loop,
            ast.AsyncFor: self._loop,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.Return: self._return,
            ast.Global: self._outer,
            ast.Nonlocal: self._outer,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
        }

    def run(self) -> None:
        """Fills the memory; where that takes too long, the names that are read cannot be known."""
        try:
            self._settle()
            self.memory.is_settled = True
            self._settle()
            mentioned = {name for tree in self._trees.values() for node in ast.walk(tree) for name in _mentioned(node)}
            for function in self._expressions.functions.values():
                is_special = function.name.startswith("__") and function.name != "__init__"
                if not function.is_called and (is_special or function.name in mentioned):
                    self._calls.expose(function)
            self._settle()
        except (OutOfTimeError, RecursionError):
            self.memory.is_dynamic = True
        self.memory.is_dynamic |= self._calls.reads_dynamic_names()

    def _settle(self) -> None:
        self.memory.has_changed = True
        while self.memory.has_changed:
            self.memory.has_changed = False
            self.memory.round += 1
            if self.memory.round > _MOST_ROUNDS:
                raise OutOfTimeError
            for file, tree in self._trees.items():
                self._run(tree.body, self._modules[file])
            for function in list(self._expressions.functions.values()):
                if isinstance(function.node, ast.Lambda):
                    found = self._expressions.evaluate(function.node.body, function.scope)
                    self.memory.add(function.returns, found)
                else:
                    self._run(function.node.body, function.scope)

    def _run(self, statements: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            self._handlers.get(type(statement), self._parts)(statement, scope)

    def _parts(self, node: ast.AST, scope: Scope) -> None:
        """if, while, try, with, match, assert …"""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._run([child], scope)
            elif isinstance(child, ast.expr):
                self._expressions.evaluate(child, scope)
            elif isinstance(child, ast.withitem):
                self._expressions.evaluate(child.context_expr, scope)
                if child.optional_vars is not None:
                    self._expressions.assign(child.optional_vars, UNKNOWN, scope)
            else:
                for captured in (getattr(child, "name", None), getattr(child, "rest", None)):
                    if isinstance(captured, str):
                        self._expressions.bind(captured, UNKNOWN, scope)
                self._parts(child, scope)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        values = self._expressions.evaluate(node.value, scope)
        for target in node.targets:
            self._expressions.assign(target, values, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self._expressions.assign(node.target, self._expressions.evaluate(node.value, scope), scope)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        left = self._expressions.evaluate(node.target, scope)
        right = self._expressions.evaluate(node.value, scope)
        enlarged = containers(left)
        for owner in enlarged:
            if isinstance(owner, Container):
                self.memory.absorb(owner, right)
        self._expressions.assign(node.target, operate(self.memory, node, left - enlarged, right), scope)

    def _loop(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        inner = self._expressions.block(node, [node.target], scope)
        elements = self.memory.iterate(self._expressions.evaluate(node.iter, scope))
        self._expressions.assign(node.target, elements, inner)
        self._run(node.body, inner)
        self._run(node.orelse, scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        function = self._expressions.define(node, node.name, scope)
        for decorator in node.decorator_list:
            self._expressions.evaluate(decorator, scope)
            if last_name(decorator) not in _PLAIN_DECORATORS:
                self._calls.expose(function)
        self._expressions.bind(node.name, frozenset({function}), scope)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        is_enum = any(last_name(base).endswith("Enum") for base in node.bases)
        new = Class(Scope("class", scope, scope.function), [], is_enum)
        described = self.memory.classes.setdefault((id(node),), new)
        described.bases |= union([self._expressions.evaluate(base, scope) for base in node.bases])
        self.memory.is_dynamic |= Mark.EXTERNAL in described.bases
        inherited = [name for base in described.bases if isinstance(base, Class) for name in base.fields]
        own = [last_name(item.target) for item in node.body if isinstance(item, ast.AnnAssign)]
        described.fields = list(dict.fromkeys([*inherited, *own]))
        self._run(node.body, described.scope)
        for value in union([cell.values for cell in described.scope.cells.values()]):
            if isinstance(value, Function) and value.takes_instance:
                itself = described if "classmethod" in value.decorators else Instance(described)
                self.memory.add(value.scope.cells[value.parameters[0]], frozenset({itself}))
        for decorator in node.decorator_list:
            self._expressions.evaluate(decorator, scope)
        self._expressions.bind(node.name, frozenset({described}), scope)

    def _return(self, node: ast.Return, scope: Scope) -> None:
        if node.value is not None and scope.function is not None:
            self.memory.add(scope.function.returns, self._expressions.evaluate(node.value, scope))

    def _outer(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        owner: Scope | None = scope
        while owner is not None and owner.kind != "module":
            owner.outer_names |= set(node.names)
            if isinstance(node, ast.Nonlocal) and owner.kind == "function":
                break
            owner = owner.parent

    # Imports

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            package = alias.name.partition(".")[0]
            self._expressions.bind(
                alias.asname or package, self._module(alias.name if alias.asname else package), scope
            )

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        module = node.module or ""
        found = self._module(module) if module else NOTHING
        for alias in node.names:
            if alias.name == "*":
                self._import_all(found, scope)
                continue
            file = self._file_of(f"{module}.{alias.name}".lstrip("."))
            values = frozenset({self._modules[file]}) if file else self._calls.member(found, alias.name)
            if found == UNKNOWN:  # functools.partial, collections.namedtuple
                values = standing_for(alias.name) or values
            self._expressions.bind(alias.asname or alias.name, values, scope)

    def _import_all(self, modules: Values, scope: Scope) -> None:
        for value in modules:
            if isinstance(value, Scope):
                for name, cell in list(value.cells.items()):
                    self._expressions.bind(name, cell.values, scope)
            elif value is Mark.EXTERNAL:
                self.memory.is_dynamic = True  # any name may be one of its helpers

    def _module(self, name: str) -> Values:
        file = self._file_of(name)
        if file is not None:
            return frozenset({self._modules[file]})
        return UNKNOWN if name.partition(".")[0] in _NOT_READERS else frozenset({Mark.EXTERNAL})

    def _file_of(self, module: str) -> str | None:
        """The source that a module's name means, from wherever it is imported."""
        wanted = tuple(module.split("."))
        for file in self._trees:
            parts = PurePosixPath(file).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            if parts and (parts[-len(wanted) :] == wanted or wanted[-len(parts) :] == parts):
                return file
        return None


def _mentioned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
