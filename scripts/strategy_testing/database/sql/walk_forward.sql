-- name: insert_analysis
INSERT INTO walk_forward_analyses (analysis_uuid, strategy_id, config_file, choose, out_of_sample)
VALUES (%(analysis_uuid)s, %(strategy_id)s, %(config_file)s, %(choose)s, %(out_of_sample)s)
ON CONFLICT (analysis_uuid) DO NOTHING;

-- name: lock_analysis
SELECT id, strategy_id, status, error_message FROM walk_forward_analyses WHERE analysis_uuid = %(analysis_uuid)s FOR UPDATE;

-- name: link_run
INSERT INTO walk_forward_runs (run_id, analysis_id, part) VALUES (%(run_id)s, %(analysis_id)s, %(part)s)
ON CONFLICT (run_id) DO UPDATE SET analysis_id = excluded.analysis_id, part = excluded.part
WHERE (walk_forward_runs.analysis_id, walk_forward_runs.part) IS DISTINCT FROM (excluded.analysis_id, excluded.part);

-- name: restart_analysis
UPDATE walk_forward_analyses
SET status = 'running', error_message = NULL, meets_criteria = NULL, rejection_reasons = '{}', updated_at = now()
WHERE id = %(id)s;

-- name: interrupt_analysis_of_run
-- Its runner is gone.
UPDATE walk_forward_analyses
SET status = 'interrupted', error_message = %(message)s, updated_at = now()
WHERE id = (SELECT analysis_id FROM walk_forward_runs WHERE run_id = %(run_id)s) AND status = 'running';

-- name: analysis_of_run
SELECT analysis.id, analysis.analysis_uuid::text, analysis.strategy_id, analysis.status, analysis.error_message
FROM walk_forward_analyses AS analysis
INNER JOIN walk_forward_runs AS link ON link.analysis_id = analysis.id
WHERE link.run_id = %(run_id)s;

-- name: runs_of_analysis
-- The oldest first.
SELECT runs.id, runs.run_uuid::text, runs.status, runs.error_message, runs.output_folder, runs.strategy_id, link.part
FROM walk_forward_runs AS link
INNER JOIN optimization_runs AS runs ON runs.id = link.run_id
WHERE link.analysis_id = %(id)s
ORDER BY runs.id;

-- name: results_of_analysis
-- Each with its part, and the folder of the run that computed it.
SELECT
    result.*,
    runs.target_metric,
    link.part,
    coalesce(origin_runs.output_folder, runs.output_folder) AS made_in,
    coalesce(origin.backtest_id, result.backtest_id) AS made_as
FROM walk_forward_runs AS link
INNER JOIN optimization_runs AS runs ON runs.id = link.run_id
INNER JOIN backtest_results AS result ON result.optimization_run_id = runs.id
LEFT JOIN backtest_results AS origin ON origin.id = result.reused_from
LEFT JOIN optimization_runs AS origin_runs ON origin_runs.id = origin.optimization_run_id
WHERE link.analysis_id = %(id)s
ORDER BY result.id;

-- name: forget_windows
DELETE FROM walk_forward_windows WHERE analysis_id = %(id)s AND number > %(last)s;
