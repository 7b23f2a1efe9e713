CREATE VIEW fee_analysis AS
SELECT
    strategies.name AS strategy,
    runs.id AS optimization_run_id,
    paid.backtests,
    paid.avg_orders,
    paid.avg_total_fees,
    paid.fee_per_order,
    paid.avg_fee_pct,
    paid.max_fee_pct,
    paid.avg_annual_fee_pct,
    paid.max_annual_fee_pct,
    runs.estimated_orders,
    runs.estimated_fees,
    runs.estimated_fee_pct,
    runs.fee_model,
    round(paid.whole_fees / nullif(runs.estimated_fees, 0), 2) AS fees_to_estimate,
    paid.over_30_percent,
    paid.avg_net_profit,
    paid.avg_profit_before_fees
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
-- A run at a time: who asks for a few runs waits for these.
CROSS JOIN LATERAL (
    SELECT
        count(*) AS backtests,
        round(avg(result.total_orders), 1) AS avg_orders,
        avg(result.total_fees) AS whole_fees,
        round(avg(result.total_fees), 2) AS avg_total_fees,
        round(sum(result.total_fees) / nullif(sum(result.total_orders), 0), 4) AS fee_per_order,
        round(avg(result.fee_pct), 4) AS avg_fee_pct,
        max(result.fee_pct) AS max_fee_pct,
        round(avg(result.annual_fee_pct), 4) AS avg_annual_fee_pct,
        max(result.annual_fee_pct) AS max_annual_fee_pct,
        count(*) FILTER (WHERE result.fee_pct > 0.30) AS over_30_percent,
        round(avg(result.net_profit), 2) AS avg_net_profit,
        round(avg(result.net_profit + result.total_fees), 2) AS avg_profit_before_fees
    FROM (
        -- An Euler search tests some combinations twice.
        SELECT DISTINCT ON (tested.combination) each.*
        FROM backtest_results AS each
        CROSS JOIN LATERAL tested_combination(
            runs.optimization_type, each.parameters, each.combination, each.backtest_id
        ) AS tested (combination)
        WHERE each.optimization_run_id = runs.id AND each.status = 'completed'
        ORDER BY tested.combination, each.id
    ) AS result
) AS paid
WHERE paid.backtests > 0
ORDER BY avg_fee_pct DESC NULLS LAST, optimization_run_id;

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
