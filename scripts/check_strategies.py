#!/usr/bin/env python3
"""Checks the strategies and the code of the developers' guide: types against LEAN's API, and a lint of their own."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from strategy_checks.checking import check, find_project, find_projects
    from strategy_checks.type_checks import python_blocks
    from strategy_testing.commands.cli import run_main, run_script
    from strategy_testing.commands.settings import settings_from, workspace_of
    from strategy_testing.console import answer
    from strategy_testing.errors import ExitCode, UserError
    from strategy_testing.paths import DEFAULT_WORKSPACE, OPTIMIZATIONS_DIR, PROJECT_ROOT
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
  parameters   configured (config.json, configs/optimizations) and not read; converted without a default or a value;
               int() of a text that LEAN may write as 14.0; whole numbers as get_parameter's default
  slices       a slice or a collection in it that is indexed
  hard-coded   literals instead of parameters for: the start and end date, the capital, tickers in subscriptions,
               orders and look-ups; dates that are compared or kept in an attribute
  names        attributes and methods that hide a member of QCAlgorithm
  other        resolutions that are not daily, strategies without a docstring

exit code: 0 without findings, 1 with"""


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; 0 without findings, 1 with, another for a wrong path."""
    arguments = _parser().parse_args(argv)
    return run_main(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> ExitCode:
    workspace = workspace_of(settings_from(arguments))
    if not arguments.configs.is_dir():
        raise UserError(f"{arguments.configs}: no such folder", "check the path")
    folders = [find_project(name, workspace) for name in arguments.projects] or find_projects(workspace)
    blocks = python_blocks(arguments.guide, workspace) if arguments.guide else []
    if not arguments.guide and not arguments.projects and not arguments.workspace:
        blocks = python_blocks(_DEFAULT_GUIDE, DEFAULT_WORKSPACE)
    findings, summary = check(folders, workspace, arguments.configs.resolve(), blocks, types=not arguments.no_types)
    for line in (*findings, summary):
        answer(str(line))
    return _FOUND if findings else ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="check_strategies.py",
        description="Checks strategies, and the Python blocks of the developers' guide, without running them.",
        epilog=_LOOKED_FOR,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    text = "a project's folder, or its name in the workspace (default: all)"
    parser.add_argument("projects", metavar="PROJECT", nargs="*", help=text)
    text = "the lean workspace; else LEAN_WORKSPACE, else lean_projects/"
    parser.add_argument("--workspace", metavar="DIR", type=Path, help=text)
    text = "optimizations whose parameters the strategies must read (default: configs/optimizations/)"
    parser.add_argument("--configs", metavar="DIR", type=Path, default=OPTIMIZATIONS_DIR, help=text)
    text = "a Markdown file whose Python blocks are type-checked (default, without PROJECT and --workspace: the guide)"
    parser.add_argument("--guide", metavar="FILE", type=Path, help=text)
    parser.add_argument("--no-types", action="store_true", help="do not run mypy")
    return parser


if __name__ == "__main__":
    raise SystemExit(run_script(main))
