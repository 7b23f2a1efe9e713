"""The lean workspace: its lean.json, and the folders that this names or stands beside."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import load_json, read_text

LEAN_CONFIG = "lean.json"
LIBRARY_FOLDER = "Library"
PROJECT_CONFIG = "config.json"
NO_PROJECTS = frozenset({"backtests", "data", "live", "optimizations", "results", "storage"})
"""Folders of a workspace that hold what the CLI and this framework keep there, such as copies of strategies."""
_DEFAULT_FOLDER = "data"
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_STRING_OR_LAST_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])')


class LeanConfigError(Exception):
    """A lean.json cannot be read; the message names it and says why."""


def lean_config_file(workspace: Path) -> Path | None:
    """The lean.json of the workspace or of a folder above it, as the CLI looks for it."""
    folders = (workspace.absolute(), *workspace.absolute().parents)
    return next((folder / LEAN_CONFIG for folder in folders if (folder / LEAN_CONFIG).is_file()), None)


def data_folder(config_file: Path) -> Path:
    """The data folder that a lean.json names; one without it means `data`.

    Raises:
        LeanConfigError: the file cannot be read, or is not JSON with comments.
    """
    try:
        content = load_json(without_comments(read_text(config_file)))
    except (OSError, ValueError) as error:
        raise LeanConfigError(f"{config_file} cannot be read: {error}") from None
    named = content.get("data-folder", _DEFAULT_FOLDER) if isinstance(content, dict) else None
    if not isinstance(named, str):
        raise LeanConfigError(f"{config_file} does not name a data-folder")
    return config_file.parent / named


def library_folder(workspace: Path) -> Path:
    """The folder of all libraries, whether or not it exists: the CLI mounts it at /Library."""
    config = lean_config_file(workspace)
    return (config.parent if config is not None else workspace.absolute()) / LIBRARY_FOLDER


def without_comments(text: str) -> str:
    """JSON without // and /* */ comments and without commas after the last element; texts keep theirs."""
    bare = _STRING_OR_COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return _STRING_OR_LAST_COMMA.sub(lambda match: match[0] if match[0].startswith('"') else "", bare)


def project_config(project: Path) -> Mapping[str, Any]:
    """What a LEAN project's config.json says; one that is missing or damaged says nothing, as LEAN will say.

    Raises:
        PermissionError: this user may not read it.
    """
    try:
        content = load_json(read_text(project / PROJECT_CONFIG))
    except PermissionError:
        raise
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def default_parameters(project: Path) -> dict[str, str]:
    """The parameters that LEAN hands to a project beside those that it is given, which take their place."""
    parameters = project_config(project).get("parameters")
    return {str(name): str(value) for name, value in parameters.items()} if isinstance(parameters, dict) else {}


def project_folder(workspace: Path, lean_project_path: str) -> Path:
    """A strategy's LEAN project.

    Raises:
        UserError: there is none.
    """
    project = workspace / lean_project_path
    if not project.is_dir():
        raise UserError(
            f"{project}: no such LEAN project",
            "check strategy.lean_project_path and the workspace",
            ExitCode.NO_PROJECT,
        )
    return project
