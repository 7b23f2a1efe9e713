-- A backtest is looked for by its id alone, too: the same constraint with its columns the other way round. Few results
-- are taken from others: the index, which db_schema.sql makes anew, has no more than these.

DROP INDEX IF EXISTS backtest_results_reused_from_idx;
DO $$
BEGIN
    IF to_regclass('backtest_results') IS NOT NULL THEN
        ALTER TABLE backtest_results
            DROP CONSTRAINT IF EXISTS backtest_results_run_backtest_key,
            ADD CONSTRAINT backtest_results_run_backtest_key UNIQUE (backtest_id, optimization_run_id);
    END IF;
END;
$$;
