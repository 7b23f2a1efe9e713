UPDATE optimization_runs
SET status = 'interrupted', error_message = %(message)s, completed_at = now(), updated_at = now()
WHERE id = %(id)s
