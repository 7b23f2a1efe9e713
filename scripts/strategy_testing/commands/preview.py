"""What would run, and what it would take: --dry-run, and the looks at each config of a batch before it runs."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from strategy_testing.commands.cli import load_config
from strategy_testing.commands.estimate import estimate_for, verdict
from strategy_testing.commands.settings import Settings, workspace_of
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.console import answer, shown_path, tell
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import run_costs
from strategy_testing.errors import DatabaseError, ExitCode, UserError
from strategy_testing.fees.estimate import MissingAssumptions
from strategy_testing.files import folder_bytes
from strategy_testing.lean.concurrency import default_concurrency
from strategy_testing.lean.process import lean_command
from strategy_testing.report.outlook import ASSUMED_MEGABYTES, Outlook, PreviewLine, in_all, outlook_table
from strategy_testing.runs.engine import engine_rule, usual_time
from strategy_testing.runs.first_backtest import after_first, first_command
from strategy_testing.runs.plan import LeanSetup, plan_run, shown_script

if TYPE_CHECKING:
    from strategy_testing.config.batch import BatchConfig

_MEGABYTE = 10**6
_UNKNOWN = "n/a"


def dry_run(config: OptimizationConfig, settings: Settings) -> ExitCode:
    """Prints what would run, and does nothing else."""
    try:
        lean = lean_command(os.environ)
    except UserError as error:
        tell(f"warning: {error}")
        lean = ("lean",)
    from strategy_testing.runs.walk_forward import follows, in_sample_config  # noqa: PLC0415 - slow to import

    setup = LeanSetup(workspace_of(settings), lean, default_concurrency(), is_cold=settings.cold)
    cut = config.walk_forward
    plan = plan_run(config if cut is None else in_sample_config(config, cut), setup, datetime.now(UTC))
    first = first_command(plan, with_pilot=not settings.no_pilot)
    answer(shown_script(plan) if first is None else shown_script(after_first(plan), [first]))
    if cut is not None:
        answer(f"# then {follows(config, cut)}")
    return ExitCode.OK


def preview_each(
    batch: "BatchConfig", settings: Settings, preview: Callable[[OptimizationConfig, Settings], ExitCode]
) -> ExitCode:
    """Previews config after config, each under a heading; one that cannot run does not keep the others from it.

    Args:
        batch: whose configs.
        settings: for each of them.
        preview: of one config, such as dry_run.
    """
    codes = []
    for file in batch.configs:
        answer(f"# {shown_path(file)}")
        try:
            codes.append(preview(load_config(file), settings))
        except UserError as error:
            answer("# cannot run: " + str(error).replace("\n", "\n# "))
            codes.append(error.exit_code)
    return _first_to_stop(codes)


def estimate_batch(database: Database, batch: "BatchConfig", settings: Settings) -> ExitCode:
    """Prints what each config of a batch would take and pay, and all of them together."""
    looks = [_look_at(database, file, settings) for file in batch.configs]
    lines = [line for line, _ in looks]
    outlooks = [line.outlook for line in lines if line.outlook is not None]
    answer(outlook_table(lines))
    if any(outlook.is_disk_assumed for outlook in outlooks):
        tell(f"disk: {ASSUMED_MEGABYTES} MB a backtest assumed for strategies without an earlier run on disk")
    answer(in_all(outlooks))
    return _first_to_stop([code for _, code in looks])


def outlook_of(database: Database, config: OptimizationConfig, settings: Settings) -> Outlook:
    """What a config would take by what the strategy's earlier runs took; nothing is reused of them.

    Raises:
        UserError: its engines cannot be as it asks.
    """
    backtests = config.backtests
    with database.transaction():
        costs = run_costs(database, config.strategy.name)
    rule = engine_rule(config, workspace_of(settings), is_cold=settings.cold)
    usual = usual_time(costs, rule.engine(backtests))
    kept = next((cost for cost in costs if cost.folder.is_dir()), None)
    each = ASSUMED_MEGABYTES if kept is None else Decimal(folder_bytes(kept.folder)) / _MEGABYTE / kept.backtests
    return Outlook(
        backtests,
        None if backtests is None or usual is None else backtests * usual.seconds_each / 60,
        None if backtests is None else backtests * each,
        is_disk_assumed=kept is None,
        is_at_most=usual is not None and usual.is_at_most,
    )


def _look_at(database: Database, file: Path, settings: Settings) -> tuple[PreviewLine, ExitCode]:
    try:
        config = load_config(file)
        strategy, outlook = config.strategy.name, outlook_of(database, config, settings)
        estimate = estimate_for(database, config)
    except DatabaseError:
        raise
    except UserError as error:
        tell(f"{shown_path(file)} cannot run:\n{error}")
        return PreviewLine(_UNKNOWN, file, f"cannot run: {error.cause.splitlines()[0]}"), error.exit_code
    if isinstance(estimate, MissingAssumptions):
        return PreviewLine(strategy, file, str(estimate), None, outlook), ExitCode.CANNOT_ESTIMATE
    code = ExitCode.STOP_AND_REVISE if estimate.exceeds_limit else ExitCode.OK
    return PreviewLine(strategy, file, verdict(estimate), estimate.fee_pct, outlook), code


def _first_to_stop(codes: Sequence[ExitCode]) -> ExitCode:
    """The lowest code that is not OK: the codes stand in the order in which a run would fail."""
    return min((code for code in codes if code is not ExitCode.OK), default=ExitCode.OK)
