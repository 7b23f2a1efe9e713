"""Decides the windows of a walk-forward analysis by their stored backtests, and what they come to. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig, WalkForward
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.json_values import as_day
from strategy_testing.search.periods import END, START
from strategy_testing.search.space import canonical_value
from strategy_testing.verdict.criteria import NO_TRADES, Judged, Standard, other_period
from strategy_testing.walk_forward.analysis import Analysis, DayReturn, Held, WindowResult, analyse, spearman
from strategy_testing.walk_forward.choice import Candidate, Choice, choose
from strategy_testing.walk_forward.criteria import reasons_against
from strategy_testing.walk_forward.windows import Period, Window

IN_SAMPLE, OUT_OF_SAMPLE = "in-sample", "out-of-sample"
"""The parts of an analysis."""


@dataclass(frozen=True)
class AnalysedBacktest:
    """A stored backtest of an analysis."""

    id: int
    """backtest_results.id."""
    is_in_sample: bool
    judged: Judged
    made_in: Path | None
    """The folder of the run that computed it."""
    made_as: str
    """Its id there."""

    @property
    def result(self) -> BacktestResult:
        """The backtest."""
        return self.judged.result

    @property
    def period(self) -> Period | None:
        """The days that were asked for, else those that it ran; None where neither is known."""
        asked = [as_day(self.result.parameters.get(name)) for name in (START, END)]
        start, end = asked[0] or self.result.backtest_start, asked[1] or self.result.backtest_end
        return None if start is None or end is None else Period(start, end)


@dataclass(frozen=True)
class Rules:
    """How an analysis is decided."""

    windows: tuple[Window, ...]
    choose: str
    smaller_is_better: bool
    names: tuple[str, ...]
    """Of the parameters that vary."""
    standard: Standard
    thresholds: Mapping[str, Decimal]
    """Criteria of the analysis, by name."""
    combinations: int | None = None
    """In each window; None where nobody knows beforehand."""

    @classmethod
    def of(cls, config: OptimizationConfig, walk_forward: WalkForward) -> "Rules":
        """What a config asks for."""
        return cls(
            windows=walk_forward.windows,
            choose=walk_forward.choose,
            smaller_is_better=config.search.target_direction == "min",
            names=tuple(parameter.name for parameter in config.search.parameters),
            standard=Standard.of(config),
            thresholds=walk_forward.thresholds,
            combinations=config.search.method.combinations,
        )


@dataclass(frozen=True)
class DecidedWindow:
    """A window, what was chosen in it, and the backtests of that."""

    window: Window
    parameters: Mapping[str, str] | None
    """The chosen combination without its days; None where nothing qualified."""
    reason: str
    inside: AnalysedBacktest | None = None
    outside: AnalysedBacktest | None = None
    """None where it was not tested, or not yet."""
    is_decided: bool = True
    """False while its in-sample backtests are not complete."""
    ranks: tuple[tuple[Decimal, Decimal], ...] = ()
    """Target in-sample and out-of-sample of every combination that has both."""

    @property
    def rank_correlation(self) -> Decimal | None:
        """Spearman's, of ranks."""
        return spearman(self.ranks)


def decide(backtests: Sequence[AnalysedBacktest], rules: Rules, *, is_whole: bool) -> list[DecidedWindow]:
    """What is chosen in each window; nothing yet in one whose in-sample backtests are not complete.

    Args:
        backtests: all that the analysis has so far.
        rules: which say how many combinations a window has, where that is known.
        is_whole: whether the in-sample search has ended, for one of which that is not known.
    """
    return [_decide(window, backtests, rules, is_whole=is_whole) for window in rules.windows]


def _decide(window: Window, backtests: Sequence[AnalysedBacktest], rules: Rules, *, is_whole: bool) -> DecidedWindow:
    inside = {_key(each, rules): each for each in backtests if each.is_in_sample and each.period == window.in_sample}
    outside = {
        _key(each, rules): each for each in backtests if not each.is_in_sample and each.period == window.out_of_sample
    }
    if (rules.combinations is None and not is_whole) or len(inside) < (rules.combinations or 0):
        of = "" if rules.combinations is None else f" of {rules.combinations}"
        return DecidedWindow(
            window, None, f"in-sample is not complete: {len(inside)}{of} combinations", is_decided=False
        )
    candidates = [
        Candidate(str(each.id), _varied(each, rules), each.judged.target_value, tuple(_objections(each.judged, rules)))
        for each in inside.values()
    ]
    choice: Choice = choose(candidates, rules.choose, smaller_is_better=rules.smaller_is_better)
    ranks = [(inside[key], outside[key]) for key in inside.keys() & outside.keys()]
    pairs = [(a.judged.target_value, b.judged.target_value) for a, b in sorted(ranks, key=lambda pair: pair[0].id)]
    known = tuple((a, b) for a, b in pairs if a is not None and b is not None)
    if choice.candidate is None:
        return DecidedWindow(window, None, choice.reason, ranks=known)
    chosen = next(each for each in inside.values() if str(each.id) == choice.candidate.name)
    return DecidedWindow(
        window,
        choice.candidate.parameters,
        choice.reason,
        chosen,
        outside.get(_key(chosen, rules)),
        ranks=known,
    )


def _varied(backtest: AnalysedBacktest, rules: Rules) -> dict[str, str]:
    return {name: value for name, value in backtest.result.parameters.items() if name in rules.names}


def _key(backtest: AnalysedBacktest, rules: Rules) -> frozenset[tuple[str, str]]:
    return frozenset((name, canonical_value(value)) for name, value in _varied(backtest, rules).items())


def _objections(judged: Judged, rules: Rules) -> list[str]:
    """Why a combination may not be chosen; also where there is nothing to judge by."""
    result = judged.result
    if judged.verdict.meets_criteria is False:
        return list(judged.verdict.reasons)
    if result.status is BacktestStatus.FAILED:
        return ["Backtest failed"]
    if not result.made_a_trade:
        return [NO_TRADES]
    period = other_period(result, rules.standard.for_backtest(result))
    return [period] if period else []


@dataclass(frozen=True)
class DecidedAnalysis:
    """What the windows come to."""

    figures: Analysis
    missing: tuple[str, ...]
    """Windows with a choice whose test has no result that can be used, each with the reason."""
    meets_criteria: bool | None
    """None without criteria of the analysis."""
    reasons: tuple[str, ...]
    """Why it does not meet them."""


def conclude(
    windows: Sequence[DecidedWindow],
    backtests: Sequence[AnalysedBacktest],
    rules: Rules,
    returns_of: Callable[[AnalysedBacktest], Sequence[DayReturn] | None],
) -> DecidedAnalysis:
    """Puts decided windows together.

    Args:
        windows: each with the test of its choice.
        backtests: all of the analysis; they show on which days the market was open.
        rules: by which the windows were decided.
        returns_of: the daily returns of a backtest; None where they are not known.
    """
    found: list[WindowResult] = []
    missing: list[str] = []
    for each in windows:
        if not each.is_decided:
            missing.append(f"window {each.window.number} ({each.window.in_sample}): {each.reason}")
            continue
        returns, why = _returns(each, rules, returns_of)
        if why is not None:
            missing.append(f"window {each.window.number} ({each.window.out_of_sample}): {why}")
        found.append(_result(each, returns, () if each.inside else _market_days(each.window, backtests, returns_of)))
    figures = analyse(found, [_varied(each, rules) for each in backtests if each.is_in_sample])
    if not rules.thresholds:
        return DecidedAnalysis(figures, tuple(missing), None, ())
    reasons = (*(f"No out-of-sample result: {each}" for each in missing), *reasons_against(figures, rules.thresholds))
    return DecidedAnalysis(figures, tuple(missing), not reasons, reasons)


def _returns(
    decided: DecidedWindow, rules: Rules, returns_of: Callable[[AnalysedBacktest], Sequence[DayReturn] | None]
) -> tuple[Sequence[DayReturn] | None, str | None]:
    """The daily returns of a window's choice, and why they are not known."""
    if decided.parameters is None:
        return None, None
    if decided.outside is None:
        return None, "the chosen combination has no out-of-sample result"
    result = decided.outside.result
    if result.status is BacktestStatus.FAILED:
        return None, f"the out-of-sample backtest failed: {(result.error_message or 'no message').splitlines()[0]}"
    period = other_period(result, rules.standard.for_backtest(result))
    if period is not None:
        return None, f"the out-of-sample backtest covers other days: {period}"
    returns = returns_of(decided.outside)
    return returns, None if returns else "its daily returns are neither in its files nor stored"


def _result(decided: DecidedWindow, returns: Sequence[DayReturn] | None, open_days: tuple[date, ...]) -> WindowResult:
    inside, outside = decided.inside, decided.outside
    gained = inside.result.metrics["total_return"] if inside else None
    excess = outside.result.metrics["excess_return"] if outside and returns else None
    trades = outside.result.metrics["total_trades"] if outside and returns else None
    return WindowResult(
        window=decided.window,
        chosen=decided.parameters,
        in_sample=None if gained is None else Held(float(gained), decided.window.in_sample.days),
        returns=tuple(returns) if returns else None,
        trades=int(trades or 0),
        beats_benchmark=None if excess is None else excess > 0,
        market_days=open_days,
        ranks=decided.ranks,
    )


def _market_days(
    window: Window,
    backtests: Sequence[AnalysedBacktest],
    returns_of: Callable[[AnalysedBacktest], Sequence[DayReturn] | None],
) -> tuple[date, ...]:
    """The trading days of a window in which nothing was traded, by another backtest over them."""
    wanted = window.out_of_sample
    for each in backtests:
        period = each.period
        if period is None or each.result.status is BacktestStatus.FAILED:
            continue
        if period.start <= wanted.start and wanted.end <= period.end and (returns := returns_of(each)):
            return tuple(day for day, _ in returns if wanted.start <= day <= wanted.end)
    return ()
