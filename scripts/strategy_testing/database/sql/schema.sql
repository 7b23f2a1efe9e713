-- name: session_settings
SELECT
    set_config('TimeZone', 'UTC', false),
    set_config('lock_timeout', '30s', false),
    set_config('statement_timeout', '10min', false),
    set_config('idle_in_transaction_session_timeout', '10min', false),
    -- The rows of a cursor are read to the last one.
    set_config('cursor_tuple_fraction', '1', false),
    -- A client whose machine or network has gone counts as gone within half a minute, and so do its locks.
    set_config('tcp_keepalives_idle', '10', false),
    set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '3', false),
    -- A statement that waits for a lock ends when its client has gone; older servers do not know it.
    CASE WHEN current_setting('server_version_num')::integer >= 140000
        THEN set_config('client_connection_check_interval', '1s', false) END;

-- name: missing_rights
-- What a run needs and this role may not do here; no row where it may do everything.
SELECT format('the database is read-only (%s)', CASE
    WHEN pg_is_in_recovery() THEN 'a standby server' ELSE 'default_transaction_read_only is on' END) AS missing
WHERE pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean
UNION ALL
SELECT format('%s may not create tables in the schema %s', current_user, current_schema())
WHERE to_regclass('optimization_runs') IS NULL
    AND NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
UNION ALL
SELECT format('%s may not %s %s', current_user, lower(privilege), relname)
FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
WHERE relkind = 'r'
    AND pg_class.oid = ANY (ARRAY[
        to_regclass('strategies'), to_regclass('optimization_runs'), to_regclass('backtest_results')
    ]::oid[])
    AND NOT has_table_privilege(pg_class.oid, privilege);

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

-- name: set_director_password
ALTER ROLE director PASSWORD %(verifier)s;

-- name: has_director_password
SELECT coalesce((SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = 'director'), false) AS has_password;

-- name: hba_file
SELECT current_setting('hba_file') AS file;

-- name: reload_configuration
SELECT pg_reload_conf();
