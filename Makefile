# Everything runs in an environment of its own, .venv/; a fresh machine needs Python 3.11+, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS_STAMP := .venv-bench/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo demo-walk-forward test lint check-strategies bench-overhead bench-engine bench-statistics bench-views bench-import bench-live campaign faults replay-orders report psql director-role database-server clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(STAMP) ## make the environment

$(STAMP): requirements.txt requirements-stubs.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one with make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@echo "making the environment $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-stubs.txt
	@touch $@

demo: $(STAMP) ## the main job on a recorded run and an embedded PostgreSQL
	@tests/replay/demo.sh $(BIN)/python

demo-walk-forward: $(STAMP) ## the same of three windows: what is chosen in two years, tested in the third
	@tests/replay/demo.sh $(BIN)/python walk-forward configs/optimizations/rsi_etf_walk_forward.yaml \
		walk-forward/window-1/in-sample/output/code/main.py

test: $(STAMP) ## all tests
	@tests/chromium.sh
	@$(BIN)/python -m pytest -n 4 --dist worksteal

lint: $(STAMP) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy scripts tests

check-strategies: $(STAMP) ## check the strategies and the guide against LEAN's Python API and for usual mistakes
	@$(BIN)/python scripts/check_strategies.py

bench-overhead: $(STAMP) ## the runner's time over a bare replay at real speed, as a ratio, and a batch's a config (17 minutes)
	@$(BIN)/python tests/bench_overhead.py

bench-engine: $(STAMP) ## what warm engines save, as ratios against bare lean optimize (40 minutes)
	@$(BIN)/python tests/bench_engine.py

bench-views: $(STAMP) ## how the views grow from ten thousand backtests to a million, as ratios (10 minutes)
	@$(BIN)/python tests/bench_views.py

bench-statistics: $(STAMP) ## what the statistics of luck cost for 1,000 combinations of 1,500 days, part by part
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/bench_statistics.py

bench-import: $(STAMP) $(PEERS_STAMP) ## an import of 100, 1,000 and 10,000 backtests over the least that it can cost (20 GB, 20 minutes)
	@$(BIN)/python tests/bench_import.py

bench-live: $(STAMP) ## what a look at a running LEAN and storing two results cost, whatever has finished (3 minutes)
	@$(BIN)/python tests/bench_live.py

$(PEERS_STAMP):
	@echo "making the environment .venv-bench, with MLflow and Optuna to compare with …"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check mlflow optuna psycopg2-binary
	@touch $@

campaign: $(STAMP) ## a busy week: a batch of 120 configs, three of them poisoned, on the replay
	@CAMPAIGN_CONFIGS=120 $(BIN)/python -m pytest -q --durations=1 tests/test_batch.py -k many_configs

faults: SEED := $(shell date +%s)
faults: $(STAMP) ## the faults at length: 100 random moments for each signal, 2,000 damaged runs, a minute's lock (an hour)
	@echo "seed of the damaged runs: $(SEED)"
	@FAULT_TRIES=$${FAULT_TRIES:-100} SECONDS_LOCKED=58 RECORDED_ORDERS_EVERY=1 \
		FUZZ_MUTANTS=$${FUZZ_MUTANTS:-2000} FUZZ_SEED=$${FUZZ_SEED:-$(SEED)} $(BIN)/python -m pytest -q -n 6 \
		tests/test_faults.py tests/test_faults_signals.py tests/test_faults_database.py tests/test_damaged_runs.py \
		tests/test_embedded_postgres.py tests/test_recorded_orders.py
	@grep '^|' docs/FAULTS.md

replay-orders: $(STAMP) ## the recorded orders against the fake of LEAN on the sample prices in DATA (default lean_projects/data)
	@PYTHONPATH=scripts $(BIN)/python tests/replay_orders.py $(DATA)

report: $(STAMP) ## rewrite all HTML pages, print where their index is, and open it in the browser where there is one
	@index=$$($(BIN)/python scripts/results_importer.py --report) && echo "$$index" \
		&& $(BIN)/python -c 'import sys, webbrowser; webbrowser.open("file://" + sys.argv[1])' "$$index"

psql: $(STAMP) ## open the database
	@PYTHONPATH=scripts $(BIN)/python -m strategy_testing.commands.psql

director-role: $(STAMP) ## make the role director, which only reads the views; asks for its password
	@PYTHONPATH=scripts $(BIN)/python -m strategy_testing.sharing.role

database-server: PORT := 5433
database-server: $(STAMP) ## open the embedded database to DBeaver, Metabase or Grafana, on PORT of this machine
	@PYTHONPATH=scripts $(BIN)/python -m strategy_testing.sharing.serve --port $(PORT)

clean: ## remove the environments and caches; results and database stay
	rm -rf $(VENV) .venv-lean .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .demo .cache
