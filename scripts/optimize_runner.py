#!/usr/bin/env python3
"""Runs `lean optimize` for a config, watches it, and stores and judges its results."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

try:
    from strategy_testing.cli import add_database_arguments, answer, run_main, tell, workspace_from
    from strategy_testing.config import OptimizationConfig
    from strategy_testing.config_reader import read_config
    from strategy_testing.database import Database, open_database
    from strategy_testing.errors import UserError
    from strategy_testing.exit_codes import ExitCode
    from strategy_testing.fee_check import check_fees, report_estimate
    from strategy_testing.lean_process import lean_command
    from strategy_testing.reporting import report_run
    from strategy_testing.running import plan_run, run_plan, shown_script
    from strategy_testing.schema import ensure_schema
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("strategy_testing"):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; returns an exit code of the README's table."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    return run_main(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = read_config(arguments.config)
    for warning in config.warnings:
        tell(f"warning: {warning}")
    _refuse_walk_forward(config)
    if arguments.dry_run:
        workspace = workspace_from(arguments.workspace)
        answer(shown_script([plan_run(config, workspace, _lean_words(), datetime.now(UTC))]))
        return ExitCode.OK
    with open_database(arguments.database_url) as database:
        tell(f"using {database}")
        ensure_schema(database)
        if arguments.estimate:
            return report_estimate(database, config)
        return _optimize(database, config, arguments)


def _optimize(database: Database, config: OptimizationConfig, arguments: argparse.Namespace) -> ExitCode:
    if not check_fees(database, config, ignore=arguments.ignore_fees):
        return ExitCode.STOP_AND_REVISE
    workspace = workspace_from(arguments.workspace)
    plan = plan_run(config, workspace, lean_command(os.environ), datetime.now(UTC))
    combinations = "an unknown number of" if plan.total_combinations is None else f"{plan.total_combinations}"
    tell(f"running {combinations} combinations of {config.strategy.name} in {plan.folder}")
    imported = run_plan(database, plan)
    return report_run(database, imported, arguments.leaderboard)


def _lean_words() -> tuple[str, ...]:
    """What would be run as `lean`; a dry run does not mind if it is not installed."""
    try:
        return lean_command(os.environ)
    except UserError as error:
        tell(f"warning: {error}")
        return ("lean",)


def _refuse_walk_forward(config: OptimizationConfig) -> None:
    if config.walk_forward is not None:
        raise UserError(
            f"{config.file}: walk_forward: this version runs single optimizations only; "
            "remove the section to optimise over the whole period"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="optimize_runner.py",
        description="Runs `lean optimize` for a config, stores and judges every backtest, and ends with one line: "
        "`72 runs complete, 3 passed, best Sharpe: 1.8`.",
    )
    parser.add_argument("--config", metavar="FILE", type=Path, required=True, help="configs/optimizations/NAME.yaml")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="print what would run, shell-quoted, and do nothing else")
    what.add_argument("--estimate", action="store_true", help="print the expected orders and fees and the verdict")
    parser.add_argument("--ignore-fees", action="store_true", help="run even if the estimated fees pass the limit")
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        type=Path,
        help="the lean workspace, the folder with lean.json; else LEAN_WORKSPACE, else lean_projects/",
    )
    add_database_arguments(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
