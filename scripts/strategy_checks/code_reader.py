"""Fills the index of a strategy's sources."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace

from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Binding, ClassInfo, Element, Expression, Function, Imported, Item, receiver_class

_PUTTING = {"append": 0, "add": 0, "extend": 0, "update": 0, "insert": 1, "appendleft": 0}
"""Methods that put an argument into a container, and which argument that is."""


def index_sources(trees: Mapping[str, ast.Module]) -> CodeIndex:
    """The index of all sources; keys are paths relative to the project."""
    index = CodeIndex(trees)
    for file, tree in trees.items():
        index.modules[file] = module = Function(file, "", tree, None, None)
        index.functions.append(module)
        _Reader(index, module).read(tree.body)
    for function in index.functions:
        for call in function.calls:
            called = index.called(call, function)
            if called is not None:
                index.callers[called].append((function, call))
    return index


class _Reader(ast.NodeVisitor):
    """Reads the body of a function or module."""

    def __init__(self, index: CodeIndex, function: Function, info: ClassInfo | None = None) -> None:
        self._index = index
        self._function = function
        self._class = info
        """The class whose body is being read."""
        self._tests: tuple[ast.expr | None, ...] = ()
        self._depth = 0

    def read(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    def _nested(self, statements: Sequence[ast.stmt], *tests: ast.expr | None) -> None:
        before = self._tests
        self._tests = (*before, *tests)
        self._depth += 1
        self.read(statements)
        self._depth -= 1
        self._tests = before

    def _binding(self, value: Expression, node: ast.AST, *, replaces: bool = True) -> Binding:
        line: int = getattr(node, "lineno", 0)
        return Binding(value, line, self._tests, self._depth == 0, replaces)

    def _assign(self, target: ast.expr, binding: Binding) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for place, item in enumerate(target.elts):
                if isinstance(item, ast.Starred):
                    self._assign(item.value, binding)
                else:
                    self._assign(item, replace(binding, value=Item(binding.value, place)))
        elif isinstance(target, ast.Name) and self._class is not None:
            self._class.attributes[target.id].append(binding)
        elif isinstance(target, ast.Name):
            self._function.bindings[target.id].append(binding)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            info = receiver_class(target.value.id, self._function)
            if info is not None:
                info.assigned[target.attr].append((self._function, binding))
        elif isinstance(target, ast.Subscript):
            self._assign(target.value, replace(binding, value=_sequence(target.slice), replaces=False))

    # Statements

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            self._assign(target, self._binding(node.value, node))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if self._class is not None and isinstance(node.target, ast.Name):
            self._class.fields.append(node.target.id)
        if node.value is not None:
            self._assign(node.target, self._binding(node.value, node))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.generic_visit(node)
        self._assign(node.target, self._binding(node.value, node, replaces=False))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self._assign(node.target, self._binding(node.value, node))

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._assign(node.target, self._binding(Element(node.iter), node))
        self._nested([*node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._nested([*node.body, *node.orelse])

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._nested(node.body, node.test)
        self._nested(node.orelse, node.test)

    def visit_Try(self, node: ast.Try) -> None:
        self.read(node.body)
        for handler in node.handlers:
            self._nested(handler.body, None)
        self.read([*node.orelse, *node.finalbody])

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.generic_visit(node)
        self._assign(node.target, replace(self._binding(Element(node.iter), node.iter), is_unconditional=False))

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        if node.value is not None:
            self._function.returns.append(self._binding(node.value, node))

    def visit_Yield(self, node: ast.Yield) -> None:
        self.generic_visit(node)
        if node.value is not None:
            self._function.returns.append(self._binding(_sequence(node.value), node, replaces=False))

    # Definitions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._define(node)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        function = Function(self._function.file, node.name, node, self._class, self._function)
        self._index.functions.append(function)
        if self._class is not None:
            self._class.methods.setdefault(node.name, function)
        else:
            self._index.children[self._function][node.name] = function
        for default in function.defaults.values():
            self.visit(default)
        _Reader(self._index, function).read(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        info = ClassInfo(self._function.file, node)
        self._index.classes.append(info)
        self._index.top_classes[info.file].setdefault(node.name, info)
        _Reader(self._index, self._function, info).read(node.body)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            self._index.imports[self._function.file][alias.asname or module] = Imported(module, "")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            known = self._index.imports[self._function.file]
            known[alias.asname or alias.name] = Imported(node.module or "", alias.name)

    # Expressions

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self._function.calls.append(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _PUTTING:
            place = _PUTTING[node.func.attr]
            if len(node.args) > place and not isinstance(node.args[place], ast.Starred):
                value = node.args[place]
                is_many = node.func.attr in {"extend", "update"}
                binding = self._binding(value if is_many else _sequence(value), node, replaces=False)
                self._assign(node.func.value, binding)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.generic_visit(node)
        self._function.subscripts.append(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        self._function.comparisons.append(node)


def _sequence(*elements: ast.expr) -> ast.expr:
    return ast.Tuple(elts=list(elements), ctx=ast.Load())
