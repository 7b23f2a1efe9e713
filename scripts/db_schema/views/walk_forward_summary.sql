CREATE VIEW walk_forward_summary AS
SELECT
    analysis.id AS analysis_id,
    strategies.name AS strategy,
    analysis.status,
    analysis.error_message,
    cut.windows,
    cut.chosen AS windows_with_choice,
    cut.tested AS windows_with_result,
    cut.first_day,
    cut.last_day,
    analysis.choose,
    analysis.backtests,
    analysis.sharpe_ratio,
    analysis.t_statistic,
    analysis.total_return,
    analysis.annual_return,
    analysis.max_drawdown,
    analysis.total_trades,
    analysis.efficiency,
    analysis.profitable_windows,
    analysis.beat_benchmark,
    analysis.rank_correlation,
    analysis.drift,
    analysis.meets_criteria,
    analysis.rejection_reasons,
    analysis.next_parameters
FROM walk_forward_analyses AS analysis
INNER JOIN strategies ON strategies.id = analysis.strategy_id
CROSS JOIN LATERAL (
    SELECT
        count(*) AS windows,
        count(cut.parameters) AS chosen,
        count(*) FILTER (WHERE tested.status = 'completed') AS tested,
        min(out_of_sample_start) AS first_day,
        max(out_of_sample_end) AS last_day
    FROM walk_forward_windows AS cut
    LEFT JOIN backtest_results AS tested ON tested.id = cut.out_of_sample_result_id
    WHERE cut.analysis_id = analysis.id
) AS cut;

COMMENT ON VIEW walk_forward_summary IS
    'Does it hold out of sample? Walk-forward analyses; figures are of the stitched out-of-sample days';
COMMENT ON COLUMN walk_forward_summary.analysis_id IS 'Number of the analysis';
COMMENT ON COLUMN walk_forward_summary.strategy IS 'Name of the strategy';
COMMENT ON COLUMN walk_forward_summary.status IS 'running, completed, partial, failed or interrupted';
COMMENT ON COLUMN walk_forward_summary.error_message IS 'Why it is not completed';
COMMENT ON COLUMN walk_forward_summary.windows IS 'Windows';
COMMENT ON COLUMN walk_forward_summary.windows_with_choice IS 'Windows in which a combination qualified';
COMMENT ON COLUMN walk_forward_summary.windows_with_result IS 'Windows whose choice was tested to its end';
COMMENT ON COLUMN walk_forward_summary.first_day IS 'First out-of-sample day';
COMMENT ON COLUMN walk_forward_summary.last_day IS 'Last out-of-sample day';
COMMENT ON COLUMN walk_forward_summary.choose IS 'best or plateau';
COMMENT ON COLUMN walk_forward_summary.backtests IS 'Distinct in-sample combinations with a result';
COMMENT ON COLUMN walk_forward_summary.sharpe_ratio IS 'Out-of-sample Sharpe ratio of the stitched days';
COMMENT ON COLUMN walk_forward_summary.t_statistic IS 'Of their mean against 0';
COMMENT ON COLUMN walk_forward_summary.total_return IS 'Their return, a fraction';
COMMENT ON COLUMN walk_forward_summary.annual_return IS 'The same a year, a fraction';
COMMENT ON COLUMN walk_forward_summary.max_drawdown IS 'Largest drawdown of the stitched equity, a positive fraction';
COMMENT ON COLUMN walk_forward_summary.total_trades IS 'Round trips out-of-sample';
COMMENT ON COLUMN walk_forward_summary.efficiency IS 'Walk-forward efficiency, a fraction; NULL where the in-sample return is not above 0';
COMMENT ON COLUMN walk_forward_summary.profitable_windows IS 'Share of profitable windows, a fraction';
COMMENT ON COLUMN walk_forward_summary.beat_benchmark IS 'Share of windows above buy-and-hold, a fraction';
COMMENT ON COLUMN walk_forward_summary.rank_correlation IS 'Spearman, in-sample target against out-of-sample target';
COMMENT ON COLUMN walk_forward_summary.drift IS 'How the choices of each parameter moved';
COMMENT ON COLUMN walk_forward_summary.meets_criteria IS 'Whether it meets every criterion of the analysis';
COMMENT ON COLUMN walk_forward_summary.rejection_reasons IS 'Every reason why it does not';
COMMENT ON COLUMN walk_forward_summary.next_parameters IS 'The combination to trade next';
