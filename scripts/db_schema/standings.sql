-- What the leaderboard says of a strategy is kept, because many ask and few change it. A change of its results forgets
-- it; then it is worked out anew by whoever asks, until an import keeps it again.

CREATE OR REPLACE FUNCTION strategy_standing(strategy bigint) RETURNS TABLE (
    best_result_id bigint,
    is_walked boolean,
    target text,
    score numeric,
    combinations bigint,
    passed bigint,
    failed bigint,
    is_judged boolean
)
-- Who may read the view may not read the tables.
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1
AS $$
WITH walked AS (
    -- The newest analysis that has ended, and what it would trade next.
    SELECT newest.in_sample_result_id AS next_result_id
    FROM walk_forward_analyses AS analysis
    LEFT JOIN LATERAL (
        SELECT in_sample_result_id
        FROM walk_forward_windows
        WHERE analysis_id = analysis.id
        ORDER BY number DESC
        LIMIT 1
    ) AS newest ON true
    WHERE analysis.strategy_id = strategy AND analysis.status IN ('completed', 'partial')
    ORDER BY analysis.meets_criteria IS NULL, analysis.id DESC
    LIMIT 1
),
latest AS MATERIALIZED (
    SELECT id, optimization_run_id, status, meets_criteria, sharpe_ratio, target_value, total_trades
    FROM latest_of_strategy(strategy)
),
candidates AS (
    SELECT
        candidate.id,
        candidate.is_walked,
        candidate.meets_criteria,
        candidate.sharpe_ratio,
        -- Without its path and its blanks a metric is the same in a config and in what LEAN was given.
        lower(replace(regexp_replace(runs.target_metric, '^.*[.]', ''), ' ', '')) || runs.target_direction AS target,
        CASE runs.target_direction WHEN 'min' THEN -candidate.target_value ELSE candidate.target_value END AS score
    FROM (
        SELECT id, optimization_run_id, false AS is_walked, meets_criteria, sharpe_ratio, target_value
        FROM latest
        WHERE
            status = 'completed'
            AND total_trades > 0
            AND NOT EXISTS (SELECT FROM walk_forward_runs WHERE run_id = latest.optimization_run_id)
            AND NOT EXISTS (SELECT FROM walked WHERE next_result_id = latest.id)
        UNION ALL
        SELECT id, optimization_run_id, true, meets_criteria, sharpe_ratio, target_value
        FROM backtest_results
        WHERE
            id = (SELECT next_result_id FROM walked)
            AND strategy_id = strategy
            AND status = 'completed'
            AND total_trades > 0
    ) AS candidate
    INNER JOIN optimization_runs AS runs ON runs.id = candidate.optimization_run_id
),
best AS (
    SELECT candidates.*
    FROM candidates
    CROSS JOIN (SELECT min(target) = max(target) AS has_one_target FROM candidates) AS compared
    ORDER BY
        is_walked DESC,
        meets_criteria IS TRUE DESC,
        CASE WHEN has_one_target THEN score END DESC NULLS LAST,
        sharpe_ratio DESC NULLS LAST,
        id
    LIMIT 1
),
tested AS (
    SELECT
        count(*) AS combinations,
        count(*) FILTER (WHERE meets_criteria) AS passed,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        bool_or(meets_criteria IS NOT NULL) AS is_judged
    FROM latest
)
SELECT best.id, best.is_walked, best.target, best.score, tested.combinations, tested.passed, tested.failed,
    tested.is_judged
FROM tested
LEFT JOIN best ON true
$$;
COMMENT ON FUNCTION strategy_standing(bigint) IS 'What the leaderboard says of a strategy, worked out of its results';

CREATE OR REPLACE FUNCTION keep_standing(strategy bigint) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    -- Where somebody is changing its results just now, it is left to whoever comes next.
    IF NOT pg_try_advisory_xact_lock(22434, strategy::integer) THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM strategy_standings WHERE strategy_id = strategy) THEN
        RETURN;
    END IF;
    INSERT INTO strategy_standings
    SELECT strategy, standing.* FROM strategy_standing(strategy) AS standing
    ON CONFLICT (strategy_id) DO NOTHING;
    IF FOUND THEN
        INSERT INTO strategy_rejections
        SELECT strategy, known.* FROM rejections_of_strategy(strategy) AS known;
        INSERT INTO strategy_parameters
        SELECT strategy, known.* FROM parameters_of_strategy(strategy) AS known;
        INSERT INTO run_figures
        SELECT runs.id, strategy, luckiest.result_id, known.*
        FROM optimization_runs AS runs
        CROSS JOIN LATERAL figures_of_run(runs.id) AS known
        LEFT JOIN luckiest_of_runs(strategy) AS luckiest ON luckiest.run_id = runs.id
        -- A run without results may go unnoticed. A foreign key would wait for whoever has locked a run.
        WHERE
            runs.strategy_id = strategy
            AND EXISTS (SELECT FROM backtest_results WHERE optimization_run_id = runs.id);
    END IF;
END;
$$;
COMMENT ON FUNCTION keep_standing(bigint) IS
    'Keeps what the views say of a strategy and its runs until its results change; the last act of a transaction';

CREATE OR REPLACE FUNCTION forget_standings(strategy_ids bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    -- So that nobody keeps a standing without the change that is under way.
    PERFORM pg_advisory_xact_lock_shared(22434, one::integer)
    FROM (SELECT DISTINCT unnest(strategy_ids) AS one ORDER BY one) AS changed
    WHERE one IS NOT NULL;
    DELETE FROM strategy_standings WHERE strategy_id = any(strategy_ids);
END;
$$;
COMMENT ON FUNCTION forget_standings(bigint[]) IS 'Forgets what is kept of strategies whose results change';

CREATE OR REPLACE FUNCTION forget_standings_of_rows() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM forget_standings(array(SELECT DISTINCT strategy_id FROM changed));
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION forget_standings_of_rows() IS 'As forget_standings, for a statement that changes rows';

CREATE OR REPLACE FUNCTION forget_all_standings() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM forget_standings(array(SELECT strategy_id FROM strategy_standings));
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION forget_all_standings() IS 'Forgets what is kept of all strategies, where a table is emptied';

CREATE OR REPLACE TRIGGER backtest_results_standing_insert
AFTER INSERT ON backtest_results REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION forget_standings_of_rows();

CREATE OR REPLACE TRIGGER backtest_results_standing_update
AFTER UPDATE ON backtest_results REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION forget_standings_of_rows();

CREATE OR REPLACE TRIGGER backtest_results_standing_left
AFTER UPDATE ON backtest_results REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION forget_standings_of_rows();

CREATE OR REPLACE TRIGGER backtest_results_standing_delete
AFTER DELETE ON backtest_results REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION forget_standings_of_rows();

CREATE OR REPLACE TRIGGER backtest_results_standing_truncate
AFTER TRUNCATE ON backtest_results
FOR EACH STATEMENT EXECUTE FUNCTION forget_all_standings();

CREATE OR REPLACE FUNCTION forget_standing_of_run() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM forget_standings(ARRAY[NEW.strategy_id, OLD.strategy_id]);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION forget_standing_of_run() IS 'As forget_standings, for a run or an analysis';

CREATE OR REPLACE TRIGGER optimization_runs_standing
AFTER UPDATE OF target_metric, target_direction, optimization_type, strategy_id ON optimization_runs
FOR EACH ROW
WHEN (
    (old.target_metric, old.target_direction, old.optimization_type, old.strategy_id)
    IS DISTINCT FROM (new.target_metric, new.target_direction, new.optimization_type, new.strategy_id)
)
EXECUTE FUNCTION forget_standing_of_run();

CREATE OR REPLACE TRIGGER walk_forward_analyses_standing
AFTER INSERT OR UPDATE OR DELETE ON walk_forward_analyses
FOR EACH ROW EXECUTE FUNCTION forget_standing_of_run();

CREATE OR REPLACE FUNCTION forget_standing_of_analysis() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM forget_standings(
        array(SELECT strategy_id FROM walk_forward_analyses WHERE id IN (NEW.analysis_id, OLD.analysis_id))
    );
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION forget_standing_of_analysis() IS 'As forget_standings, for what belongs to an analysis';

CREATE OR REPLACE TRIGGER walk_forward_runs_standing
AFTER INSERT OR UPDATE OR DELETE ON walk_forward_runs
FOR EACH ROW EXECUTE FUNCTION forget_standing_of_analysis();

CREATE OR REPLACE TRIGGER walk_forward_windows_standing
AFTER INSERT OR UPDATE OR DELETE ON walk_forward_windows
FOR EACH ROW EXECUTE FUNCTION forget_standing_of_analysis();

CREATE OR REPLACE TRIGGER walk_forward_runs_standing_truncate
AFTER TRUNCATE ON walk_forward_runs
FOR EACH STATEMENT EXECUTE FUNCTION forget_all_standings();

CREATE OR REPLACE TRIGGER walk_forward_windows_standing_truncate
AFTER TRUNCATE ON walk_forward_windows
FOR EACH STATEMENT EXECUTE FUNCTION forget_all_standings();
