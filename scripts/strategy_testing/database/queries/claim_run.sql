-- Takes a run over from a runner that is gone; nobody else can, because the old owner no longer stands there.
UPDATE optimization_runs
SET runner_pid = %(new_pid)s, runner_started_at = %(new_started_at)s, updated_at = now()
WHERE
    id = %(id)s
    AND status = 'running'
    AND runner_pid = %(old_pid)s
    AND runner_started_at = %(old_started_at)s
RETURNING id
