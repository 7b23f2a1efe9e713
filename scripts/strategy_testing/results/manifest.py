"""The notes that the runner leaves in a run's folder, and our launcher in a backtest's: what the folders alone show."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from strategy_testing.files import write_atomically

MANIFEST_FILE = "run-manifest.json"
CONFIG_COPY = "optimization.yaml"
OPTIMIZER_CONFIG = "optimizer.json"
TABLE = "combinations.json"
"""The combinations that LEAN counted through, in their order: a list of objects, name and value as texts."""
LAUNCHER = "launcher"
"""What stood in the place of LEAN's launcher then."""
ENGINE_SETTINGS = "engine.json"
"""How many warm engines served it; there only where LEAN was to stay up between backtests."""
HOST = "strategy_testing_host.py"
"""What ran in each of these engines."""
CHECK_FOLDER = "check"
"""Combinations that warm engines had run too, run again in LEAN's own process: a folder for each below it."""
LEAN_OUTPUT = "lean-output.txt"
PILOT_FOLDER = "pilot"
LEAN_PROCESS = "lean-process.json"
"""Which process is at work for the run; there only while one is."""

_DAYS = ("prices_from", "prices_to")


@dataclass(frozen=True)
class RunManifest:
    """Who made the folder, from what, and when."""

    run_uuid: UUID
    strategy: str
    lean_project_path: str
    config_file: str | None
    """None in a derived manifest, as what follows may be, where LEAN's own files do not tell."""
    optimization_type: str | None
    target_metric: str | None
    target_direction: str | None
    total_combinations: int | None
    """None for a search that does not know them beforehand."""
    parts: tuple[str, ...]
    """Folders below this one that `lean optimize` wrote; `.` for this one."""
    commands: tuple[str, ...]
    """Shell-quoted, as they were run in the lean workspace."""
    strategy_code_hash: str | None
    engine_image: str | None
    started_at: datetime
    parameters: tuple[str, ...] = field(default=())
    """Names of the optimised parameters."""
    prices_from: date | None = None
    """The first day of any price that LEAN read, where that is long after the start that was asked for."""
    prices_to: date | None = None
    """The last day of any price, where that is long before the end that was asked for."""
    engine: str | None = None
    """`warm` where LEAN stayed up between backtests, `cold` where each had a process of its own; None: not known."""
    engine_checked: int = 0
    """Combinations that a warm engine ran and that were the same when LEAN's own process ran them."""
    engine_note: str | None = None
    """Why an engine was not warm, or what was not the same."""
    set_aside: tuple[str, ...] = ()
    """Folders whose results do not count, because a warm engine made them and was seen to make others than LEAN."""
    analysis_uuid: UUID | None = None
    """The walk-forward analysis that the run is part of."""
    analysis_part: str | None = None
    """in-sample or out-of-sample, where it is part of one."""
    is_derived: bool = False
    """Whether the runner left none, so that it was made out of what LEAN left."""

    @property
    def engine_columns(self) -> dict[str, Any]:
        """What a run's row says of its engine."""
        return {name: getattr(self, name) for name in ("engine", "engine_checked", "engine_note")}


def write_manifest(folder: Path, manifest: RunManifest) -> None:
    """Writes the manifest whole or not at all."""
    values = asdict(manifest) | {"run_uuid": str(manifest.run_uuid), "started_at": manifest.started_at.isoformat()}
    del values["is_derived"]
    write_atomically(folder / MANIFEST_FILE, json.dumps(values, indent=2, default=str) + "\n")


def read_manifest(folder: Path) -> RunManifest | None:
    """The folder's manifest; None where there is none, or one that another program wrote.

    Raises:
        PermissionError: this user may not read it: without it the run would seem to be another one.
    """
    try:
        values: Any = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        return RunManifest(
            **values
            | {
                "run_uuid": UUID(values["run_uuid"]),
                "started_at": datetime.fromisoformat(values["started_at"]),
                "parts": _texts(values["parts"]),
                "set_aside": _texts(values.get("set_aside", ())),
                "commands": _texts(values["commands"]),
                "parameters": _texts(values["parameters"]),
                **{key: date.fromisoformat(day) for key in _DAYS if (day := values.get(key))},
                "analysis_uuid": UUID(analysis) if (analysis := values.get("analysis_uuid")) else None,
                "is_derived": False,
            }
        )
    except PermissionError:
        raise
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


@dataclass(frozen=True)
class EngineNote:
    """What our launcher says of one backtest."""

    engine: str
    """`warm` or `cold`."""
    reason: str | None = None
    """Why LEAN's own launcher ran it in spite of all."""
    served: int | None = None
    """As the how-manieth of its engine a warm one was served."""


def read_engine_note(folder: Path) -> EngineNote | None:
    """The note in a backtest's folder; None where the launcher has left none, or another program one."""
    try:
        values: Any = json.loads((folder / ENGINE_SETTINGS).read_text(encoding="utf-8"))
        engine, reason, served = values["engine"], values.get("reason"), values.get("served")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    is_sound = isinstance(engine, str) and isinstance(reason, str | None) and isinstance(served, int | None)
    return EngineNote(engine, reason, served) if is_sound else None


def notes_of(output_folder: Path) -> dict[str, EngineNote]:
    """The notes of all backtests of an output, by the backtests' ids."""
    try:
        folders = [entry for entry in output_folder.iterdir() if entry.is_dir()]
    except OSError:
        return {}
    return {folder.name: note for folder in folders if (note := read_engine_note(folder)) is not None}
