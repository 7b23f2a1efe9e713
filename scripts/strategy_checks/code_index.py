"""Who is who in a strategy's sources, and who calls whom."""

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath

from strategy_checks.api_names import ALGORITHM
from strategy_checks.code_model import ClassInfo, Function, Imported, last_name, receiver_class

_CONTAINER_METHODS = {"add", "append", "clear", "copy", "extend", "get", "insert", "items", "keys", "pop", "remove",
                      "setdefault", "sort", "split", "update", "values"}  # fmt: skip
"""What a call of these on an unknown object means most likely, even if a class of the sources has one too."""


class CodeIndex:
    """All functions and classes of the sources."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        """Nothing is read yet: `index_sources` fills it."""
        self.modules: dict[str, Function] = {}
        self.functions: list[Function] = []
        self.classes: list[ClassInfo] = []
        self.imports: dict[str, dict[str, Imported]] = {file: {} for file in trees}
        self.children: defaultdict[Function, dict[str, Function]] = defaultdict(dict)
        self.top_classes: dict[str, dict[str, ClassInfo]] = {file: {} for file in trees}
        self.callers: defaultdict[Function, list[tuple[Function, ast.Call]]] = defaultdict(list)

    def bases(self, info: ClassInfo) -> list[ClassInfo]:
        """The class and those that it derives from, as far as they are among the sources."""
        found = [info]
        for each in found:
            for base in each.node.bases:
                other = self.class_named(each.file, last_name(base))
                if other is not None and other not in found:
                    found.append(other)
        return found

    def is_algorithm(self, info: ClassInfo) -> bool:
        """Whether a class derives from QCAlgorithm."""
        return any(last_name(base) == ALGORITHM for each in self.bases(info) for base in each.node.bases)

    def class_named(self, file: str, name: str) -> ClassInfo | None:
        """The class that a name means in a file."""
        if name in self.top_classes[file]:
            return self.top_classes[file][name]
        imported = self.imports[file].get(name)
        other = self.file_of(imported.module) if imported is not None else None
        return self.top_classes[other].get(imported.name) if imported is not None and other is not None else None

    def file_of(self, module: str) -> str | None:
        """The source that is imported under a module's name."""
        wanted = tuple(module.split("."))
        for file in self.modules:
            path = PurePosixPath(file)
            parts = path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts
            if parts and (parts == wanted or wanted[-len(parts) :] == parts):
                return file
        return None

    def method(self, info: ClassInfo, name: str) -> Function | None:
        """A method of a class or its bases."""
        return next((each.methods[name] for each in self.bases(info) if name in each.methods), None)

    def called(self, call: ast.Call, caller: Function) -> Function | None:
        """The function of the sources that a call runs; of a class, its `__init__`."""
        if isinstance(call.func, ast.Name):
            return self._named_function(call.func.id, caller)
        if not isinstance(call.func, ast.Attribute):
            return None
        name, owner = call.func.attr, call.func.value
        if isinstance(owner, ast.Name):
            look_up = self._namespace(owner.id, caller)
            if look_up is not None:
                return look_up(name)
        if isinstance(owner, ast.Call) and last_name(owner) == "super" and caller.owner is not None:
            others = self.bases(caller.owner)[1:]
            return next((each.methods[name] for each in others if name in each.methods), None)
        candidates = [info.methods[name] for info in self.classes if name in info.methods]
        return candidates[0] if len(candidates) == 1 and name not in _CONTAINER_METHODS else None

    def _namespace(self, name: str, caller: Function) -> Callable[[str], Function | None] | None:
        """How to find a function in what a name stands for: the own object, a module or a class of the sources."""
        around = receiver_class(name, caller)
        imported = self.imports[caller.file].get(name)
        module = self.file_of(f"{imported.module}.{imported.name}".strip(".")) if imported is not None else None
        if around is None and module is not None:
            return partial(self._function_or_class, module)
        info = around or self.class_named(caller.file, name)
        return partial(self.method, info) if info is not None else None

    def constructed(self, call: ast.Call, caller: Function) -> ClassInfo | None:
        """The class of the sources that a call makes an object of."""
        return self.class_named(caller.file, call.func.id) if isinstance(call.func, ast.Name) else None

    def _named_function(self, name: str, caller: Function) -> Function | None:
        scope: Function | None = caller
        while scope is not None:
            if name in self.children[scope]:
                return self.children[scope][name]
            scope = scope.parent
        imported = self.imports[caller.file].get(name)
        if imported is not None:
            other = self.file_of(imported.module)
            return self._function_or_class(other, imported.name) if other is not None else None
        return self._function_or_class(caller.file, name)

    def _function_or_class(self, file: str, name: str) -> Function | None:
        found = self.children[self.modules[file]].get(name)
        info = self.top_classes[file].get(name)
        return found or (self.method(info, "__init__") if info is not None else None)
