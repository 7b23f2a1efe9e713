"""A small process beside each `lean` that ends it when the runner is gone, however that came about.

It waits for the end of a pipe that only the runner holds. On a runner that has done its work it ends in silence.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DONE = b"done\n"
_SECONDS_TO_END = 2
_SECONDS_TO_START = 1.5
"""In which Docker may yet start a container that it was asked for when `lean` was ended."""


@contextlib.contextmanager
def guarded(run_folder: "Path", output_folder: "Path") -> Iterator[None]:
    """Has a guard for as long as it lasts.

    Args:
        run_folder: where the process at work is noted.
        output_folder: which `lean` writes.
    """
    # What the runner has loaded anyway would be most of the guard's start, and of its end.
    import subprocess  # noqa: PLC0415

    from strategy_testing.files import without_database_secrets  # noqa: PLC0415
    from strategy_testing.paths import SCRIPTS_DIR  # noqa: PLC0415
    from strategy_testing.signals import ENDING  # noqa: PLC0415

    environment = without_database_secrets(os.environ) | {"PYTHONPATH": str(SCRIPTS_DIR)}
    guard = subprocess.Popen(
        [sys.executable, "-m", __name__, str(run_folder), str(output_folder), *(str(int(each)) for each in ENDING)],
        env=environment,
        cwd=output_folder.anchor,  # none of the run's folders is held
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends the runner's group does not end it
    )
    try:
        yield
    finally:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            guard.communicate(_DONE, timeout=_SECONDS_TO_END)


def main() -> None:
    """Waits, and ends what is left over."""
    for number in sys.argv[3:]:
        signal.signal(int(number), signal.SIG_IGN)
    if sys.stdin.buffer.read() == _DONE:
        os._exit(0)  # the runner waits for it, and there is nothing to take down
    # Slow to import, and seldom needed.
    from pathlib import Path  # noqa: PLC0415

    from strategy_testing.lean.process import end_left_over, end_writers  # noqa: PLC0415

    run_folder, output_folder = map(Path, sys.argv[1:3])
    end_left_over(run_folder, [output_folder])
    time.sleep(_SECONDS_TO_START)
    end_writers([output_folder])  # the run may go on in another folder by now


if __name__ == "__main__":
    main()
