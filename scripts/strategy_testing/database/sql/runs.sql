-- name: insert_strategy
-- What a config says of its strategy replaces what was known; what it leaves out stays.
INSERT INTO strategies (name, category, asset_class, lean_project_path, description, hypothesis, priority)
VALUES (
    %(name)s, %(category)s, %(asset_class)s, %(lean_project_path)s, %(description)s, %(hypothesis)s, %(priority)s
)
ON CONFLICT (name) DO UPDATE
SET
    category = coalesce(excluded.category, strategies.category),
    asset_class = coalesce(excluded.asset_class, strategies.asset_class),
    lean_project_path = coalesce(excluded.lean_project_path, strategies.lean_project_path),
    description = coalesce(excluded.description, strategies.description),
    hypothesis = coalesce(excluded.hypothesis, strategies.hypothesis),
    priority = coalesce(excluded.priority, strategies.priority),
    updated_at = now()
WHERE
    (
        coalesce(excluded.category, strategies.category),
        coalesce(excluded.asset_class, strategies.asset_class),
        coalesce(excluded.lean_project_path, strategies.lean_project_path),
        coalesce(excluded.description, strategies.description),
        coalesce(excluded.hypothesis, strategies.hypothesis),
        coalesce(excluded.priority, strategies.priority)
    ) IS DISTINCT FROM (
        strategies.category,
        strategies.asset_class,
        strategies.lean_project_path,
        strategies.description,
        strategies.hypothesis,
        strategies.priority
    );

-- name: strategy_id
SELECT id FROM strategies WHERE name = %(name)s;

-- name: insert_run
-- Only the first import or start of a run inserts it; later ones find it by its run_uuid.
INSERT INTO optimization_runs (
    run_uuid, strategy_id, batch_id, config_file, optimization_type, target_metric, target_direction, total_combinations,
    status, error_message, config, command, strategy_code_hash, engine_image, output_folder, runner_host, runner_pid,
    runner_started_at, runner_token, started_at, completed_at, estimated_orders, estimated_fees, estimated_fee_pct,
    estimated_annual_fee_pct, fee_model
)
VALUES (
    %(run_uuid)s, %(strategy_id)s, %(batch_id)s, %(config_file)s, %(optimization_type)s, %(target_metric)s, %(target_direction)s,
    %(total_combinations)s, %(status)s, %(error_message)s, %(config)s, %(command)s, %(strategy_code_hash)s,
    %(engine_image)s, %(output_folder)s, %(runner_host)s, %(runner_pid)s, %(runner_started_at)s, %(runner_token)s, %(started_at)s,
    %(completed_at)s, %(estimated_orders)s, %(estimated_fees)s, %(estimated_fee_pct)s, %(estimated_annual_fee_pct)s,
    %(fee_model)s
)
ON CONFLICT (run_uuid) DO NOTHING;

-- name: lock_run
-- Whoever imports the same run at the same moment waits here until the first one has committed.
SELECT
    id, strategy_id, status, error_message, completed_at, runner_host, runner_pid, runner_started_at, runner_token
FROM optimization_runs
WHERE run_uuid = %(run_uuid)s
FOR UPDATE;

-- name: run_of_backtests
-- The run that has stored one of these backtests as its own.
SELECT runs.run_uuid
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
WHERE result.backtest_id = any(%(backtests)s) AND result.reused_from IS NULL
ORDER BY runs.id
LIMIT 1;

-- name: expected_fees
SELECT estimated_orders, estimated_fees, estimated_fee_pct, estimated_annual_fee_pct, fee_model
FROM optimization_runs
WHERE run_uuid = %(run_uuid)s;

-- name: update_run
UPDATE optimization_runs
SET
    status = %(status)s,
    error_message = %(error_message)s,
    import_problems = %(import_problems)s,
    warnings = %(warnings)s,
    total_combinations = coalesce(%(total_combinations)s, total_combinations),
    lean_version = coalesce(%(lean_version)s, lean_version),
    config = coalesce(%(config)s::jsonb, config),
    config_file = coalesce(%(config_file)s, config_file),
    output_folder = %(output_folder)s,
    target_metric = coalesce(%(target_metric)s, target_metric),
    target_direction = coalesce(%(target_direction)s, target_direction),
    lean_best_backtest_id = %(lean_best_backtest_id)s,
    best_backtest_id = %(best_backtest_id)s,
    completed_at = %(completed_at)s,
    benchmark = %(benchmark)s,
    benchmark_return = %(benchmark_return)s,
    benchmark_annual_return = %(benchmark_annual_return)s,
    benchmark_sharpe = %(benchmark_sharpe)s,
    benchmark_max_drawdown = %(benchmark_max_drawdown)s,
    benchmark_returns = %(benchmark_returns)s,
    data_fingerprint = coalesce(%(data_fingerprint)s::jsonb, data_fingerprint),
    engine_digest = coalesce(%(engine_digest)s, engine_digest),
    engine = coalesce(%(engine)s, engine),
    engine_checked = %(engine_checked)s,
    engine_note = %(engine_note)s,
    computing_seconds = took.seconds,
    updated_at = now()
FROM (
    SELECT extract(EPOCH FROM sum(completed_at - started_at)) AS seconds
    FROM backtest_results
    WHERE optimization_run_id = %(id)s AND reused_from IS NULL AND %(status)s <> 'running'
) AS took
WHERE
    id = %(id)s
    AND (
        benchmark, benchmark_return, benchmark_annual_return, benchmark_sharpe, benchmark_max_drawdown,
        benchmark_returns,
        status, error_message, import_problems, warnings, total_combinations, lean_version, config, config_file, output_folder,
        target_metric, target_direction, lean_best_backtest_id, best_backtest_id, completed_at, data_fingerprint,
        engine_digest, engine, engine_checked, engine_note, computing_seconds
    ) IS DISTINCT FROM (
        %(benchmark)s, %(benchmark_return)s, %(benchmark_annual_return)s, %(benchmark_sharpe)s,
        %(benchmark_max_drawdown)s, %(benchmark_returns)s::bytea,
        %(status)s, %(error_message)s, %(import_problems)s::text[], %(warnings)s::text[],
        coalesce(%(total_combinations)s, total_combinations), coalesce(%(lean_version)s, lean_version),
        coalesce(%(config)s::jsonb, config), coalesce(%(config_file)s, config_file), %(output_folder)s,
        coalesce(%(target_metric)s, target_metric), coalesce(%(target_direction)s, target_direction),
        %(lean_best_backtest_id)s, %(best_backtest_id)s, %(completed_at)s::timestamptz,
        coalesce(%(data_fingerprint)s::jsonb, data_fingerprint), coalesce(%(engine_digest)s, engine_digest),
        coalesce(%(engine)s, engine), %(engine_checked)s, %(engine_note)s, took.seconds
    );

-- name: stored_benchmark
-- Of the run itself, else of one from which it took results.
SELECT
    benchmark AS name,
    benchmark_return AS total_return,
    benchmark_annual_return AS annual_return,
    benchmark_sharpe AS sharpe,
    benchmark_max_drawdown AS max_drawdown,
    benchmark_returns AS daily_returns
FROM optimization_runs
WHERE
    benchmark IS NOT NULL
    AND (
        run_uuid = %(run_uuid)s
        OR id IN (
            SELECT origin.optimization_run_id
            FROM backtest_results AS origin
            INNER JOIN backtest_results AS taken ON taken.reused_from = origin.id
            INNER JOIN optimization_runs AS taker ON taker.id = taken.optimization_run_id
            WHERE taker.run_uuid = %(run_uuid)s
        )
    )
ORDER BY run_uuid = %(run_uuid)s DESC, id DESC
LIMIT 1;

-- name: known_runs
-- The run of a run_uuid, or all that have a result, the oldest first; of a strategy only those judged by such criteria.
SELECT
    runs.id,
    runs.run_uuid::text,
    runs.strategy_id,
    runs.status,
    runs.config::text,
    runs.config_file,
    runs.warnings,
    runs.lean_best_backtest_id,
    runs.output_folder,
    runs.runner_host,
    runs.runner_pid,
    runs.runner_started_at,
    runs.runner_token,
    strategies.name AS strategy,
    strategies.luck_signs
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE
    runs.run_uuid = %(run_uuid)s::uuid
    OR (
        %(run_uuid)s::uuid IS NULL
        AND EXISTS (SELECT FROM backtest_results WHERE optimization_run_id = runs.id)
        AND (
            %(strategy)s::bigint IS NULL
            OR (
                runs.strategy_id = %(strategy)s
                AND runs.status <> 'running'
                AND runs.config -> 'success_criteria' ?| %(criteria)s::text []
            )
        )
    )
ORDER BY runs.started_at, runs.id;

-- name: move_run
-- Its results follow by their foreign key.
UPDATE optimization_runs
SET strategy_id = %(strategy_id)s, updated_at = now()
WHERE id = %(id)s;

-- name: update_optima
UPDATE optimization_runs
SET best_backtest_id = %(best_backtest_id)s, warnings = %(warnings)s, updated_at = now()
WHERE
    id = %(id)s
    AND (best_backtest_id, warnings) IS DISTINCT FROM (%(best_backtest_id)s, %(warnings)s::text[]);

-- name: restart_run
-- What the results were made of is not known again before the run ends.
UPDATE optimization_runs
SET
    status = 'running',
    error_message = NULL,
    completed_at = NULL,
    data_fingerprint = NULL,
    engine_digest = NULL,
    command = %(command)s,
    runner_host = %(runner_host)s,
    runner_pid = %(runner_pid)s,
    runner_started_at = %(runner_started_at)s,
    runner_token = %(runner_token)s,
    updated_at = now()
WHERE id = %(id)s;

-- name: runs_of_host
-- Runs that are said to be running on this machine.
SELECT
    id, run_uuid::text, strategy_id, status, output_folder, runner_host, runner_pid, runner_started_at, runner_token
FROM optimization_runs
WHERE status = 'running' AND runner_host = %(host)s
ORDER BY id;

-- name: claim_run
-- Takes a run over from a runner that is gone; nobody else can, because the old owner no longer stands there.
UPDATE optimization_runs
SET
    runner_pid = %(new_pid)s, runner_started_at = %(new_started_at)s, runner_token = %(new_token)s, updated_at = now()
WHERE
    id = %(id)s
    AND status = 'running'
    AND runner_pid = %(old_pid)s
    AND runner_started_at = %(old_started_at)s
    AND runner_token IS NOT DISTINCT FROM %(old_token)s
RETURNING id;

-- name: abandon_run
UPDATE optimization_runs
SET status = 'interrupted', error_message = %(message)s, completed_at = now(), updated_at = now()
WHERE id = %(id)s;

-- name: resumable_runs
-- Runs that have not got all their combinations, the newest first.
SELECT
    runs.id,
    runs.status,
    runs.output_folder,
    runs.strategy_code_hash,
    runs.data_fingerprint,
    runs.engine_digest,
    runs.runner_host,
    runs.runner_pid,
    runs.runner_started_at,
    runs.runner_token,
    strategies.name AS strategy,
    runs.config_file
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE
    (%(id)s::bigint IS NULL OR runs.id = %(id)s)
    AND (%(strategy)s::text IS NULL OR strategies.name = %(strategy)s)
    AND (
        %(id)s::bigint IS NOT NULL
        OR runs.status <> 'completed'
        -- Its walk-forward analysis may lack more than the run does.
        OR EXISTS (
            SELECT FROM walk_forward_runs AS link
            INNER JOIN walk_forward_analyses AS analysis ON analysis.id = link.analysis_id
            WHERE link.run_id = runs.id AND analysis.status <> 'completed'
        )
    )
    AND runs.status <> 'refused'
    AND runs.optimization_type <> 'Backtest'
ORDER BY runs.started_at DESC, runs.id DESC;

-- name: run_summary
SELECT
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    CASE
        WHEN EXISTS (
            SELECT FROM backtest_results
            WHERE optimization_run_id = runs.id AND meets_criteria IS NOT NULL
        ) THEN runs.passed_combinations
    END AS passed,
    best.sharpe_ratio AS best_sharpe,
    coalesce(has_few_trades(best.total_trades), false) AS best_has_few_trades
FROM optimization_runs AS runs
LEFT JOIN LATERAL (
    SELECT sharpe_ratio, total_trades
    FROM backtest_results
    WHERE optimization_run_id = runs.id AND status = 'completed' AND total_trades > 0
    ORDER BY sharpe_ratio DESC NULLS LAST, id
    LIMIT 1
) AS best ON true
WHERE runs.id = %(id)s;

-- name: hold_run
-- Nobody waits for it; who holds it already holds it twice, which ends with the connection all the same.
SELECT pg_try_advisory_lock(%(class)s, %(id)s);

-- name: is_run_held
-- Only looks: a lock that is taken to find out whether it is free would make others find it held.
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE
        locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = %(class)s
        AND objid = %(id)s
        AND objsubid = 2
        AND granted
) AS is_held;

-- name: keep_standing
SELECT keep_standing(%(strategy)s);
