"""The notes that the runner leaves in a run's folder, and our launcher in a backtest's: what the folders alone show."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from uuid import UUID

import msgspec

from strategy_testing.files import load_json, read_text, write_atomically
from strategy_testing.metrics.domains import MOST_COUNTED
from strategy_testing.texts import storable, storable_parts

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

_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_COUNTED)]
_Direction = Annotated[str, msgspec.Meta(pattern="^(max|min)$")]
_Engine = Annotated[str, msgspec.Meta(pattern="^(warm|cold)$")]
_Below = Annotated[str, msgspec.Meta(pattern=r"^(?!/)(?!.*(^|/)\.\.(/|$))")]
"""A folder below the run's own, or `.` for that one, and nowhere else."""


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
    target_direction: _Direction | None
    total_combinations: _Count | None
    """None for a search that does not know them beforehand."""
    parts: tuple[_Below, ...]
    """Folders below this one that `lean optimize` wrote; `.` for this one."""
    commands: tuple[str, ...]
    """Shell-quoted, as they were run in the lean workspace."""
    strategy_code_hash: str | None
    engine_image: str | None
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    parameters: tuple[str, ...] = ()
    """Names of the optimised parameters."""
    prices_from: date | None = None
    """The first day of any price that LEAN read, where that is long after the start that was asked for."""
    prices_to: date | None = None
    """The last day of any price, where that is long before the end that was asked for."""
    engine: _Engine | None = None
    """`warm` where LEAN stayed up between backtests, `cold` where each had a process of its own; None: not known."""
    engine_checked: _Count = 0
    """Combinations that a warm engine ran and that were the same when LEAN's own process ran them."""
    engine_note: str | None = None
    """Why an engine was not warm, or what was not the same."""
    set_aside: tuple[_Below, ...] = ()
    """Folders whose results do not count, because a warm engine made them and was seen to make others than LEAN."""
    analysis_uuid: UUID | None = None
    """The walk-forward analysis that the run is part of."""
    analysis_part: str | None = None
    """in-sample or out-of-sample, where it is part of one."""
    is_derived: bool = False
    """Whether the runner left none, so that it was made out of what LEAN left."""
    damaged: tuple[str, ...] = ()
    """Names of fields that could not be read."""

    @property
    def engine_columns(self) -> dict[str, Any]:
        """What a run's row says of its engine."""
        return {name: getattr(self, name) for name in ("engine", "engine_checked", "engine_note")}


def write_manifest(folder: Path, manifest: RunManifest) -> None:
    """Writes the manifest whole or not at all."""
    values = asdict(manifest) | {"run_uuid": str(manifest.run_uuid), "started_at": manifest.started_at.isoformat()}
    del values["is_derived"], values["damaged"]
    write_atomically(folder / MANIFEST_FILE, json.dumps(values, indent=2, default=str) + "\n")


def read_manifest(folder: Path) -> RunManifest | None:
    """The folder's manifest; None where there is none, or one that does not tell which run it is of which parts.

    What else is damaged in it is left out, and named in `damaged`.

    Raises:
        PermissionError: this user may not read it: without it the run would seem to be another one.
    """
    file = folder / MANIFEST_FILE
    try:
        values = storable_parts(load_json(read_text(file)))
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        sound = {name: _read(values, name) for name in _NEEDED}
    except PermissionError:
        raise
    except (OSError, ValueError, TypeError, KeyError):
        return None
    damaged = []
    for name in _TYPES.keys() - _NEEDED - _OURS:
        try:
            sound[name] = _read(values, name)
        except (ValueError, KeyError):
            damaged += [name] if name in values or name not in _DEFAULTS else []
            sound[name] = _DEFAULTS.get(name)
    name = storable(folder.name)
    instead = {"strategy": name, "lean_project_path": name, "commands": (), "started_at": written_at}
    return RunManifest(**sound | {name: instead[name] for name in damaged if name in instead}, damaged=tuple(damaged))


def _read(values: Mapping[str, Any], name: str) -> Any:
    """A field in its type.

    Raises:
        ValueError: it is of another one, or beyond what its column holds.
        KeyError: it is missing.
    """
    return msgspec.convert(values[name], _TYPES[name])


_NEEDED = {"run_uuid", "parts"}
_OURS = {"is_derived", "damaged"}
_TYPES = get_type_hints(RunManifest, include_extras=True)
_DEFAULTS = {one.name: one.default for one in fields(RunManifest) if one.default is not MISSING}


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
        values: Any = load_json(read_text(folder / ENGINE_SETTINGS))
        engine, reason, served = values["engine"], values.get("reason"), values.get("served")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    is_sound = isinstance(engine, str) and isinstance(reason, str | None) and isinstance(served, int | None)
    return EngineNote(engine, reason and storable(reason), served) if is_sound else None


def notes_of(output_folder: Path) -> dict[str, EngineNote]:
    """The notes of all backtests of an output, by the backtests' ids."""
    try:
        folders = [entry for entry in output_folder.iterdir() if entry.is_dir()]
    except OSError:
        return {}
    return {folder.name: note for folder in folders if (note := read_engine_note(folder)) is not None}
