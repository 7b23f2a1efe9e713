"""What a user may not read is named, with what to do, and costs nothing else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg2.extensions import parse_dsn

from fault_bench import USERS, Fault, fault
from strategy_testing.config.model import BacktestSettings
from strategy_testing.importing.owner import this_process
from strategy_testing.importing.price_check import price_warnings
from strategy_testing.processes import Token
from strategy_testing.results.data_requests import DataRequest, DataRequests
from strategy_testing.results.manifest import RunManifest, write_manifest
from strategy_testing.strategy.prices import PriceDataError, adjusted_closes
from support import PROJECT, make_project, store_running, write_config

Ask = Callable[..., list[dict[str, object]]]

_REMEDY = "give this user the right to it (chmod, chown), or do it as its owner"
_AS_ORDINARY_USER = """
import ctypes, os, sys
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, with which root reads everything.
for right in (1, 2) if os.geteuid() == 0 else ():
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
_EACH_IN_TURN = """
import contextlib, io, json, os, runpy, sys, traceback
done = []
sys.path.insert(0, os.path.dirname(sys.argv[1]))
for shut, *arguments in json.loads(sys.argv[2]):
    modes = {path: os.stat(path).st_mode for path in shut}
    for path in reversed(shut):
        os.chmod(path, 0)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = runpy.run_path(sys.argv[1])["main"](arguments)
        except BaseException:
            code = traceback.format_exc()
    for path in shut:
        os.chmod(path, modes[path])
    done.append([code, out.getvalue() + err.getvalue()])
print(json.dumps(done))
"""


@dataclass(frozen=True)
class Case:
    """A script that is run while some paths are shut."""

    shut: list[Path]
    arguments: list[object]
    exit_code: int
    says: list[str]


@pytest.fixture
def reachable(database_url: str) -> Iterator[str]:
    """The database, whose socket may stand in a folder of the server's alone."""
    socket = Path(parse_dsn(database_url).get("host", ""))
    folders = [folder for folder in (socket, socket.parent) if socket.is_absolute() and folder.is_dir()]
    modes = {folder: folder.stat().st_mode for folder in folders if not folder.stat().st_mode & 0o001}
    with suppress(PermissionError):  # of an ordinary user's own server, who needs none of this
        for folder, mode in modes.items():
            folder.chmod(mode | 0o001)
    yield database_url
    with suppress(PermissionError):
        for folder, mode in modes.items():
            folder.chmod(mode)


def _run(script: str, cases: list[Case], database_url: str, home: Path) -> None:
    given = [
        [list(map(str, case.shut)), *map(str, case.arguments), "--leaderboard", str(home / "leaderboard.md")]
        for case in cases
    ]  # fmt: skip
    stand_ins = f"{PROJECT / 'tests' / 'replay' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    more = {"DATABASE_URL": database_url, "PATH": stand_ins}
    driven = [str(PROJECT / "scripts" / script), json.dumps(given)]
    done = subprocess.run(
        [sys.executable, "-c", _AS_ORDINARY_USER, "-c", _EACH_IN_TURN, *driven],
        env=os.environ | more, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    for case, (code, said) in zip(cases, json.loads(done.stdout), strict=True):
        assert code == case.exit_code, f"{case}: {code} {said}"
        for words in case.says:
            assert words in said, f"{case}: {said}"


def _denied(path: Path) -> str:
    return f"{path}: permission denied; {_REMEDY}"


@fault(
    USERS,
    Fault(
        "another-users-run",
        "A run is left behind whose folder this user may not read",
        "It is named and left alone",
        "running",
        2,
        "Start a runner as that user, or give this one the right to the folder",
    ),
)
def test_a_workspace(row: Fault, reachable: str, ask: Ask, workspace: Path, tmp_path: Path) -> None:
    project = make_project(workspace, "S")
    (project / "config.json").write_text("{}", encoding="utf-8")
    deep = project / "deep"
    deep.mkdir()
    optimizations = workspace / ".optimization"
    another_users = optimizations / "S" / "then"
    part = another_users / "part"
    part.mkdir(parents=True)
    unknown = (None, None, None, None, None)
    manifest = RunManifest(uuid4(), "S", "S", *unknown, ("part",), (), None, None, datetime.now(UTC))
    write_manifest(another_users, manifest)
    token = Token.read(this_process().token)
    assert token is not None
    store_running(ask, replace(this_process(), token=str(replace(token, ticks=1))), another_users)
    ask("INSERT INTO optimization_batches (id, name) VALUES (1, 'b')")
    before = ask("SELECT * FROM optimization_runs")
    config = write_config(tmp_path / "c.yaml", "S", "    level: {start: 0, end: 4, step: 1}\n")
    start: list[object] = ["--config", config, "--workspace", workspace]
    left_alone = "warning: run 1 was left behind by a runner that is gone, and is left alone: "
    cases = [
        Case([workspace], [*start, "--check"], 13, [f"✗ workspace: {_denied(workspace)}"]),
        Case([deep], [*start, "--check"], 14, [f"✗ project: {_denied(deep)}"]),
        Case([project / "main.py"], [*start, "--check"], 15, ["✗ strategy: main.py: it cannot be read: Permission"]),
        Case(
            [project, another_users], start, 14,
            [f"{left_alone}{_denied(another_users)}\n", f"error: project: {_denied(project)}"],
        ),
        Case(
            [project / "config.json", part], start, 14,
            [f"{left_alone}{_denied(part)}\n", f"error: project: {_denied(project / 'config.json')}"],
        ),
        # The fingerprint of the code would lack what is in there.
        Case([deep, another_users], [*start, "--force"], 2, [f"error: {_denied(deep)}\n"]),
        Case([optimizations], [*start, "--batch-id", 1], 2, [f"error: {_denied(optimizations)}\n"]),
        Case(
            [another_users], ["--resume", 1, "--workspace", workspace], row.exit_code,
            [f"error: {_denied(another_users)}\n"],
        ),
    ]  # fmt: skip
    _run("optimize_runner.py", cases, reachable, tmp_path)
    assert ask("SELECT * FROM optimization_runs") == before
    assert before[0]["status"] == row.status
    assert ask("SELECT reason FROM batch_configs") == [{"reason": _denied(optimizations)}]


@fault(
    USERS,
    Fault(
        "unreadable",
        "Results, or whole runs below a folder that is imported, may not be read",
        "Each is named, the others are stored",
        "partial",
        4,
        "Give this user the right to it, import again",
    ),
)
def test_results(row: Fault, reachable: str, ask: Ask, recording: Callable[[str], Path], tmp_path: Path) -> None:
    good, shut = recording("crashy"), recording("idle")
    output = good / "output"
    backtest = next(folder for folder in sorted(output.iterdir()) if len(folder.name) == len(str(uuid4())))
    (output / "foreign").mkdir()
    noted = tmp_path / "noted"
    shutil.copytree(recording("dead-parameter") / "output", noted)
    manifest, printed = noted / "run-manifest.json", noted / "lean-output.txt"
    for file in (manifest, printed):
        file.write_text("{}", encoding="utf-8")
    cases = [
        Case([shut], ["--optimization-dir", shut / "output"], 2, [f"error: {_denied(shut)}\n"]),
        Case([shut / "output"], ["--optimization-dir", shut], 2, [f"error: {_denied(shut / 'output')}\n"]),
        Case(
            [shut, backtest, output / "foreign"], ["--optimization-dir", good.parent, "--all"], row.exit_code,
            [
                f"error: {_denied(shut)}\n",
                f"not imported: {backtest.name}/{backtest.name}.json: cannot be read: Permission denied\n",
                "not imported: foreign: foreign folder, into which this user may not look\n",
                "imported 5 backtests of 5 combinations",
            ],
        ),
        Case([manifest], ["--optimization-dir", noted], 2, [f"error: {_denied(manifest)}\n"]),
        Case([printed], ["--optimization-dir", noted], 0, ["3 runs complete"]),
        Case([output], ["--rejudge"], 4, [f"was not judged again: {_denied(output)}\n"]),
    ]  # fmt: skip
    _run("results_importer.py", cases, reachable, tmp_path)
    assert ask("SELECT status FROM optimization_runs ORDER BY id")[0]["status"] == row.status
    stored = "SELECT count(*) AS n FROM backtest_results GROUP BY optimization_run_id ORDER BY n"
    assert ask(stored) == [{"n": 3}, {"n": 5}]  # a copy of a run is the same run


def test_prices(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = DataRequest("equity", "usa", "daily", "spy", "equity/usa/daily/spy.zip")
    file = workspace / "data" / request.path
    file.parent.mkdir(parents=True)
    is_file = Path.is_file

    def look(path: Path) -> bool:
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", look)
    (warning,) = price_warnings(DataRequests(frozenset({request})), BacktestSettings(), workspace)
    assert (warning.cause, warning.remedy) == (f"{file}: permission denied", _REMEDY)
    with pytest.raises(PriceDataError, match=r"cannot be read: .*Permission denied"):
        adjusted_closes(workspace / "data", "SPY")
