"""What is missing of a grid search is covered exactly, by few grids."""

import itertools
import random
import time
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy_testing.search.grids import cover_missing
from strategy_testing.search.space import (
    Grid,
    ListParameter,
    Parameter,
    Progression,
    RangeParameter,
    canonical_value,
    count_combinations,
    cover_with_grids,
)
from support import combinations

GRID_72: list[Parameter] = [
    RangeParameter("rsi_period", Decimal(10), Decimal(20), Decimal(2)),
    RangeParameter("entry_threshold", Decimal(25), Decimal(35), Decimal(5)),
    RangeParameter("exit_threshold", Decimal(50), Decimal(65), Decimal(5)),
]
IRREGULAR: list[Parameter] = [
    ListParameter("period", tuple(map(Decimal, (2, 3, 5, 10, 14, 20, 50)))),
    RangeParameter("threshold", Decimal(25), Decimal(35), Decimal(5)),
    ListParameter("average", ("simple", "weighted")),
]

_Combination = frozenset[tuple[str, str]]


def steps(name: str, count: int) -> RangeParameter:
    return RangeParameter(name, Decimal(0), Decimal(count - 1), Decimal(1))


def in_leans_order(parameters: Sequence[Parameter]) -> list[dict[str, str]]:
    """The first parameter changes most slowly; grid after grid where a list takes several."""
    return [
        {name: str(value) for name, value in each.items()}
        for grid in cover_with_grids(parameters)
        for each in combinations(grid)
    ]


def identity(combination: dict[str, str]) -> _Combination:
    return frozenset((name, canonical_value(value)) for name, value in combination.items())


def check_cover(parameters: Sequence[Parameter], done: Sequence[dict[str, str]]) -> list[Grid]:
    """Covers what is missing and asserts that it is covered once, and nothing else is."""
    grids = cover_missing(parameters, done)
    covered = [
        identity({name: str(value) for name, value in each.items()}) for grid in grids for each in combinations(grid)
    ]
    wanted = {identity(each) for each in in_leans_order(parameters)} - {identity(each) for each in done}
    assert len(covered) == len(set(covered)) == sum(grid.combinations for grid in grids)
    assert set(covered) == wanted
    assert len(grids) <= len(wanted)
    for grid in grids:
        assert list(grid.axes) == [parameter.name for parameter in parameters]
        assert all(axis.step > 0 for axis in grid.axes.values() if isinstance(axis, Progression))
    return grids


numbers = st.decimals(-1000, 1000, places=2)
ranges = st.builds(
    lambda start, step, count, rest: (start, start + step * count + rest * step / 2, step),
    numbers,
    st.sampled_from([Decimal(text) for text in ("1", "0.5", "0.01", "2.50", "7", "1E+1")]),
    st.integers(0, 5),
    st.integers(0, 1),
)
texts = st.sampled_from(["SPY", "QQQ", "SPY|QQQ", "true", "false", "NaN"])
lists = st.lists(numbers | texts, min_size=1, max_size=6, unique_by=lambda value: canonical_value(str(value)))


@st.composite
def searches(draw: st.DrawFn) -> list[Parameter]:
    specs = draw(st.lists(ranges | lists, min_size=1, max_size=4))
    return [
        RangeParameter(f"p{i}", *spec) if isinstance(spec, tuple) else ListParameter(f"p{i}", tuple(spec))
        for i, spec in enumerate(specs)
    ]


@settings(deadline=None, max_examples=150)
@given(searches(), st.randoms(use_true_random=False), st.floats(0, 1))
def test_cover_is_exact_whatever_is_done(parameters: list[Parameter], chance: random.Random, share: float) -> None:
    done = [each for each in in_leans_order(parameters) if chance.random() < share]
    check_cover(parameters, done)


@settings(deadline=None, max_examples=100)
@given(searches(), st.floats(0, 1))
def test_interrupted_anywhere(parameters: list[Parameter], share: float) -> None:
    """The bound that the module states."""
    order = in_leans_order(parameters)
    done = order[: round(share * len(order))]
    grids = cover_with_grids(parameters)
    finished = sum(end <= len(done) for end in itertools.accumulate(grid.combinations for grid in grids))
    varied = max(sum(isinstance(a, Progression) and a.count > 1 for a in grid.axes.values()) for grid in grids)
    assert len(check_cover(parameters, done)) <= len(grids) - finished + max(0, varied - 1)


@settings(deadline=None, max_examples=50)
@given(searches())
def test_nothing_done_and_all_done(parameters: list[Parameter]) -> None:
    assert cover_missing(parameters, []) == cover_with_grids(parameters)
    assert cover_missing(parameters, [{"unheard_of": "1"}]) == cover_with_grids(parameters)
    assert cover_missing(parameters, in_leans_order(parameters)) == []


def test_no_parameters() -> None:
    assert cover_missing([], []) == [Grid({})]
    assert cover_missing([], [{"start_date": "2016-01-01"}]) == []


def test_spellings_and_further_parameters() -> None:
    parameters: list[Parameter] = [
        RangeParameter("a", Decimal("1.0"), Decimal("2.0"), Decimal("0.5")),
        ListParameter("b", ("true", "false")),
    ]
    done = [
        {"a": "1", "b": "true", "start_date": "2016-01-01"},
        {"a": "1.500", "b": "true"},
        {"b": "true", "a": "2.0"},
        {"a": "1.25", "b": "false"},  # not asked for
        {"a": "1"},  # says nothing of b
    ]
    assert cover_missing(parameters, done) == [
        Grid({"a": Progression(Decimal("1.0"), Decimal("0.5"), 3), "b": "false"})
    ]


def test_every_second_value_is_one_grid() -> None:
    parameters = [steps("a", 9), steps("b", 4)]
    done = [each for each in in_leans_order(parameters) if int(each["a"]) % 2]
    assert cover_missing(parameters, done) == [
        Grid({"a": Progression(Decimal(0), Decimal(2), 5), "b": Progression(Decimal(0), Decimal(1), 4)})
    ]


def test_values_of_several_pieces_of_a_list_make_one_grid() -> None:
    parameters: list[Parameter] = [ListParameter("a", tuple(map(Decimal, (1, 2, 3, 10))))]
    assert cover_missing(parameters, [{"a": "1"}, {"a": "3"}]) == [Grid({"a": Progression(Decimal(2), Decimal(8), 2)})]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_grid_72_interrupted_after_any_number(order: tuple[int, ...]) -> None:
    """Whatever order LEAN goes in, three grids do for the rest, and for doing the finished part again."""
    combinations_in_order = in_leans_order([GRID_72[i] for i in order])
    counts = []
    for done in range(73):
        counts.append(len(check_cover(GRID_72, combinations_in_order[:done])))
        assert len(check_cover(GRID_72, combinations_in_order[done:])) <= 3
    assert max(counts) == 3
    assert counts[0] == 1
    assert counts[72] == 0


def test_grid_72_interrupted_with_backtests_in_flight() -> None:
    """The last backtests end in any order: up to three of the last four combinations launched are missing too."""
    order = in_leans_order(GRID_72)
    most = 0
    for launched in range(4, 73):
        for flags in itertools.product((True, False), repeat=4):
            last = [each for each, is_done in zip(order[launched - 4 : launched], flags, strict=True) if is_done]
            most = max(most, len(check_cover(GRID_72, order[: launched - 4] + last)))
    assert most <= 5


@pytest.mark.parametrize("missing", [1, 2, 3, 5, 8, 12])
def test_scattered_failures(missing: int) -> None:
    chance = random.Random(missing)
    order = in_leans_order(GRID_72)
    for _ in range(20):
        assert len(check_cover(GRID_72, chance.sample(order, 72 - missing))) <= missing


def test_random_half_takes_far_fewer_grids_than_combinations() -> None:
    chance = random.Random(1)
    order = in_leans_order(GRID_72)
    assert max(len(check_cover(GRID_72, chance.sample(order, 36))) for _ in range(20)) <= 18


def test_irregular_lists_interrupted_after_any_number() -> None:
    order = in_leans_order(IRREGULAR)
    grids = len(cover_with_grids(IRREGULAR))
    assert max(len(check_cover(IRREGULAR, order[:done])) for done in range(len(order) + 1)) <= grids


@pytest.mark.parametrize(
    "sizes", [(20_000,), (141, 142), (20, 10, 10, 10), (7,) * 5, (2,) * 14], ids=lambda sizes: "x".join(map(str, sizes))
)
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.999])
def test_twenty_thousand_combinations(sizes: tuple[int, ...], share: float) -> None:
    parameters: list[Parameter] = [steps(f"p{i}", size) for i, size in enumerate(sizes)]
    order = in_leans_order(parameters)
    done = random.Random(1).sample(order, round(share * len(order)))
    start = time.process_time()
    grids = cover_missing(parameters, done)
    assert time.process_time() - start < 30  # at most about three seconds
    assert sum(grid.combinations for grid in grids) == count_combinations(parameters) - len(done)
    assert len(cover_missing(parameters, order[: len(done)])) <= len(sizes)
