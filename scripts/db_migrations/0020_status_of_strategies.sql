-- What sets the status of strategies is planned once a session, by a function in another language that db_schema.sql makes.

DROP FUNCTION IF EXISTS refresh_strategy_status(bigint[]);
