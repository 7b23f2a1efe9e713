"""All figures of luck over all results of a strategy, because what was tried in one run counts in every other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from strategy_testing.luck.expectations import min_backtest_years
from strategy_testing.luck.overfitting import blocks_for, overfitting
from strategy_testing.luck.plateau import Surroundings, surroundings
from strategy_testing.luck.resampling import occurrences, sharpe_intervals, superior_predictive_ability
from strategy_testing.luck.selection import independent_trials, luck_alone
from strategy_testing.luck.series import VALUES_AT_ONCE, Key, PackedReturns, Series, common_days
from strategy_testing.luck.sharpe_ratio import (
    TRADING_DAYS_PER_YEAR,
    Moments,
    min_track_record,
    moments,
    probabilistic_sharpe_ratio,
)
from strategy_testing.metrics.catalogue import FEWEST_COMBINATIONS
from strategy_testing.metrics.daily_returns import DailyReturns, values_of
from strategy_testing.metrics.luck import LuckOfResult
from strategy_testing.processes import give_back_memory

_ANNUAL = math.sqrt(TRADING_DAYS_PER_YEAR)
_FEWEST_DAYS = 20
_DECIMALS = 6
_OF_SPLITS = ("pbo", "pbo_loss", "pbo_degradation", "pbo_logits")

Figures = dict[str, float | int | list[int] | None]
"""By column; None where a figure is not known."""


@dataclass(frozen=True, slots=True)
class Result:
    """A completed backtest of the strategy."""

    id: Key
    run_id: int
    combination: str
    """Its parameters without the dates."""
    days: int
    """Of its daily returns; 0 where these are not known."""
    digest: bytes
    """Of its daily returns."""
    values: Mapping[str, str]
    """Of the parameters without the dates."""
    target: float | None
    is_max: bool


@dataclass(frozen=True)
class Luck:
    """What is said of a strategy's results."""

    of_results: Mapping[Key, LuckOfResult]
    of_strategy: Figures
    """The same for each of its runs."""
    of_run: Figures
    """Of the one run that was asked for alone."""


def luck_of(
    results: Sequence[Result], returns: PackedReturns, run_id: int, benchmark: DailyReturns | None = None
) -> Luck:
    """Figures by the results' keys, those of the strategy and those of one run.

    Each combination is one trial, whatever dates it ran over, by its longest series; those with the same returns are
    one. A failed backtest is none: nobody could have chosen it.

    Args:
        results: all completed ones of the strategy, over all of its runs, in the order in which they were tried.
        returns: the daily returns of those that have some, of which only some are in memory at a time.
        run_id: of which plateaus, intervals, overfitting and the test against the benchmark are asked.
        benchmark: buy-and-hold over the run's days; None where that is not known.
    """
    trials = _trials(results)
    chosen = [one.id for one in trials if one.days >= _FEWEST_DAYS]
    independent = float(len(trials))
    if len(chosen) > 1:
        # What is not known beside what is: as independent as that, for each.
        independent = independent_trials(_series(chosen, returns)) * len(trials) / len(chosen)
    own = [one for one in results if one.run_id == run_id]
    around = _neighbours(own)
    ends: dict[bytes, tuple[float, float]] = {}
    of_run: Figures = dict.fromkeys((*_OF_SPLITS, "spa_p"))
    if distinct := {one.digest: one.id for one in own if one.days >= _FEWEST_DAYS}:
        series = _series(list(distinct.values()), returns)
        ends = dict(zip(distinct, (sharpe_intervals(series) * _ANNUAL).T.tolist(), strict=True))
        give_back_memory()  # that the samples took
        of_run = _overfitting(series) | {"spa_p": _against_benchmark(series, benchmark)}
        occurrences.cache_clear()
        give_back_memory()  # and the splits
    known = _moments([one for one in results if one.days >= _FEWEST_DAYS], returns)
    sharpes = [known[key].sharpe for key in chosen]
    against = [luck_alone(sharpes, count) for count in (len(trials), independent)]
    figures: dict[Key, LuckOfResult] = {}
    for one in results:
        found = LuckOfResult()
        if of := known.get(one.id):
            found = _with_moments(found, of, *against)
        if of and one.run_id == run_id:
            low, high = ends[one.digest]
            found = found._replace(daily_sharpe_low=_rounded(low), daily_sharpe_high=_rounded(high))
        if one.run_id == run_id and (beside := around.get(one.combination)):
            plateau, worst = _rounded(beside.plateau), _rounded(beside.worst_step)
            found = found._replace(plateau=plateau, worst_step=worst, on_edge=beside.on_edge)
        figures[one.id] = found
    of_strategy: Figures = {
        "trials": len(trials),
        "independent_trials": _rounded(independent),
        "expected_best_sharpe": _rounded(against[0] * _ANNUAL) if len(sharpes) > 1 else None,
        "min_backtest_years": _rounded(min_backtest_years(len(trials))),
    }
    return Luck(figures, of_strategy, of_run)


def _trials(results: Sequence[Result]) -> list[Result]:
    by_combination: dict[str, Result] = {}
    for one in results:
        before = by_combination.get(one.combination)
        if before is None or one.days > before.days:
            by_combination[one.combination] = one
    return list({one.digest if one.days else one.combination: one for one in by_combination.values()}.values())


def _moments(results: Sequence[Result], returns: PackedReturns) -> dict[Key, Moments]:
    """By the results' keys, each over its own days."""
    found: dict[Key, Moments] = {}
    for days, group in groupby(sorted(results, key=lambda one: one.days), key=lambda one: one.days):
        keys = [one.id for one in group]
        at_once = max(1, VALUES_AT_ONCE // 4 // days)  # several times as much again is worked out of it
        for at in range(0, len(keys), at_once):
            some = keys[at : at + at_once]
            found |= zip(some, moments(np.array([values_of(returns[key]) for key in some]).T), strict=True)
    return found


def _series(keys: Sequence[Key], returns: PackedReturns) -> Series:
    return Series(keys, returns, common_days(returns[key] for key in keys))


def _with_moments(found: LuckOfResult, of: Moments, luck: float, luck_of_independent: float) -> LuckOfResult:
    needed = min_track_record(of)
    return found._replace(
        daily_skewness=_rounded(of.skewness),
        daily_kurtosis=_rounded(of.kurtosis),
        psr=_rounded(probabilistic_sharpe_ratio(of)),
        min_track_record_years=_rounded(needed / TRADING_DAYS_PER_YEAR),
        deflated_sharpe=_rounded(probabilistic_sharpe_ratio(of, luck)),
        deflated_sharpe_independent=_rounded(probabilistic_sharpe_ratio(of, luck_of_independent)),
    )


def _neighbours(own: Sequence[Result]) -> dict[str, Surroundings]:
    """By combination; of none where the results are not all of the same parameters."""
    if len({frozenset(one.values) for one in own}) != 1:
        return {}
    latest = {one.combination: one for one in own}
    found = surroundings(
        [one.values for one in latest.values()],
        [one.target for one in latest.values()],
        is_max=next(iter(latest.values())).is_max,
    )
    return dict(zip(latest, found, strict=True))


def _against_benchmark(series: Series, benchmark: DailyReturns | None) -> float | None:
    if benchmark is None:
        return None
    both = series.over(benchmark.days)
    held = np.zeros(len(both.days))
    held[np.searchsorted(both.days, benchmark.days)] = benchmark.values
    return _rounded(superior_predictive_ability(both, held))


def _overfitting(series: Series) -> Figures:
    periods, combinations = series.shape
    blocks = blocks_for(periods)
    if blocks is None or combinations < FEWEST_COMBINATIONS:
        return dict.fromkeys(_OF_SPLITS)
    found = overfitting(series, blocks)
    return dict(
        zip(
            _OF_SPLITS,
            (
                _rounded(found.probability),
                _rounded(found.probability_of_loss),
                _rounded(found.degradation),
                list(found.logits),
            ),
            strict=True,
        )
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), _DECIMALS)
