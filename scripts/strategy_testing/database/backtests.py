"""The rows of backtests: stored, and taken again where a run would only repeat them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from strategy_testing.database.connection import Database, Row, as_jsonb, as_recordset
from strategy_testing.database.rows.documents import Upsert, upsert_of
from strategy_testing.database.runs import StoredRun, inputs_of
from strategy_testing.errors import RefusedError
from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.catalogue import METRICS, MetricValues
from strategy_testing.metrics.domains import decimal_of
from strategy_testing.metrics.luck import LUCK_COLUMNS, LuckOfResult
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict.criteria import OTHER_PERIOD, Judged
from strategy_testing.verdict.inputs import RunInputs
from strategy_testing.verdict.rejection import Rejection, Verdict

_IDENTITY_COLUMNS = ("optimization_run_id", "backtest_id")
_AS_IT_IS = (
    "backtest_id", "error_message", "stack_trace", "backtest_start", "backtest_end", "account_currency", "lean_version",
    "started_at", "completed_at", "outcome_hash", "source_signs",
)  # fmt: skip
"""Columns that hold a field of BacktestResult as it is, under its name."""
_METRIC_COLUMNS = tuple(metric.column for metric in METRICS)
_DECIDED_COLUMNS = (
    "strategy_id", "parameters", "status", "meets_criteria", "rejection_reasons", "miss_distance", "target_value",
    "reused_from",
)  # fmt: skip
_STORED_COLUMNS = tuple(
    f"result.{column}"
    for column in (*_AS_IT_IS, "also_read", *_DECIDED_COLUMNS, *_METRIC_COLUMNS, *LuckOfResult._fields)
)
_OF_HELD = ("name", "total_return", "annual_return", "sharpe", "max_drawdown")
_ROWS_AT_ONCE = 50
"""Bounds what is in memory beside the results."""


class Returns(Protocol):
    """Packed daily returns by the ids of their backtests, wherever they are kept."""

    def get(self, backtest_id: str, /) -> bytes | None:
        """Those of a backtest; None where there are none."""


@dataclass(frozen=True)
class EarlierRun:
    """A run of the same code, engine image and fixed parameters, and what it computed."""

    id: int
    inputs: RunInputs
    results: tuple[BacktestResult, ...]
    """Its finished backtests; those that it took from other runs are theirs."""


@dataclass(frozen=True)
class _Sent:
    """What PostgreSQL is sent of some results: most of our own work on storing them."""

    rows: Upsert
    rejections: Mapping[str, Any]


def store_results(
    database: Database, run: StoredRun, results: Sequence[Judged], returns: Returns = MappingProxyType({})
) -> dict[str, str]:
    """A run's backtests, some at a time; what is already stored the same stays untouched.

    A row that PostgreSQL refuses costs no other. While PostgreSQL stores some, a thread prepares the next.

    Args:
        database: in a transaction.
        run: whose backtests they are.
        results: the backtests; of one that does not know yet what all trials tell, what is stored of that stays.
        returns: packed daily returns by the backtests' ids, of results without; else what is stored stays. Asked by one
            other thread.

    Returns:
        Why rows were refused, by the ids of their backtests.
    """
    refused: dict[str, str] = {}
    kinds = [one for one in results if one.result.luck], [one for one in results if not one.result.luck]
    batches = [kind[at : at + _ROWS_AT_ONCE] for kind in kinds for at in range(0, len(kind), _ROWS_AT_ONCE)]
    with ThreadPoolExecutor(1) as beside:

        def begun(some: Sequence[Judged]) -> Callable[[], _Sent]:
            return beside.submit(_sent, run, returns, some).result

        coming = map(begun, batches)
        after = next(coming, None)
        for some in batches:
            now, after = after, next(coming, None)
            refused |= _store_some(database, some, begun, now)
    return refused


def _store_some(
    database: Database,
    results: Sequence[Judged],
    begun: Callable[[Sequence[Judged]], Callable[[], _Sent]],
    now: Callable[[], _Sent] | None = None,
) -> dict[str, str]:
    """Stores results of which `now` waits for what is sent, or `begun` begins to prepare it."""
    try:
        with database.savepoint():
            sent = (now or begun(results))()
            database.upsert(sent.rows)
            database.execute("store_rejections", sent.rejections)
    except RefusedError as refusal:
        if len(results) == 1:
            return {results[0].result.backtest_id: str(refusal)}
        middle = len(results) // 2
        first = _store_some(database, results[:middle], begun)
        return first | _store_some(database, results[middle:], begun)
    return {}


def _sent(run: StoredRun, returns: Returns, results: Sequence[Judged]) -> _Sent:
    rows = [_result_row(run, result, returns) for result in results]
    upsert = upsert_of("backtest_results", _IDENTITY_COLUMNS, rows, kept=("daily_returns",), aside=LuckOfResult._fields)
    return _Sent(upsert, _rejections(run, results))


def store_verdicts(database: Database, run: StoredRun, results: Sequence[Judged]) -> None:
    """Only the verdicts of backtests that are stored; those that have not changed stay untouched."""
    for at in range(0, len(results), _ROWS_AT_ONCE):
        some = results[at : at + _ROWS_AT_ONCE]
        rows = [
            {
                "backtest": judged.result.backtest_id,
                "meets_criteria": judged.verdict.meets_criteria,
                "reasons": list(judged.verdict.reasons),
                "miss_distance": judged.verdict.miss_distance,
                "target_value": judged.target_value,
            }
            for judged in some
        ]
        database.execute("update_verdicts", {"run": run.id, "rows": as_recordset(rows)})
        database.execute("store_rejections", _rejections(run, some))


def _rejections(run: StoredRun, results: Sequence[Judged]) -> dict[str, Any]:
    """What the statement `store_rejections` is given."""
    rows = [
        {
            "backtest": judged.result.backtest_id,
            "position": position,
            "criterion": each.criterion,
            "reason": each.reason,
            "value": each.value,
            "limit": each.limit,
        }
        for judged in results
        for position, each in enumerate(judged.verdict.rejections)
    ]
    backtests = [judged.result.backtest_id for judged in results]
    return {"run": run.id, "backtests": backtests, "rows": as_recordset(rows)}


def forget_results(database: Database, run: StoredRun, backtest_ids: Sequence[str]) -> None:
    """Removes rows of a run whose results were set aside; those that other runs took from them are theirs."""
    database.execute("forget_results", {"run": run.id, "backtests": list(backtest_ids)})


def earlier_runs(
    database: Database, strategy: str, code_hash: str, engine_image: str | None, fixed_parameters: Mapping[str, str]
) -> list[EarlierRun]:
    """The runs whose finished backtests a run of the same would only repeat, the newest first."""
    wanted = {"strategy": strategy, "strategy_code_hash": code_hash, "engine_image": engine_image}
    runs = database.rows("earlier_runs", wanted)
    fixed = as_jsonb(dict(fixed_parameters))
    rows = database.rows("results_of_runs", {"runs": [run["id"] for run in runs], "fixed_parameters": fixed})
    results: dict[int, list[BacktestResult]] = {run["id"]: [] for run in runs}
    for row in rows:
        results[row["optimization_run_id"]].append(result_of(row, reused_from=row["id"]))
    return [EarlierRun(run["id"], inputs_of(run), tuple(results[run["id"]])) for run in runs]


def stored_results(database: Database, run_uuid: UUID) -> list[Judged]:
    """A run's backtests as they are stored, with their last verdicts; none where the run is not stored yet."""
    rows = database.each("stored_results", {"run_uuid": str(run_uuid)}, _STORED_COLUMNS)
    return [
        Judged(
            result=replace(
                result_of(row, row["reused_from"]),
                luck={column: decimal_of(row[column]) for column in LUCK_COLUMNS},
            ).packed(),
            verdict=Verdict(
                row["meets_criteria"],
                tuple(row["rejection_reasons"]),
                tuple(
                    Rejection(criterion, reason, decimal_of(value), decimal_of(limit))
                    for criterion, reason, value, limit in row["rejections"]
                ),
            ),
            target_value=decimal_of(row["target_value"]),
        )
        for row in rows
    ]


def _result_row(run: StoredRun, judged: Judged, returns: Returns) -> dict[str, Any]:
    result, verdict = judged.result, judged.verdict
    return {
        **{column: getattr(result, column) for column in _AS_IT_IS},
        **dict(result.metrics.items()),
        **_luck_row(result.luck),
        "optimization_run_id": run.id,
        "strategy_id": run.strategy_id,
        "daily_returns": result.daily_returns or returns.get(result.backtest_id),
        "also_read": _also_read(result),
        "parameters": result.parameters,
        "status": str(result.status),
        "meets_criteria": verdict.meets_criteria,
        "rejection_reasons": list(verdict.reasons),
        "miss_distance": verdict.miss_distance,
        "target_value": judged.target_value,
        "reused_from": result.reused_from,
    }


def _luck_row(luck: MetricValues) -> dict[str, Any]:
    """Nothing of a backtest of which it is not known yet."""
    figures: dict[str, Any] = {column: luck[column] for column in LuckOfResult._fields if luck}
    return figures | {column: bool(figures[column]) for column in ("on_edge",) if figures.get(column) is not None}


def _also_read(result: BacktestResult) -> dict[str, Any] | None:
    """What of a result read from its files has no column of its own."""
    if result.source_signs is None:
        return None
    held = result.held
    found = {
        "held": held and {name: str(value) for name in _OF_HELD if (value := getattr(held, name)) is not None},
        "stocks": sorted(result.stocks),
        "without_prices": list(result.without_prices),
        "problems": list(result.problems),
        "statistics": {name: str(one) for name, one in result.other_statistics.items() if one is not None},
    }
    return {name: value for name, value in found.items() if value}


def result_of(row: Row, reused_from: int | None) -> BacktestResult:
    """A stored backtest, not judged: the criteria of another run may differ."""
    target = (row["target_metric"] or "").lower().rpartition(".")[2]
    periods = [reason for reason in row["rejection_reasons"] if reason.startswith(OTHER_PERIOD)]
    also = row["also_read"] or {}
    statistics = {name: decimal_of(value) for name, value in also.get("statistics", {}).items()}
    return BacktestResult(
        **{column: row[column] for column in _AS_IT_IS},
        daily_returns=None if row.get("daily_returns") is None else bytes(row["daily_returns"]),
        parameters=row["parameters"],
        status=BacktestStatus(row["status"]),
        metrics={column: decimal_of(row[column]) for column in _METRIC_COLUMNS},
        reused_from=reused_from,
        period_reason=periods[0] if periods else None,
        other_statistics=statistics or {target: decimal_of(row["target_value"])},
        held=_held(also["held"]) if "held" in also else None,
        stocks=frozenset(also.get("stocks", ())),
        without_prices=tuple(also.get("without_prices", ())),
        problems=tuple(also.get("problems", ())),
    )


def _held(found: Mapping[str, str]) -> BuyAndHold:
    """Without the returns, which the run's row has."""
    name, total, annual, sharpe, drawdown = (found.get(one) for one in _OF_HELD)
    return BuyAndHold(
        name or "",
        Decimal(total or 0),
        Decimal(annual or 0),
        Decimal(sharpe) if sharpe else None,
        Decimal(drawdown or 0),
    )
