SELECT
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    CASE
        WHEN EXISTS (
            SELECT FROM backtest_results
            WHERE optimization_run_id = runs.id AND meets_criteria IS NOT NULL
        ) THEN runs.passed_combinations
    END AS passed,
    (
        SELECT max(sharpe_ratio)
        FROM backtest_results
        WHERE optimization_run_id = runs.id AND status = 'completed' AND total_trades > 0
    ) AS best_sharpe
FROM optimization_runs AS runs
WHERE runs.id = %(id)s
