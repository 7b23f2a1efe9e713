"""The least that an import of backtests can cost: both files read, what is kept taken out of them, and copied into the
same table. No judgement, no check, no look at what is there already."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
import simdjson

import beside_scripts  # noqa: F401
from strategy_testing.metrics.catalogue import METRICS, Section, Unit

_ROWS_AT_ONCE = 200
_WHOLE = (Unit.COUNT, Unit.DAYS)
COLUMNS = ("optimization_run_id", "strategy_id", "backtest_id", "parameters", "daily_returns", "started_at",
           *(metric.column for metric in METRICS if metric.sources))  # fmt: skip


def values_of(folder: Path, parser: simdjson.Parser) -> list[str]:
    """What the floor stores of one backtest, as COPY takes it."""
    document = json.loads((folder / f"{folder.name}-summary.json").read_bytes())
    large: Any = parser.parse((folder / f"{folder.name}.json").read_bytes())
    trades = [(one["profitLoss"], one["totalFees"]) for one in large["totalPerformance"]["closedTrades"]]
    values = large["charts"]["Strategy Equity"]["series"]["Return"]["values"]
    points = np.frombuffer(memoryview(values.as_buffer(of_type="d")).cast("B"), np.float64).reshape(-1, 2)
    del large, values
    returns = points[points[:, 1] != 0]
    packed = (returns[:, 0] // 86400).astype("<u2").tobytes() + (returns[:, 1] / 100).astype("<f4").tobytes()
    sections = {
        Section.PORTFOLIO: document["totalPerformance"]["portfolioStatistics"],
        Section.TRADES: document["totalPerformance"]["tradeStatistics"],
        Section.STATISTICS: document["statistics"],
        Section.RUNTIME: document["runtimeStatistics"],
        Section.STATE: document["state"],
    }
    figures = (
        (next((str(sections[s][name]) for s, name in metric.sources if name in sections[s]), ""), metric.unit)
        for metric in METRICS
        if metric.sources
    )
    assert trades is not None
    return [
        folder.name,
        json.dumps(document["algorithmConfiguration"]["parameters"]),
        rf"\\x{packed.hex()}",
        document["state"]["StartTime"],
        *(_number(text, unit) for text, unit in figures),
    ]


def _number(text: str, unit: Unit) -> str:
    plain = text.strip("$%").replace(",", "")
    return r"\N" if not plain else str(round(float(plain))) if unit in _WHOLE else plain


def store_floor(folder: Path, dsn: str) -> int:
    """Reads the backtests of an output folder and copies them into backtest_results; returns how many there were."""
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO strategies (name) VALUES ('floor') RETURNING id")
        (strategy,) = cursor.fetchone() or (0,)
        cursor.execute("INSERT INTO optimization_runs (strategy_id) VALUES (%s) RETURNING id", (strategy,))
        (run,) = cursor.fetchone() or (0,)
        statement = f"COPY backtest_results ({', '.join(COLUMNS)}) FROM STDIN"
        count = 0
        for text, rows in _batches(folder, f"{run}\t{strategy}"):
            cursor.copy_expert(statement, io.StringIO(text))
            count += rows
        return count


def _batches(folder: Path, ids: str) -> Iterator[tuple[str, int]]:
    parser = simdjson.Parser()
    rows: list[str] = []
    for one in sorted(folder.glob("*-*-*-*-*")):
        rows.append("\t".join((ids, *values_of(one, parser))))
        if len(rows) == _ROWS_AT_ONCE:
            yield "\n".join(rows) + "\n", len(rows)
            rows = []
    if rows:
        yield "\n".join(rows) + "\n", len(rows)


if __name__ == "__main__":
    store_floor(Path(sys.argv[1]), sys.argv[2])
