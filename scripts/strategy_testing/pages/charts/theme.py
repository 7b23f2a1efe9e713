"""What all pictures have in common: colours, formats, names, axes of days.

Colours are those of the page's style sheet, so that they follow light and dark; numbers stand in the tooltips.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from strategy_testing.metrics.catalogue import Unit

FORMATS = {Unit.COUNT: ",.0f", Unit.RATIO: ".2f", Unit.FRACTION: ".1%", Unit.DOLLARS: "$,.0f", Unit.DAYS: ",.0f"}
PASSED, REJECTED, FAILED, UNJUDGED = "passed", "rejected", "failed", "not judged"
ABOVE, BELOW, WITHIN, BEYOND = "above 0", "below 0", "within the limit", "beyond the limit"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))
HELD_COLOUR = "var(--held)"
HELD = "Buy and hold"
"""The name of the curve with which others are compared."""
LOOKS = {
    PASSED: "var(--passed)", REJECTED: "var(--muted)", FAILED: "var(--failed)", UNJUDGED: "var(--muted)",
    ABOVE: "var(--passed)", BELOW: "var(--failed)", WITHIN: "var(--series-1)", BEYOND: "var(--failed)",
}  # fmt: skip
INK, SOFT, LINE = "var(--ink)", "var(--soft)", "var(--line)"
DAY = {"field": "day", "type": "temporal"}

CONFIG: Mapping[str, Any] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT, "titleColor": SOFT, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 130,
    },
    "legend": {
        "labelColor": INK, "titleColor": SOFT, "labelFontSize": 12, "titleFontSize": 12,
        "titleFontWeight": "normal", "orient": "top", "symbolStrokeWidth": 3, "labelLimit": 260,
    },
    "text": {"fill": INK, "fontSize": 12},
    "scale": {"bandPaddingInner": 0.06},
}  # fmt: skip
"""Of all charts of a page."""


def time_axis(first: str, last: str) -> dict[str, Any]:
    """Ticks that name the year where there are several, else the months."""
    years = (date.fromisoformat(last) - date.fromisoformat(first)).days / 365.25
    step = (
        {"interval": "year", "step": max(1, round(years / 12))}
        if years > 4
        else {"interval": "month", "step": 6 if years > 1.5 else 3 if years > 0.7 else 1}
    )
    return {"grid": False, "tickCount": step, "format": "%Y" if years > 4 else "%b %Y", "labelOverlap": True}
