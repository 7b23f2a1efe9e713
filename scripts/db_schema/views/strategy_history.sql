CREATE VIEW strategy_history AS
WITH asked AS (
    SELECT
        strategies.name AS strategy,
        runs.*,
        link.part,
        runs.config #> '{optimization,parameters}' AS grid,
        jsonb_build_array(
            runs.config #> '{optimization,where}', runs.config #> '{optimization,type}'
        ) AS search,
        jsonb_build_array(runs.config #> '{backtest,start_date}', runs.config #> '{backtest,end_date}') AS dates,
        runs.config #> '{backtest,initial_capital}' AS capital,
        jsonb_build_array(runs.config -> 'success_criteria', runs.config #> '{optimization,constraints}') AS criteria
    FROM optimization_runs AS runs
    INNER JOIN strategies ON strategies.id = runs.strategy_id
    LEFT JOIN walk_forward_runs AS link ON link.run_id = runs.id
),
before AS (
    SELECT
        asked.*,
        lag(asked.id) OVER one_by_one AS run_before,
        lag(asked.strategy_code_hash) OVER one_by_one AS code_before,
        lag(asked.grid) OVER one_by_one AS grid_before,
        lag(asked.search) OVER one_by_one AS search_before,
        lag(asked.dates) OVER one_by_one AS dates_before,
        lag(asked.capital) OVER one_by_one AS capital_before,
        lag(asked.criteria) OVER one_by_one AS criteria_before,
        lag(asked.config IS NULL) OVER one_by_one AS nothing_known_before,
        lag(asked.data_fingerprint) OVER one_by_one AS prices_before,
        lag(asked.engine_digest) OVER one_by_one AS engine_before
    FROM asked
    WINDOW one_by_one AS (PARTITION BY asked.strategy ORDER BY asked.started_at, asked.id)
)
SELECT
    before.strategy,
    before.id AS optimization_run_id,
    before.started_at,
    before.part,
    before.status,
    CASE
        WHEN before.run_before IS NULL THEN 'first run'
        ELSE coalesce(
            nullif(
                concat_ws(
                    ', ',
                    CASE WHEN before.strategy_code_hash <> before.code_before THEN 'code' END,
                    CASE WHEN before.config IS NULL OR before.nothing_known_before THEN 'unknown: no config'
                        ELSE nullif(
                            concat_ws(
                                ', ',
                                CASE
                                    WHEN (before.grid, before.search)
                                        IS DISTINCT FROM (before.grid_before, before.search_before) THEN 'grid'
                                END,
                                CASE WHEN before.dates IS DISTINCT FROM before.dates_before THEN 'dates' END,
                                CASE WHEN before.capital IS DISTINCT FROM before.capital_before THEN 'capital' END,
                                CASE WHEN before.criteria IS DISTINCT FROM before.criteria_before THEN 'criteria' END
                            ),
                            ''
                        )
                    END,
                    CASE WHEN before.data_fingerprint <> before.prices_before THEN 'prices' END,
                    CASE WHEN before.engine_digest <> before.engine_before THEN 'engine' END
                ),
                ''
            ),
            'nothing'
        )
    END AS changed,
    before.total_combinations AS combinations,
    before.completed_combinations AS completed,
    before.failed_combinations AS failed,
    before.reused_combinations AS reused,
    before.passed_combinations AS passed,
    best.sharpe_ratio AS best_sharpe,
    best.sharpe_ratio - lag(best.sharpe_ratio) OVER (
        PARTITION BY before.strategy ORDER BY before.started_at, before.id
    ) AS better_by,
    best.parameters AS best_parameters,
    best.backtest_start,
    best.backtest_end,
    before.trials,
    left(before.strategy_code_hash, 12) AS code,
    before.config_file
FROM before
LEFT JOIN LATERAL (
    SELECT sharpe_ratio, parameters, backtest_start, backtest_end
    FROM backtest_results
    WHERE optimization_run_id = before.id AND backtest_results.status = 'completed' AND total_trades > 0
    ORDER BY sharpe_ratio DESC NULLS LAST, id
    LIMIT 1
) AS best ON true;

COMMENT ON VIEW strategy_history IS
    'What has been tried with a strategy, run by run, and what changed each time? Sort it by started_at';
COMMENT ON COLUMN strategy_history.strategy IS 'Name of the strategy';
COMMENT ON COLUMN strategy_history.optimization_run_id IS 'Number of the run';
COMMENT ON COLUMN strategy_history.started_at IS 'When the run began, UTC';
COMMENT ON COLUMN strategy_history.part IS
    'in-sample or out-of-sample where the run is part of a walk-forward analysis';
COMMENT ON COLUMN strategy_history.status IS
    'pending, running, completed, partial, failed, interrupted, or refused';
COMMENT ON COLUMN strategy_history.changed IS
    'What differs from the run before: code, grid, dates, capital, criteria, prices, engine; as far as both runs tell';
COMMENT ON COLUMN strategy_history.combinations IS 'Distinct combinations of the search';
COMMENT ON COLUMN strategy_history.completed IS 'Distinct combinations whose backtest ran to its end';
COMMENT ON COLUMN strategy_history.failed IS 'Distinct combinations that failed';
COMMENT ON COLUMN strategy_history.reused IS 'Distinct combinations taken from earlier runs';
COMMENT ON COLUMN strategy_history.passed IS 'Distinct combinations that met the criteria';
COMMENT ON COLUMN strategy_history.best_sharpe IS
    'Best Sharpe ratio over backtests that did not fail and made a trade, LEAN''s';
COMMENT ON COLUMN strategy_history.better_by IS 'best_sharpe less that of the run before; other dates do not compare';
COMMENT ON COLUMN strategy_history.best_parameters IS 'Parameters of the best backtest';
COMMENT ON COLUMN strategy_history.backtest_start IS 'First day of the best backtest';
COMMENT ON COLUMN strategy_history.backtest_end IS 'Its last day';
COMMENT ON COLUMN strategy_history.trials IS
    'Distinct combinations ever tried for the strategy by the newest import of one of its runs';
COMMENT ON COLUMN strategy_history.code IS 'First 12 digits of strategy_code_hash';
COMMENT ON COLUMN strategy_history.config_file IS 'Path of the config as it was given';
