"""Which parameters a strategy reads, by its sources alone.

Pure: texts in, facts out. A name is followed through constants, loops over literals and functions that pass their own
parameter on; a name that is computed, or a reader that is handed on, counts as a read of names that cannot be told.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from strategy_testing.strategy.syntax import SyntaxFinding, parse
from strategy_testing.strategy.variables import Binding, FunctionNode, Path, Variables, is_fixed, parts_of

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
_PLAIN_DECORATORS = {"staticmethod", "classmethod", "abstractmethod", "override", "cache", "lru_cache"}
"""They leave a function to be called with the arguments that the code shows."""
_LONGEST_PATH = 4
_DEEPEST = 30
_Mention = ast.Name | ast.Attribute


@dataclass(frozen=True)
class StrategyFacts:
    """What the sources say."""

    parameter_names: frozenset[str]
    """What some call of get_parameter reads."""
    reads_dynamic_names: bool
    """The sources do not tell which names are read: any other may be, too."""
    syntax_errors: tuple[SyntaxFinding, ...]


class _CannotTellError(Exception):
    """A name or a call is beyond what is followed."""


@dataclass(frozen=True)
class _Wrapper:
    """A function that reads what one of its own parameters names."""

    function: FunctionNode
    parameter: str
    path: Path


def inspect_strategy(sources: Mapping[str, str]) -> StrategyFacts:
    """Reads a LEAN project's Python sources.

    Args:
        sources: texts by path relative to the project, with `/`.
    """
    trees, errors = parse(sources)
    reading = _Reading(trees)
    return StrategyFacts(frozenset(reading.names), reading.is_dynamic, errors)


class _Reading:
    """Looks at all that reads a parameter, and at the calls of the functions that pass a name on."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        """Everything is looked at once; `names` and `is_dynamic` say what was found."""
        self.names: set[str] = set()
        self.is_dynamic = False
        self._files = [file.removesuffix(".py").removesuffix("/__init__").split("/") for file in trees]
        self._variables = Variables(trees.values())
        self._parents = self._variables.parents
        nodes = self._variables.nodes
        self._classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
        self._mentions: dict[str, list[_Mention]] = {}
        self._named_by_text: set[str] = set()
        self._wrappers: list[_Wrapper] = []
        for node in nodes:
            with self._noticing():
                self._note(node)
        for name, mentions in self._mentions.items():
            for mention in mentions:
                with self._noticing():
                    self._look_at(name, mention)
        for wrapper in self._wrappers:  # grows meanwhile
            with self._noticing():
                self._follow(wrapper)

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except _CannotTellError:
            self.is_dynamic = True

    def _note(self, node: ast.AST) -> None:
        """Keeps what may be a function, under the name of its definition."""
        match node:
            case ast.Import(names=names) | ast.ImportFrom(module=None, names=names):
                self._check_imported(alias.name for alias in names)
            case ast.ImportFrom(module=str(module)):
                self._check_imported([module])
            case ast.Attribute(attr=name, ctx=ast.Load()):
                self._mentions.setdefault(name, []).append(node)
            case ast.Name(id=own, ctx=ast.Load()):
                places = [binding.place for binding in self._variables.of_name(node)]
                aliases = [place.name for place in places if isinstance(place, ast.alias)]
                is_itself = not places or any(isinstance(place, FunctionNode) for place in places)
                for name in {*aliases, *([own] if is_itself else [])}:
                    self._mentions.setdefault(name, []).append(node)

    def _look_at(self, name: str, mention: _Mention) -> None:
        is_attribute = isinstance(mention, ast.Attribute)
        if name in _READERS and is_attribute:
            self._resolve(_argument(self._call_of(mention), ["name", "default_value"], "name"), ())
        elif name in _ALL_READERS and is_attribute:
            self._look_into(self._call_of(mention))
        elif name in _COMPUTED:
            self._check_computed(name, mention)
        elif name == _TABLE and is_attribute and not self._is_other_table(mention):
            self._look_into(mention)

    def _is_other_table(self, mention: ast.expr) -> bool:
        """Whether `x.parameters` is the strategy's own, or a module."""
        return _TABLE in self._variables.set_attributes or self._variables.is_imported(mention)

    def _check_imported(self, modules: Iterable[str]) -> None:
        for module in modules:
            wanted = module.split(".")
            is_ours = any(
                file[-len(wanted) :] == wanted or wanted[-len(file) :] == file or file[: len(wanted)] == wanted
                for file in self._files
            )
            if not is_ours and wanted[0] not in _NOT_READERS:
                raise _CannotTellError

    def _check_computed(self, how: str, mention: _Mention) -> None:
        """`getattr(self, "x")` and `globals().get("x")` mention x; anything else of the kind may mention all."""
        call = self._call_of(mention)
        around = self._parents[call]
        if isinstance(around, ast.Attribute):
            around = self._call_of(around)
        match how, call.args, around:
            case "getattr", [_, ast.Constant(value=str(name)), *_], _:
                pass
            case "globals", [], ast.Call(
                func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(name)), *_]
            ) if owner is call:
                pass
            case _:
                raise _CannotTellError
        if name in (*_READERS, *_ALL_READERS, _TABLE):
            raise _CannotTellError
        self._named_by_text.add(name)

    def _call_of(self, function: ast.AST) -> ast.Call:
        parent = self._parents.get(function)
        if isinstance(parent, ast.Call) and parent.func is function:
            return parent
        raise _CannotTellError  # it is handed on

    def _look_into(self, table: ast.expr) -> None:
        """What is taken out of a table of all parameters."""
        match self._parents[table]:
            case ast.Subscript(value=value, slice=name, ctx=ast.Load()) if value is table:
                self._resolve(name, ())
            case ast.Attribute(attr="get" | "contains_key" | "ContainsKey") as method:
                self._resolve(_argument(self._call_of(method), ["key", "default"], "key"), ())
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[asked]) if asked is table:
                self._resolve(name, ())
            case ast.Assign(targets=[ast.Name() | ast.Attribute() as variable]):
                uses = self._variables.uses(variable)
                if uses is None:
                    raise _CannotTellError
                for use in uses:
                    self._look_into(use)
            case _:
                raise _CannotTellError

    def _resolve(self, node: ast.expr, path: Path, depth: int = 0) -> None:
        """Adds the names that an expression, or its parts at the end of a path, can be.

        Raises:
            _CannotTellError: they are computed, or come from where nothing is followed.
        """
        if depth > _DEEPEST or len(path) > _LONGEST_PATH:
            raise _CannotTellError
        match node, path:
            case ast.Constant(value=str(name)), ():
                self.names.add(name)
            case ast.Name(id=name), _:
                self._resolve_bound(name, self._variables.of_name(node), path, depth)
            case ast.Attribute(attr=name), _ if self._variables.is_imported(node):
                self._resolve_bound(name, [], path, depth)
            case _:
                parts = parts_of(node, path)
                if parts is None:
                    raise _CannotTellError
                for part, rest in parts:
                    self._resolve(part, rest, depth + 1)

    def _resolve_bound(self, name: str, bindings: list[Binding], path: Path, depth: int) -> None:
        bindings = bindings or self._variables.of_module(name)
        if not bindings:
            raise _CannotTellError
        is_open = any(not is_fixed(each.value) and not isinstance(each.place, ast.alias) for each in bindings)
        if path and is_open and not self._variables.stays_as_it_is(name):
            raise _CannotTellError
        for binding in bindings:
            place = binding.place
            if isinstance(place, ast.arg):
                self._pass_on(place, path)
            elif isinstance(place, ast.alias):
                self._resolve_bound(place.name, self._variables.of_module(place.name), path, depth + 1)
            elif binding.value is not None:
                self._resolve(binding.value, (*binding.path, *path), depth + 1)
            else:
                raise _CannotTellError

    def _pass_on(self, argument: ast.arg, path: Path) -> None:
        """Whoever calls the function says what is read."""
        arguments = self._parents[argument]
        function = self._parents[arguments]
        if not isinstance(function, FunctionNode) or argument in (function.args.vararg, function.args.kwarg):
            raise _CannotTellError
        wrapper = _Wrapper(function, argument.arg, path)
        if wrapper not in self._wrappers:
            self._wrappers.append(wrapper)

    def _follow(self, wrapper: _Wrapper) -> None:
        """Looks at the calls of a function that reads what its parameter names."""
        function = wrapper.function
        name = function.name
        owner = self._variables.scope(function)
        is_method = isinstance(owner, ast.ClassDef)
        decorators = {_last_name(each) for each in function.decorator_list}
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        is_bound = is_method and "staticmethod" not in decorators
        is_special = name.startswith("__") or bool(decorators - _PLAIN_DECORATORS) or name in self._named_by_text
        if is_special or (is_bound and [wrapper.parameter] == names[:1]):
            raise _CannotTellError
        mentions = [each for each in self._mentions.get(name, ()) if self._can_mean(each, is_method)]
        if isinstance(owner, ast.ClassDef) and owner.bases and not mentions and not name.startswith("_"):
            raise _CannotTellError  # the engine may call it
        for mention in mentions:
            call = self._call_of(mention)
            is_through_class = isinstance(mention, ast.Attribute) and self._is_class(mention.value)
            is_filled = is_bound and (not is_through_class or "classmethod" in decorators)
            asked = _argument(call, names[is_filled:], wrapper.parameter, _default(function, wrapper.parameter))
            self._resolve(asked, wrapper.path)

    def _can_mean(self, mention: _Mention, is_method: bool) -> bool:
        """Whether something of the same name may be the method, or the function of a module."""
        if isinstance(mention, ast.Attribute):  # `x.day` is not the function, `x.day(…)` or `module.day` may be
            parent = self._parents[mention]
            is_called = isinstance(parent, ast.Call) and parent.func is mention
            return is_method or is_called or self._variables.is_imported(mention)
        return not is_method or isinstance(self._variables.scope(mention), ast.ClassDef)

    def _is_class(self, node: ast.expr) -> bool:
        return not isinstance(node, ast.Call) and _last_name(node) in self._classes


def _argument(call: ast.Call, names: Sequence[str], wanted: str, default: ast.expr | None = None) -> ast.expr:
    for keyword in call.keywords:
        if keyword.arg == wanted:
            return keyword.value
    place = names.index(wanted) if wanted in names else len(call.args)
    if any(isinstance(argument, ast.Starred) for argument in call.args[: place + 1]):
        raise _CannotTellError
    if place < len(call.args):
        return call.args[place]
    if default is None or any(keyword.arg is None for keyword in call.keywords):
        raise _CannotTellError
    return default


def _default(function: FunctionNode, parameter: str) -> ast.expr | None:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(reversed(positional), reversed(given.defaults), strict=False),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    return next((default for argument, default in pairs if argument.arg == parameter), None)


def _last_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
