"""The conditions of `where`: what they mean, and what is said of those that mean nothing."""

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy_testing.search.conditions import ConditionError, UnknownNameError, parse_condition
from strategy_testing.search.space import ListParameter, Parameter, RangeParameter

PARAMETERS: tuple[Parameter, ...] = (
    RangeParameter("fast", Decimal(10), Decimal(50), Decimal(10)),
    RangeParameter("slow", Decimal(10), Decimal(50), Decimal(10)),
    RangeParameter("stop.pct", Decimal("0.01"), Decimal("0.03"), Decimal("0.01")),
    ListParameter("trend", ("true", "false")),
    ListParameter("pair", ("SPY/QQQ", "a,b:c d")),
    ListParameter("window", (Decimal(5), "all")),
)


def _holds(text: str, **values: Any) -> bool:
    given_values: dict[str, Any] = {
        "fast": Decimal(20),
        "slow": Decimal(30),
        "trend": True,
        "pair": "SPY/QQQ",
        "window": "all",
    }
    return parse_condition(text, PARAMETERS).holds(given_values | {"stop.pct": Decimal("0.02")} | values)


@pytest.mark.parametrize(
    "text",
    [
        "fast < slow", "fast <= 20", "slow > 25", "slow >= 30", "fast == 20.0", "fast != slow", " fast < slow ",
        "10 < fast < slow < 31", "fast + 10 == slow", "slow - fast == 10", "2 * fast > slow", "slow / 4 == 7.5",
        "-fast < 0", "fast * (slow - 20) == 200", "fast + 2 * 5 == slow",
        "trend", "not not trend", "trend == true", "trend != False", "trend and fast < slow",
        "not trend or fast < slow",
        "pair == 'SPY/QQQ'", 'pair != "a,b:c d"', "window == 'all'", "window != 5", "true",
        "stop.pct * 3 == 0.06", "0.1 + 0.2 == 0.3",
    ],
)  # fmt: skip
def test_a_condition_that_holds(text: str) -> None:
    assert _holds(text) is True
    assert _holds(f"not ({text})") is False


def test_and_binds_closer_than_or_and_a_chain_is_all_of_its_pairs() -> None:
    assert _holds("trend or fast < 0 and slow < 0")
    assert not _holds("(trend or fast < 0) and slow < 0")
    assert not _holds("10 < fast < slow < 30")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fast <", "cannot be read; a condition compares"),
        ("fast = 20", "cannot be read"),
        ("fast < slow && trend", "cannot be read"),
        ("", "cannot be read"),
        ("fast", "is a number and no condition; compare it, as in a < b"),
        ("'SPY'", "is a text and no condition"),
        ("fast + 1", "is a number and no condition"),
        ("fast and trend", "'fast' is a number, and only true or false can be joined by and, or"),
        ("not pair", "'pair' is a text, and only true or false can be negated by not"),
        ("trend + 1 < 2", "'trend' is true or false, and only a number can be calculated with"),
        ("-pair == 1", "'pair' is a text, and only a number can be calculated with"),
        ("fast < '20'", "'fast' is a number and \"'20'\" is a text; compare like with like"),
        ("trend == 1", "'trend' is true or false and '1' is a number; compare like with like"),
        ("pair < 'z'", "'pair' is a text, which has no order; compare it by == or !="),
        ("trend > false", "'trend' is true or false, which has no order"),
        ("window > 3", "'window' is a number in some combinations and a text in others, which has no order"),
        ("fast in (10, 20)", "'fast in (10, 20)' cannot be used; a condition compares"),
        ("fast is slow", "'fast is slow' cannot be used"),
        ("max(fast, slow) < 30", "'max(fast, slow)' cannot be used"),
        ("__import__('os').remove('x') == 1", "cannot be used"),
        ("fast ** 2 < 9", "'fast ** 2' cannot be used"),
        ("fast % 20 == 0", "'fast % 20' cannot be used"),
        ("+fast < 9", "'+fast' cannot be used"),
        ("[fast] == [20]", "cannot be used"),
        ("(fast := 3) < 4", "cannot be used"),
        ("fast < 1j", "'1j' cannot be used"),
        ("(lambda: true)()", "cannot be used"),
        ("1 if trend else 0", "cannot be used"),
        ("f'{fast}' == 'a'", "cannot be used"),
        ("(" * 300, "cannot be read"),
        ("not " * 5000 + "trend", "cannot be read"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        parse_condition(text, PARAMETERS)
    assert said in str(refusal.value)


@pytest.mark.parametrize("name", ["fst", "start_date", "stop", "os.environ"])
def test_a_name_that_is_no_parameter(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"^{name}$"):
        parse_condition(f"{name} < 3", PARAMETERS)


_Case = tuple[str, Callable[[dict[str, int]], Any]]
_ORDER = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_SUMS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_numbers: st.SearchStrategy[_Case] = st.recursive(
    st.sampled_from(["fast", "slow"]).map(lambda name: (name, lambda v: Fraction(v[name])))
    | st.integers(0, 60).map(lambda n: (str(n), lambda _: Fraction(n))),
    lambda inner: st.tuples(inner, st.sampled_from(list(_SUMS)), inner).map(
        lambda t: (f"({t[0][0]} {t[1]} {t[2][0]})", lambda v: _SUMS[t[1]](t[0][1](v), t[2][1](v)))
    ),
    max_leaves=4,
)
_comparisons: st.SearchStrategy[_Case] = st.tuples(_numbers, st.sampled_from(list(_ORDER)), _numbers).map(
    lambda t: (f"{t[0][0]} {t[1]} {t[2][0]}", lambda v: _ORDER[t[1]](t[0][1](v), t[2][1](v)))
)
_conditions: st.SearchStrategy[_Case] = st.recursive(
    _comparisons,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda t: (
                f"({t[0][0]} {t[1]} {t[2][0]})",
                lambda v: (t[0][1](v) and t[2][1](v)) if t[1] == "and" else (t[0][1](v) or t[2][1](v)),
            )
        )
        | inner.map(lambda t: (f"not ({t[0]})", lambda v: not t[1](v)))
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=200)
@given(_conditions, st.integers(-3, 60), st.integers(-3, 60))
def test_a_condition_means_what_its_parts_mean(case: _Case, fast: int, slow: int) -> None:
    text, expected = case
    assert _holds(text, fast=Decimal(fast), slow=Decimal(slow)) is expected({"fast": fast, "slow": slow})
