"""All figures of luck over all results of a strategy, because what was tried in one run counts in every other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategy_testing.luck.expectations import min_backtest_years
from strategy_testing.luck.overfitting import blocks_for, overfitting
from strategy_testing.luck.plateau import surroundings
from strategy_testing.luck.resampling import sharpe_intervals, superior_predictive_ability
from strategy_testing.luck.selection import deflated_sharpe_ratio, independent_trials, luck_alone
from strategy_testing.luck.sharpe_ratio import (
    TRADING_DAYS_PER_YEAR,
    Moments,
    min_track_record,
    moments,
    probabilistic_sharpe_ratio,
)
from strategy_testing.metrics.catalogue import FEWEST_COMBINATIONS
from strategy_testing.metrics.daily_returns import DailyReturns, unpack

_ANNUAL = math.sqrt(TRADING_DAYS_PER_YEAR)
_FEWEST_DAYS = 20
_DECIMALS = 6

Figures = dict[str, float | int | bool | list[int] | None]
"""By column; None where a figure is not known."""


@dataclass(frozen=True)
class Result:
    """A completed backtest of the strategy."""

    id: int
    run_id: int
    combination: str
    """Its parameters without the dates."""
    packed: bytes | None
    """Its daily returns; None where they are not known."""
    values: Mapping[str, str]
    """Of the parameters without the dates."""
    target: float | None
    is_max: bool


@dataclass(frozen=True)
class Luck:
    """What is said of a strategy's results."""

    of_results: Mapping[int, Figures]
    of_strategy: Figures
    """The same for each of its runs."""
    of_run: Figures
    """Of the one run that was asked for alone."""


def luck_of(results: Sequence[Result], run_id: int, benchmark: DailyReturns | None = None) -> Luck:
    """Figures by the results' numbers, those of the strategy and those of one run.

    Each combination is one trial, whatever dates it ran over, by its longest series; those with the same returns are
    one. A failed backtest is none: nobody could have chosen it.

    Args:
        results: all completed ones of the strategy, over all of its runs.
        run_id: of which plateaus, intervals, overfitting and the test against the benchmark are asked.
        benchmark: buy-and-hold over the run's days; None where that is not known.
    """
    trials = _trials(results)
    unpacked = {one.id: unpack(one.packed) for one in results if one.packed}
    known = {
        key: of for key, series in unpacked.items() if len(series.values) >= _FEWEST_DAYS for of in _moments(series)
    }
    chosen = [one for one in trials if one.id in known]
    sharpes = [known[one.id].sharpe for one in chosen]
    independent = float(len(trials))
    if len(chosen) > 1:
        # What is not known beside what is: as independent as that, for each.
        independent = independent_trials(_matrix([unpacked[one.id] for one in chosen])) * len(trials) / len(chosen)
    figures = {key: _of_result(of, sharpes, len(trials), independent) for key, of in known.items()}
    own = [one for one in results if one.run_id == run_id]
    for key, around in _of_neighbours(own).items():
        figures[key] = figures.get(key, {}) | around
    measured = {one.packed: one.id for one in own if one.id in known}
    own_series = [unpacked[key] for key in measured.values()]
    series = _matrix(own_series) if measured else np.zeros((0, 0))
    if measured:
        low, high = sharpe_intervals(series) * _ANNUAL
        places = {packed: place for place, packed in enumerate(measured)}
        for one in own:
            if one.id in known:
                place = places[one.packed]
                figures[one.id] |= {
                    "daily_sharpe_low": _rounded(low[place]),
                    "daily_sharpe_high": _rounded(high[place]),
                }
    of_strategy: Figures = {
        "trials": len(trials),
        "independent_trials": _rounded(independent),
        "expected_best_sharpe": _rounded(luck_alone(sharpes, len(trials)) * _ANNUAL) if len(sharpes) > 1 else None,
        "min_backtest_years": _rounded(min_backtest_years(len(trials))),
    }
    return Luck(figures, of_strategy, _overfitting(series) | {"spa_p": _against_benchmark(own_series, benchmark)})


def _trials(results: Sequence[Result]) -> list[Result]:
    by_combination: dict[str, Result] = {}
    for one in results:
        before = by_combination.get(one.combination)
        if before is None or len(one.packed or b"") > len(before.packed or b""):
            by_combination[one.combination] = one
    return list({one.packed or one.combination: one for one in by_combination.values()}.values())


def _moments(series: DailyReturns) -> list[Moments]:
    return moments(series.values[:, None])


def _matrix(series: Sequence[DailyReturns]) -> NDArray[np.float64]:
    """Days by series; a day that one lacks and another has was one without a return."""
    days = np.unique(np.concatenate([one.days for one in series]))
    matrix = np.zeros((len(days), len(series)))
    for column, one in enumerate(series):
        matrix[np.searchsorted(days, one.days), column] = one.values
    return matrix


def _of_result(of: Moments, sharpes: Sequence[float], trials: int, independent: float) -> Figures:
    needed = min_track_record(of)
    return {
        "daily_skewness": _rounded(of.skewness),
        "daily_kurtosis": _rounded(of.kurtosis),
        "psr": _rounded(probabilistic_sharpe_ratio(of)),
        "min_track_record_years": _rounded(needed / TRADING_DAYS_PER_YEAR),
        "deflated_sharpe": _rounded(deflated_sharpe_ratio(of, sharpes, trials)),
        "deflated_sharpe_independent": _rounded(deflated_sharpe_ratio(of, sharpes, independent)),
    }


def _of_neighbours(own: Sequence[Result]) -> dict[int, Figures]:
    names = {frozenset(one.values) for one in own}
    if len(names) != 1:
        return {}
    latest = {one.combination: one for one in own}
    found = surroundings(
        [one.values for one in latest.values()],
        [one.target for one in latest.values()],
        is_max=next(iter(latest.values())).is_max,
    )
    by_combination = dict(zip(latest, found, strict=True))
    return {
        one.id: {
            "plateau": _rounded(around.plateau),
            "worst_step": _rounded(around.worst_step),
            "on_edge": around.on_edge,
        }
        for one in own
        for around in (by_combination[one.combination],)
    }


def _against_benchmark(own: Sequence[DailyReturns], benchmark: DailyReturns | None) -> float | None:
    if not own or benchmark is None:
        return None
    both = _matrix([*own, benchmark])
    return _rounded(superior_predictive_ability(both[:, :-1], both[:, -1]))


def _overfitting(series: NDArray[np.float64]) -> Figures:
    blocks = blocks_for(len(series))
    if blocks is None or series.shape[1] < FEWEST_COMBINATIONS:
        return dict.fromkeys(("pbo", "pbo_loss", "pbo_degradation", "pbo_logits"))
    found = overfitting(series, blocks)
    return {
        "pbo": _rounded(found.probability),
        "pbo_loss": _rounded(found.probability_of_loss),
        "pbo_degradation": _rounded(found.degradation),
        "pbo_logits": list(found.logits),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), _DECIMALS)
