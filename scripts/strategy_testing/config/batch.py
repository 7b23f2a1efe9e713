"""Reads and validates a batch's YAML: JSON Schema, then the files that it lists; every mistake at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.config.schema_validation import schema_problems
from strategy_testing.config.yaml_source import YamlDocument, YamlPath, dotted, read_yaml
from strategy_testing.errors import ConfigError, Problem, UserError
from strategy_testing.paths import PROJECT_ROOT


@dataclass(frozen=True)
class BatchConfig:
    """One configs/batches/NAME.yaml."""

    file: Path
    name: str
    description: str | None
    configs: tuple[Path, ...]
    """Absolute, in the order of the file."""
    continue_on_error: bool = True
    """Go on with the other configs when one is invalid, stopped by its fees, or fails."""
    max_concurrent: int = 1
    """Configs to run at once."""


def read_batch(file: Path) -> BatchConfig:
    """Reads one configs/batches/NAME.yaml; what the listed configs say is not looked at.

    Raises:
        UserError: the file cannot be read.
        ConfigError: all of its mistakes.
    """
    document = read_yaml(file)
    if isinstance(document.data, Mapping) and "optimization" in document.data and "optimizations" not in document.data:
        raise UserError(f"{file}: is a config, not a batch", f"run it with --config {file}")
    problems = schema_problems(document, "batch")
    listed = document.data.get("optimizations") if isinstance(document.data, Mapping) else None
    configs: list[Path] = []
    for index, text in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(text, str) or not text:
            continue  # the schema has reported it
        found = _found(text)
        if found is None:
            looked = "neither from the current folder nor from the project's"
            problems.append(_problem(document, index, f"{text}: no such file, {looked}; check the path"))
        elif found in configs:
            problems.append(_problem(document, index, f"{text} is listed twice; keep one of them"))
        else:
            configs.append(found)
    if problems:
        raise ConfigError(problems)
    return BatchConfig(
        file=file,
        name=document.data["batch_name"],
        description=document.data.get("description"),
        configs=tuple(configs),
        **document.data.get("settings", {}),
    )


def _found(text: str) -> Path | None:
    """The file that a batch lists, from the current folder, else from the project's."""
    candidates = (folder / text for folder in (Path.cwd(), PROJECT_ROOT))
    return next((candidate.resolve() for candidate in candidates if candidate.is_file()), None)


def _problem(document: YamlDocument, index: int, message: str) -> Problem:
    path: YamlPath = ("optimizations", index)
    return Problem(document.file, dotted(path), message, document.line_of(path))
