-- What the leaderboard says of strategies has a table of its own, which db_schema.sql makes and fills; how far a result is
-- from passing stands beside it. Other indexes, which db_schema.sql makes too, find what these did.

DROP INDEX IF EXISTS optimization_runs_strategy_id_idx, backtest_results_strategy_id_idx;
ALTER TABLE IF EXISTS backtest_results ADD COLUMN IF NOT EXISTS miss_distance numeric;
