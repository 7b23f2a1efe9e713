"""What each search answers, out of a config and out of what LEAN was given."""

import json
from decimal import Decimal
from typing import Any

import pytest

from strategy_testing.paths import PROJECT_ROOT
from strategy_testing.results.optimizer_config import read_search
from strategy_testing.search.euler_search import EulerSearch
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.protocol import Part, Refinement
from strategy_testing.search.searches import SEARCHES
from strategy_testing.search.space import ListParameter, Parameter, Progression, RangeParameter

PERIOD = RangeParameter("period", Decimal(10), Decimal(30), Decimal(10))
TREND = ListParameter("trend", ("true", "false"))
STRATEGIES = "QuantConnect.Optimizer.Strategies."
BOUNDS = {"name": "period", "min": 10, "max": 30, "step": 10}


def _as_lean_was_given_it(search: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"optimization-strategy": f"{STRATEGIES}{search}OptimizationStrategy", "parameters": list(parameters)}


def test_the_schema_allows_every_search_and_no_other() -> None:
    schema = json.loads((PROJECT_ROOT / "configs/schemas/optimization.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["optimization"]["properties"]["type"]["enum"] == list(SEARCHES)


@pytest.mark.parametrize(("search", "is_same"), [("Grid Search", True), ("Euler Search", False)])
def test_spellings_of_a_number_are_one_combination_of_a_grid_and_two_of_an_euler_search(
    search: str, is_same: bool
) -> None:
    found = SEARCHES[search]((PERIOD,))
    assert (found.key({"period": "30"}) == found.key({"period": "30.0"})) is is_same
    assert found.key({"period": "30", "trend": "true"}) == found.key({"trend": "true", "period": "30"})
    assert found.key({"period": "30"}) != found.key({"period": "20"})


def test_a_grid_knows_its_combinations_beforehand() -> None:
    search = GridSearch((PERIOD, TREND))
    assert search.combinations == 6
    assert search.includes({"trend": "false", "period": "20.0"})
    assert not search.includes({"trend": "false", "period": "25"})
    assert not search.includes({"period": "20"})
    assert not search.includes({"trend": "false", "period": "20", "further": "1"})


def test_a_regular_grid_is_what_leans_own_ranges_say() -> None:
    level = ListParameter("level", (Decimal(30), Decimal(20), Decimal(10)))
    axes = {"period": PERIOD.progression, "level": Progression(Decimal(10), Decimal(10), 3)}
    assert GridSearch((PERIOD, level)).parts([]) == [Part(axes, 9)]
    assert GridSearch((PERIOD, level)).parts([{"period": "15", "level": "20"}]) == [Part(axes, 9)]


def test_of_a_grid_what_is_not_done_is_one_list() -> None:
    done = [{"period": "20", "trend": "true"}, {"period": "20.0", "trend": "false", "start_date": "2015-01-01"}]
    rows = tuple({"period": period, "trend": trend} for period in ("10", "30") for trend in ("true", "false"))
    counted = {"combination": Progression(Decimal(0), Decimal(1), 4)}
    assert GridSearch((PERIOD, TREND)).parts(done) == [Part(counted, 4, rows)]


def test_an_euler_search_begins_anew_whatever_is_done() -> None:
    search = EulerSearch((PERIOD, ListParameter("lookback", (Decimal("20.0"),))))
    refined = Refinement(Decimal(10), Decimal(30), Decimal(10), Decimal(10))
    assert search.combinations is None
    assert not search.includes({"period": "20", "lookback": "20"})
    assert search.parts([{"period": "20", "lookback": "20"}]) == [Part({"period": refined, "lookback": "20"}, None)]


def test_the_search_is_read_back_from_what_lean_was_given() -> None:
    fixed = {"name": "start_date", "value": "2015-01-01"}
    grid = read_search(_as_lean_was_given_it("GridSearch", BOUNDS, fixed))
    assert grid == GridSearch((PERIOD, ListParameter("start_date", ("2015-01-01",))))
    assert grid.combinations == 3
    euler = read_search(_as_lean_was_given_it("EulerSearch", BOUNDS | {"min-step": 2.5}))
    finest: Parameter = RangeParameter("period", Decimal(10), Decimal(30), Decimal(10), Decimal("2.5"))
    assert euler == EulerSearch((finest,))


@pytest.mark.parametrize("damage", [{"max": None}, {"step": 0}, {"min": "NaN"}, {"max": "Infinity"}, {"step": "ten"}])
def test_of_a_damaged_file_the_search_is_known_but_not_how_much_it_asked_for(damage: dict[str, Any]) -> None:
    grid = read_search(_as_lean_was_given_it("GridSearch", BOUNDS | damage))
    assert grid == GridSearch(())
    assert grid.combinations is None
    assert read_search(_as_lean_was_given_it("EulerSearch", BOUNDS | damage)) == EulerSearch(())


@pytest.mark.parametrize("content", [{}, _as_lean_was_given_it("RandomSearch", BOUNDS)])
def test_a_search_that_we_do_not_know_is_none(content: dict[str, Any]) -> None:
    assert read_search(content) is None
