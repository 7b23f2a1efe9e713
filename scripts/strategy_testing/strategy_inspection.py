"""What a strategy's sources say without being run: the parameters it reads, its tickers, its syntax errors.

Pure: texts in, facts out. Names rarely stand in the call of get_parameter itself; they come through constants, loops,
helpers and tables. So every expression is given the set of values that it may have, in all sources at once and
regardless of order, until nothing is added any more. A set may hold a value too many; where one may be missing it holds
`Mark.UNKNOWN`, and the strategy counts as reading names that cannot be known.
"""

import ast
import itertools
import operator
import re
import sys
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath
from typing import Any

_MOST_ROUNDS = 40
_MOST_GROWTHS = 12
"""Rounds in which one variable may gain values; a text that a loop makes longer would never be complete."""
_MOST_VALUES = 400
_LONGEST = 200
"""Characters of a text, elements of a table."""
_DEEPEST = 5

_READERS = {"get_parameter", "GetParameter"}
_ALL_READERS = {"get_parameters", "GetParameters"}
_EQUITY_ADDERS = {"add_equity", "AddEquity", "add_etf", "AddEtf"}
_NOT_READERS = {"AlgorithmImports", "QuantConnect", "System", "clr"} | set(sys.stdlib_module_names)
"""Modules that read no parameters on their own when they are handed the algorithm."""
_TICKER = re.compile(r"[A-Za-z][A-Za-z0-9.\-]{0,11}")


@dataclass(frozen=True)
class SyntaxFinding:
    """A file that Python does not compile."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        """`main.py: line 8: '(' was never closed`."""
        line = f"line {self.line}: " if self.line is not None else ""
        return f"{self.file}: {line}{self.text}"


@dataclass(frozen=True)
class StrategyFacts:
    """What the sources say."""

    parameter_names: frozenset[str]
    """What some call of get_parameter reads."""
    reads_dynamic_names: bool
    """Some call reads a name that the sources alone do not tell: any other name may be read too."""
    tickers: frozenset[str]
    """What some call of add_equity subscribes to, as far as the sources tell."""
    syntax_errors: tuple[SyntaxFinding, ...]


def inspect_strategy(sources: Mapping[str, str], given: Mapping[str, Sequence[str]] | None = None) -> StrategyFacts:
    """Reads a LEAN project's Python sources.

    Args:
        sources: texts by path relative to the project, with `/`.
        given: texts that a run passes as parameters; they take the place of get_parameter's defaults.
    """
    trees: dict[str, ast.Module] = {}
    errors = []
    for file, text in sorted(sources.items()):
        parsed = _parse(file, text)
        if isinstance(parsed, SyntaxFinding):
            errors.append(parsed)
        else:
            trees[file] = parsed
    inspector = _Inspector(trees, given or {})
    inspector.run()
    return StrategyFacts(
        parameter_names=frozenset(inspector.names),
        reads_dynamic_names=inspector.is_dynamic,
        tickers=frozenset(_tickers(inspector.equities)),
        syntax_errors=tuple(errors),
    )


def _parse(file: str, text: str) -> "ast.Module | SyntaxFinding":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, file)
            compile(tree, file, "exec", dont_inherit=True)  # finds what parsing does not: `return` outside a function
            return tree
    except SyntaxError as error:
        return SyntaxFinding(file, error.lineno, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxFinding(file, None, str(error) or "nested too deeply")


def _tickers(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for part in re.split(r"[|,]", text):
            if _TICKER.fullmatch(part.strip()):
                yield part.strip().upper()


Values = frozenset[Hashable]
"""What an expression may be: texts, numbers, and the classes below."""


class Mark(Enum):
    """Values that are not texts."""

    UNKNOWN = "anything"
    EXTERNAL = "something of a module that is not among the sources"
    READER = "get_parameter"
    ALL_READER = "get_parameters"
    PARAMETERS = "what get_parameters returns"
    EQUITY_ADDER = "add_equity"


_NOTHING: Values = frozenset()
_UNKNOWN: Values = frozenset({Mark.UNKNOWN})


@dataclass(frozen=True)
class _Series:
    """A list, tuple, set or iterator."""

    items: tuple[Values, ...]
    depth: int


@dataclass(frozen=True)
class _Table:
    """A dictionary: possible keys and what stands there."""

    items: tuple[tuple[Values, Values], ...]
    depth: int


@dataclass(frozen=True)
class _FunctionValue:
    key: int


@dataclass(frozen=True)
class _ClassValue:
    key: int


@dataclass(frozen=True)
class _Instance:
    key: int


@dataclass(frozen=True)
class _ModuleValue:
    file: str


@dataclass(frozen=True)
class _Builtin:
    name: str


@dataclass(frozen=True)
class _Method:
    """A method of a text or a table."""

    owner: Hashable
    name: str


@dataclass(frozen=True)
class _Partial:
    """A bound method, or functools.partial."""

    function: Hashable
    positional: tuple[Values, ...]
    keywords: tuple[tuple[str, Values], ...]


@dataclass
class _Arguments:
    positional: list[Values]
    keywords: dict[str, Values]
    rest: Values = _NOTHING
    """What any further positional or keyword argument may be."""

    def get(self, position: int, *names: str) -> Values:
        """The argument at a position or of a name."""
        if position < len(self.positional):
            return self.positional[position]
        return next((self.keywords[name] for name in names if name in self.keywords), self.rest)

    def all(self) -> Iterator[Values]:
        """Every argument."""
        yield from self.positional
        yield from self.keywords.values()
        yield self.rest


@dataclass
class _Cell:
    """A variable."""

    values: set[Hashable] = field(default_factory=set)
    growths: int = 0
    last_round: int = -1


@dataclass
class _Scope:
    kind: str
    """module, function, class or block (a loop's or comprehension's own variables)."""
    parent: "_Scope | None"
    function: "_Function | None" = None
    cells: dict[str, _Cell] = field(default_factory=dict)
    outer_names: set[str] = field(default_factory=set)

    def find(self, name: str) -> _Cell | None:
        """The variable that a name means here."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.cells and (scope.kind != "class" or scope is self) and name not in scope.outer_names:
                return scope.cells[name]
            scope = scope.parent
        return None

    def cells_to_assign(self, name: str) -> Iterator[_Cell]:
        """The variables that an assignment to a name changes: a loop's own outlives the loop."""
        scope = self
        while scope.kind == "block" or name in scope.outer_names:
            if scope.kind == "block" and name in scope.cells:
                yield scope.cells[name]
            if scope.parent is None:
                break
            scope = scope.parent
        yield scope.cells.setdefault(name, _Cell())


@dataclass
class _Function:
    name: str
    node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
    scope: _Scope
    decorators: frozenset[str]
    is_method: bool
    returns: _Cell = field(default_factory=_Cell)
    yields: _Cell = field(default_factory=_Cell)
    callers: list["_Function | None"] = field(default_factory=list)
    is_known_elsewhere: bool = False
    """Something that is not among the sources may call it."""

    def __post_init__(self) -> None:
        """Parameters are variables of the function."""
        arguments = self.node.args
        self.parameters = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
        self.keyword_only = [argument.arg for argument in arguments.kwonlyargs]
        self.others = [argument.arg for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        self.defaults: dict[str, Values] = {}
        for name in [*self.parameters, *self.keyword_only, *self.others]:
            self.scope.cells[name] = _Cell()

    @property
    def takes_instance(self) -> bool:
        """Whether its first parameter is the object that it is called on."""
        return self.is_method and "staticmethod" not in self.decorators and bool(self.parameters)

    @property
    def is_property(self) -> bool:
        """Whether naming it calls it."""
        return bool(self.decorators & {"property", "cached_property"})


@dataclass
class _Class:
    node: ast.ClassDef | None
    fields: list[str]
    is_enum: bool = False
    bases: Values = _NOTHING


def _series(items: Sequence[Values]) -> Hashable:
    depth = 1 + _depth(itertools.chain.from_iterable(items))
    return Mark.UNKNOWN if depth > _DEEPEST or len(items) > _LONGEST else _Series(tuple(items), depth)


def _table(items: Sequence[tuple[Values, Values]]) -> Hashable:
    depth = 1 + _depth(itertools.chain.from_iterable(value for _, value in items))
    return Mark.UNKNOWN if depth > _DEEPEST or len(items) > _LONGEST else _Table(tuple(items), depth)


def _depth(values: Iterable[Hashable]) -> int:
    return max((value.depth for value in values if isinstance(value, _Series | _Table)), default=0)


def _union(sets: Iterable[Values]) -> Values:
    return frozenset(itertools.chain.from_iterable(sets))


def _is_plain(value: Hashable) -> bool:
    return value is None or isinstance(value, str | int | float)


def _bounded(text: str) -> Hashable:
    return text if len(text) <= _LONGEST else Mark.UNKNOWN


def _combined(sets: Sequence[Values], combine: Callable[..., Hashable]) -> Values:
    """`combine` for every choice of plain values; UNKNOWN where one is not plain or there are too many."""
    count = 1
    for values in sets:
        count *= len(values)
    if count > _MOST_VALUES:
        return _UNKNOWN
    found: set[Hashable] = set()
    for choice in itertools.product(*sets):
        if not all(map(_is_plain, choice)):
            found.add(Mark.UNKNOWN)
            continue
        try:
            found.add(combine(*choice))
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
            found.add(Mark.UNKNOWN)
    return frozenset(found)


def _elements(value: Hashable) -> Values:
    """What iterating over a value gives; classes are left to the inspector."""
    if isinstance(value, _Series):
        return _union(value.items)
    if isinstance(value, _Table):
        return _union(key for key, _ in value.items)
    if isinstance(value, str):
        return frozenset(value)
    return _UNKNOWN


def _decorator_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


_TEXT_METHODS = {
    "lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "casefold", "swapcase", "replace",
    "removeprefix", "removesuffix", "format", "zfill",
}  # fmt: skip
_SPLITTERS = {"split", "rsplit", "splitlines", "partition", "rpartition"}
_ADDERS = {"append", "add", "appendleft", "insert", "extend", "update", "setdefault"}
_CONTAINERS = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "deque"}
_BUILTINS = _CONTAINERS | {
    "dict", "str", "int", "float", "bool", "len", "range", "enumerate", "zip", "map", "filter", "getattr", "setattr",
    "next", "print", "min", "max", "super", "any", "all", "abs", "round", "sum", "isinstance", "hasattr",
}  # fmt: skip


class _Inspector:
    """Runs over all sources again and again until no variable gains a value."""

    def __init__(self, trees: Mapping[str, ast.Module], given: Mapping[str, Sequence[str]]) -> None:
        self.names: set[str] = set()
        self.equities: set[str] = set()
        self.is_dynamic = False
        self._given = given
        self._trees = trees
        self._modules = {file: _Scope("module", None) for file in trees}
        self._scopes: dict[int, _Scope] = {}
        self._functions: dict[int, _Function] = {}
        self._classes: dict[int, _Class] = {}
        self._attributes: dict[str, _Cell] = {}
        self._reads: dict[int, tuple[Values, _Function | None]] = {}
        self._round = 0
        self._has_changed = False
        self._is_last_phase = False
        """Then what has no value yet is unknown; before, it may only be defined further on."""
        self._mentioned = {
            name for tree in trees.values() for node in ast.walk(tree) for name in _names_mentioned(node)
        }

    def run(self) -> None:
        """Fills names, equities and is_dynamic."""
        self._settle()
        self._is_last_phase = True
        self._settle()
        for function in list(self._functions.values()):
            if not function.callers and function.name in self._mentioned:
                self._expose(function)
        self._settle()
        for names, reader in self._reads.values():
            if Mark.UNKNOWN in names or (not names and self._is_live(reader, frozenset())):
                self.is_dynamic = True

    def _settle(self) -> None:
        self._has_changed = True
        while self._has_changed:
            self._has_changed = False
            self._round += 1
            if self._round > _MOST_ROUNDS:
                self.is_dynamic = True
                return
            for file, tree in self._trees.items():
                self._run_all(tree.body, self._modules[file])
            for function in list(self._functions.values()):
                self._run_function(function)

    def _is_live(self, function: _Function | None, seen: frozenset[int]) -> bool:
        """Whether anything may call a function with arguments."""
        if function is None or function.is_known_elsewhere:
            return True
        if function.callers:
            again = seen | {id(function)}
            return any(self._is_live(caller, again) for caller in function.callers if id(caller) not in seen)
        return len(function.parameters) <= int(function.takes_instance)

    # Variables

    def _add(self, cell: _Cell, values: Iterable[Hashable]) -> None:
        new = set(values) - cell.values
        if not new or cell.growths > _MOST_GROWTHS:
            return
        if cell.last_round != self._round:
            cell.last_round = self._round
            cell.growths += 1
        if cell.growths > _MOST_GROWTHS or len(cell.values) + len(new) > _MOST_VALUES:
            cell.growths = _MOST_GROWTHS + 1
            new = {Mark.UNKNOWN}
        cell.values |= new
        self._has_changed = True

    def _attribute(self, name: str) -> _Cell:
        """Attributes of one name are one variable, whatever object they belong to."""
        return self._attributes.setdefault(name, _Cell())

    def _missing(self) -> Values:
        return _UNKNOWN if self._is_last_phase else _NOTHING

    def _assign(self, target: ast.expr, values: Values, scope: _Scope) -> None:
        if isinstance(target, ast.Name):
            for cell in scope.cells_to_assign(target.id):
                self._add(cell, values)
            if scope.kind == "class":
                self._add(self._attribute(target.id), values)
        elif isinstance(target, ast.Attribute):
            self._eval(target.value, scope)
            self._add(self._attribute(target.attr), values)
        elif isinstance(target, ast.Subscript):
            keys = self._eval(target.slice, scope)
            self._assign(target.value, frozenset({_table([(keys, values)])}), scope)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, frozenset({_series([self._iterate(values)])}), scope)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, values, scope)

    def _unpack(self, targets: Sequence[ast.expr], values: Values, scope: _Scope) -> None:
        is_plain = not any(isinstance(target, ast.Starred) for target in targets)
        for value in values:
            if isinstance(value, _Instance):
                fields = self._classes[value.key].fields
                items = [self._values_of(self._attribute(name)) for name in fields]
            else:
                items = list(value.items) if isinstance(value, _Series) else []
            if is_plain and len(items) == len(targets):
                for target, item in zip(targets, items, strict=True):
                    self._assign(target, item, scope)
                continue
            either = self._iterate(frozenset({value}))
            for target in targets:
                inner = target.value if isinstance(target, ast.Starred) else target
                self._assign(inner, frozenset({_series([either])}) if inner is not target else either, scope)

    def _values_of(self, cell: _Cell) -> Values:
        return frozenset(cell.values)

    def _iterate(self, values: Values) -> Values:
        found: set[Hashable] = set()
        for value in values:
            if isinstance(value, _ClassValue):
                found |= self._members(self._classes[value.key])
            elif isinstance(value, _Instance):
                for name in self._classes[value.key].fields:
                    found |= self._attribute(name).values
                found |= self._missing() if not self._classes[value.key].fields else _NOTHING
            else:
                if value is Mark.PARAMETERS:
                    self.is_dynamic = True
                found |= _elements(value)
        return frozenset(found)

    def _members(self, enum: _Class) -> set[Hashable]:
        scope = self._scopes.get(id(enum.node))
        cells = scope.cells.values() if scope is not None else ()
        return {value for cell in cells for value in cell.values if not isinstance(value, _FunctionValue)}

    # Statements

    def _run_all(self, statements: Iterable[ast.stmt], scope: _Scope) -> None:
        for statement in statements:
            handler = self._statements.get(type(statement))
            if handler is not None:
                handler(self, statement, scope)
            else:
                self._run_parts(statement, scope)

    def _run_parts(self, node: ast.AST, scope: _Scope) -> None:
        """if, while, try, with, match, assert …: every part happens."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._run_all([child], scope)
            elif isinstance(child, ast.expr):
                self._eval(child, scope)
            elif isinstance(child, ast.withitem):
                self._eval(child.context_expr, scope)
                if child.optional_vars is not None:
                    self._assign(child.optional_vars, _UNKNOWN, scope)
            else:
                captured = getattr(child, "name", None) or getattr(child, "rest", None)
                if isinstance(captured, str):
                    self._assign(ast.Name(captured, ast.Store()), _UNKNOWN, scope)
                self._run_parts(child, scope)

    def _run_function(self, function: _Function) -> None:
        if isinstance(function.node, ast.Lambda):
            self._add(function.returns, self._eval(function.node.body, function.scope))
        else:
            self._run_all(function.node.body, function.scope)

    def _run_assign(self, node: ast.Assign, scope: _Scope) -> None:
        values = self._eval(node.value, scope)
        for target in node.targets:
            self._assign(target, values, scope)

    def _run_annotated(self, node: ast.AnnAssign, scope: _Scope) -> None:
        if node.value is not None:
            self._assign(node.target, self._eval(node.value, scope), scope)

    def _run_augmented(self, node: ast.AugAssign, scope: _Scope) -> None:
        left, right = self._eval(node.target, scope), self._eval(node.value, scope)
        enlarging = frozenset(value for value in right if isinstance(value, _Series | _Table))
        self._assign(node.target, enlarging | self._operate(node.op, left, right - enlarging), scope)

    def _run_for(self, node: "ast.For | ast.AsyncFor", scope: _Scope) -> None:
        inner = self._block(node, [node.target], scope)
        self._assign(node.target, self._iterate(self._eval(node.iter, scope)), inner)
        self._run_all(node.body, inner)
        self._run_all(node.orelse, scope)

    def _block(self, node: ast.AST, targets: Sequence[ast.expr], scope: _Scope) -> _Scope:
        inner = self._scopes.get(id(node))
        if inner is None:
            inner = self._scopes[id(node)] = _Scope("block", scope, scope.function)
            for target in targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                        inner.cells[name.id] = _Cell()
        return inner

    def _run_definition(self, node: "ast.FunctionDef | ast.AsyncFunctionDef", scope: _Scope) -> None:
        for decorator in node.decorator_list:
            self._eval(decorator, scope)
        function = self._define(node, node.name, scope)
        self._assign(ast.Name(node.name, ast.Store()), frozenset({_FunctionValue(id(function.node))}), scope)

    def _define(
        self, node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda", name: str, scope: _Scope
    ) -> _Function:
        function = self._functions.get(id(node))
        if function is None:
            decorators = frozenset(map(_decorator_name, getattr(node, "decorator_list", ())))
            inner = _Scope("function", scope)
            is_method = scope.kind == "class" and not isinstance(node, ast.Lambda)
            function = _Function(name, node, inner, decorators, is_method)
            inner.function = function
            self._functions[id(node)] = function
            self._has_changed = True
        arguments = node.args
        if arguments.defaults:
            for parameter, default in zip(
                function.parameters[-len(arguments.defaults) :], arguments.defaults, strict=True
            ):
                function.defaults[parameter] = self._eval(default, scope)
        for parameter, default_or_none in zip(function.keyword_only, arguments.kw_defaults, strict=True):
            if default_or_none is not None:
                function.defaults[parameter] = self._eval(default_or_none, scope)
        return function

    def _run_class(self, node: ast.ClassDef, scope: _Scope) -> None:
        bases = _union(self._eval(base, scope) for base in node.bases)
        if id(node) not in self._classes:
            fields = [
                item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            ]
            is_enum = any(_decorator_name(base).endswith("Enum") for base in node.bases)
            self._classes[id(node)] = _Class(node, fields, is_enum)
            self._scopes[id(node)] = _Scope("class", scope, scope.function)
            self._has_changed = True
        described = self._classes[id(node)]
        described.bases |= bases
        inherited = [
            name
            for base in node.bases
            for value in self._eval(base, scope)
            if isinstance(value, _ClassValue)
            for name in self._classes[value.key].fields
        ]
        described.fields = [*inherited, *(name for name in described.fields if name not in inherited)]
        if Mark.EXTERNAL in bases:
            self.is_dynamic = True
        inner = self._scopes[id(node)]
        self._run_all(node.body, inner)
        for cell in list(inner.cells.values()):
            for value in cell.values:
                function = self._functions.get(value.key) if isinstance(value, _FunctionValue) else None
                if function is not None and function.takes_instance:
                    itself = _ClassValue(id(node)) if "classmethod" in function.decorators else _Instance(id(node))
                    self._add(function.scope.cells[function.parameters[0]], [itself])
        for decorator in node.decorator_list:
            self._eval(decorator, scope)
        self._assign(ast.Name(node.name, ast.Store()), frozenset({_ClassValue(id(node))}), scope)

    def _run_return(self, node: ast.Return, scope: _Scope) -> None:
        if node.value is not None and scope.function is not None:
            self._add(scope.function.returns, self._eval(node.value, scope))

    def _run_expression(self, node: ast.Expr, scope: _Scope) -> None:
        self._eval(node.value, scope)

    def _run_outer(self, node: "ast.Global | ast.Nonlocal", scope: _Scope) -> None:
        owner: _Scope | None = scope
        while owner is not None and owner.kind != "module":
            owner.outer_names |= set(node.names)
            if isinstance(node, ast.Nonlocal) and owner.kind == "function":
                break
            owner = owner.parent

    def _run_import(self, node: ast.Import, scope: _Scope) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            self._assign(ast.Name(name, ast.Store()), self._module(module), scope)

    def _run_import_from(self, node: ast.ImportFrom, scope: _Scope) -> None:
        module = node.module or ""
        found = self._module(module) if module else _NOTHING
        for alias in node.names:
            if alias.name == "*":
                for value in found:
                    if isinstance(value, _ModuleValue):
                        for name, cell in list(self._modules[value.file].cells.items()):
                            self._assign(ast.Name(name, ast.Store()), self._values_of(cell), scope)
                    elif value is Mark.EXTERNAL:
                        self.is_dynamic = True  # any name may be one of its helpers
                continue
            file = self._file_of(f"{module}.{alias.name}".lstrip("."))
            values = frozenset({_ModuleValue(file)}) if file else self._member(found, alias.name)
            if found == _UNKNOWN:  # functools.partial, collections.namedtuple
                values = _standing_for(alias.name) or values
            self._assign(ast.Name(alias.asname or alias.name, ast.Store()), values, scope)

    def _member(self, modules: Values, name: str) -> Values:
        found: set[Hashable] = set()
        for value in modules:
            if isinstance(value, _ModuleValue):
                cell = self._modules[value.file].cells.get(name)
                found |= cell.values if cell is not None else self._missing()
            else:
                found.add(value)
        return frozenset(found)

    def _module(self, name: str) -> Values:
        file = self._file_of(name)
        if file is not None:
            return frozenset({_ModuleValue(file)})
        return _UNKNOWN if name.partition(".")[0] in _NOT_READERS else frozenset({Mark.EXTERNAL})

    def _file_of(self, module: str) -> str | None:
        """The source that a module's name means, from wherever it is imported."""
        wanted = tuple(module.split("."))
        for file in self._trees:
            parts = PurePosixPath(file).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            if parts and (parts[-len(wanted) :] == wanted or wanted[-len(parts) :] == parts):
                return file
        return None

    # Expressions

    def _eval(self, node: ast.expr, scope: _Scope) -> Values:
        handler = self._expressions.get(type(node))
        if handler is not None:
            found: Values = handler(self, node, scope)
            return found
        for child in ast.iter_child_nodes(node):  # comparisons, slices and the like: only what is called within counts
            if isinstance(child, ast.expr):
                self._eval(child, scope)
        return _UNKNOWN

    def _eval_constant(self, node: ast.Constant, _scope: _Scope) -> Values:
        return frozenset({node.value if _is_plain(node.value) else Mark.UNKNOWN})

    def _eval_name(self, node: ast.Name, scope: _Scope) -> Values:
        cell = scope.find(node.id)
        if cell is not None:
            return self._values_of(cell)
        return frozenset({_Builtin(node.id)}) if node.id in _BUILTINS else self._missing()

    def _eval_attribute(self, node: ast.Attribute, scope: _Scope) -> Values:
        return self._attribute_of(self._eval(node.value, scope), node.attr)

    def _attribute_of(self, owners: Values, name: str) -> Values:
        modules = frozenset(owner for owner in owners if isinstance(owner, _ModuleValue))
        found = set(self._member(modules, name))
        if modules and modules == owners:
            return frozenset(found)
        found |= _standing_for(name)
        is_instance = not any(isinstance(owner, _ClassValue) for owner in owners)
        cell = self._attributes.get(name)
        for value in list(cell.values) if cell is not None else ():
            found |= self._bound(value, owners, is_instance=is_instance)
        for owner in owners - modules:
            if isinstance(owner, _Series | _Table | str) or owner is Mark.PARAMETERS:
                found.add(_Method(owner, name))
                if name in {"value", "name"} and isinstance(owner, str):  # a member of an enumeration
                    found.add(owner)
            elif isinstance(owner, Mark):
                kept = Mark.EXTERNAL if owner is Mark.EXTERNAL else Mark.UNKNOWN
                found |= _NOTHING if _standing_for(name) else {kept}
            elif not found:
                found |= self._missing()
        return frozenset(found)

    def _bound(self, value: Hashable, owners: Values, *, is_instance: bool) -> Values:
        function = self._functions.get(value.key) if isinstance(value, _FunctionValue) else None
        if function is None or not function.takes_instance:
            return frozenset({value})
        if not is_instance and "classmethod" not in function.decorators:
            return frozenset({value})
        instances = frozenset(owner for owner in owners if isinstance(owner, _Instance | _ClassValue))
        bound = _Partial(value, (instances,), ())
        if function.is_property:
            return self._call(bound, _Arguments([], {}), function.scope)
        return frozenset({bound})

    def _eval_sequence(self, node: "ast.Tuple | ast.List | ast.Set", scope: _Scope) -> Values:
        if not any(isinstance(element, ast.Starred) for element in node.elts):
            return frozenset({_series([self._eval(element, scope) for element in node.elts])})
        arguments = self._arguments(node.elts, [], scope)
        rest = [arguments.rest] if arguments.rest else []
        return frozenset({_series([*arguments.positional, *rest])})

    def _eval_dict(self, node: ast.Dict, scope: _Scope) -> Values:
        items: list[tuple[Values, Values]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            values = self._eval(value, scope)
            if key is not None:
                items.append((self._eval(key, scope), values))
                continue
            for other in values:
                items += other.items if isinstance(other, _Table) else [(_UNKNOWN, _UNKNOWN)]
        return frozenset({_table(items)})

    def _eval_text(self, node: ast.JoinedStr, scope: _Scope) -> Values:
        parts: list[Values] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                values = self._eval(part.value, scope)
                spec = self._eval(part.format_spec, scope) if part.format_spec is not None else frozenset({""})
                conversion = {114: repr, 97: ascii}.get(part.conversion, lambda value: value)
                parts.append(_combined([values, spec], lambda v, s, c=conversion: format(c(v), _harmless(s))))
            else:
                parts.append(self._eval(part, scope))
        return _combined(parts, lambda *texts: _bounded("".join(texts)))

    def _eval_operation(self, node: ast.BinOp, scope: _Scope) -> Values:
        return self._operate(node.op, self._eval(node.left, scope), self._eval(node.right, scope))

    def _operate(self, op: ast.operator, left: Values, right: Values) -> Values:
        if isinstance(op, ast.Mod):
            choices = [_combined([left, *items], _percent) for items in _choices(right)]
            return _union(choices) if left else _NOTHING
        if len(left) * len(right) > _MOST_VALUES or not isinstance(op, ast.Add | ast.BitOr):
            return _UNKNOWN
        return frozenset(_added(one, other) for one, other in itertools.product(left, right))

    def _eval_choice(self, node: ast.IfExp, scope: _Scope) -> Values:
        self._eval(node.test, scope)
        return self._eval(node.body, scope) | self._eval(node.orelse, scope)

    def _eval_either(self, node: ast.BoolOp, scope: _Scope) -> Values:
        return _union([self._eval(value, scope) for value in node.values])

    def _eval_named(self, node: ast.NamedExpr, scope: _Scope) -> Values:
        values = self._eval(node.value, scope)
        self._assign(node.target, values, scope)
        return values

    def _eval_inner(self, node: "ast.Await | ast.Starred", scope: _Scope) -> Values:
        return self._eval(node.value, scope)

    def _eval_yield(self, node: "ast.Yield | ast.YieldFrom", scope: _Scope) -> Values:
        values = self._eval(node.value, scope) if node.value is not None else _NOTHING
        if scope.function is not None:
            is_from = isinstance(node, ast.YieldFrom)
            self._add(scope.function.yields, self._iterate(values) if is_from else values)
        return _UNKNOWN

    def _eval_lambda(self, node: ast.Lambda, scope: _Scope) -> Values:
        self._define(node, "<lambda>", scope)
        return frozenset({_FunctionValue(id(node))})

    def _eval_comprehension(self, node: "ast.ListComp | ast.SetComp | ast.GeneratorExp", scope: _Scope) -> Values:
        inner = self._comprehended(node, node.generators, scope)
        return frozenset({_series([self._eval(node.elt, inner)])})

    def _eval_dict_comprehension(self, node: ast.DictComp, scope: _Scope) -> Values:
        inner = self._comprehended(node, node.generators, scope)
        return frozenset({_table([(self._eval(node.key, inner), self._eval(node.value, inner))])})

    def _comprehended(self, node: ast.expr, generators: Sequence[ast.comprehension], scope: _Scope) -> _Scope:
        inner = self._block(node, [generator.target for generator in generators], scope)
        for generator in generators:
            self._assign(generator.target, self._iterate(self._eval(generator.iter, inner)), inner)
            for condition in generator.ifs:
                self._eval(condition, inner)
        return inner

    def _eval_subscript(self, node: ast.Subscript, scope: _Scope) -> Values:
        owners = self._eval(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            self._eval(node.slice, scope)
            return frozenset(
                _series([_elements(owner)]) if isinstance(owner, _Series) else Mark.UNKNOWN for owner in owners
            )
        keys = self._eval(node.slice, scope)
        return _union([self._item(owner, keys, node, scope) for owner in owners])

    def _item(self, owner: Hashable, keys: Values, node: ast.expr, scope: _Scope) -> Values:
        if owner is Mark.PARAMETERS:
            return self._read(keys, _NOTHING, node, scope)
        if isinstance(owner, _Table):
            known = all(_is_plain(key) for key in keys)
            return _union(values for key, values in owner.items if not known or key & keys or Mark.UNKNOWN in key)
        if isinstance(owner, _Series):
            index = next(iter(keys)) if len(keys) == 1 else None
            if isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
                return owner.items[index]
            return _union(owner.items)
        return _UNKNOWN

    # Calls

    def _eval_call(self, node: ast.Call, scope: _Scope) -> Values:
        arguments = self._arguments(node.args, node.keywords, scope)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _ADDERS:
            self._enlarge(node.func, arguments, scope)
        return _union([self._call(value, arguments, scope, node) for value in self._eval(node.func, scope)])

    def _arguments(self, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword], scope: _Scope) -> _Arguments:
        arguments = _Arguments([], {})
        for argument in positional:
            values = self._eval(argument, scope)
            if not isinstance(argument, ast.Starred):
                if arguments.rest:
                    arguments.rest |= values
                else:
                    arguments.positional.append(values)
                continue
            lone = next(iter(values)) if len(values) == 1 else None
            if isinstance(lone, _Series) and not arguments.rest:
                arguments.positional += lone.items
            else:
                arguments.rest |= self._iterate(values)
        self._add_keywords(arguments, keywords, scope)
        return arguments

    def _add_keywords(self, arguments: _Arguments, keywords: Sequence[ast.keyword], scope: _Scope) -> None:
        for keyword in keywords:
            values = self._eval(keyword.value, scope)
            if keyword.arg is not None:
                arguments.keywords[keyword.arg] = values
                continue
            for value in values:
                for keys, stored in value.items if isinstance(value, _Table) else [(_UNKNOWN, _UNKNOWN)]:
                    for key in keys:
                        if isinstance(key, str):
                            arguments.keywords[key] = arguments.keywords.get(key, _NOTHING) | stored
                        else:
                            arguments.rest |= stored

    def _enlarge(self, function: ast.Attribute, arguments: _Arguments, scope: _Scope) -> None:
        """`names.append("x")` and its like are assignments of one value more."""
        name, first, second = function.attr, arguments.get(0), arguments.get(1)
        if name == "update":
            items = [(frozenset[Hashable]({key}), values) for key, values in arguments.keywords.items()]
            added = first | {_table(items)} if items else first
        elif name == "extend":
            added = frozenset({_series([self._iterate(first)])})
        elif name == "setdefault":
            added = frozenset({_table([(first, second)])})
        else:
            added = frozenset({_series([second if name == "insert" else first])})
        if isinstance(function.value, ast.Name):
            cell = scope.find(function.value.id)
            if cell is not None:
                self._add(cell, added)
        elif isinstance(function.value, ast.Attribute):
            self._add(self._attribute(function.value.attr), added)

    def _call(self, value: Hashable, arguments: _Arguments, scope: _Scope, node: ast.expr | None = None) -> Values:
        if isinstance(value, _Partial):
            keywords = dict(value.keywords) | arguments.keywords
            bound = _Arguments([*value.positional, *arguments.positional], keywords, arguments.rest)
            return self._call(value.function, bound, scope, node)
        if isinstance(value, _FunctionValue):
            return self._call_function(self._functions[value.key], arguments, scope)
        if isinstance(value, _ClassValue):
            return self._construct(value, arguments, scope)
        if isinstance(value, _Builtin):
            return self._call_builtin(value.name, arguments, scope, node)
        if isinstance(value, _Method):
            return self._call_method(value, arguments, scope, node)
        return self._call_mark(value, arguments, scope, node)

    def _call_mark(self, value: Hashable, arguments: _Arguments, scope: _Scope, node: ast.expr | None) -> Values:
        if value is Mark.READER:
            names = arguments.get(0, "name")
            return self._read(names, arguments.get(1, "default_value", "defaultValue"), node, scope)
        if value is Mark.ALL_READER:
            return frozenset({Mark.PARAMETERS})
        if value is Mark.EQUITY_ADDER:
            self.equities |= {text for text in arguments.get(0, "ticker") if isinstance(text, str)}
            return _UNKNOWN
        for values in arguments.all():
            self._escape(values, to_external=value is Mark.EXTERNAL)
        return _UNKNOWN if isinstance(value, Mark) else self._missing()

    def _read(self, names: Values, defaults: Values, node: ast.expr | None, scope: _Scope) -> Values:
        texts = {name for name in names if isinstance(name, str)}
        self.names |= texts
        before, _ = self._reads.get(id(node), (_NOTHING, None))
        self._reads[id(node)] = (before | names, scope.function)
        passed = {text for name in texts for text in self._given.get(name, ())}
        return frozenset(passed or defaults) | _UNKNOWN

    def _escape(self, values: Values, *, to_external: bool = False) -> None:
        """Values that code which is not among the sources gets, and may call."""
        for value in values:
            if isinstance(value, _FunctionValue):
                self._expose(self._functions[value.key])
            elif isinstance(value, _Partial):
                self._escape(frozenset({value.function}))
            elif isinstance(value, _Series):
                self._escape(_union(value.items), to_external=to_external)
            elif value in {Mark.READER, Mark.PARAMETERS} or (to_external and isinstance(value, _Instance)):
                self.is_dynamic = True

    def _expose(self, function: _Function) -> None:
        function.is_known_elsewhere = True
        for name in [*function.parameters[int(function.takes_instance) :], *function.keyword_only, *function.others]:
            self._add(function.scope.cells[name], function.defaults.get(name, _UNKNOWN))

    def _call_function(self, function: _Function, arguments: _Arguments, scope: _Scope) -> Values:
        if scope.function not in function.callers and scope.function is not function:
            function.callers.append(scope.function)
            self._has_changed = True
        named = dict(zip(function.parameters, arguments.positional, strict=False))
        accepted = {*function.parameters, *function.keyword_only}
        named |= {name: values for name, values in arguments.keywords.items() if name in accepted}
        for name in accepted:
            missing = function.defaults.get(name, _NOTHING) | arguments.rest
            self._add(function.scope.cells[name], named.get(name, missing))
        node = function.node.args
        if node.vararg is not None:
            extra = [*arguments.positional[len(function.parameters) :], *([arguments.rest] if arguments.rest else [])]
            self._add(function.scope.cells[node.vararg.arg], [_series(extra)])
        if node.kwarg is not None:
            others = [
                (frozenset[Hashable]({name}), values)
                for name, values in arguments.keywords.items()
                if name not in accepted
            ]
            self._add(function.scope.cells[node.kwarg.arg], [_table(others)])
        if function.yields.values:
            return frozenset({_series([self._values_of(function.yields)])})
        return self._values_of(function.returns)

    def _construct(self, value: _ClassValue, arguments: _Arguments, scope: _Scope) -> Values:
        described = self._classes[value.key]
        if described.is_enum:
            return frozenset(self._members(described)) | _UNKNOWN
        instance: Values = frozenset({_Instance(value.key)})
        initializer = self._initializer(described, frozenset())
        if initializer is not None:
            bound = _Arguments([instance, *arguments.positional], arguments.keywords, arguments.rest)
            self._call_function(initializer, bound, scope)
            return instance
        for name, values in zip(described.fields, arguments.positional, strict=False):
            self._add(self._attribute(name), values)
        for name in described.fields[len(arguments.positional) :]:
            self._add(self._attribute(name), arguments.keywords.get(name, arguments.rest))
        return instance

    def _initializer(self, described: _Class, seen: frozenset[int]) -> _Function | None:
        """__init__ of a class or of the first of its bases that has one."""
        scope = self._scopes.get(id(described.node))
        cell = scope.cells.get("__init__") if scope is not None else None
        for value in cell.values if cell is not None else ():
            if isinstance(value, _FunctionValue):
                return self._functions[value.key]
        for base in described.bases:
            if isinstance(base, _ClassValue) and base.key not in seen:
                found = self._initializer(self._classes[base.key], seen | {base.key})
                if found is not None:
                    return found
        return None

    def _call_builtin(self, name: str, arguments: _Arguments, scope: _Scope, node: ast.expr | None) -> Values:
        first, second = arguments.get(0), arguments.get(1)
        if name in _CONTAINERS:
            kept = frozenset(value for value in first if isinstance(value, _Series)) if name != "reversed" else None
            if kept and kept == first:
                return frozenset(_series([_elements(v)]) for v in first) if name in {"sorted", "set"} else kept
            return frozenset({_series([self._iterate(first)] if first else [])})
        if name in {"map", "filter"}:
            elements = [self._iterate(values) for values in arguments.positional[1:]]
            results = _union([self._call(value, _Arguments(elements, {}), scope, node) for value in first])
            return frozenset({_series([results if name == "map" else _union(elements)])})
        if name == "getattr":
            found = _union(self._attribute_of(first, text) for text in second if isinstance(text, str))
            return found | (_UNKNOWN if Mark.UNKNOWN in second else _NOTHING) | arguments.get(2)
        if name == "setattr":
            for text in second:
                if isinstance(text, str):
                    self._add(self._attribute(text), arguments.get(2))
            return _NOTHING
        return self._call_simple_builtin(name, arguments)

    def _call_simple_builtin(self, name: str, arguments: _Arguments) -> Values:
        first = arguments.get(0)
        if name == "dict":
            tables = [value for value in first if isinstance(value, _Table)]
            pairs = [
                (pair.items[0], pair.items[1])
                for pair in self._iterate(first - frozenset(tables))
                if isinstance(pair, _Series) and len(pair.items) == 2
            ]
            named = [(frozenset[Hashable]({key}), values) for key, values in arguments.keywords.items()]
            items = [*itertools.chain.from_iterable(table.items for table in tables), *pairs, *named]
            return frozenset({Mark.PARAMETERS if Mark.PARAMETERS in first else _table(items)})
        if name == "str":
            return _combined([first], lambda value: _bounded(str(value)))
        if name in {"next", "min", "max"}:
            return self._iterate(first) | _union(arguments.positional[1:])
        if name == "partial":
            bound, keywords = tuple(arguments.positional[1:]), tuple(sorted(arguments.keywords.items()))
            return frozenset(_Partial(function, bound, keywords) for function in first)
        return self._call_counting_builtin(name, arguments)

    def _call_counting_builtin(self, name: str, arguments: _Arguments) -> Values:
        first, second = arguments.get(0), arguments.get(1)
        if name == "range":
            return frozenset({_series([_numbers(arguments)])})
        if name == "enumerate":
            counted = [frozenset[Hashable](range(50)), self._iterate(first)]
            return frozenset({_series([frozenset({_series(counted)})])})
        if name == "zip":
            return frozenset({_series([frozenset({choice}) for choice in self._zipped(arguments)])})
        if name == "namedtuple" and len(second) == 1:
            return self._named_tuple(next(iter(second)))
        return _UNKNOWN

    def _named_tuple(self, described: Hashable) -> Values:
        fields = _elements(described) if not isinstance(described, str) else _NOTHING
        names = described.replace(",", " ").split() if isinstance(described, str) else []
        if isinstance(described, _Series):
            names = [name for values in described.items for name in values if isinstance(name, str)]
        if not names or Mark.UNKNOWN in fields:
            return _UNKNOWN
        key = -1 - hash(tuple(names)) % 2**31  # negative: no syntax node has it
        self._classes[key] = _Class(None, names)
        return frozenset({_ClassValue(key)})

    def _zipped(self, arguments: _Arguments) -> list[Hashable]:
        columns = [next(iter(values)) if len(values) == 1 else None for values in arguments.positional]
        tables = [column for column in columns if isinstance(column, _Series) and len(column.items) > 1]
        if columns and len(tables) == len(columns):
            return [_series(row) for row in zip(*(table.items for table in tables), strict=False)]
        return [_series([self._iterate(values) for values in arguments.positional])]

    def _call_method(self, method: _Method, arguments: _Arguments, scope: _Scope, node: ast.expr | None) -> Values:
        owner, name = method.owner, method.name
        if owner is Mark.PARAMETERS:
            return self._call_of_parameters(name, arguments, node, scope)
        if isinstance(owner, str):
            return self._call_of_text(owner, name, arguments)
        if isinstance(owner, _Table):
            return self._call_of_table(owner, name, arguments, node, scope)
        if name in {"copy", "pop", "popleft"} and isinstance(owner, _Series):
            return frozenset({owner}) if name == "copy" else _union(owner.items)
        return _UNKNOWN

    def _call_of_parameters(self, name: str, arguments: _Arguments, node: ast.expr | None, scope: _Scope) -> Values:
        if name in {"get", "pop", "get_value", "try_get_value", "TryGetValue"}:
            return self._read(arguments.get(0), arguments.get(1), node, scope)
        if name not in {"contains_key", "ContainsKey"}:
            self.is_dynamic = True
        return _UNKNOWN

    def _call_of_text(self, text: str, name: str, arguments: _Arguments) -> Values:
        if name == "join":
            return _union(_combined(items, lambda *t: _bounded(text.join(t))) for items in _choices(arguments.get(0)))
        given = [*arguments.positional, *arguments.keywords.values()]
        words = list(arguments.keywords)
        if arguments.rest or name not in _TEXT_METHODS | _SPLITTERS:
            return _UNKNOWN

        def apply(*values: Hashable) -> Hashable:
            count = len(arguments.positional)
            named: dict[str, Any] = dict(zip(words, values[count:], strict=True))
            target = _harmless(text) if name == "format" else text
            result: str | Sequence[str] = getattr(target, name)(*values[:count], **named)
            if isinstance(result, str):
                return _bounded(result)
            return _series([frozenset[Hashable]({part}) for part in result])

        return _combined(given, apply)

    def _call_of_table(
        self, table: _Table, name: str, arguments: _Arguments, node: ast.expr | None, scope: _Scope
    ) -> Values:
        if name == "items":
            return frozenset({_series([frozenset({_series([key, values])}) for key, values in table.items])})
        if name == "keys":
            return frozenset({_series([key for key, _ in table.items])})
        if name == "values":
            return frozenset({_series([values for _, values in table.items])})
        if name in {"get", "pop", "setdefault"} and node is not None:
            return self._item(table, arguments.get(0), node, scope) | arguments.get(1)
        return frozenset({table}) if name == "copy" else _UNKNOWN

    _statements: Mapping[type[ast.stmt], Callable[..., None]] = {
        ast.Assign: _run_assign,
        ast.AnnAssign: _run_annotated,
        ast.AugAssign: _run_augmented,
        ast.For: _run_for,
        ast.AsyncFor: _run_for,
        ast.FunctionDef: _run_definition,
        ast.AsyncFunctionDef: _run_definition,
        ast.ClassDef: _run_class,
        ast.Return: _run_return,
        ast.Expr: _run_expression,
        ast.Global: _run_outer,
        ast.Nonlocal: _run_outer,
        ast.Import: _run_import,
        ast.ImportFrom: _run_import_from,
    }
    _expressions: Mapping[type[ast.expr], Callable[..., Values]] = {
        ast.Constant: _eval_constant,
        ast.Name: _eval_name,
        ast.Attribute: _eval_attribute,
        ast.Tuple: _eval_sequence,
        ast.List: _eval_sequence,
        ast.Set: _eval_sequence,
        ast.Dict: _eval_dict,
        ast.JoinedStr: _eval_text,
        ast.BinOp: _eval_operation,
        ast.IfExp: _eval_choice,
        ast.BoolOp: _eval_either,
        ast.NamedExpr: _eval_named,
        ast.Await: _eval_inner,
        ast.Starred: _eval_inner,
        ast.Yield: _eval_yield,
        ast.YieldFrom: _eval_yield,
        ast.Lambda: _eval_lambda,
        ast.ListComp: _eval_comprehension,
        ast.SetComp: _eval_comprehension,
        ast.GeneratorExp: _eval_comprehension,
        ast.DictComp: _eval_dict_comprehension,
        ast.Subscript: _eval_subscript,
        ast.Call: _eval_call,
    }


def _names_mentioned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _standing_for(attribute: str) -> Values:
    """What an attribute of this name is, whatever object it belongs to: `algorithm.get_parameter`."""
    for names, mark in (
        (_READERS, Mark.READER),
        (_ALL_READERS, Mark.ALL_READER),
        (_EQUITY_ADDERS, Mark.EQUITY_ADDER),
    ):
        if attribute in names:
            return frozenset({mark})
    return frozenset({_Builtin(attribute)}) if attribute in {"partial", "namedtuple"} else _NOTHING


def _harmless(template: Hashable) -> str:
    if not isinstance(template, str) or re.search(r"\d{4}", template):  # a width of a billion would fill the memory
        raise ValueError
    return template


def _percent(template: Hashable, *values: Hashable) -> Hashable:
    return _bounded(operator.mod(_harmless(template), values))


def _choices(values: Values) -> Iterator[list[Values]]:
    """The operands that a value is to `%` or join: a table's elements, or the value alone."""
    for value in values:
        yield list(value.items) if isinstance(value, _Series) else [frozenset({value})]


def _added(one: Hashable, other: Hashable) -> Hashable:
    if isinstance(one, str) and isinstance(other, str):
        return _bounded(one + other)
    if isinstance(one, _Series) and isinstance(other, _Series):
        is_repeated = one.items[-len(other.items) :] == other.items  # in a loop it would never come to an end
        return one if is_repeated else _series([*one.items, *other.items])
    if isinstance(one, _Table) and isinstance(other, _Table):
        return _table([*one.items, *other.items])
    return Mark.UNKNOWN  # sums too: a counter would never come to an end


def _numbers(arguments: _Arguments) -> Values:
    bounds = [next(iter(values)) if len(values) == 1 else None for values in arguments.positional]
    whole = [bound for bound in bounds if isinstance(bound, int)]
    if not bounds or len(whole) != len(bounds) or (len(whole) == 3 and whole[2] == 0):
        return _UNKNOWN
    numbers = range(*whole[:3])
    return frozenset(numbers) if len(numbers) <= _LONGEST else _UNKNOWN
