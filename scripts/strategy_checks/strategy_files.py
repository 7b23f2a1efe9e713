"""A strategy as the checks see it: its sources as syntax trees, and the parameters that its config.json gives."""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from strategy_checks.findings import Finding
from strategy_testing.lean_workspace import library_folder
from strategy_testing.project_sources import PROJECT_CONFIG, ProjectSources, read_project_sources
from strategy_testing.strategy.parameters_read import StrategyFacts, inspect_strategy

MAIN = "main.py"


@dataclass(frozen=True)
class Strategy:
    """A project, or a library on its own."""

    folder: Path
    is_library: bool
    files: Mapping[str, Path]
    """Where each source stands."""
    texts: Mapping[str, str]
    trees: Mapping[str, ast.Module]
    """Of the sources that Python compiles."""
    facts: StrategyFacts
    parameters: Mapping[str, int]
    """Those that config.json gives, each with its line."""
    findings: tuple[Finding, ...]
    """What cannot be read."""

    @property
    def main(self) -> Path:
        """The file that findings about the whole project name."""
        return self.folder / MAIN

    @property
    def config(self) -> Path:
        """The project's config.json."""
        return self.folder / PROJECT_CONFIG


def read_strategy(folder: Path, workspace: Path) -> Strategy:
    """Reads a project or a library of the workspace."""
    root = library_folder(workspace)
    sources = read_project_sources(folder, workspace)
    is_library = folder.is_relative_to(root)
    names = [*sources.texts, *(finding.file for finding in sources.unreadable)]
    files = {name: folder / name if (folder / name).is_file() else root / name for name in names}
    facts = inspect_strategy(sources.texts)
    broken = {error.file for error in facts.syntax_errors}
    parameters, config_findings = _configured(folder / PROJECT_CONFIG)
    return Strategy(
        folder=folder,
        is_library=is_library,
        files=files,
        texts=sources.texts,
        trees={name: _parsed(text) for name, text in sources.texts.items() if name not in broken},
        facts=facts,
        parameters=parameters,
        findings=(*_unreadable(sources, facts, files, folder), *config_findings),
    )


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _unreadable(
    sources: ProjectSources, facts: StrategyFacts, files: Mapping[str, Path], folder: Path
) -> Iterator[Finding]:
    for error in (*sources.unreadable, *facts.syntax_errors):
        yield Finding(files[error.file], error.line or 1, f"Python does not compile this: {error.text}; correct it")
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
