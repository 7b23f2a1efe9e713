"""The only room with SQL: connection, schema, and what is stored and asked."""
