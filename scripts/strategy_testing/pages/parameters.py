"""What the parameters do to the target: each by itself, each pair, and all at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from statistics import median, quantiles
from typing import TypeVar

from strategy_testing.metrics.figures import format_value
from strategy_testing.pages.charts.of_parameters import heatmap, parallel, ranges
from strategy_testing.pages.combinations import verdict_of
from strategy_testing.pages.model import Chart, Group, Part, Words
from strategy_testing.pages.reading import Row, RunFacts

_T = TypeVar("_T")
_OPEN_PAIRS = 3
_MOST_LINES = 240
_MOST_MARKS = 12


def sensitivity(facts: RunFacts) -> Iterator[Part]:
    """How the target moves with each parameter, whatever the others are."""
    if (why := _nothing(facts)) is not None:
        yield Words(why)
        return
    best, worst = ("lowest", "highest") if facts.smaller_is_better else ("highest", "lowest")
    yield Words(
        f"For each value: the {best} and the {worst} {facts.target_label} as the ends of the line, the middle half as "
        "the bar, the median as the stroke. Where the strokes lie level, the parameter matters little.",
        "note",
    )
    yield Group("", [_sensitivity(facts, name, number) for number, name in enumerate(facts.varied)])


def _sensitivity(facts: RunFacts, name: str, number: int) -> Chart:
    rows = []
    by_value: dict[str, list[float]] = defaultdict(list)
    for row in facts.traded:
        if name in row["parameters"]:
            by_value[row["parameters"][name]].append(_target(row))
    for value in facts.values(name):
        if found := by_value[value]:
            lower, middle, upper = quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
            ends = (max(found), min(found)) if facts.smaller_is_better else (min(found), max(found))
            shown = dict(
                zip(("low", "lower", "middle", "upper", "high"), (ends[0], lower, middle, upper, ends[1]), strict=True)
            )
            rows.append({"value": value, "count": len(found), **shown})
    choose: Callable[..., Mapping[str, float]] = min if facts.smaller_is_better else max
    leading = choose(rows, key=lambda row: row["middle"])
    said = (
        f"The median {facts.target_label} is best at {name} = {leading['value']}: {_shown(facts, leading['middle'])}."
    )
    values = [str(row["value"]) for row in rows]
    spec = ranges(rows, name, values, facts.target_label, facts.target_unit)
    return Chart(f"sensitivity-{number}", said, f"{facts.target_label} by {name}. {said}", spec, is_small=True)


def heatmaps(facts: RunFacts) -> Iterator[Part]:
    """Each pair of parameters: the best, the median and the worst over all others."""
    if (why := _nothing(facts)) is not None:
        yield Words(why)
        return
    if len(facts.varied) < 2:
        yield Words("Only one parameter varies, so that there is no pair to show.")
        return
    ways = _ways(facts)
    if len(ways) > 1:
        others = "the other parameter" if len(facts.varied) == 3 else "the other parameters"
        yield Words(f"A cell holds the best, the median or the worst {facts.target_label} over {others}. A good "
                    "combination in a bad neighbourhood is likelier luck than skill.", "note")  # fmt: skip
    values = [_target(row) for row in facts.traded]
    pairs = list(combinations(facts.varied, 2))
    for number, (first, second) in enumerate(pairs):
        parts = [
            _heatmap(facts, f"heatmap-{number}", (way, pick), (first, second), (min(values), max(values)))
            for way, pick in ways.items()
        ]
        yield Group(f"{first} and {second}", parts, is_folded=number >= _OPEN_PAIRS)


def _ways(facts: RunFacts) -> dict[str, Callable[[Sequence[float]], float]]:
    """The ways to make one value of many; with two parameters there is but one value a cell."""
    best, worst = (min, max) if facts.smaller_is_better else (max, min)
    return {"best": best, "median": median, "worst": worst} if len(facts.varied) > 2 else {"only": best}


def _heatmap(
    facts: RunFacts,
    name: str,
    picked: tuple[str, Callable[[Sequence[float]], float]],
    pair: tuple[str, str],
    domain: tuple[float, float],
) -> Chart:
    way, pick = picked
    cells: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in facts.traded:
        given = row["parameters"]
        if pair[0] in given and pair[1] in given:
            cells[given[pair[0]], given[pair[1]]].append(_target(row))
    rows = [{"x": x, "y": y, "value": pick(found), "count": len(found)} for (x, y), found in cells.items()]
    across, down = ((each, facts.values(each)) for each in pair)
    spec = heatmap(rows, across, down, facts.target_label, facts.target_unit, domain=domain)
    lead = "" if way == "only" else f"{way.capitalize()}: "
    choose: Callable[..., Mapping[str, float]] = min if facts.smaller_is_better else max
    top = choose(rows, key=lambda row: row["value"])
    said = f"highest at {pair[0]} = {top['x']}, {pair[1]} = {top['y']}, with {_shown(facts, top['value'])}"
    said = said.replace("highest", "lowest") if facts.smaller_is_better else said
    return Chart(f"{name}-{way}", f"{lead}{said}", f"{facts.target_label}, {lead}{said}.", spec, is_small=True)


def all_at_once(facts: RunFacts) -> Iterator[Part]:
    """All parameters at once: a line for each combination."""
    if (why := _nothing(facts)) is not None:
        yield Words(why)
        return
    rows = facts.traded
    shown = [*rows[: _MOST_LINES // 2], *_spread(rows[_MOST_LINES // 2 :], _MOST_LINES // 2)]
    values = [_target(row) for row in rows]
    low, high = min(values), max(values)
    places = {name: _places(facts.values(name)) for name in facts.varied}
    lines, axes = [], [*facts.varied, facts.target_label]
    for row in shown:
        same = {"combination": f"{facts.combination(row)}: {_shown(facts, _target(row))}", "verdict": verdict_of(row)}
        given = row["parameters"]
        lines += [same | {"axis": name, "at": places[name][given[name]]} for name in facts.varied if name in given]
        at = 0.5 if high == low else (_target(row) - low) / (high - low)
        lines.append(same | {"axis": facts.target_label, "at": round(at, 4)})
    marks = [
        {"axis": name, "at": at, "text": value}
        for name, known in places.items()
        for value, at in _spread(list(known.items()), _MOST_MARKS)
    ]
    ends = {low: 0.5 if low == high else 0.0, high: 0.5 if low == high else 1.0}
    marks += [{"axis": facts.target_label, "at": at, "text": _shown(facts, value)} for value, at in ends.items()]
    if len(shown) < len(rows):
        yield Words(f"The picture has {len(shown)} of {len(rows)} combinations: half of them are the best ones, "
                    "the others are spread over the rest.", "note")  # fmt: skip
    said = f"{len(shown)} lines across {', '.join(facts.varied)}; each ends at its {facts.target_label}."
    yield Chart("parallel", "Follow the lines that end high: where they gather, a value matters", said,
                parallel(lines, axes, marks))  # fmt: skip


def _nothing(facts: RunFacts) -> str | None:
    """Why there is nothing to show."""
    if not facts.varied:
        return "No parameter varies, so that there is nothing to compare."
    if not facts.traded:
        return f"No combination made a trade and has a {facts.target_label}, so that there is nothing to compare."
    return None


def _target(row: Row) -> float:
    return round(float(row["target_value"]), 6)


def _shown(facts: RunFacts, value: float) -> str:
    return format_value(Decimal(value), facts.target_unit)


def _places(values: Sequence[str]) -> dict[str, float]:
    """Where each value stands between 0 and 1, in their order."""
    if len(values) == 1:
        return {values[0]: 0.5}
    return {value: round(number / (len(values) - 1), 4) for number, value in enumerate(values)}


def _spread(rows: Sequence[_T], most: int) -> list[_T]:
    """At most so many, evenly spread, the first among them."""
    return [rows[number * len(rows) // most] for number in range(most)] if len(rows) > most else list(rows)
