"""The LEAN project under test: its sources, what they read, its prices."""
