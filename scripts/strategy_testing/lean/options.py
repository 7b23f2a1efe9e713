"""The CLI's own options that a config sets, as words of `lean optimize` and `lean backtest` alike."""

import json

from strategy_testing.config.model import LeanSettings

NO_UPDATE = "--no-update"


def option_words(lean: LeanSettings) -> list[str]:
    """What the section `lean` adds to every command of a run."""
    words: list[str] = []
    if lean.image:
        words += ["--image", lean.image]
    if lean.data_provider_historical:
        words += ["--data-provider-historical", lean.data_provider_historical]
    if lean.data_purchase_limit is not None:
        words += ["--data-purchase-limit", str(lean.data_purchase_limit)]
    if lean.extra_docker_config:
        # Decimals stay numbers; no key of that JSON needs their last digit.
        words += ["--extra-docker-config", json.dumps(lean.extra_docker_config, default=float)]
    for key, value in lean.extra_config.items():
        words += ["--extra-config", key, value]
    for module in lean.addon_module:
        words += ["--addon-module", module]
    switches = {"--download-data": lean.download_data, "--release": lean.release, NO_UPDATE: lean.no_update}
    words += [option for option, is_on in switches.items() if is_on]
    return [*words, *lean.extra_arguments]
