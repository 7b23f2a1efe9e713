-- name: run_sheet
-- What is shown of one run.
SELECT
    runs.id,
    strategies.name AS strategy,
    runs.status,
    runs.error_message,
    runs.optimization_type,
    runs.target_metric,
    coalesce(runs.total_combinations, runs.completed_combinations + runs.failed_combinations) AS combinations,
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    CASE WHEN judged.results > 0 THEN runs.passed_combinations END AS passed,
    runs.reused_combinations AS reused,
    runs.config_file,
    runs.command,
    runs.strategy_code_hash,
    runs.engine_image,
    runs.engine,
    runs.engine_checked,
    runs.engine_note,
    runs.lean_version,
    runs.output_folder,
    runs.batch_id,
    link.analysis_id,
    link.part,
    runs.warnings,
    runs.import_problems,
    runs.benchmark,
    runs.benchmark_annual_return,
    runs.benchmark_sharpe,
    runs.benchmark_max_drawdown,
    runs.estimated_orders,
    runs.estimated_fees,
    runs.estimated_fee_pct,
    paid.average_orders,
    paid.average_fees,
    paid.average_fee_pct,
    paid.worst_fees,
    paid.worst_fee_pct,
    runs.trials,
    runs.expected_best_sharpe,
    runs.pbo,
    runs.started_at,
    extract(EPOCH FROM runs.completed_at - runs.started_at) AS seconds
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
LEFT JOIN walk_forward_runs AS link ON link.run_id = runs.id
CROSS JOIN LATERAL (
    SELECT count(*) AS results
    FROM backtest_results
    WHERE optimization_run_id = runs.id AND meets_criteria IS NOT NULL
) AS judged
CROSS JOIN LATERAL (
    SELECT
        avg(total_orders) AS average_orders,
        avg(total_fees) AS average_fees,
        avg(fee_pct) AS average_fee_pct,
        max(total_fees) AS worst_fees,
        max(fee_pct) AS worst_fee_pct
    FROM backtest_results
    WHERE optimization_run_id = runs.id AND status = 'completed'
) AS paid
WHERE runs.id = %(run)s;

-- name: best_results
-- The best combinations of a run, or of all strategies, each once: those that pass first, then by the target, or by the
-- Sharpe ratio where targets differ. One that failed or made no trade is none.
WITH tried AS (
    SELECT DISTINCT ON (result.strategy_id, tested.combination, result.backtest_start, result.backtest_end)
        result.id,
        result.meets_criteria,
        result.sharpe_ratio,
        runs.target_metric,
        CASE runs.target_direction WHEN 'min' THEN -result.target_value ELSE result.target_value END AS merit
    FROM backtest_results AS result
    INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
    CROSS JOIN LATERAL tested_combination(
        runs.optimization_type, result.parameters, result.combination, result.backtest_id
    ) AS tested (combination)
    WHERE
        result.status = 'completed'
        AND result.total_trades > 0
        AND (
            result.optimization_run_id = %(run)s
            OR (%(run)s::bigint IS NULL AND result.id IN (SELECT id FROM latest_results))
        )
    ORDER BY result.strategy_id, tested.combination, result.backtest_start, result.backtest_end, result.id DESC
)

SELECT
    strategies.name AS strategy,
    result.optimization_run_id AS run,
    result.parameters,
    best.target_metric,
    result.target_value,
    result.sharpe_ratio,
    result.compounding_annual_return,
    result.excess_return,
    result.max_drawdown,
    result.total_trades,
    result.total_fees,
    result.deflated_sharpe,
    result.meets_criteria
FROM (
    SELECT
        tried.id,
        tried.target_metric,
        row_number() OVER (
            ORDER BY
                tried.meets_criteria IS TRUE DESC,
                CASE
                    WHEN (SELECT count(DISTINCT target_metric) FROM tried) = 1 THEN tried.merit
                END DESC NULLS LAST,
                tried.sharpe_ratio DESC NULLS LAST,
                tried.id
        ) AS place
    FROM tried
) AS best
INNER JOIN backtest_results AS result ON result.id = best.id
INNER JOIN strategies ON strategies.id = result.strategy_id
WHERE best.place <= %(limit)s
ORDER BY best.place;

-- name: reasons_of_run
-- Why combinations of a run were rejected, by the kind of reason; alone: for no other reason.
SELECT
    split_part(reason, ':', 1) AS reason,
    count(DISTINCT result.id) AS combinations,
    count(DISTINCT result.id) FILTER (WHERE cardinality(result.rejection_reasons) = 1) AS alone
FROM backtest_results AS result
CROSS JOIN LATERAL unnest(result.rejection_reasons) AS reason
WHERE result.optimization_run_id = %(run)s AND result.meets_criteria IS FALSE
GROUP BY split_part(reason, ':', 1)
ORDER BY combinations DESC, reason;

-- name: near_misses_of_run
-- The combinations of a run that miss each limit by at most a fifth of it, as in the view near_misses, which looks at
-- the newest results alone; the closest first.
SELECT
    result.parameters,
    result.rejection_reasons,
    max(against.distance) AS distance
FROM backtest_results AS result
INNER JOIN rejections AS against ON against.backtest_id = result.id
WHERE result.optimization_run_id = %(run)s
GROUP BY result.id
HAVING bool_and(against.distance IS NOT NULL) AND max(against.distance) <= 0.2
ORDER BY distance, result.sharpe_ratio DESC NULLS LAST, result.id
LIMIT %(limit)s;

-- name: list_runs
SELECT
    runs.id,
    runs.started_at,
    strategies.name AS strategy,
    runs.status,
    runs.total_combinations AS combinations,
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    CASE WHEN known.is_judged THEN runs.passed_combinations END AS passed,
    known.best_sharpe AS sharpe_ratio,
    extract(EPOCH FROM runs.completed_at - runs.started_at) AS seconds,
    runs.config_file,
    count(*) OVER () AS matching
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
LEFT JOIN LATERAL (
    SELECT is_judged, best_sharpe FROM run_figures WHERE run_id = runs.id
    UNION ALL
    SELECT is_judged, best_sharpe FROM figures_of_run(runs.id)
    -- Not EXISTS, which would be asked when the function has answered.
    WHERE (SELECT true FROM strategy_standings WHERE strategy_id = runs.strategy_id) IS NULL
) AS known ON true
WHERE
    (%(strategy)s::text IS NULL OR strategies.name = %(strategy)s)
    AND (%(status)s::text IS NULL OR runs.status = %(status)s)
    AND (%(since)s::date IS NULL OR runs.started_at >= %(since)s::date)
ORDER BY runs.started_at DESC, runs.id DESC
LIMIT %(limit)s;

-- name: compared_results
-- The same combinations of two runs side by side, the best of the first one first; also those that only one has.
WITH tried AS (
    SELECT DISTINCT ON (result.optimization_run_id, tested.combination)
        result.*,
        tested.combination AS what,
        CASE runs.target_direction WHEN 'min' THEN -result.target_value ELSE result.target_value END AS merit
    FROM backtest_results AS result
    INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
    CROSS JOIN LATERAL tested_combination(
        runs.optimization_type,
        result.parameters - %(hidden)s::text[],
        canonical_combination(result.parameters - %(hidden)s::text[]),
        result.backtest_id
    ) AS tested (combination)
    WHERE result.optimization_run_id IN (%(first)s, %(second)s)
    ORDER BY result.optimization_run_id, tested.combination, result.status = 'failed', result.id DESC
),

one AS (SELECT * FROM tried WHERE optimization_run_id = %(first)s),

other AS (SELECT * FROM tried WHERE optimization_run_id = %(second)s)

SELECT
    coalesce(one.parameters, other.parameters) AS parameters,
    one.id IS NOT NULL AS in_first,
    other.id IS NOT NULL AS in_second,
    one.status AS first_status,
    other.status AS second_status,
    one.sharpe_ratio AS first_sharpe,
    other.sharpe_ratio AS second_sharpe,
    one.compounding_annual_return AS first_return,
    other.compounding_annual_return AS second_return,
    one.max_drawdown AS first_drawdown,
    other.max_drawdown AS second_drawdown,
    one.total_trades AS first_trades,
    other.total_trades AS second_trades,
    one.meets_criteria AS first_meets,
    other.meets_criteria AS second_meets,
    one.outcome_hash IS NOT NULL AND one.outcome_hash = other.outcome_hash AS is_same
FROM one
FULL JOIN other ON other.what = one.what
ORDER BY one.merit DESC NULLS LAST, one.sharpe_ratio DESC NULLS LAST, other.merit DESC NULLS LAST, one.id, other.id;

-- name: inputs_of_run
-- What may make one run's results other than another's.
SELECT
    runs.strategy_id,
    runs.strategy_code_hash,
    runs.engine_image,
    runs.engine_digest,
    runs.lean_version,
    runs.data_fingerprint::text,
    (runs.config -> 'backtest')::text AS backtest,
    (runs.config -> 'success_criteria')::text AS success_criteria,
    (runs.config -> 'optimization' -> 'constraints')::text AS constraints
FROM optimization_runs AS runs
WHERE runs.id = %(run)s;

-- name: views
SELECT relname AS name
FROM pg_class
WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace
ORDER BY relname;

-- name: columns_of_view
SELECT attribute.attname AS name, format_type(attribute.atttypid, NULL) AS type
FROM pg_attribute AS attribute
INNER JOIN pg_class AS view ON view.oid = attribute.attrelid
WHERE
    view.relname = %(view)s
    AND view.relnamespace = current_schema()::regnamespace
    AND attribute.attnum > 0
    AND NOT attribute.attisdropped
ORDER BY attribute.attnum;

-- name: all_of_view
SELECT * FROM {};
