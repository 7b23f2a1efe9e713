#!/usr/bin/env python3
"""Imports what `lean optimize` left on disk: judges every backtest and stores it in PostgreSQL."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from strategy_testing.commands.cli import run_main, run_script
    from strategy_testing.commands.import_results import ImportRequest, import_results, rejudge, report
    from strategy_testing.commands.settings import add_settings
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("strategy_testing"):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; returns an exit code of docs/REFERENCE.md."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.report is not None:
        _check_arguments_of(parser, arguments, "--report", "it shows what is stored")
        return run_main(lambda: report(arguments.database_url, arguments.report or None, arguments.leaderboard))
    if arguments.rejudge:
        _check_arguments_of(parser, arguments, "--rejudge", "each run is judged by its own config")
        return run_main(lambda: rejudge(arguments.database_url, arguments.leaderboard))
    request = ImportRequest(
        folder=arguments.optimization_dir,
        config=arguments.config,
        strategy=arguments.strategy,
        every_run=arguments.all,
        leaderboard=arguments.leaderboard,
        database_url=arguments.database_url,
    )
    return run_main(lambda: import_results(request))


def _check_arguments_of(parser: argparse.ArgumentParser, arguments: argparse.Namespace, option: str, why: str) -> None:
    for name in ("config", "all", "strategy"):
        if getattr(arguments, name):
            parser.error(f"{option} does not go with --{name}: {why}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="results_importer.py",
        description="Imports the output of `lean optimize` (or `lean backtest`): judges every backtest by the config's "
        "success criteria and constraints and stores it. Importing again updates the same rows.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--rejudge",
        action="store_true",
        help="judge all stored runs again, each by the config that judged it last, and fill figures that an older "
        "version did not store",
    )
    what.add_argument(
        "--report",
        metavar="RUN",
        type=int,
        nargs="?",
        const=0,
        help="write the HTML page of a run (optimization_runs.id), or without a number the pages of all that is "
        "stored, and the index; where it stands is the answer",
    )
    what.add_argument(
        "--optimization-dir",
        metavar="DIR",
        type=Path,
        help="a run's output folder, or one above several runs, of which the newest is imported",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="config whose success_criteria and constraints judge; else the one that judged the run last, else the "
        "copy in its folder, else nothing is judged",
    )
    parser.add_argument("--all", action="store_true", help="import every run below the folder, the oldest first")
    parser.add_argument(
        "--strategy", metavar="NAME", help="the strategy to which the run belongs; a stored run moves there"
    )
    add_settings(parser, "database_url", "leaderboard")
    return parser


if __name__ == "__main__":
    raise SystemExit(run_script(main))
