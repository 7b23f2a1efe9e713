#!/bin/sh
# The main job on a fresh machine: the real runner, with `lean` replaced by the replay of a recorded run.
set -eu
cd "$(dirname "$0")/../.."
python="$1"
recording="${2:-grid-72}"
config="${3:-configs/optimizations/rsi_etf_example.yaml}"
code="${4:-grid-72/output/code/main.py}"
workspace=.demo/workspace
mkdir -p "$workspace"
[ -f "$workspace/lean.json" ] || echo '{}' > "$workspace/lean.json"
# What the recorded strategy is compared with: buying and holding SPY.
mkdir -p "$workspace/data" && cp -r tests/prices/equity "$workspace/data/"
# The strategy as it was recorded; the one in lean_projects/ may have moved on.
"$python" - "$workspace" "$recording" "$code" <<'END'
import pathlib, sys, tarfile
workspace, recording, code = sys.argv[1:]
project = pathlib.Path(workspace) / "RSI_MeanReversion_ETF"
project.mkdir(exist_ok=True)
with tarfile.open(f"tests/recordings/{recording}.tar.xz") as archive:
    text = archive.extractfile(code)
    assert text is not None
    (project / "main.py").write_bytes(text.read())
END
export LEAN_REPLAY_RECORDING="$PWD/tests/recordings/$recording.tar.xz"
export LEAN_REPLAY_SPEED="${DEMO_SPEED:-20}"
export REPLAY_PYTHON="$PWD/$python"
export LEAN_COMMAND="$PWD/tests/replay/bin/lean"
unset DATABASE_URL PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGSERVICE
echo "demo: no LEAN here, so a recorded optimization of the real engine is replayed at ${LEAN_REPLAY_SPEED}× speed" >&2
leaderboard=lean_projects/results/leaderboard/strategy_leaderboard.md
status=0
summary=$("$python" scripts/optimize_runner.py --config "$config" --workspace "$workspace" --fresh) || status=$?
[ "$status" -eq 0 ] && cat "$leaderboard" && echo
printf '%s\n' "$summary"
exit "$status"
