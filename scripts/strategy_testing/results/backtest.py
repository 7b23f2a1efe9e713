"""Turns one backtest's JSON into figures in stated units. Pure: a parsed document in, a result out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from strategy_testing.config.model import Criterion
from strategy_testing.metrics.catalogue import METRICS, Metric, MetricValues, Section, Unit
from strategy_testing.metrics.figures import years_between
from strategy_testing.verdict.criteria import NOT_JUDGED, Verdict, judge

_DERIVED_DECIMALS = Decimal("0.000001")
_INTEGER_UNITS = (Unit.COUNT, Unit.DAYS)
_UNFINISHED_STATES = ("running", "initializing", "inqueue", "loggingin", "history")
_FAILED_STATES = ("runtimeerror", "deployerror", "invalid")
_NUMBER = re.compile(r"(\d[\d,]*)?(\.\d+)?([eE][-+]?\d+)?")


class BacktestStatus(StrEnum):
    """How a finished backtest ended."""

    COMPLETED = "completed"
    FAILED = "failed"


class NotAResultError(ValueError):
    """The document is no finished backtest; the message says why."""


class StillUnderWayError(NotAResultError):
    """LEAN writes such files while a backtest runs; the final one replaces them."""


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
    verdict: Verdict = NOT_JUDGED
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

    def judged(self, criteria: tuple[Criterion, ...]) -> "BacktestResult":
        """The same result with its verdict."""
        first_line = self.error_message.splitlines()[0] if self.error_message else None
        error = (first_line or "no message") if self.status is BacktestStatus.FAILED else None
        return replace(self, verdict=judge(self.metrics, error, criteria))


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
    state = _section(document, "state")
    status = str(_get(state, "Status") or "").lower()
    if status in _UNFINISHED_STATES:
        raise StillUnderWayError(f"is the result of a backtest still under way (state {_get(state, 'Status')})")
    performance = _section(document, "totalPerformance")
    statistics = _section(document, "statistics")
    failed = status in _FAILED_STATES or bool(_get(state, "RuntimeError"))
    if not performance and not statistics and not failed:
        raise NotAResultError("is not the result of a LEAN backtest: it has neither statistics nor totalPerformance")
    sections = {
        Section.PORTFOLIO: _section(performance, "portfolioStatistics"),
        Section.TRADES: _section(performance, "tradeStatistics"),
        Section.STATISTICS: statistics,
        Section.RUNTIME: _section(document, "runtimeStatistics"),
        Section.STATE: state,
    }
    configuration = _section(document, "algorithmConfiguration")
    parameters = {str(name): _text(value) for name, value in _section(configuration, "parameters").items()}
    first_day, last_day = _day(_get(configuration, "startDate")), _day(_get(configuration, "endDate"))
    return BacktestResult(
        backtest_id=backtest_id,
        parameters=dict(sorted((parameters or parameters_from_log or {}).items())),
        status=BacktestStatus.FAILED if failed else BacktestStatus.COMPLETED,
        error_message=_optional_text(_get(state, "RuntimeError")) or (f"LEAN's state is {status}" if failed else None),
        stack_trace=_optional_text(_get(state, "StackTrace")),
        metrics=_metrics(sections, first_day, last_day),
        backtest_start=first_day,
        backtest_end=last_day,
        account_currency=_optional_text(_get(configuration, "accountCurrency")),
        lean_version=_optional_text(_get(_section(document, "serverStatistics"), "LEAN Version")),
        started_at=_moment(_get(state, "StartTime")),
        completed_at=_moment(_get(state, "EndTime")),
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
        number = as_number(_get(sections[section], name))
        if number is not None and metric.unit in _INTEGER_UNITS:
            return number.to_integral_value()
        if number is not None:
            return number
    return None


def as_number(value: Any) -> Decimal | None:
    """A figure of LEAN's as a number: 92, "0.0935", "$1,261.16", "-$124.00", "18.300%" (0.183); None for no figure."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        number = Decimal(str(value))
        return number if number.is_finite() else None
    text = str(value).strip()
    found = next((match for match in _NUMBER.finditer(text) if match[1] or match[2]), None)
    if found is None or "nan" in text.lower() or "∞" in text:
        return None
    number = Decimal(found[0].replace(",", ""))
    if "-" in text[: found.start()]:
        number = -number
    return number / 100 if text.endswith("%") else number


def _quotient(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    if numerator is None or denominator is None or denominator == 0:
        return None
    return (numerator / denominator).quantize(_DERIVED_DECIMALS)


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = _get(document, name)
    return value if isinstance(value, Mapping) else {}


def _get(document: Mapping[str, Any], name: str) -> Any:
    """The value of a key, whose first letter may be of either case."""
    if name in document:
        return document[name]
    return document.get(name[:1].swapcase() + name[1:])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _storable(str(value))


def _optional_text(value: Any) -> str | None:
    return _text(value).strip() or None


def _storable(text: str) -> str:
    """Without what PostgreSQL's text cannot hold: the zero character and half surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _day(value: Any) -> date | None:
    moment = _moment(value)
    return None if moment is None else moment.date()
