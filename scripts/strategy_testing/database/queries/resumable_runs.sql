-- Runs that have not got all their combinations, the newest first.
SELECT
    runs.id,
    runs.status,
    runs.output_folder,
    runs.strategy_code_hash,
    runs.runner_host,
    runs.runner_pid,
    runs.runner_started_at,
    strategies.name AS strategy,
    runs.config_file
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE
    (%(id)s::bigint IS NULL OR runs.id = %(id)s)
    AND (%(strategy)s::text IS NULL OR strategies.name = %(strategy)s)
    AND (%(id)s::bigint IS NOT NULL OR runs.status <> 'completed')
    AND runs.optimization_type <> 'Backtest'
ORDER BY runs.started_at DESC, runs.id DESC
