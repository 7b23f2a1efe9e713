-- name: upsert_many
-- Braces are filled with identifiers. Rows that are already stored as given stay untouched.
INSERT INTO {table} ({columns})
VALUES %s
ON CONFLICT ({key}) DO UPDATE
SET {assignments}, updated_at = now()
WHERE ({stored}) IS DISTINCT FROM ({given});

-- name: reused_results
SELECT result.*
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
WHERE runs.run_uuid = %(run_uuid)s AND result.reused_from IS NOT NULL
ORDER BY result.id;

-- name: stored_results
SELECT result.*
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
WHERE runs.run_uuid = %(run_uuid)s AND result.reused_from IS NULL
ORDER BY result.id;

-- name: reusable_results
-- Finished backtests of exactly this code, engine and period; the latest of each combination.
SELECT DISTINCT ON (result.parameters) result.*
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
INNER JOIN strategies ON strategies.id = result.strategy_id
WHERE
    strategies.name = %(strategy)s
    AND result.status = 'completed'
    AND runs.strategy_code_hash = %(strategy_code_hash)s
    AND runs.engine_image IS NOT DISTINCT FROM %(engine_image)s
    AND result.parameters @> %(fixed_parameters)s::jsonb
    AND result.reused_from IS NULL
    -- An older import kept the figures before fees only.
    AND (result.profit_factor IS NOT NULL OR result.gross_profit_factor IS NULL)
ORDER BY result.parameters, result.id DESC;

-- name: order_history
-- Orders a year and dollars an order over the strategy's finished backtests that name their period.
SELECT
    count(*) AS backtests,
    sum(total_orders) * 365.25 / sum(backtest_end - backtest_start + 1) AS orders_per_year,
    sum(total_fees) / nullif(sum(total_orders), 0) AS fee_per_order
FROM backtest_results
INNER JOIN strategies ON strategies.id = backtest_results.strategy_id
WHERE
    strategies.name = %(name)s
    AND backtest_results.status = 'completed'
    AND total_orders IS NOT NULL
    AND backtest_end >= backtest_start
HAVING count(*) > 0;

-- name: leaderboard
SELECT
    rank, strategy, status, best_sharpe, annual_return, max_drawdown, total_trades, win_rate, fee_pct,
    best_meets_criteria, best_parameters, combinations, passed, failed, last_run_at
FROM strategy_leaderboard
ORDER BY rank, strategy;
