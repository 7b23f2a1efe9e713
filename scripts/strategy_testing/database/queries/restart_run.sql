UPDATE optimization_runs
SET
    status = 'running',
    error_message = NULL,
    completed_at = NULL,
    command = %(command)s,
    runner_host = %(runner_host)s,
    runner_pid = %(runner_pid)s,
    runner_started_at = %(runner_started_at)s,
    updated_at = now()
WHERE id = %(id)s
