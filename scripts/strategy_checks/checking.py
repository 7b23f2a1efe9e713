"""Checks strategies and the guide: types, and what types do not show."""

from collections.abc import Sequence
from pathlib import Path

from strategy_checks.parameter_checks import configured_parameters, parameter_findings
from strategy_checks.rules import algorithm_names, rule_findings
from strategy_checks.strategy_files import MAIN, Finding, read_strategy
from strategy_checks.type_checks import CodeBlock, type_findings
from strategy_testing.errors import UserError
from strategy_testing.strategy.workspace import NO_PROJECTS, library_folder


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
    folders = [each for each in sorted(workspace.iterdir()) if each != root and (each / MAIN).is_file()]
    projects = [each for each in folders if not each.name.startswith(".") and each.name.lower() not in NO_PROJECTS]
    if not projects:
        raise UserError(
            f"{workspace}: has no projects, folders with a {MAIN}", "name the lean workspace in --workspace"
        )
    libraries = sorted(root.iterdir()) if root.is_dir() else []
    return [*projects, *(each for each in libraries if any(each.rglob("*.py")))]


def check(
    folders: Sequence[Path], workspace: Path, configs: Path, blocks: Sequence[CodeBlock], *, types: bool
) -> tuple[list[Finding], str]:
    """Checks projects, libraries and a guide; gives the findings by file and line, each once, and a summary.

    Args:
        folders: projects and libraries of the workspace.
        workspace: the lean workspace.
        configs: the folder of the optimizations' YAML.
        blocks: those of a guide.
        types: whether to run mypy.

    Raises:
        UserError: something cannot be read, or the stubs or mypy are missing.
    """
    configured, api = configured_parameters(configs), algorithm_names()
    strategies = [read_strategy(folder, workspace) for folder in folders]
    found: set[Finding] = set()
    for strategy in strategies:
        folder = strategy.folder
        name = folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else folder.name
        found |= {*strategy.findings}
        try:
            found |= {*parameter_findings(strategy, configured.get(name, [])), *rule_findings(strategy, api)}
        except RecursionError:
            found.add(Finding(folder / MAIN, 1, "is nested too deeply to be checked; split the longest expression"))
    found |= {*type_findings(strategies, workspace, blocks)} if types else set()
    if found:
        return sorted(found), _counted(len(found), "finding", "findings")
    looked_at = _counted(sum(not strategy.is_library for strategy in strategies), "strategy", "strategies")
    return [], f"{looked_at}, {_counted(len(blocks), 'code block', 'code blocks')}: no findings"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
