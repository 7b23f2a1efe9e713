"""The fingerprint of a strategy's code."""

import hashlib
from pathlib import Path

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


def hash_project(folder: Path) -> str:
    """SHA-256 over the names and contents of a LEAN project's files; results that LEAN puts there do not count."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if file.is_file() and not _NOT_CODE.intersection(relative.parts) and file.suffix != ".pyc":
            content = file.read_bytes()
            digest.update(f"{relative.as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
