"""Stores the figures of an output folder as MLflow and Optuna store theirs, and prints the seconds that this took.

Reading the files is left out, in their favour. It runs in an environment of its own, .venv-bench.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Figures = list[tuple[dict[str, str], dict[str, float]]]


def _figures(output: Path) -> Figures:
    """Parameters and figures of each backtest."""
    found = []
    for file in sorted(output.glob("*/*-summary.json")):
        document = json.loads(file.read_bytes())
        sections = document["totalPerformance"]
        figures = {**sections["portfolioStatistics"], **sections["tradeStatistics"]}
        numbers = {name: number for name, text in figures.items() if (number := _number(text)) is not None}
        found.append((document["algorithmConfiguration"]["parameters"], dict(list(numbers.items())[:50])))
    return found


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _mlflow(url: str, figures: Figures) -> float:
    import mlflow  # type: ignore[import-not-found] # noqa: PLC0415
    from mlflow.entities import Metric, Param  # type: ignore[import-not-found] # noqa: PLC0415

    client = mlflow.MlflowClient(tracking_uri=url)
    experiment = client.create_experiment("bench", artifact_location=tempfile.gettempdir())
    began = time.monotonic()
    for parameters, numbers in figures:
        run = client.create_run(experiment)
        metrics = [Metric(name, value, 0, 0) for name, value in numbers.items()]
        client.log_batch(run.info.run_id, metrics=metrics, params=[Param(*pair) for pair in parameters.items()])
        client.set_terminated(run.info.run_id)
    return time.monotonic() - began


def _optuna(url: str, figures: Figures) -> float:
    import optuna  # type: ignore[import-not-found] # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=url, study_name="bench")
    kinds = {name: optuna.distributions.FloatDistribution(-1e9, 1e9) for name in figures[0][0]}
    trials = [
        optuna.trial.create_trial(
            value=numbers["sharpeRatio"],
            params={name: float(value) for name, value in parameters.items()},
            distributions=kinds,
            user_attrs=numbers,
        )
        for parameters, numbers in figures
    ]
    began = time.monotonic()
    study.add_trials(trials)
    return time.monotonic() - began


def main() -> int:
    """Prints seconds."""
    _, name, output, dsn = sys.argv
    parts = dict(part.split("=", 1) for part in dsn.split())
    server = f"host={parts['host']}&port={parts.get('port', '5432')}"
    url = f"postgresql+psycopg2://{parts['user']}@/{parts['dbname']}?{server}"
    seconds = {"mlflow": _mlflow, "optuna": _optuna}[name](url, _figures(Path(output)))
    sys.stdout.write(f"{seconds:.3f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
