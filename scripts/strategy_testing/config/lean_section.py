"""Reads the section lean: how the engine is run, and which of the CLI's own options it gets."""

import posixpath
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from strategy_testing.config.findings import Findings
from strategy_testing.config.model import LeanSettings
from strategy_testing.config.yaml_source import YamlPath

LAUNCHERS_FOLDER = "/Lean/Launcher/bin/Debug"
"""In the container: the folder in which LEAN's optimizer starts a launcher, and in which ours finds its files."""
LAUNCHER_IN_CONTAINER = f"{LAUNCHERS_FOLDER}/QuantConnect.Lean.Launcher"
"""What LEAN's optimizer starts for each backtest."""
TABLE_IN_CONTAINER = f"{LAUNCHERS_FOLDER}/combinations.json"
SETTINGS_IN_CONTAINER = f"{LAUNCHERS_FOLDER}/engine.json"
HOST_IN_CONTAINER = f"{LAUNCHERS_FOLDER}/strategy_testing_host.py"
_OURS = (LAUNCHER_IN_CONTAINER, TABLE_IN_CONTAINER, SETTINGS_IN_CONTAINER, HOST_IN_CONTAINER)

_ONLY_BACKTEST = "only a single backtest knows it; leave it out"
_REFUSED = {
    "--output": "the runner chooses the run's folder; leave it out",
    "--strategy": "use optimization.type",
    "--target": "use optimization.target_metric",
    "--target-direction": "use optimization.target_direction",
    "--parameter": "use optimization.parameters",
    "--constraint": "use optimization.constraints",
    "--optimizer-config": "use the section optimization, from which the runner writes that file",
    "--max-concurrent-backtests": "use optimization.max_concurrent_backtests",
    "--lean-config": "use --workspace of optimize_runner.py",
    "--update": "the engine must not change within a run; pull its image before",
    "--detach": "the runner watches LEAN to its end; leave it out",
    "--estimate": "use --estimate of optimize_runner.py",
    "--help": "nothing would run; leave it out",
    "--debug": _ONLY_BACKTEST,
    "--python-venv": _ONLY_BACKTEST,
    "--backtest-name": _ONLY_BACKTEST,
}
"""Options that lean.extra_arguments may not hold, beside those with a key in `lean`, and what to do instead."""
_WITH_A_KEY = LeanSettings.__dataclass_fields__.keys() - {
    "engine",
    "timeout_minutes",
    "stall_minutes",
    "extra_arguments",
}


def read_lean(findings: Findings) -> LeanSettings:
    """The section, as far as it is sound."""
    values = findings.sound(findings.section("lean"), "lean")
    extra = values.get("extra_arguments", [])
    _check_arguments(findings, extra)
    _check_mounts(findings, values.get("extra_docker_config", {}))
    modules = values.get("addon_module", [])
    known = {key: value for key, value in values.items() if key in LeanSettings.__dataclass_fields__}
    return LeanSettings(
        **known
        | {key: Decimal(known[key]) for key in ("timeout_minutes", "stall_minutes") if key in known}
        | {"extra_config": {key: _text(value) for key, value in values.get("extra_config", {}).items()}}
        | {"addon_module": (modules,) if isinstance(modules, str) else tuple(modules)}
        | {"extra_arguments": tuple(extra)}
    )


def _check_mounts(findings: Findings, docker: Mapping[str, Any]) -> None:
    """Two mounts at one place: Docker would refuse to start the container."""
    if findings.breaks("lean", "extra_docker_config"):
        return
    binds: list[tuple[YamlPath, Any]] = [
        (("volumes", source), volume.get("bind")) for source, volume in docker.get("volumes", {}).items()
    ]
    binds += [(("mounts", i), mount.get("target")) for i, mount in enumerate(docker.get("mounts", []))]
    for path, target in binds:
        if posixpath.normpath(str(target)) in _OURS:
            message = f"{target} is where the framework puts a file of its own; mount something else, or elsewhere"
            findings.problem(("lean", "extra_docker_config", *path), message)


def _check_arguments(findings: Findings, words: Sequence[Any]) -> None:
    seen: set[str] = set()
    for index, word in enumerate(words):
        path = ("lean", "extra_arguments", index)
        if not isinstance(word, str) or not word.startswith("-"):
            if index == 0 and isinstance(word, str):
                findings.problem(path, "stands before any option; begin with an option, such as --verbose")
            continue
        option = word.partition("=")[0]
        name = "--detach" if set(option[1:]) == {"d"} else option
        key = name[2:].replace("-", "_")
        if key in _WITH_A_KEY:
            findings.problem(path, f"{option} has a key of its own; use lean.{key}")
        elif name in _REFUSED:
            findings.problem(path, f"{option} cannot be given; {_REFUSED[name]}")
        elif name == "--":
            findings.problem(path, "-- would end the options; leave it out")
        elif name in seen:
            findings.problem(path, f"{option} is given twice; keep one of them")
        seen.add(name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:f}" if isinstance(value, Decimal) else str(value)
