CREATE VIEW walk_forward_windows_view AS
SELECT
    analysis.id AS analysis_id,
    strategies.name AS strategy,
    cut.number AS window_number,
    cut.in_sample_start,
    cut.in_sample_end,
    cut.out_of_sample_start,
    cut.out_of_sample_end,
    cut.parameters,
    cut.reason,
    inside.sharpe_ratio AS in_sample_sharpe,
    outside.sharpe_ratio AS out_of_sample_sharpe,
    inside.daily_sharpe_ratio AS in_sample_daily_sharpe,
    outside.daily_sharpe_ratio AS out_of_sample_daily_sharpe,
    inside.total_return AS in_sample_return,
    outside.total_return AS out_of_sample_return,
    inside.compounding_annual_return AS in_sample_annual_return,
    outside.compounding_annual_return AS out_of_sample_annual_return,
    inside.max_drawdown AS in_sample_drawdown,
    outside.max_drawdown AS out_of_sample_drawdown,
    inside.total_trades AS in_sample_trades,
    outside.total_trades AS out_of_sample_trades,
    inside.total_fees AS in_sample_fees,
    outside.total_fees AS out_of_sample_fees,
    inside.compounding_annual_return - inside.excess_return AS in_sample_buy_and_hold,
    outside.compounding_annual_return - outside.excess_return AS out_of_sample_buy_and_hold,
    outside.status AS out_of_sample_status,
    cut.rank_correlation
FROM walk_forward_windows AS cut
INNER JOIN walk_forward_analyses AS analysis ON analysis.id = cut.analysis_id
INNER JOIN strategies ON strategies.id = analysis.strategy_id
LEFT JOIN backtest_results AS inside ON inside.id = cut.in_sample_result_id
LEFT JOIN backtest_results AS outside ON outside.id = cut.out_of_sample_result_id;

COMMENT ON VIEW walk_forward_windows_view IS
    'What did each window of a walk-forward analysis choose, and did it hold? In-sample beside out-of-sample';
COMMENT ON COLUMN walk_forward_windows_view.analysis_id IS 'Number of the analysis';
COMMENT ON COLUMN walk_forward_windows_view.strategy IS 'Name of the strategy';
COMMENT ON COLUMN walk_forward_windows_view.window_number IS 'Number of the window, from 1';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_start IS 'First day that was optimised';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_end IS 'Last day that was optimised';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_start IS 'First day of the test';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_end IS 'Last day of the test';
COMMENT ON COLUMN walk_forward_windows_view.parameters IS 'The chosen combination; NULL where nothing qualified';
COMMENT ON COLUMN walk_forward_windows_view.reason IS 'Why it was chosen, or why nothing was';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_status IS 'completed or failed; NULL without a result';
COMMENT ON COLUMN walk_forward_windows_view.rank_correlation IS 'Spearman, in-sample target against out-of-sample target, of the window';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_sharpe IS 'Sharpe ratio of the choice in-sample, as LEAN reports it';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_daily_sharpe IS 'Sharpe ratio in-sample of trading days, as daily_sharpe_ratio';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_return IS 'Return in-sample, a fraction';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_annual_return IS 'Annual return in-sample, a fraction';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_drawdown IS 'Drawdown in-sample, a positive fraction';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_trades IS 'Round trips in-sample';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_fees IS 'Fees in-sample, dollars';
COMMENT ON COLUMN walk_forward_windows_view.in_sample_buy_and_hold IS 'Annual return of buy-and-hold in-sample, a fraction';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_sharpe IS 'Sharpe ratio of the choice out-of-sample, as LEAN reports it';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_daily_sharpe IS 'Sharpe ratio out-of-sample of trading days, as daily_sharpe_ratio';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_return IS 'Return out-of-sample, a fraction';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_annual_return IS 'Annual return out-of-sample, a fraction';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_drawdown IS 'Drawdown out-of-sample, a positive fraction';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_trades IS 'Round trips out-of-sample';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_fees IS 'Fees out-of-sample, dollars';
COMMENT ON COLUMN walk_forward_windows_view.out_of_sample_buy_and_hold IS 'Annual return of buy-and-hold out-of-sample, a fraction';
