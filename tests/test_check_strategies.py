# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What `make check-strategies` finds beside its rules: broken sources, types, and what its command line says."""

import re
from pathlib import Path

import pytest

from strategy_checks.type_checks import python_blocks
from strategy_checks_bench import LIBRARIES, LIBRARY, SOUND, about, lint, run, write_project
from strategy_testing.errors import ExitCode
from support import PROJECT


def test_a_syntax_error_is_found_and_the_rest_is_checked(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND)
    (project / "broken.py").write_text("x = (\n", encoding="utf-8")
    (project / "other.py").write_text(
        "from AlgorithmImports import *\ndef f(data: Slice): return data['SPY']\n", encoding="utf-8"
    )
    assert [finding.split(";")[0] for finding in lint(project)] == [
        "A/broken.py:1: Python does not compile this: '(' was never closed",
        "A/other.py:2: data['SPY'] fails where there is no such data",
    ]


def test_what_is_nested_too_deeply_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    total = " + ".join(["'a'"] * 2000)
    assert lint(write_project(tmp_path, f"{SOUND}\n\ntotal = {total}\n")) == [
        "A/main.py:1: is nested too deeply to be checked; split the longest expression"
    ]


def test_a_library_that_lean_would_not_find_is_a_finding(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND, LIBRARIES)
    (project / "main.py").write_text(LIBRARY + SOUND, encoding="utf-8")
    assert lint(project) == []
    (project / "config.json").write_text("{}", encoding="utf-8")
    assert about("config.json", lint(project)) != []
    (project / "config.json").write_text('{"libraries": [{"name": "gone", "path": "Library/gone"}]}', encoding="utf-8")
    assert about("no library Library/gone", lint(project)) != []


# The script


def test_types_of_strategies_and_guide_are_checked_at_their_lines(tmp_path: Path) -> None:
    """Projects of several modules do not mix: B's own module is not A's."""
    workspace = tmp_path / "workspace"
    for name, value in (("A", "1"), ("B", "'one'")):
        sound = SOUND if name == "B" else SOUND.replace("bar.close", "bar.closing")
        code = f"from own import VALUE\n{sound}\n\nx: int = VALUE\n"
        (write_project(workspace, code, name=name) / "own.py").write_text(f"VALUE = {value}\n", encoding="utf-8")
    guide = tmp_path / "guide.md"
    guide.write_text(
        "# Guide\n\n```python\nfrom AlgorithmImports import *\n\n\ndef f(algorithm: QCAlgorithm) -> None:\n    algorithm.set_cash([])\n```\n\n"
        "```text\nno: python\n```\n\n- a list\n\n  ```python\n  x: int = 1\n  y: str = x\n  ```\n\n```python\nbroken(\n```\n",
        encoding="utf-8",
    )
    done = run("--workspace", workspace, "--guide", guide, folder=tmp_path)
    places = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert places == [
        "guide.md:8", "guide.md:19", "guide.md:23", "workspace/A/main.py:15", "workspace/B/main.py:18", "5 findings",
    ]  # fmt: skip
    assert "closing" in done.stdout
    assert done.exit_code == 1


def test_without_findings_the_exit_code_is_0_and_one_line_says_what_was_checked(tmp_path: Path) -> None:
    write_project(tmp_path, SOUND)
    done = run("--workspace", tmp_path, "--no-types", "A")
    assert (done.stdout, done.stderr, done.exit_code) == ("1 strategy, 0 code blocks: no findings\n", "", 0)


def test_a_project_can_be_named_by_its_path(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND.replace("Resolution.DAILY", "Resolution.HOUR"))
    write_project(tmp_path, "broken(", name="B")
    done = run("--workspace", tmp_path, "--no-types", project)
    assert done.stdout.startswith(f"{project}/main.py:9: Resolution.HOUR")
    assert (done.last_line, done.exit_code) == ("1 finding", 1)


@pytest.mark.parametrize(
    "arguments",
    [["Nothing"], ["--configs", "nowhere"], ["--guide", "nowhere.md"], ["docs"]],
)
def test_a_wrong_path_is_reported_and_ends_with_2(arguments: list[str]) -> None:
    done = run("--no-types", *arguments)
    assert arguments[-1] in done.stderr
    assert (done.stdout, done.exit_code) == ("", 2)


def test_a_workspace_that_is_not_there_is_reported_as_by_the_runner() -> None:
    for done in (run("--workspace", "nowhere"), run(LEAN_WORKSPACE="nowhere")):
        assert "nowhere: no such folder; name the lean workspace in --workspace or LEAN_WORKSPACE" in done.stderr
        assert (done.stdout, done.exit_code) == ("", ExitCode.NO_WORKSPACE)


def test_the_workspace_of_the_environment_is_checked_with_the_guide(tmp_path: Path) -> None:
    workspace, guide = tmp_path / "workspace", PROJECT / "docs" / "LEAN_DEVELOPER_GUIDE.md"
    write_project(workspace, SOUND)
    blocks = len(python_blocks(guide, workspace))
    done = run("--no-types", LEAN_WORKSPACE=str(workspace))
    assert (done.stdout, done.exit_code) == (f"1 strategy, {blocks} code blocks: no findings\n", 0)


def test_an_option_counts_more_than_the_environment(tmp_path: Path) -> None:
    write_project(tmp_path / "one", SOUND)
    write_project(tmp_path / "other", "broken(")
    done = run("--workspace", tmp_path / "one", "--no-types", LEAN_WORKSPACE=str(tmp_path / "other"))
    assert (done.stdout, done.exit_code) == ("1 strategy, 0 code blocks: no findings\n", 0)


def test_a_project_is_looked_up_in_the_workspace_of_the_environment(tmp_path: Path) -> None:
    write_project(tmp_path, SOUND, name="Weekly")
    write_project(tmp_path, "broken(", name="Other")
    done = run("--no-types", "Weekly", LEAN_WORKSPACE=str(tmp_path))
    assert (done.stdout, done.exit_code) == ("1 strategy, 0 code blocks: no findings\n", 0)


@pytest.mark.parametrize("folder", ["backtests", "data", "live", "optimizations", "results", "storage", ".draft"])
def test_other_folders_of_a_workspace_are_no_strategies(tmp_path: Path, folder: str) -> None:
    write_project(tmp_path, SOUND)
    write_project(tmp_path, "broken(", name=folder)
    done = run("--workspace", tmp_path, "--no-types")
    assert done.stdout == "1 strategy, 0 code blocks: no findings\n"


def test_a_workspace_without_strategies_is_reported(tmp_path: Path) -> None:
    write_project(tmp_path, SOUND, name="backtests")
    done = run("--no-types", LEAN_WORKSPACE=str(tmp_path))
    assert f"{tmp_path}: has no projects" in done.stderr
    assert (done.stdout, done.exit_code) == ("", 2)


def test_missing_stubs_are_reported(tmp_path: Path) -> None:
    (tmp_path / "QuantConnect").mkdir()
    (tmp_path / "QuantConnect" / "__init__.py").write_text("", encoding="utf-8")
    done = run("--no-types", PYTHONPATH=str(tmp_path))
    assert "stubs of LEAN's API (quantconnect-stubs) are not installed; run `make install`" in done.stderr
    assert done.exit_code == 2


def test_our_strategies_and_our_guide_have_no_finding() -> None:
    done = run()
    assert re.fullmatch(r"\d+ strategies, \d+ code blocks: no findings\n", done.stdout), done.stdout
    assert done.exit_code == 0
