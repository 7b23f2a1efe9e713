"""How far a run is, in figures and in words. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.results.backtest import BacktestStatus
from strategy_testing.verdict.criteria import Judged


@dataclass(frozen=True)
class Tally:
    """What has become of a run's backtests so far."""

    total: int | None = None
    """Backtests of the run, those that are known included; None where nobody knows beforehand."""
    finished: int = 0
    """With a result, failed and known ones included."""
    known: int = 0
    """Of them those that need not run: reused from earlier runs, or there before the run was resumed."""
    failed: int = 0
    passing: int | None = None
    """None where nothing is judged."""
    best: Decimal | None = None
    """Of the target, over backtests that did not fail and made a trade."""
    best_parameters: str = ""
    """`rsi_period=14, exit_threshold=65`."""
    launched: int = 0
    """Backtests that LEAN has begun."""
    seconds: float = 0.0
    """Since the first backtest of this go was begun."""

    @property
    def ran(self) -> int:
        """Backtests that have finished in this go."""
        return self.finished - self.known

    @property
    def seconds_left(self) -> float | None:
        """By the rate so far; None where it cannot be told."""
        if self.total is None or self.ran <= 0 or self.finished >= self.total:
            return None
        return self.seconds / self.ran * (self.total - self.finished)

    def with_results(self, judged: Iterable[Judged], *, is_min: bool = False) -> "Tally":
        """The tally with more results.

        Args:
            judged: what has finished.
            is_min: whether the target is to be small.
        """
        finished, failed, passing = self.finished, self.failed, self.passing
        best, parameters = self.best, self.best_parameters
        for each in judged:
            result, value = each.result, each.target_value
            finished += 1
            failed += result.status is BacktestStatus.FAILED
            if each.verdict.meets_criteria is not None:
                passing = (passing or 0) + each.verdict.meets_criteria
            if result.status is BacktestStatus.FAILED or not result.made_a_trade or value is None:
                continue
            if best is None or (value < best if is_min else value > best):
                best, parameters = value, shown_parameters(result.parameters)
        return replace(
            self, finished=finished, failed=failed, passing=passing, best=best, best_parameters=parameters
        )  # fmt: skip


def shown_parameters(parameters: Mapping[str, str]) -> str:
    """`exit_threshold=65, rsi_period=14`: what the search varied."""
    return ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()) if name not in FIXED_PARAMETERS)


def count(tally: Tally) -> str:
    """`24/36`, or `24` where nobody knows of how many."""
    return f"{tally.finished}" if tally.total is None else f"{tally.finished}/{tally.total}"


def counts(tally: Tally) -> list[str]:
    """`12 known before`, `1 failed`, `3 passing`, `24.0 a minute`: as far as there is something to say."""
    parts = [f"{tally.known} known before"] if tally.known else []
    parts += [f"{tally.failed} failed"] if tally.failed else []
    parts += [] if tally.passing is None else [f"{tally.passing} passing"]
    parts += [f"{60 * tally.ran / tally.seconds:.1f} a minute"] if tally.ran > 0 and tally.seconds > 0 else []
    return parts


def best(tally: Tally, target: str) -> str | None:
    """`best Sharpe Ratio 0.41: exit_threshold=65, rsi_period=14`; None without one."""
    if tally.best is None:
        return None
    name = target.rpartition(".")[2] or "target"
    return f"best {name} {format_value(tally.best, Unit.RATIO)}: {tally.best_parameters}"


def line(tally: Tally, target: str) -> str:
    """The whole on a line, for where nothing can be drawn."""
    of = f" of {tally.launched} launched (total not known)" if tally.total is None else ""
    parts = [f"{count(tally)}{of} backtests finished", *counts(tally)]
    if (said := best(tally, target)) is not None:
        parts.append(said)
    parts.append(f"{clock(tally.seconds)} elapsed")
    if tally.seconds_left is not None:
        parts.append(f"about {clock(tally.seconds_left)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """`01:02:03`."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
