"""Parses the two JSON files of a backtest, only as far as anybody looks into them."""
