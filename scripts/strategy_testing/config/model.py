"""An optimization's config as immutable values. Dictionaries of unknown shape end where these begin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from strategy_testing.metrics.catalogue import Metric
from strategy_testing.search.protocol import Search
from strategy_testing.search.space import Parameter
from strategy_testing.walk_forward.choice import BEST
from strategy_testing.walk_forward.windows import Period, Window

FIXED_PARAMETERS = ("start_date", "end_date", "initial_capital", "slippage_pct", "benchmark")
"""What the strategy is handed beside its combination, the same in every backtest of a run."""


@dataclass(frozen=True)
class StrategyInfo:
    """The strategy under test, as its row in the table `strategies` describes it."""

    name: str
    lean_project_path: str
    description: str | None = None
    hypothesis: str | None = None
    category: str | None = None
    asset_class: str | None = None
    priority: str | None = None


@dataclass(frozen=True)
class Constraint:
    """A bar that a backtest must clear to be LEAN's optimum; it does not keep the backtest from running."""

    metric: str
    """As the user wrote it."""
    operator: str
    """One of > < >= <= == !=."""
    value: Decimal


@dataclass(frozen=True)
class SearchSettings:
    """What the optimizer varies and what it looks for."""

    method: Search
    """How it chooses combinations, and out of which."""
    target_metric: str
    target_direction: str
    """max or min."""
    constraints: tuple[Constraint, ...] = ()
    max_concurrent_backtests: int | None = None

    @property
    def type(self) -> str:
        """The name of the method, such as Grid Search."""
        return self.method.name

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What varies."""
        return self.method.parameters


@dataclass(frozen=True)
class BacktestSettings:
    """The period and the account; what is given reaches the strategy as parameters of the same names."""

    start_date: date | None = None
    end_date: date | None = None
    initial_capital: Decimal | None = None
    """Dollars."""
    resolution: str | None = None
    brokerage: str | None = None
    slippage_pct: Decimal | None = None
    """Of the price, a fraction; from fee_assumptions.slippage_bps, None where that is 0."""
    benchmark: str | None = None
    """The ticker that results are compared with; None for the strategy's own choice, by default its first."""

    @property
    def fixed_parameters(self) -> dict[str, str]:
        """What every backtest of the run is given beside its own combination."""
        given = {name: value for name in FIXED_PARAMETERS if (value := getattr(self, name)) is not None}
        return {name: f"{value:f}" if isinstance(value, Decimal) else str(value) for name, value in given.items()}


class Bound(Enum):
    """Which side of the threshold a metric has to stay on; the threshold itself passes."""

    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class Criterion:
    """One line of success_criteria, such as max_fee_pct: 0.30."""

    name: str
    metric: Metric
    bound: Bound
    threshold: Decimal
    """In the metric's own unit: fractions are fractions, money is dollars."""


@dataclass(frozen=True)
class FeeAssumptions:
    """What the developer expects the strategy to trade and to pay."""

    per_trade_fee: Decimal | None = None
    """Dollars an order, of the model per_trade."""
    expected_trades_per_year: Decimal | None = None
    """Orders a year."""
    position_size_pct: Decimal | None = None
    """What an order is worth, as a fraction of the capital."""
    share_price: Decimal | None = None
    """Dollars a share."""
    model: str | None = None
    """lean, ib_fixed, ib_tiered, ib_lite or per_trade; None where the config leaves the choice to us."""
    slippage_bps: Decimal = Decimal(0)
    """Basis points of an order's value: 10 is 0.1 %."""


@dataclass(frozen=True)
class LeanSettings:
    """How the engine is run."""

    engine: str = "auto"
    """auto, warm or cold: whether LEAN stays up between backtests."""
    image: str | None = None
    timeout_minutes: Decimal | None = None
    stall_minutes: Decimal | None = None
    data_provider_historical: str | None = None
    download_data: bool = False
    data_purchase_limit: int | None = None
    """QuantConnect credits."""
    no_update: bool | None = None
    """None: the CLI may look for a newer engine before a run's first command only."""
    extra_docker_config: Mapping[str, Any] = field(default_factory=dict)
    extra_config: Mapping[str, str] = field(default_factory=dict)
    addon_module: tuple[str, ...] = ()
    release: bool = False
    extra_arguments: tuple[str, ...] = ()
    """Words for the CLI as they stand."""


@dataclass(frozen=True)
class WalkForward:
    """A walk-forward analysis in place of one optimization."""

    windows: tuple[Window, ...]
    """At least one."""
    choose: str = BEST
    """best or plateau: how a window's combination is chosen."""
    tests_all: bool = False
    """Whether every combination is tested out-of-sample, and not only the chosen one."""
    thresholds: Mapping[str, Decimal] = field(default_factory=dict)
    """Criteria of the analysis, by the names of walk_forward.criteria.CRITERIA."""

    @property
    def whole(self) -> Period:
        """From the first in-sample day to the last out-of-sample day."""
        start = min(window.in_sample.start for window in self.windows)
        return Period(start, self.windows[-1].out_of_sample.end)


@dataclass(frozen=True)
class OptimizationConfig:
    """One configs/optimizations/NAME.yaml, valid in every respect."""

    file: Path
    strategy: StrategyInfo
    search: SearchSettings
    backtest: BacktestSettings
    criteria: tuple[Criterion, ...]
    fees: FeeAssumptions
    lean: LeanSettings
    walk_forward: WalkForward | None
    """None for one optimization over the whole period; else the section backtest names no dates of its own here."""
    document: Mapping[str, Any]
    """The file's content for the record, without its secrets: numbers are int or Decimal."""
    text: str
    """The file as it was read, comments and all."""
    warnings: tuple[str, ...] = ()

    @property
    def period(self) -> BacktestSettings:
        """The section backtest with the days of all of its backtests together."""
        if self.walk_forward is None:
            return self.backtest
        return replace(self.backtest, start_date=self.walk_forward.whole.start, end_date=self.walk_forward.whole.end)

    @property
    def backtests(self) -> int | None:
        """How many a run of it takes where nothing is known before; None where nobody knows beforehand."""
        each = self.search.method.combinations
        if self.walk_forward is None or each is None:
            return each
        return len(self.walk_forward.windows) * (each + (each if self.walk_forward.tests_all else 1))

    @property
    def max_fee_pct(self) -> Decimal | None:
        """The criterion max_fee_pct, a fraction of the starting capital."""
        return self._threshold("max_fee_pct")

    @property
    def max_annual_fee_pct(self) -> Decimal | None:
        """The criterion max_annual_fee_pct, a fraction of the starting capital a year."""
        return self._threshold("max_annual_fee_pct")

    def _threshold(self, criterion: str) -> Decimal | None:
        return next((c.threshold for c in self.criteria if c.name == criterion), None)
