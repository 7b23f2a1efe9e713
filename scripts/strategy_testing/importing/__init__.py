"""What LEAN left of a run, read, judged and stored."""
