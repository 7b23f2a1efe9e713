"""The daily prices of a data folder, and the period that they cover."""

import zipfile
from datetime import date
from pathlib import Path

import pytest

from strategy_testing.strategy.prices import DailyPrices, Market, daily_prices, price_findings


def store_prices(data: Path, ticker: str, *days: str, market: str = "equity") -> Path:
    file = data / market / "usa" / "daily" / f"{ticker}.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{ticker}.csv", "".join(f"{day} 00:00,1000000,1010000,990000,1005000,77\n" for day in days))
    return file


def test_first_and_last_day(tmp_path: Path) -> None:
    file = store_prices(tmp_path, "spy", "20150102", "20150105", "20210331")
    assert daily_prices(file) == DailyPrices(date(2015, 1, 2), date(2021, 3, 31))
    assert daily_prices(file.with_name("qqq.zip")) is None


@pytest.mark.parametrize(
    ("start", "end", "findings"),
    [
        (date(2015, 1, 1), date(2021, 4, 7), []),
        (None, None, []),
        (date(2012, 1, 1), None, ["SPY: its daily prices begin on 2015-01-02, after start_date 2012-01-01"]),
        (
            date(2016, 1, 1),
            date(2024, 12, 31),
            ["SPY: its daily prices end on 2021-03-31, before end_date 2024-12-31: LEAN would go on without them"],
        ),
    ],
)
def test_what_is_missing_is_found(start: date | None, end: date | None, findings: list[str], tmp_path: Path) -> None:
    store_prices(tmp_path, "spy", "20150102", "20210331")
    assert list(map(str, price_findings(Market.EQUITY.folder(tmp_path), ["SPY"], start, end))) == findings


def test_a_missing_and_a_broken_file_are_findings(tmp_path: Path) -> None:
    broken = store_prices(tmp_path, "iwm", "20150102")
    broken.write_bytes(b"not a zip")
    empty = store_prices(tmp_path, "eem")
    garbled = store_prices(tmp_path, "gld", "January")
    found = price_findings(Market.EQUITY.folder(tmp_path), {"QQQ", "IWM", "EEM", "GLD"}, None, None)
    assert list(map(str, found)) == [
        f"EEM: {empty} cannot be read: list index out of range",
        f"GLD: {garbled} cannot be read: time data 'January' does not match format '%Y%m%d'",
        f"IWM: {broken} cannot be read: File is not a zip file",
        f"QQQ: no daily prices in {tmp_path}/equity/usa/daily/qqq.zip",
    ]
