# ruff: noqa: E501  # snippets of code are easier to compare on one line each
"""What is found of dates, tickers and capital in the code, and what is left alone."""

from pathlib import Path

import pytest

from strategy_checks_bench import LIBRARIES, LIBRARY, SOUND, a_method, about, lint, write_project

# fmt: off
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
    "equity": (1, "self.add_equity('SPY', Resolution.DAILY)"),
    "keyword": (1, "self.add_equity(ticker='SPY')"),
    "constant": (1, "self.add_equity(T)", "", "T = 'SPY'"),
    "list": (1, "for t in ['SPY']:\n    self.add_equity(t)"),
    "list of two": (2, "for t in ('SPY', 'QQQ'):\n    self.add_equity(t)"),
    "constant list": (1, "for t in T:\n    self.add_equity(t)", "", "T = ['SPY']"),
    "class attribute": (1, "for t in self.T:\n    self.add_equity(t)", "T = ['SPY']"),
    "self attribute": (1, "self._t = 'SPY'\nself._go()", "def _go(self):\n    self.add_equity(self._t)"),
    "comprehension": (1, "self._s = [self.add_equity(t).symbol for t in ['SPY']]"),
    "split": (1, "for t in 'SPY'.split():\n    self.add_equity(t)"),
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
    "mode": (2, "t = 'SPY' if self.get_parameter('mode', 'a') == 'a' else 'QQQ'\nself.add_equity(t)"),
    "symbol create": (1, "s = Symbol.create('SPY', SecurityType.EQUITY, Market.USA)"),
    "crypto": (1, "self.add_crypto('BTCUSD')"),
    "forex": (1, "self.add_forex('EURUSD')"),
    "cfd": (1, "self.add_cfd('XAUUSD')"),
    "etf universe": (1, "self.add_universe(self.universe.etf('SPY', self.universe_settings, self.f))"),
    "algorithm object": (1, "Helper(self)", "", "class Helper:\n    def __init__(self, algorithm: QCAlgorithm):\n        self._algorithm = algorithm\n        self._algorithm.set_holdings('SPY', 1)"),
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
    "compared in a lambda": (1, "self._f = lambda: self.time < datetime(2019, 6, 30)"),
    "kept date": (1, "self._until = datetime(2019, 6, 30)"),
    "kept date, compared": (1, "self._until = datetime(2019, 6, 30)", "def on_data(self, data):\n    if self.time < self._until:\n        pass"),
    "kept day": (1, "self._until = datetime(2019, 6, 30).date()"),
    "kept list": (2, "self._days = [date(2020, 3, 16), date(2020, 3, 17)]"),
    "kept strptime": (1, "self._until = datetime.strptime('2019-06-30', '%Y-%m-%d')"),
    "year": (1, "if self.time.year < 2016:\n    pass"),
    "year in a variable": (1, "year = self.time.year\nif year == FIRST:\n    pass", "", "FIRST = 2016"),
    "years": (2, "if self.time.year in (2008, 2020):\n    pass"),
    "range of years": (1, "if self.time.year in range(2008, 2020):\n    pass"),
}
# fmt: on


@pytest.mark.parametrize("code", CONFIGURABLE.values(), ids=CONFIGURABLE.keys())
def test_the_default_of_a_parameter_is_not_hard_coded(tmp_path: Path, code: tuple[str, ...]) -> None:
    project = write_project(tmp_path, a_method("initialize(self) -> None", *code), LIBRARIES if LIBRARY in code else {})
    assert about("hard-coded", lint(project)) == []


@pytest.mark.parametrize("case", HARD_CODED.values(), ids=HARD_CODED.keys())
def test_a_literal_is_found_through_variables_and_attributes(tmp_path: Path, case: tuple[int | str, ...]) -> None:
    count, *code = case
    project = write_project(tmp_path, a_method("initialize(self) -> None", *map(str, code)))
    assert len(about("hard-coded", lint(project))) == count


def test_the_finding_stands_where_the_literal_does(tmp_path: Path) -> None:
    code = "TICKERS = ['SPY']\n" + SOUND.replace('self.get_parameter("ticker", "SPY")', "TICKERS[0]")
    assert lint(write_project(tmp_path, code)) == [
        "A/main.py:1: the ticker 'SPY' is hard-coded; read it as a parameter with this default"
    ]


@pytest.mark.parametrize(
    "code",
    [
        ("t = self.get_parameter('t', 'QQQ')\nif self._x:\n    t = 'SPY'\nself.add_equity(t, Resolution.DAILY)",),
        ("self._sub('SPY')", "def _sub(self, ticker):\n    self.add_equity(ticker, Resolution.DAILY)"),
        ("t = t\nu = v\nv = u\nself.add_equity(t, u)\nself.set_start_date(v)\nw = w + w\nself.set_cash(w)",),
    ],
    ids=["sometimes a parameter", "a helper's argument", "a circle"],
)
def test_what_the_assignments_alone_do_not_show_is_no_finding(tmp_path: Path, code: tuple[str, ...]) -> None:
    assert lint(write_project(tmp_path, a_method("initialize(self) -> None", *code))) == []


def test_a_date_of_three_numbers_is_one_finding(tmp_path: Path) -> None:
    project = write_project(tmp_path, a_method("initialize(self) -> None", "self.set_start_date(2015, 1, 2)"))
    assert about("the date 2015, 1, 2 is hard-coded", lint(project)) != []
