# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What a strategy's sources say: parameters read, syntax errors."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy_testing.strategy.parameters_read import StrategyFacts, inspect_strategy
from strategy_testing.strategy.sources import read_project_sources
from support import PROJECT, RECORDINGS


def inspect(code: str, **others: str) -> StrategyFacts:
    sources = {"main.py": textwrap.dedent(code)}
    sources |= {f"{name.replace('__', '/')}.py": textwrap.dedent(text) for name, text in others.items()}
    return inspect_strategy(sources)


def within(body: str, before: str = "") -> str:
    """A strategy whose `initialize` has this body."""
    head = f"from AlgorithmImports import *\n{textwrap.dedent(before)}\n\nclass A(QCAlgorithm):\n"
    return head + "    def initialize(self):\n" + textwrap.indent(textwrap.dedent(body), "        ")


READ = {
    "literal": within('self.get_parameter("a", 1); float(self.get_parameter("b"))'),
    "PascalCase": within('self.GetParameter("a"); self.GetParameter(name="b")'),
    "another object": within("f(self)", 'def f(algorithm):\n    algorithm.get_parameter("a"); algorithm.get_parameter("b")'),
    "module constant": within("self.get_parameter(FIRST); self.get_parameter(LAST)", 'FIRST = "a"\nLAST: str = "b"'),
    "loop over tuple": within('for n in ("a", "b"):\n    self.get_parameter(n)'),
    "loop over dict": within('for n in {"a": 1, "b": 2}:\n    self.get_parameter(n)'),
    "items": within("for n, d in D.items():\n    setattr(self, n, self.get_parameter(n, d))", 'D = {"a": 1, "b": 2}'),
    "unpacking": within('for n, d in (("a", 1), ("b", 2)):\n    self.get_parameter(n, d)'),
    "function": within('n(self, "a"); n(self, name="b")', "def n(s, name, d=0):\n    return s.get_parameter(name, d)"),
    "method": within('self._n("a", 1); self._n(default=2, name="b")') + "\n    def _n(self, name, default):\n        return self.get_parameter(name, default)\n",
    "helper of helper": within('self._i("a"); self._i("b")') + "\n    def _n(self, name):\n        return float(self.get_parameter(name))\n    def _i(self, n):\n        return int(self._n(n))\n",
    "nested function": within('def n(name):\n    return self.get_parameter(name)\nn("a")\nn("b")'),
    "reader object": within(
        'p = Params(self)\np.number("a"); p.number("b")',
        "class Params:\n    def __init__(self, algorithm):\n        self.source = algorithm\n    def number(self, n):\n        return float(self.source.get_parameter(n))",
    ),
    "all parameters": within('p = self.get_parameters()\np["a"]; p.get("b", 1)'),
    "while, try, with, match": within(
        'while x:\n    self.get_parameter("a")\ntry:\n    pass\nfinally:\n    match y:\n        case {"k": z}:\n            self.get_parameter("b")'
    ),
    "dispatch table": within('for f in {"x": self.f, "y": self.g}.values():\n    f()') + "\n    def f(self): self.get_parameter('a')\n    def g(self): self.get_parameter('b')\n",
    "comprehension over a constant": within("p = {n: self.get_parameter(n) for n in NAMES}", 'NAMES = ["a", "b"]'),
    "names handed to a helper": within('n(self, ("a", "b"))', "def n(s, names):\n    for name in names:\n        s.get_parameter(name)"),
    "table of parameters": within('self.parameters["a"]; self.parameters.get("b", "1")'),
    "table kept as an attribute": within('self.given = self.get_parameters()\nself.given["a"]\nself.given.contains_key("b")'),
    "parameters that may be missing": within('p = self.get_parameters()\nif "a" in p:\n    p["a"]\nself.get_parameter("b")'),
    "something else by its name": within('getattr(self, "log")("x"); globals().get("EODHD"); self.get_parameter("a"); self.get_parameter("b")'),
    "attribute of the helper's name": within('self.time.day\nday(self, "a"); self.get_parameter("b")', "def day(s, name):\n    return s.get_parameter(name)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_parameters_are_found(kind: str) -> None:
    facts = inspect(READ[kind])
    assert facts.syntax_errors == ()
    assert facts.parameter_names == {"a", "b"}
    assert not facts.reads_dynamic_names


DYNAMIC = {
    "starred unpacking": within('for n, *d in (("a", 1), ("b", 2)):\n    self.get_parameter(n, *d)'),
    "local constant": within('x, y = "a", "b"\nself.get_parameter(x)\nself.get_parameter(y)'),
    "enumerate": within('for i, n in enumerate(["a", "b"]):\n    self.get_parameter(n)'),
    "choice": within('self.get_parameter("a" if self.live_mode else "b")'),
    "default of a helper": within('n(self); n(self, "b")', 'def n(s, name="a"):\n    return s.get_parameter(name)'),
    "static helper": within('self._n(self, "a"); A._n(self, "b")') + "\n    @staticmethod\n    def _n(s, name):\n        return s.get_parameter(name)\n",
    "walrus": within('if (n := "a"):\n    self.get_parameter(n)\nself.get_parameter("b")'),
    "sorted keys": within("for n in sorted(D.keys()):\n    self.get_parameter(n)", 'D = {"a": 1, "b": 2}'),
    "attribute": within('self.x = "a"\nself.get_parameter(self.x)\nself.get_parameter(name=("b"))'),
    "keys": within("[self.get_parameter(n) for n in sorted(D.keys())]", 'D = dict(a=1, b=2)'),
    "dict of pairs": within("for n in D:\n    self.get_parameter(n)", 'D = dict([("a", 1), ("b", 2)])'),
    "zip": within('for n, d in zip(("a", "b"), (1, 2)):\n    self.get_parameter(n, d)'),
    "comprehension": within('p = {n: self.get_parameter(n) for n in "a b".split()}'),
    "f-string": within('for k in ("x", "y"):\n    self.get_parameter(f"{k}_period")'),
    "f-string with range": within('for i in range(1, 3):\n    self.get_parameter(f"w{i:02}")'),
    "percent and format": within('self.get_parameter("%s_x" % "a"); self.get_parameter("{}_y".format("b"))'),
    "concatenation": within('for k in ("a", "b"):\n    self.get_parameter("p_" + k)'),
    "join": within('self.get_parameter("_".join(("a", "b")))'),
    "appended list": within('names = []\nnames.append("a")\nnames += ["b"]\nfor n in names:\n    self.get_parameter(n)'),
    "dict filled": within('d = {}\nd["a"] = 1\nd.update(b=2)\nfor n in d:\n    self.get_parameter(n)'),
    "merged dicts": within('for n in {**{"a": 1}, **({"b": 2} | {})}:\n    self.get_parameter(n)'),
    "alias": within('get = self.get_parameter\nget("a"); get("b")'),
    "map": within('list(map(self.get_parameter, ("a", "b")))'),
    "partial": within('f = partial(self.get_parameter, "a")\nf()\nself.get_parameter("b")', "from functools import partial"),
    "partial helper": within('f = functools.partial(n, self)\nf("a"); f(x="b")', "import functools\ndef n(s, x): s.get_parameter(x)"),
    "lambda": within('p = lambda n, d=0: float(self.get_parameter(n, d))\np("a"); p("b", 1)'),
    "star arguments": within('n("a"); n(*("b", 1))\n', "") .replace("n(", "self.n(") + "\n    def n(self, *a):\n        return self.get_parameter(*a)\n",
    "keyword arguments": within('self.n(**{"name": "a"}); self.n(name="b")') + "\n    def n(self, **k):\n        return self.get_parameter(**k)\n",
    "class helper": within('self._n("a"); self.get_parameter(self._n("b"))') + "\n    @classmethod\n    def _n(cls, name):\n        ALG.get_parameter(name)\n        return name\n",
    "property": within("self.get_parameter(self.x); self.get_parameter('b')") + "\n    @property\n    def x(self):\n        return 'a'\n",
    "generator": within("for n in names():\n    self.get_parameter(n)", 'def names():\n    yield "a"\n    yield from ["b"]'),
    "returned list": within("for n in names():\n    self.get_parameter(n)", 'def names():\n    return ["a", "b"]'),
    "dataclass": within(
        "for p in S:\n    self.get_parameter(p.key, p.default)",
        '@dataclass\nclass P:\n    key: str\n    default: float = 0\nS = [P("a", 1), P(key="b")]',
    ),
    "NamedTuple": within("for n, d in S:\n    self.get_parameter(n, d)", 'class P(NamedTuple):\n    n: str\n    d: int\nS = P("a", 1), P("b", 2)'),
    "namedtuple": within("for p in S:\n    self.get_parameter(p.n)", 'from collections import namedtuple\nP = namedtuple("P", "n d")\nS = P("a", 1), P("b", 2)'),
    "enumeration": within("for p in P:\n    self.get_parameter(p.value)", 'class P(Enum):\n    A = "a"\n    B = "b"'),
    "class of constants": within("self.get_parameter(P.A); self.get_parameter(P.B)", 'class P:\n    A = "a"\n    B = "b"'),
    "class attribute": within("for n in self.N:\n    self.get_parameter(n)").replace("    def init", '    N = ("a", "b")\n    def init'),
    "inherited constructor": within('P("a", self); Q("b", self)', "class P:\n    def __init__(self, n, s):\n        s.get_parameter(n)\nclass Q(P):\n    pass"),
    "getattr": within('getattr(self, "get_parameter")("a"); self.get_parameter("b")'),
    "global": within('g()\nself.get_parameter(X)\nself.get_parameter("b")', 'def g():\n    global X\n    X = "a"'),
    "table in a table": within('for n in T["names"]["all"]:\n    self.get_parameter(n)', 'T = {"names": {"all": ["a", "b"]}, "other": ["z"]}'),
    "list that grows elsewhere": within("fill(NAMES)\nfor n in NAMES:\n    self.get_parameter(n)", 'NAMES = ["a"]\ndef fill(names):\n    names.append("b")'),
    "list in a list": within("for g in G:\n    g.append('b')\n    for n in g:\n        self.get_parameter(n)", 'G = [["a"]]'),
    "constant set from outside": within("self.get_parameter(N)", 'import params\nN = "a"\nparams.N = "b"'),
    "helper defined in a branch": within('self._n(self.x)') + "\n    if True:\n        def _n(self, name): self.get_parameter(name)\n",
    "helper of the engine": within("pass") + "\n    def on_command(self, name): self.get_parameter(name)\n",
    "helper under another name": within('self.n(self.x)', "def n(s, name): s.get_parameter(name)").replace("    def init", "    n = n\n    def init"),
    "object made on the spot": within('P(self).n(self.x, "a")', "class P:\n    def __init__(self, s): self.s = s\n    def n(self, name, default): self.s.get_parameter(name)"),
    "item of a reader": within('P(self)["a"]', "class P:\n    def __init__(self, s): self.s = s\n    def __getitem__(self, name): return self.s.get_parameter(name)"),
    "decorated helper": within('n(self)', "@with_name('a')\ndef n(s, name): s.get_parameter(name)"),
    "name changed by the helper": within('n(self, "a")', "def n(s, name):\n    name += '_x'\n    s.get_parameter(name)"),
    "function of all that is global": within('globals()[self.x](self, "a")', "def n(s, name): s.get_parameter(name)"),
    "computed attribute": within("getattr(self, self.x)('a')"),
    "table that may be another": within('self.given = {"a": 1}\nself.given = self.get_parameters()\nself.given[self.x]'),
    "table handed out": within("other(self.parameters)"),
    "looked through": within("for n in self.parameters:\n    setattr(self, n, self.parameters[n])"),
    "unknown name": within("self.get_parameter(self.object_store.read('name'))"),
    "all of them": within("for n, v in self.get_parameters().items():\n    setattr(self, n, v)"),
    "a parameter of a parameter": within('self.get_parameter(self.get_parameter("which"))'),
    "file": within("for n in json.load(open('names.json')):\n    self.get_parameter(n)", "import json"),
    "helper handed out": within("self.schedule.on(x, self._read)") + "\n    def _read(self, n): self.get_parameter(n)\n",
    "reader handed out": within("other(self.get_parameter)"),
    "module that is not there": within("read_all(self)", "from helpers import read_all"),
    "function of a module that is not there": within("helpers.params.read_all(self)", "import helpers.params"),
    "everything of a module that is not there": within("pass", "from helpers import *"),
    "base that is not there": "from base import Base\nclass A(Base):\n    def initialize(self): pass\n",
    "text that grows": within('n = ""\nwhile x:\n    n += "a"\n    self.get_parameter(n)'),
    "partly unknown": within('self.get_parameter(f"{self.time.year}_period")'),
    "helper called by its name": within('getattr(self, "_read" + self.x)("a")') + "\n    def _read(self, n): self.get_parameter(n)\n    z = '_read'\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", DYNAMIC)
def test_names_that_cannot_be_known_are_said_to_be_so(kind: str) -> None:
    facts = inspect(DYNAMIC[kind])
    assert facts.syntax_errors == ()
    assert facts.reads_dynamic_names


NOT_READ = {
    "comment": within('pass  # self.get_parameter("a")'),
    "text": within("""x = 'self.get_parameter("a")'"""),
    "another loop": within('for n in ("b",):\n    self.get_parameter(n)\nfor n in ("a",):\n    self.log(n)'),
    "unused helper": within("pass") + "\n    def _n(self, name): self.get_parameter(name)\n",
    "helper of an unused helper": within("pass") + "\n    def _n(self, n): self.get_parameter(n)\n    def _i(self, n): self._n(n)\n",
    "counter": within("self.i = 0") + "\n    def on_data(self, data):\n        self.i += 1\n        x = self.i * 2\n        self.log(f'{x} {data}')\n",
    "table of the strategy's own": within('self.parameters = {"a": 1}\nself.parameters["a"]; self.get_parameter("b")'),
    "default value": within('self.get_parameter("b", "a")'),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_is_not_read_is_not_claimed(kind: str) -> None:
    facts = inspect(NOT_READ[kind])
    assert "a" not in facts.parameter_names
    assert not facts.reads_dynamic_names


_LIBRARY = 'NAMES = ("a", "b")\ndef read(algorithm, names):\n    for n in names:\n        algorithm.get_parameter(n)\n'


@pytest.mark.parametrize(
    ("importing", "reading"),
    [
        ("from params import read, NAMES", "read(self, NAMES)"),
        ("from params import *", "read(self, NAMES)"),
        ("import params", "params.read(self, params.NAMES)"),
        ("import params as p", "p.read(self, p.NAMES)"),
        ("from lib import params", "params.read(self, params.NAMES)"),
        ("from .lib.params import read, NAMES", "read(self, NAMES)"),
    ],
)
def test_other_files_of_the_project_are_followed(importing: str, reading: str) -> None:
    facts = inspect(within(reading, importing), lib__params=_LIBRARY)
    assert facts.parameter_names == {"a", "b"}
    assert not facts.reads_dynamic_names


def test_a_helper_that_is_imported_under_another_name_is_not_followed() -> None:
    importing = "from lib.params import read as r, NAMES"
    assert inspect(within("r(self, NAMES)", importing), lib__params=_LIBRARY).reads_dynamic_names


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = (1,\n", "main.py: line 1: '(' was never closed"),
        ("if x:\npass\n", "main.py: line 2: expected an indented block after 'if' statement on line 1"),
        ("x = 1\nreturn x\n", "main.py: line 2: 'return' outside function"),
        ("x = '\\0'\n\0", "main.py: source code string cannot contain null bytes"),
    ],
)
def test_syntax_errors_name_file_and_line(code: str, message: str) -> None:
    facts = inspect_strategy({"main.py": code, "other.py": 'a.get_parameter("x")\n'})
    assert [str(finding) for finding in facts.syntax_errors] == [message]
    assert facts.parameter_names == {"x"}


_RSI = {"rsi_period", "entry_threshold", "exit_threshold", "stop_loss_pct", "profit_target_pct"}
_OLD_RSI = {"rsi_period", "rsi_oversold", "rsi_exit", "start_date", "end_date", "cash", "tickers"}
_RUN = {"start_date", "end_date", "initial_capital", "tickers"}


@pytest.mark.parametrize(
    ("project", "own"),
    [
        ("RSI_MeanReversion_ETF", _RSI | {"tickers"}),
        (
            "BollingerBand_ETF_LowFreq",
            {"bb_period", "bb_std_dev", "entry_distance_pct", "profit_target_pct", "stop_loss_pct", "tickers"},
        ),
        ("VIX_Market_Timing", {"ticker", "vix_ticker", "vix_entry_threshold", "vix_exit_threshold"}),
    ],
)
def test_the_projects_strategies_read_what_their_documentation_says(project: str, own: set[str]) -> None:
    shared = {"start_date", "end_date", "initial_capital", "slippage_pct", "benchmark", "position_size_pct"}
    assert inspect_strategy(_sources(project)) == StrategyFacts(frozenset(own | shared), False, ())


def _sources(project: str) -> dict[str, str]:
    workspace = PROJECT / "lean_projects"
    return read_project_sources(workspace / project, workspace).texts


@pytest.mark.parametrize("project", sorted(file.parent.name for file in PROJECT.glob("lean_projects/*/main.py")))
def test_every_strategy_can_be_inspected_to_the_end(project: str) -> None:
    facts = inspect_strategy(_sources(project))
    assert facts.syntax_errors == ()
    assert facts.parameter_names
    assert not facts.reads_dynamic_names


@pytest.mark.parametrize(
    ("recorded", "names"),
    [
        ("grid-72", _RSI | _RUN),
        ("dead-parameter", _OLD_RSI),
        ("terminated", _OLD_RSI),
        ("crashy", {"lookback"}),
        ("euler-whole", {"lookback"}),
        ("euler", {"bb_period", "bb_std"}),
        ("idle", {"level"}),
        ("init-fail", {"mode"}),
    ],
)
def test_recorded_strategies(recorded: str, names: set[str], unpacked: Callable[[str], Path]) -> None:
    code = (unpacked(recorded) / "output" / "code" / "main.py").read_text(encoding="utf-8")
    facts = inspect_strategy({"main.py": code})
    assert facts.parameter_names == names
    assert not facts.reads_dynamic_names


def test_the_recorded_broken_strategy_gets_the_engines_message(unpacked: Callable[[str], Path]) -> None:
    assert (RECORDINGS / "broken.tar.xz").is_file()
    code = (unpacked("broken") / "output" / "code" / "main.py").read_text(encoding="utf-8")
    assert list(map(str, inspect_strategy({"main.py": code}).syntax_errors)) == [
        "main.py: line 8: '(' was never closed"
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*READ.values(), *DYNAMIC.values(), *NOT_READ.values()]), max_size=3), st.data())
def test_any_cut_of_any_code_is_inspected_without_an_exception(codes: list[str], data: st.DataObject) -> None:
    sources = {}
    for i, code in enumerate(codes):
        lines = code.splitlines()
        kept = data.draw(st.lists(st.sampled_from(lines), max_size=len(lines)))
        sources[f"m{i}.py"] = "\n".join(kept)
    inspect_strategy(sources)
