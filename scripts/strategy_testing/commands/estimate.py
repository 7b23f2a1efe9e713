"""The fee estimate as people meet it: the report of --estimate, and the row of a run that it refused."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.console import answer, tell
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import order_history
from strategy_testing.database.runs import NewRun, store_run, store_strategy
from strategy_testing.errors import ExitCode
from strategy_testing.fees.estimate import FeeEstimate, MissingAssumptions, OrderHistory, estimate_fees
from strategy_testing.fees.models import FEE_MODELS
from strategy_testing.luck.expectations import min_backtest_years
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value, number_of, years_between
from strategy_testing.runs.plan import manifest_of


def needs_history(config: OptimizationConfig) -> bool:
    """Whether the estimate rests on earlier runs, because the config does not say how often the strategy trades."""
    return config.fees.expected_trades_per_year is None


def known_history(database: Database, config: OptimizationConfig) -> OrderHistory | None:
    """What earlier runs show, where the estimate rests on them."""
    if not needs_history(config):
        return None
    with database.transaction():
        return order_history(database, config.strategy.name)


def estimate_for(database: Database, config: OptimizationConfig) -> FeeEstimate | MissingAssumptions:
    """The config's estimate, by what the database knows where it rests on that."""
    return estimate_fees(config, known_history(database, config))


def store_refusal(database: Database, config: OptimizationConfig, estimate: FeeEstimate, batch_id: int | None) -> None:
    """Leaves a row of a run that its estimate has refused, and says so in its batch."""
    manifest, why = manifest_of(config, datetime.now(UTC)), verdict(estimate)
    new = NewRun(manifest, config.document, None, None, batch_id, estimate.expected, refusal=why)
    with database.transaction():
        store_run(database, store_strategy(database, config.strategy), new)
        if batch_id is not None:
            from strategy_testing.database.batches import NeverRan, store_never_ran  # noqa: PLC0415 - seldom needed

            store_never_ran(database, batch_id, config.file, NeverRan.REFUSED, why)


def years_needed(config: OptimizationConfig, tried: Sequence[Mapping[str, str]]) -> str | None:
    """`54 combinations need 5.3 years of data for a Sharpe ratio of 1; the config has 6.0`: fewer show it by luck.

    Args:
        config: None comes of one that has no dates, or of which nobody knows how many combinations there are.
        tried: combinations of earlier runs, which count where the config does not have them too.
    """
    period, method = config.period, config.search.method
    if method.combinations is None or period.start_date is None or period.end_date is None:
        return None
    others = sum(1 for each in tried if not method.includes(each))
    trials = method.combinations + others
    needed, has = min_backtest_years(trials), float(years_between(period.start_date, period.end_date))
    before = f", {trials} with those tried before," if others else ""
    return (
        f"{number_of(method.combinations, 'combination')}{before} {'needs' if trials == 1 else 'need'} "
        f"{needed:.1f} years of data for a Sharpe ratio of 1; the config has {has:.1f}"
        f"{': luck alone shows it' if has < needed else ''}"
    )


def report_estimate(
    config: OptimizationConfig, history: OrderHistory | None, tried: Sequence[Mapping[str, str]] = ()
) -> ExitCode:
    """Prints combinations, orders, fees and slippage in dollars and percent of the capital, years, and the verdict."""
    estimate = estimate_fees(config, history)
    if isinstance(estimate, MissingAssumptions):
        tell(f"{config.file}: {estimate}")
        return ExitCode.CANNOT_ESTIMATE
    at_models = [(model.label, estimate_fees(config, history, name)) for name, model in FEE_MODELS.items()]
    rows = [
        ("Strategy", config.strategy.name),
        ("Combinations", _combinations(config)),
        *_windows(config),
        ("Orders of a backtest", str(estimate.orders)),
        ("Fee of an order", format_value(estimate.fee_per_order, Unit.DOLLARS)),
        ("Fees of a backtest", f"{_of_capital(estimate.total_fees, estimate)}, {_annual(estimate)}"),
        ("Slippage of a backtest", _slippage(estimate)),
        ("Basis", estimate.basis),
        *((f"  at {label}", _of_capital(other.total_fees, other)) for label, other in at_models
          if isinstance(other, FeeEstimate)),
    ]  # fmt: skip
    from tabulate import tabulate  # noqa: PLC0415 - slow to import, and only needed here

    answer(tabulate(rows, tablefmt="plain"))
    if (years := years_needed(config, tried)) is not None:
        answer(years)
    answer(verdict(estimate))
    return ExitCode.STOP_AND_REVISE if estimate.exceeds_limit else ExitCode.OK


def verdict(estimate: FeeEstimate) -> str:
    """`822 orders on $1,000: $674, 67.4% of the capital, above 30.0%: stop and revise`; a year's limit where given."""
    sum_of_it = f"{estimate.orders} orders on ${_whole(estimate.capital)}: {_of_capital(estimate.total_fees, estimate)}"
    compared = f"{sum_of_it}, {_against(estimate.fee_pct, estimate.limit)}"
    if estimate.annual_limit is not None:
        compared += f"; {_annual(estimate)}, {_against(estimate.annual_fee_pct, estimate.annual_limit)}"
    return f"{compared}: {'stop and revise' if estimate.exceeds_limit else 'go ahead'}"


def _against(fraction: Decimal, limit: Decimal) -> str:
    return f"{'above' if fraction > limit else 'within'} {format_value(limit, Unit.FRACTION)}"


def _annual(estimate: FeeEstimate) -> str:
    return f"{format_value(estimate.annual_fee_pct, Unit.FRACTION)} a year"


def _slippage(estimate: FeeEstimate) -> str:
    if not estimate.slippage_bps:
        return "none assumed"
    assumed = f"{estimate.slippage_bps.normalize():f} basis points of an order"
    if estimate.slippage is None:
        return f"not known: {assumed}, and fee_assumptions.position_size_pct does not say what an order is worth"
    return f"{_of_capital(estimate.slippage, estimate)}, {assumed}, in no limit"


def _of_capital(dollars: Decimal, estimate: FeeEstimate) -> str:
    return f"${_whole(dollars)}, {format_value(dollars / estimate.capital, Unit.FRACTION)} of the capital"


def _whole(dollars: Decimal) -> str:
    return f"{dollars:,.0f}"


def _windows(config: OptimizationConfig) -> list[tuple[str, str]]:
    """A row for a walk-forward analysis, whose fees are those of all of its days."""
    if config.walk_forward is None:
        return []
    of = "an unknown number of backtests" if config.backtests is None else number_of(config.backtests, "backtest")
    cut = config.walk_forward
    return [("Windows", f"{len(cut.windows)}, {of}; the fees are those of {cut.whole}")]


def _combinations(config: OptimizationConfig) -> str:
    count = config.search.method.combinations
    return f"not known beforehand ({config.search.type})" if count is None else str(count)
