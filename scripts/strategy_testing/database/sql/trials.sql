-- name: returns_of_backtest
SELECT daily_returns FROM backtest_results WHERE id = %(id)s;

-- name: returns_of_run
SELECT id, daily_returns
FROM backtest_results
WHERE optimization_run_id = %(run)s AND daily_returns IS NOT NULL
ORDER BY id;
