"""What the statistics of luck cost for 1,000 combinations of 1,500 days, on one core: `make bench-statistics`."""

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

import beside_scripts  # noqa: F401
from strategy_testing.luck.overfitting import MOST_BLOCKS, overfitting
from strategy_testing.luck.plateau import surroundings
from strategy_testing.luck.resampling import sharpe_intervals, superior_predictive_ability
from strategy_testing.luck.selection import independent_trials, luck_alone
from strategy_testing.luck.series import Series
from strategy_testing.luck.sharpe_ratio import min_track_record, moments, probabilistic_sharpe_ratio
from strategy_testing.metrics.daily_returns import DailyReturns, pack

_COMBINATIONS, _DAYS = int(os.environ.get("COMBINATIONS", "1000")), int(os.environ.get("DAYS", "1500"))
_SECONDS, _MEGABYTES = 10, 500


def main() -> int:
    """Prints each part's share; 1 where the sum or the memory is above its limit."""
    random = np.random.default_rng(1)
    returns, held = random.normal(0.0003, 0.01, (_DAYS, _COMBINATIONS)), random.normal(0.0003, 0.01, _DAYS)
    grid = [{"a": str(n % 10), "b": str(n // 10 % 10), "c": str(n // 100)} for n in range(_COMBINATIONS)]
    of_all = moments(returns)
    sharpes = [of.sharpe for of in of_all]
    days = np.arange(_DAYS).astype("datetime64[D]")
    packed = {number: pack(DailyReturns(days, returns[:, number])) or b"" for number in range(_COMBINATIONS)}
    series = Series(range(_COMBINATIONS), packed, days)
    parts: Sequence[tuple[str, Callable[[], object]]] = (
        ("moments", lambda: moments(returns)),
        ("PSR and MinTRL", lambda: [(probabilistic_sharpe_ratio(of), min_track_record(of)) for of in of_all]),
        ("independent trials", lambda: independent_trials(series)),
        (
            "deflated Sharpe ratios, twice",
            lambda: [
                probabilistic_sharpe_ratio(of, luck)
                for luck in [luck_alone(sharpes, n) for n in (9, 99)]
                for of in of_all
            ],
        ),
        ("plateau, worst step, edge", lambda: surroundings(grid, sharpes)),
        ("PBO, 12,870 splits", lambda: overfitting(series, MOST_BLOCKS)),
        ("intervals, 1,000 resamples", lambda: sharpe_intervals(series)),
        ("SPA, 1,000 resamples", lambda: superior_predictive_ability(series, held)),
    )
    spent: list[tuple[str, float]] = []
    for name, work in parts:
        started = time.process_time()
        work()
        spent.append((name, time.process_time() - started))
    total = sum(seconds for _, seconds in spent)
    for name, seconds in spent:
        sys.stdout.write(f"{name:32}{seconds:8.2f} s {seconds / total:6.0%}\n")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{'all':32}{total:8.2f} s of {_SECONDS}, {megabytes:.0f} MB at most of {_MEGABYTES}\n")
    return int(total > _SECONDS or megabytes > _MEGABYTES)


if __name__ == "__main__":
    raise SystemExit(main())
