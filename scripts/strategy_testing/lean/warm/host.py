"""Runs inside LEAN and serves one backtest after another from this one process, its engine.

LEAN imports this file as an algorithm, and it serves while it is being imported. Our launcher connects to the socket
that the environment names, is told that the engine is ready, sends the options of a backtest as a line of JSON, and
gets a line with how it ended once every file of it is written. Should the launcher go away before, the engine ends at
once: nobody waits for that backtest any more. An engine serves on only after a backtest that LEAN calls completed.
"""

from __future__ import annotations

import _thread
import contextlib
import decimal
import gc
import importlib
import json
import linecache
import logging
import os
import random
import select
import socket
import sys
import sysconfig
import threading
import time
import traceback
import warnings

SOCKET = "STRATEGY_TESTING_SOCKET"
SETTINGS = "STRATEGY_TESTING_ENGINE"
_MEMORY_BYTES = 1_500_000_000
_MEMORY_GROWTH = 4
_USUAL_GROWTH = 1.25
"""Of an engine that needs more than the bound for its first backtest already."""
_BACKTESTS = 200
_IDLE_SECONDS = 300
_SECONDS_TO_BEGIN = 400
"""LEAN gives a strategy 90 seconds to be created and five minutes to initialize; an engine cannot keep the first."""
_SECONDS_FOR_THREADS = 0.5
_CONTEXT = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


class Python:
    """What a strategy can leave behind in this process, as it was before the first one."""

    def __init__(self) -> None:
        """Notes the state."""
        self.modules = set(sys.modules)
        self.path, self.argv = list(sys.path), list(sys.argv)
        self.folder, self.environment = os.getcwd(), dict(os.environ)  # every import costs
        self.filters, self.decimals = list(warnings.filters), decimal.DefaultContext.copy()
        self.loggers = {name: (list(log.handlers), log.level, log.propagate, log.disabled) for name, log in _loggers()}
        self.disabled = logging.root.manager.disable
        prefixes = {self.folder, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
        self.installed = tuple(prefix.rstrip(os.sep) + os.sep for prefix in prefixes if len(prefix) > 1)

    def restore(self) -> None:
        """Undoes what a strategy did to it; seeds are drawn anew, as in a new process."""
        for name in [name for name in sys.modules if name not in self.modules and self._is_strategys(name)]:
            del sys.modules[name]
        sys.path[:], sys.argv[:] = self.path, self.argv
        os.chdir(self.folder)
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        random.seed()
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()
        warnings.resetwarnings()
        warnings.filters[:] = self.filters  # type: ignore[index]
        warnings.onceregistry.clear()  # type: ignore[attr-defined]
        self._restore_decimals()
        for name, logger in _loggers():
            handlers, logger.level, logger.propagate, logger.disabled = self.loggers.get(name, ([], 0, True, False))
            logger.handlers[:] = handlers
        logging.disable(self.disabled)
        importlib.invalidate_caches()
        linecache.clearcache()
        gc.collect()

    def _is_strategys(self, name: str) -> bool:
        """Whether a module is of the project or its libraries: Python's own packages stay, they are slow to import."""
        module = sys.modules[name]
        file = getattr(module, "__file__", None)
        places = getattr(module, "__path__", ()) if file is None else [file]  # of a package without a file: its folders
        sources = [place for place in places if isinstance(place, str) and (file is None or place.endswith(".py"))]
        return any(not source.startswith(self.installed) for source in sources)  # .NET's names name an assembly

    def _restore_decimals(self) -> None:
        for context in (decimal.DefaultContext, decimal.getcontext()):
            for field in _CONTEXT:
                setattr(context, field, getattr(self.decimals, field))
            for signal, is_trapped in self.decimals.traps.items():
                context.traps[signal] = is_trapped
            context.clear_flags()


def _loggers() -> list[tuple[str, logging.Logger]]:
    known = logging.root.manager.loggerDict
    named = [(name, logger) for name, logger in known.items() if isinstance(logger, logging.Logger)]
    return [("", logging.root), *named]


class Lean:
    """LEAN's own classes, used as its launcher uses them."""

    def __init__(self) -> None:
        """Finds them.

        Raises:
            ImportError, AttributeError, …: this LEAN has other ones.
        """
        import AlgorithmImports  # noqa: F401 - what every strategy imports, and what makes the others known
        import clr  # only there inside LEAN
        import QuantConnect
        from QuantConnect.Configuration import Config
        from QuantConnect.Lean.Engine import AlgorithmManager, Engine, Initializer
        from QuantConnect.Lean.Engine.DataFeeds import TextSubscriptionDataSourceReader
        from QuantConnect.Logging import Log
        from QuantConnect.Orders import MarketOnCloseOrder
        from QuantConnect.Util import Composer, WorkerThread
        from System import Activator

        self.config, self.log, self.composer = Config, Log, Composer
        self.globals, self.symbols = QuantConnect.Globals, QuantConnect.SymbolCache
        self.lines, self.at_close = TextSubscriptionDataSourceReader, MarketOnCloseOrder
        self.start, self.engine, self.manager = Initializer, Engine, AlgorithmManager
        self.activator, self.worker = Activator, clr.GetClrType(WorkerThread)

    def run(self, options: dict[str, str], watch: Watch) -> str:
        """Runs one backtest; all of its files are written then.

        Args:
            options: LEAN's options, names and texts.
            watch: is told when the backtest has a manager.

        Returns:
            LEAN's word for how it ended; `Completed` is a good end.
        """
        self.composer.Instance.Reset()
        self.symbols.Clear()
        self.lines.ClearCache()
        self.at_close.SubmissionTimeBuffer = self.at_close.DefaultSubmissionTimeBuffer
        for key, value in options.items():
            self.config.Set(key, value)
        self.globals.Reset()
        self.start.Start()
        systems = self.start.GetSystemHandlers()
        job, path = systems.JobQueue.NextJob("")
        handlers = self.start.GetAlgorithmHandlers()
        manager = self.manager(False, job)
        systems.LeanManager.Initialize(systems, handlers, job, manager)
        # LEAN's own worker is busy with importing this file, and the constructor of another is not public.
        worker = self.activator.CreateInstance(self.worker, True)
        watch.manager = manager
        self.engine(systems, handlers, False).Run(job, manager, path, worker)
        systems.JobQueue.AcknowledgeJob(job)
        systems.Dispose()
        handlers.Dispose()
        worker.Dispose()
        self.log.LogHandler.Dispose()
        status = str(manager.State)
        return "Completed" if status.lower() == "completed" else status


class Watch:
    """Ends the process when the launcher goes away in mid-backtest, or when the backtest never begins."""

    def __init__(self, client: socket.socket, seconds_to_begin: float) -> None:
        """Begins to watch."""
        self.manager: object = None
        self._client, self._seconds = client, seconds_to_begin
        self.is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Watches no more; the connection is closed then."""
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        # .NET lets Python's other threads run while it is at work.
        said, _, _ = select.select([self._client], [], [], self._seconds)
        if not said and not self.is_over and not getattr(self.manager, "DataPoints", 0):
            os._exit(4)  # LEAN's own launcher knows what to do with a strategy that does not come up
        select.select([self._client], [], [])
        if not self.is_over:
            os._exit(3)


class Host:
    """One engine."""

    def __init__(self, lean: Lean, settings: dict[str, float]) -> None:
        """An engine that has served nobody yet.

        Args:
            lean: LEAN's classes.
            settings: bounds, where they are not the usual ones.
        """
        self._lean, self._settings, self._python = lean, settings, Python()
        self._served, self._first_memory = 0, 0
        self._address = ""

    def serve(self, address: str) -> None:
        """Serves until the engine is to be replaced, or nobody has asked for a while; ends the process.

        Args:
            address: the path of the socket; gone before the last answer is given.
        """
        self._address = address
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"{address}.new")
        server.listen(8)
        server.settimeout(self._settings.get("idle_seconds", _IDLE_SECONDS))
        os.rename(f"{address}.new", address)  # there only when it answers
        with contextlib.suppress(OSError):  # nobody has asked, or the one who did has gone
            while True:
                client, _ = server.accept()
                client.settimeout(None)
                _send(client, {"ready": True})
                asked = client.makefile().readline()
                if asked and not self._answer(client, json.loads(asked)):
                    os._exit(0)
                client.close()
        self._take_no_more()
        os._exit(0)

    def _take_no_more(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._address)

    def _answer(self, client: socket.socket, options: dict[str, str]) -> bool:
        """Runs a backtest and says how it ended; whether the engine serves on."""
        watch = Watch(client, self._settings.get("seconds_to_begin", _SECONDS_TO_BEGIN))
        threads = _thread._count()  # also those that threading does not know
        try:
            self._python.restore()
            sys.path.insert(0, os.path.dirname(options["algorithm-location"]))
            status = self._lean.run(options, watch)
        except BaseException:
            self._take_no_more()
            _send(client, {"error": traceback.format_exc()})
            return False
        self._served += 1
        memory = _memory()
        self._first_memory = self._first_memory or memory
        replaced = self._reason_to_replace(status, memory, threads)
        if replaced:
            self._take_no_more()
        watch.is_over = True  # the launcher may be gone as soon as it has read the answer
        _send(client, {"status": status, "served": self._served, "memory_bytes": memory, "replaced": replaced})
        watch.end()
        return replaced is None

    def _reason_to_replace(self, status: str, memory: int, threads: int) -> str | None:
        settings = self._settings
        grown = self._first_memory * settings.get("memory_growth", _MEMORY_GROWTH)
        bound = min(settings.get("memory_bytes", _MEMORY_BYTES), grown)
        bound = max(bound, self._first_memory * _USUAL_GROWTH)
        if status != "Completed":
            return f"its backtest ended as {status}"
        if memory > bound:
            return f"its memory has grown to {memory // 10**6} MB"
        if self._served >= settings.get("backtests", _BACKTESTS):
            return f"it has served {self._served} backtests"
        until = time.monotonic() + _SECONDS_FOR_THREADS
        while _thread._count() > threads:
            if time.monotonic() > until:
                return "the strategy left a thread running"
            time.sleep(0.01)
        return None


def _memory() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _send(client: socket.socket, values: dict[str, object]) -> None:
    client.sendall((json.dumps(values) + "\n").encode())


def main() -> None:
    """Serves, if it is LEAN that imports this file; what keeps it from it is left beside the socket."""
    address, settings = os.environ.pop(SOCKET), json.loads(os.environ.pop(SETTINGS))
    try:
        Host(Lean(), settings).serve(address)
    except BaseException:
        with open(f"{address}.error", "w", encoding="utf-8") as file:
            file.write(traceback.format_exc())
        os._exit(1)


if SOCKET in os.environ:
    main()
