"""Pictures over days: curves, and spans."""

from collections.abc import Mapping, Sequence
from typing import Any

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.pages.charts.theme import DAY, FORMATS, HELD, HELD_COLOUR, SERIES, SOFT, time_axis
from strategy_testing.pages.model import Spec


def lines(
    days: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    title: str,
    unit: Unit,
    *,
    is_area: bool = False,
    level: float | None = None,
) -> Spec:
    """Curves over days; a line follows the pointer and shows all of them.

    Args:
        days: ISO dates.
        series: one value a day, None where there is none; the names are ours, because Vega reads them as paths.
        title: of the values.
        unit: of the values.
        is_area: whether the room between a curve and 0 is filled.
        level: where a line lies that is of interest, such as 0.
    """
    names = list(series)
    colours = [HELD_COLOUR if name == HELD else SERIES[number % len(SERIES)] for number, name in enumerate(names)]
    value = {"field": "value", "type": "quantitative", "title": title, "axis": {"format": FORMATS[unit]}}
    scale = {"domain": names, "range": colours}
    legend = None if len(names) == 1 else {"title": None, "columns": 3}
    colour = {"field": "series", "type": "nominal", "scale": scale, "legend": legend, "sort": None}
    drawn: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "opacity": 0.25, "line": {"strokeWidth": 1.6}} if is_area else "line",
            "encoding": {
                "y": value | {"scale": {"zero": is_area}, "stack": None},
                "color": colour,
                "strokeWidth": {"condition": {"test": f"datum.series === '{HELD}'", "value": 2.4}, "value": 1.5},
            },
        }
    ]
    if level is not None:
        drawn.append(
            {"mark": {"type": "rule", "color": SOFT, "strokeDash": [4, 3]}, "encoding": {"y": {"datum": level}}}
        )
    shown = [{"field": name, "type": "quantitative", "format": FORMATS[unit], "title": name} for name in names]
    drawn.append(
        {
            "transform": [{"pivot": "series", "value": "value", "groupby": ["day"]}],
            "mark": {"type": "rule", "color": SOFT},
            "params": [
                {
                    "name": "under",
                    "select": {
                        "type": "point", "fields": ["day"], "nearest": True, "on": "pointerover",
                        "clear": "pointerout",
                    },
                }
            ],
            "encoding": {
                "opacity": {"condition": {"param": "under", "empty": False, "value": 0.8}, "value": 0},
                "tooltip": [DAY | {"format": "%Y-%m-%d", "title": "Day"}, *shown],
            },
        }
    )  # fmt: skip
    return {
        "usermeta": {"days": list(days), "series": {name: list(values) for name, values in series.items()}},
        "data": {"values": [], "format": {"parse": {"day": "date:'%Y-%m-%d'"}}},
        "width": "container",
        "height": 180 if is_area else 280,
        "encoding": {"x": DAY | {"title": None, "axis": time_axis(days[0], days[-1])}},
        "layer": drawn,
    }


def periods(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Spec:
    """Spans of days, a row for each window.

    Args:
        rows: window, what (in-sample or out-of-sample), from, to (ISO dates) and sharpe (text).
        names: of the windows, in their order.
    """
    axis = time_axis(min(row["from"] for row in rows), max(row["to"] for row in rows)) | {"grid": True}
    colours = {"domain": ["in-sample", "out-of-sample"], "range": [SERIES[0], SERIES[1]]}
    return {
        "data": {
            "values": list(rows),
            "format": {"parse": {"from": "date:'%Y-%m-%d'", "to": "date:'%Y-%m-%d'"}},
        },
        "width": "container",
        "height": 34 * len(names),
        "mark": {"type": "bar", "cornerRadius": 3, "height": {"band": 0.6}},
        "encoding": {
            "x": {"field": "from", "type": "temporal", "title": None, "axis": axis},
            "x2": {"field": "to"},
            "y": {"field": "window", "type": "ordinal", "title": None, "sort": list(names)},
            "color": {
                "field": "what", "type": "nominal", "scale": colours,
                "legend": {"title": None, "symbolType": "square"},
            },
            "tooltip": [
                {"field": "window", "title": "Window", "type": "nominal"},
                {"field": "what", "title": "Part", "type": "nominal"},
                {"field": "from", "title": "From", "type": "temporal", "format": "%Y-%m-%d"},
                {"field": "to", "title": "To", "type": "temporal", "format": "%Y-%m-%d"},
                {"field": "sharpe", "title": "Sharpe ratio", "type": "nominal"},
            ],
        },
    }  # fmt: skip
