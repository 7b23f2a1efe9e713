"""Reads the section optimization.where: the conditions that restrict a search, and what may go wrong with them."""

from collections.abc import Sequence

from strategy_testing.config.findings import Findings
from strategy_testing.config.schema_validation import suggestion
from strategy_testing.config.yaml_source import YamlPath
from strategy_testing.search.conditions import Condition, ConditionError, UnknownNameError, parse_condition
from strategy_testing.search.protocol import Search

_SECTION: YamlPath = ("optimization", "where")


def read_where(findings: Findings, search: Search, given: Sequence[str], names: Sequence[str]) -> Search:
    """The search as the conditions restrict it; unrestricted where something is wrong with them.

    Args:
        findings: gets every mistake and doubt.
        search: of the parameters that are sound.
        given: the conditions.
        names: of all parameters, sound or not.
    """
    conditions: dict[int, Condition] = {}
    for index, text in enumerate(given):
        try:
            conditions[index] = parse_condition(text, search.parameters)
        except UnknownNameError as error:
            if str(error) not in names:
                findings.problem((*_SECTION, index), f"{error} is no parameter; {suggestion(str(error), names)}")
        except ConditionError as error:
            findings.problem((*_SECTION, index), str(error))
    restricted = search.restricted(tuple(conditions.values())) if given else search
    if isinstance(restricted, str):
        findings.problem(_SECTION, restricted)
        return search
    if len(conditions) < len(given) or len(search.parameters) < len(names):
        return search
    for index, condition in conditions.items():
        _check_effect(findings, search, (condition,), (*_SECTION, index))
    if not findings.found_beyond_schema and len(conditions) > 1:
        _check_effect(findings, search, tuple(conditions.values()), _SECTION)
    return restricted


def _check_effect(findings: Findings, search: Search, conditions: tuple[Condition, ...], path: YamlPath) -> None:
    """Notes where conditions leave nothing, or everything."""
    restricted = search.restricted(conditions)
    assert not isinstance(restricted, str)  # its caller has asked  # noqa: S101
    try:
        left = restricted.combinations
    except ArithmeticError:
        findings.problem(path, "divides by zero in a combination; multiply instead, or exclude that value")
        return
    if left == 0:
        all_of = "it" if len(conditions) == 1 else "all of them"
        findings.problem(path, f"no combination satisfies {all_of}; correct it, or leave it out")
    elif left == search.combinations:
        findings.warning(path, "excludes no combination; correct it, or leave it out")
