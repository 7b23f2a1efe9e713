"""The catalogue of metrics: where LEAN reports each, what we store it as, and what people and the optimizer call it.

To store another metric, add a line here and a column to db_schema/tables.sql; parsing, judging, storing and
the config's criteria follow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class Unit(Enum):
    """How a stored number is meant."""

    COUNT = "count"
    RATIO = "ratio"
    FRACTION = "fraction"
    DOLLARS = "dollars"
    DAYS = "days"


class Section(Enum):
    """The part of a backtest's JSON that holds a figure."""

    PORTFOLIO = "portfolioStatistics"
    TRADES = "tradeStatistics"
    STATISTICS = "statistics"
    RUNTIME = "runtimeStatistics"
    STATE = "state"


MetricValues = Mapping[str, Decimal | None]
"""A backtest's figures by column name; None where LEAN reported none."""


@dataclass(frozen=True)
class Metric:
    """One stored figure of a backtest."""

    column: str
    label: str
    unit: Unit
    sources: tuple[tuple[Section, str], ...] = ()
    """Where it stands, best first; empty when it is computed from others."""
    short_name: str = ""
    """X in the criteria min_X and max_X; the column's name is always understood too."""
    names: tuple[str, ...] = ()
    """What LEAN's report and people call it in target_metric and constraints."""
    lean_path: str | None = None
    """The path in the result JSON that LEAN's optimizer can compare as a number."""
    instead: str = ""
    """What to use as a target or constraint when there is no such path."""
    too_low: str = ""
    too_high: str = ""

    @property
    def criterion_names(self) -> tuple[str, ...]:
        """The names under which criteria know the metric, the preferred one first."""
        return tuple(dict.fromkeys(name for name in (self.short_name, self.column) if name))

    @property
    def why_missing(self) -> str:
        """Why a criterion on it cannot be checked where there is no value, behind the metric's label."""
        if self.column in (*NEED_BENCHMARK, "excess_return"):
            return ": no benchmark"
        if self.column in _WHY_NO_LUCK:
            return f": {_WHY_NO_LUCK[self.column]}"
        if self.column in _FROM_LARGE_FILE:
            return " missing: LEAN's large result file was not there, or does not show it"
        return " missing: not reported by LEAN"

    @property
    def bounded_by_one(self) -> bool:
        """Whether a value above 1 (100 %) makes no sense as a limit: a percent written for a fraction."""
        return self.column in _BOUNDED_BY_ONE

    @property
    def adds_up(self) -> bool:
        """Whether it grows with the length of a backtest, as a count of trades does and a ratio does not."""
        return self.unit is Unit.COUNT or self.column in _ADD_UP

    @property
    def is_never_positive(self) -> bool:
        """Whether LEAN reports it as a negative number or 0, such as an average loss of -0.02."""
        return self.column in _NEVER_POSITIVE


NEED_BENCHMARK = ("alpha", "beta", "information_ratio", "tracking_error", "treynor_ratio")
"""Columns of LEAN's figures that mean nothing against a benchmark that never moves."""
_FROM_LARGE_FILE = {
    "winning_trades", "losing_trades", "max_consecutive_losing_trades", "profit_factor", "daily_sharpe_ratio",
    "time_under_water_days",
}  # fmt: skip
_BOUNDED_BY_ONE = {
    "max_drawdown", "win_rate", "loss_rate", "probabilistic_sharpe_ratio", "fee_pct", "annual_fee_pct", "psr",
    "deflated_sharpe", "deflated_sharpe_independent", "pbo", "spa_p",
}  # fmt: skip
_WHY_NO_LUCK = {
    "psr": "known when the run is imported as a whole, from twenty days on",
    "deflated_sharpe": "known when the run is imported as a whole, from twenty days on",
    "deflated_sharpe_independent": "known when the run is imported as a whole, from twenty days on",
    "plateau": "known when the run is imported as a whole, where the target is above 0 and there are neighbours",
    "pbo": "known when the run is imported as a whole, from a dozen combinations that differ and 80 days on",
    "spa_p": "known when the run is imported as a whole, where daily values of the benchmark are there",
}
_ADD_UP = {"total_fees", "fee_pct", "net_profit"}
_NEVER_POSITIVE = {"avg_loss", "value_at_risk_95", "value_at_risk_99"}
PORTFOLIO_PATH = "TotalPerformance.PortfolioStatistics."
TRADES_PATH = "TotalPerformance.TradeStatistics."


def _portfolio(
    column: str,
    label: str,
    unit: Unit,
    statistic: str,
    *,
    field: str = "",
    short: str = "",
    names: tuple[str, ...] = (),
) -> Metric:
    """A figure of totalPerformance.portfolioStatistics, with LEAN's report as the fallback.

    Both call it the same, `sharpeRatio` and `Sharpe Ratio`, but where `field` says otherwise.
    """
    field = field or statistic[0].lower() + re.sub(r"[ -]", "", statistic[1:])
    sources = ((Section.PORTFOLIO, field), (Section.STATISTICS, statistic))
    path = PORTFOLIO_PATH + field[0].upper() + field[1:]
    return Metric(column, label, unit, sources, short, (statistic, *names), path)


def _gross(column: str, label: str, field: str, name: str, *, unit: Unit = Unit.COUNT) -> Metric:
    """A figure of totalPerformance.tradeStatistics: closed round trips before fees. It has LEAN's name."""
    path = TRADES_PATH + field[0].upper() + field[1:]
    return Metric(column, label, unit, ((Section.TRADES, field),), "", (name,), path)


def _value_at_risk(percent: int) -> Metric:
    """The report leaves it out."""
    column, label, name = f"value_at_risk_{percent}", f"Value at risk ({percent} %)", f"Value At Risk {percent}"
    source, path = (Section.PORTFOLIO, f"valueAtRisk{percent}"), f"{PORTFOLIO_PATH}ValueAtRisk{percent}"
    return Metric(column, label, Unit.FRACTION, (source,), f"var_{percent}", (name,), path)


_DOLLARS_INSTEAD = "LEAN does not compute it; constrain Total Fees in dollars, and use {} as a success criterion"

METRICS: tuple[Metric, ...] = (
    _portfolio("sharpe_ratio", "Sharpe ratio", Unit.RATIO, "Sharpe Ratio", short="sharpe"),
    Metric(
        "daily_sharpe_ratio", "Daily Sharpe ratio", Unit.RATIO, (), "daily_sharpe", ("Daily Sharpe Ratio",),
        instead="LEAN does not compute it; use Sharpe Ratio, and min_daily_sharpe as a success criterion",
    ),
    _portfolio("sortino_ratio", "Sortino ratio", Unit.RATIO, "Sortino Ratio", short="sortino"),
    _portfolio(
        "probabilistic_sharpe_ratio", "Probabilistic Sharpe ratio", Unit.FRACTION, "Probabilistic Sharpe Ratio",
        short="lean_psr", names=("PSR",),
    ),
    Metric(
        "calmar_ratio", "Calmar ratio", Unit.RATIO, (), "calmar", ("Calmar Ratio",),
        instead="LEAN does not compute it; use Sharpe Ratio or Compounding Annual Return, "
        "and min_calmar as a success criterion",
    ),
    _portfolio(
        "total_return", "Total return", Unit.FRACTION, "Net Profit", field="totalNetProfit",
        short="return", names=("Total Net Profit", "Total Return", "Return"),
    ),
    _portfolio(
        "compounding_annual_return", "Annual return", Unit.FRACTION, "Compounding Annual Return",
        short="annual_return", names=("Annual Return", "CAGR"),
    ),
    Metric(
        "excess_return", "Excess return", Unit.FRACTION, names=("Excess Return",),
        instead="LEAN does not compute it; use Compounding Annual Return, and min_excess_return as a success criterion",
    ),
    _portfolio(
        "max_drawdown", "Drawdown", Unit.FRACTION, "Drawdown",
        short="drawdown", names=("Max Drawdown", "Maximum Drawdown"),
    ),
    _portfolio(
        "drawdown_recovery_days", "Drawdown recovery", Unit.DAYS, "Drawdown Recovery", short="drawdown_recovery"
    ),
    Metric(
        "time_under_water_days", "Time under water", Unit.DAYS, (), "time_under_water", ("Time Under Water",),
        instead="LEAN does not compute it; use Drawdown, and max_time_under_water as a success criterion",
    ),
    _portfolio(
        "annual_std_dev", "Annual standard deviation", Unit.FRACTION, "Annual Standard Deviation", short="volatility"
    ),
    _portfolio("annual_variance", "Annual variance", Unit.RATIO, "Annual Variance"),
    Metric(
        "total_orders", "Total orders", Unit.COUNT,
        # Before 2024 the report called its count of orders "Total Trades".
        ((Section.STATISTICS, "Total Orders"), (Section.STATISTICS, "Total Trades"), (Section.STATE, "OrderCount")),
        "orders", ("Total Orders",), "Statistics.Total Orders",
        too_low="Insufficient orders", too_high="Too many orders",
    ),
    Metric(
        "total_trades", "Trades", Unit.COUNT, ((Section.TRADES, "totalNumberOfTrades"),),
        "trades", ("Total Trades", "Total Number Of Trades", "Trades"), TRADES_PATH + "TotalNumberOfTrades",
        too_low="Insufficient trades", too_high="Too many trades",
    ),
    _gross("gross_winning_trades", "Winning trades before fees", "numberOfWinningTrades", "Winning Trades"),
    _gross("gross_losing_trades", "Losing trades before fees", "numberOfLosingTrades", "Losing Trades"),
    _gross(
        "gross_max_consecutive_losing_trades", "Consecutive losing trades before fees",
        "maxConsecutiveLosingTrades", "Max Consecutive Losing Trades",
    ),
    Metric("winning_trades", "Winning trades", Unit.COUNT),
    Metric("losing_trades", "Losing trades", Unit.COUNT),
    Metric("max_consecutive_losing_trades", "Consecutive losing trades", Unit.COUNT),
    _portfolio("win_rate", "Win rate", Unit.FRACTION, "Win Rate"),
    _portfolio("loss_rate", "Loss rate", Unit.FRACTION, "Loss Rate"),
    _portfolio("avg_win", "Average win", Unit.FRACTION, "Average Win", field="averageWinRate"),
    _portfolio("avg_loss", "Average loss", Unit.FRACTION, "Average Loss", field="averageLossRate"),
    _portfolio("profit_loss_ratio", "Profit-loss ratio", Unit.RATIO, "Profit-Loss Ratio"),
    _gross("gross_profit_factor", "Profit factor before fees", "profitFactor", "Profit Factor", unit=Unit.RATIO),
    Metric("profit_factor", "Profit factor", Unit.RATIO),
    _portfolio("expectancy", "Expectancy", Unit.RATIO, "Expectancy"),
    Metric(
        "total_fees", "Total fees", Unit.DOLLARS,
        # The trade statistics leave out the fee of a position still open at the end, so the report comes first.
        ((Section.STATISTICS, "Total Fees"), (Section.RUNTIME, "Fees"), (Section.TRADES, "totalFees")),
        "fees", ("Total Fees", "Fees"), TRADES_PATH + "TotalFees",
    ),
    Metric(
        "fee_pct", "Fees", Unit.FRACTION, names=("Fee Pct",), instead=_DOLLARS_INSTEAD.format("max_fee_pct")
    ),
    Metric(
        "annual_fee_pct", "Annual fees", Unit.FRACTION, names=("Annual Fee Pct",),
        instead=_DOLLARS_INSTEAD.format("max_annual_fee_pct"),
    ),
    Metric(
        "net_profit", "Net profit", Unit.DOLLARS, instead="use Net Profit, which is LEAN's total return as a fraction"
    ),
    _portfolio("start_equity", "Start equity", Unit.DOLLARS, "Start Equity"),
    _portfolio("end_equity", "End equity", Unit.DOLLARS, "End Equity"),
    _portfolio("portfolio_turnover", "Portfolio turnover", Unit.FRACTION, "Portfolio Turnover", short="turnover"),
    Metric(
        "estimated_capacity", "Estimated capacity", Unit.DOLLARS,
        ((Section.STATISTICS, "Estimated Strategy Capacity"),), "capacity", ("Estimated Strategy Capacity", "Capacity"),
        instead="LEAN reports it as text, which its optimizer cannot compare; use min_capacity as a success criterion",
    ),
    _portfolio("alpha", "Alpha", Unit.RATIO, "Alpha"),
    _portfolio("beta", "Beta", Unit.RATIO, "Beta"),
    _portfolio("information_ratio", "Information ratio", Unit.RATIO, "Information Ratio"),
    _portfolio("tracking_error", "Tracking error", Unit.FRACTION, "Tracking Error"),
    _portfolio("treynor_ratio", "Treynor ratio", Unit.RATIO, "Treynor Ratio"),
    _value_at_risk(95),
    _value_at_risk(99),
)  # fmt: skip

LUCK_METRICS: tuple[Metric, ...] = (
    Metric("psr", "Probability of a Sharpe ratio above 0", Unit.FRACTION),
    Metric("deflated_sharpe", "Deflated Sharpe ratio", Unit.FRACTION),
    Metric("deflated_sharpe_independent", "Deflated Sharpe ratio of independent trials", Unit.FRACTION),
    Metric("plateau", "Plateau", Unit.RATIO),
    Metric("pbo", "Probability of backtest overfitting", Unit.FRACTION),
    Metric("spa_p", "Probability of beating buy-and-hold by luck", Unit.FRACTION),
)
"""What criteria may ask of all trials of a strategy together; luck/ computes it when a run is imported as a whole."""
FEWEST_COMBINATIONS = 12
"""Below so many a probability of backtest overfitting means little."""

METRIC_BY_COLUMN: Mapping[str, Metric] = {metric.column: metric for metric in METRICS}


def criterion_metric(short_name: str) -> Metric | None:
    """The metric behind X in the criteria min_X and max_X, or None."""
    return next((metric for metric in (*METRICS, *LUCK_METRICS) if short_name in metric.criterion_names), None)


def criterion_names() -> list[str]:
    """Every criterion the framework knows, the preferred names only."""
    return [f"{bound}_{metric.criterion_names[0]}" for metric in (*METRICS, *LUCK_METRICS) for bound in ("min", "max")]
