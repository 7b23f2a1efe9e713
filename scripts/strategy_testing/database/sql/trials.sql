-- name: returns_of_backtest
SELECT daily_returns FROM backtest_results WHERE id = %(id)s;

-- name: returns_of_run
SELECT id, daily_returns
FROM backtest_results
WHERE optimization_run_id = %(run)s AND daily_returns IS NOT NULL
ORDER BY id;

-- name: returns_of_benchmark
SELECT benchmark_returns FROM optimization_runs WHERE id = %(run)s;

-- name: trials
-- Every completed backtest of a strategy; what it is a trial of leaves out the dates. Without any it is known already.
SELECT
    result.id,
    result.optimization_run_id,
    result.backtest_id,
    result.started_at,
    coalesce(
        CASE
            WHEN result.parameters ?| ARRAY['start_date', 'end_date']
            THEN canonical_combination(result.parameters - ARRAY['start_date', 'end_date'])
            ELSE result.combination
        END,
        result.backtest_id
    ) AS combination,
    result.parameters - ARRAY['start_date', 'end_date'] AS parameters,
    result.daily_returns,
    result.target_value,
    runs.target_direction
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
WHERE result.strategy_id = %(strategy)s AND result.status = 'completed';

-- name: combinations_of_trials
-- The same of backtests that need not be stored, in the order in which they are given.
SELECT
    coalesce(
        canonical_combination(given.parameters - ARRAY['start_date', 'end_date']), given.backtest
    ) AS combination
FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (backtest text, parameters jsonb)) WITH ORDINALITY
    AS given (backtest, parameters, place)
ORDER BY given.place;

-- name: note_what_luck_needs
UPDATE optimization_runs
SET
    target_direction = coalesce(%(target_direction)s, target_direction),
    benchmark_returns = %(benchmark_returns)s::bytea,
    updated_at = now()
WHERE
    id = %(run)s
    AND (target_direction, benchmark_returns)
    IS DISTINCT FROM (coalesce(%(target_direction)s, target_direction), %(benchmark_returns)s::bytea);

-- name: direction_of_run
SELECT target_direction FROM optimization_runs WHERE id = %(run)s;

-- name: is_luck_known
-- Whether it was computed of exactly these results, by this code, and not anew since some were read.
SELECT coalesce(
    strategies.luck_signs = coalesce(%(as_read)s, strategies.luck_signs)
    AND strategies.luck_signs = signs_of_trials(strategies.id, NULL) || ' ' || %(code)s
    AND runs.luck_signs = signs_of_trials(strategies.id, runs.id) || ' ' || %(code)s,
    FALSE
) AS is_known
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE runs.id = %(run)s AND strategies.id = %(strategy)s;

-- name: keep_luck_signs
WITH of_strategy AS (
    UPDATE strategies
    SET luck_signs = signs_of_trials(id, NULL) || ' ' || %(code)s
    WHERE id = %(strategy)s
)
UPDATE optimization_runs
SET luck_signs = signs_of_trials(strategy_id, id) || ' ' || %(code)s
WHERE id = %(run)s AND strategy_id = %(strategy)s;

-- name: tried_before
SELECT DISTINCT result.parameters - %(fixed)s::text [] AS parameters
FROM backtest_results AS result
INNER JOIN strategies ON strategies.id = result.strategy_id
WHERE strategies.name = %(name)s AND result.status = 'completed';

-- name: lock_strategy
-- Before any of its runs: imports of one strategy write each other's results.
SELECT id FROM strategies WHERE id = %(strategy)s FOR NO KEY UPDATE;

-- name: update_luck_of_results
-- What only the run itself tells stays as it is in others. The result itself has not changed, nor has its updated_at.
WITH found AS (
    SELECT
        result.id,
        given.daily_skewness,
        given.daily_kurtosis,
        given.psr,
        given.min_track_record_years,
        given.deflated_sharpe,
        given.deflated_sharpe_independent,
        CASE WHEN result.optimization_run_id = %(run)s THEN given.plateau ELSE result.plateau END AS plateau,
        CASE WHEN result.optimization_run_id = %(run)s THEN given.worst_step ELSE result.worst_step END AS worst_step,
        CASE WHEN result.optimization_run_id = %(run)s THEN given.on_edge ELSE result.on_edge END AS on_edge,
        CASE WHEN result.optimization_run_id = %(run)s THEN given.daily_sharpe_low ELSE result.daily_sharpe_low END AS daily_sharpe_low,
        CASE WHEN result.optimization_run_id = %(run)s THEN given.daily_sharpe_high ELSE result.daily_sharpe_high END AS daily_sharpe_high
    FROM backtest_results AS result
    LEFT JOIN jsonb_to_recordset(%(rows)s) AS given (
        id bigint,
        daily_skewness numeric,
        daily_kurtosis numeric,
        psr numeric,
        min_track_record_years numeric,
        deflated_sharpe numeric,
        deflated_sharpe_independent numeric,
        plateau numeric,
        worst_step numeric,
        on_edge boolean,
        daily_sharpe_low numeric,
        daily_sharpe_high numeric
    ) ON given.id = result.id
    WHERE
        result.strategy_id = %(strategy)s
        -- What is given of that run was not stored with the others, which have theirs already.
        AND (result.optimization_run_id IS DISTINCT FROM %(but_run)s OR given.id IS NOT NULL)
)
UPDATE backtest_results AS result
SET
    daily_skewness = found.daily_skewness,
    daily_kurtosis = found.daily_kurtosis,
    psr = found.psr,
    min_track_record_years = found.min_track_record_years,
    deflated_sharpe = found.deflated_sharpe,
    deflated_sharpe_independent = found.deflated_sharpe_independent,
    plateau = found.plateau,
    worst_step = found.worst_step,
    on_edge = found.on_edge,
    daily_sharpe_low = found.daily_sharpe_low,
    daily_sharpe_high = found.daily_sharpe_high
FROM found
WHERE
    result.id = found.id
    AND (
        result.daily_skewness,
        result.daily_kurtosis,
        result.psr,
        result.min_track_record_years,
        result.deflated_sharpe,
        result.deflated_sharpe_independent,
        result.plateau,
        result.worst_step,
        result.on_edge,
        result.daily_sharpe_low,
        result.daily_sharpe_high
    ) IS DISTINCT FROM (
        found.daily_skewness,
        found.daily_kurtosis,
        found.psr,
        found.min_track_record_years,
        found.deflated_sharpe,
        found.deflated_sharpe_independent,
        found.plateau,
        found.worst_step,
        found.on_edge,
        found.daily_sharpe_low,
        found.daily_sharpe_high
    );

-- name: update_luck_of_runs
UPDATE optimization_runs
SET
    trials = %(trials)s::integer,
    independent_trials = %(independent_trials)s::numeric,
    expected_best_sharpe = %(expected_best_sharpe)s::numeric,
    min_backtest_years = %(min_backtest_years)s::numeric,
    updated_at = now()
WHERE
    strategy_id = %(strategy)s
    AND status <> 'refused'
    AND (trials, independent_trials, expected_best_sharpe, min_backtest_years) IS DISTINCT FROM (
        %(trials)s::integer,
        %(independent_trials)s::numeric,
        %(expected_best_sharpe)s::numeric,
        %(min_backtest_years)s::numeric
    );

-- name: update_luck_of_run
UPDATE optimization_runs
SET
    pbo = %(pbo)s::numeric,
    pbo_loss = %(pbo_loss)s::numeric,
    pbo_degradation = %(pbo_degradation)s::numeric,
    pbo_logits = %(pbo_logits)s::integer [],
    spa_p = %(spa_p)s::numeric,
    updated_at = now()
WHERE
    id = %(run)s
    AND (pbo, pbo_loss, pbo_degradation, pbo_logits, spa_p) IS DISTINCT FROM (
        %(pbo)s::numeric,
        %(pbo_loss)s::numeric,
        %(pbo_degradation)s::numeric,
        %(pbo_logits)s::integer [],
        %(spa_p)s::numeric
    );

-- name: luck_of_best
SELECT result.daily_sharpe_ratio AS best_sharpe, runs.expected_best_sharpe, runs.trials, result.deflated_sharpe
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
WHERE
    runs.id = %(run)s
    AND result.daily_sharpe_ratio IS NOT NULL
    AND result.deflated_sharpe IS NOT NULL
    AND runs.expected_best_sharpe IS NOT NULL
ORDER BY result.daily_sharpe_ratio DESC, result.id
LIMIT 1;
