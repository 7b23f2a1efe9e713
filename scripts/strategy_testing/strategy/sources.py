"""The Python sources of a LEAN project: its own files, and those of the libraries that its config.json names.

The CLI keeps libraries in the folder Library beside lean.json and mounts it at /Library. A project's
"libraries": [{"name": "daily_strategy", "path": "Library/daily_strategy"}] puts it on Python's path.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.strategy.syntax import SyntaxFinding, parse
from strategy_testing.strategy.workspace import library_folder, project_config

_NOT_SOURCES = {"bin", "obj", "__pycache__", "backtests", "live", "optimizations", "storage", "report"}
"""Folders of a project that the CLI does not compile either."""


@dataclass(frozen=True)
class ProjectSources:
    """What Python would import for a project."""

    texts: dict[str, str]
    """By path: `main.py` below the project, `daily_strategy/parameters.py` below Library."""
    unreadable: tuple[SyntaxFinding, ...]
    missing_libraries: tuple[str, ...]
    """Paths that the project's config.json names and that are not there."""
    unnamed_libraries: tuple[str, ...]
    """Paths that the code imports from although config.json names no library, so that LEAN will not find them."""


def read_project_sources(project: Path, workspace: Path) -> ProjectSources:
    """Reads a project's Python files and its libraries'.

    Args:
        project: the project's folder, which exists.
        workspace: the lean workspace; its libraries stand beside the lean.json in or above it.
    """
    texts: dict[str, str] = {}
    unreadable: list[SyntaxFinding] = []
    folders, missing = project_libraries(project, workspace)
    files = [(file, file.relative_to(project)) for file in sorted(_source_files(project))]
    root = library_folder(workspace)
    for folder in folders:
        files += [(file, file.relative_to(root)) for file in sorted(_source_files(folder))]
    for file, name in files:
        try:
            texts[name.as_posix()] = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            unreadable.append(SyntaxFinding(name.as_posix(), None, f"it is not UTF-8 (byte {error.start})"))
        except OSError as error:
            unreadable.append(SyntaxFinding(name.as_posix(), None, f"it cannot be read: {error.strerror}"))
    unnamed = () if folders or missing else tuple(_imported_libraries(texts, root))
    return ProjectSources(texts, tuple(unreadable), tuple(missing), unnamed)


def project_libraries(project: Path, workspace: Path) -> tuple[list[Path], list[str]]:
    """The folders of a project's libraries and of theirs, in a fixed order, and the paths of those that are missing."""
    found: dict[Path, None] = {}
    missing: dict[str, None] = {}
    waiting = [project]
    while waiting:
        for named in _named_libraries(waiting.pop(0)):
            folder = library_folder(workspace).parent / named
            if not folder.is_dir() or not folder.is_relative_to(library_folder(workspace)):
                missing[named] = None
            elif folder not in found:
                found[folder] = None
                waiting.append(folder)
    return list(found), list(missing)


def _named_libraries(project: Path) -> list[str]:
    try:
        return [str(library["path"]) for library in project_config(project).get("libraries", [])]
    except (TypeError, KeyError):
        return []


def _imported_libraries(texts: Mapping[str, str], root: Path) -> Iterator[str]:
    """What Python does not compile imports nothing; that is found elsewhere."""
    imported: set[str] = set()
    for node in (node for tree in parse(texts)[0].values() for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported.add(node.module.partition(".")[0])
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_dir() and folder.name in imported:
            yield f"{root.name}/{folder.name}"


def _source_files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if not entry.is_dir():
            # An editor's lock, .#main.py, is a link to nowhere.
            if entry.suffix == ".py" and entry.is_file():
                yield entry
        elif not (entry.name in _NOT_SOURCES or entry.name.startswith(".") or (entry / "pyvenv.cfg").is_file()):
            yield from _source_files(entry)
