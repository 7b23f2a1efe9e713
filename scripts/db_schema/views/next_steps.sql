CREATE VIEW next_steps AS
WITH newest AS (
    -- The newest run of each strategy that has ended and was no part of a walk-forward analysis.
    SELECT newest_run.*
    FROM strategies
    CROSS JOIN LATERAL (
        SELECT *
        FROM optimization_runs AS runs
        WHERE
            runs.strategy_id = strategies.id
            AND runs.status NOT IN ('pending', 'running')
            AND NOT EXISTS (SELECT FROM walk_forward_runs WHERE run_id = runs.id)
        ORDER BY runs.started_at DESC, runs.id DESC
        LIMIT 1
    ) AS newest_run
),
looked_at AS (
    SELECT
        newest.*,
        best.result_id,
        best.parameters,
        best.meets_criteria,
        best.total_trades,
        best.best_fee_pct,
        best.has_fee_reason,
        best.plateau,
        best.on_edge,
        known.ends
    FROM newest
    LEFT JOIN LATERAL (
        SELECT
            result.id AS result_id,
            result.parameters,
            result.meets_criteria,
            result.total_trades,
            result.fee_pct AS best_fee_pct,
            EXISTS (
                SELECT FROM unnest(result.rejection_reasons) AS reason
                WHERE split_part(reason, ':', 1) ILIKE '%fees%high'
            ) AS has_fee_reason,
            result.plateau,
            result.on_edge
        FROM backtest_results AS result
        WHERE
            result.optimization_run_id = newest.id AND result.status = 'completed' AND result.total_trades > 0
            AND result.backtest_id = coalesce(
                newest.best_backtest_id,
                (
                    SELECT highest.backtest_id
                    FROM backtest_results AS highest
                    WHERE
                        highest.optimization_run_id = newest.id
                        AND highest.status = 'completed'
                        AND highest.total_trades > 0
                    ORDER BY highest.sharpe_ratio DESC NULLS LAST, highest.id
                    LIMIT 1
                )
            )
    ) AS best ON true
    LEFT JOIN LATERAL (
        SELECT ends FROM run_figures WHERE run_id = newest.id
        UNION ALL
        SELECT ends_of_run(newest.id)
        WHERE NOT EXISTS (SELECT FROM strategy_standings WHERE strategy_id = newest.strategy_id)
    ) AS known ON best.on_edge
),
steps AS (
    SELECT
        'widen' AS step,
        looked_at.strategy_id,
        looked_at.id,
        looked_at.result_id,
        format('search beyond %s: the best has the last value that was tried', ends.list) AS what
    FROM looked_at
    CROSS JOIN LATERAL (
        SELECT string_agg(format('%s %s', mine.key, mine.value), ', ' ORDER BY mine.key) AS list
        FROM jsonb_each_text(looked_at.parameters) AS mine
        WHERE looked_at.ends -> mine.key ? canonical_value(mine.value)
    ) AS ends
    WHERE looked_at.on_edge AND ends.list IS NOT NULL
    UNION ALL
    SELECT
        'walk forward', strategy_id, id, result_id,
        format('test it on days that chose nothing: it passes, and its neighbours reach %s of it', round(plateau, 2))
    FROM looked_at
    WHERE
        meets_criteria AND plateau >= 0.75
        AND NOT EXISTS (
            SELECT FROM walk_forward_analyses AS analysis
            WHERE
                analysis.strategy_id = looked_at.strategy_id
                AND analysis.status = 'completed'
                AND analysis.created_at > looked_at.started_at
        )
    UNION ALL
    SELECT
        'test longer', strategy_id, id, result_id,
        format('take more years or looser entries: the best made %s trades, under 30 tell nothing', total_trades)
    FROM looked_at
    WHERE has_few_trades(total_trades)
    UNION ALL
    SELECT
        'find trades', strategy_id, id, NULL,
        'look at the entries, the warm-up, the dates and the prices: no combination closed a trade'
    FROM looked_at
    WHERE completed_combinations > 0 AND result_id IS NULL
    UNION ALL
    SELECT
        'trade less', strategy_id, id, result_id,
        CASE status
            WHEN 'refused' THEN format('lower the number of orders, or start with more capital: %s', error_message)
            ELSE format('lower the number of orders: the best paid %s %% of the capital in fees', round(100 * best_fee_pct, 1))
        END
    FROM looked_at
    WHERE status = 'refused' OR has_fee_reason OR best_fee_pct > 0.30
    UNION ALL
    SELECT 'get prices', strategy_id, id, NULL, warning
    FROM looked_at
    CROSS JOIN LATERAL unnest(warnings) AS warning
    WHERE warning LIKE 'no prices of %'
    UNION ALL
    SELECT
        CASE WHEN error_message LIKE '%failed: No prices: %' THEN 'get prices' ELSE 'mend' END,
        strategy_id, id, NULL, error_message
    FROM looked_at
    WHERE status IN ('failed', 'partial') AND (failed_combinations > 0 OR completed_combinations = 0)
    UNION ALL
    SELECT
        'resume', strategy_id, id, NULL,
        format(
            'optimize_runner.py --resume %s: %s of %s combinations have no result',
            id, total_combinations - completed_combinations - failed_combinations, total_combinations
        )
    FROM looked_at
    WHERE
        status IN ('interrupted', 'partial')
        AND completed_combinations + failed_combinations < total_combinations
)
SELECT
    strategies.name AS strategy,
    steps.step,
    steps.what,
    steps.id AS optimization_run_id,
    steps.result_id AS backtest_result_id
FROM steps
INNER JOIN strategies ON strategies.id = steps.strategy_id;

COMMENT ON VIEW next_steps IS
    'What shall we try next? What the newest run of each strategy suggests, a line for each reason; parts of '
    'walk-forward analyses are left out';
COMMENT ON COLUMN next_steps.strategy IS 'Name of the strategy';
COMMENT ON COLUMN next_steps.step IS
    'widen: the best lies at the end of a range; walk forward: it passes on a plateau, and no analysis is newer; test '
    'longer: under 30 trades; find trades: none at all; trade less: fees; get prices: some lack; mend: backtests crash '
    'or cannot start; resume: some never ran';
COMMENT ON COLUMN next_steps.what IS 'What to do, and why';
COMMENT ON COLUMN next_steps.optimization_run_id IS 'Number of the run that says so';
COMMENT ON COLUMN next_steps.backtest_result_id IS 'Its best result, where the step follows from that';
