"""Which parameters a strategy reads, by its sources alone.

Pure: texts in, facts out. A name is followed through constants that are set once, loops over literals and functions
that pass their own parameter on. Whatever is cleverer counts as a read of names that cannot be told.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strategy_testing.strategy.syntax import SyntaxFinding, parse

_READERS = ("get_parameter", "GetParameter")
_ALL_READERS = ("get_parameters", "GetParameters")
_TABLE = "parameters"
_COMPUTED = {
    "getattr", "eval", "exec", "globals", "vars", "__dict__", "__getattribute__", "attrgetter", "methodcaller",
    "import_module", "__import__",
}  # fmt: skip
"""What can call a function by a name that no source spells out."""
_NOT_READERS = {
    "AlgorithmImports", "QuantConnect", "System", "arch", "clr", "cvxpy", "hmmlearn", "keras", "lightgbm", "matplotlib",
    "numpy", "pandas", "scipy", "sklearn", "statsmodels", "talib", "tensorflow", "torch", "xgboost",
    *sys.stdlib_module_names,
}  # fmt: skip
"""Modules that read no parameters on their own when they are handed the algorithm."""
_LOOKS = {"sorted", "list", "tuple", "set", "len", "enumerate", "keys", "items", "values", "get"}
"""Functions and methods that leave a collection as it is."""
_Path = tuple[str | int, ...]
"""What is asked of a value: `()` itself, `("each",)` its elements, `("each", 0)` their first parts."""


@dataclass(frozen=True)
class StrategyFacts:
    """What the sources say."""

    parameter_names: frozenset[str]
    """What some call of get_parameter reads."""
    reads_dynamic_names: bool
    """The sources do not tell which names are read: any other may be, too."""
    syntax_errors: tuple[SyntaxFinding, ...]


def inspect_strategy(sources: Mapping[str, str]) -> StrategyFacts:
    """Reads a LEAN project's Python sources.

    Args:
        sources: texts by path relative to the project, with `/`.
    """
    trees, errors = parse(sources)
    reading = _Reading(trees)
    return StrategyFacts(frozenset(reading.names), reading.is_dynamic, errors)


class _Reading:
    """Notes where every name is set and used, in all files alike, then follows whatever reads a parameter."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        """Everything is looked at once; `names` and `is_dynamic` say what was found."""
        self.names: set[str] = set()
        self.is_dynamic = False
        self._modules = {part for file in trees for part in file.removesuffix(".py").split("/")}
        self._parents = {
            child: node for tree in trees.values() for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self._loads: defaultdict[str, list[ast.Name | ast.Attribute]] = defaultdict(list)
        self._stores: defaultdict[str, list[ast.AST]] = defaultdict(list)
        self._imported: set[str] = set()
        self._renamed: set[str] = set()
        self._seen: set[tuple[ast.AST | None, _Path]] = set()
        for node in self._parents:
            self._note(node)
        for name in (*_COMPUTED, *_READERS, *_ALL_READERS, _TABLE):
            for mention in [*self._loads[name]]:
                self._look_at(name, mention)

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if isinstance(node.ctx, ast.Load):
                    self._loads[name].append(node)
                else:
                    self._stores[name].append(node)
            case ast.FunctionDef(name=str(name)) | ast.ClassDef(name=str(name)) | ast.arg(arg=str(name)):
                self._stores[name].append(node)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._stores[name].append(node)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for name in names:
                    self._stores[name].append(node)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                for alias in aliases:
                    self._note_import(alias, getattr(node, "module", None) or alias.name)

    def _note_import(self, alias: ast.alias, module: str) -> None:
        parts = module.split(".")
        self._imported.add(alias.asname or alias.name.partition(".")[0])
        self._renamed |= {alias.name} if alias.asname else set()
        is_known = parts[0] in _NOT_READERS or self._modules.issuperset(parts)
        self.is_dynamic |= alias.name in _COMPUTED or not is_known

    # What reads a parameter

    def _look_at(self, name: str, mention: ast.Name | ast.Attribute) -> None:
        is_attribute = isinstance(mention, ast.Attribute)
        if name in _COMPUTED:
            self._look_at_computed(name, mention)
        elif name in _READERS and is_attribute:
            self._resolve(_argument(self._call_of(mention), ["name", "default_value"], "name"))
        elif name in _ALL_READERS and is_attribute:
            self._look_into(self._call_of(mention))
        elif name == _TABLE and is_attribute and not self._of_module(mention):
            is_own = any(isinstance(each, ast.Attribute) for each in self._stores[_TABLE])  # a table of the strategy's
            if not is_own:
                self._look_into(mention)

    def _look_at_computed(self, how: str, mention: ast.AST) -> None:
        """`getattr(self, "x")` and `globals().get("x")` mention x; anything else of the kind may mention all."""
        call = self._call_of(mention)
        match how, self._call_of(self._parents[call]) if how == "globals" and call else call:
            case ("getattr", ast.Call(args=[_, ast.Constant(value=str(name)), *_])) | (
                "globals",
                ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]),
            ):
                is_function = any(isinstance(each, ast.FunctionDef) for each in self._stores.get(name, ()))
                self.is_dynamic |= is_function or name in (*_READERS, *_ALL_READERS, _TABLE)
            case _:
                self.is_dynamic = True

    def _call_of(self, function: ast.AST) -> ast.Call | None:
        """The call of a function; None where it is handed on."""
        parent = self._parents.get(function)
        return parent if isinstance(parent, ast.Call) and parent.func is function else None

    def _of_module(self, node: ast.expr) -> bool:
        """Whether `x.y` may be something in a module: x is imported, by its name or by `import *`."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and (node.id in self._imported or not self._stores.get(node.id))

    def _look_into(self, table: ast.expr | None) -> None:
        """What is taken out of a table of all parameters."""
        match self._parents[table] if table else None:
            case ast.Subscript(value=value, slice=name, ctx=ast.Load()) if value is table:
                self._resolve(name)
            case ast.Attribute(attr="get" | "contains_key" | "ContainsKey") as method:
                self._resolve(_argument(self._call_of(method), ["key", "default"], "key"))
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[asked]) if asked is table:
                self._resolve(name)
            case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)]) if len(self._stores[name]) == 1:
                for use in self._loads[name]:
                    self._look_into(use)
            case _:
                self.is_dynamic = True

    # What an expression can be

    def _resolve(self, node: ast.expr | None, path: _Path = ()) -> None:
        """Adds the names that an expression is, or what a path asks of it."""
        if (node, path) in self._seen:
            return
        self._seen.add((node, path))
        match node, path:
            case ast.Constant(value=str(name)), ():
                self.names.add(name)
            case ast.Name(), _:
                self._resolve_variable(node, path)
            case ast.Attribute(attr=name), _ if self._of_module(node):
                self._resolve_constant(name, path)
            case ((ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(keys=parts)), ("each", *rest)):
                for part in parts:
                    self._resolve(part, (*rest,))
            case ast.Tuple(elts=parts), (int(place),) if not any(isinstance(part, ast.Starred) for part in parts):
                self._resolve(parts[place] if place < len(parts) else None)
            case ast.Call(func=ast.Attribute(value=table, attr="items"), args=[]), ("each", 0):
                self._resolve(table, ("each",))
            case _:
                self.is_dynamic = True

    def _resolve_variable(self, variable: ast.Name, path: _Path) -> None:
        """It is the target of a loop around it, a parameter of its function, or a constant."""
        name, node = variable.id, self._parents[variable]
        while not isinstance(node, ast.FunctionDef | ast.Lambda | ast.Module):
            for loop in [node] if isinstance(node, ast.For) else getattr(node, "generators", ()):
                own = _place(loop.target, name)
                if own is not None:
                    is_sure = path == () and self._is_set_once(name, node)
                    return self._resolve(loop.iter if is_sure else None, ("each", *own))
            node = self._parents[node]
        arguments = [self._parents.get(self._parents[each]) for each in self._stores[name] if isinstance(each, ast.arg)]
        if not isinstance(node, ast.FunctionDef) or node not in arguments:
            return self._resolve_constant(name, path)
        self.is_dynamic |= not self._is_set_once(name, node)
        self._stays(name, path)
        return self._follow(node, name, path)

    def _resolve_constant(self, name: str, path: _Path) -> None:
        """A name that is set only once in all sources."""
        stores = self._stores[name]
        match self._parents[stores[0]] if len(stores) == 1 and isinstance(stores[0], ast.Name) else None:
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value):
                self._resolve(value, path)
                if not isinstance(value, ast.Tuple):
                    self._stays(name, path)
            case _:
                self.is_dynamic = True

    def _stays(self, name: str, path: _Path) -> None:
        """Nobody may change the collection in a variable of this name."""
        for each in self._loads[name] if path else ():
            match self._parents[each]:
                case ast.For() | ast.comprehension() | ast.Compare():
                    pass
                case ast.Call(func=ast.Name(id=by)) | ast.Attribute(attr=by) if by in _LOOKS:
                    pass
                case _:
                    self.is_dynamic = True
        self.is_dynamic |= bool(path) and name in self._renamed

    def _is_set_once(self, name: str, within: ast.AST) -> bool:
        return sum(each in self._stores[name] for each in ast.walk(within)) == 1

    def _follow(self, function: ast.FunctionDef, parameter: str, path: _Path) -> None:
        """Whoever calls the function says what is read."""
        if (function, (parameter, *path)) in self._seen:
            return
        self._seen.add((function, (parameter, *path)))
        owner = self._parents[function]
        is_method = isinstance(owner, ast.ClassDef)
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)][is_method:]
        calls = [
            self._call_of(each)
            for each in self._loads[function.name]
            # `x.day` is not the function, `x.day(…)` or `module.day` may be
            if isinstance(each, ast.Name) or is_method or self._call_of(each) or self._of_module(each)
        ]
        is_public = isinstance(owner, ast.ClassDef) and bool(owner.bases) and not function.name.startswith("_")
        self.is_dynamic |= (
            parameter not in {*names, *(each.arg for each in function.args.kwonlyargs)}
            or bool(function.decorator_list)
            or function.name.startswith("__")
            or function.name in self._renamed
            or not isinstance(owner, ast.ClassDef | ast.Module | ast.FunctionDef)
            or (is_public and not calls)  # the engine may call it
        )
        for call in calls:
            by = getattr(call.func, "value", None) if call and is_method else None
            is_class = getattr(by, "attr", getattr(by, "id", ""))[:1].isupper()  # `Class.method(object, …)`
            self._resolve(None if is_class else _argument(call, names, parameter), path)


def _place(target: ast.expr, name: str) -> _Path | None:
    """Which part of each element a loop's target puts into a variable; None for none that is followed."""
    if isinstance(target, ast.Name):
        return () if target.id == name else None
    parts = target.elts if isinstance(target, ast.Tuple) else []
    names = [part.id if isinstance(part, ast.Name) else "" for part in parts]
    is_followed = name in names and not any(isinstance(part, ast.Starred) for part in parts)
    return (names.index(name),) if is_followed else None


def _argument(call: ast.Call | None, names: Sequence[str], wanted: str) -> ast.expr | None:
    """What a call hands over for a parameter; None where that does not show."""
    if call is None or any(isinstance(each, ast.Starred) for each in call.args[: [*names, wanted].index(wanted) + 1]):
        return None
    given = dict(zip(names, call.args, strict=False)) | {each.arg: each.value for each in call.keywords}
    return given.get(wanted)
