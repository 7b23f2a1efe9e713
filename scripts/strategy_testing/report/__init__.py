"""What people see: progress, tables, the leaderboard, the summary."""
