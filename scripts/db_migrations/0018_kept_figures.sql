-- More is kept beside a strategy's standing: db_schema.sql keeps all of it anew for those that have none.

DO $$
BEGIN
    IF to_regclass('strategy_standings') IS NOT NULL THEN
        DELETE FROM strategy_standings;
    END IF;
END;
$$;
