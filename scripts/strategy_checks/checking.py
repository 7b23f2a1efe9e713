"""Checks strategies and the guide: types, and what types do not tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from strategy_checks.api_checks import api_findings
from strategy_checks.api_names import algorithm_api
from strategy_checks.bar_reads import bar_read_findings
from strategy_checks.code_reader import index_sources
from strategy_checks.findings import Finding
from strategy_checks.guide_blocks import python_blocks
from strategy_checks.hard_coded import hard_coded_findings
from strategy_checks.origins import Origins
from strategy_checks.parameter_checks import ConfiguredParameter, configured_parameters, parameter_findings
from strategy_checks.strategy_files import MAIN, Strategy, read_strategy
from strategy_checks.type_checks import Guide, type_findings
from strategy_testing.errors import UserError
from strategy_testing.strategy.workspace import NO_PROJECTS, library_folder


@dataclass(frozen=True)
class Report:
    """What was looked at and what was found."""

    findings: tuple[Finding, ...]
    """By file and line, each once."""
    strategy_count: int
    block_count: int

    @property
    def summary(self) -> str:
        """`15 strategies, 24 code blocks: no findings`, or `3 findings`."""
        if self.findings:
            return _counted(len(self.findings), "finding")
        looked_at = (
            f"{_counted(self.strategy_count, 'strategy', 'strategies')}, {_counted(self.block_count, 'code block')}"
        )
        return f"{looked_at}: no findings"


def find_project(name: str, workspace: Path) -> Path:
    """The folder of a project that is given by its path, or by its name in the workspace.

    Raises:
        UserError: there is no such folder, or it has no main.py.
    """
    folder = next((each for each in (Path(name), workspace / name) if each.is_dir()), None)
    if folder is None:
        raise UserError(f"{name}: no such folder, here or in {workspace}", "name a project's folder")
    if not (folder / MAIN).is_file():
        raise UserError(f"{folder}: has no {MAIN}", "name a project's folder")
    return folder.resolve()


def find_projects(workspace: Path) -> list[Path]:
    """All projects of a workspace and its libraries.

    Raises:
        UserError: there is none.
    """
    root = library_folder(workspace)
    folders = [each for each in sorted(workspace.iterdir()) if each != root and not _is_no_project(each.name)]
    projects = [each for each in folders if (each / MAIN).is_file()]
    if not projects:
        raise UserError(
            f"{workspace}: has no projects, folders with a {MAIN}", "name the lean workspace in --workspace"
        )
    libraries = sorted(each for each in root.iterdir() if each.is_dir()) if root.is_dir() else []
    return [*projects, *(each for each in libraries if any(each.rglob("*.py")))]


def check(folders: Sequence[Path], workspace: Path, configs: Path, guide: Guide | None, *, types: bool) -> Report:
    """Checks projects, libraries and a guide.

    Args:
        folders: projects and libraries of the workspace.
        workspace: the lean workspace.
        configs: the folder of the optimizations' YAML.
        guide: Python blocks of a Markdown file.
        types: whether to run mypy.

    Raises:
        UserError: something cannot be read, or the stubs or mypy are missing.
    """
    configured = configured_parameters(configs)
    strategies = [read_strategy(folder, workspace) for folder in folders]
    found: set[Finding] = set()
    for strategy in strategies:
        found |= set(_strategy_findings(strategy, configured.get(_name(strategy.folder, workspace), [])))
    if types:
        found |= set(type_findings(strategies, guide, workspace))
    return Report(
        findings=tuple(sorted(found)),
        strategy_count=sum(not strategy.is_library for strategy in strategies),
        block_count=len(guide.blocks) if guide is not None else 0,
    )


def _strategy_findings(strategy: Strategy, configured: list[ConfiguredParameter]) -> Iterator[Finding]:
    index, api = index_sources(strategy.trees), algorithm_api()
    origins = Origins(index)
    yield from strategy.findings
    yield from parameter_findings(strategy, configured, origins)
    yield from bar_read_findings(strategy, index, api)
    yield from hard_coded_findings(strategy, origins)
    yield from api_findings(strategy, origins, api)


def read_guide(file: Path, workspace: Path) -> Guide:
    """The Python blocks of a guide to the libraries of a workspace.

    Raises:
        UserError: the guide cannot be read.
    """
    return Guide(file.resolve(), tuple(python_blocks(file)), workspace)


def _is_no_project(folder: str) -> bool:
    return folder.startswith(".") or folder.lower() in NO_PROJECTS


def _name(folder: Path, workspace: Path) -> str:
    return folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else folder.name


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
