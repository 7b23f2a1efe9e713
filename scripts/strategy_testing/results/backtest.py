"""Turns the two JSON files that LEAN leaves of a backtest into figures in stated units."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from sys import intern
from typing import Any

from strategy_testing.files import read_bytes
from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.catalogue import MetricValues, Section
from strategy_testing.metrics.domains import without_impossible
from strategy_testing.metrics.lean_names import OTHER_TRADE_STATISTICS
from strategy_testing.metrics.packed import one_for_all, packed, shared
from strategy_testing.results.data_requests import read_data_requests
from strategy_testing.results.json_values import (
    NotAResultError,
    as_day,
    as_moment,
    as_number,
    as_optional_text,
    as_text,
    get,
    get_section,
    impossible_moments,
    trouble,
)
from strategy_testing.results.manifest import LEAN_OUTPUT, TABLE
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.results.parsing.sections import UNFINISHED_STATES, is_plainly_whole, read_sections
from strategy_testing.results.parsing.signs import sign_of, signs_of
from strategy_testing.texts import storable

DATA_REPORT = "data-monitor-report-"
"""How the name of LEAN's report on a backtest's data begins, which it writes behind both files."""

NO_PRICES = "No prices"
"""How the error of a backtest begins for which LEAN found no price at all."""
_MOSTLY_EQUAL = ("backtest_start", "backtest_end", "account_currency", "lean_version", "stocks")
"""Fields in which the backtests of a run differ seldom."""
_FAILED_STATES = ("runtimeerror", "deployerror", "invalid")


class BacktestStatus(StrEnum):
    """How a finished backtest ended."""

    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One finished backtest."""

    backtest_id: str
    parameters: Mapping[str, str]
    """Values are texts, as LEAN has them."""
    status: BacktestStatus
    error_message: str | None
    stack_trace: str | None
    metrics: MetricValues
    backtest_start: date | None
    backtest_end: date | None
    account_currency: str | None
    lean_version: str | None
    started_at: datetime | None
    """UTC."""
    completed_at: datetime | None
    """UTC."""
    period_reason: str | None = None
    """Why an earlier look at its prices found that they miss the period; the prices may have changed since."""
    reused_from: int | None = None
    """The stored result that it was taken from, instead of being run again."""
    held: BuyAndHold | None = None
    """Buy-and-hold of its benchmark, where the chart of that one shows it."""
    stocks: frozenset[str] = frozenset()
    """Tickers of the stocks and ETFs whose prices LEAN read, in capital letters."""
    other_statistics: MetricValues = field(default_factory=dict)
    """LEAN's trade statistics that are not stored; a constraint or target may name them. By name in small letters."""
    without_prices: tuple[str, ...] = ()
    """Tickers for which LEAN found no price at all, where it found some for others."""
    outcome_hash: str | None = None
    """Of every figure that LEAN reports, the same for identical results; None where it reports none."""
    problems: tuple[str, ...] = ()
    """What of its files cannot be, and was left out."""
    daily_returns: bytes | None = None
    """Of the trading days, packed by metrics/daily_returns.py; None of a failed backtest, or where not known."""
    luck: MetricValues = field(default_factory=dict)
    """What all trials of its strategy tell, by the columns of metrics/luck.py; empty before that is known."""
    source_signs: str | None = field(default=None, compare=False)
    """Of the files that it was read from, which change when these do; None where it was read from none."""

    def packed(self, launched_with: Mapping[str, str] | None = None) -> "BacktestResult":
        """The same in little memory, without its daily returns; where the log has equal parameters, with these."""
        parameters = {intern(name): intern(as_text(value)) for name, value in self.parameters.items()}
        return replace(
            self,
            backtest_id=intern(self.backtest_id),
            parameters=launched_with if launched_with == parameters else parameters,
            **{name: one_for_all(getattr(self, name)) for name in _MOSTLY_EQUAL},
            metrics=packed(self.metrics),
            other_statistics=packed(self.other_statistics),
            luck=packed(self.luck),
            held=self.held and shared(self.held, self.held.daily_returns),
            daily_returns=None,
        )

    @property
    def made_a_trade(self) -> bool:
        """Whether at least one round trip was closed."""
        return (self.metrics.get("total_trades") or 0) > 0

    def completed_by(self, earlier: "BacktestResult | None") -> "BacktestResult":
        """With what an earlier import found of prices and luck, and of the large file where that has gone since."""
        if earlier is None:
            return self
        metrics = self.metrics
        if metrics["profit_factor"] is None:
            known = {column: value for column, value in metrics.items() if value is not None}
            metrics = {**metrics, **earlier.metrics, **known}
        returns, luck = self.daily_returns or earlier.daily_returns, earlier.luck
        return replace(self, metrics=metrics, daily_returns=returns, luck=luck, period_reason=earlier.period_reason)

    @property
    def sharpe_ratio(self) -> Decimal | None:
        """The annualised Sharpe ratio that LEAN reports."""
        return self.metrics.get("sharpe_ratio")


@dataclass(frozen=True)
class BacktestFile:
    """Where a backtest's result stands, or will stand."""

    backtest_id: str
    folder: Path

    @property
    def path(self) -> Path:
        """The large file, of one to two megabytes: the figures, and every order, trade and chart."""
        return self.folder / f"{self.backtest_id}.json"

    @property
    def summary(self) -> Path:
        """The small one: every figure, and no more. LEAN writes it first, so that it alone proves no end."""
        return self.folder / f"{self.backtest_id}-summary.json"


@dataclass(frozen=True)
class SkippedFile:
    """Something in a run's folder that holds no result, and why."""

    path: Path
    """Relative to the run's folder."""
    reason: str
    misses_a_result: bool = True
    """False where it is not LEAN's, or has a result of which a part is left out."""

    def __str__(self) -> str:
        """`file: reason`."""
        return storable(f"{self.path}: {self.reason}")


def read_backtest(file: BacktestFile, log: OptimizerLog) -> BacktestResult | SkippedFile:
    """A backtest's result, or why there is none: missing, truncated, unreadable, foreign, still under way.

    The figures are read from the summary where the large file proves that the backtest has ended, or where it was
    removed after that. Else the large file is read, and so it is where the summary is damaged or missing.
    """
    signs = signs_of(file.path, file.summary)
    read = _read_files(file, log)
    if isinstance(read, SkippedFile):
        return read
    held = read.held and shared(read.held, read.held.daily_returns)
    return _with_data_requests(replace(read, held=held, source_signs=signs), file.folder)


def known_backtest(file: BacktestFile, log: OptimizerLog, before: BacktestResult) -> BacktestResult | None:
    """The result that was read before, where reading its files again would give the same; else None."""
    signs = signs_of(file.path, file.summary)
    if signs is None or signs != before.source_signs or before.reused_from is not None:
        return None
    if not log.agrees_with(file.backtest_id, before.parameters):
        return None
    if before.status is BacktestStatus.FAILED and (before.error_message or "").startswith(NO_PRICES):
        before = replace(before, status=BacktestStatus.COMPLETED, error_message=None)
    return _with_data_requests(before, file.folder)


def _read_files(file: BacktestFile, log: OptimizerLog) -> BacktestResult | SkippedFile:
    was_removed = sign_of(file.path) is None and sign_of(file.summary) is not None and _has_ended(file, log)
    to_read = [file.summary] if was_removed else [file.path]
    content = b""
    with suppress(OSError):
        content = read_bytes(file.path)
    if is_plainly_whole(content):
        to_read.insert(0, file.summary)
    for path in to_read:
        try:
            read = content if content and path == file.path else read_bytes(path)
            document = read_sections(read)
            launched_with = log.launched.get(file.backtest_id)
            result = parse_backtest(file.backtest_id, document, launched_with, content)
            if not log.agrees_with(file.backtest_id, result.parameters):
                by = "LEAN's log" if log.table is None else TABLE
                raise NotAResultError(f"was not run with the parameters that {by} names; see {LEAN_OUTPUT} for why")
            return result
        except (OSError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
            skipped = SkippedFile(Path(file.backtest_id) / path.name, trouble(error))
    return skipped


def _with_data_requests(result: BacktestResult, folder: Path) -> BacktestResult:
    """The result, with what LEAN says of the prices that it looked for.

    LEAN calls a backtest that found no price at all completed; only the equity of 0 that it began with shows it.
    """
    requests = read_data_requests(folder)
    tickers = requests.without_prices
    stocks = frozenset(request.name for request in requests.succeeded if request.asset_class == "equity")
    if result.status is BacktestStatus.FAILED or result.metrics["start_equity"] != 0:
        return replace(result, stocks=stocks, without_prices=tickers)
    error = f"{NO_PRICES}: {', '.join(tickers)}" if tickers else NO_PRICES
    return replace(result, status=BacktestStatus.FAILED, error_message=error)


def _has_ended(file: BacktestFile, log: OptimizerLog) -> bool:
    """Whether LEAN came to what it writes behind the large file: its report on the data, or the optimization's end."""
    return log.has_ended or any(file.folder.glob(f"{DATA_REPORT}*"))


def parse_backtest(
    backtest_id: str,
    document: Any,
    parameters_from_log: Mapping[str, str] | None = None,
    large_file: bytes = b"",
) -> BacktestResult:
    """Reads a parsed `<id>.json` or `<id>-summary.json`, camelCase or, from before 2024, PascalCase.

    Args:
        backtest_id: the file's name.
        document: the JSON; numbers may be int, float, Decimal or text.
        parameters_from_log: the optimizer's own record, for files that name no parameters.
        large_file: what `<id>.json` holds; nothing where it is not there.

    Raises:
        NotAResultError: the document is something else, or a backtest still under way.
    """
    # It takes numpy, which nothing needs before a backtest has finished.
    from strategy_testing.results.figures import backtest_figures, outcome_hash, read_large_file  # noqa: PLC0415

    if not isinstance(document, Mapping):
        raise NotAResultError("is not the result of a LEAN backtest")
    state = get_section(document, "state")
    status = str(get(state, "Status") or "").lower()
    if status in UNFINISHED_STATES:
        raise NotAResultError(f"is the result of a backtest still under way (state {get(state, 'Status')})")
    performance = get_section(document, "totalPerformance")
    statistics = get_section(document, "statistics")
    failed = status in _FAILED_STATES or bool(get(state, "RuntimeError"))
    if not performance and not statistics and not failed:
        raise NotAResultError("is not the result of a LEAN backtest: it has neither statistics nor totalPerformance")
    sections = {
        Section.PORTFOLIO: get_section(performance, "portfolioStatistics"),
        Section.TRADES: get_section(performance, "tradeStatistics"),
        Section.STATISTICS: statistics,
        Section.RUNTIME: get_section(document, "runtimeStatistics"),
        Section.STATE: state,
    }
    configuration = get_section(document, "algorithmConfiguration")
    parameters = {as_text(name): as_text(value) for name, value in get_section(configuration, "parameters").items()}
    kept = read_large_file(large_file)
    first_day, last_day = as_day(get(configuration, "startDate")), as_day(get(configuration, "endDate"))
    metrics, problems = backtest_figures(sections, kept, first_day, last_day)
    problems += impossible_moments(configuration, ("startDate", "endDate"))
    return BacktestResult(
        backtest_id=backtest_id,
        parameters=dict(sorted((parameters or parameters_from_log or {}).items())),
        status=BacktestStatus.FAILED if failed else BacktestStatus.COMPLETED,
        error_message=as_optional_text(get(state, "RuntimeError")) or (f"LEAN's state is {status}" if failed else None),
        stack_trace=as_optional_text(get(state, "StackTrace")),
        metrics=metrics,
        backtest_start=first_day,
        backtest_end=last_day,
        account_currency=as_optional_text(get(configuration, "accountCurrency")),
        lean_version=as_optional_text(get(get_section(document, "serverStatistics"), "LEAN Version")),
        other_statistics={
            name.lower(): without_impossible(as_number(get(sections[Section.TRADES], name)))
            for name in OTHER_TRADE_STATISTICS
        },
        problems=tuple(problems),
        started_at=as_moment(get(state, "StartTime")),
        completed_at=as_moment(get(state, "EndTime")),
        held=kept.held,
        daily_returns=None if failed else kept.daily_returns,
        outcome_hash=outcome_hash(sections[each] for each in (Section.PORTFOLIO, Section.TRADES, Section.STATISTICS)),
    )
