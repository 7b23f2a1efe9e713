"""Runs a strategy through the days of a market in the order in which LEAN does things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from lean_engine.constants import SecurityType
from lean_engine.data import BaseData, CustomData, SymbolChangedEvent, TradeBar
from lean_engine.errors import NotCarriedOutError
from lean_engine.fundamental import Fundamental
from lean_engine.indicator_base import Indicator
from lean_engine.market import DayBar, Instrument, Market
from lean_engine.orders import Broker, OrderEvent, SecurityTransactionManager
from lean_engine.portfolio import AlgorithmSettings, SecurityPortfolioManager
from lean_engine.securities import Equity, Future, Index, Security, SecurityManager
from lean_engine.slices import Slice
from lean_engine.symbols import Symbol
from lean_engine.universes import SecurityChanges, Universe, UniverseSettings

_MARGIN_CALL_AT = 1.1
"""Margin used, as a part of the account, beyond which LEAN sells."""
_MONTH_CODES = "FGHJKMNQUVXZ"
_DAYS_AFTER_A_ROLL = 10
"""Trading days that an old contract is still quoted; LEAN would then liquidate what is held of it at its expiry."""


class Strategy(Protocol):
    """What the engine calls of a strategy."""

    def initialize(self) -> None: ...
    def on_data(self, data: Slice, /) -> None: ...
    def on_warmup_finished(self) -> None: ...
    def on_securities_changed(self, changes: SecurityChanges, /) -> None: ...
    def on_symbol_changed_events(self, symbols_changed: Any, /) -> None: ...
    def on_order_event(self, order_event: OrderEvent, /) -> None: ...
    def on_end_of_algorithm(self) -> None: ...


@dataclass
class _Registration:
    symbol: Symbol
    indicator: Indicator
    selector: Callable[[BaseData], Any] | None

    def update(self, data: BaseData) -> None:
        feed(self.indicator, data, self.selector)


def feed(indicator: Indicator, data: BaseData, selector: Callable[[BaseData], Any] | None) -> None:
    """Updates an indicator with a bar, or with what the selector takes of it."""
    if indicator._wants_bars:
        indicator.update(data if selector is None else selector(data))
    else:
        indicator.update(data.end_time, data.value if selector is None else selector(data))


class Engine:
    """One run of one strategy."""

    def __init__(self, market: Market, parameters: dict[str, str]) -> None:
        self.market, self.parameters = market, parameters
        self.securities = SecurityManager()
        self.settings = AlgorithmSettings()
        self.universe_settings = UniverseSettings()
        self.portfolio = SecurityPortfolioManager(self.securities, self.settings)
        self.broker = Broker(self)
        self.transactions = SecurityTransactionManager(self.broker)
        self.logs: list[str] = []
        self.start, self.end = market.day(0), market.day(market.days - 1)
        self.now, self.day = self.start, 0
        self.initialized = self.warming_up = self.stopped = False
        self.warm_up_bars = 0
        self._strategy: Strategy
        self._registrations: list[_Registration] = []
        self._universes: list[Universe] = []
        self._custom: list[tuple[type[CustomData], Symbol]] = []
        self._last_bars: dict[Symbol, TradeBar] = {}
        self._added: list[Security] = []
        self.initializers: list[Callable[[Security], Any]] = []
        """What each new security is given to, in this order."""
        self._leaving: set[Symbol] = set()
        # Interactive Brokers' model has this one unless the strategy sets another.
        self.benchmark: Callable[[datetime], float] = lambda _: 0
        self.benchmark_values: list[float] = []
        """After each day of the period."""

    def run(self, strategy: Strategy) -> None:
        """Runs it from `initialize` to `on_end_of_algorithm`."""
        self._strategy = strategy
        strategy.initialize()
        self.initialized = True
        days = range(self.market.days)
        first = next((each for each in days if self.market.day(each) >= self.start), self.market.days)
        last = max((each for each in days if self.market.day(each) <= self.end), default=-1)
        self.warming_up = self.warm_up_bars > 0
        for day in range(max(0, first - self.warm_up_bars), last + 1):
            if self.warming_up and day == first:
                self.warming_up = False
                self.now = self.market.day(day)
                strategy.on_warmup_finished()
            self.day = day
            self._run_day()
            if not self.warming_up:
                self.benchmark_values.append(self.benchmark(self.now))
            if self.stopped:
                break
        strategy.on_end_of_algorithm()

    # --- what the strategy asks for

    def symbol(self, key: Any) -> Symbol:
        """The symbol of a security, a ticker or a symbol."""
        if isinstance(key, Symbol):
            return key
        found = self.securities._find(key)
        return found.symbol if found else Symbol(str(key).upper())

    def security(self, key: Any) -> Security:
        """The security of that name, which must have been added."""
        return self.securities[key]

    def add_equity(self, symbol: Symbol, fill_forward: bool) -> Security:
        return self._add(Equity(symbol, fill_forward, lambda: self.fundamental(symbol)))

    def add_index(self, symbol: Symbol, fill_forward: bool) -> Security:
        return self._add(Index(symbol, fill_forward))

    def add_future(self, symbol: Symbol, fill_forward: bool) -> Security:
        instrument = self.market.instruments.get(symbol.value)
        future = Future(symbol, fill_forward, instrument.multiplier if instrument else 1)
        added = self._add(future)
        if instrument is not None and isinstance(added, Future):
            self._map(added, instrument, self.day)
        return added

    def add_custom(self, data_type: type[CustomData], symbol: Symbol) -> Security:
        self._custom.append((data_type, symbol))
        return self._add(Security(symbol, False))

    def add_universe(self, universe: Universe) -> Universe:
        self._universes.append(universe)
        return universe

    def is_open(self, security: Security) -> bool:
        """Whether its exchange trades now; LEAN calls the moment of the close closed."""
        instrument = self._instrument(security)
        if instrument is None:
            return False
        begin, end = self.market.session(instrument, self.day)
        return begin <= self.now < end

    def register(self, symbol: Symbol, indicator: Indicator, selector: Callable[[BaseData], Any] | None) -> None:
        """Has an indicator updated with every bar of a security, which must have been added."""
        self.security(symbol)
        self._registrations.append(_Registration(symbol, indicator, selector))

    def warm_up(self, symbol: Symbol, indicator: Any, selector: Callable[[BaseData], Any] | None) -> None:
        """Feeds an indicator with the bars before now, as many as it needs."""
        security = self.security(symbol)
        instrument = self._instrument(security)
        if instrument is None:
            return
        ended = [day for day in range(self.day + 1) if self.market.session(instrument, day)[1] <= self.now]
        before: TradeBar | None = None
        for day in ended:
            bar = self._bar_of(security, instrument, day, before)
            before = bar or before
            if bar is not None and day in ended[-indicator.warm_up_period :]:
                feed(indicator, bar, selector)

    def fundamental(self, symbol: Symbol) -> Fundamental:
        """What is known of a company now; without any data everything is missing."""
        given = self.market.fundamentals_on(symbol.value, self.day) or {}
        bar = self._bar_before_now(symbol.value)
        return Fundamental(symbol, self.now, bar.close if bar else 0.0, bar.volume if bar else 0.0, given)

    def log(self, text: str) -> None:
        self.logs.append(str(text))

    def error(self, text: str) -> None:
        self.logs.append(str(text))

    def tell(self, event: OrderEvent) -> None:
        self._strategy.on_order_event(event)

    # --- a day

    def _run_day(self) -> None:
        self.now = self.market.day(self.day)
        self.portfolio._settle_futures()
        self._select_universes()
        self._hand_over([*self._roll_futures(), *self._custom_points()], {})
        for end in self._closing_times():
            self.now = end
            self._hand_over(*self._bars_at(end))
            if self.portfolio._total() <= 0:
                self.error("Portfolio value is less than or equal to zero, stopping algorithm.")
                self.stopped = True
                return

    def _closing_times(self) -> list[datetime]:
        instruments = [self._instrument(each) for each in self.securities.values()]
        return sorted({self.market.session(each, self.day)[1] for each in instruments if each is not None})

    def _instrument(self, security: Security) -> Instrument | None:
        """What the market has of a security; a contract's prices are those of its continuous future."""
        symbol = security.symbol.canonical or security.symbol
        found = self.market.instruments.get(symbol.value)
        return found if found is not None and found.kind == security.type else None

    def _hand_over(self, points: list[BaseData], prices: dict[Symbol, TradeBar]) -> None:
        """One moment: prices, fills, securities that came or went, indicators, the strategy."""
        for symbol, bar in prices.items():
            self.securities._all[symbol]._bar = bar
        for point in points:
            if isinstance(point, CustomData):
                self.securities._all[point.symbol]._point = point
        data = Slice(self.now, points)
        if data.symbol_changed_events:
            self._strategy.on_symbol_changed_events(data.symbol_changed_events)
        self.broker.scan()
        self._refuse_margin_call()
        added, self._added = self._added, []
        self._announce(added, [])
        for point in points:
            for registration in list(self._registrations):
                if registration.symbol == point.symbol and not isinstance(point, SymbolChangedEvent):
                    registration.update(point)
        if points:
            self._strategy.on_data(data)
        self._drop_left()

    def _refuse_margin_call(self) -> None:
        """LEAN calls margin only while the exchange of all that is held is open, which at a daily close it is not."""
        used, total = self.portfolio.total_margin_used, self.portfolio.total_portfolio_value
        if used <= total * _MARGIN_CALL_AT:
            return
        if all(self.is_open(each) for each in self.portfolio._held()):
            raise NotCarriedOutError(f"LEAN would call margin on {self.now}: {used:.2f} used of {total:.2f}")

    # --- bars

    def _bars_at(self, end: datetime) -> tuple[list[BaseData], dict[Symbol, TradeBar]]:
        """The bars that are handed over, and the ones that make prices: a repeated bar does not, a contract's does."""
        points: list[BaseData] = []
        prices: dict[Symbol, TradeBar] = {}
        for symbol, security in self.securities._all.items():
            instrument = self._instrument(security)
            if instrument is None or symbol in self.securities._removed:
                continue
            if self.market.session(instrument, self.day)[1] != end or not self._is_quoted(security, instrument):
                continue
            bar = self._bar_of(security, instrument, self.day, self._last_bars.get(symbol))
            if bar is None:
                continue
            self._last_bars[symbol] = bar
            if not bar.is_fill_forward:
                prices[symbol] = bar
            if symbol.canonical is None:
                points.append(bar)
        return points, prices

    def _bar_of(self, security: Security, instrument: Instrument, day: int, before: TradeBar | None) -> TradeBar | None:
        """The day's bar; the one before again where there is none and the security is filled forward."""
        begin, end = self.market.session(instrument, day)
        bar = instrument.bars[day]
        if bar is not None:
            return TradeBar(security.symbol, begin, end, (bar.open, bar.high, bar.low, bar.close), bar.volume)
        if before is None or not security._fill_forward:
            return None
        return TradeBar(security.symbol, begin, end, (before.open, before.high, before.low, before.close), 0.0, True)

    def _bar_before_now(self, ticker: str) -> DayBar | None:
        instrument = self.market.instruments.get(ticker)
        if instrument is None:
            return None
        ended = [day for day in range(self.day + 1) if self.market.session(instrument, day)[1] <= self.now]
        return next((bar for day in reversed(ended) if (bar := instrument.bars[day]) is not None), None)

    # --- futures

    def _map(self, future: Future, instrument: Instrument, day: int) -> Symbol:
        symbol = Symbol(contract_ticker(self.market, instrument.ticker, day), SecurityType.FUTURE, future.symbol)
        if symbol not in self.securities._all:
            margins = instrument.initial_margin, instrument.maintenance_margin
            self._keep(Future(symbol, False, instrument.multiplier, margins))
        future._mapped = symbol
        return symbol

    def _roll_futures(self) -> list[BaseData]:
        changes: list[BaseData] = []
        for security in list(self.securities._all.values()):
            instrument = self.market.instruments.get(security.symbol.value)
            if not isinstance(security, Future) or instrument is None or security.symbol.canonical is not None:
                continue
            old = security.mapped
            new = self._map(security, instrument, self.day)
            if old is not None and old != new:
                changes.append(SymbolChangedEvent(security.symbol, self.now, old, new))
        return changes

    def _is_quoted(self, security: Security, instrument: Instrument) -> bool:
        """Whether a contract still has prices: while it is mapped, and for some days after."""
        if security.symbol.canonical is None:
            return True
        names = {
            contract_ticker(self.market, instrument.ticker, day)
            for day in range(max(0, self.day - _DAYS_AFTER_A_ROLL), self.day + 1)
        }
        quoted = security.symbol.value in names
        if not quoted and security.holdings.invested:
            raise NotCarriedOutError(f"{security.symbol} is held beyond its expiry, when LEAN would liquidate it")
        return quoted

    # --- universes

    def _select_universes(self) -> None:
        for universe in self._universes:
            data = self._universe_data(universe)
            if not data:
                continue
            answer = universe._select(data)
            if answer is Universe.UNCHANGED:
                continue
            wanted = list(dict.fromkeys(self.symbol(each) for each in answer))
            removed = [each for each in universe._selected if each not in wanted]
            added = [each for each in wanted if each not in universe._selected]
            universe._selected = wanted
            self._leaving.update(removed)
            self._announce(
                [self._add_selected(each) for each in added], [self.securities._all[each] for each in removed]
            )

    def _universe_data(self, universe: Universe) -> list[Any]:
        if universe._data_type is not None:
            return self._points_of(universe._data_type)
        tickers = [ticker for ticker in self.market.fundamental_values if self._bar_before_now(ticker)]
        known = [each for each in tickers if self.market.fundamentals_on(each, self.day) is not None]
        return [self.fundamental(Symbol(ticker)) for ticker in known]

    def _add_selected(self, symbol: Symbol) -> Security:
        self._leaving.discard(symbol)
        self.securities._removed.discard(symbol)
        if symbol not in self.securities._all:
            added = self.add_equity(symbol, self.universe_settings.fill_forward)
            self._added.remove(added)
        return self.securities._all[symbol]

    def _announce(self, added: list[Security], removed: list[Security]) -> None:
        if added or removed:
            self._strategy.on_securities_changed(SecurityChanges(added, removed))

    def _drop_left(self) -> None:
        """A security that a universe left stays until nothing is held or ordered of it."""
        for symbol in list(self._leaving):
            security = self.securities._all[symbol]
            if not security.invested and not self.transactions.get_open_orders(symbol):
                self._leaving.discard(symbol)
                self.securities._removed.add(symbol)
                security._bar = None
                self._last_bars.pop(symbol, None)
                self._registrations = [each for each in self._registrations if each.symbol != symbol]

    # --- other data

    def _points_of(self, data_type: type) -> list[CustomData]:
        return [
            data_type(Symbol(point.ticker), self.now, point.fields)
            for point in self.market.custom_points
            if point.type_name == data_type.__name__ and point.day == self.day
        ]

    def _custom_points(self) -> list[BaseData]:
        return [
            data_type(symbol, self.now, point._fields)
            for data_type, symbol in self._custom
            for point in self._points_of(data_type)
            if point.symbol.value == symbol.value
        ]

    def _add(self, security: Security) -> Security:
        known = self.securities._all.get(security.symbol)
        if known is not None:
            return known
        self._keep(security)
        self._added.append(security)
        return security

    def _keep(self, security: Security) -> None:
        self.securities._all[security.symbol] = security
        for initialize in self.initializers:
            initialize(security)


def contract_ticker(market: Market, root: str, day: int) -> str:
    """What the contract is called that is mapped on a day: root, day, month's code and year of its next roll."""
    rolls = market.instruments[root].rolls
    following = next((roll for roll in rolls if roll > day), market.days - 1)
    expiry: date = market.day(following).date()
    return f"{root}{expiry.day:02d}{_MONTH_CODES[expiry.month - 1]}{expiry.year % 100:02d}"
