"""How far a run or a batch is, as a person sees it: in a terminal of any width, and where there is none."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from strategy_testing.console import Drawing, width_of
from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN
from strategy_testing.report.bars import run_bar
from strategy_testing.report.tally import Tally, line
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.verdict.criteria import Judged
from strategy_testing.verdict.rejection import Verdict
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

    def start(
        columns: int,
        *more: str,
        what: tuple[str, ...] = ("--config",),
        speed: int = 50,
        **env: str,
    ) -> Seen:
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
    return {**os.environ, "TERM": "xterm-256color"}


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
    after = "\n".join(seen.lines[at:])
    assert re.search(r"^run 1 of Crashy: partial in 00:00:\d\d\n\nbest by Sharpe Ratio, ", after, re.MULTILINE)
    beside = " +lookback=7" if columns >= 80 else "\n    lookback=7"
    assert columns < 60 or re.search(rf"^1 +-0.44 .* passes{beside}$", after, re.MULTILINE)
    assert re.search(r"^Backtest failed +3 +3$", after, re.MULTILINE)
    assert "\x1b[?25h" in seen.raw.rpartition(_BAR)[2]  # the cursor is there again
    assert _COLOUR.search(seen.raw)
    of_lean = [number for number, text in enumerate(seen.lines) if text.startswith("REPLAY: this is not LEAN")]
    assert of_lean
    assert all(number < at for number in of_lean)
    assert any("REPLAY" in text for frame in _frames(seen)[1:] for text in frame)  # the bar was there before
    before = "\n".join(seen.lines[:at])
    broken = "\nwarning: cannot estimate fees: needs backtest.initial_capital (dollars);\n  backtest.start_date and"
    assert columns != 80 or broken in before  # between words


def test_a_signal_leaves_no_bar_half_drawn_and_no_cursor_hidden() -> None:
    code = """
import signal
from rich.text import Text
from strategy_testing import signals
from strategy_testing.console import tell
from strategy_testing.report import progress
from strategy_testing.verdict.criteria import Standard

class Drawing:
    def __rich_console__(self, console, options):
        signal.raise_signal(signal.SIGINT)
        yield Text("whole")

progress.run_bar = lambda *_: Drawing()
with signals.raised():
    try:
        with progress.ProgressDisplay("S", Standard(), quiet=False):
            print("never")
    except KeyboardInterrupt:
        tell("interrupted")
"""
    environment = _usual() | {"PYTHONPATH": str(PROJECT / "scripts")}
    seen = in_terminal([sys.executable, "-c", code], 40, environment)
    assert (seen.exit_code, seen.lines) == (0, ["whole", "interrupted"]), seen.raw
    assert seen.raw.count("whole") == 2  # when it began, in spite of the signal, and when it ended
    assert seen.raw.index("\x1b[?25l") < seen.raw.index("\x1b[?25h") < seen.raw.index("interrupted")


@pytest.mark.parametrize("width", [120, 40])
def test_a_name_is_a_text_in_a_bar(width: int) -> None:
    name = "\x1b[31m\u202e[red]x|y'; DROP $(rm) <script>[/red]\r\n"
    drawn = io.StringIO()
    tally = Tally(6, 2, 0, 0, 1, Decimal(1), f"a={name}")
    Console(file=drawn, width=width, color_system=None, _environ={}).print(run_bar(name, tally, name))
    bar, _, best = drawn.getvalue().splitlines()
    assert bar.startswith("[red]x|y'; DROP $(rm) <script… ━" if width == 120 else "[red]x|y'; DRO")
    assert best.rstrip().endswith("a=[red]x|y'; DROP $(rm) <script>[/red]" if width == 120 else "…")
    assert cell_len(best.rstrip()) <= width
    assert not {"\x1b", "\u202e", "\r"} & set(drawn.getvalue())


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


def test_nobody_waits_for_a_terminal_that_is_stopped() -> None:
    """As by Ctrl-S."""
    code = """
import os, pty, sys, termios
ours, its = pty.openpty()
sys.stderr = os.fdopen(its, "w")
from strategy_testing.report.bars import Bars
with Bars() as bars:
    termios.tcflow(its, termios.TCOOFF)
    for number in range(10_000):
        bars.draw([str(number)])
    termios.tcflow(its, termios.TCOON)
    bars.draw(["last"])
print(b"last" in os.read(ours, 4096))
"""
    environment = _usual() | {"PYTHONPATH": str(PROJECT / "scripts")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)


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
    seen = run(70, what=("--batch", str(batch)), speed=20, LEAN_REPLAY_ANY="1")
    assert seen.exit_code == 4, seen.raw
    assert max(map(cell_len, _drawn(seen))) == 70
    (last,) = [number for number, text in enumerate(seen.lines) if _BAR in text]
    assert re.match(r"all configs ━+ 3/3 configs ended$", seen.lines[last])
    assert seen.lines[last + 1].startswith("  18 backtests, 9 failed, 9 passing, ")
    both = [frame for frame in _frames(seen) if sum(_BAR in text for text in frame) == 3]
    assert any(re.match(r"Crashy ━+ +[0-6]/6 ", text) for frame in both for text in frame)
    assert "[Crashy]     lookback=7" in seen.lines  # what a config's process prints fits, too
    for name in ("Crashy", "Crashy_3"):
        assert any(re.match(rf"\[{name}\] run \d+: running 6 combinations", text) for text in seen.lines)


def _judged(status: BacktestStatus, trades: int, target: str | None, passes: bool | None, name: str) -> Judged:
    metrics = dict.fromkeys(METRIC_BY_COLUMN) | {"total_trades": Decimal(trades)}
    result = BacktestResult(
        name, {"a": name, "end_date": "x"}, status, None, None, metrics, None, None, None, None, None, None
    )
    return Judged(result, Verdict(passes, ()), None if target is None else Decimal(target))


@pytest.mark.parametrize(("is_min", "best"), [(False, "a=large"), (True, "a=small")])
def test_what_failed_or_never_traded_is_no_best(is_min: bool, best: str) -> None:
    completed, failed = BacktestStatus.COMPLETED, BacktestStatus.FAILED
    judged = [
        _judged(completed, 3, "0.5", True, "large"),
        _judged(completed, 3, "0.1", False, "small"),
        _judged(failed, 3, "9", False, "failed high"),
        _judged(failed, 3, "-9", False, "failed low"),
        _judged(completed, 0, "8", False, "idle high"),
        _judged(completed, 0, "-8", None, "idle low"),
        _judged(completed, 3, None, False, "unknown"),
    ]
    tally = Tally(10).with_results(judged[:1], is_min=is_min).with_results(judged[1:], is_min=is_min)
    assert (tally.finished, tally.failed, tally.passing, tally.best_parameters) == (7, 2, 1, best)


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
