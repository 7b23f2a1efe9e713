"""Imported first by what is started by itself in tests/, from wherever: it then finds the project's own code."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
