"""What can be known before a run: each thing that it needs is looked at, and where it lacks, the remedy named."""

import difflib
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database.connection import connect
from strategy_testing.database.schema import ensure_schema
from strategy_testing.database.target import choose_database
from strategy_testing.errors import DatabaseError, ExitCode, UserError
from strategy_testing.files import without_database_secrets
from strategy_testing.lean.process import lean_command
from strategy_testing.search.space import ListParameter
from strategy_testing.strategy.inspection import StrategyFacts, SyntaxFinding, inspect_strategy
from strategy_testing.strategy.prices import Market, PriceDataError, price_findings
from strategy_testing.strategy.sources import ProjectSources, read_project_sources
from strategy_testing.strategy.workspace import LeanConfigError, data_folder, lean_config_file, library_folder

_SECONDS = 20
"""What another program is given to answer."""
_DEFAULT_IMAGE = "quantconnect/lean:latest"
"""What the CLI runs where no image is named."""
_GET_PRICES = "get the prices with `lean data download`, or choose tickers and a period that they cover"
_MAIN = "main.py"


@dataclass(frozen=True)
class Check:
    """One prerequisite."""

    name: str
    ok: bool | None
    """None is a warning: the run may go on."""
    detail: str
    remedy: str = ""
    """Empty where all is well."""
    exit_code: ExitCode = ExitCode.OK
    """OK unless it failed."""

    def __str__(self) -> str:
        """`✗ name: detail; remedy`."""
        sign = {True: "✓", False: "✗", None: "!"}[self.ok]
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{sign} {self.name}: {self.detail}{remedy}"


def first_failure(checks: Sequence[Check]) -> Check | None:
    """The check that stands in the way first; None where nothing but warnings does."""
    return next((check for check in checks if check.ok is False), None)


def preflight(
    config: OptimizationConfig, workspace: Path, environment: Mapping[str, str], database_url: str | None
) -> list[Check]:
    """Looks at everything that a run needs, in the order in which it would fail; starts no backtest.

    What depends on something that failed is left out: one cause, one message. An absent schema is made in the database,
    as a run would.

    Args:
        config: what would be run.
        workspace: the lean workspace.
        environment: where PATH, LEAN_COMMAND and the database's variables are looked up.
        database_url: takes precedence over the environment.
    """
    return [
        _check_config(config),
        _check_lean(environment),
        *_check_docker(config.lean.image or _DEFAULT_IMAGE, environment),
        _check_workspace(workspace),
        *quick_preflight(config, workspace),
        _check_database(database_url, environment),
    ]


def quick_preflight(config: OptimizationConfig, workspace: Path) -> list[Check]:
    """Looks at the project, its code, its parameters and its prices: what costs no subprocess."""
    project = workspace / config.strategy.lean_project_path
    checks = [_check_project(project)]
    if not checks[0].ok:
        return checks
    sources = read_project_sources(project, workspace)
    checks += _check_libraries(sources, workspace)
    facts = inspect_strategy(sources.texts, _given_texts(config))
    findings = [*facts.syntax_errors, *sources.unreadable]
    checks.append(_check_compiles(findings, len(sources.texts)))
    if first_failure(checks) is not None:
        return checks
    return [*checks, *_check_parameters(config, facts), *_check_prices(config, facts, workspace)]


def _check_config(config: OptimizationConfig) -> Check:
    windows = " in each in-sample window" if config.walk_forward is not None else ""
    return Check("config", True, f"{config.file} is valid; {config.search.method.size}{windows}")


def _check_lean(environment: Mapping[str, str]) -> Check:
    try:
        words = lean_command(environment)
    except UserError as error:
        detail, _, remedy = str(error).partition("; ")
        return Check("lean", False, detail, remedy, error.exit_code)
    shown = " ".join(words)
    answer = _ask([*words, "--version"], environment)
    if answer is None:
        remedy = "run `lean --version` by hand; it may be waiting for the network"
        return Check("lean", None, f"{shown} does not answer within {_SECONDS} s", remedy)
    code, said = answer
    if code != 0:
        remedy = "install the CLI anew with `pip install lean`"
        return Check("lean", False, f"{shown} --version failed: {said}", remedy, ExitCode.LEAN_NOT_FOUND)
    return Check("lean", True, f"{said} ({shown})")


def _check_docker(image: str, environment: Mapping[str, str]) -> Iterator[Check]:
    docker = shutil.which("docker", path=environment.get("PATH"))
    if docker is None:
        remedy = "install Docker; LEAN's engine runs in it"
        yield Check("Docker", False, "docker: no such program on the PATH", remedy, ExitCode.DOCKER_NOT_RUNNING)
        return
    answer = _ask([docker, "version", "--format", "{{.Server.Version}}"], environment)
    if answer is None or answer[0] != 0:
        said = f"docker does not answer within {_SECONDS} s" if answer is None else answer[1]
        remedy = "start Docker and try again"
        yield Check("Docker", False, said or "Docker does not answer", remedy, ExitCode.DOCKER_NOT_RUNNING)
        return
    yield Check("Docker", True, f"version {answer[1]}")
    yield _check_image(image, docker, environment)


def _check_image(image: str, docker: str, environment: Mapping[str, str]) -> Check:
    answer = _ask([docker, "image", "inspect", "--format", "{{.Id}}", image], environment)
    if answer is not None and answer[0] == 0:
        return Check("engine image", True, f"{image} is present")
    if answer is None or "no such image" in answer[1].lower():
        detail = f"{image} is not present and will be pulled"
        return Check("engine image", None, detail, f"`docker pull {image}` does it beforehand")
    remedy = "check lean.image in the config"
    return Check("engine image", False, f"{image}: {answer[1]}", remedy, ExitCode.IMAGE_UNAVAILABLE)


def _check_workspace(workspace: Path) -> Check:
    file = lean_config_file(workspace)
    if file is None:
        remedy = "run `lean init` in an empty folder and name it in LEAN_WORKSPACE or --workspace"
        detail = f"{workspace} has no lean.json, nor has a folder above it"
        return Check("workspace", False, detail, remedy, ExitCode.NO_WORKSPACE)
    return Check("workspace", True, f"{workspace} ({file})")


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
        return Check("strategy", False, detail, "mend the strategy's code", ExitCode.STRATEGY_BROKEN)
    return Check("strategy", True, f"compiles ({count} {'file' if count == 1 else 'files'})")


def _given_texts(config: OptimizationConfig) -> dict[str, list[str]]:
    return {
        parameter.name: [str(value) for value in parameter.values]
        for parameter in config.search.parameters
        if isinstance(parameter, ListParameter)
    }


def _check_parameters(config: OptimizationConfig, facts: StrategyFacts) -> Iterator[Check]:
    varied = [parameter.name for parameter in config.search.parameters]
    dead = [name for name in varied if name not in facts.parameter_names]
    if not dead:
        yield Check("parameters", True, f"the strategy reads {', '.join(varied)}")
    elif facts.reads_dynamic_names:
        detail = f"the code does not tell whether the strategy reads {', '.join(dead)}"
        yield Check("parameters", None, detail, "compare the results: if they are all the same, it does not")
    else:
        detail = f"the strategy never reads {', '.join(dead)}: LEAN would run the same backtest again and again"
        yield Check("parameters", False, detail, _remedy_for(dead, facts), ExitCode.PARAMETER_NOT_READ)
    unread = [name for name in config.backtest.fixed_parameters if name not in facts.parameter_names]
    if unread and not facts.reads_dynamic_names:
        detail = f"the strategy does not read {', '.join(unread)}, so its own values hold"
        yield Check("period and capital", None, detail, "what LEAN then used is checked on every result")


def _remedy_for(dead: Sequence[str], facts: StrategyFacts) -> str:
    hints = []
    for name in dead:
        close = difflib.get_close_matches(name, sorted(facts.parameter_names), n=1)
        hints.append(f'read it with self.get_parameter("{name}")' + (f", or did you mean {close[0]}?" if close else ""))
    return "; ".join(hints)


def _check_prices(config: OptimizationConfig, facts: StrategyFacts, workspace: Path) -> Iterator[Check]:
    resolution = config.backtest.resolution
    file = lean_config_file(workspace)
    wanted = {Market.EQUITY: facts.tickers, Market.INDEX: facts.index_tickers}
    tickers = sorted(facts.tickers | facts.index_tickers)
    if file is None or not tickers:
        return
    if resolution is not None and resolution.lower() != "daily":
        remedy = f"make sure that the {resolution.lower()} prices cover the period"
        yield Check("price data", None, "only daily prices are looked into", remedy)
        return
    backtest = config.backtest
    try:
        data = data_folder(file)
        missing = [market.folder(data) for market in wanted if wanted[market] and not market.folder(data).is_dir()]
        if missing:
            yield Check("price data", None, f"there is no folder {' nor '.join(map(str, missing))}", _GET_PRICES)
            return
        findings = [
            finding
            for market, names in wanted.items()
            for finding in price_findings(market.folder(data), names, backtest.start_date, backtest.end_date)
        ]
    except (LeanConfigError, PriceDataError) as error:
        yield Check("price data", None, str(error), "mend the file, or make it anew with `lean init`")
        return
    for finding in findings:
        yield Check("price data", None, str(finding), _GET_PRICES)
    if not findings:
        yield Check("price data", True, f"daily prices of {', '.join(tickers)} cover the period")


def _check_database(database_url: str | None, environment: Mapping[str, str]) -> Check:
    try:
        database = connect(choose_database(database_url, environment))
        try:
            ensure_schema(database)
            return Check("database", True, str(database))
        finally:
            database.close()
    except DatabaseError as error:
        detail, _, remedy = str(error).rpartition("; ")
        return Check("database", False, detail or remedy, remedy if detail else "", error.exit_code)


def _ask(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str] | None:
    """Exit code and words of a program in one line; None when it does not answer in time."""
    try:
        done = subprocess.run(
            command,
            env=without_database_secrets(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        return 127, f"it cannot be started: {error.strerror}"
    said = done.stdout if done.returncode == 0 else done.stderr or done.stdout
    return done.returncode, " ".join(said.split())
