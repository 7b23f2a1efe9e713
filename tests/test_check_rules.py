# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What is found of names of LEAN's API and of slices, and what is left alone."""

from pathlib import Path

import pytest

from strategy_checks_bench import LIBRARIES, SOUND, a_method, about, lint, write_project

# fmt: off
GOOD_NAMES: dict[str, str] = {
    "under": "self._rsi = self.rsi(1)\nself.set_warm_up(1)",
    "settings": "self.universe_settings.resolution = Resolution.DAILY",
    "settings2": "self.settings.automatic_indicator_warm_up = True",
    "order props": "self.default_order_properties = InteractiveBrokersOrderProperties()",
    "local": "rsi = 1\nrsi += 1",
    "other object": "x = C()\nx.rsi = 1",
    "dict": "self._d = {}\nself._d['rsi'] = 1",
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
    "minute": "self._x = Resolution.MINUTE",
    "Minute": "self._x = Resolution.Hour",
    "no resolution": "self.add_equity(t)",
}

GOOD_SLICES: dict[str, tuple[str, ...]] = {
    "get, None": ("bar = data.bars.get(s)\nif bar is None:\n    return\nx = bar.close",),
    "get, not None": ("bar = data.bars.get(s)\nif bar is not None and bar.close > 1:\n    pass",),
    "get, truth": ("bar = data.bars.get(s)\nif bar:\n    x = bar.close",),
    "get, not": ("for s in self._x:\n    bar = data.bars.get(s)\n    if not bar:\n        continue\n    x = bar.close",),
    "get, or": ("for s, r in self._x.items():\n    bar = data.bars.get(s)\n    if not r.is_ready or bar is None:\n        continue\n    x = bar.close",),
    "get, ternary": ("bar = data.bars.get(s)\nx = None if bar is None else bar.close",),
    "get, assert": ("bar = data.bars.get(s)\nassert bar is not None\nx = bar.close",),
    "get, walrus": ("if (bar := data.bars.get(s)) is not None:\n    x = bar.close",),
    "get, walrus truth": ("if bar := data.bars.get(s):\n    x = bar.close",),
    "get, comprehension": ("x = [bar.close for s in self._x if (bar := data.bars.get(s)) is not None]",),
    "get, two": ("first, second = data.bars.get(a), data.bars.get(b)\nif first is None or second is None:\n    return\nx = first.close / second.close",),
    "get, alias": ("bars = data.bars\nbar = bars.get(s)\nif bar is None:\n    return\nx = bar.close",),
    "get, tested around": ("bar = data.bars.get(s)\nif bar is None:\n    return\ndef close():\n    return bar.close\nx = close()",),
    "get, handed on": ("self._trade(data.bars.get(s))", "def _trade(self, bar: TradeBar | None) -> None:\n    x = bar is not None and bar.close"),
    "get, returned": ("x = self._bar(data)", "def _bar(self, data: Slice) -> TradeBar | None:\n    return data.bars.get(self._s)"),
    "get of the slice": ("point = data.get(self._s)\nif point is None:\n    return\nx = point.value",),
    "get of a class": ("points = data.get(EODHDUpcomingEarnings)\nx = points.count",),
    "get of a class in a variable": ("kind = EODHDUpcomingEarnings\npoints = data.get(kind)\nx = points.count",),
    "get of a class in an attribute": ("points = data.get(self._kind)\nx = points.count", "def initialize(self):\n    self._kind = EODHDUpcomingEarnings"),
    "get of classes in a loop": ("for kind in (TradeBar, QuoteBar):\n    points = data.get(kind)\n    x = points.count",),
    "get of a class in a parameter": ("pass", "def _count(self, data: Slice, kind: type[BaseData]) -> int:\n    points = data.get(kind)\n    return points.count"),
    "get of another dictionary": ("known = {}\nx = known.get(s).close\ny = known.get(s)\nz = y.close",),
    "asking": ("for s in self._x:\n    if data.bars.contains_key(s) and s in data.bars:\n        self._count(s)",),
    "going through": ("for s, bar in data.bars.items():\n    x = bar.close\nfor pair in data.bars:\n    x = pair.value.close",),
    "another dictionary": ("d = {}\nd['a'] = 1\nx = d['a'], self.portfolio[s].invested, self._bars[s]", "def initialize(self):\n    self._bars = {}"),
    "a frame called data": ("pass", "def _mean(self) -> float:\n    data = self.history(self._s, 30, Resolution.DAILY)\n    return data['close'].mean()"),
    "order event": ("pass", "def on_order_event(self, event: OrderEvent):\n    x = self._bars[event.symbol]"),
}

BAD_SLICES: dict[str, tuple[str, ...]] = {
    "bars": ("data.bars[s].close",),
    "slice": ("x = data[self._s].close",),
    "another name": ("pass", "def on_data(self, slice):\n    x = slice.bars[self._s]"),
    "quote bars": ("x = data.quote_bars[s]",),
    "dividends": ("x = data.dividends[s].distribution",),
    "PascalCase": ("data.Bars[s].Close",),
    "after asking": ("if data.bars.contains_key(s):\n    x = data.bars[s].close",),
    "after get": ("if data.bars.get(s) is None:\n    return\nx = data.bars[s].close",),
    "try": ("try:\n    x = data.bars[s]\nexcept KeyError:\n    return",),
    "comprehension": ("x = [data.bars[s].close for s in self._x]",),
    "lambda": ("x = max(self._x, key=lambda s: data.bars[s].close)",),
    "f-string": ("self.log(f'{data.bars[s].close}')",),
    "nested function": ("def close(s):\n    return data.bars[s].close\nx = close(a)",),
    "alias": ("bars = data.bars\nx = bars[s]",),
    "alias of the slice": ("today = data\nx = today.bars[s]",),
    "current slice": ("x = self.current_slice.bars[s]",),
    "current slice, variable": ("pass", "def _rebalance(self):\n    data = self.current_slice\n    data.bars[self._s]"),
    "current slice of the strategy": ("pass", "", "def trade(algorithm: QCAlgorithm):\n    return algorithm.current_slice.bars[S].close"),
    "kept slice": ("self._data = data", "def f(self):\n    return self._data.bars[self._s]"),
    "custom data": ("points = data.get(EODHDUpcomingEarnings)\nx = points[self._s].estimate",),
    "custom data, direct": ("x = data.get(EODHDUpcomingEarnings)[self._s].estimate",),
    "helper": ("pass", "def _trade(self, slice: Slice, symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper, quoted": ("pass", "def _trade(self, slice: 'Slice', symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper, optional": ("pass", "def _trade(self, slice: Slice | None, symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper, bars": ("pass", "def _trade(self, bars: TradeBars) -> None:\n    x = bars[self._s].close"),
    "helper of another class": ("pass", "", "class H:\n    def trade(self, data: Slice):\n        return data.bars[self._symbol].close"),
}
# fmt: on


@pytest.mark.parametrize("body", GOOD_NAMES.values(), ids=GOOD_NAMES.keys())
def test_own_names_are_no_finding(tmp_path: Path, body: str) -> None:
    assert lint(write_project(tmp_path, a_method("initialize(self) -> None", body))) == []


@pytest.mark.parametrize("body", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_what_lean_takes_for_something_else_is_found(tmp_path: Path, body: str) -> None:
    assert len(lint(write_project(tmp_path, a_method("initialize(self) -> None", body)))) == 1


def test_a_method_may_override_an_event_and_nothing_else(tmp_path: Path) -> None:
    more = "".join(
        f"def {name}: pass\n"
        for name in (
            "on_data(self, data)",
            "on_order_event(self, e)",
            "on_end_of_algorithm(self)",
            "_order(self)",
            "rsi(self)",
        )
    )
    found = lint(write_project(tmp_path, a_method("initialize(self) -> None", "pass", more + "sma = 1\n")))
    assert [finding.partition(": ")[2].partition(";")[0] for finding in found] == [
        "rsi hides QCAlgorithm's own rsi",
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


@pytest.mark.parametrize("code", GOOD_SLICES.values(), ids=GOOD_SLICES.keys())
def test_get_and_a_test_for_none_is_accepted(tmp_path: Path, code: tuple[str, ...]) -> None:
    assert lint(write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", *code))) == []


@pytest.mark.parametrize("code", BAD_SLICES.values(), ids=BAD_SLICES.keys())
def test_a_slice_that_is_indexed_is_refused_with_and_without_a_check(tmp_path: Path, code: tuple[str, ...]) -> None:
    found = lint(write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", *code)))
    assert len(found) == len(about("fails where there is no such data", found)) == 1


def test_the_finding_about_a_slice_names_the_line_and_the_remedy(tmp_path: Path) -> None:
    body = "x = data.bars[self._s].close"
    assert lint(write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", body))) == [
        "A/main.py:7: data.bars[self._s] fails where there is no such data; "
        "take data.bars.get(self._s) and test it for None",
    ]


def test_a_library_is_checked_too(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND, LIBRARIES)
    (tmp_path / "Library" / "lib" / "closes.py").write_text(
        "from AlgorithmImports import *\n\n\ndef close(data: Slice, symbol: Symbol) -> float:\n    return data.bars[symbol].close\n"
    )
    assert [finding.partition(": ")[0] for finding in lint(project)] == ["Library/lib/closes.py:5"]
