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
HAVING count(*) > 0
