#!/usr/bin/env python3
"""Imports what `lean optimize` left on disk: judges every backtest and stores it in PostgreSQL."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from strategy_testing.commands.cli import run_main
    from strategy_testing.commands.import_results import ImportRequest, import_results
    from strategy_testing.commands.settings import add_settings
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("strategy_testing"):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; returns an exit code of docs/REFERENCE.md."""
    arguments = _parser().parse_args(argv)
    request = ImportRequest(
        folder=arguments.optimization_dir,
        config=arguments.config,
        strategy=arguments.strategy,
        every_run=arguments.all,
        leaderboard=arguments.leaderboard,
        database_url=arguments.database_url,
    )
    return run_main(lambda: import_results(request))


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
    add_settings(parser, "database_url", "leaderboard")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
