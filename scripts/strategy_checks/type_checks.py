"""Type-checks the strategies and the guide's blocks against the installed stubs of LEAN's API."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from strategy_checks.findings import Finding
from strategy_checks.guide_blocks import Guide
from strategy_checks.strategy_files import Strategy, syntax_error
from strategy_testing.errors import UserError
from strategy_testing.lean_workspace import library_folder

_NO_CACHE = os.devnull
"""With a cache, mypy repeats an error under the path that the file had when it was found."""
_MESSAGE = re.compile(r"^(?P<file>.+?):(?P<line>\d+): error: (?P<text>.*)$")
_FOUND_NOTHING, _FOUND_SOMETHING = 0, 1
"""mypy's exit codes; any other is a failure of its own."""


def type_findings(strategies: Sequence[Strategy], guide: Guide | None, workspace: Path) -> Iterator[Finding]:
    """What `mypy --strict` says, and the guide's blocks that Python does not compile.

    Raises:
        UserError: mypy does not run.
    """
    with tempfile.TemporaryDirectory(prefix="check-strategies-") as name:
        scratch = Path(name).resolve()
        shown: dict[Path, Path] = {}
        for number, block in enumerate(guide.blocks) if guide is not None else ():
            error = syntax_error(block)  # mypy would look at nothing else
            if guide is not None and error is not None:
                yield Finding(guide.file, *error)
            elif guide is not None:
                file = scratch / f"block_{number}.py"
                file.write_text(block, encoding="utf-8")
                shown[file] = guide.file
        is_shared = guide is None or guide.workspace == workspace
        for bases, files in _runs(strategies, [*shown] if is_shared else [], workspace):
            yield from _checked(files, [*bases, library_folder(workspace), workspace, scratch], scratch, shown)
        if guide is not None and shown and not is_shared:
            yield from _checked([*shown], [library_folder(guide.workspace), scratch], scratch, shown)


def _runs(
    strategies: Sequence[Strategy], blocks: Sequence[Path], workspace: Path
) -> Iterator[tuple[list[Path], list[Path]]]:
    """One run for all; a project of several modules has its own, as two may have a module of the same name."""
    together: dict[Path, None] = dict.fromkeys(blocks)
    root = library_folder(workspace)
    for strategy in strategies:
        files = [strategy.files[name] for name in strategy.trees]
        own = [file for file in files if not file.is_relative_to(root)]
        if len(own) > 1:
            yield [strategy.folder], own
        together |= dict.fromkeys(file for file in files if len(own) <= 1 or file not in own)
    if together:
        yield [], [*together]


def _checked(
    files: Sequence[Path], bases: Sequence[Path], scratch: Path, shown: Mapping[Path, Path]
) -> Iterator[Finding]:
    config = scratch / "mypy.ini"
    config.write_text(
        "[mypy]\nstrict = true\nexplicit_package_bases = true\nnamespace_packages = true\n"
        f"mypy_path = {':'.join(map(str, bases))}\n",
        encoding="utf-8",
    )
    options = ["--config-file", str(config), "--cache-dir", _NO_CACHE, "--no-error-summary", "--no-pretty"]
    command = [sys.executable, "-m", "mypy", *options, "--show-absolute-path", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=scratch, check=False)
    matches = [match for line in done.stdout.splitlines() if (match := _MESSAGE.match(line))]
    if done.returncode not in {_FOUND_NOTHING, _FOUND_SOMETHING} or (done.returncode and not matches):
        said = (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"
        raise UserError(f"mypy does not run: {said}\nrun `make install`")
    for match in matches:
        file = Path(match["file"])
        yield Finding(shown.get(file, file), int(match["line"]), f"mypy: {match['text']}")
