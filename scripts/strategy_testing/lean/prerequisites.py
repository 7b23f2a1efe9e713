"""What LEAN needs on this machine: its CLI, Docker and the engine's image. Findings as values; nothing is started."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import without_database_secrets
from strategy_testing.lean.process import lean_command

_SECONDS = 20
"""What another program is given to answer."""
DEFAULT_IMAGE = "quantconnect/lean:latest"
"""What the CLI runs where no image is named."""


@dataclass(frozen=True)
class Check:
    """One prerequisite."""

    name: str
    ok: bool | None
    """None is a warning: the run may go on."""
    detail: str
    remedy: str = ""
    """Empty where all is well."""
    exit_code: ExitCode = ExitCode.OK
    """OK unless it failed."""

    def __str__(self) -> str:
        """`✗ name: detail; remedy`."""
        sign = {True: "✓", False: "✗", None: "!"}[self.ok]
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{sign} {self.name}: {self.detail}{remedy}"


def first_failure(checks: Sequence[Check]) -> Check | None:
    """The check that stands in the way first; None where nothing but warnings does."""
    return next((check for check in checks if check.ok is False), None)


def check_lean(environment: Mapping[str, str]) -> Check:
    """Whether there is a CLI, and whether it answers."""
    try:
        words = lean_command(environment)
    except UserError as error:
        return Check("lean", False, error.cause, error.remedy, error.exit_code)
    shown = " ".join(words)
    answer = _ask([*words, "--version"], environment)
    if answer is None:
        remedy = "run `lean --version` by hand; it may be waiting for the network"
        return Check("lean", None, f"{shown} does not answer within {_SECONDS} s", remedy)
    code, said = answer
    if code != 0:
        remedy = "install the CLI anew with `pip install lean`"
        return Check("lean", False, f"{shown} --version failed: {said}", remedy, ExitCode.LEAN_NOT_FOUND)
    return Check("lean", True, f"{said} ({shown})")


def check_docker(image: str, environment: Mapping[str, str]) -> Iterator[Check]:
    """Whether Docker answers, and whether it has the image."""
    docker = shutil.which("docker", path=environment.get("PATH"))
    if docker is None:
        remedy = "install Docker; LEAN's engine runs in it"
        yield Check("Docker", False, "docker: no such program on the PATH", remedy, ExitCode.DOCKER_NOT_RUNNING)
        return
    answer = _ask([docker, "version", "--format", "{{.Server.Version}}"], environment)
    if answer is None or answer[0] != 0:
        said = f"docker does not answer within {_SECONDS} s" if answer is None else answer[1]
        remedy = "start Docker and try again"
        yield Check("Docker", False, said or "Docker does not answer", remedy, ExitCode.DOCKER_NOT_RUNNING)
        return
    yield Check("Docker", True, f"version {answer[1]}")
    yield _check_image(image, docker, environment)


def image_digest(image: str | None, environment: Mapping[str, str]) -> str | None:
    """The id, `sha256:…`, of the engine's image as it is on this machine; None where Docker cannot tell.

    Args:
        image: its name; None for the CLI's default.
        environment: whose PATH names docker.
    """
    docker = shutil.which("docker", path=environment.get("PATH"))
    answer = None if docker is None else _inspect(image or DEFAULT_IMAGE, docker, environment)
    return answer[1] if answer is not None and answer[0] == 0 and answer[1].startswith("sha256:") else None


def _inspect(image: str, docker: str, environment: Mapping[str, str]) -> tuple[int, str] | None:
    return _ask([docker, "image", "inspect", "--format", "{{.Id}}", image], environment)


def _check_image(image: str, docker: str, environment: Mapping[str, str]) -> Check:
    answer = _inspect(image, docker, environment)
    if answer is not None and answer[0] == 0:
        return Check("engine image", True, f"{image} is present")
    if answer is None or "no such image" in answer[1].lower():
        detail = f"{image} is not present and will be pulled"
        return Check("engine image", None, detail, f"`docker pull {image}` does it beforehand")
    remedy = "check lean.image in the config"
    return Check("engine image", False, f"{image}: {answer[1]}", remedy, ExitCode.IMAGE_UNAVAILABLE)


def _ask(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str] | None:
    """Exit code and words of a program in one line; None when it does not answer in time."""
    try:
        done = subprocess.run(
            command,
            env=without_database_secrets(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        return 127, f"it cannot be started: {error.strerror}"
    said = done.stdout if done.returncode == 0 else done.stderr or done.stdout
    return done.returncode, " ".join(said.split())
