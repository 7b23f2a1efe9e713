-- Reasons as rows: what older results say stands without figures until they are judged again.

DO $$
BEGIN
    IF to_regclass('backtest_results') IS NULL THEN
        RETURN;
    END IF;
    CREATE TABLE IF NOT EXISTS rejections (
        backtest_id bigint NOT NULL,
        position smallint NOT NULL,
        criterion text NOT NULL,
        reason text NOT NULL,
        value numeric,
        "limit" numeric,
        distance numeric GENERATED ALWAYS AS (abs(value - "limit") / nullif(abs("limit"), 0)) STORED,
        CONSTRAINT rejections_pkey PRIMARY KEY (backtest_id, position),
        CONSTRAINT rejections_backtest_id_fkey
            FOREIGN KEY (backtest_id) REFERENCES backtest_results (id) ON DELETE CASCADE
    );
    INSERT INTO rejections (backtest_id, position, criterion, reason)
    SELECT result.id, against.number - 1, split_part(against.reason, ':', 1), against.reason
    FROM backtest_results AS result
    CROSS JOIN LATERAL unnest(result.rejection_reasons) WITH ORDINALITY AS against (reason, number)
    ON CONFLICT DO NOTHING;
END;
$$;
