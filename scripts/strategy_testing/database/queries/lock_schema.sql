SELECT pg_advisory_xact_lock(hashtext('strategy-testing schema'))
