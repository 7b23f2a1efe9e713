"""The figures of luck in the database: of the recorded 72 combinations, over several runs, and in the views."""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
import pytest
import yaml

from strategy_testing.errors import ExitCode
from strategy_testing.luck.series import digest_of
from strategy_testing.luck.strategy import Luck, Result, luck_of
from strategy_testing.metrics.daily_returns import DailyReturns, count_of, pack, unpack
from support import PROJECT, ScriptResult

_EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]


@dataclass(frozen=True)
class _Tried:
    """A result, and its packed returns."""

    result: Result
    packed: bytes


def _result(number: int, value: int, *, seed: int | None = None, days: int = 500, run: int = 1) -> _Tried:
    """A combination; without a seed one whose returns are not known."""
    packed = b""
    if seed is not None:
        first = np.datetime64("2015-01-01")
        values = np.random.default_rng(seed).normal(0.0004, 0.01, days)
        packed = pack(DailyReturns(np.arange(first, first + np.timedelta64(days)), values)) or b""
    count = count_of(packed) if packed else 0
    result = Result(number, run, f"n={value}", count, digest_of(packed), {"n": str(value)}, value / 10, True)
    return _Tried(result, packed)


def _luck_of(tried: Sequence[_Tried], benchmark: DailyReturns | None = None) -> Luck:
    """Of the first run."""
    returns = {one.result.id: one.packed for one in tried if one.packed}
    return luck_of([one.result for one in tried], returns, 1, benchmark)


def _trials(luck: Luck) -> object:
    return luck.of_strategy["trials"]


def test_every_distinct_combination_counts_once_whatever_its_dates() -> None:
    tried = [_result(1, 1, seed=1), _result(2, 2, seed=2), _result(3, 2, seed=3, days=100, run=2), _result(4, 3)]
    assert _trials(_luck_of(tried)) == 3
    # A parameter that changes nothing makes no trial.
    twins = [*tried, _result(5, 4, seed=2), _result(6, 5, seed=2)]
    assert _trials(_luck_of(twins)) == 3
    more = _luck_of([*twins, *(_result(10 + n, 10 + n, seed=10 + n) for n in range(30))])
    assert _trials(more) == 33
    before, after = (luck.of_results[1] for luck in (_luck_of(tried), more))
    assert before.psr == after.psr
    deflated, again = before.deflated_sharpe, after.deflated_sharpe
    assert isinstance(deflated, float) and isinstance(again, float)
    assert again < deflated


def test_the_best_of_the_72_in_the_database(run_script: Run, ask: Ask, recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "lean.json").write_text("{}\n", encoding="utf-8")
    shutil.copytree(PROJECT / "tests" / "prices" / "equity", tmp_path / "data" / "equity")  # to compare with
    output = recording("grid-72")
    done = run_script("results_importer.py", "--optimization-dir", output)
    assert done.exit_code == 0
    line = "best Sharpe 0.66 on trading days; luck alone would give 0.44 after 72 trials; deflated Sharpe 75%\n"
    assert line in done.stderr
    (run,) = ask(
        "SELECT trials, round(independent_trials, 1)::text AS independent, "
        "round(expected_best_sharpe, 2)::text AS luck, "
        "round(pbo, 2)::text AS pbo, round(spa_p, 2)::text AS spa, "
        "round(min_backtest_years, 1)::text AS years, pbo_logits FROM optimization_runs"
    )
    assert sum(run.pop("pbo_logits")) == 12870
    assert run == {"trials": 72, "independent": "1.6", "luck": "0.44", "pbo": "0.11", "spa": "1.00", "years": "5.8"}
    (best,) = ask(
        "SELECT round(daily_sharpe_ratio, 2)::text AS sharpe, round(psr, 2)::text AS psr, "
        "round(deflated_sharpe, 2)::text AS deflated, round(deflated_sharpe_independent, 2)::text AS independent, "
        "round(min_track_record_years, 1)::text AS needed, round(plateau, 2)::text AS plateau, on_edge "
        "FROM luck ORDER BY daily_sharpe_ratio DESC LIMIT 1"
    )
    assert best == {
        "sharpe": "0.66", "psr": "0.98", "deflated": "0.75", "independent": "0.96", "needed": "6.2", "plateau": "0.78",
        "on_edge": True,
    }  # fmt: skip
    assert ask("SELECT count(*) FROM luck WHERE daily_sharpe_ratio BETWEEN daily_sharpe_low AND daily_sharpe_high") == [
        {"count": 72}
    ]
    assert ask("SELECT strategy, runs, trials FROM trials_per_strategy") == [
        {"strategy": ask("SELECT name FROM strategies")[0]["name"], "runs": 1, "trials": 72}
    ]
    rows = "SELECT * FROM backtest_results ORDER BY id"
    runs = "SELECT * FROM optimization_runs"
    before = ask(rows), ask(runs)
    run_script("results_importer.py", "--optimization-dir", output)
    assert (ask(rows), ask(runs)) == before


def test_another_run_of_the_strategy_lowers_what_earlier_ones_found(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    for name in ("dead-parameter", "euler-whole"):
        run_script("results_importer.py", "--optimization-dir", recording(name), "--strategy", "S")
        if name == "dead-parameter":
            assert ask("SELECT trials, pbo FROM optimization_runs") == [{"trials": 1, "pbo": None}]
            assert ask("SELECT DISTINCT psr = deflated_sharpe AS same FROM backtest_results") == [{"same": True}]
    runs = ask("SELECT DISTINCT trials, expected_best_sharpe > 0 AS has_luck FROM optimization_runs")
    assert len(runs) == 1
    assert runs[0]["trials"] == 7
    assert runs[0]["has_luck"]
    assert ask("SELECT count(*) FROM backtest_results WHERE psr IS NOT NULL AND deflated_sharpe >= psr") == [
        {"count": 0}
    ]


def test_a_result_is_judged_by_luck_before_it_is_stored(run_script: Run, ask: Ask, recording: Recording) -> None:
    run_script("results_importer.py", "--list")  # makes the tables
    ask(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'written twice'; END $$; "
        "CREATE TRIGGER refuse BEFORE UPDATE ON backtest_results FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    done = run_script("results_importer.py", "--optimization-dir", recording("grid-72"), "--config", _EXAMPLE)
    assert (done.exit_code, "written twice" in done.stderr) == (0, False), done.stderr
    assert ask("SELECT count(*), count(psr) AS told FROM backtest_results WHERE meets_criteria IS NOT NULL") == [
        {"count": 72, "told": 72}
    ]
    assert ask(
        "SELECT count(*) FROM backtest_results AS result INNER JOIN rejections ON rejections.backtest_id = result.id "
        "WHERE criterion = 'min_deflated_sharpe' AND value = deflated_sharpe"
    ) != [{"count": 0}]


def _is_as_computed_anew(run_script: Run, ask: Ask, folder: Path) -> bool:
    """Whether an import that has to compute all of it finds what is stored."""
    stored = _told(ask)
    ask("UPDATE optimization_runs SET luck_signs = NULL")
    run_script("results_importer.py", "--optimization-dir", folder)
    return _told(ask) == stored


def _told(ask: Ask) -> list[list[dict[str, Any]]]:
    runs = ask("SELECT * FROM optimization_runs ORDER BY id")
    for row in runs:
        del row["updated_at"], row["luck_signs"]
    of_results = (("luck", "backtest_result_id"), ("rejections", "backtest_id, position"))
    return [runs, *(ask(f"SELECT * FROM {table} ORDER BY {key}") for table, key in of_results)]


def test_a_result_that_turns_out_to_have_failed_is_no_trial_any_more(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    folder = recording("euler-whole")
    run_script("results_importer.py", "--optimization-dir", folder)
    (before,) = ask("SELECT trials FROM optimization_runs")
    (broken,) = ask(
        "SELECT min(backtest_id) AS backtest_id FROM backtest_results GROUP BY psr HAVING count(*) = 1 LIMIT 1"
    )
    for file in folder.rglob(f"{broken['backtest_id']}*.json"):
        document = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(document, dict) and "state" in document:
            document["state"] |= {"Status": "RuntimeError", "RuntimeError": "it broke"}
            file.write_text(json.dumps(document), encoding="utf-8")
    run_script("results_importer.py", "--optimization-dir", folder)
    assert ask(f"SELECT status FROM backtest_results WHERE backtest_id = '{broken['backtest_id']}'") == [
        {"status": "failed"}
    ]
    assert ask("SELECT trials FROM optimization_runs") == [{"trials": before["trials"] - 1}]
    assert _is_as_computed_anew(run_script, ask, folder)


def test_returns_that_are_stored_are_not_written_again(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    folder = recording("terminated")
    late, *_ = (file.parent for file in folder.rglob("????????-????-????-????-????????????.json"))
    late.rename(tmp_path / "late")
    run_script("results_importer.py", "--optimization-dir", folder)
    (table,) = ask("SELECT reltoastrelid::regclass::text AS name FROM pg_class WHERE relname = 'backtest_results'")
    luck, returns = "SELECT id, deflated_sharpe FROM backtest_results", f"SELECT DISTINCT chunk_id FROM {table['name']}"
    before = ask(luck), {row["chunk_id"] for row in ask(returns)}
    (tmp_path / "late").rename(late)
    run_script("results_importer.py", "--optimization-dir", folder)
    assert [row for row in ask(luck) if row in before[0]] == []
    after = {row["chunk_id"] for row in ask(returns)}
    assert before[1] < after
    assert len(after - before[1]) == 1


def test_what_postgres_refuses_beside_stored_results_is_no_trial(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    folder = recording("terminated")
    first, second, *_ = sorted(file.stem for file in folder.rglob("????????-????-????-????-????????????.json"))
    (late,) = (place for place in folder.rglob(first) if place.is_dir())
    late.rename(tmp_path / first)
    run_script("results_importer.py", "--optimization-dir", folder)
    refuse = (
        "CREATE OR REPLACE TRIGGER refuse BEFORE INSERT OR UPDATE OF source_signs ON backtest_results "
        "FOR EACH ROW WHEN (NEW.backtest_id = '{}') EXECUTE FUNCTION refuse()"
    )
    ask(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation'; END $$"
    )
    ask(refuse.format(first))
    (tmp_path / first).rename(late)
    done = run_script("results_importer.py", "--optimization-dir", folder)
    assert f"{first}: PostgreSQL refuses its row: not this one" in done.stderr
    assert _is_as_computed_anew(run_script, ask, folder)

    # One that is stored, and refused as it is read now, stays the trial that it was.
    ask(refuse.format(second))
    for file in folder.rglob(f"{second}*"):
        os.utime(file, (0, 0))
    luck = f"SELECT deflated_sharpe FROM backtest_results WHERE backtest_id = '{second}'"
    before, trials = ask(luck), ask("SELECT trials + 1 AS trials FROM optimization_runs")
    done = run_script("results_importer.py", "--optimization-dir", folder)
    assert f"{second}: PostgreSQL refuses its row: not this one" in done.stderr
    assert ask("SELECT trials FROM optimization_runs") == trials
    assert ask(luck) != before


def test_parameters_that_somebody_stored_as_numbers_cost_no_import(
    run_script: Run, ask: Ask, recording: Recording
) -> None:
    run_script("results_importer.py", "--optimization-dir", recording("dead-parameter"), "--strategy", "S")
    ask("""UPDATE backtest_results SET parameters = '{"n": 30, "m": null}' RETURNING id""")
    done = run_script("results_importer.py", "--optimization-dir", recording("euler-whole"), "--strategy", "S")
    assert done.exit_code == 0, done.stderr
    assert ask("SELECT count(*) FROM optimization_runs WHERE trials > 1") == [{"count": 2}]


def _example(tmp_path: Path, **criteria: float) -> Path:
    config: dict[str, Any] = yaml.safe_load(_EXAMPLE.read_text(encoding="utf-8"))
    config["success_criteria"] |= criteria
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def test_what_is_tried_later_judges_earlier_runs_anew(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path
) -> None:
    config = _example(tmp_path, min_deflated_sharpe=0.70, min_plateau=0.68)
    done = run_script("results_importer.py", "--optimization-dir", recording("grid-72"), "--config", config)
    assert done.stdout == "72 runs complete, 2 passed, best Sharpe: 0.4\n"
    (missed,) = ask(
        'SELECT criterion, reason, round(value, 4)::text AS value, "limit"::text, round(distance, 4)::text AS far '
        "FROM rejections INNER JOIN backtest_results AS result ON result.id = rejections.backtest_id "
        "WHERE rejection_reasons[1] LIKE 'Deflated%' AND cardinality(rejection_reasons) = 1"
    )
    assert missed == {
        "criterion": "min_deflated_sharpe", "reason": "Deflated Sharpe ratio too low: 68.1% < 70.0%", "value": "0.6806",
        "limit": "0.7", "far": "0.0277",
    }  # fmt: skip
    tables = ("rejections", "backtest_results", "optimization_runs", "strategies")
    stored = [ask(f"SELECT * FROM {table}") for table in tables]
    run_script("results_importer.py", "--optimization-dir", recording("grid-72"))
    assert [ask(f"SELECT * FROM {table}") for table in tables] == stored

    other = ("--optimization-dir", recording("euler-whole"), "--strategy", "RSI_MeanReversion_ETF")
    run_script("results_importer.py", *other)
    run = "SELECT trials, passed_combinations AS passed, best_backtest_id IS NULL AS has_none FROM optimization_runs "
    assert ask(f"{run} ORDER BY id LIMIT 1") == [{"trials": 78, "passed": 0, "has_none": True}]
    assert ask("SELECT status FROM strategies") == [{"status": "rejected"}]
    judged = "SELECT rejection_reasons FROM backtest_results WHERE rejection_reasons[1] LIKE 'Deflated%'"
    assert ask(f"{judged} AND deflated_sharpe >= 0.70") == []
    assert ask(
        "SELECT count(*) FROM backtest_results AS result WHERE rejection_reasons <> "
        "ARRAY(SELECT reason FROM rejections WHERE rejections.backtest_id = result.id ORDER BY position)"
    ) == [{"count": 0}]
    assert run_script("results_importer.py", "--rejudge").exit_code == 0
    assert ask(f"{run} ORDER BY id LIMIT 1") == [{"trials": 78, "passed": 0, "has_none": True}]


def test_what_cannot_be_told_does_not_pass(run_script: Run, ask: Ask, recording: Recording, tmp_path: Path) -> None:
    config = _example(tmp_path)
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    document["backtest"]["start_date"] = "2015-01-01"
    document["success_criteria"] = {"max_pbo": 0.9, "min_psr": 0}
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    folder = recording("interrupted")  # it left fewer than a dozen
    run_script("results_importer.py", "--optimization-dir", folder, "--config", config)
    assert ask("SELECT DISTINCT rejection_reasons AS reasons FROM backtest_results WHERE status = 'completed'") == [
        {"reasons": ["Probability of backtest overfitting: known when the run is imported as a whole, from a dozen "
                     "combinations that differ and 80 days on, max_pbo cannot be checked"]}
    ]  # fmt: skip


def test_runs_of_a_strategy_may_be_imported_at_once(run_script: Run, ask: Ask, recording: Recording) -> None:
    folders = [recording(name) for name in ("dead-parameter", "euler-whole", "crashy", "minmax")]
    with ThreadPoolExecutor(len(folders)) as pool:
        done = list(
            pool.map(
                lambda folder: run_script("results_importer.py", "--optimization-dir", folder, "--strategy", "S"),
                folders,
            )
        )
    assert ExitCode.DATABASE not in {each.exit_code for each in done}
    trials = ask("SELECT DISTINCT trials FROM optimization_runs")
    assert len(trials) == 1
    run_script("results_importer.py", "--optimization-dir", folders[0])
    assert ask("SELECT DISTINCT trials FROM optimization_runs") == trials


def test_what_another_import_tells_while_one_waits_for_it_stays_told(
    run_script: Run, ask: Ask, recording: Recording, tmp_path: Path, database_url: str
) -> None:
    folder, other = recording("terminated"), recording("euler-whole")
    strategy = ("--strategy", "RSI_MeanReversion_ETF")
    run_script("results_importer.py", "--optimization-dir", folder, *strategy)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with closing(psycopg2.connect(database_url)) as holder, ThreadPoolExecutor(2) as pool:
        holder.cursor().execute("SELECT FROM strategies FOR UPDATE")
        imports = []
        for arguments in ((other, *strategy), (folder, *strategy, "--config", _example(tmp_path))):
            imports.append(pool.submit(run_script, "results_importer.py", "--optimization-dir", *arguments))
            while ask(waiting) != [{"count": len(imports)}] and not imports[-1].done():
                time.sleep(0.05)
        holder.rollback()
    assert [done.result().exit_code for done in imports] == [ExitCode.OK, ExitCode.PARTIAL]
    assert _is_as_computed_anew(run_script, ask, folder)


def test_the_best_is_held_against_buy_and_hold_of_the_same_days() -> None:
    tried = [_result(number, number, seed=number) for number in range(1, 6)]
    days, values = unpack(tried[0].packed or b"").days, unpack(tried[0].packed or b"").values
    assert _luck_of(tried).of_run["spa_p"] is None
    same = _luck_of(tried[:1], DailyReturns(days, values))
    worse = _luck_of(tried, DailyReturns(days, values - 0.01))
    better = _luck_of(tried, DailyReturns(days, values + 0.01))
    assert (same.of_run["spa_p"], worse.of_run["spa_p"], better.of_run["spa_p"]) == (None, 0.0, 1.0)


@pytest.mark.parametrize("days", [0, 19])
def test_too_few_days_tell_nothing(days: int) -> None:
    luck = _luck_of([_result(1, 1, seed=1, days=days), _result(2, 2, seed=2, days=days)])
    assert luck.of_results[1].psr is None
    assert luck.of_strategy["expected_best_sharpe"] is None
    assert luck.of_run["pbo"] is None
