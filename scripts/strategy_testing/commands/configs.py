"""Configs as the commands take them: read, their warnings shown."""

from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.console import tell
from strategy_testing.errors import UserError


def load_any_config(file: Path) -> OptimizationConfig:
    """Reads a config and shows its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    config = read_config(file)
    for warning in config.warnings:
        tell(f"warning: {warning}")
    return config


def load_config(file: Path) -> OptimizationConfig:
    """Reads a config that this version can run, and shows its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    config = load_any_config(file)
    refuse_unsupported(config)
    return config


def refuse_unsupported(config: OptimizationConfig) -> None:
    """Refuses what the format has and this version cannot run.

    Raises:
        UserError: what it is, and what to do.
    """
    if config.walk_forward is not None:
        raise UserError(
            f"{config.file}: walk_forward: this version runs single optimizations only",
            "remove the section to optimise over the whole period",
        )
