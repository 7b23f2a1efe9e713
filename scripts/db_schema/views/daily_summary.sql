CREATE VIEW daily_summary AS
WITH days AS (
    SELECT id, strategy_id, optimization_type, (coalesce(completed_at, started_at) AT TIME ZONE 'UTC')::date AS day
    FROM optimization_runs
    WHERE status <> 'refused'
),
results AS (
    SELECT DISTINCT ON (
        days.day, result.strategy_id, tested.combination, result.backtest_start, result.backtest_end
    )
        days.day,
        result.*,
        coalesce(origin_days.day, days.day) <> days.day AS is_reused
    FROM backtest_results AS result
    INNER JOIN days ON days.id = result.optimization_run_id
    LEFT JOIN backtest_results AS origin ON origin.id = result.reused_from
    LEFT JOIN days AS origin_days ON origin_days.id = origin.optimization_run_id
    CROSS JOIN LATERAL tested_combination(
        days.optimization_type, result.parameters, result.combination, result.backtest_id
    ) AS tested (combination)
    ORDER BY
        days.day,
        result.strategy_id,
        tested.combination,
        result.backtest_start,
        result.backtest_end,
        is_reused,
        result.status = 'failed',
        result.meets_criteria IS NULL,
        result.id DESC
),
runs AS (
    SELECT day, count(*) AS runs, count(DISTINCT strategy_id) AS strategies
    FROM days
    GROUP BY day
),
counts AS (
    SELECT
        runs.day,
        runs.runs,
        runs.strategies,
        count(results.id) FILTER (WHERE NOT is_reused) AS combinations,
        count(results.id) FILTER (WHERE is_reused) AS reused,
        count(results.id) FILTER (WHERE NOT is_reused AND status = 'failed') AS failed,
        count(results.id) FILTER (WHERE NOT is_reused AND meets_criteria) AS passed,
        coalesce(bool_or(meets_criteria IS NOT NULL) FILTER (WHERE NOT is_reused), false) AS is_judged
    FROM runs
    LEFT JOIN results ON results.day = runs.day
    GROUP BY runs.day, runs.runs, runs.strategies
),
best AS (
    SELECT DISTINCT ON (results.day) results.*, strategies.name AS strategy
    FROM results
    INNER JOIN strategies ON strategies.id = results.strategy_id
    WHERE NOT results.is_reused AND results.status = 'completed' AND results.total_trades > 0
    ORDER BY results.day, results.sharpe_ratio DESC NULLS LAST, results.id
)
SELECT
    counts.day,
    counts.runs,
    counts.strategies,
    counts.combinations,
    counts.reused,
    counts.failed,
    counts.passed,
    best.sharpe_ratio AS best_sharpe,
    best.strategy AS best_strategy,
    best.parameters AS best_parameters,
    format(
        '%s %s complete%s, %s, best Sharpe: %s%s',
        counts.combinations,
        CASE counts.combinations WHEN 1 THEN 'run' ELSE 'runs' END,
        CASE WHEN counts.failed > 0 OR counts.reused > 0 THEN
            format(' (%s)', concat_ws(
                ', ',
                CASE WHEN counts.failed > 0 THEN format('%s failed', counts.failed) END,
                CASE WHEN counts.reused > 0 THEN format('%s more known before', counts.reused) END
            ))
        END,
        CASE WHEN counts.is_judged THEN format('%s passed', counts.passed) ELSE 'not judged' END,
        coalesce(round(best.sharpe_ratio, 1)::text, 'n/a'),
        CASE WHEN has_few_trades(best.total_trades) THEN ' (few trades)' END
    ) AS summary
FROM counts
LEFT JOIN best ON best.day = counts.day
ORDER BY counts.day DESC;

COMMENT ON VIEW daily_summary IS
    'What did each day bring? One line a day (UTC): what ran, what failed, what passed, and the best Sharpe ratio; a combination counts once a '
    'day, and not at all where it was taken from a run of another day';
COMMENT ON COLUMN daily_summary.day IS 'Day on which the runs ended, or began while they run, UTC';
COMMENT ON COLUMN daily_summary.runs IS
    'Runs of the day (rows of optimization_runs), those that only took known results included, refused ones left out';
COMMENT ON COLUMN daily_summary.strategies IS 'Strategies tested';
COMMENT ON COLUMN daily_summary.combinations IS 'Combinations finished, failed ones included';
COMMENT ON COLUMN daily_summary.reused IS
    'Combinations taken from runs of other days instead; no other column counts them';
COMMENT ON COLUMN daily_summary.failed IS 'Combinations that failed';
COMMENT ON COLUMN daily_summary.passed IS 'Combinations that met the criteria';
COMMENT ON COLUMN daily_summary.best_sharpe IS 'Best Sharpe ratio over backtests that did not fail and made a trade';
COMMENT ON COLUMN daily_summary.best_strategy IS 'Strategy of the best backtest';
COMMENT ON COLUMN daily_summary.best_parameters IS 'Parameters of the best backtest';
COMMENT ON COLUMN daily_summary.summary IS 'The day as one line';
