-- More is kept beside a strategy's standing: db_schema.sql keeps all of it anew for those that have none.

DO $$
BEGIN
    IF to_regclass('strategy_standings') IS NOT NULL THEN
        -- First what whoever stores results locks first.
        LOCK TABLE backtest_results IN ACCESS EXCLUSIVE MODE;
        DELETE FROM strategy_standings;
    END IF;
END;
$$;
