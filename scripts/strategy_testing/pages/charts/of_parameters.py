"""Pictures of what parameters do: each by itself, each pair, all at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.pages.charts.theme import FORMATS, INK, LOOKS, PASSED, REJECTED, SERIES, SOFT, UNJUDGED
from strategy_testing.pages.model import Spec

_ON_DARK, _ON_LIGHT = "#ffffff", "#000000"
_IS_LIGHT = "luminance(scale('color', datum.value)) > 0.179"
"""Whether black can be read better on a cell than white: there each has a contrast of 4.58."""
_MOST_LABELLED_COLUMNS = 12


def heatmap(
    rows: Sequence[Mapping[str, Any]],
    across: tuple[str, Sequence[str]],
    down: tuple[str, Sequence[str]],
    label: str,
    unit: Unit,
    *,
    domain: tuple[float, float],
) -> Spec:
    """Two parameters against each other, with the value as colour and as text.

    Args:
        rows: across, down, value and count.
        across: name and values of the parameter whose values stand beside each other.
        down: name and values of the other.
        label: of the value.
        unit: of the value.
        domain: the lowest and the highest value of any heatmap that it is compared with.
    """
    low, high = domain
    axes = {
        place: {
            "field": place, "type": "ordinal", "title": name, "sort": list(values),
            "axis": {"labelAngle": 0, "labelOverlap": True},
        }
        for place, (name, values) in (("x", across), ("y", down))
    }  # fmt: skip
    tooltip = [
        {"field": "x", "title": across[0], "type": "nominal"},
        {"field": "y", "title": down[0], "type": "nominal"},
        {"field": "value", "title": label, "type": "quantitative", "format": FORMATS[unit]},
        {"field": "count", "title": "Combinations", "type": "quantitative"},
    ]
    colour = {
        "field": "value", "type": "quantitative", "legend": None,
        "scale": {"scheme": "viridis", "domain": [low, high]},
    }  # fmt: skip
    layers: list[dict[str, Any]] = [{"mark": "rect", "encoding": {"color": colour}}]
    if len(across[1]) <= _MOST_LABELLED_COLUMNS:
        ink = {
            "condition": {"test": _IS_LIGHT, "value": _ON_LIGHT},
            "value": _ON_DARK,
        }
        text = {"field": "value", "type": "quantitative", "format": FORMATS[unit]}
        layers.append({"mark": "text", "encoding": {"text": text, "fill": ink}})
    height = min(420, max(90, 34 * len(down[1])))
    return {
        "data": {"values": list(rows)}, "width": "container", "height": height, "encoding": axes | {"tooltip": tooltip},
        "layer": layers,
    }  # fmt: skip


def ranges(rows: Sequence[Mapping[str, Any]], name: str, values: Sequence[str], label: str, unit: Unit) -> Spec:
    """For each value of a parameter the worst, the middle half, the median and the best.

    Args:
        rows: value, low, lower, middle, upper, high and count.
        name: of the parameter.
        values: in their order.
        label: of what is measured.
        unit: of what is measured.
    """
    across = {"field": "value", "type": "ordinal", "title": name, "sort": list(values), "axis": {"labelAngle": 0}}
    shown = (
        ("high", "Best"), ("upper", "Upper quartile"), ("middle", "Median"), ("lower", "Lower quartile"),
        ("low", "Worst"),
    )  # fmt: skip
    tooltip = [{"field": "value", "title": name, "type": "nominal"}] + [
        {"field": field, "title": title, "type": "quantitative", "format": FORMATS[unit]} for field, title in shown
    ]
    tooltip.append({"field": "count", "title": "Combinations", "type": "quantitative"})

    def axis(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "title": label, "axis": {"format": FORMATS[unit]}}

    return {
        "data": {"values": list(rows)},
        "width": "container",
        "height": 200,
        "encoding": {"x": across, "tooltip": tooltip},
        "layer": [
            {
                "mark": {"type": "rule", "color": SOFT},
                "encoding": {"y": axis("low") | {"scale": {"zero": False}}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "bar", "color": SERIES[0], "opacity": 0.55, "width": {"band": 0.5}},
                "encoding": {"y": axis("lower"), "y2": {"field": "upper"}},
            },
            {
                "mark": {"type": "tick", "color": INK, "thickness": 2.5, "width": {"band": 0.5}},
                "encoding": {"y": axis("middle")},
            },
            {
                "mark": {"type": "line", "color": INK, "strokeWidth": 1, "strokeDash": [3, 3]},
                "encoding": {"y": axis("middle")},
            },
        ],
    }


def parallel(rows: Sequence[Mapping[str, Any]], axes: Sequence[str], marks: Sequence[Mapping[str, Any]]) -> Spec:
    """Each combination as a line that crosses all parameters and ends at the target.

    Args:
        rows: combination, verdict, axis, at (0 to 1) and text.
        axes: in their order.
        marks: the values that stand at the axes: axis, at and text.
    """
    across = {
        "field": "axis", "type": "nominal", "sort": list(axes), "title": None,
        "axis": {"labelAngle": 0, "domain": False, "ticks": False, "grid": True, "labelPadding": 8,
                 "labelExpr": "split(datum.label, '_')"},
        "scale": {"type": "point", "padding": 0.35},
    }  # fmt: skip
    up = {"field": "at", "type": "quantitative", "axis": None, "scale": {"domain": [0, 1]}}
    verdicts = [look for look in (REJECTED, UNJUDGED, PASSED) if any(row["verdict"] == look for row in rows)]
    scale = {"domain": verdicts, "range": [LOOKS[look] for look in verdicts]}
    is_passed = {"test": f"datum.verdict === '{PASSED}'"}
    tooltip = [
        {"field": "combination", "title": "Combination", "type": "nominal"},
        {"field": "verdict", "title": "Verdict", "type": "nominal"},
    ]
    return {
        "width": "container",
        "height": 260,
        "layer": [
            {
                "data": {"values": list(rows)},
                "mark": {"type": "line", "interpolate": "monotone"},
                "encoding": {
                    "x": across, "y": up, "detail": {"field": "combination", "type": "nominal"}, "tooltip": tooltip,
                    "color": {"field": "verdict", "type": "nominal", "scale": scale, "legend": {"title": None}},
                    "opacity": {"condition": is_passed | {"value": 0.95}, "value": 0.35},
                    "strokeWidth": {"condition": is_passed | {"value": 2}, "value": 1.2},
                },
            },
            {
                "data": {"values": list(marks)},
                "mark": {
                    "type": "text", "align": "left", "dx": 6, "dy": -7, "fill": INK, "fontWeight": "bold",
                },
                "encoding": {"x": across, "y": up, "text": {"field": "text", "type": "nominal"}},
            },
        ],
    }  # fmt: skip
