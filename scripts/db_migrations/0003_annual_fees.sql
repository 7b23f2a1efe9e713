-- Fees of a year, for the results that are there too.

ALTER TABLE IF EXISTS backtest_results ADD COLUMN IF NOT EXISTS annual_fee_pct numeric;

DO $$
BEGIN
    IF to_regclass('backtest_results') IS NOT NULL THEN
        UPDATE backtest_results
        SET annual_fee_pct
            = round(total_fees / nullif(start_equity, 0) * 365.25 / (backtest_end::date - backtest_start::date + 1), 6)
        WHERE backtest_end >= backtest_start;
    END IF;
END
$$;
