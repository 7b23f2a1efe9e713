"""Properties of the combinations: counted as LEAN counts, refined without a rounding error."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from strategy_testing.search.euler_search import SEGMENTS, halves_evenly, steps
from strategy_testing.search.space import (
    ListParameter,
    Progression,
    RangeParameter,
    canonical_value,
    range_count,
)

numbers = st.decimals(min_value=-50, max_value=50, places=3)
positive_steps = st.decimals(min_value=Decimal("0.25"), max_value=20, places=3)


@st.composite
def ranges(draw: st.DrawFn, name: str = "range") -> RangeParameter:
    start = draw(numbers)
    width = draw(st.decimals(min_value=0, max_value=5, places=3))
    return RangeParameter(name, start, start + width, draw(positive_steps))


@st.composite
def whole_ranges(draw: st.DrawFn) -> RangeParameter:
    start = draw(st.integers(-100, 100))
    end = start + draw(st.integers(0, 300))
    step = draw(st.integers(1, 20))
    return RangeParameter("range", Decimal(start), Decimal(end), Decimal(step))


def _enumerated(parameter: RangeParameter) -> list[Decimal]:
    """LEAN's rule, value by value."""
    values, i = [], 0
    while parameter.start + i * parameter.step <= parameter.end:
        values.append(parameter.start + i * parameter.step)
        i += 1
    return values


@given(ranges())
def test_the_count_of_a_range_is_that_of_a_naive_enumeration(parameter: RangeParameter) -> None:
    assert range_count(parameter.start, parameter.end, parameter.step) == len(_enumerated(parameter))


def test_a_cent_to_two_by_half_a_cent_is_three_values() -> None:
    assert range_count(Decimal("0.01"), Decimal("0.02"), Decimal("0.005")) == 3


def test_evenly_spaced_values_in_any_order_are_a_range() -> None:
    even = ListParameter("a", (Decimal(30), Decimal(10), Decimal(20)))
    assert even.progression == Progression(Decimal(10), Decimal(10), 3)
    assert ListParameter("a", (Decimal("0.5"),)).progression == Progression(Decimal("0.5"), Decimal(1), 1)
    assert ListParameter("a", (Decimal(10), Decimal(20), Decimal(50))).progression is None
    assert ListParameter("a", ("true", "false")).progression is None


@given(whole_ranges())
def test_the_first_euler_step_halves_evenly_to_the_finest(parameter: RangeParameter) -> None:
    first, finest = steps(parameter)
    assert finest == parameter.step
    assert halves_evenly(first, finest)
    assert first == first.to_integral_value()
    assert first == finest or range_count(parameter.start, parameter.end, first) >= 3


def test_what_does_not_halve_evenly() -> None:
    assert halves_evenly(Decimal(8), Decimal(1))
    assert halves_evenly(Decimal("0.5"), Decimal("0.125"))
    assert not halves_evenly(Decimal(10), Decimal(3))
    assert not halves_evenly(Decimal(1), Decimal(2))


@given(whole_ranges(), st.data())
def test_refining_whole_numbers_as_lean_does_stays_whole_and_ends_at_the_finest_step(
    parameter: RangeParameter, data: st.DataObject
) -> None:
    step, finest = steps(parameter)
    values = _enumerated(RangeParameter("range", parameter.start, parameter.end, step))
    tested = list(values)
    while step > finest:
        best = data.draw(st.sampled_from(values))
        step = max(finest, step / SEGMENTS)
        reach = step * SEGMENTS / 2
        low, high = max(parameter.start, best - reach), min(parameter.end, best + reach)
        values = _enumerated(RangeParameter("range", low, high, step))
        tested += values
    assert step == finest
    assert all("." not in str(value) for value in tested)


@given(numbers)
def test_the_spellings_of_a_number_are_one_value(number: Decimal) -> None:
    assert canonical_value(f"{number}000") == canonical_value(str(number))
    assert Decimal(canonical_value(str(number))) == number


def test_a_text_is_its_own_spelling() -> None:
    assert [canonical_value(text) for text in ("SPY", "true", "30.0", "2.500", "-0", "1E+1")] == [
        "SPY",
        "true",
        "30",
        "2.5",
        "0",
        "10",
    ]
