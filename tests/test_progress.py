"""How far a run or a batch is, as a person sees it: in a terminal of any width, and where there is none."""

import os
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from strategy_testing.console import Drawing, width_of
from strategy_testing.report.tally import Tally, line
from support import PROJECT, make_project, write_config
from terminal import Seen, in_terminal

_LOOKBACKS = "    lookback: {start: 2, end: 7, step: 1}\n"
_BAR = "━"
_COLOUR = re.compile(r"\x1b\[[\d;]*[39]\d[\d;]*m")

Run = Callable[..., Seen]


@pytest.fixture
def run(database_url: str, unpacked: Callable[[str], Path], workspace: Path, tmp_path: Path) -> Run:
    """Runs six combinations, of which every other one crashes, or a batch, in a terminal."""
    make_project(workspace, "Crashy")
    config = write_config(tmp_path / "c.yaml", "Crashy", _LOOKBACKS, criteria="min_trades: 1")

    def start(columns: int, *more: str, what: tuple[str, ...] = ("--config",), speed: int = 50, **env: str) -> Seen:
        command = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), *what]
        command += [str(config)] if what == ("--config",) else []
        command += ["--workspace", str(workspace), "--leaderboard", str(tmp_path / "l.md"), *more]
        environment = _usual() | {
            "DATABASE_URL": database_url,
            "LEAN_COMMAND": str(PROJECT / "tests" / "replay" / "bin" / "lean"),
            "REPLAY_PYTHON": sys.executable,
            "LEAN_REPLAY_RECORDING": str(unpacked("crashy")),
            "LEAN_REPLAY_SPEED": str(speed),
            "LEAN_REPLAY_STATE": str(tmp_path / "replay-state"),
        }
        return in_terminal(command, columns, environment | env)

    return start


def _usual() -> dict[str, str]:
    """The environment of a terminal with colours."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    return {**kept, "TERM": "xterm-256color"}


def _frames(seen: Seen) -> list[list[str]]:
    """Each state that was drawn, line by line, without colours and what stood above it."""
    frames = re.split(r"\r(?:\x1b\[2K(?:\x1b\[1A)?)+", seen.raw)
    return [re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", frame).split("\r\n") for frame in frames if _BAR in frame]


def _drawn(seen: Seen) -> list[str]:
    """Every line of a bar that was drawn."""
    return [text for frame in _frames(seen) for text in frame if _BAR in text]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_one_bar_fits_the_terminal_and_ends_full(columns: int, run: Run) -> None:
    seen = run(columns)
    assert seen.exit_code == 4, seen.raw
    bars = [number for number, text in enumerate(seen.lines) if _BAR in text]
    assert len(bars) == 1  # whatever was drawn before is gone
    (at,) = bars
    assert "6/6" in seen.lines[at]
    assert max(map(cell_len, _drawn(seen))) == columns
    counts, best = seen.lines[at + 1 : at + 3]
    assert counts.startswith("  3 failed, 3 passing"[: columns - 1])
    assert best.startswith("  best Sharpe Ratio -0.44: lookback=7"[: columns - 1])
    assert "\x1b[?25h" in seen.raw.rpartition(_BAR)[2]  # the cursor is there again
    assert _COLOUR.search(seen.raw)


def test_messages_stand_above_the_bar(run: Run) -> None:
    """Those of LEAN, which arrive while the bar is drawn."""
    seen = run(80)
    (at,) = [number for number, text in enumerate(seen.lines) if _BAR in text]
    said = [number for number, text in enumerate(seen.lines) if text.startswith("REPLAY: this is not LEAN")]
    assert said
    assert all(number < at for number in said)
    assert any("REPLAY" in text for frame in _frames(seen)[1:] for text in frame)  # the bar was there before


def test_no_colour_where_nobody_wants_one(run: Run) -> None:
    seen = run(80, NO_COLOR="1")
    assert _BAR in seen.raw
    assert not _COLOUR.search(seen.raw)


@pytest.mark.parametrize(("more", "env"), [((), {"TERM": "dumb"}), (("--quiet",), {})], ids=["dumb", "quiet"])
def test_nothing_is_drawn_where_it_cannot_be_or_is_not_wanted(
    more: tuple[str, ...], env: dict[str, str], run: Run
) -> None:
    seen = run(80, *more, **env)
    assert "\x1b" not in seen.raw
    assert ("6/6 backtests finished, 3 failed, 3 passing" in "\n".join(seen.lines)) is not bool(more)


def test_a_terminal_of_ascii_gets_a_bar_of_ascii() -> None:
    code = """
from strategy_testing.report.bars import Bars, run_bar
from strategy_testing.report.tally import Tally
with Bars() as bars:
    for done in (2, 6):
        bars.draw([run_bar("Gr\\u00fc\\u00dfe", Tally(6, done), ""), "x" * 100])
"""
    plain = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment = _usual() | {"PYTHONPATH": str(PROJECT / "scripts"), **plain}
    seen = in_terminal([sys.executable, "-c", code], 40, environment)
    assert (seen.exit_code, seen.raw.isascii()) == (0, True), seen.raw
    assert re.match(r"Gr\?\?e -+ 6/6 00:00:00 elapsed$", seen.lines[0])
    assert not any("2/6" in text for text in seen.lines)


def test_drawn_text_that_an_encoding_lacks_keeps_its_width(capsys: pytest.CaptureFixture[str]) -> None:
    class Ascii(Drawing):
        encoding = "ascii"

    Ascii().write("a…→b\n")
    assert capsys.readouterr().err == "a~>b\n"


def test_a_batch_has_a_bar_for_each_config_that_runs_and_one_for_all(run: Run, workspace: Path, tmp_path: Path) -> None:
    configs = []
    for name in ("Crashy", "Crashy_2", "Crashy_3"):
        make_project(workspace, name)
        configs.append(write_config(tmp_path / f"{name}.yaml", name, _LOOKBACKS, criteria="min_trades: 1"))
    batch = tmp_path / "batch.yaml"
    listed = "".join(f"  - {config}\n" for config in configs)
    batch.write_text(f"batch_name: B\noptimizations:\n{listed}settings: {{max_concurrent: 2}}\n", encoding="utf-8")
    seen = run(100, what=("--batch", str(batch)), speed=20, LEAN_REPLAY_ANY="1")
    assert seen.exit_code == 4, seen.raw
    assert max(map(cell_len, _drawn(seen))) == 100
    (last,) = [number for number, text in enumerate(seen.lines) if _BAR in text]
    assert re.match(r"all configs ━+ 3/3 configs ended$", seen.lines[last])
    assert seen.lines[last + 1].startswith("  18 backtests, 9 failed, 9 passing, ")
    both = [frame for frame in _frames(seen) if sum(_BAR in text for text in frame) == 3]
    assert any(re.match(r"Crashy ━+ +[0-6]/6 ", text) for frame in both for text in frame)
    for name in ("Crashy", "Crashy_3"):
        assert any(re.match(rf"\[{name}\] run \d+: running 6 combinations", text) for text in seen.lines)


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (Tally(), "0 of 0 launched (total not known) backtests finished, 00:00:00 elapsed"),
        (
            Tally(36, 24, 12, 1, 3, Decimal("0.414"), "a=1, b=2", 26, 120.0),
            "24/36 backtests finished, 12 known before, 1 failed, 3 passing, 6.0 a minute, best Ratio 0.41: a=1, b=2, "
            "00:02:00 elapsed, about 00:02:00 left",
        ),
        (Tally(12, 12, 12), "12/12 backtests finished, 12 known before, 00:00:00 elapsed"),
    ],
)
def test_the_line_where_nothing_is_drawn(tally: Tally, text: str) -> None:
    assert line(tally, "Some.Ratio") == text


@pytest.mark.parametrize(("columns", "width"), [("72", 72), ("", None), ("many", None), ("0", None)])
def test_what_is_no_terminal_is_as_wide_as_columns_says(
    columns: str, width: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with (tmp_path / "file").open("w", encoding="utf-8") as file:
        assert width_of(file) == width
    assert width_of(None) == width
