"""--check: each thing that a run needs is looked at, and where it lacks, the remedy named."""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from strategy_testing.commands.settings import Settings, workspace_of
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.console import answer
from strategy_testing.database.connection import connect
from strategy_testing.database.schema import ensure_schema, missing_rights
from strategy_testing.database.target import choose_database
from strategy_testing.errors import DatabaseError, ExitCode
from strategy_testing.files import no_access
from strategy_testing.lean.prerequisites import DEFAULT_IMAGE, Check, check_docker, check_lean, first_failure
from strategy_testing.metrics.figures import number_of
from strategy_testing.runs.engine import engine_rule
from strategy_testing.strategy.parameters_read import StrategyFacts, inspect_strategy
from strategy_testing.strategy.sources import ProjectSources, read_project_sources
from strategy_testing.strategy.syntax import SyntaxFinding
from strategy_testing.strategy.workspace import lean_config_file, library_folder

_MAIN = "main.py"


def preflight(
    config: OptimizationConfig,
    workspace: Path,
    environment: Mapping[str, str],
    database_url: str | None,
    *,
    is_cold: bool = False,
) -> list[Check]:
    """Looks at everything that a run needs, in the order in which it would fail; starts no backtest.

    What depends on something that failed is left out: one cause, one message. An absent schema is made in the database,
    as a run would.

    Args:
        config: what would be run.
        workspace: the lean workspace.
        environment: where PATH, LEAN_COMMAND and the database's variables are looked up.
        database_url: takes precedence over the environment.
        is_cold: whether each backtest is to run in a process of LEAN's own.
    """
    quick = quick_preflight(config, workspace)
    return [
        _check_config(config),
        check_lean(environment),
        *check_docker(config.lean.image or DEFAULT_IMAGE, environment),
        _check_workspace(workspace),
        *quick,
        *([] if first_failure(quick) else [_check_engines(config, workspace, is_cold=is_cold)]),
        _check_prices(config),
        _check_database(database_url, environment),
    ]


def quick_preflight(config: OptimizationConfig, workspace: Path) -> list[Check]:
    """Looks at the project, its code and its parameters: what costs no subprocess."""
    try:
        return _check_code(config, workspace)
    except PermissionError as error:
        return [_shut("project", error, ExitCode.NO_PROJECT)]


def _check_code(config: OptimizationConfig, workspace: Path) -> list[Check]:
    project = workspace / config.strategy.lean_project_path
    checks = [_check_project(project)]
    if not checks[0].ok:
        return checks
    sources = read_project_sources(project, workspace)
    checks += _check_libraries(sources, workspace)
    facts = inspect_strategy(sources.texts)
    findings = [*facts.syntax_errors, *sources.unreadable]
    checks.append(_check_compiles(findings, len(sources.texts)))
    if first_failure(checks) is not None:
        return checks
    checks += _check_parameters(config, facts)
    if config.walk_forward is not None:
        from strategy_testing.runs.window_checks import check_windows  # noqa: PLC0415 - slow, and seldom needed

        checks += check_windows(config, sources.texts, workspace)
    return checks


def check(config: OptimizationConfig, settings: Settings) -> ExitCode:
    """Prints what a run needs and whether it is there; starts no backtest."""
    workspace = workspace_of(settings)
    checks = preflight(config, workspace, os.environ, settings.database_url, is_cold=settings.cold)
    for one in checks:
        answer(str(one))
    failure = first_failure(checks)
    return failure.exit_code if failure else ExitCode.OK


def _check_config(config: OptimizationConfig) -> Check:
    windows = ""
    if config.walk_forward is not None:
        cut = config.walk_forward.windows
        each = ", ".join(f"{window.in_sample} | {window.out_of_sample}" for window in cut)
        windows = f" in each of {number_of(len(cut), 'window')} (in-sample | out-of-sample): {each}"
    return Check("config", True, f"{config.file} is valid; {config.search.method.size}{windows}")


def _check_workspace(workspace: Path) -> Check:
    try:
        file = lean_config_file(workspace)
    except PermissionError as error:
        return _shut("workspace", error, ExitCode.NO_WORKSPACE)
    if file is None:
        remedy = "run `lean init` in an empty folder and name it in LEAN_WORKSPACE or --workspace"
        detail = f"{workspace} has no lean.json, nor has a folder above it"
        return Check("workspace", False, detail, remedy, ExitCode.NO_WORKSPACE)
    return Check("workspace", True, f"{workspace} ({file})")


def _shut(name: str, error: PermissionError, code: ExitCode) -> Check:
    denied = no_access(error)
    return Check(name, False, denied.cause, denied.remedy, code)


def _check_project(project: Path) -> Check:
    if not project.is_dir():
        remedy = "check strategy.lean_project_path and the workspace"
        return Check("project", False, f"{project}: no such LEAN project", remedy, ExitCode.NO_PROJECT)
    if not (project / _MAIN).is_file():
        remedy = f"put the strategy into {_MAIN}, or check strategy.lean_project_path"
        return Check("project", False, f"{project} has no {_MAIN}", remedy, ExitCode.NO_PROJECT)
    return Check("project", True, f"{project / _MAIN}")


def _check_libraries(sources: ProjectSources, workspace: Path) -> Iterator[Check]:
    for missing in sources.missing_libraries:
        detail = f"{missing}, which the project's config.json names, is not in {library_folder(workspace).parent}"
        remedy = "copy it there, beside lean.json; the strategy cannot import it otherwise"
        yield Check("library", False, detail, remedy, ExitCode.NO_PROJECT)
    for unnamed in sources.unnamed_libraries:
        name = unnamed.rpartition("/")[2]
        detail = f"the code imports {name}, but the project's config.json names no library: LEAN will not find it"
        remedy = f'add "libraries": [{{"name": "{name}", "path": "{unnamed}"}}]'
        yield Check("library", False, detail, remedy, ExitCode.NO_PROJECT)


def _check_compiles(findings: Sequence[SyntaxFinding], count: int) -> Check:
    if findings:
        detail = "; ".join(map(str, findings))
        return Check("strategy", False, detail, "fix the strategy's code", ExitCode.STRATEGY_BROKEN)
    return Check("strategy", True, f"compiles ({count} {'file' if count == 1 else 'files'})")


def _check_parameters(config: OptimizationConfig, facts: StrategyFacts) -> Iterator[Check]:
    varied = [parameter.name for parameter in config.search.parameters]
    dead = [name for name in varied if name not in facts.parameter_names]
    if not dead:
        yield Check("parameters", True, f"the strategy reads {', '.join(varied)}")
    elif facts.reads_dynamic_names:
        detail = f"the code does not show whether the strategy reads {', '.join(dead)}"
        yield Check("parameters", None, detail, "compare the results: if they are all the same, it does not")
    else:
        detail = f"the strategy never reads {', '.join(dead)}: LEAN would run the same backtest again and again"
        yield Check("parameters", False, detail, _remedy_for(dead, facts), ExitCode.PARAMETER_NOT_READ)
    unread = [name for name in config.backtest.fixed_parameters if name not in facts.parameter_names]
    if unread and not facts.reads_dynamic_names:
        detail = f"the strategy does not read {', '.join(unread)}, so its own values hold"
        yield Check("period and capital", None, detail, "what LEAN then used is checked on every result")


def _check_engines(config: OptimizationConfig, workspace: Path, *, is_cold: bool) -> Check:
    rule = engine_rule(config, workspace, is_cold=is_cold)
    return Check("engines", True, rule.said(config.backtests))


def _remedy_for(dead: Sequence[str], facts: StrategyFacts) -> str:
    hints = []
    for name in dead:
        close = difflib.get_close_matches(name, sorted(facts.parameter_names), n=1)
        hints.append(f'read it with self.get_parameter("{name}")' + (f", or did you mean {close[0]}?" if close else ""))
    return "; ".join(hints)


def _check_prices(config: OptimizationConfig) -> Check:
    """What LEAN reads shows in a backtest only, so the pilot's prices are looked into."""
    resolution = (config.backtest.resolution or "daily").lower()
    if resolution != "daily":
        remedy = f"make sure that the {resolution} prices cover the period"
        return Check("price data", None, "only daily prices are looked into", remedy)
    detail = "which prices the strategy reads shows only when it runs"
    remedy = "the pilot, or a run without one at its end, names those that do not cover the period"
    return Check("price data", None, detail, remedy)


def _check_database(database_url: str | None, environment: Mapping[str, str]) -> Check:
    try:
        with closing(connect(choose_database(database_url, environment))) as database:
            if missing := missing_rights(database):
                remedy = "use another role or database, or have its owner grant it"
                return Check("database", False, f"{database}: {', '.join(missing)}", remedy, ExitCode.DATABASE)
            ensure_schema(database)
            return Check("database", True, str(database))
    except DatabaseError as error:
        return Check("database", False, error.cause, error.remedy, error.exit_code)
