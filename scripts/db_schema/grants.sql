-- What runs with its owner's rights finds nothing but what is ours, whatever the caller has made beside it.
DO $$
DECLARE
    ours regprocedure;
BEGIN
    FOR ours IN
        SELECT oid FROM pg_proc WHERE prosecdef AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', ours, current_schema());
    END LOOP;
END;
$$;

-- A role that `make director-role` let into this database reads every view, also after an upgrade made the views anew.
DO $$
DECLARE
    readable text;
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_database
        CROSS JOIN LATERAL aclexplode(datacl) AS granted
        WHERE datname = current_database() AND granted.grantee = to_regrole('director')
    ) THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO director', current_schema());
        FOREACH readable IN ARRAY ARRAY[
            'combination_leaderboard', 'daily_summary', 'fee_analysis', 'latest_results', 'luck', 'luck_of_runs',
            'near_misses', 'next_steps', 'parameter_heatmap', 'parameter_performance', 'rejection_summary', 'run_health',
            'strategy_history', 'strategy_leaderboard', 'trials_per_strategy', 'walk_forward_summary',
            'walk_forward_windows_view', 'weekly_throughput'
        ]
        LOOP
            EXECUTE format('GRANT SELECT ON %I TO director', readable);
        END LOOP;
    END IF;
END;
$$;
