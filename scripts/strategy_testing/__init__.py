"""The modules behind optimize_runner.py and results_importer.py.

They form a chain that reads like the work: config, parameter space, lean command, lean process, lean results,
criteria, database, summary. Imports go one way along it.
"""

__version__ = "1.0.0"
"""That of pyproject.toml."""
