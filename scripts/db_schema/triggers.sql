CREATE OR REPLACE FUNCTION signs_of_trials(strategy bigint, run bigint) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT md5(concat_ws(
        ' ', count(*), count(result.psr), count(result.plateau), count(result.daily_sharpe_low),
        -- Whatever changes its returns changes the signs of its files, too.
        sum(hashtextextended(concat_ws(
            ' ', result.id, result.source_signs, result.outcome_hash, result.combination, result.target_value
        ), 0)),
        (SELECT concat_ws(' ', target_direction, md5(benchmark_returns)) FROM optimization_runs WHERE id = run)
    ))
    FROM backtest_results AS result
    WHERE result.strategy_id = strategy
        AND (run IS NULL OR result.optimization_run_id = run)
        AND result.status = 'completed';
END;
COMMENT ON FUNCTION signs_of_trials(bigint, bigint) IS
    'Of the results of one run, or without one of a strategy: changes when the figures of luck have to be computed anew';

CREATE OR REPLACE FUNCTION refresh_strategy_status(strategy_ids bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    strategy bigint;
BEGIN
    -- One at a time, for which a session plans only once.
    FOR strategy IN SELECT DISTINCT id FROM unnest(strategy_ids) AS given (id) WHERE id IS NOT NULL ORDER BY id LOOP
        UPDATE strategies
        SET status = evidence.status, updated_at = now()
        FROM (
            SELECT
                CASE
                    -- Days that no choice has seen say more than those by which combinations were chosen.
                    WHEN walked.meets_criteria THEN 'passed'
                    -- Not EXISTS: that is made a table of all of them, where the first one answers.
                    WHEN walked.meets_criteria IS NULL AND (
                        SELECT TRUE
                        FROM backtest_results AS passing
                        LEFT JOIN walk_forward_runs ON run_id = passing.optimization_run_id
                        CROSS JOIN LATERAL (
                            SELECT FROM latest_results WHERE id = passing.id
                            OFFSET 0  -- one by one through the index, however little is known of a table being filled
                        ) AS latest
                        WHERE passing.strategy_id = strategy AND passing.meets_criteria AND run_id IS NULL
                        LIMIT 1
                    ) THEN 'passed'
                    WHEN EXISTS (
                        SELECT FROM optimization_runs
                        WHERE strategy_id = strategy AND optimization_runs.status = 'running'
                    ) THEN 'testing'
                    WHEN walked.meets_criteria IS FALSE THEN 'rejected'
                    WHEN (
                        SELECT TRUE FROM optimization_runs
                        INNER JOIN backtest_results ON optimization_run_id = optimization_runs.id
                        LEFT JOIN walk_forward_runs ON run_id = optimization_runs.id
                        WHERE optimization_runs.strategy_id = strategy
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
                        LIMIT 1
                    ) THEN 'rejected'
                    WHEN EXISTS (
                        SELECT FROM optimization_runs
                        WHERE strategy_id = strategy AND optimization_runs.status <> 'refused'
                    ) THEN 'testing'
                    ELSE 'planned'
                END AS status
            FROM (SELECT) AS candidate
            LEFT JOIN LATERAL (
                SELECT walk_forward_analyses.meets_criteria
                FROM walk_forward_analyses
                WHERE strategy_id = strategy AND walk_forward_analyses.meets_criteria IS NOT NULL
                ORDER BY walk_forward_analyses.id DESC
                LIMIT 1
            ) AS walked ON true
        ) AS evidence
        WHERE strategies.id = strategy
            AND strategies.status NOT IN ('deployed', evidence.status);
    END LOOP;
END;
$$;
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

CREATE OR REPLACE FUNCTION counted_as(result backtest_results) RETURNS jsonb
LANGUAGE sql STABLE
RETURN
    CASE
        WHEN (result).id IS NOT NULL
        THEN jsonb_build_object(
            'id', (result).id,
            'optimization_run_id', (result).optimization_run_id,
            'strategy_id', (result).strategy_id,
            'parameters', (result).parameters,
            'combination', (result).combination,
            'backtest_id', (result).backtest_id,
            'status', (result).status,
            'meets_criteria', (result).meets_criteria,
            'outcome_hash', (result).outcome_hash,
            'reused_from', (result).reused_from,
            'backtest_start', (result).backtest_start,
            'backtest_end', (result).backtest_end
        )
    END;
COMMENT ON FUNCTION counted_as(backtest_results) IS
    'What of a result the counts of its run and the status of its strategy depend on';

CREATE OR REPLACE FUNCTION shift_run_counts(before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    -- Whoever changes the same run waits here, and then sees what the other has stored.
    PERFORM FROM optimization_runs
    WHERE id IN (SELECT (one ->> 'optimization_run_id')::bigint FROM jsonb_array_elements(before || after) AS one)
    ORDER BY id
    FOR NO KEY UPDATE;
    WITH given AS (
        SELECT given.*, FALSE AS is_now FROM jsonb_populate_recordset(NULL::backtest_results, before) AS given
        UNION ALL
        SELECT given.*, TRUE FROM jsonb_populate_recordset(NULL::backtest_results, after) AS given
    ),
    -- Of every combination that is touched: what it had, and what it has.
    member AS (
        SELECT optimization_run_id, parameters, combination, backtest_id, status, meets_criteria, reused_from,
            outcome_hash, TRUE AS was, FALSE AS is_now
        FROM given
        WHERE NOT is_now
        UNION ALL
        SELECT result.optimization_run_id, result.parameters, result.combination, result.backtest_id, result.status,
            result.meets_criteria, result.reused_from, result.outcome_hash,
            result.id NOT IN (SELECT id FROM given WHERE given.is_now), TRUE
        FROM (
            SELECT DISTINCT
                strategy_id,
                optimization_run_id,
                hashtextextended(coalesce(combination, ''), 0) AS combination_hash
            FROM given
        ) AS touched
        CROSS JOIN LATERAL (
            SELECT *
            FROM backtest_results
            WHERE strategy_id = touched.strategy_id
                AND optimization_run_id = touched.optimization_run_id
                AND hashtextextended(coalesce(combination, ''), 0) = touched.combination_hash
            OFFSET 0  -- one by one through the index, however many are expected
        ) AS result
    ),
    combinations AS (
        SELECT
            member.optimization_run_id AS run,
            bool_or(is_now)::integer - bool_or(was)::integer AS finished,
            bool_or(is_now AND member.status = 'completed')::integer
            - bool_or(was AND member.status = 'completed')::integer AS completed,
            bool_or(is_now AND meets_criteria IS TRUE)::integer
            - bool_or(was AND meets_criteria IS TRUE)::integer AS passed,
            bool_or(is_now AND reused_from IS NOT NULL)::integer
            - bool_or(was AND reused_from IS NOT NULL)::integer AS reused,
            bool_or(is_now AND member.status = 'completed' AND outcome_hash IS NULL)::integer
            - bool_or(was AND member.status = 'completed' AND outcome_hash IS NULL)::integer AS trials
        FROM member
        INNER JOIN optimization_runs AS runs ON runs.id = member.optimization_run_id
        GROUP BY
            member.optimization_run_id,
            tested_combination(runs.optimization_type, parameters, combination, backtest_id)
    ),
    -- Of every outcome that is touched: whether another result has it, whether one had it, whether one has it.
    outcomes AS (
        SELECT
            optimization_run_id AS run,
            (is_elsewhere OR has)::integer - (is_elsewhere OR had)::integer AS trials
        FROM (
            SELECT
                optimization_run_id,
                bool_or(is_now AND status = 'completed') AS has,
                bool_or(NOT is_now AND status = 'completed') AS had,
                (
                    SELECT TRUE FROM backtest_results AS other
                    WHERE other.optimization_run_id = given.optimization_run_id
                        AND other.outcome_hash = given.outcome_hash
                        AND other.status = 'completed'
                        AND other.id NOT IN (SELECT id FROM given WHERE is_now)
                    LIMIT 1
                ) IS TRUE AS is_elsewhere
            FROM given
            WHERE outcome_hash IS NOT NULL
            GROUP BY optimization_run_id, outcome_hash
        ) AS outcome
    ),
    difference AS (
        SELECT run, sum(finished) AS finished, sum(completed) AS completed, sum(passed) AS passed,
            sum(reused) AS reused, sum(trials) AS trials
        FROM (
            SELECT run, finished, completed, passed, reused, trials FROM combinations
            UNION ALL
            SELECT run, 0, 0, 0, 0, trials FROM outcomes
        ) AS each
        GROUP BY run
    )
    UPDATE optimization_runs
    SET
        completed_combinations = completed_combinations + difference.completed,
        failed_combinations = failed_combinations + difference.finished - difference.completed,
        passed_combinations = passed_combinations + difference.passed,
        reused_combinations = reused_combinations + difference.reused,
        distinct_trials = distinct_trials + difference.trials,
        updated_at = now()
    FROM difference
    WHERE optimization_runs.id = difference.run;
END;
$$;
COMMENT ON FUNCTION shift_run_counts(jsonb, jsonb) IS
    'Brings the counts of runs up to date with rows of backtest_results that were there before and are there after; '
    'the same as refresh_run_counts, at the cost of these rows alone';

CREATE OR REPLACE FUNCTION after_results_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    before jsonb := '[]';
    after jsonb := '[]';
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM refresh_run_counts(array(SELECT id FROM optimization_runs));
        PERFORM refresh_strategy_status(array(SELECT id FROM strategies));
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' AND current_setting('strategy_testing.has_updated', TRUE) = 'yes' THEN
        -- INSERT … ON CONFLICT DO UPDATE: both of its triggers see all that it has done, the one for updates first.
        PERFORM set_config('strategy_testing.has_updated', '', TRUE);
        PERFORM refresh_run_counts(array(SELECT DISTINCT optimization_run_id FROM changed ORDER BY 1));
        PERFORM refresh_strategy_status(array(SELECT DISTINCT strategy_id FROM changed ORDER BY 1));
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        after := (SELECT coalesce(jsonb_agg(counted_as(changed)), '[]') FROM changed);
    ELSIF TG_OP = 'DELETE' THEN
        -- What was taken from these results has been changed meanwhile, in the midst of this statement.
        PERFORM refresh_run_counts(array(SELECT DISTINCT optimization_run_id FROM before_change ORDER BY 1));
        PERFORM refresh_strategy_status(array(SELECT DISTINCT strategy_id FROM before_change ORDER BY 1));
        RETURN NULL;
    ELSE
        SELECT jsonb_agg(counted_as(before_change)), jsonb_agg(counted_as(changed))
        INTO before, after
        FROM before_change
        FULL JOIN changed ON changed.id = before_change.id
        WHERE counted_as(before_change) IS DISTINCT FROM counted_as(changed);
        before := jsonb_path_query_array(coalesce(before, '[]'), '$[*] ? (@ != null)');
        after := jsonb_path_query_array(coalesce(after, '[]'), '$[*] ? (@ != null)');
    END IF;
    IF TG_OP = 'UPDATE' AND after <> '[]' THEN
        PERFORM set_config('strategy_testing.has_updated', 'yes', TRUE);
    END IF;
    IF before || after = '[]' THEN
        RETURN NULL;
    ELSIF EXISTS (
        SELECT FROM jsonb_to_recordset(before) AS earlier (id bigint, reused_from bigint)
        INNER JOIN jsonb_to_recordset(after) AS later (id bigint, reused_from bigint) ON later.id = earlier.id
        WHERE earlier.reused_from IS NOT NULL AND later.reused_from IS NULL
    ) THEN
        -- The result that they were taken from is deleted: this comes before or behind that statement's own trigger.
        PERFORM refresh_run_counts(array(
            SELECT DISTINCT (one ->> 'optimization_run_id')::bigint FROM jsonb_array_elements(before || after) AS one
            ORDER BY 1
        ));
    ELSE
        PERFORM shift_run_counts(before, after);
    END IF;
    PERFORM refresh_strategy_status(array(
        SELECT DISTINCT (one ->> 'strategy_id')::bigint FROM jsonb_array_elements(before || after) AS one ORDER BY 1
    ));
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION after_results_change() IS 'Keeps the counts of runs and the status of strategies true to the results';

DROP FUNCTION IF EXISTS after_results_update() CASCADE;

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
FOR EACH STATEMENT EXECUTE FUNCTION after_results_change();

CREATE OR REPLACE TRIGGER backtest_results_delete
AFTER DELETE ON backtest_results REFERENCING OLD TABLE AS before_change
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
