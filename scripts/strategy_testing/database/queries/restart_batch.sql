UPDATE optimization_batches
SET
    status = 'running',
    name = %(name)s,
    description = %(description)s,
    total_configs = %(total_configs)s,
    completed_at = NULL
WHERE id = %(id)s
