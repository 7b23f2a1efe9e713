-- Whoever imports the same run at the same moment waits here until the first one has committed.
SELECT id, strategy_id, status, error_message, completed_at, runner_host, runner_pid, runner_started_at
FROM optimization_runs
WHERE run_uuid = %(run_uuid)s
FOR UPDATE
