"""The fingerprint of a strategy's code."""

import hashlib
import json
import os
from pathlib import Path

from strategy_testing.files import refuse_shut
from strategy_testing.strategy.sources import project_libraries
from strategy_testing.strategy.workspace import PROJECT_CONFIG, library_folder, project_config

_NOT_CODE = {
    "__pycache__",
    "backtests",
    "optimizations",
    "live",
    "bin",
    "obj",
    ".idea",
    ".vscode",
    ".ipynb_checkpoints",
}

_OF_THE_CLI = {"local-id", "cloud-id", "organization-id"}
"""What the CLI writes into a project's config.json by itself, the first when it runs the project for the first time."""


def hash_strategy(project: Path, workspace: Path) -> str:
    """SHA-256 over the names and contents of a project's files and its libraries'; results of LEAN's do not count."""
    digest = hashlib.sha256()
    _add_files(digest, project, "")
    for folder in sorted(project_libraries(project, workspace)[0]):
        _add_files(digest, folder, f"/{folder.relative_to(library_folder(workspace).parent).as_posix()}/")
    return digest.hexdigest()


def _add_files(digest: "hashlib._Hash", folder: Path, prefix: str) -> None:
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if file.is_dir():
            refuse_shut(file)
        if file.is_file() and not _NOT_CODE.intersection(relative.parts) and file.suffix != ".pyc":
            content = _content_of_config(folder) if file == folder / PROJECT_CONFIG else file.read_bytes()
            if content is not None:
                digest.update(os.fsencode(f"{prefix}{relative.as_posix()}\0{len(content)}\0"))
                digest.update(content)


def _content_of_config(folder: Path) -> bytes | None:
    """What counts of a config.json; None where it is as good as none."""
    said = {name: value for name, value in project_config(folder).items() if name not in _OF_THE_CLI}
    return json.dumps(said, sort_keys=True).encode() if said else None
