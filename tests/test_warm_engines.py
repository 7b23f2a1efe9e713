"""Warm engines serve as LEAN's own launcher does, and never worse; with stand-ins for LEAN's classes."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from warm_lean.bench import bench, wait_until

_PLAIN = """
class Plain(QCAlgorithm):
    def initialize(self):
        self.figures["period"] = self.get_parameter("period")
        self.set_close_buffer(float(self.get_parameter("period")))
    def on_data(self):
        what = self.get_parameter("then")
        if what == "crash":
            raise ValueError("no such price")
        if what == "die":
            import os
            os._exit(9)
        if what == "hang":
            import time
            time.sleep(600)
        if what == "slow":
            import time
            time.sleep(0.4)
        if what == "eat":
            self.figures["eaten"] = len(bytearray(60_000_000)) and KEPT.append(bytearray(60_000_000))
KEPT = []
"""


def test_one_engine_serves_many_and_gives_what_a_cold_one_gives() -> None:
    with bench(_PLAIN) as warm:
        given = ["period:1", "period:2", "period:3"]
        served = warm.run(*given)
        assert [each.outcome for each in served] == [each.outcome for each in warm.cold(*given)]
        assert [each.process.returncode for each in served] == [0, 0, 0]
        assert [each.note["served"] for each in served] == [1, 2, 3]
        assert len({each.note["process"] for each in served}) == 1
        assert [each.parameters for each in served] == [{"own": "5", "period": str(n)} for n in (1, 2, 3)]
        # Each has a log of its own, and nothing of another's.
        assert all(each.log.count("LEAN ALGORITHMIC TRADING ENGINE") == each.log.count("Run()") == 1 for each in served)


def test_two_optimizations_at_once_have_nothing_in_common() -> None:
    with bench(_PLAIN, engines=2) as warm, ThreadPoolExecutor(4) as pool:
        runs = [warm.start(f"period:{n},then:slow", optimization=f"O{n % 2}") for n in range(4)]
        list(pool.map(lambda run: run.process.wait(60), runs))
        assert [run.figures["period"] for run in runs] == ["0", "1", "2", "3"]
        assert {run.note["engine"] for run in runs} == {"warm"}
        assert len({run.note["process"] for run in runs}) == 4
        homes = sorted(folder.name for folder in warm.home.glob("engines-*"))
        assert homes == ["engines-O0", "engines-O1"]
        assert {folder.stat().st_mode & 0o777 for folder in warm.home.glob("engines-*")} == {0o700}


def test_no_more_engines_than_backtests_at_once_are_started() -> None:
    with bench(_PLAIN, engines=2) as warm:
        first = [warm.start(f"period:{n},then:slow") for n in range(2)]
        for run in first:
            run.process.wait(60)
        later = warm.run("period:3", "period:4", "period:5")
        assert len({run.note["process"] for run in [*first, *later]}) == 2


@pytest.mark.parametrize("number", ["1", "1.0"])
def test_a_row_of_a_table_is_served_whole(number: str) -> None:
    rows = [{"period": "10"}, {"period": "21.5", "tickers": 'a,b:c d "x" é'}]
    with bench(_PLAIN, table=rows) as warm:
        (served,) = warm.run(f"combination:{number}")
        assert served.note["engine"] == "warm"
        assert served.parameters == {"own": "5", **rows[1]}


def test_an_engine_serves_on_only_after_a_completed_backtest() -> None:
    with bench(_PLAIN) as warm:
        given = ["period:1", "period:2,then:crash", "period:3"]
        served = warm.run(*given)
        assert [each.outcome for each in served] == [each.outcome for each in warm.cold(*given)]
        assert [each.process.returncode for each in served] == [0, 1, 0]
        assert [each.note["replaced"] for each in served] == [None, "its backtest ended as RuntimeError", None]
        assert [each.note["served"] for each in served] == [1, 2, 1]
        warm.run("period:4,then:crash")
        wait_until(lambda: len(warm.engines()) == 1)  # the next one comes up before anybody asks for it


def test_an_engine_is_replaced_after_so_many_backtests_or_so_much_memory() -> None:
    with bench(_PLAIN, backtests=2) as warm:
        served = warm.run("period:1", "period:2", "period:3")
        assert [each.note["served"] for each in served] == [1, 2, 1]
        assert served[1].note["replaced"] == "it has served 2 backtests"
    bounds: list[dict[str, float]] = [{"memory_growth": 2}, {"memory_bytes": 50_000_000, "memory_growth": 99}]
    for bound in bounds:
        with bench(_PLAIN, table=(), **bound) as warm:
            served = warm.run("period:1", "period:2,then:eat", "period:3")
            assert [each.note["served"] for each in served] == [1, 2, 1], bound
            assert served[1].note["replaced"].startswith("its memory has grown to ")


def test_an_engine_that_dies_costs_nothing_but_time() -> None:
    with bench(_PLAIN) as warm:
        died, after = warm.run("period:1,then:die", "period:2")
        assert died.process.returncode == 9  # as LEAN's own launcher ends then, which ran it again
        assert died.note == {"engine": "cold", "reason": "the warm engine ended in this backtest: it died"}
        assert "launcher: LEAN's own launcher runs this backtest: the warm engine ended" in died.log
        assert "launcher: LEAN's own launcher runs this backtest" in died.printed
        assert (after.note["engine"], after.note["served"]) == ("warm", 1)


def test_after_three_dead_engines_an_optimization_goes_without() -> None:
    with bench(_PLAIN) as warm:
        runs = warm.run(*["period:1,then:die"] * 3, "period:2")
        assert [run.note["engine"] for run in runs] == ["cold"] * 4
        assert runs[3].note["reason"].startswith("3 warm engines ended in a backtest")
        assert runs[3].figures["period"] == "2"
        assert warm.engines() == []


@pytest.mark.parametrize(
    ("environment", "settings", "reason"),
    [
        ({"STAND_IN_LACKS": "WorkerThread"}, {}, "a warm engine could not start: ImportError: cannot import name"),
        ({"STAND_IN_LACKS": "SymbolCache"}, {}, "a warm engine could not start: AttributeError"),
        ({"STAND_IN_START": "fail"}, {}, "a warm engine could not start"),
        ({"STAND_IN_START": "hang"}, {"handshake_seconds": 0.5}, "a warm engine was not up after 0.5 seconds"),
    ],
)
def test_where_no_engine_comes_up_leans_own_launcher_runs(
    environment: dict[str, str], settings: dict[str, float], reason: str
) -> None:
    with bench(_PLAIN, table=(), **settings) as warm:
        warm.environment |= environment
        began = time.monotonic()
        first, second = warm.run("period:1", "period:2")
        assert [run.note["engine"] for run in (first, second)] == ["cold", "cold"]
        assert first.note["reason"].startswith(reason), first.note
        assert second.note["reason"] == first.note["reason"]  # known by then: not tried again
        assert [run.figures["period"] for run in (first, second)] == ["1", "2"]
        assert "launcher: LEAN's own launcher runs this backtest" in first.log
        assert not list((warm.home / "engines-O1").glob("*.socket"))
        assert warm.engines() == []
        assert time.monotonic() - began < 20


def test_an_image_without_python_runs_lean_as_it_is() -> None:
    with bench(_PLAIN) as warm:
        only = warm.home / "bin"
        only.mkdir()
        (only / "dotnet").write_text('#!/bin/sh\necho "LEAN: $*"\n', encoding="utf-8")
        (only / "dotnet").chmod(0o755)
        (warm.folder / "launcher").write_text(
            (warm.folder / "launcher").read_text().replace("/usr/", "/no/").replace("/opt/", "/no/"), encoding="utf-8"
        )
        warm.environment["PATH"] = str(only)
        run = warm.start("period:1")
        assert run.process.wait(30) == 0
        assert "launcher: no Python 3 in this image: LEAN runs as it would without this file" in run.printed
        assert "LEAN: QuantConnect.Lean.Launcher.dll --results-destination-folder" in run.printed
        assert "--parameters period:1" in run.printed


def test_a_strategy_that_is_not_python_is_left_to_leans_own_launcher() -> None:
    with bench(_PLAIN) as warm:
        config = warm.folder / "config.json"
        config.write_text(config.read_text().replace('"Python"', '"CSharp"'), encoding="utf-8")
        (run,) = warm.run("period:1")
        assert run.note == {"engine": "cold", "reason": "only strategies in Python can be served by a warm engine"}


def test_a_launcher_that_is_killed_takes_its_engine_with_it() -> None:
    with bench(_PLAIN) as warm:
        run = warm.start("period:1,then:hang")
        wait_until((run.folder / "log.txt").exists)
        assert len(warm.engines()) == 1
        run.process.send_signal(signal.SIGKILL)
        run.process.wait(10)
        wait_until(lambda: warm.engines() == [])
        (after,) = warm.run("period:2")
        assert after.note["served"] == 1


def test_a_strategy_that_does_not_come_up_is_left_to_leans_own_launcher() -> None:
    slow = "import time\nclass Slow(QCAlgorithm):\n    def initialize(self):\n        time.sleep(1.5)\n"
    with bench(slow, seconds_to_begin=0.3) as warm:
        (run,) = warm.run("period:1")
        assert run.note["engine"] == "cold"
        assert run.document["state"]["Status"] == "Completed"


def test_an_engine_that_nobody_asks_ends() -> None:
    with bench(_PLAIN, idle_seconds=0.3) as warm:
        warm.run("period:1")
        wait_until(lambda: warm.engines() == [])
        (after,) = warm.run("period:2")
        assert (after.note["engine"], after.note["served"]) == ("warm", 1)


def test_an_engine_that_is_stuck_while_idle_is_killed() -> None:
    with bench(_PLAIN, handshake_seconds=0.5) as warm:
        warm.run("period:1")
        (engine,) = warm.engines()
        os.kill(engine, signal.SIGSTOP)
        (run,) = warm.run("period:2")
        assert run.note == {"engine": "cold", "reason": "a warm engine is up and does not answer"}
        wait_until(lambda: warm.engines() == [])


_LEAKS = {
    "a module variable": ("N.append(1)", "len(N)"),
    "a library's variable": ("import mylib; mylib.N.append(1)", "__import__('mylib').N"),
    "a namespace package's": ("import shared.part as p; p.N.append(1)", "__import__('shared.part').part.N"),
    "sys.path": ("sys.path.append('/elsewhere')", "'/elsewhere' in sys.path"),
    "sys.argv": ("sys.argv.append('x')", "'x' in sys.argv"),
    "the working directory": ("os.chdir('/')", "os.getcwd() == '/'"),
    "the environment": ("os.environ['LEAKED'] = '1'", "os.environ.get('LEAKED')"),
    "the seed of random": ("random.seed(7)", "random.random() == random.Random(7).random()"),
    "the seed of NumPy": ("numpy.random.seed(7)", "numpy.random.random() == random.Random(7).random()"),
    "filters of warnings": ("warnings.simplefilter('error')", "[f[0] for f in warnings.filters[:1]]"),
    "the decimal context": ("decimal.DefaultContext.prec = 3", "decimal.getcontext().prec"),
    "traps of decimals": (
        "decimal.DefaultContext.traps[decimal.Inexact] = True", "decimal.getcontext().traps[decimal.Inexact]",
    ),
    "a handler of the log": ("logging.getLogger().addHandler(logging.NullHandler())", "len(logging.root.handlers)"),
    "a logger's level": ("logging.getLogger('mine').setLevel(50)", "logging.getLogger('mine').level"),
    "disabled logging": ("logging.disable(50)", "logging.root.manager.disable"),
}  # fmt: skip
_LEAKY = """
import decimal, logging, os, random, sys, warnings
import numpy
N = []
class Leaky(QCAlgorithm):
    def initialize(self):
"""


def test_nothing_of_a_backtest_is_left_for_the_next() -> None:
    finds = [f"        self.figures[{what!r}] = {find}\n" for what, (_, find) in _LEAKS.items()]
    leaves = [f"        {leave}\n" for leave, _ in _LEAKS.values()]
    with bench("".join([_LEAKY, *finds, *leaves])) as warm:
        (warm.project / "mylib.py").write_text("N = []\n", encoding="utf-8")
        (warm.project / "shared").mkdir()
        (warm.project / "shared" / "part.py").write_text("N = []\n", encoding="utf-8")
        first, second = warm.run("period:1", "period:1")
        assert second.note["served"] == 2, first.note
        assert second.figures == first.figures == warm.cold("period:1")[0].figures


def test_an_engine_whose_strategy_left_a_thread_is_replaced() -> None:
    threaded = """
import threading, time
class Threaded(QCAlgorithm):
    def initialize(self):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
    with bench(threaded) as warm:
        first, second = warm.run("period:1", "period:2")
        assert first.note["replaced"] == "the strategy left a thread running"
        assert second.note["served"] == 1
