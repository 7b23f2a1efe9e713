"""The CLI's own options that a config sets, as words of `lean optimize` and `lean backtest` alike."""

import json
from collections.abc import Mapping
from typing import Any

from strategy_testing.config.model import LeanSettings

NO_UPDATE = "--no-update"
_OF_ONE_VALUE = ("image", "data_provider_historical", "data_purchase_limit")
_SWITCHES = ("download_data", "release", "no_update")


def option_words(lean: LeanSettings, volumes: Mapping[str, Any] | None = None) -> list[str]:
    """What the section `lean` adds to every command of a run, and volumes of our own beside its."""
    docker = dict(lean.extra_docker_config)
    if volumes:
        docker["volumes"] = {**docker.get("volumes", {}), **volumes}
    given = [(_option(name), str(getattr(lean, name))) for name in _OF_ONE_VALUE if getattr(lean, name) is not None]
    if docker:
        # Decimals stay numbers; no key of that JSON needs their last digit.
        given.append(("--extra-docker-config", json.dumps(docker, default=float)))
    words = [word for option in given for word in option]
    words += [word for key, value in lean.extra_config.items() for word in ("--extra-config", key, value)]
    words += [word for module in lean.addon_module for word in ("--addon-module", module)]
    return [*words, *(_option(name) for name in _SWITCHES if getattr(lean, name)), *lean.extra_arguments]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
