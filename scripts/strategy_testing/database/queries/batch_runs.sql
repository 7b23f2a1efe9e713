-- The newest run of each config of a batch, counted as run_summary counts it.
SELECT DISTINCT ON (runs.config_file)
    runs.id,
    runs.config_file,
    strategies.name AS strategy,
    runs.status,
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    CASE WHEN results.is_judged THEN runs.passed_combinations END AS passed,
    results.best_sharpe,
    extract(EPOCH FROM runs.completed_at - runs.started_at) AS seconds
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
CROSS JOIN LATERAL (
    SELECT
        bool_or(meets_criteria IS NOT NULL) AS is_judged,
        max(sharpe_ratio) FILTER (WHERE status = 'completed' AND total_trades > 0) AS best_sharpe
    FROM backtest_results
    WHERE optimization_run_id = runs.id
) AS results
WHERE runs.batch_id = %(id)s AND runs.config_file IS NOT NULL
ORDER BY runs.config_file, runs.started_at DESC, runs.id DESC
