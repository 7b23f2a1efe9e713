"""A stand-in for the docker command, which knows the containers of the lean stand-in."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from replay import containers

VERSION = "29.1.3"
IMAGE_ID = os.environ.get("DOCKER_STAND_IN_IMAGE") or "sha256:" + "5e1f" * 16
_DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
_VALUED = {"--format", "-f", "--filter", "--signal", "-s", "--time", "-t", "--timeout"}


def main(words: list[str]) -> int:
    """Run one command line and return the exit code."""
    if words[:1] in (["--version"], ["-v"]):
        print(f"Docker version {VERSION}, build replay")
        return 0
    if not words:
        return _fail("docker: a command is needed")
    command, rest = words[0], words[1:]
    if command in {"container", "image"} and rest:
        command, rest = (rest[0], rest[1:]) if command == "container" else (f"image {rest[0]}", rest[1:])
    if os.environ.get("DOCKER_STAND_IN") == "down":
        return _fail(_DOWN)
    names, options = _read(rest, force=command == "rm")
    if command == "version":
        template = options.get("--format", options.get("-f", ""))
        print(VERSION if template else f"Client:\n Version: {VERSION}\n\nServer:\n Engine:\n  Version: {VERSION}")
        return 0
    if command == "info":
        print(VERSION if options else f"Server:\n Server Version: {VERSION}")
        return 0
    if command == "image inspect":
        return _inspect_image(names, options)
    if command in {"ps", "ls"}:
        return _list(options)
    if command in {"kill", "stop", "rm"}:
        return _end(names)
    if command == "inspect":
        return _inspect(names, options)
    return _fail(f"docker: '{command}' is not a command of this stand-in")


def _read(words: list[str], force: bool) -> tuple[list[str], dict[str, str]]:
    names: list[str] = []
    options: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            names.append(word)
        elif equals:
            options[name] = value
        elif name in _VALUED and rest and not force:
            options[name] = rest.pop(0)
        else:
            options[name] = ""
    return names, options


def _inspect_image(names: list[str], options: dict[str, str]) -> int:
    for name in names:
        if os.environ.get("DOCKER_STAND_IN") == "no-image":
            print("[]")
            return _fail(f"Error: No such image: {name}")
    digest = [f"{name.partition(':')[0]}@{IMAGE_ID}" for name in names]
    template = options.get("--format", options.get("-f", ""))
    if template:
        print(IMAGE_ID if ".Id" in template else json.dumps(digest) if "json" in template else digest[0])
    else:
        images = [{"Id": IMAGE_ID, "RepoTags": [name], "RepoDigests": digest} for name in names]
        print(json.dumps(images, indent=4))
    return 0


def _list(options: dict[str, str]) -> int:
    wanted = options.get("--filter", options.get("-f", "")).removeprefix("name=").strip("^/$")
    template = options.get("--format", "")
    quiet = "-q" in options or "--quiet" in options
    if not template and not quiet:
        print("CONTAINER ID   IMAGE          STATUS    NAMES")
    for container in containers.running():
        if wanted in container.name:
            short = container.name.removeprefix("lean_cli_")[:12]
            values = {"{{.Names}}": container.name, "{{.ID}}": short, "{{.Status}}": "Up", "{{.State}}": "running"}
            line = template or (short if quiet else f"{short}   local/lean:3   Up        {container.name}")
            for mark, value in values.items():
                line = line.replace(mark, value)
            print(line)
    return 0


def _end(names: list[str]) -> int:
    code = 0
    alive = {container.name: container for container in containers.running()}
    for name in names:
        if name in alive:
            containers.kill(alive[name])
            print(name)
        else:
            code = _fail(f"Error response from daemon: No such container: {name}")
    return code


def _inspect(names: list[str], options: dict[str, str]) -> int:
    alive = {container.name: container for container in containers.running()}
    missing = [name for name in names if name not in alive]
    template = options.get("--format", options.get("-f", ""))
    found = [alive[name] for name in names if name in alive]
    if template:
        for _ in found:
            print("true" if ".Running" in template else "running")
    else:
        described = [
            {"Name": f"/{one.name}", "State": {"Status": "running", "Running": True, "Pid": one.pid}} for one in found
        ]
        print(json.dumps(described, indent=4))
    return _fail(f"Error: No such object: {missing[0]}") if missing else 0


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
