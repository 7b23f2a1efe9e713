"""What is found of parameters that are read or given, and what is left alone."""

from pathlib import Path

import pytest

from strategy_checks.checking import check
from strategy_checks_bench import LIBRARIES, LIBRARY, SOUND, a_method, about, lint, write_project

# fmt: off
GOOD_PARAMETERS: dict[str, str] = {
    "text default": "self.get_parameter('x', '14')",
    "float": "int(float(self.get_parameter('x', '14')))",
    "or": "x = self.get_parameter('x') or '14'",
    "none checked": "t = self.get_parameter('x')\nif t is None:\n    t = '14'",
    "walrus": "if (t := self.get_parameter('x')) is not None:\n    y = t",
    "of all": "x = self.get_parameters().get('x')",
    "float default": "x = self.get_parameter('x', 0.5)",
    "int of a float default": "x = int(self.get_parameter('x', 0.5))",
}

BAD_PARAMETERS: dict[str, str] = {
    "float": "float(self.get_parameter('x'))",
    "int text": "int(self.get_parameter('x', '14'))",
    "int var": "t = self.get_parameter('x', '14')\nn = int(t)",
    "int default": "n = self.get_parameter('x', 14)",
    "bool default": "n = self.get_parameter('x', True)",
}
# fmt: on


@pytest.mark.parametrize("body", GOOD_PARAMETERS.values(), ids=GOOD_PARAMETERS.keys())
def test_a_parameter_with_a_default_is_no_finding(tmp_path: Path, body: str) -> None:
    assert lint(write_project(tmp_path, a_method("initialize(self) -> None", body))) == []


@pytest.mark.parametrize("body", BAD_PARAMETERS.values(), ids=BAD_PARAMETERS.keys())
def test_a_parameter_that_may_be_missing_or_misread_is_found(tmp_path: Path, body: str) -> None:
    assert len(lint(write_project(tmp_path, a_method("initialize(self) -> None", body)))) == 1


def test_a_parameter_without_a_default_is_fine_where_config_json_has_it(tmp_path: Path) -> None:
    code = a_method("initialize(self) -> None", "self._x = float(self.get_parameter('x'))")
    assert lint(write_project(tmp_path, code, {"parameters": {"x": "1"}})) == []
    missing = lint(write_project(tmp_path, code, {"parameters": {}}))
    assert missing == ["A/main.py:7: the parameter x has neither a default nor a value in config.json; give it both"]


def test_a_configured_parameter_that_is_not_read_is_found_where_it_is_configured(tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "a.yaml").write_text(
        "strategy:\n  name: A\n  lean_project_path: A\noptimization:\n  parameters:\n    ticker: {values: [SPY]}\n"
        "    stop_loss: {values: [1, 2]}\nbacktest:\n  start_date: 2015-01-01\n",
        encoding="utf-8",
    )
    (configs / "other.yaml").write_text(
        "strategy: {name: B, lean_project_path: B}\noptimization: {parameters: {b: {values: [1]}}}\n"
    )
    workspace = tmp_path / "workspace"
    project = write_project(workspace, SOUND, {"parameters": {"ticker": "SPY", "unused": "1"}})
    findings, _ = check([project], workspace, configs, [], types=False)
    assert [
        f"{each.file.relative_to(tmp_path)}:{each.line}: {each.message.partition(';')[0]}" for each in findings
    ] == [
        "configs/a.yaml:7: A does not read the parameter stop_loss",
        "configs/a.yaml:9: A does not read the parameter start_date",
        "workspace/A/config.json:4: A does not read the parameter unused",
    ]


def test_names_that_the_sources_do_not_show_are_a_finding(tmp_path: Path) -> None:
    body = "for name in self.object_store.read('names').split():\n    self.get_parameter(name, '1')"
    project = write_project(tmp_path, a_method("initialize(self) -> None", body), {"parameters": {"x": "1"}})
    assert about("names the sources do not show", lint(project)) != []


def test_a_library_may_read_what_its_callers_name(tmp_path: Path) -> None:
    assert lint(write_project(tmp_path, LIBRARY + SOUND, LIBRARIES)) == []
