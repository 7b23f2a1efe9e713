-- name: session_settings
SELECT
    set_config('TimeZone', 'UTC', false),
    set_config('lock_timeout', '30s', false),
    set_config('statement_timeout', '10min', false),
    set_config('idle_in_transaction_session_timeout', '10min', false),
    -- A statement that waits for a lock ends when its client has gone; older servers do not know it.
    CASE WHEN current_setting('server_version_num')::integer >= 140000
        THEN set_config('client_connection_check_interval', '1s', false) END;

-- name: blockers
SELECT pid, usename, application_name, state
FROM pg_stat_activity
WHERE pid = ANY (pg_blocking_pids(%(pid)s))
ORDER BY pid;

-- name: database_exists
SELECT 1 FROM pg_database WHERE datname = %(name)s;

-- name: has_versions
SELECT to_regclass('schema_versions') IS NOT NULL AS has_versions;

-- name: schema_version
SELECT max(version) AS version FROM schema_versions;

-- name: lock_schema
SELECT pg_advisory_xact_lock(hashtext('strategy-testing schema'));

-- name: has_tables
SELECT
    to_regclass('strategies') IS NOT NULL
    OR to_regclass('optimization_runs') IS NOT NULL
    OR to_regclass('backtest_results') IS NOT NULL AS has_tables;

-- name: record_schema_version
INSERT INTO schema_versions (version) VALUES (%(version)s);
