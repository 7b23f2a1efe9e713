-- Estimated fees of runs, runs that were refused for them, and the configs of a batch that never ran.

ALTER TABLE IF EXISTS optimization_runs
    ADD COLUMN IF NOT EXISTS estimated_orders integer,
    ADD COLUMN IF NOT EXISTS estimated_fees numeric,
    ADD COLUMN IF NOT EXISTS estimated_fee_pct numeric,
    ADD COLUMN IF NOT EXISTS estimated_annual_fee_pct numeric,
    ADD COLUMN IF NOT EXISTS fee_model text,
    DROP CONSTRAINT IF EXISTS optimization_runs_status_check,
    ADD CONSTRAINT optimization_runs_status_check
        CHECK (status IN ('pending', 'running', 'completed', 'partial', 'failed', 'interrupted', 'refused'));
