SELECT * FROM backtest_results WHERE optimization_run_id = %(id)s AND reused_from IS NOT NULL ORDER BY id
