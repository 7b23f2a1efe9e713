"""A walk-forward analysis as people read it."""

from collections.abc import Mapping
from decimal import Decimal

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.walk_forward import DecidedWindow
from strategy_testing.verdict.walk_forward_summary import StoredWindows


def analysis_story(stored: StoredWindows) -> list[str]:
    """What happened, a line each: the windows, their days together, why it does not pass, what to trade next."""
    figures = stored.decided.figures
    lines = [_window(each) for each in stored.windows]
    if figures.days:
        lines.append(
            f"stitched: {len(figures.days)} days, {_share(figures.annual_return)} a year, "
            f"Sharpe {_ratio(figures.sharpe)} (t {_ratio(figures.t_statistic)}), "
            f"drawdown {_share(figures.max_drawdown)}, {figures.trades} trades; {_share(figures.profitable)} of the "
            f"windows profitable, {_share(figures.beat_benchmark)} above buy-and-hold"
        )
        moved = [
            f"{name} {'n/a' if drift.steps is None else _ratio(drift.steps)} steps ({_counts(drift.values)})"
            for name, drift in figures.drift.items()
        ]
        lines += [f"drift from window to window: {', '.join(moved)}"] if moved else []
    if figures.rank_correlation is not None:
        lines.append(f"rank correlation of in-sample and out-of-sample: {_ratio(figures.rank_correlation)}")
    lines += [f"not passed: {reason}" for reason in stored.decided.reasons if stored.summary.meets_criteria is False]
    if stored.status is RunStatus.COMPLETED or stored.status is RunStatus.PARTIAL:
        following = stored.next_parameters
        lines.append(f"to trade next: {_values(following) if following else 'nothing; ' + stored.windows[-1].reason}")
    if stored.status is not RunStatus.COMPLETED:
        lines.append(f"walk-forward analysis {stored.id} {stored.status}: {stored.message}")
    return lines


def _window(each: DecidedWindow) -> str:
    """`window 1, 2014-01-01 to 2014-12-31: rsi_period=14: Sharpe 0.59 in-sample, 0.85 out-of-sample`."""
    where = f"window {each.window.number}, {each.window.out_of_sample}"
    if each.parameters is None:
        return f"{where}: {each.reason}"
    inside = each.inside.result.sharpe_ratio if each.inside else None
    outside = each.outside.result.sharpe_ratio if each.outside else None
    return f"{where}: {_values(each.parameters)}: Sharpe {_ratio(inside)} in-sample, {_ratio(outside)} out-of-sample"


def _values(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))


def _counts(values: Mapping[str, int]) -> str:
    return ", ".join(f"{value}: {count}×" for value, count in values.items())


def _ratio(value: Decimal | None) -> str:
    return "n/a" if value is None else format_value(value, Unit.RATIO)


def _share(value: Decimal | None) -> str:
    return "n/a" if value is None else format_value(value, Unit.FRACTION)
