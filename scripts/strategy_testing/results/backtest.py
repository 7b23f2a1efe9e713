"""Turns the two JSON files that LEAN leaves of a backtest into figures in stated units."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from strategy_testing.metrics.catalogue import METRICS, Metric, MetricValues, Section, Unit
from strategy_testing.metrics.figures import years_between
from strategy_testing.results.data_requests import read_data_requests
from strategy_testing.results.json_values import (
    as_day,
    as_moment,
    as_number,
    as_optional_text,
    as_text,
    get,
    get_section,
)
from strategy_testing.results.manifest import LEAN_OUTPUT, TABLE
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.results.table import differs

DATA_REPORT = "data-monitor-report-"
"""How the name of LEAN's report on a backtest's data begins, which it writes behind both files."""

NO_PRICES = "No prices"
"""How the error of a backtest begins for which LEAN found no price at all."""
_DERIVED_DECIMALS = Decimal("0.000001")
_INTEGER_UNITS = (Unit.COUNT, Unit.DAYS)
_UNFINISHED_STATES = {"running", "initializing", "inqueue", "loggingin", "history"}
_FAILED_STATES = ("runtimeerror", "deployerror", "invalid")
_STATE = re.compile(rb'"Status": *"(\w+)"')
_LAST_BRACE = b"\n}"
"""LEAN indents, so that only the outermost brace stands at the beginning of a line."""


class BacktestStatus(StrEnum):
    """How a finished backtest ended."""

    COMPLETED = "completed"
    FAILED = "failed"


class NotAResultError(ValueError):
    """The document is no finished backtest; the message says why."""


@dataclass(frozen=True)
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
    reused_from: int | None = None
    """The stored result that it was taken from, instead of being run again."""

    @property
    def made_a_trade(self) -> bool:
        """Whether at least one round trip was closed."""
        trades = self.metrics.get("total_trades")
        return trades is not None and trades > 0

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
    is_foreign: bool = False
    """Not LEAN's, so that no result is missed in it."""

    def __str__(self) -> str:
        """`file: reason`."""
        return f"{self.path}: {self.reason}"


def read_backtest(file: BacktestFile, log: OptimizerLog) -> BacktestResult | SkippedFile:
    """A backtest's result, or why there is none: missing, truncated, unreadable, foreign, still under way.

    The figures are read from the summary where the large file proves that the backtest has ended, or where it was
    removed after that. Else the large file is read, and so it is where the summary is damaged or missing.
    """
    was_removed = not file.path.exists() and file.summary.exists() and _has_ended(file, log)
    to_read = [file.summary] if was_removed else [file.path]
    if _is_plainly_whole(file.path):
        to_read.insert(0, file.summary)
    for path in to_read:
        try:
            document = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
            launched_with = log.launched.get(file.backtest_id)
            result = parse_backtest(file.backtest_id, document, launched_with)
            rows = (log.table or ({},)) if launched_with is None else (launched_with,)
            if log.table is not None and all(differs(result.parameters, row) for row in rows):
                raise NotAResultError(f"was not run with the parameters that {TABLE} names; see {LEAN_OUTPUT} for why")
            return _failed_without_prices(result, file.folder)
        except (OSError, ValueError, RecursionError) as error:
            skipped = SkippedFile(Path(file.backtest_id) / path.name, _trouble(error))
    return skipped


def _failed_without_prices(result: BacktestResult, folder: Path) -> BacktestResult:
    """LEAN calls a backtest that found no price at all completed; only the equity of 0 that it began with shows it."""
    if result.status is BacktestStatus.FAILED or result.metrics["start_equity"] != 0:
        return result
    tickers = sorted({request.ticker.upper() for request in read_data_requests(folder).failed})
    error = f"{NO_PRICES}: {', '.join(tickers)}" if tickers else NO_PRICES
    return replace(result, status=BacktestStatus.FAILED, error_message=error)


def _is_plainly_whole(path: Path) -> bool:
    """Whether the file ends as LEAN ends one, and says that the backtest has ended; costs no parsing.

    While a backtest runs LEAN may write whole files, too, which the final one replaces.
    """
    try:
        content = path.read_bytes() if path.is_file() else b""
    except OSError:
        return False
    states = {state.decode().lower() for state in _STATE.findall(content)}
    return content[-8:].rstrip().endswith(_LAST_BRACE) and bool(states) and not states & _UNFINISHED_STATES


def _has_ended(file: BacktestFile, log: OptimizerLog) -> bool:
    """Whether LEAN came to what it writes behind the large file: its report on the data, or the optimization's end."""
    return log.has_ended or any(file.folder.glob(f"{DATA_REPORT}*"))


def _trouble(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "missing: the backtest did not finish"
        case json.JSONDecodeError():
            at_the_end = error.pos >= len(error.doc.rstrip()) - 1 or "Unterminated" in error.msg
            what = "truncated" if at_the_end else "not valid JSON"
            return f"{what} after {error.pos} characters: the file was not written to its end"
        case UnicodeDecodeError():
            return "is not text: damaged, or not written by LEAN"
        case NotAResultError():
            return str(error)
        case RecursionError():
            return "is nested too deeply to be a result"
        case _:
            return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"


def parse_backtest(
    backtest_id: str, document: Any, parameters_from_log: Mapping[str, str] | None = None
) -> BacktestResult:
    """Reads a parsed `<id>.json` or `<id>-summary.json`, camelCase or, from before 2024, PascalCase.

    Args:
        backtest_id: the file's name.
        document: the JSON; numbers may be int, float, Decimal or text.
        parameters_from_log: the optimizer's own record, for files that name no parameters.

    Raises:
        NotAResultError: the document is something else, or a backtest still under way.
    """
    if not isinstance(document, Mapping):
        raise NotAResultError("is not the result of a LEAN backtest")
    state = get_section(document, "state")
    status = str(get(state, "Status") or "").lower()
    if status in _UNFINISHED_STATES:
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
    parameters = {str(name): as_text(value) for name, value in get_section(configuration, "parameters").items()}
    first_day, last_day = as_day(get(configuration, "startDate")), as_day(get(configuration, "endDate"))
    return BacktestResult(
        backtest_id=backtest_id,
        parameters=dict(sorted((parameters or parameters_from_log or {}).items())),
        status=BacktestStatus.FAILED if failed else BacktestStatus.COMPLETED,
        error_message=as_optional_text(get(state, "RuntimeError")) or (f"LEAN's state is {status}" if failed else None),
        stack_trace=as_optional_text(get(state, "StackTrace")),
        metrics=_metrics(sections, first_day, last_day),
        backtest_start=first_day,
        backtest_end=last_day,
        account_currency=as_optional_text(get(configuration, "accountCurrency")),
        lean_version=as_optional_text(get(get_section(document, "serverStatistics"), "LEAN Version")),
        started_at=as_moment(get(state, "StartTime")),
        completed_at=as_moment(get(state, "EndTime")),
    )


def _metrics(
    sections: Mapping[Section, Mapping[str, Any]], first_day: date | None, last_day: date | None
) -> dict[str, Decimal | None]:
    values = {metric.column: _first_number(metric, sections) for metric in METRICS}
    if values["total_fees"] is not None:
        values["total_fees"] = abs(values["total_fees"])  # the runtime statistics show fees as a loss
    start, end = values["start_equity"], values["end_equity"]
    values["net_profit"] = None if start is None or end is None else end - start
    values["fee_pct"] = _quotient(values["total_fees"], start)
    if start is not None and first_day is not None and last_day is not None and first_day <= last_day:
        values["annual_fee_pct"] = _quotient(values["total_fees"], start * years_between(first_day, last_day))
    values["calmar_ratio"] = _quotient(values["compounding_annual_return"], values["max_drawdown"])
    return values


def _first_number(metric: Metric, sections: Mapping[Section, Mapping[str, Any]]) -> Decimal | None:
    for section, name in metric.sources:
        number = as_number(get(sections[section], name))
        if number is not None and metric.unit in _INTEGER_UNITS:
            return number.to_integral_value()
        if number is not None:
            return number
    return None


def _quotient(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    if numerator is None or denominator is None or denominator == 0:
        return None
    return (numerator / denominator).quantize(_DERIVED_DECIMALS)
