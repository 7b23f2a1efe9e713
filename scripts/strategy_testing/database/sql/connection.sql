-- name: savepoint
SAVEPOINT row_by_row;

-- name: rollback_to_savepoint
ROLLBACK TO SAVEPOINT row_by_row;

-- name: release_savepoint
RELEASE SAVEPOINT row_by_row;
