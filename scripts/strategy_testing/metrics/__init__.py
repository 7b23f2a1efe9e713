"""What LEAN reports of a backtest, and the names under which people and the optimizer know it."""
