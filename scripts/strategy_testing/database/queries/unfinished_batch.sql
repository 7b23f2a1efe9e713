-- The newest batch of a file that is not completed; one that is said to be running may have lost its runner.
SELECT id
FROM optimization_batches
WHERE batch_file = %(batch_file)s AND status <> 'completed'
ORDER BY started_at DESC, id DESC
LIMIT 1
