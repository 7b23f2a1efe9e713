"""What a strategy takes from, or leaves, outside of its own modules: likely causes of unlike backtests. Pure but for
reading the files."""

import ast
from collections.abc import Iterator
from pathlib import Path

from strategy_testing.files import read_text

_RANDOM = ("random", "numpy.random", "np.random")
_CLOCK = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "time.time",
    "datetime.date.today", "time.time_ns", "time.monotonic", "time.perf_counter",
}  # fmt: skip
_PARALLEL = ("threading.", "multiprocessing.", "concurrent.futures.", "ThreadPoolExecutor", "Thread", "asyncio.")
_STORE = ("save", "save_bytes", "save_json", "save_xml", "delete", "clear")
_WRITERS = ("write_text", "write_bytes", "to_csv", "to_pickle", "to_parquet", "to_json", "mkdir", "unlink")
_SKIPPED = ("backtests", "optimizations", "live", "bin", "obj")


def likely_causes(project: Path) -> list[str]:
    """What in a project's code may make two backtests of one combination differ: `main.py:12: …`; empty: cannot tell.

    A project's own modules are imported anew for each backtest. What stays, or comes from elsewhere, is not: attributes
    of other packages, random numbers without a seed, the clock, files, the object store, threads.

    Args:
        project: its folder; what cannot be read or does not compile tells nothing.
    """
    trees = list(_trees(project))
    has_seed = any(_called(node).endswith((".seed", "default_rng")) for _, tree in trees for node in _calls(tree))
    return [
        f"{file}:{line}: {what}"
        for file, tree in trees
        for line, what in sorted(_Visitor(has_seed=has_seed).found_in(tree))
    ]


def _trees(project: Path) -> Iterator[tuple[str, ast.Module]]:
    files = sorted(project.rglob("*.py"))
    own = {file.stem for file in files} | {file.relative_to(project).parts[0] for file in files}
    for file in files:
        place = file.relative_to(project)
        if place.parts[0] in _SKIPPED or place.parts[0].startswith("."):
            continue
        try:
            tree = ast.parse(read_text(file))
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        yield str(place), _without_own_imports(tree, own)


def _without_own_imports(tree: ast.Module, own: set[str]) -> ast.Module:
    """What is imported from the project itself is imported anew with it."""
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] in own))
    ]
    return tree


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(node: ast.AST) -> str:
    """`a.b.c` of a name or a call; empty for anything else."""
    target = node.func if isinstance(node, ast.Call) else node
    parts: list[str] = []
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    return ".".join(reversed([*parts, target.id])) if isinstance(target, ast.Name) else ""


class _Visitor(ast.NodeVisitor):
    def __init__(self, *, has_seed: bool) -> None:
        self._has_seed = has_seed
        self._imported: set[str] = set()
        self._found: set[tuple[int, str]] = set()

    def found_in(self, tree: ast.Module) -> set[tuple[int, str]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        self._imported |= {"QCAlgorithm"}
        self.visit(tree)
        return self._found

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._look_at_target(target)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._look_at_target(node.target)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _called(node)
        owner, _, method = name.rpartition(".")
        if owner in _RANDOM and method not in ("seed", "Random", "default_rng", "RandomState") and not self._has_seed:
            self._add(node, f"{name}() draws random numbers without a seed")
        elif name in _CLOCK:
            self._add(node, f"{name}() reads the clock of the machine, not of the backtest")
        elif name.startswith(_PARALLEL) and name.rpartition(".")[2][:1].isupper():
            self._add(node, f"{name}() works beside the backtest")
        elif owner.endswith("object_store") and method in _STORE:
            self._add(node, f"{method}() of the object store, which later backtests read")
        elif method in _WRITERS or (name == "open" and self._writes(node)):
            self._add(node, f"{method or name}() writes a file, which later backtests may read")
        self.generic_visit(node)

    def _look_at_target(self, target: ast.expr) -> None:
        place = target.value if isinstance(target, ast.Subscript) else target
        name = _called(place)
        if isinstance(place, ast.Attribute) and name.split(".")[0] in self._imported:
            self._add(target, f"sets {name}, which stays as it is for later backtests")

    def _writes(self, node: ast.Call) -> bool:
        modes = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode")]
        return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)

    def _add(self, node: ast.expr, what: str) -> None:
        self._found.add((node.lineno, what))
