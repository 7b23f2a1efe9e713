"""The project under test: its sources, and what they say without being run."""
