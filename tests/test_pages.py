"""The HTML pages: what they say, and what headless Chromium makes of them."""

import math
import os
import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
import pytest

import results_importer
from browser import Browser, find_chromium
from strategy_testing.database.connection import Database, connect
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.metrics.daily_returns import DailyReturns
from strategy_testing.pages.curves import aligned, by_month, equity, rolling_sharpe, under_water
from strategy_testing.pages.model import Column, Explorer, Page, Words
from strategy_testing.pages.reading import run_facts
from strategy_testing.pages.rendering import rendered
from support import PROJECT, ScriptResult

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]
Recording = Callable[[str], Path]

_CONFIGS = PROJECT / "configs" / "optimizations"
_MOST_BYTES = 1_500_000
_READABLE = 4.5
"""The contrast that WCAG 2.1 asks of text (1.4.3, AA)."""
_HOSTILE = "<script>alert(1)</script> x|y'; DROP $(rm) \x1b[31mred\x1b[0m \u202ettub\u202c {{7*7}}"
_PLAIN = "<script>alert(1)</script> x|y'; DROP $(rm) red ttub {{7*7}}"

_CONTRASTS = """(() => {
  const dot = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const parsed = (colour) => {
    dot.clearRect(0, 0, 1, 1); dot.fillStyle = colour; dot.fillRect(0, 0, 1, 1);
    return [...dot.getImageData(0, 0, 1, 1).data];
  };
  const over = (above, below) => below.map((part, at) => (above[at] * above[3] + part * (255 - above[3])) / 255);
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(parsed(getComputedStyle(at).backgroundColor));
    return layers.reduce((below, above) => over(above, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const cells = [...document.querySelectorAll(".mark-rect path")];
  const behind = (text) => {
    const { x, y, width, height } = text.getBoundingClientRect();
    const [across, down] = [x + width / 2, y + height / 2];
    const cell = cells.find((each) => {
      const box = each.getBoundingClientRect();
      return box.x <= across && across <= box.right && box.y <= down && down <= box.bottom;
    });
    return cell ? parsed(getComputedStyle(cell).fill).slice(0, 3) : ground(text.closest(".picture"));
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!text || !element.getClientRects().length || element.disabled || element.closest(".skip")) continue;
    const isDrawn = element instanceof SVGElement, style = getComputedStyle(element);
    const below = isDrawn ? behind(element) : ground(element);
    const ink = over(parsed(isDrawn ? style.fill : style.color), below);
    const [high, low] = [light(ink), light(below)].sort((one, other) => other - one);
    found.push([(high + 0.05) / (low + 0.05), text.slice(0, 40)]);
  }
  return found;
})()"""


@pytest.fixture(scope="module")
def database(module_database_url: str) -> Iterator[Database]:
    opened = connect(DatabaseTarget(Source.ARGUMENT, module_database_url))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def site(module_database_url: str, unpacked: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pages after three imports, with a batch and a run of hostile names beside them."""
    home = tmp_path_factory.mktemp("site")
    workspace = home / "workspace"
    shutil.copytree(PROJECT / "tests" / "prices" / "equity", workspace / "data" / "equity")
    (workspace / "lean.json").write_text("{}\n", encoding="utf-8")
    shared = ["--database-url", module_database_url, "--leaderboard", str(home / "board.md")]
    for name, config in (("grid-72", "rsi_etf_example"), ("walk-forward", "rsi_etf_walk_forward"), ("crashy", None)):
        output = workspace / ".optimization" / name
        shutil.copytree(unpacked(name), output, copy_function=os.link)  # the recording has 150 MB
        judging = ["--config", str(_CONFIGS / f"{config}.yaml")] if config else []
        judging += ["--strategy", name]  # of one strategy, each would be judged by the trials of all
        results_importer.main(["--optimization-dir", str(output), *judging, *shared])
    with closing(psycopg2.connect(module_database_url)) as connection, connection, connection.cursor() as cursor:
        _store_others(cursor)
    assert results_importer.main(["--report", *shared]) == 0
    return home / "pages"


def _store_others(cursor: Any) -> None:
    """Run 101 of hostile names, run 102 without anything to show, run 103 that was refused, and their batch 7."""
    cursor.execute(
        "INSERT INTO optimization_batches (id, name, status, total_configs) VALUES (7, %s, 'partial', 4)", (_HOSTILE,)
    )
    cursor.execute(
        "INSERT INTO batch_configs (batch_id, config_file, status, reason) VALUES (7, %s, 'broken', %s)",
        (_HOSTILE, _HOSTILE),
    )
    for number, name, status, message in (
        (101, _HOSTILE, "partial", _HOSTILE), (102, "Bare", "completed", None), (103, "Costly", "refused", "too dear"),
    ):  # fmt: skip
        cursor.execute("INSERT INTO strategies (id, name, lean_project_path) VALUES (%s, %s, 'S')", (number, name))
        cursor.execute(
            "INSERT INTO optimization_runs (id, strategy_id, batch_id, optimization_type, target_metric, "
            "target_direction, status, error_message, warnings, command, config_file, benchmark) VALUES "
            "(%s, %s, 7, 'Grid Search', 'Sharpe Ratio', 'max', %s, %s, %s, %s, %s, %s)",
            (number, number, status, message, [message] if message else [], message, message, message),
        )
    for place in range(6):
        passes = None if place == 5 else place < 2
        cursor.execute(
            "INSERT INTO backtest_results (optimization_run_id, strategy_id, parameters, status, error_message, "
            "stack_trace, meets_criteria, rejection_reasons, target_value, sharpe_ratio, total_trades, "
            "daily_sharpe_ratio, start_equity) SELECT 101, 101, jsonb_build_object(%s::text, %s::text, 'b.c[0]', "
            "%s::text), %s, %s, %s, %s, %s, %s, %s, 40, %s, 1000",
            (
                _HOSTILE, f"{_HOSTILE}{place % 3}", str(place // 3), "failed" if place == 5 else "completed", _HOSTILE,
                _HOSTILE, passes, [_HOSTILE] if passes is False else [], place / 10, place / 10, place / 10,
            ),
        )  # fmt: skip
    cursor.execute(
        "INSERT INTO backtest_results (optimization_run_id, strategy_id, status, sharpe_ratio, target_value, "
        "total_trades) VALUES (102, 102, 'completed', 0.5, 0.5, 3)"
    )


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("NO CHROMIUM: the pages are not tested in a browser; on Debian: apt-get install chromium")
    opened = Browser(program, tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


_WITH_CHARTS = {
    "runs/run-1.html": 18, "analyses/analysis-1.html": 5, "runs/run-17.html": 6, "runs/run-101.html": 4,
    "batches/batch-7.html": 1, "runs/run-102.html": 0, "runs/run-103.html": 0, "index.html": 0,
}  # fmt: skip
"""Pages, and the fewest pictures that each has."""


@pytest.mark.parametrize("name", _WITH_CHARTS)
def test_a_page_can_be_read_wide_and_narrow_in_light_and_dark(name: str, site: Path, chromium: Browser) -> None:
    chromium.resize(390)
    chromium.open(site / name)
    # Nothing is wrong, nothing is asked of a network, and each picture has marks.
    assert chromium.complaints() == []
    assert chromium.requests() == []
    pictures = chromium.run(
        "[...document.querySelectorAll('[data-chart]')].filter((each) => !each.closest('details')).map((each) => "
        "[each.dataset.chart, each.dataset.state, each.ariaLabel, "
        "[...each.querySelectorAll('[class^=mark-]:not([class*=role-axis]):not(.mark-group) > *')].filter((mark) => "
        "mark.getBBox().width + mark.getBBox().height > 0).length])"
    )
    assert len(pictures) >= _WITH_CHARTS[name]
    for chart, state, said, marks in pictures:
        assert (chart, state) == (chart, "drawn")
        assert said
        assert said != "Vega visualization"  # as the library calls all of them
        assert marks >= 3, chart
    # Who does not see it is told where what is.
    assert chromium.run("document.documentElement.lang") == "en"
    assert chromium.run("document.title").strip(" ·")
    assert (
        chromium.run("['header', 'nav', 'main', 'h1'].map((tag) => document.querySelectorAll(tag).length)") == [1] * 4
    )
    assert chromium.run("[...document.querySelectorAll('table')].every((table) => table.caption?.textContent)")
    assert chromium.run("[...document.querySelectorAll('section')].every((each) => each.querySelector('h2 ~ *'))")
    # Nothing but tables and texts that scroll by themselves is wider than the screen.
    for width in (390, 1280):
        chromium.resize(width)
        assert chromium.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
    for scheme in ("light", "dark"):
        chromium.resize(1280, scheme=scheme)
        contrasts = chromium.run(_CONTRASTS)
        assert len(contrasts) > 20
        assert [each for each in contrasts if each[0] < _READABLE] == [], scheme


def _column(chromium: Browser, label: str) -> list[str]:
    found: list[str] = chromium.run(
        "(() => { const place = document.querySelector('[data-table=combinations]'); "
        f"const at = [...place.querySelectorAll('thead th')].findIndex((each) => each.textContent === {label!r}); "
        "return [...place.querySelectorAll('tbody tr')].map((row) => row.cells[at].textContent); })()"
    )
    return found


def _press(chromium: Browser, label: str) -> str:
    sort: str = chromium.run(
        "(() => { const head = [...document.querySelectorAll('[data-table=combinations] thead th')]"
        f".find((each) => each.textContent === {label!r}); head.querySelector('button').click(); "
        "return head.ariaSort; })()"
    )
    return sort


def _enter(chromium: Browser, tool: str, text: str) -> str:
    said: str = chromium.run(
        f"(() => {{ const tool = document.getElementById('combinations-{tool}'); tool.value = {text!r}; "
        "tool.dispatchEvent(new Event('input')); "
        "return document.querySelector('[data-table=combinations] output').textContent; })()"
    )
    return said


def test_the_table_sorts_filters_and_turns_its_leaves(site: Path, chromium: Browser) -> None:
    chromium.resize(1280)
    chromium.open(site / "runs" / "run-1.html")
    assert _column(chromium, "No.") == [str(number) for number in range(1, 26)]
    assert _column(chromium, "Verdict")[:4] == ["passed", "passed", "passed", "rejected"]
    for direction in ("descending", "ascending"):
        assert _press(chromium, "Drawdown") == direction
        shown = [float(text.rstrip("%")) for text in _column(chromium, "Drawdown")]
        assert shown == sorted(shown, reverse=direction == "descending")
        assert len(set(shown)) > 5
    assert chromium.run("document.querySelectorAll('th[aria-sort=ascending]').length") == 1
    assert _enter(chromium, "verdict", "passed") == "1 to 3 of 3, filtered from 72"
    assert _enter(chromium, "filter", "no such text") == "no row, filtered from 72"
    assert _enter(chromium, "verdict", "") == "no row, filtered from 72"
    assert _enter(chromium, "filter", "Insufficient TRADES").endswith(" of 43, filtered from 72")
    assert all("Insufficient trades" in text for text in _column(chromium, "Reasons"))
    assert _enter(chromium, "filter", "") == "1 to 25 of 72"
    chromium.run("document.querySelector('.leaves button:last-child').click()")
    assert chromium.run("document.querySelector('output').textContent") == "26 to 50 of 72"


def test_numbers_stand_under_the_pointer_and_the_keyboard_finds_its_way(site: Path, chromium: Browser) -> None:
    chromium.resize(1280)
    chromium.open(site / "runs" / "run-1.html")
    for key in ("keyDown", "keyUp"):
        chromium.call("Input.dispatchKeyEvent", type=key, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    focused = chromium.run(
        "[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]"
    )
    assert focused == ["Skip to the content", "solid"]
    for chart, mark, expected in (
        ("heatmap-0-best", ".mark-rect path", ("rsi_period", "exit_threshold", "Combinations")),
        ("equity", ".mark-line path", ("Best", "Buy and hold", "Day")),
    ):
        chromium.run(
            f"document.getElementById('chart-{chart}').scrollIntoView({{behavior: 'instant', block: 'center'}})"
        )
        box = chromium.run(
            f"(() => {{ const at = document.querySelector('#chart-{chart} {mark}').getBoundingClientRect(); "
            "return [at.x + at.width / 2, at.y + at.height / 2]; })()"
        )
        for step in (3, 2, 1, 0):  # the curves' line follows a pointer that moves
            chromium.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + 4 + step, y=box[1] + step)
        chromium.wait_for(lambda: chromium.run("document.querySelector('#vg-tooltip-element.visible')?.textContent"))
        said = chromium.run("document.querySelector('#vg-tooltip-element').textContent")
        assert all(word in said for word in expected), said
    chromium.call("Emulation.setEmulatedMedia", media="print")
    assert chromium.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    chromium.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("name", ["runs/run-101.html", "batches/batch-7.html", "index.html"])
def test_names_of_others_stay_text(name: str, site: Path, chromium: Browser) -> None:
    html = (site / name).read_text(encoding="utf-8")
    assert not {"\x1b", "\u202e", "\u202c"} & set(html)
    assert "<script>alert" not in html
    chromium.open(site / name)
    assert chromium.run(f"document.body.innerText.includes({_PLAIN!r})")
    assert chromium.run("[...document.scripts].every((each) => !each.textContent.startsWith('alert'))")
    # A page that lets a script in would be stopped by its policy all the same.
    chromium.run(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.bad = 1'}))"
    )
    assert chromium.run("window.bad === undefined")


def test_thousands_of_combinations_are_shown_a_leaf_at_a_time(chromium: Browser, tmp_path: Path) -> None:
    rows = [[number, number / 7 if number else math.nan] for number in range(5000)]
    table = Explorer("many", "Many", [Column("No.", "count"), Column("Value", "ratio")], rows)
    page = Page("Many", "Test", Words("Many."), [], [("many", "Many", [table])])
    file = tmp_path / "many.html"
    file.write_text("".join(rendered(page, "")), encoding="utf-8")
    chromium.open(file)
    assert chromium.run("document.querySelector('output').textContent") == "1 to 25 of 5000"
    assert chromium.run("document.querySelectorAll('tbody tr').length") == 25
    assert chromium.run("document.querySelector('tbody tr td').textContent") == "n/a"  # no number that JSON has


def test_the_page_of_the_72_is_light_and_says_what_came_out(site: Path) -> None:
    page = site / "runs" / "run-1.html"
    assert page.stat().st_size < _MOST_BYTES
    text = page.read_text(encoding="utf-8")
    for said in (
        "3 of 72 combinations pass.", "has a Sharpe ratio of 0.41 and earned 6.2% a year",
        "8.9% a year less than holding SPY", "$5,000 became $8,620", "The deepest drawdown was 18.6%",
        "Sharpe ratio too low", "luck alone would give the best of", "Average paid",
    ):  # fmt: skip
        assert said in text
    index = (site / "index.html").read_text(encoding="utf-8")
    assert all(link in index for link in ("runs/run-1.html", "analyses/analysis-1.html", "batches/batch-7.html"))


def test_what_cannot_be_shown_is_said_in_words(site: Path) -> None:
    bare = (site / "runs" / "run-102.html").read_text(encoding="utf-8")
    for said in (
        "No daily returns are stored", "No parameter varies", "neither success criteria nor constraints",
        "Luck cannot be told apart from skill", "The command is not known", "fingerprint of the prices is not known",
    ):  # fmt: skip
        assert said in bare
    assert "data-chart=" not in bare
    assert 'id="library"' not in bare  # it needs none
    refused = (site / "runs" / "run-103.html").read_text(encoding="utf-8")
    assert "Refused: the run never began. too dear." in refused
    crashed = (site / "runs" / "run-17.html").read_text(encoding="utf-8")
    for said in ("3 combinations failed", "lookback 2 is even", "Stack trace: lookback=2", "Not judged"):
        assert said in crashed


def test_curves_are_rebuilt_from_daily_returns(site: Path, database: Database) -> None:
    assert site.is_dir()
    facts = run_facts(database, 1)
    assert facts is not None
    assert len(facts.curves) == 5
    rows = {row["id"]: row for row in facts.results}
    for number, returns in facts.curves.items():
        row = rows[number]
        grown = equity(returns.values, float(row["start_equity"]))
        assert grown[-1] / grown[0] == pytest.approx(1 + float(row["total_return"]), rel=2e-3)
        assert -under_water(returns.values).min() == pytest.approx(float(row["max_drawdown"]), abs=2e-3)
    with database.transaction():
        assert run_facts(database, 999) is None


def _returns(days: Sequence[str], values: Sequence[float]) -> DailyReturns:
    return DailyReturns(np.array(days, "datetime64[D]"), np.array(values))


def test_the_arithmetic_of_curves() -> None:
    first = _returns(["2020-01-30", "2020-01-31", "2020-02-03"], [0.1, -0.5, 0.2])
    other = _returns(["2020-01-29", "2020-01-30", "2020-02-03", "2020-02-04"], [9, 0.1, 0.3, 9])
    curves = aligned({"one": first, "other": other})
    assert curves.days.astype(str).tolist() == ["2020-01-30", "2020-01-31", "2020-02-03"]
    assert curves.returns["other"].tolist() == [0.1, 0.0, 0.3]  # a day that it lacks has 0, others are left out
    assert equity(curves.returns["one"], 100).tolist() == pytest.approx([110, 55, 66])
    assert under_water(np.array([-0.5, 1.0, 0.5, -0.2])).tolist() == pytest.approx([-0.5, 0, 0, -0.2])
    assert by_month(curves.days, curves.returns["one"]) == pytest.approx({(2020, 1): 0.55 - 1, (2020, 2): 0.2})
    values = [0.01, -0.02, 0.03, 0.0, 0.0, 0.0]
    rolled = rolling_sharpe(np.array(values), 3)
    assert np.isnan(rolled[:2]).all()
    assert rolled[2] == pytest.approx(statistics.mean(values[:3]) / statistics.stdev(values[:3]) * math.sqrt(252))
    assert math.isnan(rolled[5])  # nothing moved
    assert np.isnan(rolling_sharpe(np.array(values), 7)).all()


def test_a_page_that_cannot_be_written_costs_a_warning_only(
    run_script: Run, unpacked: Recording, tmp_path: Path, ask: Ask
) -> None:
    (tmp_path / "pages").write_text("a file where the folder would be", encoding="utf-8")
    done = run_script("results_importer.py", "--optimization-dir", unpacked("crashy"))
    assert done.exit_code == 4
    assert done.last_line == "6 runs complete (3 failed), not judged, best Sharpe: -0.4"
    assert done.stderr.count("warning: a page in ") == 1
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 6}]
    again = run_script("results_importer.py", "--report")
    assert again.exit_code == 2
    assert "error: " in again.stderr
    (tmp_path / "pages").unlink()
    assert run_script("results_importer.py", "--report", 99).stderr.endswith("the index has the numbers of all runs\n")
    shown = run_script("results_importer.py", "--report", 1)
    assert shown.stdout == f"{tmp_path / 'pages' / 'runs' / 'run-1.html'}\n"
    assert (tmp_path / "pages" / "index.html").is_file()
    damaged = "UPDATE optimization_runs SET target_direction = NULL, target_metric = 'no such'"
    ask(damaged)
    assert run_script("results_importer.py", "--report").exit_code == 0
