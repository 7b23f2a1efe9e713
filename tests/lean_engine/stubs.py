"""Reads LEAN's type stubs: which names, attributes and overloads its Python API has."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
# LEAN has a generic and a plain IndicatorBase; the stubs leave out the plain one, and with it what it inherits.
_UNTOLD_BASES = {"QuantConnect.Indicators.IndicatorBase": ["QuantConnect.Indicators.WindowBase"]}
_STAR_IMPORT = re.compile(r"^from (QuantConnect[\w.]*) import\s+\*", re.MULTILINE)


@dataclass
class Member:
    """What a class of the stubs has under one name."""

    name: str
    is_property: bool = False
    settable: bool = False
    annotation: ast.expr | None = None
    value: ast.expr | None = None
    overloads: list[ast.FunctionDef] = field(default_factory=list)
    nested: StubClass | None = None


@dataclass
class StubClass:
    """A class of the stubs with its own members and the names of its bases."""

    module: str
    name: str
    bases: list[str] = field(default_factory=list)
    typed_bases: list[str] = field(default_factory=list)
    """The bases with what stands in brackets behind them."""
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def qualified(self) -> str:
        return f"{self.module}.{self.name}"

    def lineage(self) -> Iterator[StubClass]:
        """The class and everything it inherits from, as far as LEAN's own stubs go."""
        seen: set[str] = set()
        waiting = [self]
        while waiting:
            current = waiting.pop(0)
            if current.qualified in seen:
                continue
            seen.add(current.qualified)
            yield current
            waiting += [found for base in current.bases if (found := stub_class(base)) is not None]

    def find(self, name: str) -> Member | None:
        """The member of that name, its own or inherited."""
        return next((each.members[name] for each in self.lineage() if name in each.members), None)

    def inherits(self, qualified: str) -> bool:
        return any(each.qualified == qualified for each in self.lineage())

    def is_enumeration(self) -> bool:
        return any(base in ("Enum", "IntEnum", "IntFlag", "Flag") for base in self.bases)


def _stubs_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the stubs of {package} are not installed (pip install -r requirements-stubs.txt)")
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def _source(module: str) -> str | None:
    path = _stubs_folder("QuantConnect").joinpath(*module.split(".")[1:], "__init__.pyi")
    return path.read_text(encoding="utf-8") if path.is_file() else None


@cache
def _class_positions(module: str) -> dict[str, list[int]]:
    positions: dict[str, list[int]] = {}
    for found in _CLASS.finditer(_source(module) or ""):
        positions.setdefault(found[1], []).append(found.start())
    return positions


@cache
def public_names() -> dict[str, str]:
    """Every class that `from AlgorithmImports import *` brings, with its module; a later import hides an earlier."""
    imports = (_stubs_folder("AlgorithmImports") / "__init__.pyi").read_text(encoding="utf-8")
    return {
        name: module
        for module in _STAR_IMPORT.findall(imports)
        for name in _class_positions(module)
        if not name.startswith("_")
    }


def public_class(name: str) -> StubClass | None:
    """The class that a strategy gets under this name, if LEAN has one."""
    module = public_names().get(name)
    return None if module is None else stub_class(f"{module}.{name}")


@cache
def stub_class(qualified: str) -> StubClass | None:
    """The class of that full name; several of one name (generic and not) are taken together."""
    if qualified.startswith("QuantConnect_"):  # how the stubs name a class inside its own definition
        qualified = qualified.replace("_", ".")
    module, _, name = qualified.rpartition(".")
    if not module.startswith("QuantConnect"):
        return None
    outer = stub_class(module) if _source(module) is None else None
    if outer is not None:
        member = outer.members.get(name)
        return member.nested if member else None
    starts = _class_positions(module).get(name)
    if not starts:
        return None
    source = _source(module) or ""
    found = StubClass(module, name, list(_UNTOLD_BASES.get(qualified, [])))
    for start in starts:
        end = re.compile(r"^\S", re.MULTILINE).search(source, source.index("\n", start))
        definition = ast.parse(source[start : end.start() if end else None]).body[0]
        if isinstance(definition, ast.ClassDef):
            _read(definition, found)
    return found


def _read(definition: ast.ClassDef, into: StubClass) -> None:
    into.typed_bases += [ast.unparse(each) for each in definition.bases]
    into.bases += [base for each in definition.bases if (base := _dotted(each)) not in into.bases]
    for node in definition.body:
        if isinstance(node, ast.FunctionDef):
            _read_function(node, into.members.setdefault(node.name, Member(node.name)))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            into.members[name] = Member(name, True, True, node.annotation, node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            into.members[name] = Member(name, True, False, None, node.value)
        elif isinstance(node, ast.ClassDef):
            nested = StubClass(into.qualified, node.name)
            _read(node, nested)
            into.members[node.name] = Member(node.name, nested=nested)


def _read_function(node: ast.FunctionDef, member: Member) -> None:
    decorators = [ast.unparse(each) for each in node.decorator_list]
    if "property" in decorators:
        member.is_property, member.annotation = True, node.returns
    elif any(each.endswith(".setter") for each in decorators):
        member.settable = True
    else:
        member.overloads.append(node)


def _dotted(node: ast.expr) -> str:
    return ast.unparse(node.value if isinstance(node, ast.Subscript) else node)


def overloads_of(member: Member) -> list[ast.FunctionDef]:
    """The signatures under which a member can be called; some methods are stubs with a `__call__` of their own."""
    if member.overloads or member.annotation is None:
        return member.overloads
    callable_class = stub_class(_dotted(member.annotation))
    call = callable_class.members.get("__call__") if callable_class else None
    return call.overloads if call else []


def signature_of(function: ast.FunctionDef) -> tuple[inspect.Signature, dict[str, ast.expr | None]]:
    """A stub's signature without self, and the annotation of each parameter."""
    arguments = function.args
    static = any(ast.unparse(each) == "staticmethod" for each in function.decorator_list)
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    defaults = [inspect.Parameter.empty] * required + [ast.unparse(each) for each in arguments.defaults]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter(each.arg, kind, default=default) for each, default in zip(positional, defaults, strict=True)
    ]
    if arguments.vararg:
        parameters.append(inspect.Parameter(arguments.vararg.arg, inspect.Parameter.VAR_POSITIONAL))
    for extra in arguments.kwonlyargs:
        parameters.append(inspect.Parameter(extra.arg, inspect.Parameter.KEYWORD_ONLY, default=None))
    if not static:
        parameters = parameters[1:]
    return inspect.Signature(parameters), {each.arg: each.annotation for each in [*positional, *arguments.kwonlyargs]}
