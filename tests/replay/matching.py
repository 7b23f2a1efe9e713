"""Which recorded backtests a request asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any

from replay.recording import Backtest, Recording
from replay.refusals import ReplayError

Key = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Job:
    """One requested combination and the recorded backtest that answers it."""

    parameters: dict[str, str]
    backtest: Backtest


@dataclass(frozen=True)
class Match:
    """What to replay: everything as recorded, or the jobs; with fixed parameters the recording does not list."""

    exact: bool
    jobs: list[Job]
    fixed: dict[str, str]


def decimal(value: object) -> Decimal:
    """Read a number as the engine does: in decimal, without the zeros of a binary float."""
    number = Decimal(str(value))
    if isinstance(value, float):
        number = number.normalize()
    return number if int(number.as_tuple().exponent) <= 0 else number.quantize(Decimal(1))


def same_form(value: object) -> str:
    """Write a value so that equal numbers are equal texts."""
    try:
        return f"{Decimal(str(value).strip()).normalize():f}"
    except InvalidOperation:
        return str(value).strip()


def key(parameters: Mapping[str, object]) -> Key:
    """Return a combination in a form that can be compared."""
    return frozenset((name, same_form(value)) for name, value in parameters.items())


def combinations(config: dict[str, Any]) -> list[dict[str, str]]:
    """Enumerate a grid in LEAN's order: the last parameter runs fastest."""
    names = [str(parameter["name"]) for parameter in config.get("parameters", [])]
    values = [_values(parameter, config) for parameter in config.get("parameters", [])]
    return [dict(zip(names, chosen, strict=True)) for chosen in product(*values)] if names else []


def match_optimization(
    recording: Recording, config: dict[str, Any], anything: bool, table: list[tuple[dict[str, str], dict[str, str]]]
) -> Match:
    """Decide how to replay an optimization; raises ReplayError if the recording cannot answer it.

    The table holds what LEAN's optimizer asks for beside what LEAN then gets, where something stands between them.
    """
    if anything or not recording.backtests:
        return Match(True, [], {})
    if table:
        real = [parameters for _, parameters in table]
        fixed = _unlisted(real, set(recording.backtests[0].parameters))
        listed = [{name: text for name, text in each.items() if name not in fixed} for each in real]
        wanted = [(asked, each) for (asked, _), each in zip(table, listed, strict=True)]
        return Match(False, _jobs(recording, wanted, fixed, partial=False), fixed)
    if _is_euler(config) or _is_euler(recording.config):
        return _match_euler(recording, config)
    asked = combinations(config)
    if not asked:
        raise ReplayError(f"the recording {recording.name} holds no backtest for an empty grid")
    fixed = _unlisted(asked, set(recording.backtests[0].parameters))
    wanted = [(full, {name: text for name, text in full.items() if name not in fixed}) for full in asked]
    grid = {key(parameters) for parameters in combinations(recording.config)}
    exact = {key(parameters) for _, parameters in wanted} == grid
    return Match(exact, _jobs(recording, wanted, fixed, partial=exact), fixed)


def match_backtest(recording: Recording, parameters: dict[str, str], anything: bool) -> Match:
    """Decide how to replay a backtest of one combination."""
    if recording.command == "backtest":
        fixed = _unlisted([parameters], set(recording.parameters))
        listed = {name: text for name, text in parameters.items() if name not in fixed}
        if not anything and recording.summary():
            if key(listed) != key(recording.parameters):
                raise ReplayError(f"the recording {recording.name} holds no backtest for {_words(parameters)}")
            _check_fixed(recording, fixed, recording.summary())
        return Match(True, [], {} if anything else fixed)
    fixed = _unlisted([parameters], set(recording.backtests[0].parameters) if recording.backtests else set())
    listed = {name: text for name, text in parameters.items() if name not in fixed}
    if anything:
        finished = [backtest for backtest in recording.backtests if recording.finished(backtest)]
        chosen = [backtest for backtest in finished if key(backtest.parameters) == key(listed)] or finished[:1]
        if chosen:
            return Match(False, [Job(chosen[0].parameters, chosen[0])], {})
    return Match(False, _jobs(recording, [(parameters, listed)], fixed, partial=False), fixed)


def _jobs(
    recording: Recording, wanted: list[tuple[dict[str, str], dict[str, str]]], fixed: dict[str, str], partial: bool
) -> list[Job]:
    known: dict[Key, Backtest] = {}
    for backtest in recording.backtests:
        if recording.finished(backtest):
            known.setdefault(key(backtest.parameters), backtest)
    jobs = []
    for full, listed in wanted:
        found = known.get(key(listed))
        if found:
            jobs.append(Job(full, found))
        elif not partial:
            raise ReplayError(f"the recording {recording.name} holds no backtest for {_words(listed)}")
    if fixed:
        summaries = (recording.summary(job.backtest) for job in jobs)
        _check_fixed(recording, fixed, next((summary for summary in summaries if summary.get("statistics")), {}))
    return jobs


def _values(parameter: dict[str, Any], config: dict[str, Any]) -> list[str]:
    if "value" in parameter:
        return [str(parameter["value"])]
    low, high = decimal(parameter["min"]), decimal(parameter["max"])
    if parameter.get("step") is None:
        segments = config.get("optimization-strategy-settings", {}).get("default-segment-amount", 10)
        step = abs(high - low) / decimal(segments)
    else:
        step = decimal(parameter["step"])
    if step <= 0:
        return []
    count = int((high - low) / step) + 1 if high >= low else 0
    return [f"{low + index * step:f}" for index in range(count)]


def _is_euler(config: dict[str, Any]) -> bool:
    return "Euler" in str(config.get("optimization-strategy", "")) and any(
        "min-step" in parameter for parameter in config.get("parameters", [])
    )


def _match_euler(recording: Recording, config: dict[str, Any]) -> Match:
    if _is_euler(config) and _search(config) == _search(recording.config):
        return Match(True, [Job(backtest.parameters, backtest) for backtest in recording.backtests], {})
    if _is_euler(config):
        raise ReplayError(f"the recording {recording.name} holds no backtest for this Euler search")
    wanted = [(full, full) for full in combinations(config)]
    return Match(False, _jobs(recording, wanted, {}, partial=False), {})


def _search(config: dict[str, Any]) -> tuple[str, str, frozenset[Key]]:
    settings = config.get("optimization-strategy-settings", {})
    parameters = frozenset(key(parameter) for parameter in config.get("parameters", []))
    return str(config["optimization-strategy"]), same_form(settings.get("default-segment-amount")), parameters


def _unlisted(asked: list[dict[str, str]], listed: set[str]) -> dict[str, str]:
    return {
        name: asked[0][name]
        for name in asked[0]
        if name not in listed and len({parameters[name] for parameters in asked}) == 1
    }


def _check_fixed(recording: Recording, fixed: dict[str, str], summary: dict[str, Any]) -> None:
    settings = summary.get("algorithmConfiguration", {})
    used = {
        "start_date": str(settings.get("startDate"))[:10],
        "end_date": str(settings.get("endDate"))[:10],
        "initial_capital": summary.get("totalPerformance", {}).get("portfolioStatistics", {}).get("startEquity"),
    }
    for name, value in fixed.items():
        if name not in used:
            raise ReplayError(f"the recording {recording.name} knows no parameter {name}")
        text = value[:10] if name.endswith("_date") else value
        if same_form(text) != same_form(used[name]):
            raise ReplayError(f"the recording {recording.name} ran with {name} {used[name]}, not {value}")


def _words(parameters: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items()) or "no parameters"
