"""The PostgreSQL that the project brings along: one cluster, and who uses it."""
