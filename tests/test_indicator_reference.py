"""The guide's table of indicators: it is that of LEAN's type stubs, whole and with nothing added."""

import re
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest

from api_reference.indicator_stubs import candlestick_patterns, indicator_classes, indicator_methods
from api_reference.indicator_table import indicator_table, with_table
from support import PROJECT

_GUIDE = PROJECT / "docs" / "LEAN_DEVELOPER_GUIDE.md"
_SCRIPT = PROJECT / "tests" / "indicator_reference.py"

_ROW = re.compile(r"^\| `(?P<name>\w+)` \| `(?P<call>\w+)\((?P<arguments>.*)\) -> (?P<returned>\w+)` \|", re.MULTILINE)
_METHOD = re.compile(
    r"^    def (?P<name>[^\W_]\w*)\(self(?:, )?(?P<arguments>.*)\) -> (?P<returned>.+):$", re.MULTILINE
)
_COUNTS = re.compile(r"^(?P<names>\d+) methods with (?P<signatures>\d+) signatures", re.MULTILINE)
_PATTERNS = re.compile(
    r"^`self\.candlestick_patterns` has (?P<count>\d+) methods more.*: (?P<names>.*)\.$", re.MULTILINE
)

_SIGNATURE = re.compile(r"`(?P<name>\w+)\((?P<arguments>[^`]*)\) -> (?P<returned>[^`]+)`")
_CALLABLE = re.compile(r"^class _QCAlgorithm_(?P<name>\w+):$", re.MULTILINE)
_OTHER_STUBS = ("Algorithm", "Indicators", "Orders", "Scheduling", "Securities", "Data")

_INDICATORS_STUB = '''
class IndicatorBase(typing.Generic[T]):
    """The base of all."""
    @property
    def current(self) -> QuantConnect.Indicators.IndicatorDataPoint: ...
    @property
    def previous(self) -> QuantConnect.Indicators.IndicatorDataPoint: ...
class IndicatorDataPoint(QuantConnect.Data.BaseData):
    """A value."""
class BarIndicator(QuantConnect.Indicators.IndicatorBase[QuantConnect.Data.Market.IBaseDataBar]):
    """Takes bars."""
class SlowBand(QuantConnect.Indicators.BarIndicator):
    """A band."""
    @property
    def upper(self) -> QuantConnect.Indicators.IndicatorBase[QuantConnect.Indicators.IndicatorDataPoint]: ...
    @property
    def width(self) -> float: ...
    def other(self) -> QuantConnect.Indicators.SlowBand: ...
class McFastBand2(QuantConnect.Indicators.SlowBand):
    """A faster band."""
    @property
    def signal(self) -> QuantConnect.Indicators.SlowBand: ...
'''
_ALGORITHM_STUB = """
class CandlestickPatterns(System.Object):
    def doji(self, symbol: str) -> QuantConnect.Indicators.SlowBand: ...
    def text(self) -> str: ...
class QCAlgorithm(System.Object):
    @overload
    def sb(self, symbol: typing.Union[QuantConnect.Symbol, str, QuantConnect.Securities.Security], k: float = 0.5,
           kind: QuantConnect.Indicators.Kind = ...,
           selector: typing.Callable[[QuantConnect.Data.IBaseData], QuantConnect.Data.Market.TradeBar] = None
           ) -> QuantConnect.Indicators.SlowBand: ...
    @overload
    def sb(self, symbols: typing.List[QuantConnect.Symbol], resolution: typing.Optional[QuantConnect.Resolution] = None,
           ) -> QuantConnect.Indicators.McFastBand2: ...
    def _hidden(self) -> QuantConnect.Indicators.SlowBand: ...
    def last_value(self) -> QuantConnect.Indicators.IndicatorDataPoint: ...
    def log(self, message: str) -> None: ...
    @property
    def standard(self) -> QuantConnect.Indicators.SlowBand: ...
class Elsewhere(System.Object):
    def nothing(self) -> QuantConnect.Indicators.SlowBand: ...
"""


@pytest.fixture(scope="module")
def guide() -> str:
    return _GUIDE.read_text(encoding="utf-8")


def _stub(namespace: str) -> str:
    path = distribution("quantconnect-stubs").locate_file(f"{namespace.replace('.', '/')}/__init__.pyi")
    return Path(str(path)).read_text(encoding="utf-8")


def _body(stub: str, class_name: str) -> str:
    """A class' text, up to the next line that is not indented."""
    found = re.search(rf"^class {class_name}[(:].*\n(?P<body>(?:[ \t].*\n|\n)*)", stub, re.MULTILINE)
    assert found is not None
    return found["body"]


def _indicator_names() -> set[str]:
    """Names of indicator classes, from the stub's text alone."""
    text = _stub("QuantConnect.Indicators") + _stub("QuantConnect.Indicators.CandlestickPatterns")
    declared = re.findall(r"^class (\w+)\((.*)\):$", text, re.MULTILINE)
    names = {"IndicatorBase"}
    for _ in range(10):
        names |= {name for name, bases in declared if names & set(re.findall(r"\.(\w+)\b(?!\.)", bases))}
    return names


def _stub_methods(class_name: str) -> list[re.Match[str]]:
    indicators = _indicator_names()
    return [
        method
        for method in _METHOD.finditer(_body(_stub("QuantConnect.Algorithm"), class_name))
        if re.fullmatch(r"QuantConnect\.Indicators\.[\w.]+(\[.*\])?", method["returned"])
        and method["returned"].partition("[")[0].rpartition(".")[2] in indicators
    ]


def _arguments(text: str) -> list[tuple[str, str]]:
    """Names and defaults, in order; types left out."""
    while "[" in text:
        text = re.sub(r"\[[^\[\]]*\]", "", text)
    parts = (part.partition("=") for part in text.split(", ") if part)
    return [(declared.partition(":")[0].strip(), default.strip()) for declared, _, default in parts]


def _shape(call: re.Match[str]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return call["name"], call["returned"].rpartition(".")[2], tuple(_arguments(call["arguments"]))


def _bare_shape(call: re.Match[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return call["name"], tuple(_arguments(call["arguments"]))


@cache
def _known_shapes() -> frozenset[tuple[str, tuple[tuple[str, str], ...]]]:
    """Names and arguments of the methods of all classes, and of the properties of QCAlgorithm that are called."""
    stubs = [_stub(f"QuantConnect.{name}") for name in _OTHER_STUBS]
    shapes = {_bare_shape(method) for stub in stubs for method in _METHOD.finditer(stub)}
    for owner in _CALLABLE.finditer(stubs[0]):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", owner["name"]).lower()
        body = _body(stubs[0], f"_QCAlgorithm_{owner['name']}")
        shapes |= {(name, _bare_shape(call)[1]) for call in _METHOD.finditer(body.replace("__call__", "called"))}
    return frozenset(shapes)


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(_SCRIPT), *map(str, arguments)], check=False, capture_output=True, text=True
    )


# The guide ----------------------------------------------------------------------------------------------------------


def test_the_guides_table_is_current() -> None:
    done = _run("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_table_has_every_indicator_of_the_stubs_and_no_other(guide: str) -> None:
    rows = list(_ROW.finditer(guide))
    assert all(row["name"] == row["call"] for row in rows)
    assert Counter(map(_shape, rows)) == Counter(map(_shape, _stub_methods("QCAlgorithm")))


def test_the_indicators_that_everybody_knows_are_there(guide: str) -> None:
    names = {row["name"] for row in _ROW.finditer(guide)}
    assert {"rsi", "sma", "ema", "macd", "bb", "atr", "adx", "dch", "identity", "filtered_identity"} <= names


def test_the_counts_are_right(guide: str) -> None:
    counts = _COUNTS.search(guide)
    methods = _stub_methods("QCAlgorithm")
    assert counts is not None
    assert int(counts["signatures"]) == len(methods)
    assert int(counts["names"]) == len({method["name"] for method in methods})


def test_the_candlestick_patterns_are_all_named(guide: str) -> None:
    line = _PATTERNS.search(guide)
    names = [method["name"] for method in _stub_methods("CandlestickPatterns")]
    assert line is not None
    assert int(line["count"]) == len(names)
    assert re.findall(r"`(\w+)`", line["names"]) == names


def test_bollinger_bands_have_their_bands(guide: str) -> None:
    row = next(line for line in guide.splitlines() if line.startswith("| `bb` |"))
    outputs = row.split(" | ")[-1]
    assert all(f"`{name}`" in outputs for name in ("upper_band", "middle_band", "lower_band"))


def test_every_other_signature_of_the_guide_stands_in_the_stubs(guide: str) -> None:
    before, _, rest = guide.partition("<!-- indicators -->\n")
    quoted = list(_SIGNATURE.finditer(before + rest.partition("<!-- end -->\n")[2]))
    assert len(quoted) > 40
    assert [signature[0] for signature in quoted if _bare_shape(signature) not in _known_shapes()] == []


# The command --------------------------------------------------------------------------------------------------------


def test_a_stale_table_is_told_and_left_alone(tmp_path: Path, guide: str) -> None:
    stale = tmp_path / "guide.md"
    text = guide.replace("`rsi(symbol, period: int,", "`rsi(symbol, length: int,")
    stale.write_text(text, encoding="utf-8")
    done = _run("--check", "--guide", stale)
    assert done.returncode == 1
    assert "tests/indicator_reference.py" in done.stderr
    assert stale.read_text(encoding="utf-8") == text


def test_a_stale_table_is_written_anew_and_nothing_else_is_touched(tmp_path: Path, guide: str) -> None:
    stale = tmp_path / "guide.md"
    stale.write_text("before\n<!-- indicators -->\nold\n<!-- end -->\nafter\n<!-- end -->\n", encoding="utf-8")
    assert _run("--guide", stale).returncode == 0
    table = guide.partition("<!-- indicators -->\n")[2].partition("<!-- end -->\n")[0]
    assert stale.read_text(encoding="utf-8") == (
        f"before\n<!-- indicators -->\n{table}<!-- end -->\nafter\n<!-- end -->\n"
    )
    assert _run("--check", "--guide", stale).returncode == 0


@pytest.mark.parametrize(
    "text", ["no marks\n", "<!-- indicators -->\nno end\n", "<!-- indicators -->\n<!-- end -->\n<!-- indicators -->\n"]
)
def test_a_guide_without_marks_is_refused(tmp_path: Path, text: str) -> None:
    unmarked = tmp_path / "guide.md"
    unmarked.write_text(text, encoding="utf-8")
    done = _run("--guide", unmarked)
    assert done.returncode == 2
    assert "<!-- indicators -->" in done.stderr
    assert unmarked.read_text(encoding="utf-8") == text


def test_a_missing_guide_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    done = _run("--guide", tmp_path / "nowhere.md")
    assert done.returncode == 2
    assert "nowhere.md" in done.stderr
    assert "Traceback" not in done.stderr


# Reading stubs ------------------------------------------------------------------------------------------------------


def test_signatures_keep_names_order_and_defaults_and_shorten_types() -> None:
    indicators = indicator_classes({"QuantConnect.Indicators": _INDICATORS_STUB})
    first, second = indicator_methods(_ALGORITHM_STUB, indicators)
    assert first.signature == (
        "sb(symbol, k: float = 0.5, kind: Kind = ..., selector: Callable[[IBaseData], TradeBar] | None = None)"
        " -> SlowBand"
    )
    assert second.signature == "sb(symbols: List[Symbol], resolution: Resolution | None = None) -> McFastBand2"


def test_the_input_is_what_the_selector_returns_else_what_the_class_takes() -> None:
    indicators = indicator_classes({"QuantConnect.Indicators": _INDICATORS_STUB})
    assert [method.takes for method in indicator_methods(_ALGORITHM_STUB, indicators)] == ["trade bar", "bar"]


def test_further_outputs_are_the_indicators_among_its_properties_inherited_ones_too() -> None:
    indicators = indicator_classes({"QuantConnect.Indicators": _INDICATORS_STUB})
    outputs = [method.outputs for method in indicator_methods(_ALGORITHM_STUB, indicators)]
    assert outputs == [("upper",), ("signal", "upper")]


def test_patterns_are_those_methods_that_return_an_indicator() -> None:
    indicators = indicator_classes({"QuantConnect.Indicators": _INDICATORS_STUB})
    assert candlestick_patterns(_ALGORITHM_STUB, indicators) == ["doji"]


def test_arguments_of_a_kind_that_the_table_cannot_show_are_refused() -> None:
    indicators = indicator_classes({"QuantConnect.Indicators": _INDICATORS_STUB})
    stub = "class QCAlgorithm:\n    def sb(self, *, k: int) -> QuantConnect.Indicators.SlowBand: ...\n"
    with pytest.raises(ValueError, match="sb has arguments of a kind"):
        indicator_methods(stub, indicators)


def test_an_indicator_of_unknown_input_is_refused() -> None:
    stub = "class IndicatorBase:\n    pass\nclass Odd(QuantConnect.Indicators.IndicatorBase):\n    pass\n"
    indicators = indicator_classes({"QuantConnect.Indicators": stub})
    algorithm = "class QCAlgorithm:\n    def odd(self) -> QuantConnect.Indicators.Odd: ...\n"
    with pytest.raises(ValueError, match="do not say what"):
        indicator_methods(algorithm, indicators)


def test_the_table_has_a_row_for_each_signature_with_its_bars_escaped() -> None:
    indicators = indicator_classes({"QuantConnect.Indicators": _INDICATORS_STUB})
    table = indicator_table(indicator_methods(_ALGORITHM_STUB, indicators), ["doji"], "7")
    assert table.splitlines()[0] == "1 methods with 2 signatures, as in quantconnect-stubs 7."
    assert table.splitlines()[5] == (
        r"| `sb` | `sb(symbols: List[Symbol], resolution: Resolution \| None = None) -> McFastBand2`"
        " | McFast Band2 | bar | `signal`, `upper` |"
    )


def test_a_document_keeps_what_is_around_the_table() -> None:
    assert with_table("a\n<!-- indicators -->\nx\n<!-- end -->\nb\n", "t\n") == (
        "a\n<!-- indicators -->\nt\n<!-- end -->\nb\n"
    )
