"""Reads the section walk_forward, and those of success_criteria that only an analysis of windows can meet."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from strategy_testing.config.findings import Findings
from strategy_testing.config.model import BacktestSettings, WalkForward
from strategy_testing.config.yaml_source import YamlPath
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.protocol import Search
from strategy_testing.walk_forward.choice import BEST, PLATEAU
from strategy_testing.walk_forward.criteria import CRITERIA
from strategy_testing.walk_forward.windows import Period, Window, cut_windows, window_faults

_SECTION = "walk_forward"
_MONTHS = ("in_sample_months", "out_of_sample_months")
_BY_MONTHS = (*_MONTHS, "anchored", "last_window")
_DATES = ("start_date", "end_date")


def read_walk_forward(findings: Findings, backtest: BacktestSettings, search: Search | None) -> WalkForward | None:
    """The section; None where there is none, or where something is wrong with it.

    Args:
        findings: gets every mistake.
        backtest: whose period is cut into windows.
        search: what is varied, None where that cannot be read.
    """
    thresholds = _thresholds(findings)
    if _SECTION not in findings.document.data:
        for name in thresholds:
            findings.problem(("success_criteria", name), "is for a walk-forward analysis; add a section walk_forward")
        return None
    values = findings.sound(findings.section(_SECTION), _SECTION)
    choose = values.get("choose", BEST)
    if choose == PLATEAU and search is not None and not isinstance(search, GridSearch):
        findings.problem((_SECTION, "choose"), "plateau looks at a combination's neighbours in a grid; "
                                               f"write best, or {GridSearch.name}")  # fmt: skip
    whole = _whole(findings, backtest, is_needed="windows" not in values)
    listed = "windows" in findings.section(_SECTION) and findings.section(_SECTION)["windows"] != []
    windows = _listed(findings, values, whole) if listed else _cut(findings, values, whole)
    if not windows:
        return None
    return WalkForward(
        windows=windows,
        choose=choose,
        tests_all=values.get("out_of_sample") == "all",
        thresholds=thresholds,
    )


def _thresholds(findings: Findings) -> dict[str, Decimal]:
    given = findings.sound(findings.section("success_criteria"), "success_criteria")
    thresholds = {name: Decimal(given[name]) for name in given if name in CRITERIA}
    for name, limit in thresholds.items():
        if CRITERIA[name].is_share and not 0 <= limit <= 1:
            hint = (
                f"write {(limit / 100).normalize():f} for {limit} %" if limit > 1 else "write a fraction, 0.15 for 15 %"
            )
            findings.problem(("success_criteria", name), f"{limit} is not a fraction from 0 to 1; {hint}")
    return thresholds


def _whole(findings: Findings, backtest: BacktestSettings, *, is_needed: bool) -> Period | None:
    """The period of the section backtest."""
    for key in _DATES:
        if is_needed and getattr(backtest, key) is None and f"backtest.{key}" not in findings.broken:
            findings.problem(("backtest", key), "is missing; a walk-forward analysis needs it to cut its windows")
    if backtest.start_date is None or backtest.end_date is None or backtest.start_date > backtest.end_date:
        return None
    return Period(backtest.start_date, backtest.end_date)


def _cut(findings: Findings, values: Mapping[str, Any], whole: Period | None) -> tuple[Window, ...]:
    """The windows of in_sample_months and out_of_sample_months."""
    for key in _MONTHS:
        if key not in findings.section(_SECTION):
            findings.problem(
                (_SECTION, key), "is missing; add it (docs/CONFIG_FORMAT.md lists every key), or list windows"
            )
    if whole is None or not set(_MONTHS) <= values.keys():
        return ()
    inside, outside = (values[key] for key in _MONTHS)
    is_kept = values.get("last_window") == "keep"
    windows = cut_windows(whole, inside, outside, anchored=values.get("anchored", False), keep_last=is_kept)
    if not windows:
        findings.problem(
            (_SECTION,),
            f"backtest {whole} is too short for {inside} in-sample and {outside} out-of-sample months; "
            "lengthen it, or shorten the window",
        )
    return tuple(windows)


def _listed(findings: Findings, values: Mapping[str, Any], whole: Period | None) -> tuple[Window, ...]:
    """The windows of the list `windows`."""
    for key in _BY_MONTHS:
        if key in findings.section(_SECTION):
            findings.problem((_SECTION, key), "does not go with windows, which name every day; keep one of them")
    if findings.breaks(_SECTION, "windows"):
        return ()
    windows = []
    for index, each in enumerate(values["windows"]):
        periods = [_period(findings, each, index, part) for part in ("in_sample", "out_of_sample")]
        if periods[0] is not None and periods[1] is not None:
            windows.append(Window(index + 1, periods[0], periods[1]))
    if len(windows) < len(values["windows"]):
        return ()
    faults = window_faults(windows, whole)
    for index, fault in faults:
        findings.problem((_SECTION, "windows", index), fault)
    return () if faults else tuple(windows)


def _period(findings: Findings, window: Mapping[str, Sequence[str]], index: int, part: str) -> Period | None:
    path: YamlPath = (_SECTION, "windows", index, part)
    if len(window[part]) != 2:
        findings.problem(path, "must be two days, [START, END]")
        return None
    days = []
    for place, text in enumerate(window[part]):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            findings.problem((*path, place), f"{text} is not a day of the calendar; fix the month or the day")
    return Period(*days) if len(days) == 2 else None
