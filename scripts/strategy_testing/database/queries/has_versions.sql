SELECT to_regclass('schema_versions') IS NOT NULL AS has_versions
