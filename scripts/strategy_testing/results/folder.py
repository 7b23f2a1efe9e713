"""Finds what LEAN left on disk: runs below a folder, the backtests of a run, and files that are neither."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import load_json, no_access, read_text, refuse_shut
from strategy_testing.metrics.domains import counted
from strategy_testing.results.backtest import DATA_REPORT, BacktestFile, SkippedFile
from strategy_testing.results.manifest import (
    CHECK_FOLDER,
    CONFIG_COPY,
    ENGINE_SETTINGS,
    HOST,
    LAUNCHER,
    LEAN_OUTPUT,
    LEAN_PROCESS,
    MANIFEST_FILE,
    OPTIMIZER_CONFIG,
    PILOT_FOLDER,
    TABLE,
    RunManifest,
    read_manifest,
)
from strategy_testing.results.optimizer_config import read_search, search_type, target, varied_parameters
from strategy_testing.results.optimizer_log import OptimizerLog, Table, read_log, read_table

_SINGLE_BACKTEST = "Backtest"
"""The type of a run that is one `lean backtest`."""
_MAX_DEPTH = 6
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BACKTEST_NUMBER = re.compile(r"\d{6,}")
_LEANS_SUFFIXES = ("-summary.json", "-log.txt", "-order-events.json")
_LEANS_PREFIXES = (DATA_REPORT, "failed-data-requests-", "succeeded-data-requests-")
_OPTIMIZER_CONFIG_OF_LEAN = "optimizer-config.json"
_KNOWN = {
    "log.txt", "config", "code", _OPTIMIZER_CONFIG_OF_LEAN,
    MANIFEST_FILE, CONFIG_COPY, OPTIMIZER_CONFIG, TABLE, LAUNCHER, LEAN_OUTPUT, LEAN_PROCESS,
    PILOT_FOLDER, CHECK_FOLDER, ENGINE_SETTINGS, HOST,
}  # fmt: skip


@dataclass(frozen=True)
class LeanOutput:
    """One folder that `lean optimize` or `lean backtest` wrote."""

    folder: Path
    log: OptimizerLog
    optimizer_config: Mapping[str, Any]
    is_single_backtest: bool


@dataclass(frozen=True)
class RunFolder:
    """One run: a folder with one or several outputs of LEAN's."""

    folder: Path
    manifest: RunManifest
    outputs: tuple[LeanOutput, ...]

    @property
    def config_copy(self) -> Path | None:
        """The copy of its config that the runner left."""
        file = self.folder / CONFIG_COPY
        return file if file.is_file() else None


def find_runs(folder: Path, refused: list[UserError] | None = None) -> list[RunFolder]:
    """The runs at or below a folder, the oldest first.

    Args:
        folder: the folder.
        refused: gets what this user may not look into; without it, or where there is nothing else, that is an error.

    Raises:
        UserError: there is none; the message names the folder and what it was searched for.
    """
    if not folder.exists():
        raise UserError(f"{folder}: no such folder", "check the path", ExitCode.NOTHING_TO_IMPORT)
    if not folder.is_dir():
        raise UserError(f"{folder}: is a file", "name the folder that it is in", ExitCode.NOTHING_TO_IMPORT)
    shut: list[UserError] = []
    found = _runs_below(folder, _MAX_DEPTH, shut)
    runs = sorted(found, key=lambda run: (run.manifest.started_at, str(run.folder)))
    if shut and (refused is None or not runs):
        raise shut[0]
    if not runs:
        raise UserError(
            f"{folder}: holds no output of `lean optimize` or `lean backtest` "
            f"(no {_OPTIMIZER_CONFIG_OF_LEAN} and no backtest in it or below it)",
            "LEAN may have refused to start, or the path is another one",
            ExitCode.NOTHING_TO_IMPORT,
        )
    if refused is not None:
        refused += shut
    return runs


def read_run(folder: Path) -> RunFolder | None:
    """The folder as a run; None when it is none.

    Raises:
        PermissionError: this user may not look into it.
    """
    manifest = read_manifest(folder)
    if manifest is not None:
        outputs = [output for part in manifest.parts if (output := read_output(folder / part)) is not None]
        return RunFolder(folder, manifest, tuple(outputs or _unnamed_outputs(folder, manifest)))
    output = read_output(folder)
    return None if output is None else RunFolder(folder, _derived_manifest(output), (output,))


def _unnamed_outputs(folder: Path, manifest: RunManifest) -> Iterator[LeanOutput]:
    """What LEAN left below a run's folder whose manifest names folders that are not there."""
    others = {folder / part for part in (PILOT_FOLDER, CHECK_FOLDER, *manifest.set_aside)}
    for child in [folder, *sorted(folder.iterdir())]:
        if child not in others and (output := read_output(child)) is not None and output.optimizer_config:
            yield output


def _derived_manifest(output: LeanOutput) -> RunManifest:
    """What LEAN's own files tell of a run that another program started."""
    folder = output.folder.resolve()
    # Output folders are called by their time, or just `output`; the project's name stands above.
    project = folder.parent.name or folder.name
    metric, direction = target(output.optimizer_config)
    search, table = read_search(output.optimizer_config), output.log.table
    varied = varied_parameters(output.optimizer_config) if table is None else _varied(table)
    combinations = len(table) if table is not None else search.combinations if search else None
    return RunManifest(
        run_uuid=uuid5(NAMESPACE_URL, folder.as_uri()),
        strategy=project,
        lean_project_path=project,
        config_file=None,
        optimization_type=_SINGLE_BACKTEST if output.is_single_backtest else search_type(output.optimizer_config),
        target_metric=metric,
        target_direction=direction,
        total_combinations=1 if output.is_single_backtest else counted(combinations),
        parts=(".",),
        commands=(),
        strategy_code_hash=None,
        engine_image=None,
        started_at=output.log.started_at or datetime.fromtimestamp(folder.stat().st_mtime, UTC),
        parameters=tuple(dict.fromkeys(varied)),
        is_derived=True,
    )


def _varied(table: Table) -> list[str]:
    """The names whose values are not the same in every row."""
    names = dict.fromkeys(name for row in table for name in row)
    return [name for name in names if len({row.get(name) for row in table}) > 1]


def read_output(folder: Path) -> LeanOutput | None:
    """The folder as an output of LEAN's; None when it is none."""
    if not folder.is_dir():
        return None
    refuse_shut(folder)
    optimizer_config = _read_json(folder / _OPTIMIZER_CONFIG_OF_LEAN)
    single = optimizer_config is None and bool(_single_backtests(folder))
    if optimizer_config is None and not single and not _names_container(folder) and not guid_folders(folder):
        return None
    log = read_log(_log_text(folder), OptimizerLog(table=read_table(folder)))
    return LeanOutput(folder, log, optimizer_config or {}, single)


def backtest_files(output: LeanOutput) -> tuple[list[BacktestFile], list[SkippedFile]]:
    """The backtests of an output, and the entries that are not LEAN's."""
    files: list[BacktestFile] = []
    skipped: list[SkippedFile] = []
    if output.is_single_backtest:
        files += [BacktestFile(name, output.folder) for name in _single_backtests(output.folder)]
    for entry in sorted(output.folder.iterdir()):
        if not _GUID.fullmatch(entry.name) and entry.is_dir() and not os.access(entry, os.X_OK):
            skipped.append(
                SkippedFile(
                    Path(entry.name), "foreign folder, into which this user may not look", misses_a_result=False
                )
            )
            continue
        if entry.name in _KNOWN or entry.name.startswith((".", *_LEANS_PREFIXES)):
            continue
        if entry.is_dir() and (_GUID.fullmatch(entry.name) or (entry / f"{entry.name}.json").is_file()):
            files.append(BacktestFile(entry.name, entry))
        elif not (output.is_single_backtest and _belongs_to_backtest(entry.name)):
            kind = "folder" if entry.is_dir() else "file"
            skipped.append(SkippedFile(Path(entry.name), f"foreign {kind}, not written by LEAN", misses_a_result=False))
    present = {file.backtest_id for file in files}
    skipped += [
        SkippedFile(Path(backtest_id), "launched, but it left no folder")
        for backtest_id in output.log.launched
        if backtest_id not in present
    ]
    return files, skipped


def _runs_below(folder: Path, depth: int, shut: list[UserError]) -> Iterator[RunFolder]:
    try:
        run = read_run(folder)
        is_deep_enough = run is not None or depth == 0
        children = [] if is_deep_enough else sorted(folder.iterdir())
        folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    except PermissionError as error:
        shut.append(no_access(error))
        return
    except OSError:
        return
    if run is not None:
        yield run
    for child in folders:
        yield from _runs_below(child, depth - 1, shut)


def _read_json(file: Path) -> Mapping[str, Any] | None:
    """The object that a file holds, an empty one where it holds none; None without the file."""
    try:
        values = load_json(read_text(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, Mapping) else {}


def _names_container(folder: Path) -> bool:
    """Whether the folder has the CLI's file `config`, which names the container."""
    return "container" in (_read_json(folder / "config") or {})


def _log_text(folder: Path) -> str:
    try:
        return read_text(folder / "log.txt", errors="replace")
    except OSError:
        return ""


def _single_backtests(folder: Path) -> list[str]:
    """Ids of the backtests whose files lie in the folder itself, as `lean backtest` leaves them."""
    names = {file.name.removesuffix("-summary.json").removesuffix(".json") for file in folder.glob("*.json")}
    return sorted(name for name in names if _BACKTEST_NUMBER.fullmatch(name))


def guid_folders(folder: Path) -> list[Path]:
    """The folders in one that are called as LEAN's optimizer calls a backtest's; none of an unreadable one."""
    try:
        return [child for child in folder.iterdir() if _GUID.fullmatch(child.name) and child.is_dir()]
    except OSError:
        return []


def _belongs_to_backtest(name: str) -> bool:
    stem = next((name.removesuffix(suffix) for suffix in (*_LEANS_SUFFIXES, ".json") if name.endswith(suffix)), "")
    return bool(_BACKTEST_NUMBER.fullmatch(stem))
