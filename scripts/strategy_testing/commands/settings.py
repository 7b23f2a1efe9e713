"""The arguments that say how a run is carried out: one table, for the parser and for what a batch hands on."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from strategy_testing.errors import ExitCode, UserError
from strategy_testing.paths import DEFAULT_LEADERBOARD, DEFAULT_RESULTS, DEFAULT_WORKSPACE

_FLAG, _PARSER, _HANDED_ON = "flag", "parser", "handed_on"


def _argument(flag: str, text: str, *, handed_on: bool = True, **parser: Any) -> Mapping[str, Any]:
    return {_FLAG: flag, _PARSER: {"help": text, **parser}, _HANDED_ON: handed_on}


def _switch(flag: str, text: str, *, handed_on: bool = True) -> Mapping[str, Any]:
    return _argument(flag, text, handed_on=handed_on, action="store_true")


@dataclass(frozen=True)
class Settings:
    """How runs are carried out. Each field is an argument of optimize_runner.py."""

    retry_failed: bool = field(
        default=False,
        metadata=_switch("--retry-failed", "with --resume: run failed combinations again too", handed_on=False),
    )
    fresh: bool = field(
        default=False, metadata=_switch("--fresh", "run all combinations, also those that earlier runs have computed")
    )
    no_pilot: bool = field(
        default=False, metadata=_switch("--no-pilot", "do not try the middle combination of a larger grid first")
    )
    cold: bool = field(
        default=False,
        metadata=_switch("--cold", "run each backtest in a process of LEAN's own, whatever the config says"),
    )
    ignore_fees: bool = field(
        default=False, metadata=_switch("--ignore-fees", "run even if the estimated fees pass the limit")
    )
    force: bool = field(default=False, metadata=_switch("--force", "go on in spite of what would stop the run"))
    yes: bool = field(
        default=False,
        metadata=_switch("--yes", "run also what takes more than 1,000 backtests, or more than a day by earlier runs"),
    )
    quiet: bool = field(default=False, metadata=_switch("--quiet", "show no progress"))
    workspace: Path | None = field(
        default=None,
        metadata=_argument(
            "--workspace",
            "the lean workspace, the folder with lean.json; else LEAN_WORKSPACE, else lean_projects/",
            metavar="DIR",
            type=Path,
        ),
    )
    database_url: str | None = field(
        default=None,
        metadata=_argument(
            "--database-url",
            "PostgreSQL to use; else DATABASE_URL, else the PG* variables, else an embedded one kept in the project",
            handed_on=False,  # a password has no business in an argument list; it travels in the environment
            metavar="URL",
        ),
    )
    leaderboard: Path = field(
        default=DEFAULT_LEADERBOARD,
        metadata=_argument(
            "--leaderboard",
            "Markdown file that is rewritten after the import (default: "
            "lean_projects/results/leaderboard/strategy_leaderboard.md); the HTML pages then go to pages/ beside it",
            metavar="FILE",
            type=Path,
        ),
    )
    batch_id: int | None = field(default=None, metadata=_argument("--batch-id", argparse.SUPPRESS, type=int))
    turn: int | None = field(default=None, metadata=_argument("--turn", argparse.SUPPRESS, handed_on=False, type=int))
    progress_to: int | None = field(
        default=None, metadata=_argument("--progress-to", argparse.SUPPRESS, handed_on=False, type=int)
    )


def add_settings(parser: argparse.ArgumentParser, *names: str) -> None:
    """Adds the arguments of the named fields, all without names."""
    for one in fields(Settings):
        if not names or one.name in names:
            parser.add_argument(one.metadata[_FLAG], default=one.default, **one.metadata[_PARSER])


def settings_from(arguments: argparse.Namespace) -> Settings:
    """What was parsed; fields that the parser does not have keep their defaults."""
    return Settings(**{one.name: value for one in fields(Settings) if (value := getattr(arguments, one.name, None))})


def arguments_to_hand_on(settings: Settings) -> tuple[str, ...]:
    """The settings as arguments for the process of one config of a batch."""
    words: list[str] = []
    for one in fields(settings):
        value = getattr(settings, one.name)
        if not one.metadata[_HANDED_ON] or value is None or value is False:
            continue
        words += [one.metadata[_FLAG]] if value is True else [one.metadata[_FLAG], str(value)]
    return tuple(words)


def pages_folder(leaderboard: Path) -> Path | None:
    """Where the HTML pages stand: the results folder, or pages/ beside another leaderboard; None beside a device."""
    if leaderboard.absolute() == DEFAULT_LEADERBOARD:
        return DEFAULT_RESULTS
    return None if leaderboard.exists() and not leaderboard.is_file() else leaderboard.parent / "pages"


def workspace_of(settings: Settings) -> Path:
    """The lean workspace: --workspace, else LEAN_WORKSPACE, else lean_projects/ of the project.

    Raises:
        UserError: there is no such folder.
    """
    given = os.environ.get("LEAN_WORKSPACE")
    folder = settings.workspace or (Path(given) if given else DEFAULT_WORKSPACE)
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder",
            "name the lean workspace in --workspace or LEAN_WORKSPACE",
            ExitCode.NO_WORKSPACE,
        )
    return folder.resolve()
