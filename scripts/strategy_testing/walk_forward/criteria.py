"""The success criteria of a whole analysis. Pure: figures in, reasons out.

A new criterion is a line in CRITERIA, a key in the config's format and a sentence in its documents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value

if TYPE_CHECKING:
    from strategy_testing.walk_forward.analysis import Analysis

_MOST_DECIMALS = 6


@dataclass(frozen=True)
class AnalysisCriterion:
    """One key of success_criteria that the windows together have to meet."""

    name: str
    figure: str
    """The attribute of Analysis."""
    label: str
    unit: Unit
    is_minimum: bool = True
    why_unknown: str = "no out-of-sample backtest has a result"

    @property
    def is_share(self) -> bool:
        """Whether a threshold lies between 0 and 1."""
        return self.name in ("min_profitable_windows", "max_oos_drawdown")


CRITERIA: Mapping[str, AnalysisCriterion] = {
    each.name: each
    for each in (
        AnalysisCriterion(
            "min_walk_forward_efficiency", "efficiency", "Walk-forward efficiency", Unit.FRACTION,
            why_unknown="the in-sample return is not above 0, or no window has both results",
        ),
        AnalysisCriterion(
            "min_oos_sharpe", "sharpe", "Out-of-sample Sharpe ratio", Unit.RATIO,
            why_unknown="the out-of-sample days do not vary",
        ),
        AnalysisCriterion("min_profitable_windows", "profitable", "Profitable windows", Unit.FRACTION),
        AnalysisCriterion(
            "max_oos_drawdown", "max_drawdown", "Out-of-sample drawdown", Unit.FRACTION, is_minimum=False
        ),
        AnalysisCriterion("min_oos_trades", "trades", "Out-of-sample trades", Unit.COUNT),
    )
}  # fmt: skip
"""By name."""


def reasons_against(analysis: "Analysis", thresholds: Mapping[str, Decimal]) -> list[str]:
    """Why an analysis does not pass: `Out-of-sample drawdown too high: 24.1% > 20.0%`; the threshold itself passes.

    Args:
        analysis: the figures.
        thresholds: by the names in CRITERIA.
    """
    found = (
        _reason(CRITERIA[name], getattr(analysis, CRITERIA[name].figure), limit) for name, limit in thresholds.items()
    )
    return [reason for reason in found if reason is not None]


def _reason(criterion: AnalysisCriterion, value: Decimal | int | None, limit: Decimal) -> str | None:
    if value is None:
        return f"{criterion.label} not known: {criterion.why_unknown}, {criterion.name} cannot be checked"
    value = Decimal(value)
    if criterion.is_minimum and value < limit:
        return f"{criterion.label} too low: {_compared(value, '<', limit, criterion.unit)}"
    if not criterion.is_minimum and value > limit:
        return f"{criterion.label} too high: {_compared(value, '>', limit, criterion.unit)}"
    return None


def _compared(value: Decimal, sign: str, limit: Decimal, unit: Unit) -> str:
    """Both with as many decimals as it takes to tell them apart."""
    for decimals in (None, *range(2, _MOST_DECIMALS)):
        left, right = (
            format_value(number, unit) if decimals is None else format_value(number, unit, decimals)
            for number in (value, limit)
        )
        if left != right:
            return f"{left} {sign} {right}"
    return f"{value} {sign} {limit}"
