# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What is found of names of LEAN's API, and what is left alone."""

from pathlib import Path

import pytest

from strategy_checks_bench import SOUND, a_method, lint, write_project

# fmt: off
GOOD_NAMES: dict[str, str] = {
    "under": "self._rsi = self.rsi(1)\nself.set_warm_up(1)",
    "settings": "self.universe_settings.resolution = Resolution.DAILY",
    "settings2": "self.settings.automatic_indicator_warm_up = True",
    "order props": "self.default_order_properties = InteractiveBrokersOrderProperties()",
    "local": "rsi = 1\nrsi += 1",
    "other object": "x = C()\nx.rsi = 1",
    "dict": "self._d = {}\nself._d['rsi'] = 1",
    "setattr of an own name": "for name in ('ema', 'std'):\n    setattr(self, f'_{name}', 1)",
    "setattr of another object": "setattr(self._other, 'rsi', 1)\nx = C()\nsetattr(x, 'rsi', 1)",
    "__dict__ of an own name": "self.__dict__['_ema'] = 1\nx = self.__dict__['ema']",
    "setattr of what is meant to be set": "setattr(self, 'default_order_properties', InteractiveBrokersOrderProperties())",
    "daily": "self.add_equity(t, Resolution.DAILY)",
    "daily kw": "self.add_equity(t, resolution=Resolution.DAILY)",
    "enum": "self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE)",
}

BAD_NAMES: dict[str, str] = {
    "assign": "self.rsi = 1",
    "annotated": "self.sma: int = 1",
    "augmented": "self.order += 1",
    "tuple": "self.max, x = 1, 2",
    "for": "for self.symbol in y:\n    pass",
    "with": "with x as self.log:\n    pass",
    "time": "self.time_zone = 1",
    "prop": "self.start_date = 1",
    "name": "self.name = 'x'",
    "setattr": "setattr(self, 'rsi', 1)",
    "setattr by a variable": "name = 'ema'\nsetattr(self, name, 1)",
    "setattr in a loop": "for name in ('_x', 'ema'):\n    setattr(self, name, 1)",
    "setattr of pairs": "for name, value in (('ema', 1), ('_x', 2)):\n    setattr(self, name, value)",
    "setattr of a table": "for name, value in {'ema': 1}.items():\n    setattr(self, name, value)",
    "__dict__": "self.__dict__['ema'] = 1",
    "__dict__ in a loop": "for name in ('_x', 'ema'):\n    self.__dict__[name] = 1",
    "pascal": "self.SetCash(x)",
    "minute": "self._x = Resolution.MINUTE",
    "Minute": "self._x = Resolution.Hour",
    "no resolution": "self.add_equity(t)",
    "no warm up": "self._r = self.rsi(s, 14)",
}
# fmt: on


@pytest.mark.parametrize("body", GOOD_NAMES.values(), ids=GOOD_NAMES.keys())
def test_own_names_are_no_finding(tmp_path: Path, body: str) -> None:
    assert lint(write_project(tmp_path, a_method("initialize(self) -> None", body))) == []


@pytest.mark.parametrize("body", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_what_lean_takes_for_something_else_is_found(tmp_path: Path, body: str) -> None:
    assert len(lint(write_project(tmp_path, a_method("initialize(self) -> None", body)))) == 1


def test_a_name_that_a_helper_sets_is_followed_to_its_callers(tmp_path: Path) -> None:
    helper = "def _keep(self, name: str, value: object) -> None:\n    setattr(self, name, value)"
    body = "self._keep('ema', 1)\nself._keep('_std', 2)\nself._keep('wilr', 3)"
    found = lint(write_project(tmp_path, a_method("initialize(self) -> None", body, helper)))
    assert [finding.partition(";")[0] for finding in found] == [
        "A/main.py:11: ema hides QCAlgorithm's own ema",
        "A/main.py:11: wilr hides QCAlgorithm's own wilr",
    ]


def test_a_method_may_override_an_event_and_nothing_else(tmp_path: Path) -> None:
    more = "".join(
        f"def {name}: pass\n"
        for name in (
            "on_data(self, data)",
            "on_order_event(self, e)",
            "on_end_of_algorithm(self)",
            "_order(self)",
            "rsi(self)",
            "OnData(self, data)",
        )
    )
    found = lint(write_project(tmp_path, a_method("initialize(self) -> None", "pass", more + "sma = 1\n")))
    assert [finding.partition(": ")[2].partition(";")[0] for finding in found] == [
        "rsi hides QCAlgorithm's own rsi",
        "OnData is the old spelling",
        "sma hides QCAlgorithm's own sma",
    ]


def test_other_classes_may_use_the_names_but_not_set_them_on_the_strategy(tmp_path: Path) -> None:
    before = (
        "class B:\n    def rsi(self):\n        self.symbol = 1\ndef f(algorithm: QCAlgorithm):\n    algorithm.rsi = 2\n"
    )
    found = lint(write_project(tmp_path, a_method("initialize(self) -> None", "pass", "", before)))
    assert found == ["A/main.py:6: rsi hides QCAlgorithm's own rsi; call it _rsi"]


def test_a_strategy_needs_a_docstring(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND.replace('    """Does nothing wrong."""\n\n', ""))
    assert lint(project) == ["A/main.py:5: the class Sound has no docstring; say what it does and what it needs"]
