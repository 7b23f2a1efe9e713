"""Where the project keeps its own files."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SCRIPTS_DIR = PROJECT_ROOT / "scripts"
SCHEMAS_DIR = PROJECT_ROOT / "configs" / "schemas"
OPTIMIZATIONS_DIR = PROJECT_ROOT / "configs" / "optimizations"
TEMPLATE_CONFIG = OPTIMIZATIONS_DIR / "template.yaml"
DEFAULT_WORKSPACE = PROJECT_ROOT / "lean_projects"
TEMPLATE_PROJECT = DEFAULT_WORKSPACE / "_template"
DEFAULT_RESULTS = DEFAULT_WORKSPACE / "results"
DEFAULT_LEADERBOARD = DEFAULT_RESULTS / "leaderboard" / "strategy_leaderboard.md"
CACHE_DIR = PROJECT_ROOT / ".cache"
BACKLOG = PROJECT_ROOT / "data" / "strategy_backlog.yaml"
EMBEDDED_POSTGRES_DIR = PROJECT_ROOT / ".postgres"
