#!/usr/bin/env python3
"""Checks the strategies and the code of the developers' guide: types against LEAN's API, and a lint of their own."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from strategy_checks.checking import check, find_project, find_projects
    from strategy_checks.guide_blocks import read_guide
    from strategy_testing.cli import answer, run_main, workspace_from
    from strategy_testing.errors import UserError
    from strategy_testing.exit_codes import ExitCode
    from strategy_testing.project_paths import DEFAULT_WORKSPACE, OPTIMIZATIONS_DIR, PROJECT_ROOT
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith(("strategy_testing", "strategy_checks")):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")

_DEFAULT_GUIDE = PROJECT_ROOT / "docs" / "LEAN_DEVELOPER_GUIDE.md"
_FOUND = ExitCode(1)
"""As ruff and mypy have it."""
_LOOKED_FOR = """\
what is looked for:
  types        what mypy --strict says against the stubs of LEAN's API
  parameters   configured (config.json, configs/optimizations) and not read; read and neither configured nor given a
               default, by get_parameter or from get_parameters(); int() of a text that LEAN may write as 14.0; whole
               numbers as get_parameter's default
  bars         data.bars[x], other collections of a slice and data[x] read where no contains_key, `in` or None test
               has made sure of them on every way there; the result of get() used without a None test; attributes of
               a bar taken from data[x] that may be None on a day with only a dividend or split
  hard-coded   literals instead of parameters for: the start and end date, the capital, tickers in subscriptions,
               orders and look-ups; dates of 1990 to 2100 that are compared or kept in an attribute, such years
               compared with .year, tickers compared with a symbol or ticker. Not: amounts of money within sums
  names        attributes and methods that hide a member of QCAlgorithm, also by setattr and __dict__; old spellings
  other        resolutions that are not daily, indicators without a warm-up, strategies without a docstring

exit code: 0 without findings, 1 with"""


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; 0 without findings, 1 with, another for a wrong path."""
    arguments = _parser().parse_args(argv)
    return run_main(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> ExitCode:
    workspace = workspace_from(arguments.workspace)
    if not arguments.configs.is_dir():
        raise UserError(f"{arguments.configs}: no such folder; check the path")
    folders = [find_project(name, workspace) for name in arguments.projects] or find_projects(workspace)
    guide = read_guide(arguments.guide, workspace) if arguments.guide else None
    if guide is None and not arguments.projects and not arguments.workspace:
        guide = read_guide(_DEFAULT_GUIDE, DEFAULT_WORKSPACE)
    report = check(folders, workspace, arguments.configs.resolve(), guide, types=not arguments.no_types)
    for finding in report.findings:
        answer(str(finding))
    answer(report.summary)
    return _FOUND if report.findings else ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="check_strategies.py",
        description="Checks strategies, and the Python blocks of the developers' guide, without running them.",
        epilog=_LOOKED_FOR,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "projects", metavar="PROJECT", nargs="*", help="a project's folder, or its name in the workspace (default: all)"
    )
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        type=Path,
        help="the lean workspace; else LEAN_WORKSPACE, else lean_projects/; its other folders (data, storage, "
        "backtests …) are left alone",
    )
    parser.add_argument(
        "--configs",
        metavar="DIR",
        type=Path,
        default=OPTIMIZATIONS_DIR,
        help="optimizations whose parameters the strategies must read (default: configs/optimizations/)",
    )
    parser.add_argument(
        "--guide",
        metavar="FILE",
        type=Path,
        help="a Markdown file whose Python blocks are type-checked "
        "(default: docs/LEAN_DEVELOPER_GUIDE.md, unless PROJECT or --workspace is given)",
    )
    parser.add_argument("--no-types", action="store_true", help="do not run mypy")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
