"""Many results at a time: stored as they are, also beside those that PostgreSQL refuses, or not at all."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from strategy_testing.config.model import StrategyInfo
from strategy_testing.database.backtests import store_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import NewRun, StoredRun, store_run, store_strategy
from strategy_testing.files import Spool
from strategy_testing.results.manifest import RunManifest
from strategy_testing.verdict.criteria import NOT_JUDGED, Judged
from test_sanity import make_result

Ask = Callable[..., list[dict[str, Any]]]

_RESULTS = [Judged(make_result({"n": n}), NOT_JUDGED, None) for n in range(250)]
_IDS = [one.result.backtest_id for one in _RESULTS]
_STORED = "SELECT backtest_id, daily_returns FROM backtest_results ORDER BY id"


def _run(database: Database) -> StoredRun:
    with database.transaction():
        strategy = store_strategy(database, StrategyInfo("Many", "Many"))
        unknown = (None, None, None, None, None)
        manifest = RunManifest(uuid4(), "Many", "Many", *unknown, ("part",), (), None, None, datetime.now(UTC))
        return store_run(database, strategy, NewRun(manifest, None, Path("output")))


def _returns(of: Sequence[str]) -> Spool[str]:
    kept = Spool[str]()
    for backtest in of:
        kept.put(backtest, backtest.encode() * 5_000)
    return kept


def test_rows_that_postgres_refuses_cost_no_others_and_none_its_returns(database: Database, ask: Ask) -> None:
    run = _run(database)
    ask("ALTER TABLE backtest_results ADD CONSTRAINT never CHECK (backtest_id <> ALL (ARRAY['7', '99', '240']))")
    with _returns(_IDS[1:]) as returns, database.transaction():
        refused = store_results(database, run, _RESULTS, returns)
    assert list(refused) == ["7", "99", "240"]
    assert all('violates check constraint "never"' in reason for reason in refused.values())
    stored = {row["backtest_id"]: row["daily_returns"] for row in ask(_STORED)}
    assert list(stored) == [one for one in _IDS if one not in refused]
    assert stored.pop("0") is None
    assert {name: bytes(kept) for name, kept in stored.items()} == {name: name.encode() * 5_000 for name in stored}


def test_what_cannot_be_prepared_ends_the_transaction(database: Database, ask: Ask) -> None:
    class Broken:
        def get(self, backtest_id: str) -> bytes | None:
            if backtest_id == "200":
                raise RuntimeError("the disk is gone")
            return None

    run = _run(database)
    with pytest.raises(RuntimeError, match="the disk is gone"), database.transaction():
        store_results(database, run, _RESULTS, Broken())
    assert ask(_STORED) == []
