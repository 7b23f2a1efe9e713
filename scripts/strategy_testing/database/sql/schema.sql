-- name: session_settings
SET TIME ZONE 'UTC';

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
