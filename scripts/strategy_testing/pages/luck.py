"""How much of the best is luck: all Sharpe ratios against what so many worthless trials would show."""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import NormalDist

from strategy_testing.luck.expectations import expected_maximum
from strategy_testing.metrics.figures import number_of
from strategy_testing.pages.charts.amounts import histogram
from strategy_testing.pages.model import Chart, Part, Table, Words
from strategy_testing.pages.reading import RunFacts
from strategy_testing.pages.verdict import percent, ratio

_FEWEST = 3
_MOST_BINS = 24
_CURVE_POINTS = 60


def luck(facts: RunFacts) -> Iterator[Part]:
    """The distribution of Sharpe ratios, and what is told of the best."""
    run, best = facts.run, facts.best
    sharpes = [float(row["daily_sharpe_ratio"]) for row in facts.completed if row["daily_sharpe_ratio"] is not None]
    by_luck, trials = run["expected_best_sharpe"], run["trials"]
    if len(sharpes) < _FEWEST or by_luck is None or not trials:
        known = f"{number_of(len(sharpes), 'combination')} with a Sharpe ratio of trading days"
        yield Words(f"Luck cannot be told apart from skill: {known}, and it takes several that differ.")
    else:
        yield _distribution(sharpes, float(by_luck), trials)
    if best is not None and best["psr"] is not None:
        yield Table("The best combination", ("Figure", "Value", "What it says"), _rows(facts), None)


def _distribution(sharpes: Sequence[float], by_luck: float, trials: int) -> Chart:
    low, high = min(sharpes), max(sharpes)
    bins = max(1, min(_MOST_BINS, math.ceil(2 * len(sharpes) ** 0.5)))
    width = (high - low) / bins or 0.1
    rows = []
    for number in range(bins):
        begin, end = low + number * width, low + (number + 1) * width
        count = sum(1 for value in sharpes if begin <= value < end or (number == bins - 1 and value == high))
        rows.append({"from": round(begin, 4), "to": round(end, 4), "count": count})
    spread = by_luck / expected_maximum(trials) if trials > 1 else 0.0
    curve = _normal(spread, len(sharpes) * width) if spread > 0 else []
    of_luck = f"luck alone would give the best of {trials} trials {by_luck:.2f}"
    said = f"The best of {len(sharpes)} has a Sharpe ratio of {high:.2f}; {of_luck}"
    rules = [
        {"x": round(by_luck, 4), "text": f"luck's best of {trials}: {by_luck:.2f}"},
        {"x": round(high, 4), "text": f"best found: {high:.2f}"},
    ]
    return Chart(
        "sharpe-distribution", f"{said}. The dashed curve is what combinations worth nothing would look like.",
        f"{said}.", histogram(rows, curve, rules, "Sharpe ratio of trading days, annual"),
    )  # fmt: skip


def _normal(spread: float, area: float) -> list[dict[str, float]]:
    """The curve of worthless combinations that scatter as these do, as many as there are."""
    bell = NormalDist(0, spread)
    ends = 3 * spread
    places = [-ends + 2 * ends * number / _CURVE_POINTS for number in range(_CURVE_POINTS + 1)]
    return [{"x": round(x, 4), "y": round(bell.pdf(x) * area, 4)} for x in places]


def _rows(facts: RunFacts) -> list[tuple[str, str, str]]:
    best, run = facts.best or {}, facts.run
    rows = [
        ("Deflated Sharpe ratio", percent(best["deflated_sharpe"], 0),
         f"probability that the true ratio is above luck's best of {run['trials']} trials; 95% counts as shown"),
        ("Probabilistic Sharpe ratio", percent(best["psr"], 0),
         "probability that the true ratio is above 0, as if nothing else had been tried"),
    ]  # fmt: skip
    if run["pbo"] is not None:
        rows.append(("Probability of overfitting", percent(run["pbo"], 0),
                     "how often the best of one half of the days is below the median in the other half"))  # fmt: skip
    if run["spa_p"] is not None:
        rows.append(("Beating buy-and-hold by luck", percent(run["spa_p"], 0),
                     "how likely the best looks so good where none of all is better than holding"))  # fmt: skip
    if run["min_backtest_years"] is not None:
        rows.append(("Years needed", f"{Decimal(run['min_backtest_years']):.1f}",
                     "below them luck alone shows so many trials a Sharpe ratio of 1"))  # fmt: skip
    if best["plateau"] is not None:
        rows.append(("Plateau", ratio(best["plateau"]), "median target one step away / its own; near 1 is a plateau"))
    if best["on_edge"]:
        rows.append(
            ("On the edge", "yes", "it has the first or last value of a parameter: a wider range may have better")
        )
    return rows
