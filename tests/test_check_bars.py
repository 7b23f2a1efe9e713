# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What is found of bars that are read without a check, and what is left alone."""

from pathlib import Path

import pytest

from strategy_checks_bench import LIBRARIES, SOUND, a_method, about, lint, write_project

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
# fmt: on


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
