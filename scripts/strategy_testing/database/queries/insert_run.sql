-- Only the first import or start of a run inserts it; later ones find it by its run_uuid.
INSERT INTO optimization_runs (
    run_uuid, strategy_id, batch_id, config_file, optimization_type, target_metric, target_direction, total_combinations,
    status, config, command, strategy_code_hash, engine_image, output_folder, runner_host, runner_pid,
    runner_started_at, started_at
)
VALUES (
    %(run_uuid)s, %(strategy_id)s, %(batch_id)s, %(config_file)s, %(optimization_type)s, %(target_metric)s, %(target_direction)s,
    %(total_combinations)s, %(status)s, %(config)s, %(command)s, %(strategy_code_hash)s, %(engine_image)s,
    %(output_folder)s, %(runner_host)s, %(runner_pid)s, %(runner_started_at)s, %(started_at)s
)
ON CONFLICT (run_uuid) DO NOTHING
