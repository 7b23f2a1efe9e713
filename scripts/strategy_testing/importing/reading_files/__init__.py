"""Reads the files of thousands of backtests: each once, by several processes, in little memory."""
