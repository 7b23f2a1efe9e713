UPDATE optimization_batches
SET status = %(status)s, completed_at = now()
WHERE id = %(id)s
