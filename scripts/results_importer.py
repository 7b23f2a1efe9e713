#!/usr/bin/env python3
"""Imports what `lean optimize` left on disk, judges and stores it; and looks back at what is stored."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

try:
    from strategy_testing.commands.cli import Parser, run_main, run_script
    from strategy_testing.commands.settings import add_settings
    from strategy_testing.errors import ExitCode
    from strategy_testing.paths import BACKLOG
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("strategy_testing"):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")

_BELONGS_TO = {
    "config": ("optimization_dir",),
    "all": ("optimization_dir",),
    "strategy": ("optimization_dir", "list"),
    "status": ("list",),
    "since": ("list",),
    "limit": ("list",),
    "output": ("export",),
}
"""Which of the things to do an argument goes with."""
_USUAL_LIMIT = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; returns an exit code of docs/REFERENCE.md."""
    parser = _parser()
    arguments = parser.parsed(argv)
    for name, owners in _BELONGS_TO.items():
        if getattr(arguments, name) and not any(getattr(arguments, owner) for owner in owners):
            parser.error(f"--{name} goes with --{' or --'.join(owners)} only".replace("_", "-"))
    if arguments.top is not None and len(arguments.top) > 2:
        parser.error("--top takes a number of combinations, and at most one run")
    return run_main(lambda: _work(arguments))


def _work(arguments: argparse.Namespace) -> ExitCode:
    if any(getattr(arguments, name) for name in ("list", "show", "top", "compare", "export")):
        return _look_back(arguments)
    from strategy_testing.commands.import_results import (  # noqa: PLC0415
        ImportRequest,
        import_results,
        rejudge,
        report,
        sync_backlog,
    )

    if arguments.rejudge:
        return rejudge(arguments.database_url, arguments.leaderboard)
    if arguments.report is not None:
        return report(arguments.database_url, arguments.report or None, arguments.leaderboard)
    if arguments.sync_backlog:
        return sync_backlog(arguments.sync_backlog, arguments.database_url, arguments.leaderboard)
    request = ImportRequest(
        folder=arguments.optimization_dir,
        config=arguments.config,
        strategy=arguments.strategy,
        every_run=arguments.all,
        leaderboard=arguments.leaderboard,
        database_url=arguments.database_url,
    )
    return import_results(request)


def _look_back(arguments: argparse.Namespace) -> ExitCode:
    """Answers what is asked of the stored runs."""
    from strategy_testing.history import looking_back as history  # noqa: PLC0415
    from strategy_testing.history.runs import Filter  # noqa: PLC0415

    if arguments.list:
        limit = arguments.limit or _USUAL_LIMIT
        question = history.list_runs(Filter(arguments.strategy, arguments.status, arguments.since, limit))
    elif arguments.show is not None:
        question = history.show_run(arguments.show)
    elif arguments.top is not None:
        count, *run = arguments.top
        question = history.best_of(count, run[0] if run else None)
    elif arguments.compare is not None:
        question = history.compare_runs(*arguments.compare)
    else:
        kind, view = arguments.export
        question = history.export_view(kind, view, arguments.output)
    return history.look_back(arguments.database_url, question)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day of the calendar; write YYYY-MM-DD") from None


def _status(text: str) -> str:
    from strategy_testing.verdict.outcome import RunStatus  # noqa: PLC0415

    if text in tuple(RunStatus):
        return text
    close = get_close_matches(text, tuple(RunStatus), n=1)
    raise argparse.ArgumentTypeError(
        f"{text} is no status; " + (f"did you mean {close[0]}?" if close else f"known are {', '.join(RunStatus)}")
    )


def _parser() -> Parser:
    parser = Parser(
        prog="results_importer.py",
        description="Imports the output of `lean optimize` (or `lean backtest`): judges every backtest by the config's "
        "success criteria and constraints and stores it. Importing again updates the same rows. Or looks back at what "
        "is stored, and changes nothing.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    _add_what_stores(what.add_argument)
    _add_what_looks_back(what.add_argument)
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="config whose success_criteria and constraints judge; else the one that judged the run last, else the "
        "copy in its folder, else nothing is judged",
    )
    parser.add_argument("--all", action="store_true", help="import every run below the folder, the oldest first")
    parser.add_argument(
        "--strategy",
        metavar="NAME",
        help="the strategy to which the run belongs; a stored run moves there; with --list: whose runs",
    )
    parser.add_argument("--status", type=_status, help="with --list: runs that ended so, or are running")
    parser.add_argument("--since", metavar="DAY", type=_day, help="with --list: runs that began on this day or later")
    parser.add_argument(
        "--limit", metavar="N", type=_positive, help=f"with --list: so many runs (default: {_USUAL_LIMIT})"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="with --export: the file; else stdout")
    add_settings(parser, "database_url", "leaderboard")
    return parser


def _add_what_stores(add: Callable[..., argparse.Action]) -> None:
    add(
        "--rejudge",
        action="store_true",
        help="judge all stored runs again, each by the config that judged it last, and fill figures that an older "
        "version did not store",
    )
    add(
        "--report",
        metavar="RUN",
        type=_positive,
        nargs="?",
        const=0,
        help="write the HTML page of a run (optimization_runs.id), or without a number the pages of all that is "
        "stored, and the index; where it stands is the answer",
    )
    add(
        "--sync-backlog",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=BACKLOG,
        help="store the strategies of the backlog (data/strategy_backlog.yaml, or FILE), and write status, best result "
        "and reasons of those that were run back into it",
    )
    add(
        "--optimization-dir",
        metavar="DIR",
        type=Path,
        help="a run's output folder, or one above several runs, of which the newest is imported",
    )


def _add_what_looks_back(add: Callable[..., argparse.Action]) -> None:
    add("--list", action="store_true", help="list the stored runs, the newest first")
    add("--show", metavar="RUN", type=_positive, help="show all that is stored of a run")
    add(
        "--top",
        metavar=("N", "RUN"),
        type=_positive,
        nargs="+",
        help="show the N best combinations of a run, or of all runs, each once",
    )
    add("--compare", metavar="RUN", type=_positive, nargs=2, help="show the combinations of two runs side by side")
    add(
        "--export",
        metavar=("FORMAT", "VIEW"),
        nargs=2,
        help="write a view of the database as csv, json or parquet",
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
