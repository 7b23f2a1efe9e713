"""Orders and their tickets, and the broker that fills them as LEAN's fill models do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lean_engine.constants import OrderDirection, OrderStatus, OrderType, SecurityType
from lean_engine.errors import NotCarriedOutError
from lean_engine.indicator_base import to_decimal
from lean_engine.securities import Security
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol

if TYPE_CHECKING:
    from lean_engine.engine import Engine

NO_PRICE_YET = "The security does not have an accurate price as it has not yet received a bar of data."
_OPEN = (OrderStatus.NEW, OrderStatus.SUBMITTED)


class Order(StubBacked):
    """An order as the strategy sees it."""

    _stub = "QuantConnect.Orders.Order"

    def __init__(
        self, number: int, symbol: Symbol, quantity: int, kind: Any, tag: str, time: datetime, day: int
    ) -> None:
        self._number, self._symbol, self._quantity, self._kind, self._tag = number, symbol, quantity, kind, tag
        self._time, self._day = time, day
        self._status = OrderStatus.SUBMITTED
        self._price: Decimal | None = None
        self._fee = Decimal(0)
        self._fill_day: int | None = None

    @property
    def id(self) -> int:
        return self._number

    @property
    def symbol(self) -> Symbol:
        return self._symbol

    @property
    def quantity(self) -> float:
        return float(self._quantity)

    @property
    def absolute_quantity(self) -> float:
        return float(abs(self._quantity))

    @property
    def type(self) -> Any:
        return self._kind

    @property
    def status(self) -> Any:
        return self._status

    @property
    def direction(self) -> Any:
        return OrderDirection.BUY if self._quantity > 0 else OrderDirection.SELL

    @property
    def tag(self) -> str:
        return self._tag

    @property
    def time(self) -> datetime:
        return self._time

    @property
    def price(self) -> float:
        return float(self._price or 0)


class OrderEvent(StubBacked):
    """What happened to an order."""

    _stub = "QuantConnect.Orders.OrderEvent"

    def __init__(self, order: Order, message: str = "") -> None:
        self._order, self._message, self._status = order, message, order.status

    @property
    def order_id(self) -> int:
        return self._order.id

    @property
    def symbol(self) -> Symbol:
        return self._order.symbol

    @property
    def status(self) -> Any:
        return self._status

    @property
    def direction(self) -> Any:
        return self._order.direction

    @property
    def quantity(self) -> float:
        return self._order.quantity

    @property
    def fill_quantity(self) -> float:
        return self._order.quantity if self._status == OrderStatus.FILLED else 0.0

    @property
    def absolute_fill_quantity(self) -> float:
        return abs(self.fill_quantity)

    @property
    def fill_price(self) -> float:
        return self._order.price

    @property
    def message(self) -> str:
        return self._message

    @property
    def ticket(self) -> OrderTicket:
        return OrderTicket(self._order, None)


class OrderTicket(StubBacked):
    """What the strategy keeps of an order it gave."""

    _stub = "QuantConnect.Orders.OrderTicket"

    def __init__(self, order: Order, broker: Broker | None) -> None:
        self._order, self._broker = order, broker

    @property
    def order_id(self) -> int:
        return self._order.id

    @property
    def symbol(self) -> Symbol:
        return self._order.symbol

    @property
    def quantity(self) -> float:
        return self._order.quantity

    @property
    def quantity_filled(self) -> float:
        return self._order.quantity if self._order.status == OrderStatus.FILLED else 0.0

    @property
    def quantity_remaining(self) -> float:
        return self.quantity - self.quantity_filled

    @property
    def average_fill_price(self) -> float:
        return self._order.price

    @property
    def order_type(self) -> Any:
        return self._order.type

    @property
    def status(self) -> Any:
        return self._order.status

    @property
    def tag(self) -> str:
        return self._order.tag

    @property
    def time(self) -> datetime:
        return self._order.time

    def cancel(self, tag: str | None = None) -> None:
        if self._broker is not None:
            self._broker.cancel(self._order, tag)


class SecurityTransactionManager(StubBacked):
    """The strategy's view of its orders."""

    _stub = "QuantConnect.Securities.SecurityTransactionManager"

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @property
    def orders_count(self) -> int:
        return len(self._broker.orders)

    def get_open_orders(self, *arguments: Any, **named: Any) -> list[Order]:
        wanted = self._wanted(arguments, named)
        return [order for order in self._broker.orders if order.status in _OPEN and wanted(order)]

    def get_open_order_tickets(self, *arguments: Any, **named: Any) -> list[OrderTicket]:
        wanted = self._wanted(arguments, named)
        return [
            OrderTicket(each, self._broker) for each in self._broker.orders if each.status in _OPEN and wanted(each)
        ]

    def get_orders(self, *arguments: Any, **named: Any) -> list[Order]:
        wanted = self._wanted(arguments, named)
        return [order for order in self._broker.orders if wanted(order)]

    def get_order_by_id(self, order_id: int) -> Order | None:
        return next((order for order in self._broker.orders if order.id == order_id), None)

    def get_order_ticket(self, order_id: int) -> OrderTicket | None:
        found = self.get_order_by_id(order_id)
        return OrderTicket(found, self._broker) if found else None

    def cancel_open_orders(self, *arguments: Any, **named: Any) -> list[OrderTicket]:
        tickets = [OrderTicket(order, self._broker) for order in self.get_open_orders(*arguments[:1])]
        for ticket in tickets:
            ticket.cancel()
        return tickets

    def _wanted(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> Callable[[Order], bool]:
        which = next(iter([*arguments, *named.values()]), None)
        if which is None:
            return lambda _: True
        if callable(which):
            return lambda order: bool(which(order))
        symbol = self._broker.engine.symbol(which)
        return lambda order: order.symbol == symbol


class Broker:
    """Takes orders and fills them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.orders: list[Order] = []

    def submit(self, security: Security, quantity: float, kind: Any, tag: str) -> OrderTicket:
        """Takes an order, or refuses it as LEAN would; a refused order is invalid and said in the log."""
        engine = self.engine
        whole = int(quantity)
        if whole != quantity:
            raise NotCarriedOutError(f"an order of {quantity} {security.symbol}: lean_engine knows whole lots only")
        order = Order(len(self.orders) + 1, security.symbol, whole, kind, tag, engine.now, engine.day)
        if refusal := self._why_not_sent(security, order):
            order._status = OrderStatus.INVALID
            engine.error(refusal)
            return OrderTicket(order, self)
        self.orders.append(order)
        engine.tell(OrderEvent(order))
        self._refuse_if_too_dear(security, order)
        if order.status in _OPEN and kind == OrderType.MARKET:
            self._fill_if_possible(security, order)
        return OrderTicket(order, self)

    def cancel(self, order: Order, tag: str | None) -> None:
        """Cancels an open order."""
        if order.status not in _OPEN:
            return
        order._status = OrderStatus.CANCELED
        order._tag = order._tag if tag is None else tag
        self.engine.tell(OrderEvent(order))

    def scan(self) -> None:
        """Fills what can be filled now."""
        for order in [each for each in self.orders if each._status in _OPEN and each._time != self.engine.now]:
            security = self.engine.securities[order.symbol]
            if self._awaits_bar(security, order) or self._refuse_if_too_dear(security, order):
                continue
            self._fill_if_possible(security, order)

    def _awaits_bar(self, security: Security, order: Order) -> bool:
        """LEAN looks at an order for the open, its buying power too, once a bar came after it was given."""
        bar = security._bar
        return order.type == OrderType.MARKET_ON_OPEN and (bar is None or bar.end_time <= order.time)

    def _why_not_sent(self, security: Security, order: Order) -> str | None:
        name = security.symbol.value
        if self.engine.warming_up or not self.engine.initialized:
            return "This operation is not allowed in Initialize or during warm up: OrderRequest.Submit."
        if order._quantity == 0:
            return f"Unable to submit order with id {order.id} that has zero quantity."
        if not security.is_tradable:
            return f"The security with symbol '{name}' is marked as non-tradable."
        if security.type == SecurityType.FUTURE and order.type == OrderType.MARKET_ON_OPEN:
            return "MarketOnOpen orders not supported for Future."
        if security.price == 0:
            return f"{name}: {NO_PRICE_YET}"
        return None

    def _refuse_if_too_dear(self, security: Security, order: Order) -> bool:
        reason = self.engine.portfolio._why_refused(security, order._quantity)
        if reason is None:
            return False
        order._status = OrderStatus.INVALID
        text = f"Order Error: ids: [{order.id}], Insufficient buying power to complete order"
        self.engine.error(f"{text} (Value:{security.price * order.quantity:.2f}), Reason: Id: {order.id}, {reason}")
        self.engine.tell(OrderEvent(order, text))
        return True

    def _fill_if_possible(self, security: Security, order: Order) -> None:
        bar = security._bar
        if bar is None:
            return
        fresh_open = bar.time >= order.time
        current = bar.end_time == self.engine.now
        if order.type == OrderType.MARKET_ON_OPEN:
            price = bar.open if fresh_open else None
        # A market order of a future: at once at a bar that has just closed, else with the next bar.
        elif current:
            price = bar.open if fresh_open else bar.close
        else:
            price = None
        if price is None:
            return
        slipped = security._slippage * security._price()
        order._price = to_decimal(price) + (slipped if order._quantity > 0 else -slipped)
        order._fill_day, order._status = self.engine.day, OrderStatus.FILLED
        order._fee = security._fee(order._quantity)
        self.engine.portfolio._cash += security.holdings._fill(order._quantity, order._price, order._fee) - order._fee
        self.engine.tell(OrderEvent(order))
