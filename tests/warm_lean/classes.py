"""The modules and classes of LEAN that a strategy and a warm engine's host import, with the state that they keep."""

import json
import os
import random
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

CONFIG: dict[str, str] = {}
_WORKING = "Running"


class Config:
    """Values stay until they are set anew."""

    @staticmethod
    def Set(key: str, value: str) -> None:  # noqa: N802 - as LEAN has it
        CONFIG[key] = value


class Globals:
    """The results folder is read once, until it is reset."""

    folder: str | None = None

    @staticmethod
    def Reset() -> None:  # noqa: N802
        Globals.folder = None

    @staticmethod
    def results() -> Path:
        Globals.folder = Globals.folder or CONFIG["results-destination-folder"]
        return Path(Globals.folder)


class _Kept:
    """A cache that grows with each backtest until it is cleared; what a backtest finds in it stands in its figures."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def Clear(self) -> None:  # noqa: N802
        self.known.clear()

    ClearCache = Clear


class _Composer:
    """Parts are made once and given to everybody, until it is reset."""

    def __init__(self) -> None:
        self._parts: dict[str, Any] = {}

    def Reset(self) -> None:  # noqa: N802
        self._parts.clear()

    def part(self, name: str, make: Callable[[], Any]) -> Any:
        return self._parts.setdefault(name, make())


class _LogHandler:
    """Writes one log.txt, and nothing more once it has been disposed of."""

    open = 0

    def __init__(self, folder: Path) -> None:
        _LogHandler.open += 1
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "log.txt").open("a", encoding="utf-8")

    def write(self, line: str) -> None:
        if not self._file.closed:
            self._file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z TRACE:: {line}\n")
            self._file.flush()

    def Dispose(self) -> None:  # noqa: N802
        _LogHandler.open -= 1
        self._file.close()


class Log:
    """The handler of the process."""

    LogHandler: Any = None


class _Disposable:
    """Counts those of its kind that are still open."""

    open = 0

    def __init__(self) -> None:
        type(self).open += 1

    def Dispose(self) -> None:  # noqa: N802
        type(self).open -= 1


class _Systems(_Disposable):
    open = 0
    JobQueue = SimpleNamespace(
        NextJob=lambda _path: (dict(CONFIG), CONFIG["algorithm-location"]),
        AcknowledgeJob=lambda _job: None,
    )
    LeanManager = SimpleNamespace(Initialize=lambda *_: None)


class _Handlers(_Disposable):
    open = 0


class WorkerThread(_Disposable):
    """A thread on which a backtest runs; the process's own one may be at work."""

    open = 0

    def run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()


class Initializer:
    """What LEAN does before a backtest."""

    @staticmethod
    def Start() -> None:  # noqa: N802
        Log.LogHandler = COMPOSER.part("log", lambda: _LogHandler(Globals.results()))
        Log.LogHandler.write("Engine.Main(): LEAN ALGORITHMIC TRADING ENGINE v2.5.0.0 (a stand-in)")

    @staticmethod
    def GetSystemHandlers() -> _Systems:  # noqa: N802
        return _Systems()

    @staticmethod
    def GetAlgorithmHandlers() -> _Handlers:  # noqa: N802
        return _Handlers()


class AlgorithmManager:
    """Knows how far a backtest is."""

    def __init__(self, _live: bool, _job: dict[str, str]) -> None:
        self.State = _WORKING
        self.DataPoints = 0


class Engine:
    """Runs a backtest; what does is set by the program that stands for LEAN."""

    backtest: Callable[[AlgorithmManager, dict[str, Any]], None]

    def __init__(self, _systems: _Systems, _handlers: _Handlers, _live: bool) -> None:
        pass

    def Run(self, _job: dict[str, str], manager: AlgorithmManager, _path: str, worker: WorkerThread) -> None:  # noqa: N802
        found = {
            "symbols": len(SYMBOLS.known),
            "lines": len(LINES.known),
            "buffer": AT_CLOSE.SubmissionTimeBuffer,
            "open": _Systems.open + _Handlers.open + WorkerThread.open + _LogHandler.open,
        }
        SYMBOLS.known.append("SPY")
        LINES.known.append("2015-01-02")
        worker.run(lambda: Engine.backtest(manager, found))


COMPOSER, SYMBOLS, LINES = _Composer(), _Kept(), _Kept()
AT_CLOSE = SimpleNamespace(SubmissionTimeBuffer=15.5, DefaultSubmissionTimeBuffer=15.5)


class QCAlgorithm:
    """What a scripted strategy is made of: it puts what it computes into its figures."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._parameters = parameters
        self.figures: dict[str, Any] = {}

    def get_parameter(self, name: str, default: str = "") -> str:
        return self._parameters.get(name, default)

    def set_close_buffer(self, minutes: float) -> None:
        AT_CLOSE.SubmissionTimeBuffer = minutes

    def initialize(self) -> None: ...

    def on_data(self) -> None: ...


def _numpy() -> dict[str, dict[str, Any]]:
    """What of NumPy keeps state: one generator for all; LEAN's own imports have loaded it."""
    generator = random.Random()
    return {"numpy": {}, "numpy.random": {"seed": generator.seed, "random": generator.random}}


def install(backtest: Callable[[AlgorithmManager, dict[str, Any]], None]) -> None:
    """Make the modules importable; what the environment says that this LEAN lacks is not there."""
    Engine.backtest = staticmethod(backtest)
    modules: dict[str, dict[str, Any]] = {
        "AlgorithmImports": {"QCAlgorithm": QCAlgorithm},
        "clr": {"GetClrType": lambda kind: kind},
        "System": {"Activator": SimpleNamespace(CreateInstance=lambda kind, _public: kind())},
        "QuantConnect": {"Globals": Globals, "SymbolCache": SYMBOLS},
        "QuantConnect.Configuration": {"Config": Config},
        "QuantConnect.Lean": {},
        "QuantConnect.Lean.Engine": {
            "AlgorithmManager": AlgorithmManager, "Engine": Engine, "Initializer": Initializer,
        },
        "QuantConnect.Lean.Engine.DataFeeds": {"TextSubscriptionDataSourceReader": LINES},
        "QuantConnect.Logging": {"Log": Log},
        "QuantConnect.Orders": {"MarketOnCloseOrder": AT_CLOSE},
        "QuantConnect.Util": {"Composer": SimpleNamespace(Instance=COMPOSER), "WorkerThread": WorkerThread},
        **_numpy(),
    }  # fmt: skip
    lacks = os.environ.get("STAND_IN_LACKS", "")
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update({key: value for key, value in contents.items() if key != lacks})
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


def parameters() -> dict[str, str]:
    """Of the backtest, by LEAN's two ways of writing them."""
    text = CONFIG.get("parameters", "")
    if text.startswith("{"):
        read: dict[str, str] = json.loads(text)
        return read
    return dict(pair.split(":", 1) for pair in text.split(",") if pair)
