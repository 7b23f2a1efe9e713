"""What a run's results depend on beside code and parameters, and whether it is still the same. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strategy_testing.results.data_requests import ticker_of

DataHashes = Mapping[str, str | None]
"""The hash of each data file by its path below the data folder; None where there is no such file."""


@dataclass(frozen=True)
class RunInputs:
    """The data and the engine of a run."""

    data: DataHashes | None = None
    """Of every file that LEAN looked for; None where nobody knows."""
    engine: str | None = None
    """Id of the engine's image; None where Docker could not tell."""

    def change(self, now: "RunInputs") -> str | None:
        """What is no longer the same, such as `prices of SPY have changed`; what nobody knows counts as the same."""
        if self.data is not None and now.data is not None:
            current = now.data
            changed = [path for path, before in self.data.items() if current.get(path) != before]
            if changed:
                return _shown(changed)
        if None not in (self.engine, now.engine) and self.engine != now.engine:
            return "the engine's image has changed"
        return None

    def still_true(self, now: "RunInputs") -> "RunInputs":
        """What holds for results of before and of now alike: now's, but for what has changed or was not known."""
        is_same_data = self.data is not None and RunInputs(self.data).change(now) is None
        return RunInputs(
            data=now.data if is_same_data else None,
            engine=now.engine if self.engine in (None, now.engine) else None,
        )


def _shown(paths: Iterable[str]) -> str:
    tickers = sorted({ticker for path in paths if (ticker := ticker_of(path)) is not None})
    others = sorted(path for path in paths if ticker_of(path) is None)
    what = ([f"prices of {', '.join(tickers)}"] if tickers else []) + others
    return f"{' and '.join(what)} {'have' if tickers or len(others) > 1 else 'has'} changed"
