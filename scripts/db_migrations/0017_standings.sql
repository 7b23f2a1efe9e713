-- What the leaderboard says of strategies has a table of its own, which db_schema.sql makes and fills. Another index,
-- which db_schema.sql makes too, finds the newest run of a strategy.

DROP INDEX IF EXISTS optimization_runs_strategy_id_idx;
