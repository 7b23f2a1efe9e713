"""Several recorded runs as one optimization that counts through a table of all of their backtests."""

import csv
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from replay.plan import Kind, Step, as_recorded, of_backtest
from replay.recording import Recording

_APART = 100.0
"""Seconds from one launch to the next, so that none reaches into another."""


def merged(recordings: list[Recording], folder: Path) -> Recording:
    """Return a recording in an empty folder, with every backtest of the others at its recorded pace."""
    output = folder / "output"
    output.mkdir(parents=True)
    rows: list[tuple[float, str]] = []
    table: list[dict[str, str]] = []
    for recording in recordings:
        if not recording.ran:
            continue
        if recording.command == "backtest":
            name = str(uuid.uuid5(uuid.NAMESPACE_URL, recording.name))
            rows += _placed(_single(recording, name, output / name), name, len(table))
            table.append(recording.parameters)
            continue
        for backtest in filter(recording.finished, recording.backtests):
            (output / backtest.id).symlink_to(recording.output / backtest.id)
            rows += _placed(of_backtest(recording, backtest.id), backtest.id, len(table))
            table.append(backtest.parameters)
    names = list(dict.fromkeys(path.split("/")[0] for _, path in rows))
    first = datetime(2026, 1, 1, tzinfo=UTC)
    launches = [
        f"{(first + timedelta(seconds=_APART * i)).strftime('%Y-%m-%dT%H:%M:%S.%f')}0Z TRACE:: "
        f"LeanOptimizer.LaunchLeanForParameterSet(OID 0): launched backtest '{name}' "
        f"with parameters 'combination:{i}'\n"
        for i, name in enumerate(names)
    ]
    (output / "log.txt").write_text("".join(launches), encoding="utf-8")
    rows.append((_APART * len(names), "log.txt"))
    with (folder / "timeline.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("seconds", "path"), *rows])
    (folder / "table.json").write_text(json.dumps(table), encoding="utf-8")
    run = {"argv": ["lean", "optimize"], "exit_code": 0, "hangs": False, "signal": None}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "stdout.txt").write_text("", encoding="utf-8")
    return Recording("all of the recorded runs", folder)


def _placed(steps: list[Step], name: str, place: int) -> list[tuple[float, str]]:
    """Return the rows of one backtest's files in the timeline."""
    launched = _APART * (place + 1)
    ends = {step.path: step.at for step in steps if step.kind in {Kind.FILE, Kind.LINE}}
    return [(launched + at, path) for path, at in ends.items() if path.startswith(f"{name}/")]


def _single(recording: Recording, name: str, folder: Path) -> list[Step]:
    """Return the steps of a `lean backtest` as those of a backtest of an optimization, its files in that folder."""
    folder.mkdir()
    number = str(json.loads((recording.output / "config").read_text(encoding="utf-8"))["id"])
    steps = []
    for step in as_recorded(recording):
        if step.kind not in {Kind.FILE, Kind.LINE}:
            continue
        path = step.path.replace(number, name)
        link = folder / path
        if not link.exists():
            link.symlink_to(recording.output / step.path)
        steps.append(Step(step.at, step.kind, f"{name}/{path}", step.text, step.source, name))
    return steps
