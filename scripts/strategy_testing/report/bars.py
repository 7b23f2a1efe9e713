"""Bars that are drawn anew at the bottom of the terminal, by `rich`, which is loaded where there is a terminal."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

from strategy_testing.console import Drawing, can_write, drawn
from strategy_testing.report import tally as words
from strategy_testing.report.tally import Tally
from strategy_testing.signals import held
from strategy_testing.texts import on_one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_NAME_COLUMNS = 30
_SECONDS_BETWEEN_LOOKS = 0.2
_BAR_COLUMNS = 6
"""At least."""


class Bars:
    """What is drawn between enter and exit; messages go above it."""

    def __init__(self) -> None:
        """Draws nothing yet."""
        # Slow to import, and only needed on a terminal.
        from rich.console import Console, Group  # noqa: PLC0415
        from rich.live import Live  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        self._console = Console(file=Drawing(), force_terminal=True, force_interactive=True)  # type: ignore[arg-type]
        self._new_live = partial(
            Live, console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._live = self._new_live()
        self._text, self._group = Text, Group
        self._is_drawn = contextlib.ExitStack()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        """From now on the last lines of the terminal are its own."""
        with self._undisturbed():
            self._live = self._new_live()  # one that has ended would begin above where it stopped
            self._is_drawn.enter_context(drawn(self._above))
            self._is_drawn.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves what was drawn last."""
        with self._undisturbed():
            self._is_drawn.close()

    def draw(self, pieces: "Sequence[RenderableType]") -> None:
        """Draws these in the place of what was drawn before."""
        if can_write(0):  # nobody waits for a bar
            with self._undisturbed():
                self._live.update(self._group(*pieces), refresh=True)

    @contextlib.contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """One at a time, or lines would be counted that are no longer there; a signal would leave it half drawn."""
        while not can_write(_SECONDS_BETWEEN_LOOKS):
            pass  # signals are obeyed here
        with held(), self._lock:
            yield

    def _above(self, message: str) -> None:
        with self._undisturbed():
            self._console.print(self._text(message), soft_wrap=True, highlight=False)


def run_bar(name: str, tally: Tally, target: str) -> "RenderableType":
    """The bar of a run: how far it is, below it counts and the best."""
    of = f"of {tally.launched} launched " if tally.total is None and tally.launched else ""
    left = f"{words.clock(tally.seconds)} elapsed"
    if tally.seconds_left is not None:
        left = f"{words.clock(tally.seconds_left)} left"
    share = None if tally.total is None else tally.finished / tally.total if tally.total else 1.0
    below = [", ".join(words.counts(tally)), words.best(tally, target) or ""]
    return bar(name, share, f"{words.count(tally)} {of}".rstrip(), left, [each for each in below if each])


def bar(name: str, share: float | None, of: str, left: str, below: Sequence[str]) -> "RenderableType":
    """A line with a bar that takes the room that is left, and lines below it that are cut at the terminal's edge."""
    from rich.console import Group  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=_NAME_COLUMNS)
    grid.add_column(ratio=1, min_width=_BAR_COLUMNS)
    for text in (of, left):
        grid.add_column(no_wrap=True, justify="right", min_width=len(text))
    bar = ProgressBar(total=None, pulse=True) if share is None else ProgressBar(total=1.0, completed=share)
    grid.add_row(Text(on_one_line(name)), bar, of, left)
    return Group(grid, *(Text(f"  {on_one_line(each)}", no_wrap=True, overflow="ellipsis") for each in below))
