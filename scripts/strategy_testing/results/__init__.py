"""What LEAN leaves on disk: backtests, logs, data reports, and what they say of the run."""
