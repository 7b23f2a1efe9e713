-- Walk-forward analyses have tables of their own, which db_schema.sql makes; what is stored stays as it is.

SELECT 1;
