"""Commands for LEAN and the processes and containers that carry them out."""
