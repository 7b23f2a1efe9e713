-- What results were made of, and which of them are identical. Of older runs nobody knows: each combination is a trial.

ALTER TABLE IF EXISTS backtest_results ADD COLUMN IF NOT EXISTS outcome_hash text;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS engine_digest text;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS data_fingerprint jsonb;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS distinct_trials integer NOT NULL DEFAULT 0;

DO $$
BEGIN
    IF to_regclass('optimization_runs') IS NOT NULL THEN
        UPDATE optimization_runs SET distinct_trials = completed_combinations;
    END IF;
END
$$;
