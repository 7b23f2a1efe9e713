-- name: insert_batch
INSERT INTO optimization_batches (name, description, batch_file, total_configs)
VALUES (%(name)s, %(description)s, %(batch_file)s, %(total_configs)s)
RETURNING id;

-- name: unfinished_batch
-- The newest batch of a file that is not completed; one that is said to be running may have lost its runner.
SELECT id
FROM optimization_batches
WHERE batch_file = %(batch_file)s AND status <> 'completed'
ORDER BY started_at DESC, id DESC
LIMIT 1;

-- name: restart_batch
UPDATE optimization_batches
SET
    status = 'running',
    name = %(name)s,
    description = %(description)s,
    total_configs = %(total_configs)s,
    completed_at = NULL
WHERE id = %(id)s;

-- name: forget_never_ran
DELETE FROM batch_configs WHERE batch_id = %(batch_id)s;

-- name: store_never_ran
-- Whoever knows the reason first says it; a config that has begun is none of these.
INSERT INTO batch_configs (batch_id, config_file, status, reason)
SELECT %(batch_id)s, %(config_file)s, %(status)s, %(reason)s
WHERE
    NOT EXISTS (
        SELECT FROM optimization_runs
        WHERE batch_id = %(batch_id)s AND config_file = %(config_file)s AND optimization_runs.status <> 'refused'
    )
ON CONFLICT (batch_id, config_file) DO NOTHING;

-- name: never_ran
SELECT config_file, reason FROM batch_configs WHERE batch_id = %(batch_id)s;

-- name: finish_batch
UPDATE optimization_batches
SET status = %(status)s, completed_at = now()
WHERE id = %(id)s;

-- name: lock_batch
-- Held until the connection ends, so that a batch whose process was killed is free again.
SELECT pg_try_advisory_lock(hashtextextended('optimization_batches', %(id)s)) AS is_mine;

-- name: batch_runs
-- The newest run of each config of a batch, counted as run_summary counts it.
SELECT DISTINCT ON (runs.config_file)
    runs.id,
    runs.config_file,
    strategies.name AS strategy,
    coalesce(analysis.status, runs.status) AS status,
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    CASE WHEN results.is_judged THEN runs.passed_combinations END AS passed,
    best.sharpe_ratio AS best_sharpe,
    coalesce(has_few_trades(best.total_trades), false) AS best_has_few_trades,
    extract(EPOCH FROM runs.completed_at - runs.started_at) AS seconds
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
-- A part of a walk-forward analysis is as far as this is.
LEFT JOIN walk_forward_runs AS link ON link.run_id = runs.id
LEFT JOIN walk_forward_analyses AS analysis ON analysis.id = link.analysis_id
CROSS JOIN LATERAL (
    SELECT bool_or(meets_criteria IS NOT NULL) AS is_judged
    FROM backtest_results
    WHERE optimization_run_id = runs.id
) AS results
LEFT JOIN LATERAL (
    SELECT sharpe_ratio, total_trades
    FROM backtest_results
    WHERE optimization_run_id = runs.id AND status = 'completed' AND total_trades > 0
    ORDER BY sharpe_ratio DESC NULLS LAST, id
    LIMIT 1
) AS best ON true
WHERE runs.batch_id = %(id)s AND runs.config_file IS NOT NULL
ORDER BY runs.config_file, runs.started_at DESC, runs.id DESC;
