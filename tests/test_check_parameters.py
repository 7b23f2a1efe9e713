# snippets of code are easier to compare on one line each
"""What is found of parameters that are read or given, and what is left alone."""

import re
from pathlib import Path

import pytest

from strategy_checks.checking import check
from strategy_checks_bench import SOUND, a_method, about, lint, write_project

# fmt: off
GOOD_PARAMETERS: dict[str, str] = {
    "text default": "self.get_parameter('x', '14')",
    "float": "int(float(self.get_parameter('x', '14')))",
    "or": "x = self.get_parameter('x') or '14'",
    "none checked": "t = self.get_parameter('x')\nif t is None:\n    t = '14'",
    "walrus": "if (t := self.get_parameter('x')) is not None:\n    y = t",
    "float default": "x = self.get_parameter('x', 0.5)",
    "of all, default": "x = self.get_parameters().get('x', '14')",
    "of all, or": "x = self.get_parameters().get('x') or '14'",
    "of all, None test": "x = self.get_parameters().get('x')\nif x is None:\n    x = '14'",
    "of all, asked for": "given = self.get_parameters()\nx = given['x'] if 'x' in given else '14'",
    "of all, not asked for": "given = self.get_parameters()\nif 'x' not in given:\n    return\nx = given['x']",
    "of all, contains_key": "given = self.get_parameters()\nif given.contains_key('x'):\n    x = given['x']",
    "of all, KeyError": "try:\n    x = self.get_parameters()['x']\nexcept KeyError:\n    x = '14'",
    "other table": "given = {'y': 1}\nx = given['x']\ny = given.get('z')",
}

BAD_PARAMETERS: dict[str, str] = {
    "none": "self.get_parameter('x')",
    "None": "self.get_parameter('x', None)",
    "float": "float(self.get_parameter('x'))",
    "loop": "for n in ('x',):\n    self.get_parameter(n)",
    "int text": "int(self.get_parameter('x', '14'))",
    "int var": "t = self.get_parameter('x', '14')\nn = int(t)",
    "int default": "n = self.get_parameter('x', 14)",
    "bool default": "n = self.get_parameter('x', True)",
    "of all": "x = self.get_parameters()['x']",
    "of all, variable": "given = self.get_parameters()\nx = float(given['x'])",
    "of all, attribute": "self._given = self.get_parameters()\nx = self._given['x']",
    "of all, loop": "for name in ('x',):\n    y = self.get_parameters()[name]",
    "of all, or": "x = self.get_parameters()['x'] or '14'",
    "of all, get": "x = float(self.get_parameters().get('x'))",
    "of all, another asked for": "given = self.get_parameters()\nif 'y' in given:\n    x = given['x']",
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


def test_a_read_of_all_parameters_is_fine_where_config_json_has_it(tmp_path: Path) -> None:
    code = a_method("initialize(self) -> None", "self._x = float(self.get_parameters()['x'])")
    assert lint(write_project(tmp_path, code, {"parameters": {"x": "1"}})) == []
    missing = lint(write_project(tmp_path, code, {"parameters": {}}))
    assert missing == ["A/main.py:7: the parameter x has neither a default nor a value in config.json; give it both"]


def test_a_helper_is_followed_for_each_of_its_callers(tmp_path: Path) -> None:
    helper = "def _number(self, name, default=None):\n    return float(self.get_parameter(name, default))"
    body = "self._number('x')\nself._number('y', '3')\nself._number(name='z', default='1')"
    found = lint(write_project(tmp_path, a_method("initialize(self) -> None", body, helper)))
    assert [re.findall(r"the parameter (\w)", finding) for finding in found] == [["x"]]


def test_a_whole_number_that_a_helper_hands_on_as_the_default_is_found(tmp_path: Path) -> None:
    helper = "def _number(self, name, default):\n    return float(self.get_parameter(name, default))"
    project = write_project(tmp_path, a_method("initialize(self) -> None", "self._number('x', 14)", helper))
    assert len(about("with the default 14 gives 14", lint(project))) == 1


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


def test_names_that_the_sources_do_not_tell_are_a_finding(tmp_path: Path) -> None:
    body = "for name in self.object_store.read('names').split():\n    self.get_parameter(name, '1')"
    project = write_project(tmp_path, a_method("initialize(self) -> None", body), {"parameters": {"x": "1"}})
    assert about("names the sources do not tell", lint(project)) != []
