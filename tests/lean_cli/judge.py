"""Asks the real `lean` CLI whether it takes a command line; run by the interpreter of .venv-lean.

Takes the words that follow `lean`, in the folder in which they would be run. Prints one JSON object: whether the CLI
accepts them, why not, the optimizer config that it would hand to the engine, the folders from which the strategy
could import, and what the user has Docker mount. Nothing is run, and no network is
used: the CLI's own functions parse, and the steps between are those of its `optimize` command up to Docker.

With the word `serve` alone it answers one question after another, `{"folder": …, "words": […]}` a line, each in a fork
of its own that knows nothing of the others: importing the CLI takes most of the time.
"""

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ACCEPTED = 0
REFUSED = 1

# What the CLI wants to know of data providers and brokerages: here only local data and one provider with a key.
_MODULES = {
    "modules": [
        {
            "id": "LocalBrokerage",
            "display-id": "Local",
            "installs": False,
            "type": ["data-downloader"],
            "platform": ["cli"],
            "product-id": "0",
            "configurations": [],
        },
        {
            "id": "PolygonDataProvider",
            "display-id": "Polygon",
            "installs": False,
            "type": ["data-downloader"],
            "platform": ["cli"],
            "product-id": "0",
            "configurations": [
                {
                    "id": "polygon-api-key",
                    "type": "input",
                    "value": "",
                    "input-method": "prompt",
                    "prompt-info": "Polygon API key",
                }
            ],
        },
    ]
}
_MODULES_FILE = "modules-1.14.json"


class RefusedError(Exception):
    """The CLI does not take the command."""


def main(words: list[str]) -> int:
    """Judges one command line."""
    sys.addaudithook(_no_network)
    _write_modules()
    try:
        answer = {
            "accepted": True,
            "config": _what_the_engine_gets(words),
            "imports_from": _imports_from(words[1]),
            "mounts": _mounts(words),
        }
    except RefusedError as refusal:
        answer = {"accepted": False, "why": str(refusal)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return ACCEPTED if answer["accepted"] else REFUSED


def serve() -> int:
    """Answers questions from stdin until it is closed: the answer as main prints it."""
    sys.addaudithook(_no_network)
    _write_modules()
    for module in ("click", "json5", "lean.container", "lean.commands.optimize", "lean.commands.backtest"):
        importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            question = json.loads(line)
            os.chdir(question["folder"])
            code = main(question["words"])
            sys.stdout.flush()
            os._exit(code)
        os.waitpid(child, 0)
    return ACCEPTED


def _no_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"the judge must not use the network ({event})")


def _write_modules() -> None:
    """Written anew each time: the CLI asks the network when the file's date of change is more than a day ago."""
    package = importlib.util.find_spec("lean")
    if package is None or package.origin is None:
        raise SystemExit("the package lean is not installed in this environment")
    file = Path(package.origin).parent / _MODULES_FILE
    temporary = file.with_name(f".{_MODULES_FILE}.{os.getpid()}")
    temporary.write_text(json.dumps(_MODULES), encoding="utf-8")
    temporary.replace(file)


def _parsed(name: str, words: list[str]) -> Mapping[str, Any]:
    """The options of one of the CLI's commands, whose project and output lie in the workspace."""
    click: Any = importlib.import_module("click")
    command: Any = getattr(importlib.import_module(f"lean.commands.{name}"), name)
    container: Any = importlib.import_module("lean.container").container
    try:
        given: Mapping[str, Any] = command.make_context(name, words).params
    except click.ClickException as error:
        raise RefusedError(error.format_message()) from None
    root = _asked(container.lean_config_manager.get_cli_root_directory)
    _asked(container.project_manager.find_algorithm_file, given["project"])
    for place in ("project", "output"):
        if given[place] is not None:
            _asked(given[place].relative_to, root)
    return given


def _what_the_engine_gets(words: list[str]) -> Any:
    """What the CLI would write to optimizer-config.json; None for a single backtest, which has none."""
    if words[:1] == ["backtest"]:
        container: Any = importlib.import_module("lean.container").container
        _asked(container.lean_config_manager.get_parameters, _parsed("backtest", words[1:])["parameter"])
        return None
    if words[:1] != ["optimize"]:
        raise RefusedError(f"neither a backtest nor an optimization: {words[:1]}")
    given = _parsed("optimize", words[1:])
    if given["optimizer_config"] is not None and given["strategy"] is not None:
        raise RefusedError("--optimizer-config and --strategy are mutually exclusive")
    if given["optimizer_config"] is None and given["strategy"] is None:
        raise RefusedError("it would ask questions: neither --optimizer-config nor --strategy is given")
    config = _from_file(given) if given["optimizer_config"] is not None else _from_flags(given)
    if given["max_concurrent_backtests"] is not None:
        config["maximum-concurrent-backtests"] = given["max_concurrent_backtests"]
    return config | {"optimizer-close-automatically": True, "results-destination-folder": "/Results"}


def _imports_from(project: str) -> list[str]:
    """This machine's folders that are on Python's path in the container, in their order, beside the project's own."""
    container: Any = importlib.import_module("lean.container").container
    folder = Path(project).resolve()
    config = _asked(container.lean_config_manager.get_complete_lean_config, "backtesting", folder / "main.py", None)
    mounted: dict[str, Any] = {"volumes": {}}
    _asked(container.lean_runner.mount_project_and_library_directories, folder, mounted)
    places = {volume["bind"]: host for host, volume in mounted["volumes"].items()}
    return [
        f"{places[bind]}{path[len(bind) :]}"
        for path in config.get("python-additional-paths", [])
        for bind in places
        if path == bind or path.startswith(f"{bind}/")
    ]


def _mounts(words: list[str]) -> dict[str, str]:
    """This machine's files by their places in the container, of --extra-docker-config."""
    given = _parsed(words[0], words[1:])["extra_docker_config"]
    container: Any = importlib.import_module("lean.container").container
    options: dict[str, Any] = {}
    _asked(container.lean_runner.parse_extra_docker_config, options, json.loads(given))
    return {volume["bind"]: source for source, volume in options.get("volumes", {}).items()}


def _from_file(given: Mapping[str, Any]) -> Any:
    json5: Any = importlib.import_module("json5")
    return _asked(json5.loads, given["optimizer_config"].read_text(encoding="utf-8"))


def _from_flags(given: Mapping[str, Any]) -> dict[str, Any]:
    missing = [name for name in ("target", "target_direction", "parameter") if not given[name]]
    if missing:
        raise RefusedError(f"--strategy needs {', '.join(missing)}")
    container: Any = importlib.import_module("lean.container").container
    manager = container.optimizer_config_manager
    return {
        "optimization-strategy": (
            f"QuantConnect.Optimizer.Strategies.{given['strategy'].replace(' ', '')}OptimizationStrategy"
        ),
        "optimization-strategy-settings": {
            "$type": "QuantConnect.Optimizer.Strategies.StepBaseOptimizationStrategySettings, QuantConnect.Optimizer",
            "default-segment-amount": 10,
        },
        "optimization-criterion": {
            "target": manager.parse_target(given["target"]),
            "extremum": given["target_direction"],
        },
        "parameters": [parameter.model_dump() for parameter in _asked(manager.parse_parameters, given["parameter"])],
        "constraints": [
            constraint.model_dump(by_alias=True)
            for constraint in _asked(manager.parse_constraints, given["constraint"])
        ],
    }


def _asked(question: Callable[..., Any], *words: Any) -> Any:
    """What one of the CLI's functions answers; whatever it raises would end the command."""
    try:
        return question(*words)
    except Exception as error:
        raise RefusedError(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    raise SystemExit(serve() if sys.argv[1:] == ["serve"] else main(sys.argv[1:]))
