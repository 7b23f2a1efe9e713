"""What the tests of the strategy checks share: strategies made of a few lines, and the findings about them."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from strategy_checks.checking import check
from support import PROJECT, ScriptResult

LIBRARY = "from lib.parameters import day, number, open_account, subscribe, words"
LIBRARY_SOURCE = """
from datetime import datetime
from AlgorithmImports import *


def words(algorithm: QCAlgorithm, name: str, default: str) -> list[str]:
    text = algorithm.get_parameter(name, default)
    found = text.split("|")
    return found


def number(algorithm: QCAlgorithm, name: str, default: float) -> float:
    text = algorithm.get_parameter(name, str(default))
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is '{text}'") from None
    return value


def day(algorithm: QCAlgorithm, name: str, default: str) -> datetime:
    return datetime.strptime(algorithm.get_parameter(name, default), "%Y-%m-%d")


def subscribe(algorithm: QCAlgorithm, ticker: str) -> Symbol:
    return algorithm.add_equity(ticker, Resolution.DAILY).symbol


def open_account(algorithm: QCAlgorithm, start: str, capital: float) -> None:
    algorithm.set_start_date(day(algorithm, "start_date", start))
    algorithm.set_cash(number(algorithm, "initial_capital", capital))
"""
LIBRARIES: dict[str, object] = {"libraries": [{"name": "lib", "path": "Library/lib"}]}

SOUND = """
from AlgorithmImports import *


class Sound(QCAlgorithm):
    \"\"\"Does nothing wrong.\"\"\"

    def initialize(self) -> None:
        self._symbol = self.add_equity(self.get_parameter("ticker", "SPY"), Resolution.DAILY).symbol

    def on_data(self, data: Slice) -> None:
        bar = data.bars.get(self._symbol)
        if bar is not None:
            self.debug(f"{bar.close}")
"""


def a_method(name: str, body: str, more: str = "", before: str = "") -> str:
    """A strategy whose method has this body."""
    head = f"from AlgorithmImports import *\n{textwrap.dedent(before)}\n\nclass A(QCAlgorithm):\n    'Doc.'\n"
    return head + f"    def {name}:\n{textwrap.indent(body, ' ' * 8)}\n{textwrap.indent(more, ' ' * 4)}\n"


def write_project(workspace: Path, code: str, config: dict[str, object] | None = None, name: str = "A") -> Path:
    project = workspace / name
    project.mkdir(parents=True, exist_ok=True)
    (project / "main.py").write_text(code, encoding="utf-8")
    (project / "config.json").write_text(json.dumps(config or {}, indent=2), encoding="utf-8")
    if config is LIBRARIES:
        library = workspace / "Library" / "lib"
        library.mkdir(parents=True, exist_ok=True)
        (library / "parameters.py").write_text(LIBRARY_SOURCE, encoding="utf-8")
    return project


def lint(project: Path, configs: Path | None = None) -> list[str]:
    """The findings, each with its file relative to the workspace."""
    workspace = project.parent
    findings, _ = check([project], workspace, configs or workspace / "none", [], types=False)
    return [f"{each.file.relative_to(workspace)}:{each.line}: {each.message}" for each in findings]


def about(words: str, findings: list[str]) -> list[str]:
    return [finding for finding in findings if re.search(words, finding)]


def run(*arguments: object, folder: Path = PROJECT, **environment: str) -> ScriptResult:
    command = [sys.executable, PROJECT / "scripts" / "check_strategies.py", *arguments]
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | environment,
        timeout=300,
        check=False,
    )
    return ScriptResult(done.stdout, done.stderr, done.returncode)
