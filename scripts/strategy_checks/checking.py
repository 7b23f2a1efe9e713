"""Checks strategies and the guide: types, and what types do not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strategy_checks.api_names import algorithm_api
from strategy_checks.findings import Finding
from strategy_checks.guide_blocks import Guide
from strategy_checks.parameter_checks import configured_parameters, parameter_findings
from strategy_checks.rules import rule_findings
from strategy_checks.strategy_files import MAIN, read_strategy
from strategy_checks.type_checks import type_findings
from strategy_testing.errors import UserError
from strategy_testing.lean_workspace import NO_PROJECTS, library_folder


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
            return _counted(len(self.findings), "finding", "findings")
        strategies = _counted(self.strategy_count, "strategy", "strategies")
        return f"{strategies}, {_counted(self.block_count, 'code block', 'code blocks')}: no findings"


def find_project(name: str, workspace: Path) -> Path:
    """The folder of a project that is given by its path, or by its name in the workspace.

    Raises:
        UserError: there is no such folder, or it has no main.py.
    """
    folder = next((each for each in (Path(name), workspace / name) if each.is_dir()), None)
    if folder is None:
        raise UserError(f"{name}: no such folder, here or in {workspace}; name a project's folder")
    if not (folder / MAIN).is_file():
        raise UserError(f"{folder}: has no {MAIN}; name a project's folder")
    return folder.resolve()


def find_projects(workspace: Path) -> list[Path]:
    """All projects of a workspace and its libraries.

    Raises:
        UserError: there is none.
    """
    root = library_folder(workspace)
    folders = [each for each in sorted(workspace.iterdir()) if each != root and (each / MAIN).is_file()]
    projects = [each for each in folders if not each.name.startswith(".") and each.name.lower() not in NO_PROJECTS]
    if not projects:
        raise UserError(f"{workspace}: has no projects, folders with a {MAIN}; name the lean workspace in --workspace")
    libraries = sorted(root.iterdir()) if root.is_dir() else []
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
    configured, api = configured_parameters(configs), algorithm_api()
    strategies = [read_strategy(folder, workspace) for folder in folders]
    found: set[Finding] = set()
    for strategy in strategies:
        folder = strategy.folder
        name = folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else folder.name
        found |= {*strategy.findings, *parameter_findings(strategy, configured.get(name, []))}
        found |= {*rule_findings(strategy, api)}
    found |= {*type_findings(strategies, guide, workspace)} if types else set()
    count = sum(not strategy.is_library for strategy in strategies)
    return Report(tuple(sorted(found)), count, len(guide.blocks) if guide is not None else 0)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
