"""Where the variables of Python sources get their values, scope by scope, without running anything."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

EACH = "each"
Path = tuple[str | int, ...]
"""How to get from a value to a part of it: `("each", 0)` are the first parts of its elements."""
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_SAME_ELEMENTS = {"sorted", "list", "tuple", "set", "frozenset", "reversed"}
_UNCHANGING = _SAME_ELEMENTS | {"len", "enumerate"}
_UNCHANGING_METHODS = {"keys", "items", "values", "get"}
_Changeable = ast.List | ast.Set | ast.Dict | ast.ListComp | ast.SetComp | ast.DictComp
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Scope = ast.Module | ast.ClassDef | FunctionNode | ast.Lambda | _Comprehension


@dataclass(frozen=True)
class Binding:
    """One place that gives a variable its value; one that is not followed has none."""

    place: ast.AST
    value: ast.expr | None = None
    path: Path = ()


def is_load(node: ast.Name | ast.Attribute) -> bool:
    """Whether it is read, not set or deleted."""
    return isinstance(node.ctx, ast.Load)


def is_fixed(value: ast.expr | None) -> bool:
    """Whether nobody can change what it holds."""
    if value is None or isinstance(value, ast.Call):
        return False
    return not any(isinstance(part, _Changeable) for part in ast.walk(value))


def parts_of(node: ast.expr, path: Path) -> list[tuple[ast.expr, Path]] | None:
    """What the part of an expression at the end of a path can be, each with the path from there; None where unknown.

    Variables and texts, which have no such parts, are unknown too.
    """
    pairs: list[tuple[ast.expr, Path]] | None = None
    found: list[tuple[ast.expr | None, Path]] = [(None, path)]
    match node, path:
        case ast.IfExp(body=body, orelse=orelse), _:
            pairs = [(body, path), (orelse, path)]
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements), ("each", *rest):
            found = [(each.value, path) if isinstance(each, ast.Starred) else (each, (*rest,)) for each in elements]
        case ast.Tuple(elts=elements) | ast.List(elts=elements), (int(place), *rest) if place < len(elements):
            is_sure = not any(isinstance(each, ast.Starred) for each in elements)
            found = [(elements[place] if is_sure else None, (*rest,))]
        case ast.Dict(keys=keys), ("each", *rest):
            found = [(key, (*rest,)) for key in keys]
        case ast.Call(func=ast.Attribute(value=owner, attr="items"), args=[]), ("each", 0, *rest):
            pairs = [(owner, (EACH, *rest))]
        case ast.Call(func=ast.Attribute(value=owner, attr="keys"), args=[]), ("each", *_):
            pairs = [(owner, path)]
        case ast.Call(func=ast.Name(id="enumerate"), args=[elements]), ("each", 1, *rest):
            pairs = [(elements, (EACH, *rest))]
        case ast.Call(func=ast.Name(id=name), args=[elements]), ("each", *_) if name in _SAME_ELEMENTS:
            pairs = [(elements, path)]
    if pairs is not None:
        return pairs
    is_followed = all(part is not None and (not rest or is_fixed(part)) for part, rest in found)
    return [(part, rest) for part, rest in found if part is not None] if is_followed else None


class Variables:
    """The syntax trees of all files, and where each variable gets its values."""

    def __init__(self, modules: Iterable[ast.Module]) -> None:
        """Everything is looked at once."""
        self.modules = list(modules)
        self.parents = {
            child: node for tree in self.modules for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self.nodes = [*self.modules, *self.parents]
        self.set_attributes = {n.attr for n in self.nodes if isinstance(n, ast.Attribute) and not is_load(n)}
        self._bindings: dict[tuple[ast.AST, str], list[Binding]] = {}
        self._followed: set[ast.Name] = set()
        for node in self.nodes:  # what holds others comes before them
            self._bind_by(node)

    def scope(self, node: ast.AST) -> ast.AST:
        """The function, class, comprehension or module in which a node stands; a module stands in itself."""
        while (parent := self.parents.get(node)) is not None:
            is_outside = isinstance(parent, FunctionNode | ast.ClassDef) and not isinstance(node, ast.stmt)
            if isinstance(parent, _Scope) and not is_outside and not isinstance(node, ast.arguments):
                return parent
            node = parent
        return node

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What holds a node, the nearest first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def of_name(self, name: ast.Name) -> list[Binding]:
        """What may have given a variable its value; nothing where this file alone does not tell."""
        scope = self.scope(name)
        found = self._bindings.get((scope, name.id), [])
        while not found and not isinstance(scope, ast.Module):
            scope = self.scope(scope)
            if not isinstance(scope, ast.ClassDef):
                found = self._bindings.get((scope, name.id), [])
        if isinstance(scope, ast.Module) and name.id in self.set_attributes:
            found = [each for each in found if each.value is None]  # another file may set it
        for loop in self.ancestors(name):  # within `for x in …` x comes from there, unless the loop sets it itself
            if isinstance(loop, FunctionNode | ast.Lambda):
                break
            own = [binding for binding in found if binding.place is loop]
            if own:
                return own + [binding for binding in found if loop in self.ancestors(binding.place)]
        return found

    def uses(self, variable: ast.Name | ast.Attribute) -> Sequence[ast.expr] | None:
        """Where a local variable or an attribute is read; None for one that is set in several places."""
        if isinstance(variable, ast.Attribute):
            named = [node for node in self.nodes if isinstance(node, ast.Attribute) and node.attr == variable.attr]
            loads = [node for node in named if is_load(node)]
            return loads if len(loads) == len(named) - 1 else None
        bindings = self.of_name(variable)
        if len(bindings) != 1 or not isinstance(self.scope(variable), FunctionNode):
            return None
        return [
            node
            for node in self.nodes
            if isinstance(node, ast.Name)
            and node.id == variable.id
            and is_load(node)
            and self.of_name(node) == bindings
        ]

    def of_module(self, name: str) -> list[Binding]:
        """What gives a name its value that one module alone defines."""
        bound = [self._bindings.get((module, name), []) for module in self.modules]
        own = [[each for each in found if not isinstance(each.place, ast.alias)] for found in bound]
        defining = [found for found in own if found]
        return defining[0] if len(defining) == 1 and name not in self.set_attributes else []

    def is_imported(self, node: ast.expr) -> bool:
        """Whether it may be a module, or a part of one."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            return False
        places = [each.place for each in self.of_name(node)]  # none for what comes by `import *`
        return not places or any(isinstance(place, ast.alias) for place in places)

    def stays_as_it_is(self, name: str) -> bool:
        """Whether nobody can change the container in a variable of this name."""
        return all(
            self._is_only_looked_at(node)
            for node in self.nodes
            if (isinstance(node, ast.Name) and node.id == name and is_load(node))
            or (isinstance(node, ast.Attribute) and node.attr == name)
            or (isinstance(node, ast.alias) and node.name == name and node.asname is not None)
        )

    def _is_only_looked_at(self, node: ast.AST) -> bool:
        match self.parents[node]:
            case ast.For(iter=it) | ast.AsyncFor(iter=it) | ast.comprehension(iter=it):
                return it is node
            case ast.Call(func=ast.Name(id=called)):
                return called in _UNCHANGING
            case ast.Attribute(attr=attr):
                return attr in _UNCHANGING_METHODS
            case ast.Subscript(value=value, ctx=ast.Load()):
                return value is node
            case parent:
                return isinstance(parent, ast.Compare)

    def _bind(self, scope: ast.AST, name: str | None, binding: Binding) -> None:
        if name is not None:
            self._bindings.setdefault((scope, name), []).append(binding)

    def _bind_by(self, node: ast.AST) -> None:
        scope = self.scope(node)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._bind(scope, node.name, Binding(node))
            case ast.arg():
                function = self.parents[self.parents[node]]
                self._bind(function, node.arg, Binding(node))
            case ast.alias(name=name, asname=asname):
                self._bind(scope, asname or name.partition(".")[0], Binding(node))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind_target(target, Binding(node, value))
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._bind_target(target, Binding(node, value))
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._bind_target(node.target, Binding(node, node.iter, (EACH,)))
            case ast.Name() if node not in self._followed and not is_load(node):
                self._bind(scope, node.id, Binding(node))
            case (
                ast.ExceptHandler(name=bound)
                | ast.MatchAs(name=bound)
                | ast.MatchStar(name=bound)
                | ast.MatchMapping(rest=bound)
            ):
                self._bind(scope, bound, Binding(node))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for outer in filter(lambda each: isinstance(each, _Scope), self.ancestors(node)):
                    for each in names:
                        self._bind(outer, each, Binding(node))

    def _bind_target(self, target: ast.expr, binding: Binding) -> None:
        if isinstance(target, ast.Name):
            self._followed.add(target)
            scope = self.scope(target)
            while isinstance(binding.place, ast.NamedExpr) and isinstance(scope, _Comprehension):
                scope = self.scope(scope)
            self._bind(scope, target.id, binding)
        elif isinstance(target, ast.Tuple | ast.List):
            for i, part in enumerate(target.elts):
                if isinstance(part, ast.Starred):
                    break
                self._bind_target(part, Binding(binding.place, binding.value, (*binding.path, i)))
