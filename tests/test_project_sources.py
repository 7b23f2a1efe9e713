"""A project's sources are its own files and those of the libraries that it names."""

import json
from pathlib import Path

import pytest

from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.strategy.sources import read_project_sources
from support import make_project

_USES_LIBRARY = "from tools.numbers import number\n"


@pytest.fixture(name="workspace")
def fixture_workspace(tmp_path: Path) -> Path:
    """A workspace with a project and two libraries, of which one uses the other."""
    (tmp_path / "lean.json").write_text("{}", encoding="utf-8")
    for name, libraries in (("tools", ["Library/deep/basics"]), ("deep/basics", [])):
        folder = tmp_path / "Library" / name
        folder.mkdir(parents=True)
        (folder / "numbers.py").write_text(f"# {name}\n", encoding="utf-8")
        _name_libraries(folder, *libraries)
    _name_libraries(make_project(tmp_path, "Mine", _USES_LIBRARY), "Library/tools")
    return tmp_path


def _name_libraries(folder: Path, *paths: str) -> None:
    libraries = [{"name": path.rpartition("/")[2], "path": path} for path in paths]
    (folder / "config.json").write_text(json.dumps({"libraries": libraries}), encoding="utf-8")


def test_libraries_are_read_with_those_that_they_use(workspace: Path) -> None:
    sources = read_project_sources(workspace / "Mine", workspace)
    assert sources.texts == {
        "main.py": _USES_LIBRARY,
        "tools/numbers.py": "# tools\n",
        "deep/basics/numbers.py": "# deep/basics\n",
    }
    assert (sources.unreadable, sources.missing_libraries, sources.unnamed_libraries) == ((), (), ())


def test_libraries_stand_beside_lean_json_also_where_projects_lie_deeper(workspace: Path) -> None:
    project = make_project(workspace / "projects", "Deeper", _USES_LIBRARY)
    _name_libraries(project, "Library/deep/basics")
    sources = read_project_sources(project, workspace / "projects")
    assert set(sources.texts) == {"main.py", "deep/basics/numbers.py"}


@pytest.mark.parametrize("path", ["Library/gone", "Elsewhere/tools", "../Library"])
def test_a_library_that_is_not_there_is_named(path: str, workspace: Path) -> None:
    _name_libraries(workspace / "Mine", path)
    assert read_project_sources(workspace / "Mine", workspace).missing_libraries == (path,)


@pytest.mark.parametrize("code", [_USES_LIBRARY, "import tools.numbers\n", "def f():\n    import tools\n"])
def test_a_library_that_is_imported_but_not_named_is_found(code: str, workspace: Path) -> None:
    project = make_project(workspace, "Forgetful", code)
    assert read_project_sources(project, workspace).unnamed_libraries == ("Library/tools",)
    (project / "main.py").write_text("from .tools import number\nimport json\n", encoding="utf-8")
    assert read_project_sources(project, workspace).unnamed_libraries == ()


@pytest.mark.parametrize("config", ["{", "[]", '{"libraries": 1}', '{"libraries": [{"name": "tools"}]}'])
def test_a_config_that_cannot_be_understood_names_no_library(config: str, workspace: Path) -> None:
    (workspace / "Mine" / "config.json").write_text(config, encoding="utf-8")
    assert set(read_project_sources(workspace / "Mine", workspace).texts) == {"main.py"}


def test_the_codes_fingerprint_follows_the_libraries(workspace: Path) -> None:
    before = hash_strategy(workspace / "Mine", workspace)
    (workspace / "Library" / "deep" / "basics" / "numbers.py").write_text("# changed\n", encoding="utf-8")
    changed = hash_strategy(workspace / "Mine", workspace)
    (workspace / "Library" / "other.py").write_text("# of nobody\n", encoding="utf-8")
    assert before != changed == hash_strategy(workspace / "Mine", workspace)


def test_the_number_that_the_cli_gives_a_project_is_no_change_of_its_code(workspace: Path) -> None:
    project = make_project(workspace, "New")
    config = project / "config.json"
    before = hash_strategy(project, workspace)
    config.write_text('{\n    "local-id": 123456789\n}', encoding="utf-8")
    assert hash_strategy(project, workspace) == before
    config.write_text('{"parameters": {"level": "2"}}', encoding="utf-8")
    changed = hash_strategy(project, workspace)
    config.write_text('{\n  "local-id": 1,\n  "parameters": {"level": "2"}\n}', encoding="utf-8")
    assert before != changed == hash_strategy(project, workspace)
