"""An import as people read it: the story of each run, the summary as the last line, the exit code."""

from collections.abc import Sequence

from strategy_testing.console import shown_path
from strategy_testing.errors import ExitCode
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value, number_of
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import Comparison, ImportedRun, combined


def story(imported: ImportedRun) -> list[str]:
    """What happened, a line each."""
    lines = [f"not imported: {skipped}" for skipped in imported.skipped]
    counts = f"{number_of(imported.backtests, 'backtest')} of {number_of(imported.combinations, 'combination')}"
    counts += f", {imported.reused} taken from earlier runs" if imported.reused else ""
    skipped = len(imported.skipped)
    left_out = f", {skipped} {'entry' if skipped == 1 else 'entries'} not imported" if skipped else ""
    lines.append(f"imported {counts} from {shown_path(imported.folder)}{left_out}")
    if imported.engine_checked is not None:
        lines.append(f"engine: warm, checked: {imported.engine_checked} of {imported.combinations}")
    if imported.fees:
        lines += [str(imported.fees), *([said] if (said := imported.fees.orders_said) else [])]
    lines += [f"warning: {warning}" for warning in imported.warnings]
    if imported.summary.completed and not imported.is_part:
        lines.append(_beside_the_benchmark(imported.comparison, imported.summary.passed or 0))
    lines += [str(imported.luck)] if imported.luck else []
    if imported.is_still_running:
        lines.append("the run is still running; its status is left to its runner")
    elif imported.outcome.status is not RunStatus.COMPLETED:
        lines.append(f"{imported.outcome.status}: {imported.outcome.message}")
    return lines


def _beside_the_benchmark(comparison: Comparison, passed: int) -> str:
    held, best = comparison.held, comparison.best_excess
    if held is None:
        return f"buy and hold: not known, {comparison.why_not}"
    sharpe = "n/a" if held.sharpe is None else format_value(held.sharpe, Unit.RATIO)
    excess = "no trade to compare" if best is None else f"best excess: {format_value(best, Unit.FRACTION)} a year"
    if passed:
        excess += f", {comparison.passing_above or 'none'} of the {passed} that pass above it"
    return (
        f"buy and hold of {held.name} over the same days: {format_value(held.annual_return, Unit.FRACTION)} a year, "
        f"Sharpe {sharpe}, drawdown {format_value(held.max_drawdown, Unit.FRACTION)}; {excess}"
    )


def summaries(runs: Sequence[ImportedRun]) -> list[str]:
    """A line for each of several runs, and the summary over all as the last line."""
    each = [f"{shown_path(imported.folder)}: {imported.summary}" for imported in runs] if len(runs) > 1 else []
    return [*each, str(combined([imported.summary for imported in runs]))]


def exit_code(runs: Sequence[ImportedRun]) -> ExitCode:
    """The runs' own code, PARTIAL where they differ; a run that still runs does not count."""
    codes = {imported.outcome.exit_code for imported in runs if not imported.is_still_running}
    return ExitCode.PARTIAL if len(codes) > 1 else next(iter(codes), ExitCode.OK)
