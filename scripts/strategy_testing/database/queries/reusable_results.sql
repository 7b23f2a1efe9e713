-- Finished backtests of exactly this code, engine and period; the latest of each combination.
SELECT DISTINCT ON (result.parameters) result.*
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
INNER JOIN strategies ON strategies.id = result.strategy_id
WHERE
    strategies.name = %(strategy)s
    AND result.status = 'completed'
    AND runs.strategy_code_hash = %(strategy_code_hash)s
    AND runs.engine_image IS NOT DISTINCT FROM %(engine_image)s
    AND result.parameters @> %(fixed_parameters)s::jsonb
    AND result.reused_from IS NULL
ORDER BY result.parameters, result.id DESC
