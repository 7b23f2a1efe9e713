CREATE VIEW strategy_leaderboard AS
WITH walked AS (
    -- The newest analysis of each strategy that has ended, and what it would trade next.
    SELECT DISTINCT ON (analysis.strategy_id) analysis.*, newest.in_sample_result_id AS next_result_id
    FROM walk_forward_analyses AS analysis
    LEFT JOIN LATERAL (
        SELECT in_sample_result_id
        FROM walk_forward_windows
        WHERE analysis_id = analysis.id
        ORDER BY number DESC
        LIMIT 1
    ) AS newest ON true
    WHERE analysis.status IN ('completed', 'partial')
    ORDER BY analysis.strategy_id, analysis.meets_criteria IS NULL, analysis.id DESC
),
candidates AS (
    SELECT
        result.*,
        coalesce(result.id = walked.next_result_id, false) AS is_walked,
        runs.target_metric,
        runs.benchmark,
        -- Without its path and its blanks a metric is the same in a config and in what LEAN was given.
        lower(replace(regexp_replace(runs.target_metric, '^.*[.]', ''), ' ', '')) || runs.target_direction AS target,
        CASE runs.target_direction WHEN 'min' THEN -result.target_value ELSE result.target_value END AS score
    FROM backtest_results AS result
    INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
    LEFT JOIN latest_results ON latest_results.id = result.id
    LEFT JOIN walk_forward_runs ON walk_forward_runs.run_id = runs.id
    LEFT JOIN walked ON walked.strategy_id = result.strategy_id
    WHERE
        result.status = 'completed'
        AND result.total_trades > 0
        AND (
            result.id = walked.next_result_id
            OR (latest_results.id IS NOT NULL AND walk_forward_runs.run_id IS NULL)
        )
),
compared AS (
    SELECT
        candidates.*,
        min(target) OVER same_strategy = max(target) OVER same_strategy AS has_one_target
    FROM candidates
    WINDOW same_strategy AS (PARTITION BY strategy_id)
),
best AS (
    SELECT DISTINCT ON (strategy_id) *
    FROM compared
    ORDER BY
        strategy_id,
        is_walked DESC,
        meets_criteria IS TRUE DESC,
        CASE WHEN has_one_target THEN score END DESC NULLS LAST,
        sharpe_ratio DESC NULLS LAST,
        id
),
targets AS (
    SELECT count(DISTINCT target) = 1 AS are_the_same
    FROM best
),
tested AS (
    SELECT
        latest_results.strategy_id,
        count(*) AS combinations,
        count(*) FILTER (WHERE meets_criteria) AS passed,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        bool_or(meets_criteria IS NOT NULL) AS is_judged
    FROM latest_results
    INNER JOIN backtest_results ON backtest_results.id = latest_results.id
    GROUP BY latest_results.strategy_id
),
runs AS (
    SELECT strategy_id, count(*) AS runs, max(coalesce(completed_at, started_at)) AS last_run_at
    FROM optimization_runs
    WHERE status <> 'refused'
    GROUP BY strategy_id
),
last_run AS (
    SELECT DISTINCT ON (strategy_id)
        strategy_id,
        id,
        CASE WHEN status NOT IN ('pending', 'running', 'completed') THEN
            concat_ws(
                ': ',
                format(
                    'run %s %s after %s of %s combinations',
                    id, status, completed_combinations + failed_combinations,
                    coalesce(total_combinations::text, 'an unknown number of')
                ),
                error_message
            )
        END AS problem
    FROM optimization_runs
    WHERE status <> 'refused'
    ORDER BY strategy_id, started_at DESC, id DESC
)
SELECT
    rank() OVER (
        ORDER BY
            CASE WHEN best.is_walked THEN walked.meets_criteria ELSE best.meets_criteria END IS TRUE DESC,
            best.is_walked IS TRUE DESC,
            CASE WHEN targets.are_the_same THEN best.score END DESC NULLS LAST,
            best.sharpe_ratio DESC NULLS LAST
    ) AS rank,
    strategies.name AS strategy,
    strategies.category,
    strategies.asset_class,
    strategies.status,
    best.backtest_start,
    best.backtest_end,
    round((best.backtest_end - best.backtest_start + 1) / 365.25, 1) AS years,
    best.start_equity AS capital,
    best.target_metric,
    best.target_value,
    best.sharpe_ratio AS best_sharpe,
    best.daily_sharpe_ratio AS best_daily_sharpe,
    best.probabilistic_sharpe_ratio,
    best.psr,
    home.expected_best_sharpe,
    home.trials,
    best.deflated_sharpe,
    best.deflated_sharpe_independent,
    best.compounding_annual_return AS annual_return,
    best.benchmark,
    best.excess_return,
    best.max_drawdown,
    best.total_trades,
    best.win_rate,
    best.fee_pct,
    best.meets_criteria AS best_meets_criteria,
    best.parameters AS best_parameters,
    coalesce(best.optimization_run_id, last_run.id) AS optimization_run_id,
    CASE made.engine
        WHEN 'warm' THEN
            format(
                'warm, checked: %s of %s',
                made.engine_checked,
                coalesce(made.total_combinations, made.completed_combinations + made.failed_combinations)
            )
        ELSE made.engine
    END AS engine,
    coalesce(tested.combinations, 0) AS combinations,
    coalesce(tested.passed, 0) AS passed,
    coalesce(tested.failed, 0) AS failed,
    runs.runs,
    runs.last_run_at,
    CASE WHEN best.is_walked THEN 'walk-forward' WHEN best.id IS NOT NULL THEN 'in-sample' END AS evidence,
    CASE WHEN best.is_walked THEN walked.sharpe_ratio END AS out_of_sample_sharpe,
    CASE WHEN best.is_walked THEN walked.efficiency END AS walk_forward_efficiency,
    CASE WHEN best.is_walked THEN walked.meets_criteria END AS walk_forward_passed,
    nullif(
        concat_ws(
            '; ',
            CASE WHEN has_few_trades(best.total_trades) THEN 'few trades' END,
            CASE WHEN best.id IS NULL AND tested.combinations > tested.failed THEN 'no trades' END,
            CASE WHEN NOT tested.is_judged THEN 'not judged' END,
            last_run.problem
        ),
        ''
    ) AS note
FROM strategies
INNER JOIN runs ON runs.strategy_id = strategies.id
INNER JOIN last_run ON last_run.strategy_id = strategies.id
LEFT JOIN tested ON tested.strategy_id = strategies.id
LEFT JOIN best ON best.strategy_id = strategies.id
LEFT JOIN walked ON walked.strategy_id = strategies.id
LEFT JOIN optimization_runs AS home ON home.id = best.optimization_run_id
LEFT JOIN backtest_results AS origin ON origin.id = best.reused_from
LEFT JOIN optimization_runs AS made
    ON made.id = coalesce(origin.optimization_run_id, best.optimization_run_id)
CROSS JOIN targets
ORDER BY rank, strategy;

COMMENT ON VIEW strategy_leaderboard IS
    'Which strategies are worth money? Those that pass first, those by walk-forward before others, then by the target '
    'of their configs, or by the Sharpe ratio where targets differ. '
    'Figures are those of the best backtest: the best that passes, else the best that did not fail and made a trade';
COMMENT ON COLUMN strategy_leaderboard.rank IS 'Place: those that pass first, then by the target';
COMMENT ON COLUMN strategy_leaderboard.strategy IS 'Name of the strategy';
COMMENT ON COLUMN strategy_leaderboard.category IS 'Category of the strategy';
COMMENT ON COLUMN strategy_leaderboard.asset_class IS 'Asset class of the strategy';
COMMENT ON COLUMN strategy_leaderboard.status IS 'Status of the strategy';
COMMENT ON COLUMN strategy_leaderboard.backtest_start IS 'First day of the best backtest';
COMMENT ON COLUMN strategy_leaderboard.backtest_end IS 'Its last day';
COMMENT ON COLUMN strategy_leaderboard.years IS 'Its years of 365.25 days, rounded to one decimal';
COMMENT ON COLUMN strategy_leaderboard.capital IS 'Its capital at the start, dollars';
COMMENT ON COLUMN strategy_leaderboard.target_metric IS 'What its run optimised';
COMMENT ON COLUMN strategy_leaderboard.target_value IS 'Its value of that metric, as LEAN''s optimizer sees it';
COMMENT ON COLUMN strategy_leaderboard.best_sharpe IS 'Its Sharpe ratio, LEAN''s';
COMMENT ON COLUMN strategy_leaderboard.best_daily_sharpe IS 'Its Sharpe ratio of trading days';
COMMENT ON COLUMN strategy_leaderboard.probabilistic_sharpe_ratio IS
    'Its probabilistic Sharpe ratio (PSR), LEAN''s: that the true one is above 1 a year, a fraction';
COMMENT ON COLUMN strategy_leaderboard.psr IS
    'Its PSR of trading days: that the true Sharpe ratio is above 0, a fraction';
COMMENT ON COLUMN strategy_leaderboard.expected_best_sharpe IS
    'Best annual Sharpe ratio of trading days that luck alone would give after all trials of the strategy';
COMMENT ON COLUMN strategy_leaderboard.trials IS 'Distinct combinations ever tried for the strategy';
COMMENT ON COLUMN strategy_leaderboard.deflated_sharpe IS
    'Probability that its true Sharpe ratio is above what luck alone gives, a fraction';
COMMENT ON COLUMN strategy_leaderboard.deflated_sharpe_independent IS
    'The same with the effective number of independent trials';
COMMENT ON COLUMN strategy_leaderboard.annual_return IS 'Its compounding annual return, a fraction';
COMMENT ON COLUMN strategy_leaderboard.benchmark IS 'What it is held against';
COMMENT ON COLUMN strategy_leaderboard.excess_return IS
    'Its annual return above that of buying and holding the benchmark, a fraction';
COMMENT ON COLUMN strategy_leaderboard.max_drawdown IS 'Its largest drawdown, a fraction';
COMMENT ON COLUMN strategy_leaderboard.total_trades IS 'Its closed round trips';
COMMENT ON COLUMN strategy_leaderboard.win_rate IS 'Its winning round trips, a fraction';
COMMENT ON COLUMN strategy_leaderboard.fee_pct IS 'Its fees as a fraction of the starting capital';
COMMENT ON COLUMN strategy_leaderboard.best_meets_criteria IS 'Whether it meets the success criteria';
COMMENT ON COLUMN strategy_leaderboard.best_parameters IS 'Its parameters';
COMMENT ON COLUMN strategy_leaderboard.optimization_run_id IS
    'Number of the run that has it; of the last run where no backtest made a trade';
COMMENT ON COLUMN strategy_leaderboard.engine IS
    'What ran it: cold, or warm with how many of that run''s combinations LEAN''s own process made the same';
COMMENT ON COLUMN strategy_leaderboard.combinations IS 'Combinations tested over all runs, each once';
COMMENT ON COLUMN strategy_leaderboard.passed IS 'Combinations that met the criteria';
COMMENT ON COLUMN strategy_leaderboard.failed IS 'Combinations whose every backtest failed';
COMMENT ON COLUMN strategy_leaderboard.runs IS 'Runs of the strategy, refused ones left out';
COMMENT ON COLUMN strategy_leaderboard.last_run_at IS 'When its last run ended, or began, UTC';
COMMENT ON COLUMN strategy_leaderboard.evidence IS
    'walk-forward: the strategy was tested on days that no choice has seen, and the best backtest is the one to trade '
    'next, in-sample; in-sample: by the days on which its combinations were chosen';
COMMENT ON COLUMN strategy_leaderboard.out_of_sample_sharpe IS 'sharpe_ratio of that walk-forward analysis';
COMMENT ON COLUMN strategy_leaderboard.walk_forward_efficiency IS 'efficiency of that walk-forward analysis, a fraction';
COMMENT ON COLUMN strategy_leaderboard.walk_forward_passed IS
    'Whether that analysis meets its criteria; it goes before best_meets_criteria';
COMMENT ON COLUMN strategy_leaderboard.note IS
    'What to know: few trades (under 30) or none, not judged, and why the last run did not try all combinations';
