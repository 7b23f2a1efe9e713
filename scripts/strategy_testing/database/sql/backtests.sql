-- name: upsert_rows
-- Braces are filled with identifiers. Rows that are already stored as given stay untouched.
INSERT INTO {table} ({columns})
SELECT {values} FROM json_populate_recordset(NULL::{table}, %(rows)s::json) WITH ORDINALITY
ON CONFLICT ({key}) DO UPDATE
SET
    {assignments},
    updated_at = CASE WHEN ({own_stored}) IS DISTINCT FROM ({own_given}) THEN now() ELSE {table}.updated_at END
WHERE ({stored}) IS DISTINCT FROM ({given});

-- name: bytes_beside
-- The value of a column that is no part of the rows' text.
decode((%({column})s::text [])[ordinality], 'base64')

-- name: update_verdicts
UPDATE backtest_results AS result
SET
    meets_criteria = given.meets_criteria,
    rejection_reasons = given.reasons,
    miss_distance = given.miss_distance,
    target_value = given.target_value,
    updated_at = now()
FROM jsonb_to_recordset(%(rows)s) AS given (
    backtest text, meets_criteria boolean, reasons text [], miss_distance numeric, target_value numeric
)
CROSS JOIN LATERAL (
    SELECT id FROM backtest_results WHERE backtest_id = given.backtest AND optimization_run_id = %(run)s
    OFFSET 0  -- one by one through the index, however little is known of a table that is being filled
) AS known
WHERE
    result.id = known.id
    AND (result.meets_criteria, result.rejection_reasons, result.miss_distance, result.target_value)
    IS DISTINCT FROM (given.meets_criteria, given.reasons, given.miss_distance, given.target_value);

-- name: store_rejections
-- All of these backtests; what is already stored as given stays untouched.
WITH own AS MATERIALIZED (
    SELECT known.id, asked.backtest
    FROM unnest(%(backtests)s::text []) AS asked (backtest)
    CROSS JOIN LATERAL (
        SELECT id FROM backtest_results WHERE backtest_id = asked.backtest AND optimization_run_id = %(run)s
        OFFSET 0  -- one by one through the index, however little is known of a table that is being filled
    ) AS known
),
given AS (
    SELECT own.id AS backtest_id, each.position, each.criterion, each.reason, each.value, each."limit"
    FROM jsonb_to_recordset(%(rows)s) AS each (
        backtest text, position smallint, criterion text, reason text, value numeric, "limit" numeric
    )
    INNER JOIN own ON own.backtest = each.backtest
),
gone AS (
    DELETE FROM rejections
    WHERE
        rejections.backtest_id = any(ARRAY(SELECT id FROM own))
        AND NOT EXISTS (
            SELECT FROM given
            WHERE given.backtest_id = rejections.backtest_id AND given.position = rejections.position
        )
)
INSERT INTO rejections AS stored (backtest_id, position, criterion, reason, value, "limit")
SELECT * FROM given
ON CONFLICT (backtest_id, position) DO UPDATE
SET criterion = excluded.criterion, reason = excluded.reason, value = excluded.value, "limit" = excluded."limit"
WHERE
    (stored.criterion, stored.reason, stored.value, stored."limit")
    IS DISTINCT FROM (excluded.criterion, excluded.reason, excluded.value, excluded."limit");

-- name: stored_results
-- Without their daily returns, which are the largest part by far.
SELECT
    {columns},
    runs.target_metric,
    runs.pbo,
    runs.spa_p,
    coalesce(against.rejections, '[]') AS rejections
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_array(criterion, reason, value::text, "limit"::text) ORDER BY position
    ) AS rejections
    FROM rejections
    WHERE rejections.backtest_id = result.id
) AS against ON true
WHERE runs.run_uuid = %(run_uuid)s
ORDER BY result.id;

-- name: forget_results
DELETE FROM backtest_results
WHERE optimization_run_id = %(run)s AND backtest_id = any(%(backtests)s);

-- name: earlier_runs
-- Runs of exactly this code on an engine image of this name.
SELECT runs.id, runs.data_fingerprint, runs.engine_digest
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE
    strategies.name = %(strategy)s
    AND runs.strategy_code_hash = %(strategy_code_hash)s
    AND runs.engine_image IS NOT DISTINCT FROM %(engine_image)s
    -- What a warm engine made is trusted where it was compared, which a run that goes on does not say yet.
    AND (runs.engine IS DISTINCT FROM 'warm' OR runs.engine_checked > 0)
    AND runs.status <> 'running'
ORDER BY runs.id DESC;

-- name: results_of_runs
-- Backtests that these runs computed to their end with these parameters among others.
SELECT result.*, runs.target_metric
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
WHERE
    result.optimization_run_id = any(%(runs)s::bigint [])
    AND result.status = 'completed'
    AND result.parameters @> %(fixed_parameters)s::jsonb
    AND result.reused_from IS NULL
    -- An older import kept the figures before fees only.
    AND (result.profit_factor IS NOT NULL OR result.gross_profit_factor IS NULL)
ORDER BY result.id;

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
    AND reused_from IS NULL
HAVING count(*) > 0;

-- name: run_costs
-- Of each of the strategy's runs, the newest first: its own backtests, the seconds that one took, and where they lie.
-- From the first one's start to the last one's end, because LEAN's own times leave out the engine's start and end.
SELECT
    runs.output_folder,
    coalesce(runs.engine, 'cold') AS engine,
    count(*) AS backtests,
    extract(EPOCH FROM max(result.completed_at) - min(result.started_at)) / count(*) AS seconds_each
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
INNER JOIN strategies ON strategies.id = result.strategy_id
WHERE strategies.name = %(name)s AND result.reused_from IS NULL AND runs.output_folder IS NOT NULL
GROUP BY runs.id
HAVING count(*) > 1
ORDER BY runs.id DESC;

-- name: leaderboard
SELECT
    rank, strategy, status, backtest_start, backtest_end, years, capital, target_metric, target_value, best_sharpe,
    best_daily_sharpe, probabilistic_sharpe_ratio, psr, expected_best_sharpe, trials, deflated_sharpe,
    deflated_sharpe_independent, annual_return, benchmark, excess_return, max_drawdown, total_trades,
    has_few_trades(total_trades) AS has_few_trades, win_rate, fee_pct, best_parameters, engine, combinations, passed,
    failed, last_run_at, evidence, out_of_sample_sharpe, walk_forward_efficiency, walk_forward_passed, note
FROM strategy_leaderboard
ORDER BY rank, strategy;
