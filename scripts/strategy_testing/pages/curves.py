"""What daily returns show: equity, drawdowns, rolling Sharpe ratios, months. The arithmetic is pure."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.daily_returns import DailyReturns
from strategy_testing.pages.charts.over_time import lines
from strategy_testing.pages.charts.theme import HELD
from strategy_testing.pages.model import Cell, Chart, Part, Table, Words
from strategy_testing.pages.reading import RunFacts
from strategy_testing.pages.verdict import figure, percent, ratio

Floats = NDArray[np.float64]
_TRADING_DAYS = 252
_WINDOWS = (252, 126, 63)
"""Trading days of a rolling Sharpe ratio; the longest that fits twice into the period is taken."""
_MOST_POINTS = 560
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = (0.0, 0.02, 0.05)
"""Of a month's return, a fraction, by which its cell is coloured."""
NO_RETURNS = (
    "No daily returns are stored: LEAN's large result files were not there when the run was imported, or an older "
    "version imported it. Importing its folder again brings them."
)


@dataclass(frozen=True, eq=False)
class Curves:
    """Returns of several series on the same days; a day that one of them lacks has a return of 0."""

    days: NDArray[np.datetime64]
    returns: Mapping[str, Floats]
    """By the names of the curves."""


def aligned(series: Mapping[str, DailyReturns]) -> Curves:
    """Several series on all days of the first ones' period; what lies outside of it is left out.

    Args:
        series: the first one says which period.
    """
    first = next(iter(series.values())).days
    days = np.unique(np.concatenate([each.days for each in series.values()]))
    days = days[(days >= first[0]) & (days <= first[-1])]
    returns = {}
    for name, each in series.items():
        values = np.zeros(len(days))
        places = np.searchsorted(days, each.days)
        inside = (each.days >= first[0]) & (each.days <= first[-1])
        values[places[inside]] = each.values[inside]
        returns[name] = values
    return Curves(days, returns)


def equity(returns: Floats, start: float) -> Floats:
    """What a capital becomes, day by day."""
    return np.asarray(start * np.cumprod(1 + returns), np.float64)


def under_water(returns: Floats) -> Floats:
    """How far the equity lies below its highest so far, a fraction, 0 or negative."""
    grown = np.concatenate(([1.0], np.cumprod(1 + returns)))
    return grown[1:] / np.maximum.accumulate(grown)[1:] - 1


def rolling_sharpe(returns: Floats, window: int) -> Floats:
    """The annual Sharpe ratio (n - 1) of each day's last so many returns; NaN before, and where nothing moves."""
    found = np.full(len(returns), np.nan)
    if len(returns) >= window:
        views = np.lib.stride_tricks.sliding_window_view(returns, window)
        spread = views.std(axis=1, ddof=1)
        moves = spread > 1e-12
        mean = views.mean(axis=1)
        found[window - 1 :][moves] = mean[moves] / spread[moves] * math.sqrt(_TRADING_DAYS)
    return found


def by_month(days: NDArray[np.datetime64], returns: Floats) -> dict[tuple[int, int], float]:
    """The return of each year and month, a fraction."""
    grown: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    months = days.astype("datetime64[M]").astype(int)
    for number, value in zip(months.tolist(), returns.tolist(), strict=True):
        grown[1970 + number // 12, number % 12 + 1] *= 1 + value
    return {month: value - 1 for month, value in grown.items()}


def of_run(facts: RunFacts) -> Curves | None:
    """The best combinations' returns beside those of buy-and-hold; None where none is stored."""
    if not facts.curves:
        return None
    named = {_name(place): returns for place, returns in enumerate(facts.curves.values())}
    if facts.held is not None:
        named[HELD] = facts.held
    return aligned(named)


def _name(place: int) -> str:
    return "Best" if place == 0 else f"No. {place + 1}"


def curve_section(facts: RunFacts) -> Iterator[Part]:
    """Equity and drawdowns of the best ones against buy-and-hold."""
    curves = of_run(facts)
    if curves is None:
        yield Words(
            NO_RETURNS if facts.completed else "No backtest ran to its end, so that there is no equity to show."
        )
        return
    rows = {row["id"]: row for row in facts.results}
    best = [rows[number] for number in facts.curves]
    start = float(best[0]["start_equity"] or 1)
    if facts.held is None:
        yield Words("Buy-and-hold is missing: the days of a benchmark are not known for this run.", "note")
    yield from drawn(curves, start)
    yield Table(
        "The curves",
        ("Curve", "Combination", "Annual return", "Daily Sharpe", "Drawdown", "Longest under water", "Trades"),
        [
            (
                _name(place), facts.combination(row),
                figure(row["compounding_annual_return"], "compounding_annual_return"),
                ratio(row["daily_sharpe_ratio"]), figure(row["max_drawdown"], "max_drawdown"),
                _longest(curves.returns[_name(place)]), figure(row["total_trades"], "total_trades"),
            )
            for place, row in enumerate(best)
        ]
        + _held_row(facts, curves),
        2,
    )  # fmt: skip


def _held_row(facts: RunFacts, curves: Curves) -> list[Sequence[Cell | str]]:
    if facts.held is None:
        return []
    run = facts.run
    return [(
        HELD, run["benchmark"] or "the benchmark", percent(run["benchmark_annual_return"]),
        ratio(run["benchmark_sharpe"]), percent(run["benchmark_max_drawdown"]),
        _longest(curves.returns[HELD]), "1",
    )]  # fmt: skip


def _longest(returns: Floats) -> str:
    """The longest series of trading days below an earlier high."""
    longest = current = 0
    for depth in under_water(returns).tolist():
        current = current + 1 if depth < 0 else 0
        longest = max(longest, current)
    return f"{longest} trading days"


def drawn(curves: Curves, start: float) -> Iterator[Part]:
    """The two pictures, equity above and drawdowns below."""
    step = math.ceil(len(curves.days) / _MOST_POINTS)
    days = _thinned(curves.days.astype(str), step)
    money = {name: _money(equity(returns, start), step) for name, returns in curves.returns.items()}
    names = list(curves.returns)
    first, last = curves.returns[names[0]], names[-1]
    compared = dict.fromkeys([names[0], *([last] if last == HELD else [])])
    depths = {name: under_water(curves.returns[name]) for name in compared}
    said = f"${start:,.0f} became ${equity(first, start)[-1]:,.0f} from {curves.days[0]} to {curves.days[-1]}"
    if last == HELD and len(curves.returns) > 1:
        said += f"; buying and holding made ${equity(curves.returns[last], start)[-1]:,.0f}"
    thin = (
        f" Every {step}th trading day is drawn."
        if step > 3
        else f" Each point stands for {step} days."
        if step > 1
        else ""
    )
    yield Chart("equity", f"{said}.{thin}", f"Equity: {said}.", lines(days, money, "Equity", Unit.DOLLARS))
    deepest = float(next(iter(depths.values())).min())
    said = f"The deepest drawdown was {percent(-deepest)}"
    if last in depths and last != names[0]:
        said += f", that of buying and holding {percent(-float(depths[last].min()))}"
    shown = {name: [round(float(each.min()), 5) for each in _cut(values, step)] for name, values in depths.items()}
    yield Chart(
        "under-water", f"{said}: how far the equity lies below its highest so far.", f"{said}.",
        lines(days, shown, "Drawdown", Unit.FRACTION, is_area=True),
    )  # fmt: skip


def _money(values: Floats, step: int) -> list[float | None]:
    return [round(float(each[-1]), 2) for each in _cut(values, step)]


def _cut(values: Floats, step: int) -> list[Floats]:
    return [values[begin : begin + step] for begin in range(0, len(values), step)]


def _thinned(days: Sequence[str] | NDArray[np.str_], step: int) -> list[str]:
    """The last day of each piece."""
    return [str(days[min(begin + step, len(days)) - 1]) for begin in range(0, len(days), step)]


def rolling(facts: RunFacts) -> Iterator[Part]:
    """The Sharpe ratio of the last year, day by day."""
    curves = of_run(facts)
    yield Words(NO_RETURNS) if curves is None else rolled(curves)


def rolled(curves: Curves) -> Part:
    """The picture of rolling Sharpe ratios of the first curve and buy-and-hold, or why there is none."""
    count = len(curves.days)
    window = next((each for each in _WINDOWS if count >= 2 * each), None)
    if window is None:
        return Words(f"{count} trading days are too few for a rolling Sharpe ratio; it takes {2 * _WINDOWS[-1]}.")
    first = next(iter(curves.returns))
    names = [first, HELD] if HELD in curves.returns else [first]
    step = math.ceil(count / _MOST_POINTS)
    found = {name: rolling_sharpe(curves.returns[name], window) for name in names}
    values = {name: [_or_none(each[-1]) for each in _cut(series[window - 1 :], step)] for name, series in found.items()}
    days = _thinned(curves.days[window - 1 :].astype(str), step)
    known = found[first][~np.isnan(found[first])]
    if not len(known):
        return Words("The equity never moved within the window, so that there is no rolling Sharpe ratio.")
    between = f"between {known.min():.2f} and {known.max():.2f}"
    said = f"Over any {window} trading days it lay {between}, {(known > 0).mean():.0%} of the time above 0."
    spec = lines(days, values, f"Sharpe of {window} days", Unit.RATIO, level=0.0)
    return Chart("rolling-sharpe", said, said, spec)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 3)


def months(facts: RunFacts) -> Iterator[Part]:
    """The months of the best combination, and each year beside buy-and-hold."""
    curves = of_run(facts)
    if curves is None:
        yield Words(NO_RETURNS)
    else:
        yield month_table(curves, "Monthly returns of the best combination")


def month_table(curves: Curves, caption: str) -> Table:
    """A row for each year: its months, the whole, and buy-and-hold where it is known."""
    first = next(iter(curves.returns.values()))
    found = by_month(curves.days, first)
    held = curves.returns.get(HELD)
    of_held = {} if held is None else by_month(curves.days, held)
    rows: list[Sequence[Cell | str]] = []
    for year in sorted({year for year, _ in found}, reverse=True):
        row: list[Cell | str] = [str(year)]
        row += [_month(found.get((year, month))) for month in range(1, 13)]
        row.append(_month(_year(found, year)))
        row += [] if held is None else [_month(_year(of_held, year))]
        rows.append(row)
    heads = ("Year", *_MONTHS, "Year", *([] if held is None else ["Buy and hold"]))
    return Table(caption, heads, rows, 1)


def _year(found: Mapping[tuple[int, int], float], wanted: int) -> float:
    return math.prod(1 + value for (year, _), value in found.items() if year == wanted) - 1


def _month(value: float | None) -> Cell | str:
    if value is None:
        return ""
    look = sum(abs(value) > step for step in _STEPS)
    return Cell(percent(round(value, 6)), look=f"{'up' if value > 0 else 'down'}-{look}" if look else "")
