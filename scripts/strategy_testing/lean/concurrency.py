"""What the machine can bear."""

import os

import psutil

_MEMORY_PER_BACKTEST = 1024**3
"""Bytes. A backtest of daily data was seen to use about 110 MB beside the engine's and Python's own start."""


def default_concurrency() -> int:
    """Backtests to run at once: one a core, as far as the memory that is free now allows."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(psutil.virtual_memory().available // _MEMORY_PER_BACKTEST)))
