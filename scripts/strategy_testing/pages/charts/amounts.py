"""Pictures of amounts: how often a value occurs, and how large things are beside each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.pages.charts.theme import FAILED, FORMATS, HELD_COLOUR, LOOKS, SERIES, SOFT
from strategy_testing.pages.model import Spec


def histogram(
    rows: Sequence[Mapping[str, Any]],
    curve: Sequence[Mapping[str, float]],
    rules: Sequence[Mapping[str, Any]],
    title: str,
) -> Spec:
    """How many combinations have which value, against a curve, with named lines.

    Args:
        rows: from, to and count.
        curve: x and y, in combinations.
        rules: x and text.
        title: of the value.
    """
    across = {"type": "quantitative", "title": title, "scale": {"zero": False, "nice": False}}
    across |= {"axis": {"grid": False, "tickCount": 8, "format": ".2f"}}
    tooltip = [
        {"field": "from", "title": "From", "type": "quantitative", "format": ".2f"},
        {"field": "to", "title": "To", "type": "quantitative", "format": ".2f"},
        {"field": "count", "title": "Combinations", "type": "quantitative"},
    ]
    up = {"type": "quantitative", "title": "Combinations", "axis": {"tickMinStep": 1}}
    by_name = {"field": "text", "type": "nominal", "legend": {"title": None}, "sort": None}
    names = [str(rule["text"]) for rule in rules]
    colours = [HELD_COLOUR, SERIES[1]][: len(names)]
    return {
        "width": "container",
        "height": 240,
        "layer": [
            {
                "data": {"values": list(rows)},
                "mark": {"type": "bar", "color": SERIES[0], "opacity": 0.7},
                "encoding": {
                    "x": across | {"field": "from"}, "x2": {"field": "to"},
                    "y": up | {"field": "count"}, "y2": {"datum": 0},
                    "tooltip": tooltip,
                },
            },
            {
                "data": {"values": list(curve)},
                "mark": {"type": "line", "color": SOFT, "strokeWidth": 2, "strokeDash": [5, 3], "tooltip": None},
                "encoding": {"x": across | {"field": "x"}, "y": up | {"field": "y"}},
            },
            {
                "data": {"values": list(rules)},
                "mark": {"type": "rule", "strokeWidth": 2.5},
                "encoding": {
                    "x": across | {"field": "x"}, "color": by_name | {"scale": {"domain": names, "range": colours}},
                    "tooltip": [
                        {"field": "text", "title": "What", "type": "nominal"},
                        {"field": "x", "title": title, "type": "quantitative", "format": ".2f"},
                    ],
                },
            },
        ],
    }  # fmt: skip


def bars(rows: Sequence[Mapping[str, Any]], title: str, unit: Unit, limit: tuple[str, float] | None = None) -> Spec:
    """A bar for each thing, from the top down, with a line at a limit.

    Args:
        rows: name, value and look, one of the names of theme.LOOKS.
        title: of the value.
        unit: of the value.
        limit: what it is called, and where it lies.
    """
    names = [row["name"] for row in rows]
    axis = {"format": FORMATS[unit], "tickCount": 6}
    value = {"field": "value", "type": "quantitative", "title": title, "axis": axis}
    looks = list(dict.fromkeys(row["look"] for row in rows))
    scale = {"domain": looks, "range": [LOOKS[look] for look in looks]}
    colour = {
        "field": "look", "type": "nominal", "scale": scale,
        "legend": {"title": None, "symbolType": "square"} if len(looks) > 1 else None,
    }  # fmt: skip
    layers: list[dict[str, Any]] = [
        {
            "mark": "bar",
            "encoding": {
                "x": value, "color": colour,
                "y": {"field": "name", "type": "nominal", "title": None, "sort": names},
                "tooltip": [
                    {"field": "name", "title": "What", "type": "nominal"},
                    {"field": "value", "title": title, "type": "quantitative", "format": FORMATS[unit]},
                ],
            },
        }
    ]  # fmt: skip
    if limit is not None:
        layers.append(
            {
                "data": {"values": [{"what": limit[0], "at": limit[1]}]},
                "mark": {"type": "rule", "color": LOOKS[FAILED], "strokeWidth": 2, "strokeDash": [6, 3]},
                "encoding": {
                    "x": {"field": "at", "type": "quantitative"},
                    "tooltip": [
                        {"field": "what", "title": "Limit", "type": "nominal"},
                        {"field": "at", "title": "At", "type": "quantitative", "format": FORMATS[unit]},
                    ],
                },
            }
        )
    return {"data": {"values": list(rows)}, "width": "container", "height": 30 * len(rows), "layer": layers}
