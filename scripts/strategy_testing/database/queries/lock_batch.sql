-- Held until the connection ends, so that a batch whose process was killed is free again.
SELECT pg_try_advisory_lock(hashtextextended('optimization_batches', %(id)s)) AS is_mine
