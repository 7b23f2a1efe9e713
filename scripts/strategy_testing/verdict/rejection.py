"""What speaks against a backtest, with its figures. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

FAILED, PERIOD, TRADELESS = "failed", "period", "no_trades"
"""What a rejection names in place of a criterion of the config."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason why a backtest does not pass."""

    criterion: str
    """Its preferred name, such as min_trades; a constraint as the config has it; or one of the three above."""
    reason: str
    """For people, such as `Insufficient trades: 8 < 100`."""
    value: Decimal | None = None
    """Of the backtest, in the metric's unit; None where there is none, or it is not known."""
    limit: Decimal | None = None

    @property
    def distance(self) -> Decimal | None:
        """How far the value is from the limit, as a fraction of the limit; None where that cannot be told."""
        if self.value is None or not self.limit:
            return None
        return abs((self.value - self.limit) / self.limit)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a backtest meets the criteria and constraints, and every reason why it does not."""

    meets_criteria: bool | None
    """None when there was nothing to judge by."""
    reasons: tuple[str, ...]
    rejections: tuple[Rejection, ...] = field(default=(), compare=False)
    """What the reasons are the words of, in the same order."""

    @property
    def miss_distance(self) -> Decimal | None:
        """The largest distance from a limit; None where one cannot be told, or nothing speaks against the backtest."""
        distances = [each.distance for each in self.rejections]
        known = [distance for distance in distances if distance is not None]
        return max(known) if known and len(known) == len(distances) else None

    @classmethod
    def of(cls, rejections: Iterable[Rejection]) -> "Verdict":
        """The verdict of everything that speaks against a backtest."""
        against = tuple(rejections)
        return cls(not against, tuple(each.reason for each in against), against)
