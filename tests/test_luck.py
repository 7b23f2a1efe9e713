"""How much of a result is luck: the formulas against published values, independent packages and plain loops.

The packages draw in half a gigabyte, so that what they answered is written here: ffn 1.4.1, sharpe-gate 0.1.1 and
arch 8.0.0, asked for the returns of `_matrix`.
"""

import math
import sys
from itertools import combinations
from statistics import mean, stdev

import numpy as np
import pytest
from numpy.typing import NDArray

from strategy_testing.luck import resampling
from strategy_testing.luck.expectations import expected_maximum, min_backtest_years
from strategy_testing.luck.overfitting import blocks_for, overfitting
from strategy_testing.luck.plateau import Surroundings, surroundings
from strategy_testing.luck.resampling import (
    mean_block,
    occurrences,
    sharpe_intervals,
    superior_predictive_ability,
)
from strategy_testing.luck.selection import (
    independent_trials,
    luck_alone,
)
from strategy_testing.luck.series import Series, common_days
from strategy_testing.luck.sharpe_ratio import Moments, min_track_record, moments, probabilistic_sharpe_ratio
from strategy_testing.metrics.daily_returns import DailyReturns, pack, values_of
from strategy_testing.processes import give_back_memory

Matrix = NDArray[np.float64]


def _matrix(periods: int, columns: int) -> Matrix:
    """Returns that any machine makes alike."""
    i, j = np.arange(periods)[:, None], np.arange(columns)[None, :]
    found: Matrix = ((i * i * 7919 + j * 104729 + i * j * 31 + (i * (j + 3)) ** 2 * 17) % 10007) / 10007 * 0.04 - 0.019
    return found


def _deflated(of: Moments, sharpes: list[float], trials: float) -> float:
    return probabilistic_sharpe_ratio(of, luck_alone(sharpes, trials))


def _noise(seed: int, periods: int, columns: int) -> Matrix:
    return np.random.default_rng(seed).normal(0, 0.01, (periods, columns))


@pytest.mark.parametrize(("trials", "value"), [(100, 2.5306028932), (10, 1.5745983013), (1, 0), (1.2, 0)])
def test_expected_maximum(trials: float, value: float) -> None:
    assert expected_maximum(trials) == pytest.approx(value, abs=5e-11)


def test_deflated_sharpe_ratio_of_the_paper() -> None:
    of = Moments(2.5 / math.sqrt(250), -3, 10, 1250)
    spread = math.sqrt(0.5 / 250)
    sharpes = [-spread / math.sqrt(2), spread / math.sqrt(2)]  # two values of that sample variance
    assert luck_alone(sharpes, 100) == pytest.approx(0.1131720019, abs=5e-11)
    assert _deflated(of, sharpes, 100) == pytest.approx(0.9003968345, abs=1e-10)
    assert _deflated(of, [0.1], 1) == probabilistic_sharpe_ratio(of)


@pytest.mark.parametrize(
    ("sharpe", "skewness", "kurtosis", "value"),
    [
        (1.585 / math.sqrt(12), -2.448, 10.164, 0.9132343069),
        (0.036 / 0.079, -2.448, 10.164, 0.9127093396),
        (0.036 / 0.079, 0, 3, 0.9812427223),
    ],
)
def test_probabilistic_sharpe_ratio(sharpe: float, skewness: float, kurtosis: float, value: float) -> None:
    assert probabilistic_sharpe_ratio(Moments(sharpe, skewness, kurtosis, 24)) == pytest.approx(value, abs=5e-11)


@pytest.mark.parametrize(("a_year", "years"), [(250, 2.7311878), (52, 2.8288336), (12, 3.2398007)])
def test_min_track_record_against_a_ratio_of_1(a_year: int, years: float) -> None:
    of = Moments(2 / math.sqrt(a_year), 0, 3, 99)
    assert min_track_record(of, 1 / math.sqrt(a_year)) / a_year == pytest.approx(years, abs=5e-8)


def test_min_track_record_of_returns_that_are_not_normal() -> None:
    of = Moments(3 / math.sqrt(12), -0.72, 5.78, 99)
    assert min_track_record(of, 2.5 / math.sqrt(12)) / 12 == pytest.approx(27.3529202, abs=5e-8)
    assert min_track_record(of, of.sharpe) == math.inf


def test_the_track_record_that_is_needed_is_the_one_that_suffices() -> None:
    of = Moments(0.1, -0.5, 6, 1)
    needed = min_track_record(of, 0.02, 0.9)
    enough = probabilistic_sharpe_ratio(Moments(0.1, -0.5, 6, math.ceil(needed)), 0.02)
    too_few = probabilistic_sharpe_ratio(Moments(0.1, -0.5, 6, math.floor(needed)), 0.02)
    assert too_few < 0.9 < enough


def test_min_backtest_length() -> None:
    assert min_backtest_years(45) == pytest.approx(4.9980870, abs=5e-8)
    assert min_backtest_years(45, 2) == pytest.approx(4.9980870 / 4, abs=5e-8)


def test_moments_are_those_that_sharpe_gate_finds() -> None:
    (of,) = moments(_matrix(160, 20)[:, [4]])
    found = of.sharpe, of.skewness, of.kurtosis
    assert found == pytest.approx((0.22013979755241775, -0.21964487510903682, 1.8497281995292971))
    assert probabilistic_sharpe_ratio(of) == pytest.approx(0.9965107947457797, abs=1e-12)
    assert probabilistic_sharpe_ratio(of, 0.1) == pytest.approx(0.9295362286191329, abs=1e-12)
    sharpes = [-0.03 / math.sqrt(2), 0.03 / math.sqrt(2)]
    assert luck_alone(sharpes, 72) == pytest.approx(0.03 * expected_maximum(72))
    assert _deflated(of, sharpes, 72) == pytest.approx(0.9649136311422962, abs=1e-12)
    assert luck_alone(sharpes, 72) == pytest.approx(0.07238344690844804, abs=1e-12)  # ffn


def test_a_series_that_never_moves_has_no_sharpe_ratio() -> None:
    assert moments(np.full((50, 2), [0.0, 0.001])) == [Moments(0, 0, 3, 50)] * 2


@pytest.mark.parametrize(("periods", "columns", "blocks", "below"), [(160, 20, 8, 52), (320, 13, 16, 9428)])
def test_pbo_is_that_of_ffn(periods: int, columns: int, blocks: int, below: int) -> None:
    # sharpe-gate counts λ < 0 instead of λ ≤ 0: 0.6877 in the second case, where 13 columns often rank in the middle.
    # Where blocks do not fill the periods, ffn drops the last ones, and this the first.
    found = overfitting(_matrix(periods, columns), blocks)
    assert found.probability == below / found.splits


def test_pbo_is_that_of_plain_loops() -> None:
    returns = np.round(_noise(3, 83, 6), 3)
    returns[:, 5] = returns[:, 2]  # two that always tie
    used, logits, inside, outside = returns[83 % 4 :], [], [], []
    rows = np.split(np.arange(80), 4)
    for half in combinations(range(4), 2):
        chosen = np.concatenate([rows[block] for block in half])
        others = np.setdiff1d(np.arange(80), chosen)
        ins, outs = ([mean(c) / stdev(c) for c in used[at].T.tolist()] for at in (chosen, others))
        won = ins.index(max(ins))
        rank = sum(each < outs[won] - 1e-12 for each in outs) + (sum(abs(e - outs[won]) < 1e-12 for e in outs) + 1) / 2
        logits.append(math.log(rank / 7 / (1 - rank / 7)))
        inside.append(ins[won])
        outside.append(outs[won])
    found = overfitting(returns, 4)
    assert found.splits == len(logits) == 6
    assert found.probability == pytest.approx(sum(each <= 1e-12 for each in logits) / 6)
    assert found.probability_of_loss == pytest.approx(sum(each < 0 for each in outside) / 6)
    assert found.degradation == pytest.approx(np.polyfit(inside, outside, 1)[0])
    assert sum(found.logits) == 6


def test_pbo_of_a_dominant_column_is_0_and_of_noise_about_a_half() -> None:
    returns = _noise(1, 320, 40)
    returns[:, 7] = np.abs(returns).max(axis=1) + 0.001
    found = overfitting(returns, 16)
    assert (found.probability, found.splits, found.probability_of_loss) == (0, 12870, 0)
    assert sum(found.logits[:5]) == 0
    shares = [overfitting(_noise(seed, 160, 60), 8).probability for seed in range(60)]
    assert 0.4 < mean(shares) < 0.6


def test_blocks_have_a_month_of_trading_days_at_least() -> None:
    assert [blocks_for(periods) for periods in (79, 80, 250, 319, 320, 5000)] == [None, 4, 12, 14, 16, 16]


def test_independent_trials() -> None:
    returns = _noise(5, 1000, 50)
    assert independent_trials(returns) == pytest.approx(50, rel=0.03)
    assert independent_trials(np.repeat(returns[:, :5], 10, axis=1)) == pytest.approx(5, rel=0.03)
    assert independent_trials(np.repeat(returns[:, :1], 10, axis=1)) == pytest.approx(1, abs=0.01)
    # Few periods find correlations by chance; they are no likeness. More trials than periods take the other way round.
    assert independent_trials(_noise(6, 60, 50)) == pytest.approx(50, rel=0.15)
    assert independent_trials(_noise(7, 60, 90)) == pytest.approx(90, rel=0.15)
    assert (independent_trials(returns[:, :1]), independent_trials(returns[:2])) == (1, 50)
    idle = np.column_stack([returns[:, :3], np.zeros((1000, 1))])
    assert independent_trials(idle) == pytest.approx(4, rel=0.03)


def test_resampled_histories_are_blocks_of_the_real_one() -> None:
    weights = occurrences(160, 4000) / 160
    assert weights.sum(axis=1) == pytest.approx(1)
    assert weights.mean(axis=0) * 160 == pytest.approx(np.ones(160), abs=0.12)
    assert (mean_block(1500), mean_block(2)) == (11, 1)
    returns = _matrix(160, 20)
    # Hansen's formula for the variance of the means is that of the very samples.
    by_formula = np.sqrt(resampling._variance_of_means(returns - returns.mean(axis=0)))
    assert (weights @ returns).std(axis=0) == pytest.approx(by_formula, rel=0.05)


def test_an_interval_of_the_sharpe_ratio_is_that_of_arch() -> None:
    low, high = sharpe_intervals(_matrix(160, 20))[:, 4]
    assert (low, high) == (pytest.approx(0.0275, abs=0.02), pytest.approx(0.4415, abs=0.02))  # 20,000 samples
    assert sharpe_intervals(np.zeros((30, 1))).tolist() == [[0], [0]]
    still = np.column_stack([np.full(700, 0.001), _noise(16, 700, 1)])  # its variance is the rounding of its squares
    assert sharpe_intervals(still)[:, 0].tolist() == [0, 0]


def test_spa_is_that_of_arch_where_arch_needs_no_studentising() -> None:
    # arch compares the plain means, Hansen each divided by its deviation: they agree where all deviations are equal.
    returns = _matrix(160, 20)
    above = returns - (returns.mean(axis=1) - 0.0005)[:, None]
    above /= np.sqrt(resampling._variance_of_means(above - above.mean(axis=0))) * 1000
    assert superior_predictive_ability(above, np.zeros(160)) == pytest.approx(0.4747, abs=0.04)


def test_spa_tells_luck_from_skill() -> None:
    held = _noise(11, 500, 1)[:, 0]
    by_luck = [superior_predictive_ability(_noise(seed, 500, 10), held) or 0 for seed in range(40)]
    assert sum(each < 0.1 for each in by_luck) <= 8  # about a tenth
    assert 0.2 < mean(by_luck) < 0.8
    skilled = _noise(1, 500, 10) + held[:, None]
    skilled[:, 3] += 0.003
    assert superior_predictive_ability(skilled, held) == 0
    assert superior_predictive_ability(held[:, None], held) is None
    assert superior_predictive_ability(skilled[:19], held[:19]) is None


def test_plateau_worst_step_and_edge() -> None:
    grid = [{"a": str(a), "b": b} for a in (1, 2, 3) for b in ("10", "20.0", "30")]
    targets = [0.1, 0.4, 0.1, 0.5, 1.0, -0.2, 0.1, 0.6, None]
    found = surroundings(grid, targets)
    assert [found[4].plateau, found[4].worst_step] == pytest.approx([0.45, 1.2])
    assert [found[1].plateau, found[1].worst_step] == pytest.approx([0.25, 0.75])
    assert (found[4].on_edge, found[1].on_edge) == (False, True)
    assert found[5] == Surroundings(None, None, True)  # what it would be a share of is not above 0
    assert found[8] == Surroundings(None, None, True)
    lower_is_better = surroundings(grid, targets, is_max=False)[4]
    assert [lower_is_better.plateau, lower_is_better.worst_step] == pytest.approx([0.45, 0])


def test_texts_have_no_steps_and_two_values_no_edge() -> None:
    grid = [{"ticker": ticker, "n": n} for ticker in ("SPY", "QQQ") for n in ("5", "6")]
    assert surroundings(grid, [1.0, 2.0, 4.0, 2.0]) == [
        Surroundings(2, 0, False),
        Surroundings(0.5, 0.5, False),
        Surroundings(0.5, 0.5, False),
        Surroundings(2, 0, False),
    ]
    assert surroundings([{"n": "5"}], [1.0]) == [Surroundings(None, None, False)]


def _share_found(annual_sharpe: float) -> float:
    """Of 200 searches over 72 independent combinations of four years, of which one is worth that: the share of which
    the best has a deflated Sharpe ratio above 95 %."""
    found = 0
    for seed in range(200):
        returns = _noise(seed, 1008, 72)
        returns[:, 5] += 0.01 * annual_sharpe / math.sqrt(252)
        of_all = moments(returns)
        best = max(of_all, key=lambda of: of.sharpe)
        found += _deflated(best, [of.sharpe for of in of_all], 72) > 0.95
    return found / 200


def test_noise_is_seldom_called_skill_and_skill_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert _share_found(0) <= 0.05
    powers = {annual: _share_found(annual) for annual in (1.0, 2.0, 3.0)}
    with capsys.disabled():
        sys.stdout.write(", ".join(f"Sharpe {annual}: {share:.0%} found" for annual, share in powers.items()) + "\n")
    assert powers == pytest.approx({1.0: 0.01, 2.0: 0.34, 3.0: 0.94}, abs=0.05)


def test_a_few_series_at_a_time_give_what_all_at_once_give() -> None:
    returns = _noise(11, 400, 30)
    returns[:, 7] = 0
    days = np.arange("2015-01-01", "2016-02-05", dtype="datetime64[D]")
    packed = {key: pack(DailyReturns(days, returns[:, key])) or b"" for key in range(30)}
    returns = np.column_stack([values_of(packed[key]) for key in range(30)])  # as exact as they are kept
    series = Series(range(30), packed, days, values_at_once=4000)
    blocks = list(series.blocks())
    assert [block.shape for block in blocks] == [(400, 10)] * 3
    assert np.array_equal(np.concatenate(blocks, axis=1), returns)
    assert sharpe_intervals(series) == pytest.approx(sharpe_intervals(returns), abs=1e-12)
    some, all_ = overfitting(series, 8), overfitting(returns, 8)
    assert (some.probability, some.probability_of_loss, some.logits) == (
        all_.probability,
        all_.probability_of_loss,
        all_.logits,
    )
    assert some.degradation == pytest.approx(all_.degradation, abs=1e-12)
    assert independent_trials(series) == pytest.approx(independent_trials(returns), abs=1e-9)
    held = _noise(12, 400, 1)[:, 0]
    assert superior_predictive_ability(series, held) == superior_predictive_ability(returns, held)


def test_more_trials_than_are_correlated_at_once_give_the_sum_of_all_squared_correlations() -> None:
    periods, trials = 1600, 520
    returns = _noise(13, periods, 8) @ _noise(14, 8, trials) + 0.01 * _noise(15, periods, trials)
    squares = float((np.corrcoef(returns.T) ** 2).sum()) - trials
    real = squares - (trials * (trials - 1) - squares) / (periods - 2)
    assert independent_trials(returns) == pytest.approx(trials**2 / (trials + real), rel=1e-9)


def test_a_day_that_one_series_lacks_is_one_without_a_return() -> None:
    days = np.arange("2015-01-01", "2015-01-05", dtype="datetime64[D]")
    packed = {
        1: pack(DailyReturns(days[[0, 2]], np.array([0.25, 0.5]))) or b"",
        2: pack(DailyReturns(days[1:], np.array([0.125, 0.25, 0.5]))) or b"",
    }
    assert common_days(packed.values()).tolist() == days.tolist()
    (block,) = Series([1, 2], packed, common_days(packed.values())).blocks()
    assert block.T.tolist() == [[0.25, 0, 0.5, 0], [0, 0.125, 0.25, 0.5]]


def test_memory_stays_where_a_python_cannot_ask_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    give_back_memory()
