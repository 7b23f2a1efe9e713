"""Finds what LEAN left on disk: runs below a folder, the backtests of a run, and files that are neither."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from strategy_testing.errors import ExitCode, UserError
from strategy_testing.results.backtest import BacktestResult, NotAResultError, StillUnderWayError, parse_backtest
from strategy_testing.results.manifest import (
    CONFIG_COPY,
    LEAN_OUTPUT,
    LEAN_PROCESS,
    MANIFEST_FILE,
    OPTIMIZER_CONFIG,
    PILOT_FOLDER,
    RunManifest,
    read_manifest,
)
from strategy_testing.results.optimizer_log import OptimizerLog, read_log

_MAX_DEPTH = 6
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BACKTEST_NUMBER = re.compile(r"\d{6,}")
_LEANS_SUFFIXES = ("-summary.json", "-log.txt", "-order-events.json")
_DATA_REPORT = "data-monitor-report-"
_LEANS_PREFIXES = (_DATA_REPORT, "failed-data-requests-", "succeeded-data-requests-")
_OPTIMIZER_CONFIG_OF_LEAN = "optimizer-config.json"
_KNOWN = {
    "log.txt", "config", "code", _OPTIMIZER_CONFIG_OF_LEAN,
    MANIFEST_FILE, CONFIG_COPY, OPTIMIZER_CONFIG, LEAN_OUTPUT, LEAN_PROCESS, PILOT_FOLDER,
}  # fmt: skip


@dataclass(frozen=True)
class SkippedFile:
    """Something in a run's folder that holds no result, and why."""

    path: Path
    """Relative to the run's folder."""
    reason: str
    is_unfinished: bool = False
    """A backtest that was launched and has no result (yet)."""
    is_foreign: bool = False
    """Not LEAN's, so that no result is missed in it."""

    def __str__(self) -> str:
        """`file: reason`."""
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class BacktestFile:
    """Where a backtest's result stands, or will stand."""

    backtest_id: str
    path: Path
    fallback: Path
    """The summary, which serves where the large file was removed. LEAN writes it first, so it alone proves no end."""


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
    manifest: RunManifest | None
    outputs: tuple[LeanOutput, ...]

    @property
    def run_uuid(self) -> UUID:
        """The manifest's identity of the run, else one that follows from the folder's path."""
        return self.manifest.run_uuid if self.manifest else uuid5(NAMESPACE_URL, self.folder.resolve().as_uri())

    @property
    def started_at(self) -> datetime:
        """When the run began: by the manifest, else by LEAN's log, else by the folder's age."""
        if self.manifest:
            return self.manifest.started_at
        logged = [output.log.started_at for output in self.outputs if output.log.started_at]
        return min(logged) if logged else datetime.fromtimestamp(self.folder.stat().st_mtime, UTC)

    @property
    def config_copy(self) -> Path | None:
        """The copy of its config that the runner left."""
        file = self.folder / CONFIG_COPY
        return file if file.is_file() else None


def find_runs(folder: Path) -> list[RunFolder]:
    """The runs at or below a folder, the oldest first.

    Raises:
        UserError: there is none; the message names the folder and what it was searched for.
    """
    if not folder.exists():
        raise UserError(f"{folder}: no such folder", "check the path", ExitCode.NOTHING_TO_IMPORT)
    if not folder.is_dir():
        raise UserError(f"{folder}: is a file", "name the folder that it is in", ExitCode.NOTHING_TO_IMPORT)
    runs = sorted(_runs_below(folder, _MAX_DEPTH), key=lambda run: (run.started_at, str(run.folder)))
    if not runs:
        raise UserError(
            f"{folder}: holds no output of `lean optimize` or `lean backtest` "
            f"(no {_OPTIMIZER_CONFIG_OF_LEAN} and no backtest in it or below it)",
            "LEAN may have refused to start, or the path is another one",
            ExitCode.NOTHING_TO_IMPORT,
        )
    return runs


def read_run(folder: Path) -> RunFolder | None:
    """The folder as a run; None when it is none."""
    manifest = read_manifest(folder)
    parts = [folder / part for part in manifest.parts] if manifest else [folder]
    outputs = tuple(output for part in parts if (output := read_output(part)) is not None)
    return RunFolder(folder, manifest, outputs) if outputs or manifest else None


def read_output(folder: Path) -> LeanOutput | None:
    """The folder as an output of LEAN's; None when it is none."""
    if not folder.is_dir():
        return None
    optimizer_config = _read_optimizer_config(folder / _OPTIMIZER_CONFIG_OF_LEAN)
    single = optimizer_config is None and bool(_single_backtests(folder))
    if optimizer_config is None and not single and not _names_container(folder) and not _has_backtests(folder):
        return None
    return LeanOutput(folder, read_log(_log_text(folder)), optimizer_config or {}, single)


def backtest_files(output: LeanOutput) -> tuple[list[BacktestFile], list[SkippedFile]]:
    """The backtests of an output, and the entries that are not LEAN's."""
    files: list[BacktestFile] = []
    skipped: list[SkippedFile] = []
    if output.is_single_backtest:
        files += [BacktestFile(name, *_paths(output.folder, name)) for name in _single_backtests(output.folder)]
    for entry in sorted(output.folder.iterdir()):
        if entry.name in _KNOWN or entry.name.startswith((".", *_LEANS_PREFIXES)):
            continue
        if entry.is_dir() and (_GUID.fullmatch(entry.name) or (entry / f"{entry.name}.json").is_file()):
            files.append(BacktestFile(entry.name, *_paths(entry, entry.name)))
        elif not (output.is_single_backtest and _belongs_to_backtest(entry.name)):
            kind = "folder" if entry.is_dir() else "file"
            skipped.append(SkippedFile(Path(entry.name), f"foreign {kind}, not written by LEAN", is_foreign=True))
    present = {file.backtest_id for file in files}
    skipped += [
        SkippedFile(Path(backtest_id), "launched, but it left no folder", is_unfinished=True)
        for backtest_id in output.log.launched
        if backtest_id not in present
    ]
    return files, skipped


def read_backtest(file: BacktestFile, log: OptimizerLog) -> BacktestResult | SkippedFile:
    """A backtest's result, or why there is none: missing, truncated, unreadable, foreign, still under way."""
    was_removed = not file.path.exists() and file.fallback.exists() and _has_ended(file, log)
    path = file.fallback if was_removed else file.path
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text, parse_float=Decimal)
        return parse_backtest(file.backtest_id, document, log.launched.get(file.backtest_id))
    except FileNotFoundError:
        trouble, is_unfinished = "missing: the backtest did not finish", True
    except (OSError, ValueError, RecursionError) as error:
        trouble, is_unfinished = _trouble(error), isinstance(error, StillUnderWayError)
    return SkippedFile(Path(file.backtest_id) / path.name, trouble, is_unfinished)


def _has_ended(file: BacktestFile, log: OptimizerLog) -> bool:
    """Whether LEAN came to what it writes behind the large file: its report on the data, or the optimization's end."""
    return log.has_ended or any(file.path.parent.glob(f"{_DATA_REPORT}*"))


def _trouble(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            at_the_end = error.pos >= len(error.doc.rstrip()) - 1 or "Unterminated" in error.msg
            what = "truncated" if at_the_end else "not valid JSON"
            return f"{what} after {error.pos} characters: the file was not written to its end"
        case UnicodeDecodeError():
            return "is not text: damaged, or not written by LEAN"
        case NotAResultError():
            return str(error)
        case RecursionError():
            return "is nested too deeply to be a result"
        case OSError():
            return f"cannot be read: {error.strerror}"
        case _:
            return f"cannot be read: {error}"


def _runs_below(folder: Path, depth: int) -> Iterator[RunFolder]:
    run = read_run(folder)
    if run is not None:
        yield run
    elif depth > 0:
        try:
            children = sorted(child for child in folder.iterdir() if child.is_dir() and not child.is_symlink())
        except OSError:
            return
        for child in children:
            yield from _runs_below(child, depth - 1)


def _read_optimizer_config(file: Path) -> Mapping[str, Any] | None:
    try:
        values = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, Mapping) else {}


def _names_container(folder: Path) -> bool:
    """Whether the folder has the CLI's file `config`, which names the container."""
    try:
        values = json.loads((folder / "config").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(values, Mapping) and "container" in values


def _log_text(folder: Path) -> str:
    try:
        return (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _single_backtests(folder: Path) -> list[str]:
    """Ids of the backtests whose files lie in the folder itself, as `lean backtest` leaves them."""
    names = {file.name.removesuffix("-summary.json").removesuffix(".json") for file in folder.glob("*.json")}
    return sorted(name for name in names if _BACKTEST_NUMBER.fullmatch(name))


def _has_backtests(folder: Path) -> bool:
    return _any(folder, lambda child: bool(_GUID.fullmatch(child.name)) and child.is_dir())


def _any(folder: Path, condition: Callable[[Path], bool]) -> bool:
    try:
        return any(condition(child) for child in folder.iterdir())
    except OSError:
        return False


def _paths(folder: Path, backtest_id: str) -> tuple[Path, Path]:
    return folder / f"{backtest_id}.json", folder / f"{backtest_id}-summary.json"


def _belongs_to_backtest(name: str) -> bool:
    stem = next((name.removesuffix(suffix) for suffix in (*_LEANS_SUFFIXES, ".json") if name.endswith(suffix)), "")
    return bool(_BACKTEST_NUMBER.fullmatch(stem))
