"""QCAlgorithm: what a strategy inherits from."""

from __future__ import annotations

import inspect
from datetime import date, datetime
from typing import Any

from lean_engine.constants import AccountType, BrokerageName, OrderType, Resolution, SecurityType
from lean_engine.data import CustomData
from lean_engine.engine import Engine
from lean_engine.errors import NotCarriedOutError
from lean_engine.indicator_base import to_decimal
from lean_engine.indicator_methods import IndicatorMethods
from lean_engine.orders import NO_PRICE_YET, OrderTicket, SecurityTransactionManager
from lean_engine.portfolio import AlgorithmSettings, SecurityPortfolioManager
from lean_engine.securities import Security, SecurityManager
from lean_engine.slices import Slice
from lean_engine.surface import check_call, stub_of
from lean_engine.symbols import Symbol
from lean_engine.universes import SecurityChanges, Universe, UniverseSettings


class QCAlgorithm(IndicatorMethods):
    """The part of LEAN's algorithm class that this fake carries out."""

    _stub = "QuantConnect.Algorithm.QCAlgorithm"

    def _lean_engine_attach(self, engine: Engine) -> None:
        """Ties the strategy to its run; a strategy's own attributes cannot meet this name."""
        object.__setattr__(self, "_lean_engine", engine)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and stub_of(QCAlgorithm._stub).find(name) is not None:
            raise NotCarriedOutError(f"self.{name} = … would hide or set what QCAlgorithm has under this name")
        object.__setattr__(self, name, value)

    @property
    def __engine(self) -> Engine:
        engine: Engine = self.__dict__["_lean_engine"]
        return engine

    # --- what a strategy overrides

    def initialize(self) -> None:
        """To be overridden."""

    def on_data(self, slice: Slice) -> None:
        """To be overridden."""

    def on_warmup_finished(self) -> None:
        """To be overridden."""

    def on_securities_changed(self, changes: SecurityChanges) -> None:
        """To be overridden."""

    def on_symbol_changed_events(self, symbols_changed: Any) -> None:
        """To be overridden."""

    def on_order_event(self, order_event: Any) -> None:
        """To be overridden."""

    def on_end_of_algorithm(self) -> None:
        """To be overridden."""

    # --- period, account, parameters

    def set_start_date(self, *arguments: Any, **named: Any) -> None:
        self.__engine.start = self.__engine.now = _as_day(arguments, named)

    def set_end_date(self, *arguments: Any, **named: Any) -> None:
        self.__engine.end = _as_day(arguments, named)

    def set_cash(self, starting_cash: float) -> None:
        self.__engine.portfolio._cash = to_decimal(starting_cash)

    def set_brokerage_model(self, brokerage: Any, account_type: Any = AccountType.MARGIN) -> None:
        if (brokerage, account_type) != (BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN):
            raise NotCarriedOutError("lean_engine carries out Interactive Brokers with a margin account only")

    def add_security_initializer(self, security_initializer: Any) -> None:
        _only_functions(security_initializer)
        self.__engine.initializers.append(security_initializer)

    def set_benchmark(self, benchmark: Any) -> None:
        _only_functions(benchmark)  # of a symbol LEAN asks for hourly prices
        self.__engine.benchmark = benchmark

    def set_name(self, name: str) -> None:
        """A name changes no order."""

    def get_parameter(self, name: str, default_value: Any = None) -> Any:
        text = self.__engine.parameters.get(name)
        if text is None:
            return default_value
        if isinstance(default_value, int | float):
            try:
                return type(default_value)(text)
            except ValueError:
                return default_value
        return text

    def get_parameters(self) -> dict[str, str]:
        return dict(self.__engine.parameters)

    def set_warm_up(self, *arguments: Any, **named: Any) -> None:
        given = check_call(QCAlgorithm._stub, "set_warm_up", arguments, named)
        if "bar_count" not in given or given.get("resolution", Resolution.DAILY) != Resolution.DAILY:
            raise NotCarriedOutError("lean_engine carries out a warm-up of daily bars only")
        self.__engine.warm_up_bars = given["bar_count"]

    @property
    def start_date(self) -> datetime:
        return self.__engine.start

    @property
    def end_date(self) -> datetime:
        return self.__engine.end

    @property
    def time(self) -> datetime:
        return self.__engine.now

    @property
    def is_warming_up(self) -> bool:
        return self.__engine.warming_up

    @property
    def live_mode(self) -> bool:
        return False

    @property
    def settings(self) -> AlgorithmSettings:
        return self.__engine.settings

    @property
    def universe_settings(self) -> UniverseSettings:
        return self.__engine.universe_settings

    @property
    def portfolio(self) -> SecurityPortfolioManager:
        return self.__engine.portfolio

    @property
    def securities(self) -> SecurityManager:
        return self.__engine.securities

    @property
    def active_securities(self) -> SecurityManager:
        return self.__engine.securities

    @property
    def transactions(self) -> SecurityTransactionManager:
        return self.__engine.transactions

    # --- what is said

    def log(self, message: Any) -> None:
        self.__engine.log(message)

    def debug(self, message: Any) -> None:
        self.__engine.log(message)

    def error(self, message: Any) -> None:
        self.__engine.error(message)

    def plot(self, *_: Any, **__: Any) -> None:
        """A chart changes no order."""

    def quit(self, message: str = "") -> None:
        self.__engine.log(message)
        self.__engine.stopped = True

    # --- data

    def symbol(self, ticker: str) -> Symbol:
        return self.__engine.symbol(ticker)

    def add_equity(
        self,
        ticker: str,
        resolution: Any = None,
        market: str | None = None,
        fill_forward: bool = True,
        leverage: float = 0,
        extended_market_hours: bool = False,
        data_normalization_mode: Any = None,
    ) -> Security:
        _only_daily(resolution)
        _only_default(leverage=leverage, extended_market_hours=extended_market_hours)
        return self.__engine.add_equity(Symbol(ticker.upper()), fill_forward)

    def add_index(
        self, ticker: str, resolution: Any = None, market: str | None = None, fill_forward: bool = True
    ) -> Security:
        _only_daily(resolution)
        return self.__engine.add_index(Symbol(ticker.upper(), SecurityType.INDEX), fill_forward)

    def add_future(
        self,
        ticker: str,
        resolution: Any = None,
        market: str | None = None,
        fill_forward: bool | None = None,
        leverage: float = 0,
        extended_market_hours: bool | None = None,
        data_mapping_mode: Any = None,
        data_normalization_mode: Any = None,
        contract_depth_offset: int = 0,
    ) -> Security:
        _only_daily(resolution)
        _only_default(leverage=leverage, extended_market_hours=extended_market_hours, depth=contract_depth_offset)
        return self.__engine.add_future(Symbol(ticker.upper(), SecurityType.FUTURE), fill_forward is not False)

    def add_data(self, type: Any, ticker: Any, resolution: Any = None) -> Security:
        if not issubclass(type, CustomData):
            raise NotCarriedOutError(f"lean_engine does not carry out add_data of {type.__name__}")
        name = ticker if isinstance(ticker, str) else self.__engine.symbol(ticker).value
        return self.__engine.add_custom(type, Symbol(name.upper(), SecurityType.BASE))

    def add_universe(self, *arguments: Any) -> Universe:
        data_type = arguments[0] if isinstance(arguments[0], type) else None
        select, *more = arguments if data_type is None else arguments[1:]
        if more or not callable(select) or (data_type is not None and not issubclass(data_type, CustomData)):
            raise NotCarriedOutError("lean_engine carries out add_universe(selector) and add_universe(type, selector)")
        if self.universe_settings.resolution != Resolution.DAILY and data_type is None:
            raise NotCarriedOutError("lean_engine knows daily data only: set universe_settings.resolution")
        return self.__engine.add_universe(Universe(select, data_type))

    # --- orders

    def calculate_order_quantity(self, symbol: Any, target: float) -> float:
        engine = self.__engine
        security = engine.security(symbol)
        if security.price == 0:
            engine.error(f"{security.symbol}: {NO_PRICE_YET}")
            return 0.0
        return float(engine.portfolio._quantity_for(security, target))

    def set_holdings(
        self,
        symbol: Any,
        percentage: float,
        liquidate_existing_holdings: bool = False,
        asynchronous: bool = False,
        tag: str | None = None,
        order_properties: Any = None,
    ) -> list[OrderTicket]:
        engine = self.__engine
        tickets = []
        security = engine.security(symbol)
        quantity = self.calculate_order_quantity(symbol, percentage)
        if liquidate_existing_holdings:
            for other in engine.portfolio._held():
                if other is not security:
                    tickets += self.liquidate(other.symbol, tag=tag)
        waiting = engine.transactions.get_open_orders(security.symbol)
        quantity -= sum(order.quantity for order in waiting)
        if quantity:
            order = self.market_order if engine.is_open(security) else self.market_on_open_order
            tickets.append(order(security.symbol, quantity, asynchronous, tag or ""))
        return tickets

    def order(
        self, symbol: Any, quantity: float, asynchronous: bool = False, tag: str = "", order_properties: Any = None
    ) -> OrderTicket:
        return self.market_order(symbol, quantity, asynchronous, tag)

    def buy(self, symbol: Any, quantity: float) -> OrderTicket:
        return self.market_order(symbol, abs(quantity))

    def sell(self, symbol: Any, quantity: float) -> OrderTicket:
        return self.market_order(symbol, -abs(quantity))

    def market_order(
        self, symbol: Any, quantity: float, asynchronous: bool = False, tag: str = "", order_properties: Any = None
    ) -> OrderTicket:
        security = self.__engine.security(symbol)
        # A daily bar arrives when the stock exchange has closed: LEAN makes of a stock's order one for the open.
        kind = OrderType.MARKET if security.type == SecurityType.FUTURE else OrderType.MARKET_ON_OPEN
        return self.__engine.broker.submit(security, quantity, kind, tag)

    def market_on_open_order(
        self, symbol: Any, quantity: float, asynchronous: bool = False, tag: str = "", order_properties: Any = None
    ) -> OrderTicket:
        return self.__engine.broker.submit(self.__engine.security(symbol), quantity, OrderType.MARKET_ON_OPEN, tag)

    def liquidate(
        self, symbol: Any = None, asynchronous: bool = False, tag: str | None = None, order_properties: Any = None
    ) -> list[OrderTicket]:
        engine = self.__engine
        if symbol is None:
            chosen = sorted(engine.securities.keys())
        elif isinstance(symbol, list):
            chosen = [engine.symbol(each) for each in symbol]
        else:
            chosen = [engine.symbol(symbol)]
        text = "Liquidated" if tag is None else tag
        tickets = []
        for each in chosen:
            security = engine.securities._find(each)
            if security is None:
                engine.log(f"Warning: liquidate ignored symbol '{each}' because it has not been added.")
                continue
            waiting = engine.transactions.get_open_orders(each)
            quantity = security.holdings.quantity
            market_orders = [order for order in waiting if order.type == OrderType.MARKET]
            if len(waiting) == 1 and market_orders and quantity != 0 and waiting[0].quantity == -quantity:
                continue
            for order in waiting:
                if order not in market_orders:
                    engine.broker.cancel(order, text)
            if quantity:
                remaining = -quantity - sum(order.quantity for order in market_orders)
                tickets.append(self.market_order(each, remaining, asynchronous, text))
        return tickets

    def register_indicator(self, symbol: Any, indicator: Any, resolution: Any = None, selector: Any = None) -> None:
        if resolution not in (None, Resolution.DAILY):
            raise NotCarriedOutError("lean_engine registers indicators with daily bars only")
        self.__engine.register(self.__engine.symbol(symbol), indicator, selector)

    def warm_up_indicator(self, symbol: Any, indicator: Any, resolution: Any = None, selector: Any = None) -> None:
        _only_daily(resolution)
        self.__engine.warm_up(self.__engine.symbol(symbol), indicator, selector)


def _as_day(arguments: tuple[Any, ...], named: dict[str, Any]) -> datetime:
    given = [*arguments, *named.values()]
    if len(given) == 3:
        return datetime(*given)
    moment: date = given[0]
    return datetime(moment.year, moment.month, moment.day)


def _only_functions(given: Any) -> None:
    """LEAN takes functions and methods written in Python for functions, and no others, such as list.append."""
    if not (inspect.isfunction(given) or inspect.ismethod(given)):
        raise NotCarriedOutError(f"lean_engine takes a function or a method written in Python here, not {given!r}")


def _only_daily(resolution: Any) -> None:
    if resolution != Resolution.DAILY:
        raise NotCarriedOutError(f"lean_engine knows daily data only, not {resolution}")


def _only_default(**given: Any) -> None:
    for name, value in given.items():
        if value not in (None, False, 0):
            raise NotCarriedOutError(f"lean_engine does not carry out {name}={value}")
