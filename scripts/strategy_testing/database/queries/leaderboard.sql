SELECT
    rank, strategy, status, best_sharpe, annual_return, max_drawdown, total_trades, win_rate, fee_pct,
    best_meets_criteria, best_parameters, combinations, passed, failed, last_run_at
FROM strategy_leaderboard
ORDER BY rank, strategy
