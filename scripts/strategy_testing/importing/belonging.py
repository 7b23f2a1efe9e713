"""What a folder's run belongs to: the config that judges it, and its strategy."""

from dataclasses import dataclass, replace
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig, StrategyInfo
from strategy_testing.config.reader import read_config, read_document
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import run_of_backtests
from strategy_testing.database.runs import KnownRun
from strategy_testing.errors import UserError
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.folder import RunFolder, guid_folders


@dataclass(frozen=True)
class Owner:
    """A strategy to which a run belongs."""

    strategy: StrategyInfo
    is_only_named: bool
    """Whether no more is known of it than its name."""


def own_config(run: RunFolder, known: KnownRun | None) -> OptimizationConfig | None:
    """The config that judged the run last, else the copy in its folder; None where there is neither.

    Raises:
        UserError: it is damaged.
    """
    try:
        config = known_config(known) if known else None
        return config or (read_config(run.config_copy) if run.config_copy else None)
    except UserError as error:
        raise UserError(f"{error}\nthis copy of the run's config is damaged", "give the config with --config") from None


def known_config(run: KnownRun) -> OptimizationConfig | None:
    """The config that judged a run last; None where none is stored.

    Raises:
        ConfigError: it is not valid any more.
    """
    if run.config is None:
        return None
    return read_document(run.config, Path(run.config_file or f"the stored config of run {run.id}"))


def owner(run: RunFolder, config: OptimizationConfig | None, name: str | None) -> Owner:
    """The strategy of a name, else that of the config, else that of the manifest, which may be the folder's name."""
    manifest = run.manifest
    if config is not None and name in (None, config.strategy.name):
        return Owner(config.strategy, is_only_named=False)
    if name is None:
        return Owner(StrategyInfo(manifest.strategy, manifest.lean_project_path), is_only_named=False)
    return Owner(StrategyInfo(name, name if manifest.is_derived else manifest.lean_project_path), is_only_named=True)


def refuse_foreign(config: OptimizationConfig, run: RunFolder, results: tuple[BacktestResult, ...]) -> None:
    """Refuses the config of another strategy: the run's backtests have none of its parameters, or varied others.

    A run may leave some of them to the strategy's own values.

    Raises:
        UserError: names the parameters that no backtest has.
    """
    own = {parameter.name for parameter in config.search.parameters}
    known = {name for result in results for name in result.parameters} | set(run.manifest.parameters)
    unknown = [parameter.name for parameter in config.search.parameters if parameter.name not in known]
    if known and unknown and (len(unknown) == len(own) or not own.issuperset(run.manifest.parameters)):
        raise UserError(
            f"{config.file}: is not the config of {run.folder}, whose backtests have {', '.join(sorted(known))}; "
            f"unknown to them: {', '.join(unknown)}",
            "name the config of the strategy that was run",
        )


def recognised(database: Database, run: RunFolder) -> RunFolder:
    """The run with its stored identity where its manifest is lost, as when a disk or a power cut took it."""
    if not run.manifest.is_derived:
        return run
    ids = [folder.name for output in run.outputs for folder in guid_folders(output.folder)]
    with database.transaction():
        known = run_of_backtests(database, ids) if ids else None
    return run if known is None else replace(run, manifest=replace(run.manifest, run_uuid=known))
