"""What LEAN asked for in a backtest, and whether those prices cover the period."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from strategy_testing.config.model import BacktestSettings
from strategy_testing.importing import price_check
from strategy_testing.results.data_requests import DataRequest, DataRequests, parse_data_request, read_data_requests
from test_price_data import store_prices

_GET = "; get the prices with `lean data download`, or choose tickers and a period that they cover"
_PERIOD = BacktestSettings(start_date=date(2015, 1, 1), end_date=date(2020, 12, 31))


def price_warnings(requests: list[DataRequest], requested: BacktestSettings, workspace: Path) -> list[str]:
    return list(map(str, price_check.price_warnings(DataRequests(failed=frozenset(requests)), requested, workspace)))


def daily(ticker: str, asset_class: str = "equity", market: str = "usa") -> DataRequest:
    return DataRequest(asset_class, market, "daily", ticker, f"{asset_class}/{market}/daily/{ticker}.zip")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/equity/usa/daily/spy.zip", daily("spy")),
        ("/equity/usa/daily/brk.b.zip", daily("brk.b")),
        ("/index/usa/daily/vix.zip", daily("vix", "index")),
        ("/future/cme/daily/es_trade.zip", daily("es_trade", "future", "cme")),
        (
            "/equity/usa/minute/spy/20200102_trade.zip",
            DataRequest("equity", "usa", "minute", "spy", "equity/usa/minute/spy/20200102_trade.zip"),
        ),
        ("/alternative/interest-rate/usa/interest-rate.csv", None),
        ("/equity/usa/map_files/spy.csv", None),
        ("/equity/usa/daily/sp", None),
        ("", None),
    ],
)
def test_a_line_is_understood(line: str, expected: DataRequest | None) -> None:
    assert parse_data_request(line) == expected


def test_a_recorded_run_says_what_it_read(unpacked: Callable[[str], Path]) -> None:
    succeeded = frozenset({daily("spy"), daily("qqq"), daily("iwm")})
    assert read_data_requests(unpacked("grid-72") / "output") == DataRequests(succeeded, frozenset())


def test_a_recorded_backtest_says_what_it_read(unpacked: Callable[[str], Path]) -> None:
    hourly = DataRequest("equity", "usa", "hour", "spy", "equity/usa/hour/spy.zip")  # of LEAN's own benchmark
    found = read_data_requests(unpacked("backtest-no-trade") / "output")
    assert found == DataRequests(frozenset({daily("spy"), hourly}), frozenset())


def test_failed_requests_are_told_from_succeeded_ones(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "failed-data-requests-1.txt").write_text("/equity/usa/daily/xlf.zip\n" * 2, encoding="utf-8")
    (tmp_path / "a" / "succeeded-data-requests-1.txt").write_bytes(b"\xff\n/equity/usa/daily/spy.zip\n/equi")
    (tmp_path / "succeeded-data-requests-2.txt").mkdir()
    found = read_data_requests(tmp_path)
    assert found == DataRequests(frozenset({daily("spy")}), frozenset({daily("xlf")}))
    assert found.all == {daily("spy"), daily("xlf")}
    assert read_data_requests(tmp_path / "nowhere") == DataRequests()


def test_prices_that_cover_the_period_are_no_warning(workspace: Path) -> None:
    store_prices(workspace / "data", "spy", "20150102", "20210331")
    store_prices(workspace / "data", "vix", "20150102", "20210331", market="index")
    assert price_warnings([daily("spy"), daily("vix", "index")], _PERIOD, workspace) == []


def test_prices_that_end_early_or_lack_are_named(workspace: Path) -> None:
    store_prices(workspace / "data", "spy", "20150102", "20180329")
    store_prices(workspace / "data", "vix", "20160104", "20210331", market="index")
    file = workspace / "data" / "equity" / "usa" / "daily" / "xlf.zip"
    assert price_warnings([daily("spy"), daily("vix", "index"), daily("xlf")], _PERIOD, workspace) == [
        "! price data: SPY: its daily prices end on 2018-03-29, before end_date 2020-12-31: LEAN would go on without "
        f"them{_GET}",
        f"! price data: XLF: no daily prices in {file}{_GET}",
        f"! price data: VIX: its daily prices begin on 2016-01-04, after start_date 2015-01-01{_GET}",
    ]


def test_only_prices_that_are_there_can_be_too_short(workspace: Path) -> None:
    store_prices(workspace / "data", "spy", "20150102", "20180329")
    store_prices(workspace / "data", "qqq", "20160104", "20210331")
    found = price_check.price_warnings(
        DataRequests(failed=frozenset({daily("spy"), daily("qqq"), daily("xlf")})), _PERIOD, workspace
    )
    assert [(warning.cause[:3], warning.is_too_short) for warning in found] == [
        ("QQQ", True), ("SPY", True), ("XLF", False),
    ]  # fmt: skip


def test_prices_that_lean_read_from_elsewhere_are_no_warning(workspace: Path) -> None:
    store_prices(workspace / "data", "spy", "20150102", "20180329")
    found = DataRequests(succeeded=frozenset({daily("spy"), daily("qqq"), daily("vix", "index")}))
    (short,) = price_check.price_warnings(found, _PERIOD, workspace)
    assert short.cause.startswith("SPY: its daily prices end on 2018-03-29")


@pytest.mark.parametrize(
    ("succeeded", "failed", "missing"),
    [
        ("/equity/usa/daily/spy.zip", "/equity/usa/daily/xlf.zip", ("XLF",)),
        ("/equity/usa/minute/spy/20200103_trade.zip", "/equity/usa/minute/spy/20200102_trade.zip", ()),
        ("/future/cme/daily/es_trade.zip", "/future/cme/daily/es_openinterest.zip", ()),
        ("/equity/usa/daily/qqq.zip", "/equity/usa/hour/spy.zip", ()),  # LEAN's own benchmark
        ("", "/equity/usa/daily/xlf.zip\n/equity/usa/daily/xle.zip", ("XLE", "XLF")),
    ],
)
def test_tickers_of_which_nothing_was_found(
    succeeded: str, failed: str, missing: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "failed-data-requests-1.txt").write_text(failed, encoding="utf-8")
    (tmp_path / "succeeded-data-requests-1.txt").write_text(succeeded, encoding="utf-8")
    assert read_data_requests(tmp_path).without_prices == missing


def test_a_missing_folder_is_one_warning(workspace: Path) -> None:
    folder = workspace / "data" / "index" / "usa" / "daily"
    store_prices(workspace / "data", "spy", "20150102", "20180329")
    found = price_warnings([daily("spy"), daily("vix", "index")], _PERIOD, workspace)
    assert found == [f"! price data: there is no folder {folder}{_GET}"]


def test_what_is_no_daily_price_of_a_stock_or_an_index_is_not_looked_into(workspace: Path) -> None:
    hourly = DataRequest("equity", "usa", "hour", "spy", "equity/usa/hour/spy.zip")
    assert price_warnings([hourly, daily("es_trade", "future", "cme")], _PERIOD, workspace) == []


def test_a_lean_json_that_cannot_be_read_is_a_warning(workspace: Path) -> None:
    (workspace / "lean.json").write_text("{", encoding="utf-8")
    (found,) = price_warnings([daily("spy")], _PERIOD, workspace)
    assert found.startswith(f"! price data: {workspace / 'lean.json'} cannot be read: ")
    (workspace / "lean.json").unlink()
    assert price_warnings([daily("spy")], _PERIOD, workspace) == []
