"""Is it good enough, and why not: criteria, the outcome of a run, suspicious results, the one line."""
