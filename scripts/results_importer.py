#!/usr/bin/env python3
"""Imports what `lean optimize` left on disk: judges every backtest and stores it in PostgreSQL."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

try:
    from strategy_testing.commands.cli import add_database_arguments, run_main
    from strategy_testing.config.reader import read_config
    from strategy_testing.console import tell
    from strategy_testing.database.connection import open_database
    from strategy_testing.database.schema import ensure_schema
    from strategy_testing.errors import ExitCode
    from strategy_testing.report.run import report_runs
    from strategy_testing.results.folder import find_runs
    from strategy_testing.runs.importing import import_run
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("strategy_testing"):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; returns an exit code of the README's table."""
    arguments = _parser().parse_args(argv)
    return run_main(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = read_config(arguments.config) if arguments.config else None
    for warning in config.warnings if config else ():
        tell(f"warning: {warning}")
    runs = find_runs(arguments.optimization_dir)
    chosen = runs if arguments.all else runs[-1:]
    if len(runs) > len(chosen):
        tell(f"{len(runs)} runs in {arguments.optimization_dir}; importing the newest (--all imports each)")
    with open_database(arguments.database_url) as database:
        tell(f"using {database}")
        ensure_schema(database)
        imported = [
            database.retrying(partial(import_run, database, run, config=config, strategy_name=arguments.strategy))
            for run in chosen
        ]
        return report_runs(database, imported, arguments.leaderboard)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="results_importer.py",
        description="Imports the output of `lean optimize` (or `lean backtest`): judges every backtest by the config's "
        "success criteria and stores it. Importing again updates the same rows.",
    )
    parser.add_argument(
        "--optimization-dir",
        metavar="DIR",
        type=Path,
        required=True,
        help="a run's output folder, or one above several runs, of which the newest is imported",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="config whose success_criteria judge; else the copy in the run's folder; else nothing is judged",
    )
    parser.add_argument("--all", action="store_true", help="import every run below the folder, the oldest first")
    parser.add_argument(
        "--strategy", metavar="NAME", help="the strategy's name, for a folder and a config that do not tell"
    )
    add_database_arguments(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
