SELECT
    to_regclass('strategies') IS NOT NULL
    OR to_regclass('optimization_runs') IS NOT NULL
    OR to_regclass('backtest_results') IS NOT NULL AS has_tables
