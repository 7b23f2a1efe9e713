CREATE VIEW fee_analysis AS
WITH paid AS (
    SELECT * FROM run_figures
    UNION ALL
    SELECT runs.id, runs.strategy_id, NULL, now_is.*
    FROM optimization_runs AS runs
    CROSS JOIN LATERAL figures_of_run(runs.id) AS now_is
    -- NOT IN, which is asked before the function is called.
    WHERE runs.strategy_id NOT IN (SELECT strategy_id FROM strategy_standings)
)
SELECT
    strategies.name AS strategy,
    runs.id AS optimization_run_id,
    paid.backtests,
    round(paid.avg_orders, 1) AS avg_orders,
    round(paid.avg_total_fees, 2) AS avg_total_fees,
    round(paid.fee_per_order, 4) AS fee_per_order,
    round(paid.avg_fee_pct, 4) AS avg_fee_pct,
    paid.max_fee_pct,
    round(paid.avg_annual_fee_pct, 4) AS avg_annual_fee_pct,
    paid.max_annual_fee_pct,
    runs.estimated_orders,
    runs.estimated_fees,
    runs.estimated_fee_pct,
    runs.fee_model,
    round(paid.avg_total_fees / nullif(runs.estimated_fees, 0), 2) AS fees_to_estimate,
    paid.over_30_percent,
    round(paid.avg_net_profit, 2) AS avg_net_profit,
    round(paid.avg_profit_before_fees, 2) AS avg_profit_before_fees
FROM paid
INNER JOIN optimization_runs AS runs ON runs.id = paid.run_id
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE paid.backtests > 0;

COMMENT ON VIEW fee_analysis IS
    'What do fees eat, estimated and paid? A line for each run, over backtests that did not fail';
COMMENT ON COLUMN fee_analysis.strategy IS 'Name of the strategy';
COMMENT ON COLUMN fee_analysis.optimization_run_id IS 'Number of the run';
COMMENT ON COLUMN fee_analysis.backtests IS 'Combinations of the run, each by one backtest';
COMMENT ON COLUMN fee_analysis.avg_orders IS 'Average orders of a backtest';
COMMENT ON COLUMN fee_analysis.avg_total_fees IS 'Average fees of a backtest, dollars';
COMMENT ON COLUMN fee_analysis.fee_per_order IS 'Fees of an order, dollars';
COMMENT ON COLUMN fee_analysis.avg_fee_pct IS 'Average fees as a fraction of the starting capital';
COMMENT ON COLUMN fee_analysis.max_fee_pct IS 'Highest fees as a fraction of the starting capital';
COMMENT ON COLUMN fee_analysis.avg_annual_fee_pct IS 'Average fees a year as a fraction of the starting capital';
COMMENT ON COLUMN fee_analysis.max_annual_fee_pct IS 'Highest fees a year as a fraction of the starting capital';
COMMENT ON COLUMN fee_analysis.estimated_orders IS 'Orders of a backtest as estimated before the run';
COMMENT ON COLUMN fee_analysis.estimated_fees IS 'Fees of a backtest as estimated before the run, dollars';
COMMENT ON COLUMN fee_analysis.estimated_fee_pct IS 'estimated_fees as a fraction of the starting capital';
COMMENT ON COLUMN fee_analysis.fee_model IS 'What the estimate took for the fee of an order';
COMMENT ON COLUMN fee_analysis.fees_to_estimate IS
    'avg_total_fees / estimated_fees; above 2 the run has a warning; NULL where no fees were estimated';
COMMENT ON COLUMN fee_analysis.over_30_percent IS 'Backtests whose fees passed 30 % of the starting capital';
COMMENT ON COLUMN fee_analysis.avg_net_profit IS 'Average net profit, dollars';
COMMENT ON COLUMN fee_analysis.avg_profit_before_fees IS 'Average profit without the fees, dollars';
