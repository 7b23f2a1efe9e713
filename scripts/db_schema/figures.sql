-- What is kept beside a strategy's standing, and goes with it: one who may read the views may not read the tables.

CREATE OR REPLACE FUNCTION latest_of_strategy(strategy bigint) RETURNS SETOF backtest_results
LANGUAGE sql STABLE
AS $$
SELECT DISTINCT ON (tested.combination, result.backtest_start, result.backtest_end) result.*
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
CROSS JOIN LATERAL tested_combination(
    runs.optimization_type, result.parameters, result.combination, result.backtest_id
) AS tested (combination)
WHERE result.strategy_id = strategy
ORDER BY
    tested.combination,
    result.backtest_start,
    result.backtest_end,
    result.status = 'failed',
    result.meets_criteria IS NULL,
    result.id DESC
$$;
COMMENT ON FUNCTION latest_of_strategy(bigint) IS
    'The results of a strategy that latest_results names, which this finds quicker where all of them are wanted';

CREATE OR REPLACE FUNCTION rejections_of_strategy(strategy bigint) RETURNS TABLE (
    reason text, backtests bigint, judged bigint, example text
)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10
AS $$
WITH judged AS (
    SELECT id, rejection_reasons, meets_criteria
    FROM latest_of_strategy(strategy)
    WHERE meets_criteria IS NOT NULL
)
SELECT
    split_part(reason, ':', 1),
    count(DISTINCT judged.id),
    (SELECT count(*) FROM judged),
    min(reason)
FROM judged
CROSS JOIN LATERAL unnest(judged.rejection_reasons) AS reason
WHERE judged.meets_criteria IS FALSE
GROUP BY split_part(reason, ':', 1)
$$;
COMMENT ON FUNCTION rejections_of_strategy(bigint) IS 'What rejection_summary says of a strategy, worked out of its results';

CREATE OR REPLACE FUNCTION parameters_of_strategy(strategy bigint) RETURNS TABLE (
    parameter text,
    value text,
    backtests bigint,
    passed bigint,
    avg_sharpe numeric,
    best_sharpe numeric,
    avg_total_return numeric,
    avg_max_drawdown numeric,
    avg_fee_pct numeric
)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50
AS $$
SELECT parameter, value, backtests, passed, avg_sharpe, best_sharpe, avg_total_return, avg_max_drawdown, avg_fee_pct
FROM (
    SELECT
        given.key AS parameter,
        canonical_value(given.value) AS value,
        count(*) AS backtests,
        count(*) FILTER (WHERE result.meets_criteria) AS passed,
        avg(result.sharpe_ratio) AS avg_sharpe,
        max(result.sharpe_ratio) AS best_sharpe,
        avg(result.total_return) AS avg_total_return,
        avg(result.max_drawdown) AS avg_max_drawdown,
        avg(result.fee_pct) AS avg_fee_pct,
        count(*) OVER (PARTITION BY given.key) AS values_tried
    FROM latest_of_strategy(strategy) AS result
    CROSS JOIN LATERAL jsonb_each_text(result.parameters) AS given
    WHERE
        result.status = 'completed'
        AND result.total_trades > 0
        -- The days of a backtest are no parameter of its strategy.
        AND given.key NOT IN ('start_date', 'end_date')
    GROUP BY given.key, canonical_value(given.value)
) AS grouped
WHERE values_tried > 1
$$;
COMMENT ON FUNCTION parameters_of_strategy(bigint) IS
    'What parameter_performance says of a strategy, worked out of its results';

CREATE OR REPLACE FUNCTION ends_of_run(run bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
AS $$
SELECT jsonb_object_agg(parameter, jsonb_build_array(lowest, highest))
FROM (
    SELECT
        key AS parameter,
        trim_scale(min(canonical_value(value)::numeric))::text AS lowest,
        trim_scale(max(canonical_value(value)::numeric))::text AS highest
    FROM (
        SELECT DISTINCT given.key, given.value
        FROM backtest_results AS tried
        CROSS JOIN LATERAL jsonb_each_text(tried.parameters) AS given
        WHERE tried.optimization_run_id = run
    ) AS spelled
    WHERE value ~ '^-?[0-9]{1,20}([.][0-9]{1,20})?$'
    GROUP BY key
    HAVING count(DISTINCT canonical_value(value)::numeric) > 2
) AS span
$$;
COMMENT ON FUNCTION ends_of_run(bigint) IS
    'The lowest and the highest value of each numeric parameter of which a run tried three or more';

CREATE OR REPLACE FUNCTION luckiest_of_runs(strategy bigint) RETURNS TABLE (run_id bigint, result_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
AS $$
SELECT DISTINCT ON (optimization_run_id) optimization_run_id, id
FROM latest_of_strategy(strategy)
WHERE psr IS NOT NULL
ORDER BY optimization_run_id, deflated_sharpe DESC NULLS LAST, id
$$;
COMMENT ON FUNCTION luckiest_of_runs(bigint) IS
    'What luck_of_runs says of the runs of a strategy, worked out of its results';

CREATE OR REPLACE FUNCTION figures_of_run(run bigint) RETURNS TABLE (
    ends jsonb,
    is_judged boolean,
    best_sharpe numeric,
    best_deflated_sharpe numeric,
    backtests bigint,
    avg_orders numeric,
    avg_total_fees numeric,
    fee_per_order numeric,
    avg_fee_pct numeric,
    max_fee_pct numeric,
    avg_annual_fee_pct numeric,
    max_annual_fee_pct numeric,
    over_30_percent bigint,
    avg_net_profit numeric,
    avg_profit_before_fees numeric
)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1
AS $$
WITH results AS (
    SELECT
        result.id,
        result.status,
        result.meets_criteria,
        result.sharpe_ratio,
        result.deflated_sharpe,
        result.total_trades,
        result.total_orders,
        result.total_fees,
        result.fee_pct,
        result.annual_fee_pct,
        result.net_profit,
        tested.combination
    FROM backtest_results AS result
    INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
    CROSS JOIN LATERAL tested_combination(
        runs.optimization_type, result.parameters, result.combination, result.backtest_id
    ) AS tested (combination)
    WHERE result.optimization_run_id = run
)
SELECT
    ends_of_run(run),
    (SELECT bool_or(meets_criteria IS NOT NULL) FROM results),
    (SELECT max(sharpe_ratio) FROM results WHERE status = 'completed' AND total_trades > 0),
    (SELECT max(deflated_sharpe) FROM results WHERE status = 'completed'),
    count(*),
    avg(paid.total_orders),
    avg(paid.total_fees),
    sum(paid.total_fees) / nullif(sum(paid.total_orders), 0),
    avg(paid.fee_pct),
    max(paid.fee_pct),
    avg(paid.annual_fee_pct),
    max(paid.annual_fee_pct),
    count(*) FILTER (WHERE paid.fee_pct > 0.30),
    avg(paid.net_profit),
    avg(paid.net_profit + paid.total_fees)
FROM (
    -- An Euler search tests some combinations twice.
    SELECT DISTINCT ON (combination) total_orders, total_fees, fee_pct, annual_fee_pct, net_profit
    FROM results
    WHERE status = 'completed'
    ORDER BY combination, id
) AS paid
$$;
COMMENT ON FUNCTION figures_of_run(bigint) IS
    'What fee_analysis, next_steps and the pages say of a run, worked out of its results';
