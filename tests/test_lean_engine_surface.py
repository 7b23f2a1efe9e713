"""The fake's surface is LEAN's: what LEAN does not have is refused, what the fake does not carry out is said."""

from __future__ import annotations

import pytest

from lean_engine import flat
from lean_engine.constants import MovingAverageType, Resolution, enumeration
from lean_engine.errors import NotCarriedOutError
from lean_engine.stubs import stub_class
from lean_engine.surface import StubBacked
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401


def public_names(kind: type) -> set[str]:
    lineage = [each for each in kind.__mro__ if each not in (object, StubBacked)]
    return {name for each in lineage for name in vars(each) if not name.startswith("_")}


def descendants(kind: type[StubBacked]) -> list[type[StubBacked]]:
    return [each for child in kind.__subclasses__() for each in (child, *descendants(child))]


API = sorted({each for each in descendants(StubBacked) if "_stub" in vars(each)}, key=lambda each: each.__name__)


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.__name__) for kind in API])
def test_the_fake_has_nothing_that_lean_does_not_have(kind: type[StubBacked]) -> None:
    stub = stub_class(kind._stub)
    assert stub is not None
    assert {name for name in public_names(kind) if stub.find(name) is None} == set()


def test_constants_are_leans() -> None:
    assert (Resolution.DAILY, MovingAverageType.WILDERS) == (4, 2)
    assert enumeration("QuantConnect.Brokerages.BrokerageName").INTERACTIVE_BROKERS_BROKERAGE == 2
    with pytest.raises(AttributeError):
        _ = Resolution.WEEKLY


@pytest.mark.parametrize(
    "call",
    [
        "self.set_holdings(self._symbol, 0.5, reason='x')",
        "self.rsi(self._symbol, 14, Resolution.DAILY)",  # the average's type comes first
        "self.sma(self._symbol, 20.0, Resolution.DAILY)",
        "self.sma(self._symbol, Resolution.DAILY)",  # an enumeration's member is no number
        "self.set_holdings('SPY')",  # nor is a text a list of targets
        "self.market_order(self._symbol)",
        "self.market_order(self._symbol, '10')",
        "self.set_warm_up(10, 'daily')",
        "self.bb(self._symbol, 20, 2, Resolution.DAILY, MovingAverageType.SIMPLE)",
        "BollingerBands(20)",
        "ExponentialMovingAverage(length=3)",
    ],
)
def test_arguments_that_lean_does_not_take_are_refused(run: Run, call: str) -> None:
    with pytest.raises(TypeError, match="no overload of"):
        run(spy(flat(100, 3)), start=call)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("self.history(self._symbol, 10, Resolution.DAILY)", r"QCAlgorithm\.history"),
        ("self.schedule.on()", r"QCAlgorithm\.schedule"),
        ("self.portfolio.cash_book", r"SecurityPortfolioManager\.cash_book"),
        ("self.securities[self._symbol].fee_model = None", r"Equity\.fee_model"),
        ("self.add_equity('QQQ', Resolution.MINUTE)", "daily data only"),
        ("self.rsi(self._symbol, 9, MovingAverageType.HULL)", "MovingAverageType.HULL"),
        ("ConstantFeeModel(1)", "ConstantFeeModel"),
        ("Field.BID_CLOSE", r"Field\.BID_CLOSE"),
        ("self.rsi = None", r"self\.rsi"),
        ("self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.CASH)", "margin account"),
        ("self.set_holdings([PortfolioTarget(self._symbol, 1)])", "PortfolioTarget"),
        ("self.add_security_initializer([].append)", "written in Python"),
        ("self.set_benchmark(max)", "written in Python"),
        ("self.set_benchmark('SPY')", "written in Python"),
    ],
)
def test_what_lean_has_and_the_fake_does_not_carry_out_says_so(run: Run, call: str, name: str) -> None:
    with pytest.raises(NotCarriedOutError, match=name):
        run(spy(flat(100, 3)), start=call)


def test_an_event_that_the_fake_would_not_call_is_refused(run: Run) -> None:
    with pytest.raises(NotCarriedOutError, match="on_end_of_day"):
        run(spy(flat(100, 3)), "def on_end_of_day(self, symbol): pass")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("self.set_stop_loss(0.1)", AttributeError),
        ("self.portfolio.total_value", AttributeError),
        ("self.sma(self._symbol, 3, Resolution.DAILY).value", AttributeError),
        ("BrokerageName.IB", AttributeError),
        ("Field.CLOSES", AttributeError),
        ("NoSuchThing", NameError),
    ],
)
def test_what_lean_does_not_have_is_missing(run: Run, call: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(spy(flat(100, 3)), start=call)


def test_the_import_brings_what_leans_brings(run: Run) -> None:
    result = run(
        spy(flat(100, 3)), start="self.log((datetime, timedelta, date, math.pi > 3, List, Futures.Indices.VIX))"
    )
    assert "VX" in result.logs[0]
