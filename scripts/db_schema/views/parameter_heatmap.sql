CREATE VIEW parameter_heatmap AS
SELECT
    strategies.name AS strategy,
    cell.parameter_x,
    cell.value_x,
    cell.parameter_y,
    cell.value_y,
    cell.combinations,
    cell.passed,
    cell.best_sharpe,
    round(cell.median_sharpe::numeric, 4) AS median_sharpe,
    cell.worst_sharpe
FROM strategies
-- A strategy at a time: a query that asks for one finds its rows before any parameters are unpacked.
CROSS JOIN LATERAL (
    SELECT
        across.key AS parameter_x,
        canonical_value(across.value) AS value_x,
        down.key AS parameter_y,
        canonical_value(down.value) AS value_y,
        count(*) AS combinations,
        count(*) FILTER (WHERE result.meets_criteria) AS passed,
        max(result.sharpe_ratio) AS best_sharpe,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY result.sharpe_ratio::double precision) AS median_sharpe,
        min(result.sharpe_ratio) AS worst_sharpe,
        min(canonical_value(across.value)) OVER pair <> max(canonical_value(across.value)) OVER pair AS varies_x,
        min(canonical_value(down.value)) OVER pair <> max(canonical_value(down.value)) OVER pair AS varies_y
    FROM latest_results
    INNER JOIN backtest_results AS result ON result.id = latest_results.id
    CROSS JOIN LATERAL jsonb_each_text(result.parameters) AS across
    INNER JOIN LATERAL jsonb_each_text(result.parameters) AS down ON across.key < down.key
    WHERE
        latest_results.strategy_id = strategies.id
        AND result.strategy_id = strategies.id
        AND result.status = 'completed'
        AND result.total_trades > 0
        -- The days of a backtest are no parameter of its strategy.
        AND across.key NOT IN ('start_date', 'end_date')
        AND down.key NOT IN ('start_date', 'end_date')
    GROUP BY across.key, canonical_value(across.value), down.key, canonical_value(down.value)
    WINDOW pair AS (PARTITION BY across.key, down.key)
) AS cell
WHERE cell.varies_x AND cell.varies_y;

COMMENT ON VIEW parameter_heatmap IS
    'Which values of two parameters go together? For each pair of varied parameters the Sharpe ratios over all values of '
    'the others, of combinations that did not fail and made a trade; each counts once';
COMMENT ON COLUMN parameter_heatmap.strategy IS 'Name of the strategy';
COMMENT ON COLUMN parameter_heatmap.parameter_x IS 'The first parameter by name';
COMMENT ON COLUMN parameter_heatmap.value_x IS 'Its value; 30 and 30.0 are the same';
COMMENT ON COLUMN parameter_heatmap.parameter_y IS 'The second parameter by name';
COMMENT ON COLUMN parameter_heatmap.value_y IS 'Its value';
COMMENT ON COLUMN parameter_heatmap.combinations IS 'Combinations with both values';
COMMENT ON COLUMN parameter_heatmap.passed IS 'Those that met the criteria';
COMMENT ON COLUMN parameter_heatmap.best_sharpe IS 'Their best Sharpe ratio';
COMMENT ON COLUMN parameter_heatmap.median_sharpe IS 'Their median Sharpe ratio';
COMMENT ON COLUMN parameter_heatmap.worst_sharpe IS 'Their worst Sharpe ratio';
