CREATE VIEW run_health AS
WITH watched AS (
    SELECT
        runs.*,
        now() - runs.updated_at AS silence,
        make_interval(
            mins => coalesce(
                CASE jsonb_typeof(runs.config #> '{lean,stall_minutes}')
                    WHEN 'number' THEN least(ceil((runs.config #>> '{lean,stall_minutes}')::numeric), 1e6)::integer
                END,
                30
            )
        ) AS patience,
        greatest(runs.started_at, runs.runner_started_at) AS begun_at,
        -- As the runner of a run holds it, for whoever cannot see its process.
        EXISTS (
            SELECT
            FROM pg_locks
            WHERE
                locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND classid = 24151
                AND objid::bigint = runs.id
                AND objsubid = 2
                AND granted
        ) AS is_held
    FROM optimization_runs AS runs
    WHERE runs.status <> 'completed' AND (runs.status <> 'refused' OR runs.batch_id IS NULL)
),
told AS (
    SELECT
        watched.*,
        CASE
            WHEN watched.status <> 'running' THEN watched.status
            WHEN NOT watched.is_held THEN 'abandoned'
            WHEN watched.silence > watched.patience THEN 'stalled'
            ELSE 'running'
        END AS health
    FROM watched
)
SELECT
    told.health,
    strategies.name AS strategy,
    told.id AS optimization_run_id,
    told.config_file,
    told.started_at,
    told.completed_at AS ended_at,
    CASE WHEN told.status = 'running' THEN told.updated_at END AS heartbeat,
    CASE WHEN told.health = 'running' THEN
        round(
            extract(EPOCH FROM now() - told.begun_at) / nullif(since.finished, 0)
            * greatest(told.total_combinations - told.completed_combinations - told.failed_combinations, 0)
        )
    END AS seconds_left,
    told.total_combinations AS combinations,
    told.completed_combinations AS completed,
    told.failed_combinations AS failed,
    told.reused_combinations AS reused,
    CASE told.health
        WHEN 'abandoned' THEN
            'no runner holds it any more: the next start of optimize_runner.py on its machine stores what finished'
        WHEN 'stalled' THEN
            format(
                'nothing was stored for %s minutes; its runner ends it when LEAN is silent for %s',
                floor(extract(EPOCH FROM told.silence) / 60), floor(extract(EPOCH FROM told.patience) / 60)
            )
        ELSE coalesce(told.error_message, told.import_problems[1])
    END AS cause
FROM told
INNER JOIN strategies ON strategies.id = told.strategy_id
LEFT JOIN LATERAL (
    SELECT count(*) AS finished
    FROM backtest_results
    WHERE
        told.status = 'running'
        AND optimization_run_id = told.id
        AND reused_from IS NULL
        AND backtest_results.created_at >= told.begun_at
) AS since ON told.status = 'running'
UNION ALL
-- Most runs, apart from the others, so that who leaves them out does not look at them.
SELECT
    'completed' AS health,
    strategies.name AS strategy,
    runs.id AS optimization_run_id,
    runs.config_file,
    runs.started_at,
    runs.completed_at AS ended_at,
    NULL AS heartbeat,
    NULL AS seconds_left,
    runs.total_combinations AS combinations,
    runs.completed_combinations AS completed,
    runs.failed_combinations AS failed,
    runs.reused_combinations AS reused,
    coalesce(runs.error_message, runs.import_problems[1]) AS cause
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE runs.status = 'completed'
UNION ALL
SELECT
    never_ran.status AS health,
    NULL AS strategy,
    NULL AS optimization_run_id,
    never_ran.config_file,
    never_ran.created_at AS started_at,
    never_ran.created_at AS ended_at,
    NULL AS heartbeat,
    NULL AS seconds_left,
    NULL AS combinations,
    NULL AS completed,
    NULL AS failed,
    NULL AS reused,
    never_ran.reason AS cause
FROM batch_configs AS never_ran;

COMMENT ON VIEW run_health IS
    'What is running, what broke, and why? A line for each run, and for each config of a batch that never ran';
COMMENT ON COLUMN run_health.health IS
    'running; stalled: nothing was stored for longer than lean.stall_minutes; abandoned: its runner is gone; else the '
    'status of the run, or of a config that never ran: broken, refused, not started';
COMMENT ON COLUMN run_health.strategy IS 'Name of the strategy; NULL where the config never ran';
COMMENT ON COLUMN run_health.optimization_run_id IS 'Number of the run; NULL where the config never ran';
COMMENT ON COLUMN run_health.config_file IS 'Path of the config as it was given';
COMMENT ON COLUMN run_health.started_at IS 'When the run began, UTC';
COMMENT ON COLUMN run_health.ended_at IS 'When it ended, UTC; NULL while it runs';
COMMENT ON COLUMN run_health.heartbeat IS 'When anything of a run that is running was stored last, UTC';
COMMENT ON COLUMN run_health.seconds_left IS
    'Seconds that the rest of its combinations will take by those finished since it was started; NULL where unknown';
COMMENT ON COLUMN run_health.combinations IS 'Distinct combinations of the search';
COMMENT ON COLUMN run_health.completed IS 'Distinct combinations whose backtest ran to its end';
COMMENT ON COLUMN run_health.failed IS 'Distinct combinations that failed';
COMMENT ON COLUMN run_health.reused IS 'Distinct combinations taken from earlier runs';
COMMENT ON COLUMN run_health.cause IS
    'Why it is not completed, or which file of it could not be imported; NULL where nothing is wrong';
