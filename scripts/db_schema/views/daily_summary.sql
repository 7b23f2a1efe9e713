CREATE VIEW daily_summary AS
WITH days AS (
    SELECT
        runs.*,
        ended.day,
        -- A strategy's only run of the day that took nothing from others: its own counts are the day's.
        count(*) OVER (PARTITION BY ended.day, runs.strategy_id) = 1 AND runs.reused_combinations = 0 AS is_alone
    FROM optimization_runs AS runs
    CROSS JOIN LATERAL (
        SELECT (coalesce(runs.completed_at, runs.started_at) AT TIME ZONE 'UTC')::date AS day
    ) AS ended
    WHERE runs.status <> 'refused'
),
results AS (
    SELECT DISTINCT ON (
        days.day, result.strategy_id, tested.combination, result.backtest_start, result.backtest_end
    )
        days.day,
        result.*,
        coalesce(origin_days.day, days.day) <> days.day AS is_reused
    FROM days
    CROSS JOIN LATERAL (
        SELECT * FROM backtest_results WHERE optimization_run_id = days.id
        OFFSET 0  -- run by run through the index, however many are expected
    ) AS result
    LEFT JOIN backtest_results AS origin ON origin.id = result.reused_from
    LEFT JOIN days AS origin_days ON origin_days.id = origin.optimization_run_id
    CROSS JOIN LATERAL tested_combination(
        days.optimization_type, result.parameters, result.combination, result.backtest_id
    ) AS tested (combination)
    WHERE NOT days.is_alone
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
counted AS (
    SELECT
        days.day,
        days.completed_combinations + days.failed_combinations AS combinations,
        0 AS reused,
        days.failed_combinations AS failed,
        days.passed_combinations AS passed,
        EXISTS (
            SELECT FROM backtest_results
            WHERE optimization_run_id = days.id AND meets_criteria IS NOT NULL
        ) AS is_judged
    FROM days
    WHERE days.is_alone
    UNION ALL
    SELECT
        day,
        count(*) FILTER (WHERE NOT is_reused),
        count(*) FILTER (WHERE is_reused),
        count(*) FILTER (WHERE NOT is_reused AND status = 'failed'),
        count(*) FILTER (WHERE NOT is_reused AND meets_criteria),
        coalesce(bool_or(meets_criteria IS NOT NULL) FILTER (WHERE NOT is_reused), false)
    FROM results
    GROUP BY day
),
counts AS (
    SELECT
        runs.day,
        runs.runs,
        runs.strategies,
        coalesce(sum(counted.combinations), 0)::bigint AS combinations,
        coalesce(sum(counted.reused), 0)::bigint AS reused,
        coalesce(sum(counted.failed), 0)::bigint AS failed,
        coalesce(sum(counted.passed), 0)::bigint AS passed,
        coalesce(bool_or(counted.is_judged), false) AS is_judged
    FROM (
        SELECT day, count(*) AS runs, count(DISTINCT strategy_id) AS strategies
        FROM days
        GROUP BY day
    ) AS runs
    LEFT JOIN counted ON counted.day = runs.day
    GROUP BY runs.day, runs.runs, runs.strategies
),
candidates AS (
    SELECT days.day, best.*
    FROM days
    CROSS JOIN LATERAL (
        SELECT id, strategy_id, sharpe_ratio, total_trades, parameters
        FROM backtest_results
        WHERE optimization_run_id = days.id AND backtest_results.status = 'completed' AND total_trades > 0
        ORDER BY sharpe_ratio DESC NULLS LAST, id
        LIMIT 1
    ) AS best
    WHERE days.is_alone
    UNION ALL
    SELECT day, id, strategy_id, sharpe_ratio, total_trades, parameters
    FROM results
    WHERE NOT is_reused AND status = 'completed' AND total_trades > 0
),
best AS (
    SELECT DISTINCT ON (candidates.day) candidates.*, strategies.name AS strategy
    FROM candidates
    INNER JOIN strategies ON strategies.id = candidates.strategy_id
    ORDER BY candidates.day, candidates.sharpe_ratio DESC NULLS LAST, candidates.id
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
LEFT JOIN best ON best.day = counts.day;

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
