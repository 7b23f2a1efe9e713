CREATE OR REPLACE FUNCTION canonical_value(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN
    CASE
        WHEN value ~ '^[-+]?([0-9]{1,28}[.]?[0-9]{0,28}|[.][0-9]{1,28})([eE][-+]?[0-9]{1,2})?$'
        THEN trim_scale(value::numeric)::text
        ELSE value
    END;
COMMENT ON FUNCTION canonical_value(text) IS
    'A parameter''s value without the spellings that mean the same: 30 and 30.0, 2.5 and 2.500';

CREATE OR REPLACE FUNCTION canonical_combination(parameters jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg(key || '=' || canonical_value(value), ',' ORDER BY key COLLATE "C")
    FROM jsonb_each_text(parameters)
);
COMMENT ON FUNCTION canonical_combination(jsonb) IS
    'A parameter combination as one text in which 30 and 30.0 are the same; NULL without parameters';

CREATE OR REPLACE FUNCTION tested_combination(
    optimization_type text, parameters jsonb, combination text, backtest_id text
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN
    -- A grid that was run in several parts may write the same value unlike. The rounds of an Euler search are told
    -- apart as LEAN tells them: by what it writes, which a strategy may read unlike.
    CASE
        WHEN optimization_type = 'Euler Search' THEN parameters::text
        ELSE coalesce(combination, backtest_id)
    END;
COMMENT ON FUNCTION tested_combination(text, jsonb, text, text) IS
    'What all backtests of one combination have in common; a backtest that names no parameters is one of its own';

CREATE OR REPLACE FUNCTION has_few_trades(total_trades integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN total_trades < 30;
COMMENT ON FUNCTION has_few_trades(integer) IS 'Whether a result has too few round trips, under 30, to tell anything';
