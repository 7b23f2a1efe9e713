"""results_importer.py --sync-backlog: the backlog's strategies are rows, and what was found stands in the file."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from strategy_testing.backlog.document import Found, read_backlog, with_findings
from strategy_testing.backlog.sync import sync
from strategy_testing.database.connection import Database
from strategy_testing.errors import ConfigError, UserError
from support import PROJECT, ScriptResult

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Unpack = Callable[[str], Path]

_SHIPPED = PROJECT / "data" / "strategy_backlog.yaml"
_EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
_FOUND = Found("rejected", {"run": 7, "best": {"sharpe": 0.4, "parameters": {"n": 3, "day": "2012-01-03"}},
                            "reasons": ["Fees too high: 3", "yes"]})  # fmt: skip
_OTHER = Found("passed", {"run": 8})
_BLOCK = """# The list.
strategies:
  # The first one.
  - name: A
    status: "planned"  # since May
    lean_project_path: A
    lessons_learned:
      - >-
        Of several
        lines.

  # The second one.
  - {name: B, status: planned, lean_project_path: B}  # short

  - name: C
    lean_project_path: C
    status: deployed
    lessons_learned: []  # none yet
# The end.
"""


@pytest.fixture(name="backlog")
def fixture_backlog(tmp_path: Path) -> Path:
    file = tmp_path / "backlog.yaml"
    file.write_text(_BLOCK, encoding="utf-8")
    return file


def _with(file: Path, text: str, **found: Found) -> str:
    file.write_bytes(text.encode())
    return with_findings(read_backlog(file), found)


def test_only_the_status_and_the_findings_change_in_the_text(backlog: Path) -> None:
    written = _with(backlog, _BLOCK, A=_FOUND, B=_FOUND, C=_FOUND)
    findings = yaml.safe_load(written)["strategies"][0]["findings"]
    assert findings == dict(_FOUND.findings)
    block = """    findings:
      run: 7
      best:
        sharpe: 0.4
        parameters:
          n: 3
          day: '2012-01-03'
      reasons:
      - 'Fees too high: 3'
      - 'yes'
"""
    flow = (
        '{"run": 7, "best": {"sharpe": 0.4, "parameters": {"n": 3, "day": "2012-01-03"}}, '
        '"reasons": ["Fees too high: 3", "yes"]}'
    )
    expected = _BLOCK.replace('"planned"', "rejected").replace("        lines.\n", f"        lines.\n{block}")
    expected = expected.replace(
        "status: planned, lean_project_path: B}", f"status: rejected, lean_project_path: B, findings: {flow}}}"
    )
    assert written == expected.replace("# none yet\n", f"# none yet\n{block}")


def test_findings_are_replaced_and_the_same_ones_stay(backlog: Path) -> None:
    once = _with(backlog, _BLOCK, A=_FOUND, B=_FOUND, C=_FOUND)
    assert _with(backlog, once, A=_FOUND, B=_FOUND, C=_FOUND) == once
    direct = _with(backlog, _BLOCK, A=_OTHER, B=_OTHER, C=_OTHER)
    assert _with(backlog, once, A=_OTHER, B=_OTHER, C=_OTHER) == direct
    own = once.replace("run: 7\n", "run:    7  # looked at\n", 1)
    assert _with(backlog, own, A=_FOUND) == own


def test_line_ends_stay_as_they_are(backlog: Path) -> None:
    written = _with(backlog, _BLOCK.replace("\n", "\r\n"), A=_FOUND)
    assert written.replace("\r\n", "\n") == _with(backlog, _BLOCK, A=_FOUND)
    assert written.count("\n") == written.count("\r\n")


def test_the_shipped_backlog_takes_findings_of_each_strategy(tmp_path: Path) -> None:
    backlog = read_backlog(_SHIPPED)
    written = with_findings(backlog, {entry.strategy.name: _FOUND for entry in backlog.entries})
    before, after = backlog.text.splitlines(), written.splitlines()
    kept = [line for line in after if line in before]
    assert len(kept) >= len(before) - len(backlog.entries)  # each but the statuses
    assert [line for line in before if "status:" not in line] == [line for line in kept if "status:" not in line]


def test_what_cannot_be_edited_without_touching_something_else_is_left_alone(backlog: Path) -> None:
    shared = "strategies:\n- {name: A, status: &s planned, lean_project_path: A}\n"
    shared += "- {name: B, status: *s, lean_project_path: B}\n"
    with pytest.raises(UserError, match="cannot take the findings without changing something else"):
        _with(backlog, shared, B=_FOUND)


def test_all_mistakes_of_a_damaged_backlog_are_told_at_once(run_script: Run, tmp_path: Path, ask: Ask) -> None:
    file = tmp_path / "damaged.yaml"
    file.write_text(
        "strategies:\n- {name: A, status: plannd, lean_project_path: A}\n- {name: A, status: planned, prioritty: LOW}\n"
        "- just a text\n",
        encoding="utf-8",
    )
    done = run_script("results_importer.py", "--sync-backlog", file)
    assert done.exit_code == 2
    assert done.stderr == (
        f'errors:\n{file}: strategies[0].status: the text "plannd" is not known, did you mean planned? (line 2)\n'
        f"{file}: strategies[1].lean_project_path: is missing; add it (docs/CONFIG_FORMAT.md lists every key) "
        "(line 3)\n"
        f"{file}: strategies[1].name: A is there already, on line 2; keep one of them (line 3)\n"
        f"{file}: strategies[1].prioritty: unknown key, did you mean priority? (line 3)\n"
        f'{file}: strategies[2]: must be a section with keys, not the text "just a text" (line 4)\n'
    )
    assert ask("SELECT * FROM strategies") == []
    for text in ("[]", "strategies: {}", "strategies: [", "x: 1"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError):
            read_backlog(file)


def test_a_sync_makes_rows_and_writes_what_was_found(
    run_script: Run, ask: Ask, unpacked: Unpack, tmp_path: Path
) -> None:
    file = tmp_path / "backlog.yaml"
    shutil.copy(_SHIPPED, file)
    file.chmod(0o640)
    first = run_script("results_importer.py", "--sync-backlog", file)
    assert first.last_line == "backlog of 15 strategies: 15 new in the database, findings of 0 written"
    assert file.read_bytes() == _SHIPPED.read_bytes()
    rows = ask("SELECT name, status, priority, hypothesis FROM strategies ORDER BY id")
    listed = yaml.safe_load(_SHIPPED.read_text(encoding="utf-8"))["strategies"]
    assert rows == [
        {"name": one["name"], "status": "planned", "priority": one["priority"], "hypothesis": one["hypothesis"]}
        for one in listed
    ]
    recorded = unpacked("grid-72") / "output"
    run_script("results_importer.py", "--optimization-dir", recorded, "--config", _EXAMPLE)
    run_script("results_importer.py", "--optimization-dir", unpacked("idle"), "--strategy", "Idle")
    file.write_text(file.read_text("utf-8").replace("status: planned", "status: deployed", 1), encoding="utf-8")
    second = run_script("results_importer.py", "--sync-backlog", file)
    assert second.last_line == "backlog of 15 strategies: 0 new in the database, findings of 1 written"
    assert "not in the backlog: Idle\n" in second.stderr
    written = yaml.safe_load(file.read_text(encoding="utf-8"))["strategies"]
    assert written[0]["status"] == "passed"
    findings = written[0]["findings"]
    assert findings.pop("best") == {
        "passes": True, "sharpe": 0.4075, "annual_return": 0.0624, "max_drawdown": 0.186, "trades": 47,
        "fee_pct": 0.0188,
        "parameters": {"rsi_period": 16, "entry_threshold": 35, "exit_threshold": 65},
    }  # fmt: skip
    assert findings == {
        "run": 1, "evidence": "in-sample", "combinations": 72, "passed": 3, "failed": 0,
        "reasons": ["Sharpe ratio too low: 68", "Probability of a Sharpe ratio above 0 too low: 67",
                    "Deflated Sharpe ratio too low: 56", "Insufficient trades: 43", "Constraint not met: 9",
                    "and 2 more"],
    }  # fmt: skip
    assert written[1:] == [one | ({"status": "deployed"} if one["id"] == "STR-003" else {}) for one in listed[1:]]
    assert file.stat().st_mode & 0o777 == 0o640
    assert ask("SELECT name FROM strategies WHERE status = 'deployed'") == [{"name": "SMA_Crossover_ETF"}]

    text = file.read_bytes()
    stored = ask("SELECT * FROM strategies ORDER BY id")
    third = run_script("results_importer.py", "--sync-backlog", file)
    assert third.last_line == "backlog of 15 strategies: 0 new in the database, findings of 0 written"
    assert file.read_bytes() == text
    assert ask("SELECT * FROM strategies ORDER BY id") == stored


def test_a_backlog_that_is_edited_meanwhile_is_not_overwritten(backlog: Path, database: Database, ask: Ask) -> None:
    stale = read_backlog(backlog)
    ask("INSERT INTO strategies (id, name) VALUES (1, 'A')")
    ask("INSERT INTO optimization_runs (strategy_id, status) VALUES (1, 'failed')")
    backlog.write_text(_BLOCK.replace("since May", "since June"), encoding="utf-8")
    with pytest.raises(UserError, match="has been changed meanwhile; do it again"):
        sync(database, stale)
    assert "since June" in backlog.read_text(encoding="utf-8")
    assert sync(database, read_backlog(backlog)).changed == ("A",)
    assert "# since June" in backlog.read_text(encoding="utf-8")


def test_a_sync_imports_nothing(run_script: Run, backlog: Path) -> None:
    done = run_script("results_importer.py", "--sync-backlog", backlog, "--strategy", "A")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--strategy goes with --optimization-dir or --list only" in done.stderr
