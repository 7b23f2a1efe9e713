-- Tables of these names that were made by hand, before the schema had versions: what they lack is added, what is too
-- narrow is widened, and every row stays. Tables that do not exist are left to db_schema.sql.

DO $$
DECLARE
    wanted record;
    metric text;
BEGIN
    DROP VIEW IF EXISTS strategy_leaderboard, daily_summary, parameter_performance, fee_analysis, rejection_summary;

    -- Columns of an enum or a narrow number become text and unbounded numbers, with their values.
    FOR wanted IN
        SELECT columns.table_name, columns.column_name, columns.data_type
        FROM information_schema.columns
        WHERE columns.table_schema = current_schema()
            AND columns.table_name IN ('strategies', 'optimization_runs', 'backtest_results')
    LOOP
        IF wanted.data_type IN ('character varying', 'USER-DEFINED') OR wanted.column_name IN ('status', 'priority') THEN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I DROP DEFAULT', wanted.table_name, wanted.column_name);
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE text USING %I::text',
                wanted.table_name, wanted.column_name, wanted.column_name);
        ELSIF wanted.data_type IN ('numeric', 'real', 'double precision') THEN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE numeric USING %I::numeric',
                wanted.table_name, wanted.column_name, wanted.column_name);
        ELSIF wanted.data_type = 'timestamp without time zone' THEN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE timestamptz USING %I AT TIME ZONE ''UTC''',
                wanted.table_name, wanted.column_name, wanted.column_name);
        ELSIF wanted.data_type = 'json' THEN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE jsonb USING %I::jsonb',
                wanted.table_name, wanted.column_name, wanted.column_name);
        ELSIF wanted.column_name = 'rejection_reasons' AND wanted.data_type = 'text' THEN
            ALTER TABLE backtest_results ALTER COLUMN rejection_reasons DROP DEFAULT;
            ALTER TABLE backtest_results ALTER COLUMN rejection_reasons TYPE text[]
                USING CASE WHEN rejection_reasons IS NULL THEN NULL ELSE ARRAY[rejection_reasons] END;
        END IF;
    END LOOP;

    ALTER TABLE IF EXISTS strategies
        ADD COLUMN IF NOT EXISTS category text,
        ADD COLUMN IF NOT EXISTS asset_class text,
        ADD COLUMN IF NOT EXISTS lean_project_path text,
        ADD COLUMN IF NOT EXISTS description text,
        ADD COLUMN IF NOT EXISTS hypothesis text,
        ADD COLUMN IF NOT EXISTS status text,
        ADD COLUMN IF NOT EXISTS priority text,
        ADD COLUMN IF NOT EXISTS created_at timestamptz,
        ADD COLUMN IF NOT EXISTS updated_at timestamptz;

    ALTER TABLE IF EXISTS optimization_runs
        ADD COLUMN IF NOT EXISTS run_uuid uuid,
        ADD COLUMN IF NOT EXISTS config_file text,
        ADD COLUMN IF NOT EXISTS optimization_type text,
        ADD COLUMN IF NOT EXISTS target_metric text,
        ADD COLUMN IF NOT EXISTS target_direction text,
        ADD COLUMN IF NOT EXISTS total_combinations integer,
        ADD COLUMN IF NOT EXISTS completed_combinations integer,
        ADD COLUMN IF NOT EXISTS failed_combinations integer,
        ADD COLUMN IF NOT EXISTS passed_combinations integer,
        ADD COLUMN IF NOT EXISTS status text,
        ADD COLUMN IF NOT EXISTS error_message text,
        ADD COLUMN IF NOT EXISTS import_problems text[],
        ADD COLUMN IF NOT EXISTS config jsonb,
        ADD COLUMN IF NOT EXISTS command text,
        ADD COLUMN IF NOT EXISTS strategy_code_hash text,
        ADD COLUMN IF NOT EXISTS engine_image text,
        ADD COLUMN IF NOT EXISTS lean_version text,
        ADD COLUMN IF NOT EXISTS output_folder text,
        ADD COLUMN IF NOT EXISTS runner_host text,
        ADD COLUMN IF NOT EXISTS runner_pid integer,
        ADD COLUMN IF NOT EXISTS runner_started_at timestamptz,
        ADD COLUMN IF NOT EXISTS started_at timestamptz,
        ADD COLUMN IF NOT EXISTS completed_at timestamptz,
        ADD COLUMN IF NOT EXISTS created_at timestamptz,
        ADD COLUMN IF NOT EXISTS updated_at timestamptz;

    IF to_regclass('backtest_results') IS NOT NULL THEN
        FOREACH metric IN ARRAY ARRAY[
            'sharpe_ratio', 'sortino_ratio', 'probabilistic_sharpe_ratio', 'calmar_ratio', 'total_return',
            'compounding_annual_return', 'max_drawdown', 'annual_std_dev', 'annual_variance', 'win_rate', 'loss_rate',
            'avg_win', 'avg_loss', 'profit_loss_ratio', 'profit_factor', 'expectancy', 'total_fees', 'fee_pct',
            'net_profit', 'start_equity', 'end_equity', 'portfolio_turnover', 'estimated_capacity', 'alpha', 'beta',
            'information_ratio', 'tracking_error', 'treynor_ratio', 'value_at_risk_95', 'value_at_risk_99'
        ] LOOP
            EXECUTE format('ALTER TABLE backtest_results ADD COLUMN IF NOT EXISTS %I numeric', metric);
        END LOOP;
        FOREACH metric IN ARRAY ARRAY[
            'drawdown_recovery_days', 'total_orders', 'total_trades', 'winning_trades', 'losing_trades',
            'max_consecutive_losing_trades'
        ] LOOP
            EXECUTE format('ALTER TABLE backtest_results ADD COLUMN IF NOT EXISTS %I integer', metric);
        END LOOP;
        ALTER TABLE backtest_results
            ADD COLUMN IF NOT EXISTS backtest_id text,
            ADD COLUMN IF NOT EXISTS parameters jsonb,
            ADD COLUMN IF NOT EXISTS status text,
            ADD COLUMN IF NOT EXISTS error_message text,
            ADD COLUMN IF NOT EXISTS stack_trace text,
            ADD COLUMN IF NOT EXISTS backtest_start date,
            ADD COLUMN IF NOT EXISTS backtest_end date,
            ADD COLUMN IF NOT EXISTS account_currency text,
            ADD COLUMN IF NOT EXISTS lean_version text,
            ADD COLUMN IF NOT EXISTS meets_criteria boolean,
            ADD COLUMN IF NOT EXISTS rejection_reasons text[],
            ADD COLUMN IF NOT EXISTS started_at timestamptz,
            ADD COLUMN IF NOT EXISTS completed_at timestamptz,
            ADD COLUMN IF NOT EXISTS created_at timestamptz,
            ADD COLUMN IF NOT EXISTS updated_at timestamptz,
            ADD COLUMN IF NOT EXISTS strategy_id bigint;
    END IF;
END;
$$;

-- Values that the constraints of db_schema.sql ask for.
DO $$
BEGIN
    IF to_regclass('strategies') IS NOT NULL THEN
        UPDATE strategies SET
            status = CASE WHEN status IN ('planned', 'testing', 'rejected', 'passed', 'deployed') THEN status
                ELSE 'planned' END,
            priority = CASE WHEN upper(priority) IN ('HIGH', 'MEDIUM', 'LOW') THEN upper(priority) END,
            created_at = coalesce(created_at, now()),
            updated_at = coalesce(updated_at, now());
        ALTER TABLE strategies
            ALTER COLUMN status SET DEFAULT 'planned', ALTER COLUMN status SET NOT NULL,
            ALTER COLUMN created_at SET DEFAULT now(), ALTER COLUMN created_at SET NOT NULL,
            ALTER COLUMN updated_at SET DEFAULT now(), ALTER COLUMN updated_at SET NOT NULL,
            DROP CONSTRAINT IF EXISTS strategies_status_check,
            DROP CONSTRAINT IF EXISTS strategies_priority_check,
            ADD CONSTRAINT strategies_status_check
                CHECK (status IN ('planned', 'testing', 'rejected', 'passed', 'deployed')),
            ADD CONSTRAINT strategies_priority_check CHECK (upper(priority) IN ('HIGH', 'MEDIUM', 'LOW'));
        IF NOT EXISTS (
            SELECT FROM pg_constraint WHERE conrelid = 'strategies'::regclass AND conname = 'strategies_name_key'
        ) THEN
            ALTER TABLE strategies ADD CONSTRAINT strategies_name_key UNIQUE (name);
        END IF;
    END IF;

    IF to_regclass('optimization_runs') IS NOT NULL THEN
        UPDATE optimization_runs SET
            run_uuid = coalesce(run_uuid, gen_random_uuid()),
            completed_combinations = coalesce(completed_combinations, 0),
            failed_combinations = coalesce(failed_combinations, 0),
            passed_combinations = coalesce(passed_combinations, 0),
            status = CASE
                WHEN status IN ('pending', 'running', 'completed', 'partial', 'failed', 'interrupted') THEN status
                ELSE 'completed' END,
            target_direction = CASE
                WHEN lower(target_direction) LIKE 'max%' THEN 'max' WHEN lower(target_direction) LIKE 'min%' THEN 'min'
                END,
            import_problems = coalesce(import_problems, '{}'),
            started_at = coalesce(started_at, created_at, now()),
            created_at = coalesce(created_at, now()),
            updated_at = coalesce(updated_at, now());
        ALTER TABLE optimization_runs
            ALTER COLUMN run_uuid SET DEFAULT gen_random_uuid(), ALTER COLUMN run_uuid SET NOT NULL,
            ALTER COLUMN strategy_id SET NOT NULL,
            ALTER COLUMN completed_combinations SET DEFAULT 0, ALTER COLUMN completed_combinations SET NOT NULL,
            ALTER COLUMN failed_combinations SET DEFAULT 0, ALTER COLUMN failed_combinations SET NOT NULL,
            ALTER COLUMN passed_combinations SET DEFAULT 0, ALTER COLUMN passed_combinations SET NOT NULL,
            ALTER COLUMN status SET DEFAULT 'pending', ALTER COLUMN status SET NOT NULL,
            ALTER COLUMN import_problems SET DEFAULT '{}', ALTER COLUMN import_problems SET NOT NULL,
            ALTER COLUMN started_at SET DEFAULT now(), ALTER COLUMN started_at SET NOT NULL,
            ALTER COLUMN created_at SET DEFAULT now(), ALTER COLUMN created_at SET NOT NULL,
            ALTER COLUMN updated_at SET DEFAULT now(), ALTER COLUMN updated_at SET NOT NULL,
            DROP CONSTRAINT IF EXISTS optimization_runs_status_check,
            DROP CONSTRAINT IF EXISTS optimization_runs_target_direction_check,
            ADD CONSTRAINT optimization_runs_target_direction_check CHECK (target_direction IN ('max', 'min')),
            ADD CONSTRAINT optimization_runs_status_check
                CHECK (status IN ('pending', 'running', 'completed', 'partial', 'failed', 'interrupted')),
            ADD CONSTRAINT optimization_runs_run_uuid_key UNIQUE (run_uuid),
            ADD CONSTRAINT optimization_runs_id_strategy_id_key UNIQUE (id, strategy_id);
    END IF;

    IF to_regclass('backtest_results') IS NOT NULL THEN
        UPDATE backtest_results SET
            strategy_id = runs.strategy_id
        FROM optimization_runs AS runs
        WHERE runs.id = backtest_results.optimization_run_id
            AND backtest_results.strategy_id IS DISTINCT FROM runs.strategy_id;
        UPDATE backtest_results SET
            backtest_id = coalesce(backtest_id, gen_random_uuid()::text),
            parameters = coalesce(parameters, '{}'),
            status = CASE WHEN status = 'failed' THEN 'failed' ELSE 'completed' END,
            meets_criteria = CASE WHEN status = 'failed' AND meets_criteria THEN false ELSE meets_criteria END,
            rejection_reasons = coalesce(rejection_reasons, '{}'),
            created_at = coalesce(created_at, now()),
            updated_at = coalesce(updated_at, now());
        -- A backtest that stands twice within its run keeps both rows; the later one gets an id of its own.
        UPDATE backtest_results SET backtest_id = backtest_id || ' (' || twice.id || ')'
        FROM (
            SELECT id, row_number() OVER (PARTITION BY optimization_run_id, backtest_id ORDER BY id) AS occurrence
            FROM backtest_results
        ) AS twice
        WHERE twice.id = backtest_results.id AND twice.occurrence > 1;
        ALTER TABLE backtest_results
            ALTER COLUMN optimization_run_id SET NOT NULL,
            ALTER COLUMN strategy_id SET NOT NULL,
            ALTER COLUMN backtest_id SET DEFAULT gen_random_uuid()::text, ALTER COLUMN backtest_id SET NOT NULL,
            ALTER COLUMN parameters SET DEFAULT '{}', ALTER COLUMN parameters SET NOT NULL,
            ALTER COLUMN status SET DEFAULT 'completed', ALTER COLUMN status SET NOT NULL,
            ALTER COLUMN rejection_reasons SET DEFAULT '{}', ALTER COLUMN rejection_reasons SET NOT NULL,
            ALTER COLUMN created_at SET DEFAULT now(), ALTER COLUMN created_at SET NOT NULL,
            ALTER COLUMN updated_at SET DEFAULT now(), ALTER COLUMN updated_at SET NOT NULL,
            DROP CONSTRAINT IF EXISTS backtest_results_status_check,
            ADD CONSTRAINT backtest_results_run_backtest_key UNIQUE (optimization_run_id, backtest_id),
            ADD CONSTRAINT backtest_results_run_fkey FOREIGN KEY (optimization_run_id, strategy_id)
                REFERENCES optimization_runs (id, strategy_id) ON DELETE CASCADE,
            ADD CONSTRAINT backtest_results_status_check CHECK (status IN ('completed', 'failed')),
            ADD CONSTRAINT backtest_results_parameters_check CHECK (jsonb_typeof(parameters) = 'object'),
            ADD CONSTRAINT backtest_results_failed_never_passes_check
                CHECK (status <> 'failed' OR meets_criteria IS NOT TRUE);
    END IF;
END;
$$;
