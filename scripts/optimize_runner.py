#!/usr/bin/env python3
"""Runs `lean optimize` for a config, watches it, and stores and judges its results."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from strategy_testing.commands.cli import Parser, load_config, run_main, run_script
    from strategy_testing.commands.settings import Settings, add_settings, settings_from
    from strategy_testing.console import tell
    from strategy_testing.errors import ExitCode
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("strategy_testing"):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; returns an exit code of docs/REFERENCE.md."""
    parser = _parser()
    arguments = parser.parsed(argv)
    if arguments.batch is not None:
        _check_batch_arguments(parser, arguments)
    elif arguments.new_strategy is not None:
        _check_new_strategy_arguments(parser, arguments)
    elif arguments.config is None and arguments.resume is None:
        parser.error(
            "name a config with --config, a batch with --batch, a run to go on with by --resume, "
            "or a strategy to make with --new-strategy"
        )
    if arguments.retry_failed and arguments.resume is None:
        parser.error("--retry-failed belongs to --resume")
    return run_main(lambda: _work(arguments))


def _work(arguments: argparse.Namespace) -> ExitCode:
    settings = settings_from(arguments)
    if settings.turn is not None and not _has_turn(settings.turn):
        return ExitCode.OK
    if arguments.new_strategy is not None:
        from strategy_testing.commands.new_strategy import new_strategy  # noqa: PLC0415

        return new_strategy(arguments.new_strategy, settings)
    return _run_batch(arguments, settings) if arguments.batch else _run(arguments, settings)


def _has_turn(turn: int) -> bool:
    """Whether the turn of a batch's config comes, for which this waits with all loaded that a run needs."""
    from strategy_testing.batches.process import accept_signals, has_turn  # noqa: PLC0415
    from strategy_testing.commands.optimize import load_what_comes_later  # noqa: PLC0415

    if has_come := has_turn(turn, load_what_comes_later):
        accept_signals()
    return has_come


def _check_batch_arguments(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    for name in ("config", "new_strategy"):
        if getattr(arguments, name):
            parser.error(f"--batch does not go with --{name.replace('_', '-')}")
    if arguments.resume:
        parser.error("--batch FILE --resume takes no run: it goes on with all of the batch's unfinished ones")


def _check_new_strategy_arguments(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    for name in (
        "config",
        "retry_failed",
        "fresh",
        "no_pilot",
        "cold",
        "ignore_fees",
        "force",
        "yes",
        "quiet",
        "database_url",
    ):
        if getattr(arguments, name):
            parser.error(f"--new-strategy does not go with --{name.replace('_', '-')}")


def _run_batch(arguments: argparse.Namespace, settings: Settings) -> ExitCode:
    from strategy_testing.commands.batch import run_batch  # noqa: PLC0415
    from strategy_testing.commands.check import check  # noqa: PLC0415
    from strategy_testing.commands.preview import dry_run, estimate_batch, preview_each  # noqa: PLC0415
    from strategy_testing.config.batch import read_batch  # noqa: PLC0415
    from strategy_testing.database.connection import open_database  # noqa: PLC0415
    from strategy_testing.database.schema import ensure_schema  # noqa: PLC0415

    batch = read_batch(arguments.batch)
    if arguments.dry_run or arguments.check:
        return preview_each(batch, settings, dry_run if arguments.dry_run else check)
    with open_database(settings.database_url) as database:
        tell(f"using {database}")
        ensure_schema(database)
        if arguments.estimate:
            return estimate_batch(database, batch, settings)
        return run_batch(database, batch, settings, resume=arguments.resume is not None)


def _run(arguments: argparse.Namespace, settings: Settings) -> ExitCode:
    from strategy_testing.commands.check import check  # noqa: PLC0415
    from strategy_testing.commands.estimate import known_history, needs_history, report_estimate  # noqa: PLC0415
    from strategy_testing.commands.optimize import optimize, resume  # noqa: PLC0415
    from strategy_testing.commands.preview import dry_run  # noqa: PLC0415
    from strategy_testing.database.connection import open_database  # noqa: PLC0415
    from strategy_testing.database.queries import tried_before  # noqa: PLC0415
    from strategy_testing.database.schema import ensure_schema  # noqa: PLC0415

    config = load_config(arguments.config) if arguments.config else None
    if arguments.dry_run and config:
        return dry_run(config, settings)
    if arguments.check and config:
        return check(config, settings)
    if arguments.estimate and config and not needs_history(config):
        return report_estimate(config, None)
    with open_database(settings.database_url) as database:
        tell(f"using {database}")
        ensure_schema(database)
        if arguments.resume is not None:
            return resume(database, arguments.resume or None, config, settings)
        assert config is not None  # the parser has seen to it  # noqa: S101
        if arguments.estimate:
            tried = tried_before(database, config.strategy.name)
            return report_estimate(config, known_history(database, config), tried)
        return optimize(database, config, settings)


def _parser() -> Parser:
    parser = Parser(
        prog="optimize_runner.py",
        description="Runs `lean optimize` for a config, stores and judges every backtest, and ends with one line: "
        "`72 runs complete, 3 passed, best Sharpe: 1.8`.",
    )
    parser.add_argument("--config", metavar="FILE", type=Path, help="configs/optimizations/NAME.yaml")
    parser.add_argument(
        "--batch",
        metavar="FILE",
        type=Path,
        help="configs/batches/NAME.yaml: its configs one after another, or several at once; with --resume: "
        "what is left of the newest batch of this file; with --dry-run, --estimate or --check: config by config",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="print what would run, shell-quoted, and do nothing else")
    what.add_argument("--estimate", action="store_true", help="print the expected orders and fees and the verdict")
    what.add_argument("--check", action="store_true", help="look at everything that a run needs, and start none")
    what.add_argument(
        "--resume",
        metavar="RUN",
        type=int,
        nargs="?",
        const=0,
        help="run only what has no result yet, under the same run: the given one (optimization_runs.id), "
        "or the newest unfinished one",
    )
    what.add_argument(
        "--new-strategy",
        metavar="NAME",
        help="make the project NAME in the workspace and its config from the template, and do nothing else",
    )
    add_settings(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(run_script(main))
