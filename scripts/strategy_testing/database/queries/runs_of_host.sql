-- Runs that are said to be running on this machine.
SELECT id, run_uuid::text, strategy_id, status, output_folder, runner_host, runner_pid, runner_started_at
FROM optimization_runs
WHERE status = 'running' AND runner_host = %(host)s
ORDER BY id
