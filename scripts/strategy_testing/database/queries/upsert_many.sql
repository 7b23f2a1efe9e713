-- Braces are filled with identifiers. Rows that are already stored as given stay untouched.
INSERT INTO {table} ({columns})
VALUES %s
ON CONFLICT ({key}) DO UPDATE
SET {assignments}, updated_at = now()
WHERE ({stored}) IS DISTINCT FROM ({given})
