UPDATE optimization_runs
SET
    status = %(status)s,
    error_message = %(error_message)s,
    import_problems = %(import_problems)s,
    warnings = %(warnings)s,
    total_combinations = coalesce(%(total_combinations)s, total_combinations),
    lean_version = coalesce(%(lean_version)s, lean_version),
    config = coalesce(%(config)s::jsonb, config),
    config_file = coalesce(%(config_file)s, config_file),
    output_folder = %(output_folder)s,
    completed_at = %(completed_at)s,
    updated_at = now()
WHERE
    id = %(id)s
    AND (
        status, error_message, import_problems, warnings, total_combinations, lean_version, config, config_file, output_folder,
        completed_at
    ) IS DISTINCT FROM (
        %(status)s, %(error_message)s, %(import_problems)s::text[], %(warnings)s::text[],
        coalesce(%(total_combinations)s, total_combinations), coalesce(%(lean_version)s, lean_version),
        coalesce(%(config)s::jsonb, config), coalesce(%(config_file)s, config_file), %(output_folder)s,
        %(completed_at)s::timestamptz
    )
