"""Type-checks the strategies and the guide's blocks against the installed stubs of LEAN's API."""

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from strategy_checks.strategy_files import Finding, Strategy, not_compiled
from strategy_testing.config.yaml_source import read_text
from strategy_testing.errors import UserError
from strategy_testing.paths import CACHE_DIR
from strategy_testing.strategy.syntax import parse
from strategy_testing.strategy.workspace import library_folder

_BLOCK = re.compile(
    r"^ *(?P<fence>`{3,}|~{3,}) *(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^ *(?P=fence)[`~]* *$",
    re.MULTILINE | re.DOTALL,
)
_OPTIONS = "[mypy]\nstrict = true\nexplicit_package_bases = true\nnamespace_packages = true\n"
_STUBS = "from AlgorithmImports import *\n"
_MESSAGE = re.compile(r"^(?P<file>.+?):(?P<line>\d+): error: (?P<text>.*)$")
_NO_FAILURE = {0, 1}
"""mypy's exit codes without and with findings."""


class CodeBlock(NamedTuple):
    """What stands between the fences."""

    guide: Path
    workspace: Path
    """Whose libraries it imports."""
    text: str
    """With empty lines before it, so that its line numbers are the guide's."""


def python_blocks(guide: Path, workspace: Path) -> list[CodeBlock]:
    """All blocks fenced as ```python, in the guide's order.

    Raises:
        UserError: the guide cannot be read.
    """
    text = read_text(guide)
    found = [block for block in _BLOCK.finditer(text) if block["language"] == "python"]
    texts = ["\n" * text.count("\n", 0, block.start("text")) + textwrap.dedent(block["text"]) for block in found]
    return [CodeBlock(guide.resolve(), workspace, each) for each in texts]


def type_findings(strategies: Sequence[Strategy], workspace: Path, blocks: Sequence[CodeBlock]) -> Iterator[Finding]:
    """What `mypy --strict` says, and the guide's blocks that Python does not compile.

    Raises:
        UserError: mypy does not run.
    """
    with tempfile.TemporaryDirectory(prefix="check-strategies-") as name:
        scratch = Path(name).resolve()
        shown: dict[Path, CodeBlock] = {}
        for number, block in enumerate(blocks):
            _, errors = parse({"block": block.text})
            if errors:  # mypy would look at nothing else
                yield not_compiled(block.guide, errors[0])
                continue
            file = scratch / f"block_{number}.py"
            file.write_text(block.text, encoding="utf-8")
            shown[file] = block
        for bases, files in _runs(strategies, workspace, shown):
            for file, line, message in _checked(files, [*bases, scratch], scratch):
                yield Finding(shown[file].guide if file in shown else file, line, f"mypy: {message}")


def _runs(
    strategies: Sequence[Strategy], workspace: Path, blocks: Mapping[Path, CodeBlock]
) -> Iterator[tuple[list[Path], list[Path]]]:
    """One run for all; a project of several modules has its own, as two may have a module of the same name."""
    root = library_folder(workspace)
    together = [file for file, block in blocks.items() if block.workspace == workspace]
    others = [file for file in blocks if file not in together]
    for strategy in strategies:
        files = [strategy.files[name] for name in strategy.trees]
        own = [file for file in files if not file.is_relative_to(root)]
        if len(own) > 1:
            yield [strategy.folder, root, workspace], own
        together += [file for file in files if len(own) <= 1 or file not in own]
    yield [root, workspace], [*dict.fromkeys(together)]
    yield [library_folder(blocks[file].workspace) for file in others[:1]], others


def _checked(files: Sequence[Path], bases: Sequence[Path], scratch: Path) -> Iterator[tuple[Path, int, str]]:
    if not files:
        return
    # Of the stubs alone: with a cache of the rest, mypy would repeat errors under paths that files had before.
    known = scratch / "known"
    shutil.rmtree(known, ignore_errors=True)
    if (stubs := _cache_of_stubs()) is not None:
        shutil.copytree(stubs, known)
    done = _mypy(scratch, known, files, f"mypy_path = {':'.join(map(str, bases))}\n")
    matches = [match for line in done.stdout.splitlines() if (match := _MESSAGE.match(line))]
    if done.returncode not in _NO_FAILURE or (done.returncode and not matches):
        said = (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"
        raise UserError(f"mypy does not run: {said}\nrun `make install`")
    yield from ((Path(match["file"]), int(match["line"]), match["text"]) for match in matches)


@cache
def _cache_of_stubs() -> Path | None:
    """What mypy has to know of LEAN's stubs, which takes it 9 s; made once for its version and theirs.

    Returns:
        None where it cannot be made or kept; mypy then does without.
    """
    with contextlib.suppress(OSError, PackageNotFoundError):
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        folder = CACHE_DIR / f"stubs-{version('quantconnect-stubs')}-mypy-{version('mypy')}-python-{python}"
        if folder.is_dir():
            return folder
        CACHE_DIR.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE_DIR) as name:
            scratch = Path(name)
            (file := scratch / "only_the_stubs.py").write_text(_STUBS, encoding="utf-8")
            if _mypy(scratch, scratch / "known", [file]).returncode == 0:
                (scratch / "known").rename(folder)
                return folder
    return None


def _mypy(scratch: Path, known: Path, files: Sequence[Path], more: str = "") -> "subprocess.CompletedProcess[str]":
    config = scratch / "mypy.ini"
    config.write_text(_OPTIONS + more, encoding="utf-8")
    options = ["--config-file", str(config), "--cache-dir", str(known), "--no-error-summary", "--no-pretty"]
    command = [sys.executable, "-m", "mypy", *options, "--show-absolute-path", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, cwd=scratch, check=False)
