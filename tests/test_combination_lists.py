"""What ranges cannot say is listed: each combination that is asked for once, none that is done, no other."""

import itertools
import random
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategy_testing.search.conditions import parse_condition
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.space import ListParameter, Parameter, RangeParameter, canonical_value

_Combination = frozenset[tuple[str, str]]

GRID_72 = (
    RangeParameter("rsi_period", Decimal(10), Decimal(20), Decimal(2)),
    RangeParameter("entry_threshold", Decimal(25), Decimal(35), Decimal(5)),
    RangeParameter("exit_threshold", Decimal(50), Decimal(65), Decimal(5)),
)


def _values(parameter: Parameter) -> list[str]:
    """LEAN's rule, value by value."""
    if isinstance(parameter, ListParameter):
        return [str(value) for value in parameter.values]
    values, value = [], parameter.start
    while value <= parameter.end:
        values.append(str(value))
        value += parameter.step
    return values


def _asked(parameters: Sequence[Parameter]) -> list[dict[str, str]]:
    names = [parameter.name for parameter in parameters]
    return [dict(zip(names, each, strict=True)) for each in itertools.product(*map(_values, parameters))]


def _identity(combination: Mapping[str, str]) -> _Combination:
    return frozenset((name, canonical_value(value)) for name, value in combination.items())


def _run(search: GridSearch, done: Collection[Mapping[str, str]]) -> list[_Combination]:
    """What LEAN would test: it counts through a table, or goes through the ranges."""
    tested: list[_Combination] = []
    parts = search.parts(done)
    assert len(parts) <= 1
    for part in parts:
        rows = list(part.table)
        if not rows:
            axes = {name: [str(v) for v in axis.values()] for name, axis in part.axes.items()}  # type: ignore[union-attr]
            rows = [dict(zip(axes, each, strict=True)) for each in itertools.product(*axes.values())]
        else:
            (axis,) = part.axes.values()
            assert axis.values() == [Decimal(i) for i in range(len(rows))]  # type: ignore[union-attr]
        assert part.combinations == len(rows)
        tested += map(_identity, rows)
    return tested


numbers = st.decimals(-1000, 1000, places=2)
ranges = st.builds(
    lambda start, step, count, rest: (start, start + step * count + rest * step / 2, step),
    numbers,
    st.sampled_from([Decimal(text) for text in ("1", "0.5", "0.01", "2.50", "7", "1E+1")]),
    st.integers(0, 5),
    st.integers(0, 1),
)
texts = st.sampled_from(["SPY", "QQQ", "SPY|QQQ", "a,b:c d", '"x" é', "true", "false", "NaN"])
lists = st.lists(numbers | texts, min_size=1, max_size=6, unique_by=lambda value: canonical_value(str(value)))


@st.composite
def searches(draw: st.DrawFn) -> tuple[Parameter, ...]:
    specs = draw(st.lists(ranges | lists, min_size=1, max_size=4))
    return tuple(
        RangeParameter(f"p{i}", *spec) if isinstance(spec, tuple) else ListParameter(f"p{i}", tuple(spec))
        for i, spec in enumerate(specs)
    )


@settings(deadline=None, max_examples=100)
@given(searches(), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
def test_each_combination_that_is_not_done_is_run_once(
    parameters: tuple[Parameter, ...], chance: random.Random, share: float
) -> None:
    asked = _asked(parameters)
    done = [each for each in asked if chance.random() < share]
    written = [{name: _spelt(value, chance) for name, value in each.items()} | {"end_date": "2020"} for each in done]
    partial = {name: value for name, value in asked[0].items() if name != "p0"} | {"p9": "1"}
    foreign = [dict.fromkeys(asked[0], "nobody asked"), partial]
    tested = _run(GridSearch(parameters), [*written, *foreign])
    assert len(tested) == len(set(tested))
    assert set(tested) == set(map(_identity, asked)) - set(map(_identity, done))


def _spelt(value: str, chance: random.Random) -> str:
    """A number as LEAN may write it."""
    return f"{value}0" if chance.random() < 0.5 and "." in value and value[-1].isdigit() else value


@pytest.mark.parametrize("done", range(73))
def test_a_grid_that_was_interrupted_goes_on_with_the_rest(done: int) -> None:
    asked = _asked(GRID_72)
    assert sorted(_run(GridSearch(GRID_72), asked[:done]), key=sorted) == sorted(
        map(_identity, asked[done:]), key=sorted
    )


@pytest.mark.parametrize("sizes", [(20_000,), (141, 142), (7,) * 5], ids=lambda sizes: "x".join(map(str, sizes)))
@pytest.mark.parametrize("share", [0.001, 0.999])
def test_twenty_thousand_combinations(sizes: tuple[int, ...], share: float) -> None:
    parameters = tuple(ListParameter(f"p{i}", tuple(Decimal(j * j) for j in range(n))) for i, n in enumerate(sizes))
    asked = _asked(parameters)
    done = random.Random(1).sample(asked, round(share * len(asked)))
    (part,) = GridSearch(parameters).parts(done)
    assert set(map(_identity, part.table)) == set(map(_identity, asked)) - set(map(_identity, done))
    assert part.combinations == len(part.table) == len(asked) - len(done)


def _restricted(*conditions: str) -> GridSearch:
    parameters = (
        ListParameter("fast", (Decimal(20), Decimal("30.0"), Decimal(50))),
        RangeParameter("slow", Decimal(30), Decimal(50), Decimal(10)),
        ListParameter("trend", ("true", "false")),
    )
    search = GridSearch(parameters).restricted(tuple(parse_condition(text, parameters) for text in conditions))
    assert not isinstance(search, str)
    return search


def test_conditions_leave_what_satisfies_them_all() -> None:
    search = _restricted("fast < slow", "trend or slow == 50")
    pairs = [("20", "30"), ("20", "40"), ("20", "50"), ("30", "40"), ("30", "50")]
    rows = [{"fast": f, "slow": s, "trend": t} for f, s in pairs for t in ("true", "false") if t == "true" or s == "50"]
    (part,) = search.parts([])
    assert list(part.table) == rows
    assert (search.combinations, search.size) == (len(rows), f"{len(rows)} of 18 combinations")
    (rest,) = search.parts([rows[0], {"fast": "50", "slow": "30", "trend": "true"}])
    assert list(rest.table) == rows[1:]
    assert search.parts(rows) == []
    assert search.includes({"fast": "30.0", "slow": "40", "trend": "true"})
    assert not search.includes({"fast": "50", "slow": "40", "trend": "true"})


def test_the_combination_that_stands_for_the_others_satisfies_the_conditions() -> None:
    assert _restricted("fast < slow").middle == {"fast": "30", "slow": "40", "trend": "true"}
    assert _restricted("fast >= slow").middle in [dict(row) for row in _restricted("fast >= slow").parts([])[0].table]
