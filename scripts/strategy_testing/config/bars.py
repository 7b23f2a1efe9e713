"""The bars that a backtest has to clear: LEAN's constraints, and the success criteria."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from strategy_testing.config.findings import Findings
from strategy_testing.config.model import Bound, Constraint, Criterion
from strategy_testing.config.schema_validation import shown, suggestion
from strategy_testing.config.yaml_source import YamlPath, lean_decimal
from strategy_testing.metrics.catalogue import METRICS, Metric, Unit, criterion_metric, criterion_names
from strategy_testing.metrics.directions import better_direction
from strategy_testing.metrics.lean_names import UnknownMetricError, optimizer_path
from strategy_testing.walk_forward.criteria import CRITERIA

_OPERATORS = (">", "<", ">=", "<=", "==", "!=")


def check_metric(findings: Findings, path: YamlPath, name: str) -> bool:
    """Whether LEAN's optimizer can compare a metric; notes the mistake where it cannot."""
    try:
        optimizer_path(name)
    except UnknownMetricError as error:
        findings.problem(path, str(error))
        return False
    return True


def doubt_about_direction(target_metric: str, direction: str) -> str | None:
    """Why an optimization would look for the worst of its combinations; None where it does not."""
    path = optimizer_path(target_metric).lower()
    metric = next((known for known in METRICS if known.lean_path and known.lean_path.lower() == path), None)
    better = better_direction(metric) if metric else None
    if metric is None or better in (None, direction):
        return None
    what = "larger" if better == "max" else "smaller"
    return (
        f"{direction} looks for the worst: a {what} {metric.label.lower()} is better; write {better} unless it is meant"
    )


def read_constraints(findings: Findings, texts: Sequence[Any]) -> tuple[Constraint, ...]:
    """What stands in optimization.constraints, but for what is no constraint."""
    found = (_constraint(findings, index, text) for index, text in enumerate(texts) if isinstance(text, str))
    return tuple(constraint for constraint in found if constraint is not None)


def _constraint(findings: Findings, index: int, text: str) -> Constraint | None:
    path = ("optimization", "constraints", index)
    parts = text.rsplit(maxsplit=2)
    if len(parts) != 3 or parts[1] not in _OPERATORS:
        signs = " ".join(_OPERATORS)
        findings.problem(path, f'{shown(text)} is no constraint; write "METRIC OPERATOR NUMBER" with one of {signs}')
        return None
    value = lean_decimal(parts[2])
    if value is None:
        hint = "write a fraction, 0.15 for 15 %" if parts[2].endswith("%") else "write a number"
        findings.problem(path, f"{shown(parts[2])} is not a number; {hint}")
        return None
    metric = " ".join(parts[0].split())
    if not check_metric(findings, path, metric):
        return None
    compared = optimizer_path(metric).lower()
    for known in METRICS:
        if known.lean_path and known.lean_path.lower() == compared and (trouble := _not_a_fraction(known, value)):
            findings.problem(path, trouble)
            return None
    return Constraint(metric, parts[1], value)


def read_criteria(findings: Findings) -> tuple[Criterion, ...]:
    """The section success_criteria."""
    criteria: list[Criterion] = []
    for name, threshold in findings.sound(findings.section("success_criteria"), "success_criteria").items():
        if name in CRITERIA:  # of a walk-forward analysis, which reads them
            continue
        path = ("success_criteria", name)
        bound = name.split("_", 1)[0]
        metric = criterion_metric(name[4:]) if bound in ("min", "max") and name[3:4] == "_" else None
        if metric is None:
            findings.problem(path, f"unknown criterion, {_criterion_hint(name)}")
            continue
        limit = Decimal(threshold)
        trouble = _not_a_fraction(metric, limit) or _wrong_sign(metric, bound, limit)
        if trouble := trouble or _not_whole(metric, bound, limit):
            findings.problem(path, trouble)
            continue
        if metric.column == "drawdown_recovery_days" and bound == "max":
            findings.warning(
                path,
                "counts only drawdowns that recovered, so that one which never did passes; "
                "max_time_under_water counts an open one too",
            )
        criteria.append(Criterion(name, metric, Bound(bound), Decimal(threshold)))
    _check_contradictions(findings, criteria)
    return tuple(criteria)


def _check_contradictions(findings: Findings, criteria: list[Criterion]) -> None:
    seen: dict[tuple[str, Bound], Criterion] = {}
    for criterion in criteria:
        column = criterion.metric.column
        same = seen.get((column, criterion.bound))
        if same is not None:
            findings.problem(("success_criteria", criterion.name), f"means the same as {same.name}; keep one of them")
        seen[column, criterion.bound] = criterion
    for (column, bound), lower in seen.items():
        upper = seen.get((column, Bound.MAX))
        if bound is Bound.MIN and upper is not None and lower.threshold > upper.threshold:
            findings.problem(
                ("success_criteria", lower.name),
                f"{lower.threshold} is above {upper.name} {upper.threshold}, so nothing could pass; fix one",
            )


def _not_a_fraction(metric: Metric, limit: Decimal) -> str | None:
    """What is wrong with a limit that its metric, a fraction between 0 and 1, can never reach."""
    if not metric.bounded_by_one or 0 <= limit <= 1:
        return None
    if limit < 0:
        return f"{limit} is below 0, which {metric.label.lower()} never is; write a fraction, 0.15 for 15 %"
    return f"{limit} is not a fraction; write {(limit / 100).normalize():f} for {limit} %"


def _wrong_sign(metric: Metric, bound: str, limit: Decimal) -> str | None:
    """What is wrong with a limit that a number which is never positive keeps always, or never."""
    if not metric.is_never_positive or limit <= 0:
        return None
    name = metric.criterion_names[0]
    label = metric.label.lower()
    always = "nothing could fail" if bound == "max" else "nothing could pass"
    return f"{limit} is above 0, which LEAN's {label} never is, so {always}; write min_{name}: -{limit}"


def _not_whole(metric: Metric, bound: str, limit: Decimal) -> str | None:
    """What is wrong with a limit on a count that lies between two counts."""
    if metric.unit is not Unit.COUNT or limit == limit.to_integral_value():
        return None
    means = limit.to_integral_value(ROUND_CEILING if bound == "min" else ROUND_FLOOR)
    return f"{limit} is not a whole number; write {means}"


def _criterion_hint(name: str) -> str:
    if name.startswith(("min_", "max_")):
        return suggestion(name, [known for known in (*criterion_names(), *CRITERIA) if known.startswith(name[:4])])
    return "criteria begin with min_ or max_, such as min_sharpe"
