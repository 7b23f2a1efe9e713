# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What `make check-strategies` finds in strategies and in the guide, and what it leaves alone."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from strategy_checks.checking import check
from strategy_checks.guide_blocks import python_blocks
from strategy_testing.exit_codes import ExitCode
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
        if data.bars.contains_key(self._symbol):
            self.debug(f"{data.bars[self._symbol].close}")
"""

# fmt: off
SAFE_READS: dict[str, tuple[str, ...]] = {
    "if": ("if data.bars.contains_key(s):\n    data.bars[s].close",),
    "continue": ("for s in self._x:\n    if not data.bars.contains_key(s):\n        continue\n    c = data.bars[s].close",),
    "or continue": ("for s, r in self._x.items():\n    if not r.is_ready or not data.bars.contains_key(s):\n        continue\n    c = data.bars[s].close",),
    "return": ("if self._s not in data.bars:\n    return\nx = data.bars[self._s]",),
    "raise": ("if self._s not in data.bars:\n    raise ValueError\nx = data.bars[self._s]",),
    "in keys": ("if self._s in data.bars.keys():\n    x = data.bars[self._s]",),
    "and chain": ("if self._r.is_ready and data.bars.contains_key(self._s) and data.bars[self._s].close > 1:\n    pass",),
    "or chain": ("if not data.bars.contains_key(self._s) or data.bars[self._s].close > 1:\n    return",),
    "ternary": ("c = data.bars[s].close if data.bars.contains_key(s) else None",),
    "comprehension if": ("x = [data.bars[s].close for s in self._x if data.bars.contains_key(s)]",),
    "dict comp": ("x = {s: data.bars[s].close for s in self._x if s in data.bars}",),
    "get none": ("bar = data.bars.get(s)\nif bar is None:\n    return\nx = bar.close",),
    "get not none": ("bar = data.bars.get(s)\nif bar is not None and bar.close > 1:\n    pass",),
    "get truthy": ("bar = data.bars.get(s)\nif bar:\n    x = bar.close",),
    "get not": ("for s in self._x:\n    bar = data.bars.get(s)\n    if not bar:\n        continue\n    x = bar.close",),
    "walrus": ("if (bar := data.bars.get(s)) is not None:\n    x = bar.close",),
    "walrus truthy": ("if bar := data.bars.get(s):\n    x = bar.close",),
    "walrus not": ("if not (bar := data.bars.get(s)):\n    return\nx = bar.close",),
    "both": ("if not (data.bars.contains_key(a) and data.bars.contains_key(b)):\n    return\nx = data.bars[a].close / data.bars[b].close",),
    "both or": ("if not data.bars.contains_key(self._a) or not data.bars.contains_key(self._b):\n    return\nx = data.bars[self._a].close / data.bars[self._b].close",),
    "all literal": ("if not all(data.bars.contains_key(s) for s in (self._a, self._b)):\n    return\nx = data.bars[self._a].close / data.bars[self._b].close",),
    "all": ("if not all(data.bars.contains_key(s) for s in self._x):\n    return\nfor s in self._x:\n    x = data.bars[s]",),
    "all in": ("if all(s in data.bars for s in self._x):\n    x = [data.bars[s].close for s in self._x]",),
    "any not": ("if any(not data.bars.contains_key(s) for s in self._x):\n    return\nx = sum(data.bars[s].close for s in self._x)",),
    "any not in": ("if any(s not in data.bars for s in self._x):\n    return\nx = data.bars[self._x[0]]",),
    "all items": ("if not all(data.bars.contains_key(s) for s in self._x):\n    return\nfor s, r in self._x.items():\n    data.bars[s]",),
    "all attribute": ("if not all(data.bars.contains_key(p.symbol) for p in self._x):\n    return\nfor q in self._x:\n    data.bars[q.symbol]",),
    "filtered list": ("present = [s for s in self._x if data.bars.contains_key(s)]\nfor s in present:\n    data.bars[s]",),
    "filtered sorted": ("present = [s for s in self._x if data.bars.contains_key(s)]\nfor s in sorted(present, key=lambda s: data.bars[s].close)[:3]:\n    data.bars[s]",),
    "filtered directly": ("for s in [s for s in self._x if data.bars.contains_key(s)]:\n    data.bars[s]",),
    "filtered items": ("for s, r in [(s, r) for s, r in self._x.items() if data.bars.contains_key(s)]:\n    data.bars[s]",),
    "filter": ("for s in filter(data.bars.contains_key, self._x):\n    data.bars[s]",),
    "filter lambda": ("for s in filter(lambda s: s in data.bars, self._x):\n    data.bars[s]",),
    "max": ("present = [s for s in self._x if s in data.bars]\nif present:\n    best = max(present, key=lambda s: data.bars[s].close)\n    x = data.bars[best]",),
    "collected": ("ready = []\nfor s in self._x:\n    if data.bars.contains_key(s):\n        ready.append(s)\nfor s in ready:\n    data.bars[s]",),
    "collected dict": ("found = {}\nfor s in self._x:\n    if not data.bars.contains_key(s):\n        continue\n    found[s] = data.bars[s].close\nfor s in found:\n    data.bars[s].close",),
    "alias": ("bars = data.bars\nif bars.contains_key(s):\n    bars[s]",),
    "alias mixed": ("bars = data.bars\nif data.bars.contains_key(s):\n    bars[s]",),
    "iterating": ("for s in data.bars.keys():\n    data.bars[s]",),
    "iterating items": ("for s, bar in data.bars.items():\n    bar.close; data.bars[s].close",),
    "kvp": ("for kvp in data.bars:\n    kvp.value.close; data.bars[kvp.key]",),
    "variable condition": ("has = data.bars.contains_key(s)\nif has:\n    data.bars[s]",),
    "variable condition 2": ("ok = self._r.is_ready and data.bars.contains_key(s)\nif not ok:\n    return\ndata.bars[s]",),
    "assert": ("assert s in data.bars\ndata.bars[s]",),
    "slice read": ("if data.contains_key(s):\n    data[s]",),
    "slice read by bars": ("if data.bars.contains_key(s):\n    data[s].close",),
    "quote bars": ("if data.quote_bars.contains_key(s):\n    data.quote_bars[s]",),
    "while": ("while True:\n    if s not in data.bars:\n        break\n    data.bars[s]\n    s = next(i)",),
    "try": ("try:\n    if s in data.bars:\n        x = data.bars[s]\nexcept ValueError:\n    pass",),
    "current slice": ("if self.current_slice.bars.contains_key(s):\n    self.current_slice.bars[s]",),
    "dict named data": ("d = {}\nd['a'] = 1\nx = d['a']",),
    "portfolio": ("x = self.portfolio[s].invested",),
    "elif": ("if s not in data.bars:\n    pass\nelif data.bars[s].close > 1:\n    pass",),
    "else": ("if s not in data.bars:\n    x = 1\nelse:\n    x = data.bars[s].close",),
    "zip": ("if not all(s in data.bars for s in self._x):\n    return\nfor s, w in zip(self._x, self._w):\n    data.bars[s]",),
    "enumerate": ("if not all(s in data.bars for s in self._x):\n    return\nfor i, s in enumerate(self._x):\n    data.bars[s]",),
    "security symbol": ("for security in self._x:\n    symbol = security.symbol\n    if data.bars.contains_key(security.symbol):\n        data.bars[symbol]",),
    "literal tuple loop": ("if a in data.bars and b in data.bars:\n    for s in (a, b):\n        data.bars[s]",),
    "match": ("match x:\n    case 1 if s in data.bars:\n        data.bars[s]",),
    "unpack": ("if not all(s in data.bars for s in self._pair):\n    return\nlong, short = self._pair\nx = data.bars[long].close - data.bars[short].close",),
    "nested loops": ("for a in self._x:\n    if a not in data.bars:\n        continue\n    for b in self._y:\n        if b in data.bars:\n            x = data.bars[a].close - data.bars[b].close",),
    "optional data": ("bar = data.bars[s] if s in data.bars else None\nif bar is None:\n    return\nbar.close",),
    "is False": ("if data.bars.contains_key(s) is False:\n    return\ndata.bars[s]",),
    "PascalCase": ("if not data.Bars.ContainsKey(s):\n    return\ndata.Bars[s].Close",),
    "set of": ("tradable = {s for s in self._x if s in data.bars}\nfor s in self._x:\n    if s in tradable:\n        data.bars[s]",),
    "helper: caller checked": ("for s in self._x:\n    if data.bars.contains_key(s):\n        self._trade(data, s)", "def _trade(self, slice: Slice, symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper: caller checked own attr": ("if self._s not in data.bars:\n    return\nself._trade(data)", "def _trade(self, slice: Slice) -> None:\n    x = slice.bars[self._s].close"),
    "helper: caller checked bars": ("for s in self._x:\n    if data.bars.contains_key(s):\n        self._trade(data.bars, s)", "def _trade(self, bars: TradeBars, symbol: Symbol) -> None:\n    x = bars[symbol].close"),
    "helper: caller's caller": ("if self._s in data.bars:\n    self._a(data)", "def _a(self, data: Slice):\n    self._b(data)\ndef _b(self, d: Slice):\n    x = d.bars[self._s].close"),
    "helper: predicate": ("for s in self._x:\n    if not self._has(data, s):\n        continue\n    data.bars[s]", "def _has(self, data: Slice, symbol: Symbol) -> bool:\n    return data.bars.contains_key(symbol)"),
    "helper: predicate statements": ("for s in self._x:\n    if self._has(s, data):\n        data.bars[s]", "def _has(self, symbol: Symbol, data: Slice) -> bool:\n    if not symbol in data.bars:\n        return False\n    return self._r.is_ready"),
    "helper: predicate all": ("if not self._ready(data):\n    return\nfor s in self._x:\n    data.bars[s]", "def _ready(self, data: Slice) -> bool:\n    return all(s in data.bars for s in self._x)"),
    "helper: predicate loop": ("if not self._ready(data):\n    return\nx = data.bars[self._a].close", "def _ready(self, data: Slice) -> bool:\n    return data.bars.contains_key(self._a) and self._r.is_ready"),
    "helper: helper list": ("for s in self._with_bars(data):\n    data.bars[s]", "def _with_bars(self, data: Slice) -> list[Symbol]:\n    return [s for s in self._x if data.bars.contains_key(s)]"),
    "helper: helper list var": ("present = self._with_bars(data)\nfor s in present:\n    data.bars[s]", "def _with_bars(self, data: Slice) -> list[Symbol]:\n    found = []\n    for s in self._x:\n        if s in data.bars:\n            found.append(s)\n    return found"),
    "helper: static": ("if has(data, self._a):\n    data.bars[self._a]", "", "def has(data, symbol):\n    return symbol in data.bars"),
    "helper: helper checks": ("self._trade(data, self._s)", "def _trade(self, slice: Slice, symbol: Symbol) -> None:\n    if not slice.bars.contains_key(symbol):\n        return\n    x = slice.bars[symbol].close"),
    "helper: bar passed": ("if s in data.bars:\n    self._trade(data.bars[s])", "def _trade(self, bar: TradeBar) -> None:\n    x = bar.close"),
    "helper: optional helper": ("close = self._close(data, s)\nif close is None:\n    return", "def _close(self, data: Slice, s: Symbol) -> float | None:\n    bar = data.bars.get(s)\n    return None if bar is None else bar.close"),
    "helper: indexed indicator": ("x = self._m[s]", "def f(self):\n    self._m = {}"),
    "helper: nested function": ("def close(s):\n    return data.bars[s].close\nfor s in self._x:\n    if s in data.bars:\n        close(s)",),
    "helper: order event": ("pass", "def on_order_event(self, event: OrderEvent):\n    x = self._bars[event.symbol]"),
    "helper: other object": ("if self._s in data.bars:\n    self._h.trade(data, self._s)", "", "class H:\n    def trade(self, data: Slice, symbol):\n        return data.bars[symbol].close"),
    "helper: consolidated": ("pass", "def on_bar(self, sender, bar: TradeBar):\n    x = bar.close"),
    "helper: scheduled": ("pass", "def _rebalance(self):\n    data = self.current_slice\n    if not data.bars.contains_key(self._s):\n        return\n    data.bars[self._s]"),
    "helper: custom get": ("points = data.get(EODHDUpcomingEarnings)\nfor symbol, point in points.items():\n    points[symbol]",),
    "helper: custom check": ("if data.contains_key(self._d):\n    x = data[self._d].value",),
    "loop that returns": ("for s in self._x:\n    if not data.bars.contains_key(s):\n        return\nc = [data.bars[s].close for s in self._x]",),
    "loop that raises": ("for s in self._x:\n    if s not in data.bars:\n        raise ValueError\nfor s in self._x:\n    data.bars[s].close",),
    "loop over a tuple": ("a, b = self._pair\nfor s in (a, b):\n    if not data.bars.contains_key(s):\n        return\nx = data.bars[a].close / data.bars[b].close",),
    "loop over attributes": ("for leg in self._legs:\n    if leg.symbol not in data.bars:\n        return\nfor leg in self._legs:\n    data.bars[leg.symbol]",),
    "loop over items": ("for s, r in self._x.items():\n    if not r.is_ready or not data.bars.contains_key(s):\n        return\nfor s in self._x:\n    data.bars[s]",),
    "loop with None": ("for s in self._x:\n    bar = data.bars.get(s)\n    if bar is None:\n        return\nfor s in self._x:\n    data.bars[s]",),
    "loop that goes on": ("for s in self._x:\n    if s in data.bars:\n        continue\n    return\nfor s in self._x:\n    data.bars[s]",),
    "loop in loop": ("for group in self._groups:\n    for s in group:\n        if s not in data.bars:\n            return\n    x = [data.bars[s].close for s in group]",),
    "loop else": ("for s in self._x:\n    if s not in data.bars:\n        break\nelse:\n    x = [data.bars[s].close for s in self._x]",),
    "loop twice": ("for a in self._x:\n    if a not in data.bars:\n        return\nfor a in self._x:\n    for b in self._x:\n        x = data.bars[a].close - data.bars[b].close",),
    "helper: loop": ("if not self._ok(data):\n    return\nfor s in self._x:\n    data.bars[s]", "def _ok(self, data: Slice) -> bool:\n    for s in self._x:\n        if not data.bars.contains_key(s):\n            return False\n    return True"),
    "helper: loop over a parameter": ("if has(data, self._x):\n    x = [data.bars[s].close for s in self._x]", "", "def has(data: Slice, symbols: list[Symbol]) -> bool:\n    for s in symbols:\n        if s not in data.bars:\n            return False\n    return True"),
    "helper: after the loop": ("for s in self._x:\n    if s not in data.bars:\n        return\nself._trade(data)", "def _trade(self, data: Slice) -> None:\n    x = [data.bars[s].close for s in self._x]"),
    "missing": ("missing = [s for s in self._x if not data.bars.contains_key(s)]\nif missing:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing not in": ("missing = {s for s in self._x if s not in data.bars}\nif not missing:\n    for s in self._x:\n        data.bars[s]",),
    "missing directly": ("if [s for s in self._x if s not in data.bars]:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing counted": ("missing = [s for s in self._x if s not in data.bars]\nif len(missing) > 0:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing counted 0": ("missing = [s for s in self._x if s not in data.bars]\nif len(missing) == 0:\n    for s in self._x:\n        data.bars[s]",),
    "missing counted not 0": ("if len([s for s in self._x if s not in data.bars]) != 0:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing or not ready": ("bad = [s for s, r in self._x.items() if not r.is_ready or s not in data.bars]\nif bad:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "all map": ("if not all(map(data.bars.contains_key, self._x)):\n    return\na, b = self._x\nx = data.bars[a].close - data.bars[b].close",),
    "all map lambda": ("if all(map(lambda s: s in data.bars, self._x)):\n    x = [data.bars[s].close for s in self._x]",),
    "all map pair": ("if all(map(data.bars.contains_key, (a, b))):\n    x = data.bars[a].close - data.bars[b].close",),
    "helper: all map": ("if all(map(self._has, self._x)):\n    for s in self._x:\n        self.current_slice.bars[s]", "def _has(self, s: Symbol) -> bool:\n    return s in self.current_slice.bars"),
    "any map": ("if any(map(lambda s: s not in data.bars, self._x)):\n    return\nx = [data.bars[s].close for s in self._x]",),
    "both sets": ("ready = {s for s in self._x if s in data.bars}\nfor s in ready & set(self._y):\n    data.bars[s]",),
    "subset": ("if set(self._x) <= set(data.bars.keys()):\n    x = [data.bars[s].close for s in self._x]",),
    "slice read, None test": ("if not data.contains_key(s):\n    return\nbar = data[s]\nif bar is None:\n    return\nbar.close",),
    "slice read, direct test": ("if data.contains_key(s) and data[s] is not None:\n    data[s].close",),
    "slice read, truth": ("if data.contains_key(s) and data[s]:\n    x = data[s].close",),
    "slice read, walrus": ("if data.contains_key(s) and (bar := data[s]):\n    x = bar.close",),
    "slice read, bars asked": ("if s in data.bars:\n    bar = data[s]\n    x = bar.close + bar.volume",),
    "slice read, quote bars asked": ("if s in data.quote_bars:\n    x = data[s].close",),
    "slice read, of any data": ("if data.contains_key(s):\n    x = data[s]\n    y = x.end_time, x.value",),
    "slice read of custom data": ("if data.contains_key(self._vix):\n    x = data[self._vix].close", "def initialize(self):\n    self._vix = self.add_data(CBOE, self.get_parameter('vix', 'VIX'), Resolution.DAILY).symbol"),
    "slice read of custom data, loop": ("for s in self._all:\n    if data.contains_key(s):\n        bar = data[s]\n        x = bar.close", "def initialize(self):\n    self._all = [self.add_data(Own, t).symbol for t in self.get_parameter('t', 'A|B').split('|')]"),
    "get of the slice": ("bar = data.get(s)\nif bar is None:\n    return\nx = bar.close",),
    "get of the slice, then read": ("if data.get(s) is not None:\n    x = data[s].close",),
    "get of the slice, walrus": ("if bar := data.get(self._s):\n    x = bar.close",),
    "get of a class in a variable": ("kind = EODHDUpcomingEarnings\npoints = data.get(kind)\nx = points.count",),
    "get of a class of the sources": ("points = data.get(Own)\nx = points.count", "", "class Own(PythonData):\n    pass"),
    "get of a class in an attribute": ("points = data.get(self._kind)\nx = points.count", "def initialize(self):\n    self._kind = EODHDUpcomingEarnings"),
    "get of classes in a loop": ("for kind in (TradeBar, QuoteBar):\n    points = data.get(kind)\n    x = points.count",),
    "get of a class in a parameter": ("pass", "def _count(self, data: Slice, kind: type[BaseData]) -> int:\n    points = data.get(kind)\n    return points.count"),
}

UNSAFE_READS: dict[str, tuple[str, ...]] = {
    "plain": ("data.bars[s].close",),
    "slice": ("x = data[self._s].close",),
    "other symbol": ("if data.bars.contains_key(a):\n    data.bars[b]",),
    "after if": ("if data.bars.contains_key(s):\n    pass\ndata.bars[s]",),
    "else": ("if data.bars.contains_key(s):\n    pass\nelse:\n    data.bars[s]",),
    "or": ("if data.bars.contains_key(s) or self._x:\n    data.bars[s]",),
    "negated": ("if not data.bars.contains_key(s):\n    data.bars[s]",),
    "loop var": ("if data.bars.contains_key(s):\n    for s in self._x:\n        data.bars[s]",),
    "one of two": ("for s in self._x:\n    if self._y and not data.bars.contains_key(s):\n        continue\n    data.bars[s]",),
    "get attr": ("data.bars.get(s).close",),
    "get var": ("bar = data.bars.get(s)\nx = bar.close",),
    "get var loop": ("for s in self._x:\n    bar = data.bars.get(s)\n    x = bar.close",),
    "not none on wrong": ("if data.bars[s] is not None:\n    pass",),
    "comp": ("x = [data.bars[s].close for s in self._x]",),
    "comp wrong if": ("x = [data.bars[s].close for s in self._x if s in self._y]",),
    "quote bars": ("if data.bars.contains_key(s):\n    data.quote_bars[s]",),
    "slice check for bars": ("if data.contains_key(s):\n    data.bars[s]",),
    "reassigned": ("for s in self._x:\n  if data.bars.contains_key(s):\n    s = self._other\n    data.bars[s]",),
    "reassigned attr": ("if self._s in data.bars:\n    self._s = x\n    data.bars[self._s]",),
    "any": ("if any(data.bars.contains_key(s) for s in self._x):\n    for s in self._x:\n        data.bars[s]",),
    "collected unchecked": ("ready = []\nfor s in self._x:\n    ready.append(s)\nfor s in ready:\n    data.bars[s]",),
    "collected partly": ("ready = []\nfor s in self._x:\n    if s in data.bars:\n        ready.append(s)\nready.append(self._b)\nfor s in ready:\n    data.bars[s]",),
    "alias": ("bars = data.bars\nx = bars[s]",),
    "current slice": ("x = self.current_slice.bars[s]",),
    "is_ready only": ("for s, r in self._x.items():\n    if not r.is_ready:\n        continue\n    data.bars[s].close",),
    "before check": ("x = data.bars[s]\nif s not in data.bars:\n    return",),
    "break only": ("for s in self._x:\n    if s in data.bars:\n        break\ndata.bars[s]",),
    "and or": ("if self._a and (self._b or s in data.bars):\n    data.bars[s]",),
    "dividends": ("x = data.dividends[s].distribution",),
    "lambda": ("x = max(self._x, key=lambda s: data.bars[s].close)",),
    "lambda other": ("x = sorted(self._x, key=lambda s: data.bars[s].close)",),
    "other day": ("if self._yesterday.bars.contains_key(s):\n    data.bars[s]",),
    "try KeyError": ("try:\n    x = data.bars[s]\nexcept KeyError:\n    return",),
    "has_data": ("if data.has_data:\n    data.bars[s]",),
    "conditional expr": ("x = data.bars[s].close if self._y else 0",),
    "while": ("while x:\n    data.bars[s]",),
    "OnData": ("data.Bars[s].Close",),
    "fstring": ("self.log(f'{data.bars[s].close}')",),
    "unpacked": ("a, b = data.bars[s].open, 1",),
    "not all": ("if not all(s in data.bars for s in self._x):\n    for s in self._x:\n        data.bars[s]",),
    "helper: helper annotated": ("self._trade(data, self._s)", "def _trade(self, slice: Slice, symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper: helper quoted": ("pass", "def _trade(self, slice: 'Slice', symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper: helper optional": ("pass", "def _trade(self, slice: Slice | None, symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper: helper bars": ("self._trade(data.bars)", "def _trade(self, bars: TradeBars) -> None:\n    x = bars[self._s].close"),
    "helper: unannotated": ("self._trade(data)", "def _trade(self, d) -> None:\n    x = d.bars[self._s].close"),
    "helper: unannotated bars": ("self._trade(data.bars)", "def _trade(self, d) -> None:\n    x = d[self._s].close"),
    "helper: one caller of two": ("if self._s in data.bars:\n    self._trade(data)\nself._trade(data)", "def _trade(self, d: Slice) -> None:\n    x = d.bars[self._s].close"),
    "helper: checked other": ("for s in self._x:\n    if data.bars.contains_key(s):\n        self._trade(data, self._other)", "def _trade(self, slice: Slice, symbol: Symbol) -> None:\n    x = slice.bars[symbol].close"),
    "helper: predicate wrong": ("for s in self._x:\n    if not self._has(data, s):\n        continue\n    data.bars[s]", "def _has(self, data: Slice, symbol: Symbol) -> bool:\n    return data.bars.contains_key(self._benchmark)"),
    "helper: predicate half": ("for s in self._x:\n    if not self._has(data, s):\n        continue\n    data.bars[s]", "def _has(self, data: Slice, symbol: Symbol) -> bool:\n    if self._x:\n        return True\n    return data.bars.contains_key(symbol)"),
    "helper: helper list unfiltered": ("for s in self._all(data):\n    data.bars[s]", "def _all(self, data: Slice) -> list[Symbol]:\n    return list(self._x)"),
    "helper: attribute slice": ("self._data = data\nx = self._data.bars[s]",),
    "helper: attribute elsewhere": ("self._data = data", "def f(self):\n    return self._data.bars[self._s]"),
    "helper: scheduled": ("pass", "def initialize(self):\n    self.schedule.on(self._rebalance)\ndef _rebalance(self):\n    data = self.current_slice\n    data.bars[self._s]"),
    "helper: library": ("pass", "", "class H:\n    def trade(self, algorithm: QCAlgorithm, data: Slice):\n        return data.bars[self._symbol].close"),
    "helper: algorithm.current_slice": ("pass", "", "def trade(algorithm: QCAlgorithm):\n    return algorithm.current_slice.bars[S].close"),
    "helper: callback": ("if s in data.bars:\n    self._f(data, s)", "def initialize(self):\n    self._g(self._f)\ndef _f(self, data: Slice, s):\n    data.bars[s]"),
    "helper: same names": ("symbol = self._a\nother = self._b\nif symbol in data.bars:\n    self._f(data, other)", "def _f(self, data: Slice, symbol: Symbol):\n    data.bars[symbol]"),
    "helper: custom get": ("points = data.get(EODHDUpcomingEarnings)\nx = points[self._s].estimate",),
    "helper: nested": ("def close(s):\n    return data.bars[s].close\nfor s in self._x:\n    close(s)",),
    "loop that goes on": ("for s in self._x:\n    if s not in data.bars:\n        continue\n    x = 1\nfor s in self._x:\n    data.bars[s]",),
    "loop that breaks": ("for s in self._x:\n    if s not in data.bars:\n        break\nfor s in self._x:\n    data.bars[s]",),
    "loop over another list": ("for s in self._x:\n    if s not in data.bars:\n        return\nfor s in self._y:\n    data.bars[s]",),
    "loop that checks some": ("for s in self._x:\n    if s.is_canonical() and s not in data.bars:\n        return\nfor s in self._x:\n    data.bars[s]",),
    "loop that checks another": ("for s in self._x:\n    if self._other not in data.bars:\n        return\nfor s in self._x:\n    data.bars[s]",),
    "loop whose variable changes": ("for s in self._x:\n    s = self._map[s]\n    if s not in data.bars:\n        return\nfor s in self._x:\n    data.bars[s]",),
    "loop, then the list grows": ("for s in self._x:\n    if s not in data.bars:\n        return\nself._x.append(self._b)\nfor s in self._x:\n    data.bars[s]",),
    "loop in which the list grows": ("for s in self._x:\n    if s not in data.bars:\n        return\n    self._x.append(self._b)\nfor s in self._x:\n    data.bars[s]",),
    "loop, then another list": ("for s in self._x:\n    if s not in data.bars:\n        return\nself._x = self._all\nfor s in self._x:\n    data.bars[s]",),
    "loop in which the slice changes": ("bars = data.bars\nfor s in self._x:\n    bars = self.current_slice.bars\n    if s not in bars:\n        return\nfor s in self._x:\n    bars[s]",),
    "loop that reads before": ("for a in self._x:\n    x = [data.bars[b] for b in self._x]\n    if a not in data.bars:\n        return",),
    "while, then another list": ("while self._x:\n    s = self._x.pop()\n    if s not in data.bars:\n        return\nfor s in self._y:\n    data.bars[s]",),
    "helper: loop that is content with one": ("if not self._ok(data):\n    return\nfor s in self._x:\n    data.bars[s]", "def _ok(self, data: Slice) -> bool:\n    for s in self._x:\n        if data.bars.contains_key(s):\n            return True\n    return False"),
    "present instead of missing": ("present = [s for s in self._x if s in data.bars]\nif not present:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing only of some": ("missing = [s for s in self._x if s in self._y and s not in data.bars]\nif missing:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing, wrong way round": ("missing = [s for s in self._x if s not in data.bars]\nif not missing:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing, as a generator": ("missing = (s for s in self._x if s not in data.bars)\nif missing:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing, then changed": ("missing = [s for s in self._x if s not in data.bars]\nself._x.append(self._b)\nif missing:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing, then extended": ("missing = [s for s in self._x if s not in data.bars]\nself._x.extend(self._y)\nif missing:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "missing, counted with one allowed": ("missing = [s for s in self._x if s not in data.bars]\nif len(missing) > 1:\n    return\nfor s in self._x:\n    data.bars[s]",),
    "any map": ("if not any(map(data.bars.contains_key, self._x)):\n    return\nfor s in self._x:\n    data.bars[s]",),
    "all map of something else": ("if not all(map(self._known.__contains__, self._x)):\n    return\nfor s in self._x:\n    data.bars[s]",),
    "either set": ("ready = {s for s in self._x if s in data.bars}\nfor s in ready | set(self._y):\n    data.bars[s]",),
    "superset": ("if set(self._x) >= set(data.bars.keys()):\n    x = [data.bars[s].close for s in self._x]",),
    "slice check for a bar's attribute": ("if data.contains_key(s):\n    x = data[s].close",),
    "slice check for a bar's attribute, variable": ("if data.contains_key(s):\n    bar = data[s]\n    x = bar.volume",),
    "slice check for a bar's attribute, PascalCase": ("if data.ContainsKey(s):\n    x = data[s].Close",),
    "slice check by in": ("if s in data:\n    x = data[s].close",),
    "slice read before the None test": ("bar = data[s]\nif bar is None:\n    return\nbar.close",),
    "get of the slice": ("x = data.get(s).close",),
    "get of the slice, variable": ("bar = data.get(self._s)\nx = bar.close",),
    "get of the slice, in a loop": ("for s in self._x:\n    bar = data.get(s)\n    x = bar.close",),
    "get of the slice, constant": ("bar = data.get(BENCHMARK)\nx = bar.close", "", "BENCHMARK = make_symbol()"),
    "get of the slice, any attribute": ("bar = data.get(s)\nx = bar.end_time",),
}

CONFIGURABLE: dict[str, tuple[str, ...]] = {
    "helper that calls itself": ("self._sub(self.get_parameter('t', 'SPY'), 3)", "def _sub(self, ticker, n):\n    ticker = ticker + '.' if n else ticker\n    self.add_equity(self._sub(ticker, n - 1))\n    return ticker"),
    "words": ("for t in words(self, 'tickers', 'SPY|QQQ'):\n    self.add_equity(t)", "", LIBRARY),
    "subscribe": ("for t in words(self, 'tickers', 'SPY|QQQ'):\n    subscribe(self, t)", "", LIBRARY),
    "open": ("open_account(self, start='2012-01-03', capital=5000)", "", LIBRARY),
    "direct": ("self.add_equity(self.get_parameter('ticker', 'SPY'))",),
    "keyword default": ("self.add_equity(self.get_parameter('ticker', default_value='SPY'))",),
    "split": ("tickers = self.get_parameter('tickers', 'SPY|QQQ').split('|')\nfor t in tickers:\n    self.add_equity(t.strip(), Resolution.DAILY)",),
    "constant default": ("for t in self.get_parameter('tickers', T).split('|'):\n    self.add_equity(t)", "", "T = 'SPY|QQQ'"),
    "method helper": ("self.set_start_date(self._date('start_date', '2012-01-03'))\nself.set_cash(self._number('initial_capital', '5000'))", "def _date(self, name, default):\n    return datetime.strptime(self.get_parameter(name, default), '%Y-%m-%d')\ndef _number(self, n, d):\n    return float(self.get_parameter(n, d))"),
    "or": ("self.add_equity(self.get_parameter('ticker') or 'SPY')",),
    "is None": ("t = self.get_parameter('ticker')\nif t is None:\n    t = 'SPY'\nself.add_equity(t)",),
    "ternary": ("t = self.get_parameter('ticker')\nself.add_equity(t if t else 'SPY')",),
    "return default": ("self.set_cash(self._n('c', 5000))", "def _n(self, name, default):\n    text = self.get_parameter(name)\n    if text is None:\n        return default\n    return float(text)"),
    "try default": ("self.set_cash(self._n('c', 5000))", "def _n(self, name, default):\n    try:\n        return float(self.get_parameter(name, str(default)))\n    except ValueError:\n        return default"),
    "dict of defaults": ("p = {n: self.get_parameter(n, d) for n, d in D.items()}\nself.add_equity(p['ticker'])\nself.set_cash(float(p['cash']))", "", "D = {'ticker': 'SPY', 'cash': '5000'}"),
    "attribute": ("self._t = self.get_parameter('t', 'SPY')\nself._go()", "def _go(self):\n    self.add_equity(self._t)"),
    "symbol in history": ("self._s = self.add_equity(self.get_parameter('t', 'SPY')).symbol\nself.history(self._s, 30, Resolution.DAILY)",),
    "orders": ("pass", "def on_data(self, data):\n    self.market_order(self._s, 1, tag='entry')\n    self.liquidate(tag='stop')"),
    "dataset": ("self.add_data(EODHDUpcomingEarnings, 'earnings', Resolution.DAILY)",),
    "combination": ("self.set_cash(float(self.get_parameter('c', '5')) * 1000)",),
    "end": ("self.set_end_date(self.start_date + timedelta(days=30))",),
    "dataclass": ("c = Config(ticker=self.get_parameter('t', 'SPY'))\nself.add_equity(c.ticker)", "", "@dataclass\nclass Config:\n    ticker: str"),
    "parameters": ("self.add_equity(self.get_parameters()['ticker'])",),
    "get of parameters": ("self.add_equity(self.get_parameters().get('ticker', 'SPY'))",),
    "default first": ("t = 'SPY'\nt = self.get_parameter('t', t)\nself.add_equity(t)",),
    "future": ("self.add_future(self.get_parameter('t', Futures.Indices.MICRO_SP_500_E_MINI), Resolution.DAILY)",),
    "enumerated": ("for i, t in enumerate(self.get_parameter('t', 'A|B').split('|')):\n    self.add_equity(t)",),
    "universe": ("self.add_universe(self._select)", "def _select(self, f):\n    return [x.symbol for x in f]"),
    "own names": ("self._names = ['x']\nself._log('SPY')", "def _log(self, text):\n    self.debug(text)"),
    "securities": ("x = self.securities[self._s].price; y = {}['a']",),
    "market": ("self.add_forex(self.get_parameter('pair', 'EURUSD'), Resolution.DAILY, Market.OANDA)",),
    "helper default": ("self._sub()", "def _sub(self, ticker='SPY'):\n    self.add_equity(self.get_parameter('t', ticker))"),
    "pairs": ("self._first, self._second = (self.add_equity(t).symbol for t in self.get_parameter('pair', 'A/B').split('/'))",),
    "f-string": ('self.add_equity(f"{self.get_parameter(\'t\', \'SPY\')}")',),
    "own set_holdings": ("p = Positions(self)\np.enter(self._s, 'oversold')", "", "class Positions:\n    def __init__(self, algorithm: QCAlgorithm):\n        self._algorithm = algorithm\n    def enter(self, symbol, reason):\n        self._algorithm.set_holdings(symbol, 1, tag=reason)"),
    "date compared": ("if self.time < datetime.strptime(self.get_parameter('until', '2016-01-01'), '%Y-%m-%d'):\n    return",),
    "date kept": ("self._until = day(self, 'until', '2019-06-30')\nif self.time < self._until:\n    return", "", LIBRARY),
    "no date yet": ("self._last = datetime.min\nif self._last == datetime.min or self.time > datetime.max:\n    return",),
    "year 1": ("self._last = datetime(1, 1, 1)\nif self._last < date(1900, 1, 1):\n    return",),
    "time of day": ("self._open = time(9, 30)\nif self.time.time() < time(15, 45) or self.time.hour >= 16:\n    return",),
    "time of day parsed": ("self._open = datetime.strptime('15:45', '%H:%M').time()",),
    "span": ("self._pause = timedelta(days=2000)\nif self.time - self._last > timedelta(days=2000):\n    return",),
    "month": ("if self.time.month == 12 and self.time.day > 20:\n    return",),
    "year as parameter": ("if self.time.year < int(float(self.get_parameter('first_year', '2016'))):\n    return",),
    "leap year": ("if self.time.year % 4 == 0 or self.time.year == self._year or self.time.year > 1:\n    return",),
    "number": ("if self.portfolio.cash < 2000:\n    return",),
    "same day": ("self._day = self.time.date()\nif self.time.date() == self._day:\n    return",),
    "default in a table": ("dates = [date(2020, 1, 1)]\nself.log(str(dates))",),
    "compared text": ("if self.get_parameter('mode', 'LONG') == 'LONG':\n    return",),
    "enum": ("if self._mode.value == 'LONG':\n    return",),
    "ticker as parameter": ("if self._symbol.value == self.get_parameter('ticker', 'SPY'):\n    return",),
    "no ticker": ("self._ticker = self.get_parameter('hedge', 'NONE')\nif self._ticker == 'NONE' or self._ticker == '':\n    return",),
    "symbols compared": ("if self._symbol == self._other or self._symbol in self._symbols:\n    return",),
}

HARD_CODED: dict[str, tuple[int | str, ...]] = {
    "helper that calls itself": (1, "self._sub('SPY', 3)", "def _sub(self, ticker, n):\n    self.add_equity(ticker)\n    if n:\n        self._sub(ticker, n - 1)"),
    "equity": (1, "self.add_equity('SPY', Resolution.DAILY)"),
    "keyword": (1, "self.add_equity(ticker='SPY')"),
    "constant": (1, "self.add_equity(T)", "", "T = 'SPY'"),
    "list": (1, "for t in ['SPY']:\n    self.add_equity(t)"),
    "list of two": (2, "for t in ('SPY', 'QQQ'):\n    self.add_equity(t)"),
    "constant list": (1, "for t in T:\n    self.add_equity(t)", "", "T = ['SPY']"),
    "class attribute": (1, "for t in self.T:\n    self.add_equity(t)", "T = ['SPY']"),
    "self attribute": (1, "self._t = 'SPY'\nself._go()", "def _go(self):\n    self.add_equity(self._t)"),
    "dict": (1, "for t, w in {'SPY': 0.5}.items():\n    self.add_equity(t)"),
    "pairs": (1, "for t, w in [('SPY', 0.5)]:\n    self.add_equity(t)"),
    "comprehension": (1, "self._s = [self.add_equity(t).symbol for t in ['SPY']]"),
    "split": (1, "for t in 'SPY'.split():\n    self.add_equity(t)"),
    "helper": (1, "self._sub('SPY')", "def _sub(self, ticker):\n    self.add_equity(ticker)"),
    "helper default": (1, "self._sub()", "def _sub(self, ticker='SPY'):\n    self.add_equity(ticker)"),
    "library helper": (1, "subscribe(self, 'SPY')", "", LIBRARY),
    "date": (1, "self.set_start_date(2015, 1, 1)"),
    "datetime": (1, "self.set_start_date(datetime(2015, 1, 1))"),
    "strptime": (1, "self.set_end_date(datetime.strptime('2015-01-01', '%Y-%m-%d'))"),
    "strptime constant": (1, "self.set_end_date(datetime.strptime(END, '%Y-%m-%d'))", "", "END = '2015-01-01'"),
    "cash": (1, "self.set_cash(100000)"),
    "cash constant": (1, "self.set_cash(CASH)", "", "CASH = 1000"),
    "cash product": (1, "self.set_cash(10 * 1000)"),
    "index": (1, "self.add_index('VIX')"),
    "future": (1, "self.add_future(Futures.Indices.SP_500_E_MINI)"),
    "data": (1, "self.add_data(CBOE, 'VIX', Resolution.DAILY)"),
    "history": (1, "self.history('SPY', 30)"),
    "history list": (1, "self.history(['SPY'], 30)"),
    "history typed": (1, "self.history[TradeBar]('SPY', 30)"),
    "order": (1, "self.market_order('SPY', 1)"),
    "holdings": (1, "self.set_holdings('SPY', 1)"),
    "securities": (1, "x = self.securities['SPY'].price"),
    "benchmark": (1, "self.set_benchmark('SPY')"),
    "beside a parameter": (1, "for t in ['SPY', self.get_parameter('t', 'QQQ')]:\n    self.add_equity(t)"),
    "added list": (1, "for t in ['SPY'] + self.get_parameter('t', 'QQQ').split('|'):\n    self.add_equity(t)"),
    "appended": (1, "ts = self.get_parameter('t', 'QQQ').split('|')\nts.append('SPY')\nfor t in ts:\n    self.add_equity(t)"),
    "overwritten": (1, "t = self.get_parameter('t', 'QQQ')\nt = 'SPY'\nself.add_equity(t)"),
    "mode": (2, "t = 'SPY' if self.get_parameter('mode', 'a') == 'a' else 'QQQ'\nself.add_equity(t)"),
    "dataclass": (1, "c = Config('SPY')\nself.add_equity(c.ticker)", "", "@dataclass\nclass Config:\n    ticker: str"),
    "symbol create": (1, "s = Symbol.create('SPY', SecurityType.EQUITY, Market.USA)"),
    "crypto": (1, "self.add_crypto('BTCUSD')"),
    "forex": (1, "self.add_forex('EURUSD')"),
    "cfd": (1, "self.add_cfd('XAUUSD')"),
    "etf universe": (1, "self.add_universe(self.universe.etf('SPY', self.universe_settings, self.f))"),
    "algorithm object": (1, "Helper(self)", "", "class Helper:\n    def __init__(self, algorithm: QCAlgorithm):\n        self._a = algorithm\n        self._a.set_holdings('SPY', 1)"),
    "PascalCase": (1, "self.AddEquity('SPY')"),
    "compared date": (1, "if self.time >= datetime(2016, 1, 1):\n    pass"),
    "compared date, first": (1, "if datetime(2016, 1, 1) <= self.time:\n    pass"),
    "compared dates": (2, "if datetime(2016, 1, 1) <= self.time < datetime(2017, 1, 1):\n    pass"),
    "compared day": (1, "if self.time.date() == date(2020, 3, 16):\n    pass"),
    "compared day by its module": (1, "if self.time > datetime.datetime(2020, 3, 16):\n    pass"),
    "compared days": (2, "if self.time.date() in {date(2020, 3, 16), date(2020, 3, 17)}:\n    pass"),
    "compared constant": (1, "if self.time < UNTIL:\n    pass", "", "UNTIL = datetime(2019, 6, 30)"),
    "compared class attribute": (1, "if self.time < self.UNTIL:\n    pass", "UNTIL = datetime(2019, 6, 30)"),
    "compared numbers": (1, "if self.time < datetime(YEAR, 1, 1):\n    pass", "", "YEAR = 2019"),
    "compared strptime": (1, "if self.time < datetime.strptime('2019-06-30', '%Y-%m-%d'):\n    pass"),
    "compared strptime backwards": (1, "if self.time < datetime.strptime('30/06/2019', '%d/%m/%Y'):\n    pass"),
    "compared fromisoformat": (1, "if self.time < datetime.fromisoformat(END):\n    pass", "", "END = '2019-06-30'"),
    "compared text": (1, "if str(self.time.date()) < '2019-06-30':\n    pass"),
    "compared in a helper": (1, "self._before(datetime(2019, 6, 30))", "def _before(self, end: datetime) -> bool:\n    return self.time < end"),
    "compared in a lambda": (1, "self._f = lambda: self.time < datetime(2019, 6, 30)"),
    "kept date": (1, "self._until = datetime(2019, 6, 30)"),
    "kept date, compared": (1, "self._until = datetime(2019, 6, 30)", "def on_data(self, data):\n    if self.time < self._until:\n        pass"),
    "kept day": (1, "self._until = datetime(2019, 6, 30).date()"),
    "kept list": (2, "self._days = [date(2020, 3, 16), date(2020, 3, 17)]"),
    "kept strptime": (1, "self._until = datetime.strptime('2019-06-30', '%Y-%m-%d')"),
    "kept and moved": (1, "self._until = datetime(2019, 6, 30) + timedelta(days=1)"),
    "year": (1, "if self.time.year < 2016:\n    pass"),
    "year in a variable": (1, "year = self.time.year\nif year == FIRST:\n    pass", "", "FIRST = 2016"),
    "years": (2, "if self.time.year in (2008, 2020):\n    pass"),
    "range of years": (1, "if self.time.year in range(2008, 2020):\n    pass"),
    "compared ticker": (1, "if symbol.value == 'SPY':\n    pass"),
    "compared tickers": (2, "if symbol.value in ('SPY', 'QQQ'):\n    pass"),
    "compared with the symbol": (1, "for s in self._all:\n    if s.value != 'SPY':\n        pass", "def go(self):\n    self._all = [self.add_equity(t).symbol for t in self.get_parameter('t', 'A|B').split('|')]"),
    "compared with the symbol's text": (1, "if str(bar.symbol) == 'SPY':\n    pass"),
    "compared parameter": (1, "self._ticker = self.get_parameter('ticker', 'SPY')\nif self._ticker.upper() == 'SPY':\n    pass"),
    "ticker among symbols": (1, "if 'SPY' in self._tickers:\n    pass"),
}

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
    report = check([project], workspace, configs or workspace / "none", None, types=False)
    return [f"{each.file.relative_to(workspace)}:{each.line}: {each.message}" for each in report.findings]


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


# Bars read without a check

UNCHECKED = "contains_key\\(|is None where"


@pytest.mark.parametrize("code", SAFE_READS.values(), ids=SAFE_READS.keys())
def test_a_bar_that_was_asked_for_is_no_finding(tmp_path: Path, code: tuple[str, ...]) -> None:
    project = write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", *code))
    assert about(UNCHECKED, lint(project)) == []


@pytest.mark.parametrize("code", UNSAFE_READS.values(), ids=UNSAFE_READS.keys())
def test_a_bar_read_without_a_check_is_found_once(tmp_path: Path, code: tuple[str, ...]) -> None:
    project = write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", *code))
    assert len(about(UNCHECKED, lint(project))) == 1


def test_the_finding_names_the_read_its_line_and_the_remedy(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND.replace("if data.bars.contains_key(self._symbol):", "if self._symbol:"))
    assert lint(project) == [
        "A/main.py:13: data.bars[self._symbol] fails where there is no such data; "
        "ask data.bars.contains_key(self._symbol) first and go on without it"
    ]


def test_that_the_slice_has_something_does_not_mean_a_bar(tmp_path: Path) -> None:
    # LEAN's slice contains a symbol that has a dividend or a split and no bar.
    project = write_project(tmp_path, SOUND.replace("data.bars.contains_key", "data.contains_key"))
    assert about("dividend or split", lint(project)) != []


def test_the_remedy_for_a_read_of_the_slice_is_a_read_of_its_bars(tmp_path: Path) -> None:
    read = "x = data[self._s].close"
    remedy = "ask data.bars.contains_key(self._s) first and read data.bars[self._s]"
    unchecked = lint(write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", read)))
    assert unchecked == [f"A/main.py:7: data[self._s] fails where there is no such data; {remedy}"]
    code = f"if data.contains_key(self._s):\n    {read}"
    asked = lint(write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", code)))
    assert asked == [f"A/main.py:8: data[self._s] is None on a day with only a dividend or split too; {remedy}"]


def test_custom_data_is_asked_of_the_slice_itself(tmp_path: Path) -> None:
    subscribe = "def initialize(self):\n    self._vix = self.add_data(CBOE, self.get_parameter('vix', 'VIX')).symbol"
    body = "x = data[self._vix].close"
    found = lint(write_project(tmp_path, a_method("on_data(self, data: Slice) -> None", body, subscribe)))
    assert found == [
        "A/main.py:7: data[self._vix] fails where there is no such data; "
        "ask data.contains_key(self._vix) first and go on without it"
    ]


def test_a_library_is_checked_too(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND, LIBRARIES)
    file = tmp_path / "Library" / "lib" / "closes.py"
    file.write_text(
        "from AlgorithmImports import *\n\n\ndef close(data: Slice, symbol: Symbol) -> float:\n    return data.bars[symbol].close\n"
    )
    assert [finding.partition(": ")[0] for finding in lint(project)] == ["Library/lib/closes.py:5"]


# Dates, tickers, capital


@pytest.mark.parametrize("code", CONFIGURABLE.values(), ids=CONFIGURABLE.keys())
def test_the_default_of_a_parameter_is_not_hard_coded(tmp_path: Path, code: tuple[str, ...]) -> None:
    project = write_project(tmp_path, a_method("initialize(self) -> None", *code), LIBRARIES if LIBRARY in code else {})
    assert about("hard-coded", lint(project)) == []


@pytest.mark.parametrize("case", HARD_CODED.values(), ids=HARD_CODED.keys())
def test_a_literal_is_found_wherever_it_comes_from(tmp_path: Path, case: tuple[int | str, ...]) -> None:
    count, *code = case
    texts = [str(text) for text in code]
    project = write_project(
        tmp_path, a_method("initialize(self) -> None", *texts), LIBRARIES if LIBRARY in texts else {}
    )
    assert len(about("hard-coded", lint(project))) == count


def test_the_finding_stands_where_the_literal_does(tmp_path: Path) -> None:
    project = write_project(
        tmp_path, "from constants import TICKERS\n" + SOUND.replace('self.get_parameter("ticker", "SPY")', "TICKERS[0]")
    )
    (project / "constants.py").write_text('\n\nTICKERS = ["SPY"]\n', encoding="utf-8")
    assert lint(project) == [
        "A/constants.py:3: the ticker 'SPY' is hard-coded; read it as a parameter with this default"
    ]


def test_a_date_of_three_numbers_is_one_finding(tmp_path: Path) -> None:
    project = write_project(tmp_path, a_method("initialize(self) -> None", "self.set_start_date(2015, 1, 2)"))
    assert about("the date 2015, 1, 2 is hard-coded", lint(project)) != []


# Parameters


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
    report = check([project], workspace, configs, None, types=False)
    assert [
        f"{each.file.relative_to(tmp_path)}:{each.line}: {each.message.partition(';')[0]}" for each in report.findings
    ] == [
        "configs/a.yaml:7: A does not read the parameter stop_loss",
        "configs/a.yaml:9: A does not read the parameter start_date",
        "workspace/A/config.json:4: A does not read the parameter unused",
    ]


def test_names_that_the_sources_do_not_tell_are_a_finding(tmp_path: Path) -> None:
    body = "for name in self.object_store.read('names').split():\n    self.get_parameter(name, '1')"
    project = write_project(tmp_path, a_method("initialize(self) -> None", body), {"parameters": {"x": "1"}})
    assert about("names the sources do not tell", lint(project)) != []


# Names of the API


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


# What cannot be read


def test_a_syntax_error_is_found_and_the_rest_is_checked(tmp_path: Path) -> None:
    project = write_project(tmp_path, SOUND)
    (project / "broken.py").write_text("x = (\n", encoding="utf-8")
    (project / "other.py").write_text(
        "from AlgorithmImports import *\ndef f(data: Slice): return data['SPY']\n", encoding="utf-8"
    )
    assert [finding.split(";")[0] for finding in lint(project)] == [
        "A/broken.py:1: Python does not compile this: '(' was never closed",
        "A/other.py:2: data['SPY'] fails where there is no such data",
        "A/other.py:2: the ticker 'SPY' is hard-coded",
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
    workspace = tmp_path / "workspace"
    write_project(workspace, SOUND.replace("{data.bars[self._symbol].close}", "{data.bars[self._symbol].closing}"))
    write_project(workspace, SOUND, name="B")
    guide = tmp_path / "guide.md"
    guide.write_text(
        "# Guide\n\n```python\nfrom AlgorithmImports import *\n\n\ndef f(algorithm: QCAlgorithm) -> None:\n    algorithm.set_cash([])\n```\n\n"
        "```text\nno: python\n```\n\n- a list\n\n  ```python\n  x: int = 1\n  y: str = x\n  ```\n\n```python\nbroken(\n```\n",
        encoding="utf-8",
    )
    done = run("--workspace", workspace, "--guide", guide, folder=tmp_path)
    places = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert places == ["guide.md:8", "guide.md:19", "guide.md:23", "workspace/A/main.py:13", "4 findings"]
    assert "closing" in done.stdout
    assert done.exit_code == 1


def test_projects_of_several_modules_do_not_mix(tmp_path: Path) -> None:
    for name, value in (("A", "1"), ("B", "'one'")):
        code = f"from own import VALUE\n{SOUND}\n\nx: int = VALUE\n"
        (write_project(tmp_path, code, name=name) / "own.py").write_text(f"VALUE = {value}\n", encoding="utf-8")
    done = run("--workspace", tmp_path, folder=tmp_path)
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == ["B/main.py:17", "1 finding"]


def test_without_findings_the_exit_code_is_0_and_one_line_tells_what_was_checked(tmp_path: Path) -> None:
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
def test_a_wrong_path_is_told_and_ends_with_2(arguments: list[str]) -> None:
    done = run("--no-types", *arguments)
    assert arguments[-1] in done.stderr
    assert (done.stdout, done.exit_code) == ("", 2)


def test_a_workspace_that_is_not_there_is_told_as_the_runner_tells_it() -> None:
    for done in (run("--workspace", "nowhere"), run(LEAN_WORKSPACE="nowhere")):
        assert "nowhere: no such folder; name the lean workspace in --workspace or LEAN_WORKSPACE" in done.stderr
        assert (done.stdout, done.exit_code) == ("", ExitCode.NO_WORKSPACE)


def test_the_workspace_of_the_environment_is_checked_with_the_guide(tmp_path: Path) -> None:
    workspace, guide = tmp_path / "workspace", PROJECT / "docs" / "LEAN_DEVELOPER_GUIDE.md"
    write_project(workspace, SOUND)
    blocks = len(python_blocks(guide))
    done = run(LEAN_WORKSPACE=str(workspace))
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


def test_a_workspace_without_strategies_is_told(tmp_path: Path) -> None:
    write_project(tmp_path, SOUND, name="backtests")
    done = run("--no-types", LEAN_WORKSPACE=str(tmp_path))
    assert f"{tmp_path}: has no projects" in done.stderr
    assert (done.stdout, done.exit_code) == ("", 2)


def test_missing_stubs_are_told(tmp_path: Path) -> None:
    (tmp_path / "QuantConnect").mkdir()
    (tmp_path / "QuantConnect" / "__init__.py").write_text("", encoding="utf-8")
    done = run("--no-types", PYTHONPATH=str(tmp_path))
    assert "stubs of LEAN's API (quantconnect-stubs) are not installed; run `make install`" in done.stderr
    assert done.exit_code == 2


def test_our_strategies_and_our_guide_have_no_finding() -> None:
    done = run()
    assert re.fullmatch(r"\d+ strategies, \d+ code blocks: no findings\n", done.stdout), done.stdout
    assert done.exit_code == 0
