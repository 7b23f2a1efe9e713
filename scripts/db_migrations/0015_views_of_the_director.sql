-- What a run's backtests took, so that the weekly figures need no look at each of them, and indexes for the best results.
-- Nothing looks for results by parameters over all runs.

DROP INDEX IF EXISTS backtest_results_parameters_idx;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS computing_seconds numeric;

DO $$
BEGIN
    IF to_regclass('backtest_results') IS NOT NULL THEN
        UPDATE optimization_runs
        SET computing_seconds = took.seconds
        FROM (
            SELECT optimization_run_id, extract(EPOCH FROM sum(completed_at - started_at)) AS seconds
            FROM backtest_results
            WHERE reused_from IS NULL
            GROUP BY optimization_run_id
        ) AS took
        WHERE optimization_runs.id = took.optimization_run_id AND optimization_runs.status <> 'running';
    END IF;
END;
$$;
