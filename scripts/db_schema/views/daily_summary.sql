CREATE VIEW daily_summary AS
SELECT
    days.day,
    days.runs,
    days.strategies,
    counts.combinations,
    counts.reused,
    counts.failed,
    counts.passed,
    counts.sharpe_ratio AS best_sharpe,
    strategies.name AS best_strategy,
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
        coalesce(round(counts.sharpe_ratio, 1)::text, 'n/a'),
        CASE WHEN has_few_trades(counts.total_trades) THEN ' (few trades)' END
    ) AS summary
FROM (
    -- Sorted, so that who asks for the last days waits for these alone.
    SELECT
        (coalesce(completed_at, started_at) AT TIME ZONE 'UTC')::date AS day,
        count(*) AS runs,
        count(DISTINCT strategy_id) AS strategies
    FROM optimization_runs
    WHERE status <> 'refused'
    GROUP BY day
    ORDER BY day DESC
) AS days
CROSS JOIN LATERAL (
    WITH of_day AS (
        SELECT
            runs.*,
            -- A strategy's only run of the day that took nothing from others: its own counts are the day's.
            count(*) OVER (PARTITION BY runs.strategy_id) = 1 AND runs.reused_combinations = 0 AS is_alone
        FROM optimization_runs AS runs
        WHERE
            (coalesce(runs.completed_at, runs.started_at) AT TIME ZONE 'UTC')::date = days.day
            AND runs.status <> 'refused'
    ),
    results AS (
        SELECT DISTINCT ON (result.strategy_id, tested.combination, result.backtest_start, result.backtest_end)
            result.id,
            result.status,
            result.meets_criteria,
            result.sharpe_ratio,
            result.total_trades,
            made.day <> days.day AS is_reused
        FROM of_day
        CROSS JOIN LATERAL (
            SELECT * FROM backtest_results WHERE optimization_run_id = of_day.id
            OFFSET 0  -- run by run through the index, however many are expected
        ) AS result
        CROSS JOIN LATERAL tested_combination(
            of_day.optimization_type, result.parameters, result.combination, result.backtest_id
        ) AS tested (combination)
        CROSS JOIN LATERAL (
            SELECT coalesce(
                (
                    SELECT (coalesce(runs.completed_at, runs.started_at) AT TIME ZONE 'UTC')::date
                    FROM backtest_results AS origin
                    INNER JOIN optimization_runs AS runs ON runs.id = origin.optimization_run_id
                    WHERE origin.id = result.reused_from AND runs.status <> 'refused'
                ),
                days.day
            ) AS day
        ) AS made
        WHERE NOT of_day.is_alone
        ORDER BY
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
            completed_combinations + failed_combinations AS combinations,
            0 AS reused,
            failed_combinations AS failed,
            passed_combinations AS passed,
            EXISTS (
                SELECT FROM backtest_results
                WHERE optimization_run_id = of_day.id AND meets_criteria IS NOT NULL
            ) AS is_judged
        FROM of_day
        WHERE is_alone
        UNION ALL
        SELECT
            count(*) FILTER (WHERE NOT is_reused),
            count(*) FILTER (WHERE is_reused),
            count(*) FILTER (WHERE NOT is_reused AND status = 'failed'),
            count(*) FILTER (WHERE NOT is_reused AND meets_criteria),
            bool_or(meets_criteria IS NOT NULL) FILTER (WHERE NOT is_reused)
        FROM results
    ),
    candidates AS (
        SELECT highest.*
        FROM of_day
        CROSS JOIN LATERAL (
            SELECT id, sharpe_ratio, total_trades
            FROM backtest_results
            WHERE optimization_run_id = of_day.id AND backtest_results.status = 'completed' AND total_trades > 0
            ORDER BY sharpe_ratio DESC NULLS LAST, id
            LIMIT 1
        ) AS highest
        WHERE of_day.is_alone
        UNION ALL
        SELECT id, sharpe_ratio, total_trades
        FROM results
        WHERE NOT is_reused AND status = 'completed' AND total_trades > 0
    ),
    winner AS (
        SELECT id, sharpe_ratio, total_trades
        FROM candidates
        ORDER BY sharpe_ratio DESC NULLS LAST, id
        LIMIT 1
    )
    SELECT summed.*, winner.*
    FROM (
        SELECT
            sum(combinations)::bigint AS combinations,
            sum(reused)::bigint AS reused,
            sum(failed)::bigint AS failed,
            sum(passed)::bigint AS passed,
            coalesce(bool_or(is_judged), false) AS is_judged
        FROM counted
    ) AS summed
    LEFT JOIN winner ON true
) AS counts
LEFT JOIN backtest_results AS best ON best.id = counts.id
LEFT JOIN strategies ON strategies.id = best.strategy_id;

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
