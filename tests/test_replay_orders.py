"""The comparison with LEAN's sample prices reads and adjusts them as LEAN does, and says what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from replay_orders import TICKERS, sample_market
from support import PROJECT


@pytest.fixture(name="data")
def fixture_data(tmp_path: Path) -> Path:
    """Three days of made prices, 100 dollars each, with a dividend that the second day's close was the last before."""
    usa = tmp_path / "equity" / "usa"
    (usa / "daily").mkdir(parents=True)
    (usa / "factor_files").mkdir()
    for name in map(str.lower, TICKERS):
        days = ("20120103", "20120104", "20120105")
        lines = "\n".join(f"{day} 00:00,1000000,1010000,990000,1000000,500" for day in days)
        with zipfile.ZipFile(usa / "daily" / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.csv", lines)
        factors = "20000101,0.5,1,0\n20120104,0.9,0.5,100\n20501231,1,1,0\n"
        (usa / "factor_files" / f"{name}.csv").write_text(factors, encoding="utf-8")
    return tmp_path


def _replay(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "tests" / "replay_orders.py"), str(data)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "scripts")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_prices_are_adjusted_up_to_the_day_of_each_factor(data: Path) -> None:
    market = sample_market(data)
    bars = market.instruments["SPY"].bars
    assert [bar and (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars] == [
        (45, 45.45, 44.55, 45, 500),
        (45, 45.45, 44.55, 45, 500),
        (100, 101, 99, 100, 500),
    ]


def test_other_prices_give_differences(data: Path) -> None:
    """Three days of a flat price: the strategy orders nothing, and every recorded order is missing."""
    done = _replay(data)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("5566 recorded orders compared, 5566 differences\nLEAN Placed(ticker=")


def test_absent_prices_are_named(data: Path) -> None:
    absent = data / "equity" / "usa" / "daily" / "qqq.zip"
    absent.unlink()
    done = _replay(data)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith(f"No prices: {absent}. ")
