#!/usr/bin/env python3
"""Checks the strategies and the code of the developers' guide: types against LEAN's API, and a lint of their own."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from strategy_checks.checking import check, find_project, find_projects
    from strategy_testing.cli import answer, run_main
    from strategy_testing.errors import UserError
    from strategy_testing.exit_codes import ExitCode
    from strategy_testing.project_paths import DEFAULT_WORKSPACE, PROJECT_ROOT
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith(("strategy_testing", "strategy_checks")):
        raise
    sys.exit(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")

_DEFAULT_GUIDE = PROJECT_ROOT / "docs" / "LEAN_DEVELOPER_GUIDE.md"
_DEFAULT_CONFIGS = PROJECT_ROOT / "configs" / "optimizations"
_FOUND = ExitCode(1)
"""As ruff and mypy have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parses arguments and calls; 0 without findings, 1 with, 2 for a wrong path."""
    arguments = _parser().parse_args(argv)
    return run_main(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> ExitCode:
    for folder in (arguments.workspace, arguments.configs):
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; check the path")
    workspace = arguments.workspace.resolve()
    folders = [find_project(name, workspace) for name in arguments.projects] or find_projects(workspace)
    is_everything = not arguments.projects and workspace == DEFAULT_WORKSPACE
    guide = arguments.guide or (_DEFAULT_GUIDE if is_everything else None)
    report = check(folders, workspace, arguments.configs.resolve(), guide, types=not arguments.no_types)
    for finding in report.findings:
        answer(str(finding))
    answer(report.summary)
    return _FOUND if report.findings else ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="check_strategies.py",
        description="Checks strategies without running them: mypy --strict against the stubs of LEAN's API, parameters "
        "that are configured and not read or read and not configured, bars read without a check, hard-coded dates, "
        "tickers and capital, attributes that hide an API name. Exit code 0 without findings, 1 with.",
    )
    parser.add_argument(
        "projects",
        metavar="PROJECT",
        nargs="*",
        help="a project's folder, or its name in the workspace "
        "(default: all, and the guide docs/LEAN_DEVELOPER_GUIDE.md)",
    )
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        type=Path,
        default=DEFAULT_WORKSPACE,
        help="the lean workspace (default: lean_projects/ of this project)",
    )
    parser.add_argument(
        "--configs",
        metavar="DIR",
        type=Path,
        default=_DEFAULT_CONFIGS,
        help="optimizations whose parameters the strategies must read (default: configs/optimizations/)",
    )
    parser.add_argument(
        "--guide", metavar="FILE", type=Path, help="a Markdown file whose Python blocks are type-checked"
    )
    parser.add_argument("--no-types", action="store_true", help="do not run mypy")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
