INSERT INTO optimization_batches (name, description, batch_file, total_configs)
VALUES (%(name)s, %(description)s, %(batch_file)s, %(total_configs)s)
RETURNING id
