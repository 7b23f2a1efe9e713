-- The daily returns of a backtest. Those of older rows are in LEAN's files only, from which importing them again takes them.

ALTER TABLE IF EXISTS backtest_results ADD COLUMN IF NOT EXISTS daily_returns bytea;
