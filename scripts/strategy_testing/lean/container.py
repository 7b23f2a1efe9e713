"""The engine's Docker container, which the CLI leaves running unless it is ended with SIGINT."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from strategy_testing.files import load_json, read_text, without_database_secrets

_NAME = re.compile(r"lean_cli_[0-9a-f]{32}")
_SECONDS = 20


def container_name(output_folder: Path) -> str | None:
    """The name that the CLI wrote into the file `config` of the output folder."""
    try:
        name = load_json(read_text(output_folder / "config"))["container"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def kill_container(name: str | None) -> None:
    """Kills the container of this name, if it still runs; nobody else's can have the same."""
    docker = shutil.which("docker")
    if name is None or docker is None:
        return
    try:
        environment = without_database_secrets(os.environ)
        subprocess.run([docker, "kill", name], env=environment, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return


def container_is_gone(name: str | None) -> bool:
    """Whether Docker says that there is no container of this name any more; False where it does not say."""
    docker = shutil.which("docker")
    if name is None or docker is None:
        return False
    words = [docker, "ps", "--all", "--filter", f"name={name}", "--format", "{{.Names}}"]
    try:
        environment = without_database_secrets(os.environ)
        listed = subprocess.run(words, env=environment, capture_output=True, timeout=_SECONDS, check=True, text=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return name not in listed.stdout
