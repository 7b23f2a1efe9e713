"""How rows travel to PostgreSQL, many at a time."""
