-- name: page_run
-- A run, its strategy, and what it is part of.
SELECT
    runs.*,
    strategies.name AS strategy,
    strategies.description AS strategy_description,
    strategies.hypothesis AS strategy_hypothesis,
    batches.name AS batch_name,
    link.analysis_id,
    link.part
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
LEFT JOIN optimization_batches AS batches ON batches.id = runs.batch_id
LEFT JOIN walk_forward_runs AS link ON link.run_id = runs.id
WHERE runs.id = %(run)s;

-- name: page_results
-- A run's combinations, each by its newest backtest that did not fail, without their daily returns.
SELECT DISTINCT ON (tested.combination)
    result.id,
    result.backtest_id,
    result.parameters,
    result.status,
    result.error_message,
    result.stack_trace,
    result.meets_criteria,
    result.rejection_reasons,
    result.target_value,
    result.sharpe_ratio,
    result.daily_sharpe_ratio,
    result.compounding_annual_return,
    result.total_return,
    result.excess_return,
    result.max_drawdown,
    result.total_trades,
    result.total_orders,
    result.win_rate,
    result.profit_factor,
    result.total_fees,
    result.fee_pct,
    result.annual_fee_pct,
    result.start_equity,
    result.backtest_start,
    result.backtest_end,
    result.psr,
    result.deflated_sharpe,
    result.plateau,
    result.on_edge,
    result.reused_from,
    result.daily_returns IS NOT NULL AS has_returns
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
CROSS JOIN LATERAL tested_combination(
    runs.optimization_type, result.parameters, result.combination, result.backtest_id
) AS tested (combination)
WHERE result.optimization_run_id = %(run)s
ORDER BY tested.combination, result.status, result.id DESC;

-- name: page_rejections
-- What these results miss: how many miss it, how many nothing else, and in words the closest of them.
SELECT
    criterion,
    count(DISTINCT backtest_id) AS missed,
    count(DISTINCT backtest_id) FILTER (WHERE reasons = 1) AS alone,
    (array_agg(reason ORDER BY distance NULLS LAST, backtest_id))[1] AS closest
FROM (
    SELECT rejections.*, count(*) OVER (PARTITION BY backtest_id) AS reasons
    FROM rejections
    WHERE backtest_id = any(%(results)s::bigint [])
) AS against
GROUP BY criterion
ORDER BY missed DESC, criterion;

-- name: page_fees
SELECT * FROM fee_analysis WHERE optimization_run_id = %(run)s;

-- name: page_analysis
SELECT
    analysis.*,
    strategies.name AS strategy,
    strategies.description AS strategy_description,
    strategies.hypothesis AS strategy_hypothesis
FROM walk_forward_analyses AS analysis
INNER JOIN strategies ON strategies.id = analysis.strategy_id
WHERE analysis.id = %(analysis)s;

-- name: page_windows
SELECT * FROM walk_forward_windows_view WHERE analysis_id = %(analysis)s ORDER BY window_number;

-- name: page_batch
SELECT * FROM optimization_batches WHERE id = %(batch)s;

-- name: page_never_ran
SELECT config_file, status, reason FROM batch_configs WHERE batch_id = %(batch)s ORDER BY config_file;

-- name: page_runs
-- Runs with what they came to, the newest first: those of a batch or an analysis, or all.
SELECT
    runs.id,
    strategies.name AS strategy,
    runs.status,
    runs.error_message,
    runs.config_file,
    runs.command,
    runs.started_at,
    runs.completed_at,
    runs.total_combinations,
    runs.completed_combinations,
    runs.failed_combinations,
    runs.passed_combinations,
    runs.benchmark,
    runs.benchmark_returns,
    link.analysis_id,
    link.part,
    known.is_judged,
    known.best_sharpe AS sharpe,
    known.best_deflated_sharpe AS deflated_sharpe
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
LEFT JOIN walk_forward_runs AS link ON link.run_id = runs.id
LEFT JOIN LATERAL (
    SELECT is_judged, best_sharpe, best_deflated_sharpe FROM run_figures WHERE run_id = runs.id
    UNION ALL
    SELECT is_judged, best_sharpe, best_deflated_sharpe FROM figures_of_run(runs.id)
    -- Not EXISTS, which would be asked when the function has answered.
    WHERE (SELECT true FROM strategy_standings WHERE strategy_id = runs.strategy_id) IS NULL
) AS known ON true
WHERE
    (%(batch)s::bigint IS NULL OR runs.batch_id = %(batch)s)
    AND (%(analysis)s::bigint IS NULL OR link.analysis_id = %(analysis)s)
ORDER BY runs.started_at DESC, runs.id DESC;

-- name: page_analyses
SELECT summary.*, analysis.updated_at
FROM walk_forward_summary AS summary
INNER JOIN walk_forward_analyses AS analysis ON analysis.id = summary.analysis_id
ORDER BY summary.analysis_id DESC;

-- name: page_batches
SELECT
    batches.*,
    (SELECT count(*) FROM optimization_runs WHERE batch_id = batches.id) AS runs,
    (SELECT sum(passed_combinations) FROM optimization_runs WHERE batch_id = batches.id) AS passed
FROM optimization_batches AS batches
ORDER BY batches.id DESC;
