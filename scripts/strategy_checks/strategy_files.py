"""A strategy as the checks see it: its sources as syntax trees, and the parameters that its config.json gives."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.strategy.parameters_read import StrategyFacts, inspect_strategy
from strategy_testing.strategy.sources import ProjectSources, read_project_sources
from strategy_testing.strategy.syntax import SyntaxFinding, parse
from strategy_testing.strategy.workspace import PROJECT_CONFIG, library_folder

MAIN = "main.py"


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake."""

    file: Path
    line: int
    message: str
    """What is wrong; what to do."""

    def __str__(self) -> str:
        """`lean_projects/X/main.py:LINE: what is wrong; what to do`, the path as seen from here."""
        here = Path.cwd()
        shown = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return f"{shown}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Strategy:
    """A project, or a library on its own."""

    folder: Path
    is_library: bool
    files: Mapping[str, Path]
    """Where each source stands."""
    trees: Mapping[str, ast.Module]
    """Of the sources that Python compiles."""
    facts: StrategyFacts
    parameters: Mapping[str, int]
    """Those that config.json gives, each with its line."""
    findings: tuple[Finding, ...]
    """What cannot be read."""


def read_strategy(folder: Path, workspace: Path) -> Strategy:
    """Reads a project or a library of the workspace."""
    root = library_folder(workspace)
    sources = read_project_sources(folder, workspace)
    names = [*sources.texts, *(finding.file for finding in sources.unreadable)]
    files = {name: folder / name if (folder / name).is_file() else root / name for name in names}
    trees, errors = parse(sources.texts)
    parameters, config_findings = _configured(folder / PROJECT_CONFIG)
    compiled = [not_compiled(files[error.file], error) for error in (*errors, *sources.unreadable)]
    return Strategy(
        folder=folder,
        is_library=folder.is_relative_to(root),
        files=files,
        trees=trees,
        facts=inspect_strategy(sources.texts),
        parameters=parameters,
        findings=(*compiled, *_libraries(sources, folder), *config_findings),
    )


def not_compiled(file: Path, error: SyntaxFinding) -> Finding:
    """The finding about a file that Python does not compile."""
    return Finding(file, error.line or 1, f"Python does not compile this: {error.text}; correct it")


def _libraries(sources: ProjectSources, folder: Path) -> Iterator[Finding]:
    for path in sources.missing_libraries:
        yield Finding(folder / PROJECT_CONFIG, 1, f"there is no library {path}; correct `libraries` or add its folder")
    for path in sources.unnamed_libraries if (folder / MAIN).is_file() else ():
        message = f"imports from {path}, which LEAN will not find; name it under `libraries` in {PROJECT_CONFIG}"
        yield Finding(folder / MAIN, 1, message)


def _configured(config: Path) -> tuple[dict[str, int], list[Finding]]:
    """The names of the parameters with their lines, and what is wrong with the file."""
    try:
        text = config.read_text(encoding="utf-8-sig")
        given = json.loads(text).get("parameters", {})
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError, AttributeError) as error:
        return {}, [Finding(config, 1, f"cannot be read as JSON: {error}; correct it")]
    found = {name: re.search(rf"{re.escape(json.dumps(name))}\s*:", text) for name in given}
    return {name: text.count("\n", 0, match.start()) + 1 if match else 1 for name, match in found.items()}, []
