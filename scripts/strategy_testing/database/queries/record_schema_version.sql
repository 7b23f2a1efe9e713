INSERT INTO schema_versions (version) VALUES (%(version)s)
