CREATE OR REPLACE FUNCTION refresh_strategy_status(strategy_ids bigint[]) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE strategies
    SET status = evidence.status, updated_at = now()
    FROM (
        SELECT
            candidate.id,
            CASE
                -- Days that no choice has seen say more than those by which combinations were chosen.
                WHEN walked.meets_criteria THEN 'passed'
                WHEN walked.meets_criteria IS NULL AND EXISTS (
                    SELECT FROM latest_results
                    INNER JOIN backtest_results ON backtest_results.id = latest_results.id
                    LEFT JOIN walk_forward_runs ON run_id = optimization_run_id
                    WHERE latest_results.strategy_id = candidate.id AND meets_criteria AND run_id IS NULL
                ) THEN 'passed'
                WHEN EXISTS (
                    SELECT FROM optimization_runs
                    WHERE strategy_id = candidate.id AND optimization_runs.status = 'running'
                ) THEN 'testing'
                WHEN walked.meets_criteria IS FALSE THEN 'rejected'
                WHEN EXISTS (
                    SELECT FROM optimization_runs
                    INNER JOIN backtest_results ON optimization_run_id = optimization_runs.id
                    LEFT JOIN walk_forward_runs ON run_id = optimization_runs.id
                    WHERE optimization_runs.strategy_id = candidate.id
                        AND run_id IS NULL
                        -- A run of which some combinations always crash is partial, and has tried them all.
                        AND (
                            optimization_runs.status = 'completed'
                            OR (
                                optimization_runs.status = 'partial'
                                AND completed_combinations + failed_combinations >= total_combinations
                            )
                        )
                        AND backtest_results.status = 'completed'
                        AND backtest_results.meets_criteria IS FALSE
                ) THEN 'rejected'
                WHEN EXISTS (
                    SELECT FROM optimization_runs
                    WHERE strategy_id = candidate.id AND optimization_runs.status <> 'refused'
                ) THEN 'testing'
                ELSE 'planned'
            END AS status
        FROM unnest(strategy_ids) AS candidate (id)
        LEFT JOIN LATERAL (
            SELECT walk_forward_analyses.meets_criteria
            FROM walk_forward_analyses
            WHERE strategy_id = candidate.id AND walk_forward_analyses.meets_criteria IS NOT NULL
            ORDER BY walk_forward_analyses.id DESC
            LIMIT 1
        ) AS walked ON true
    ) AS evidence
    WHERE strategies.id = evidence.id
        AND strategies.status NOT IN ('deployed', evidence.status);
END;
COMMENT ON FUNCTION refresh_strategy_status(bigint[]) IS
    'Sets the status of strategies to what their results say; never touches a deployed one';

CREATE OR REPLACE FUNCTION refresh_run_counts(run_ids bigint[]) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE optimization_runs
    SET
        completed_combinations = counts.completed,
        failed_combinations = counts.finished - counts.completed,
        passed_combinations = counts.passed,
        reused_combinations = counts.reused,
        distinct_trials = counts.distinct_trials,
        updated_at = now()
    FROM (
        SELECT
            candidate.id,
            count(DISTINCT result.what) AS finished,
            count(DISTINCT result.what) FILTER (WHERE result.status = 'completed') AS completed,
            count(DISTINCT result.what) FILTER (WHERE result.meets_criteria) AS passed,
            count(DISTINCT result.what) FILTER (WHERE result.reused_from IS NOT NULL) AS reused,
            count(DISTINCT coalesce(result.outcome_hash, result.what))
                FILTER (WHERE result.status = 'completed') AS distinct_trials
        FROM unnest(run_ids) AS candidate (id)
        LEFT JOIN (
            SELECT
                results.optimization_run_id,
                tested_combination(
                    runs.optimization_type, results.parameters, results.combination, results.backtest_id
                ) AS what,
                results.status,
                results.meets_criteria,
                results.outcome_hash,
                results.reused_from
            FROM backtest_results AS results
            INNER JOIN optimization_runs AS runs ON runs.id = results.optimization_run_id
        ) AS result ON result.optimization_run_id = candidate.id
        GROUP BY candidate.id
    ) AS counts
    WHERE optimization_runs.id = counts.id;
END;
COMMENT ON FUNCTION refresh_run_counts(bigint[]) IS
    'Sets the counts of runs to what their results say; a combination that was tested twice counts once';

CREATE OR REPLACE FUNCTION after_results_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    runs bigint[];
    strategies bigint[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(id) INTO runs FROM optimization_runs;
        SELECT array_agg(strategies_table.id) INTO strategies FROM strategies AS strategies_table;
    ELSE
        SELECT array_agg(DISTINCT optimization_run_id ORDER BY optimization_run_id),
            array_agg(DISTINCT strategy_id ORDER BY strategy_id)
        INTO runs, strategies FROM changed;
    END IF;
    PERFORM refresh_run_counts(coalesce(runs, '{}'));
    PERFORM refresh_strategy_status(coalesce(strategies, '{}'));
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION after_results_change() IS 'Keeps the counts of runs and the status of strategies true to the results';

CREATE OR REPLACE FUNCTION after_results_update() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM refresh_run_counts(array(
        SELECT optimization_run_id FROM before_change UNION SELECT optimization_run_id FROM changed
    ));
    PERFORM refresh_strategy_status(array(
        SELECT strategy_id FROM before_change UNION SELECT strategy_id FROM changed
    ));
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION after_results_update() IS
    'As after_results_change, for updates, which may move a result to another run';

CREATE OR REPLACE FUNCTION after_run_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM refresh_strategy_status(ARRAY[NEW.strategy_id, OLD.strategy_id]);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION after_run_change() IS 'Keeps the status of strategies true to their runs and walk-forward analyses';


CREATE OR REPLACE TRIGGER backtest_results_insert
AFTER INSERT ON backtest_results REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION after_results_change();

CREATE OR REPLACE TRIGGER backtest_results_update
AFTER UPDATE ON backtest_results REFERENCING OLD TABLE AS before_change NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION after_results_update();

CREATE OR REPLACE TRIGGER backtest_results_delete
AFTER DELETE ON backtest_results REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION after_results_change();

CREATE OR REPLACE TRIGGER backtest_results_truncate
AFTER TRUNCATE ON backtest_results
FOR EACH STATEMENT EXECUTE FUNCTION after_results_change();

CREATE OR REPLACE TRIGGER optimization_runs_change
AFTER INSERT OR UPDATE OF status, strategy_id OR DELETE ON optimization_runs
FOR EACH ROW EXECUTE FUNCTION after_run_change();

CREATE OR REPLACE TRIGGER walk_forward_analyses_change
AFTER INSERT OR UPDATE OF meets_criteria, strategy_id OR DELETE ON walk_forward_analyses
FOR EACH ROW EXECUTE FUNCTION after_run_change();
