-- Writes down which layout stands here, and, at the beginning, of which database it is.
INSERT INTO layout (version, oldest_writer, functions, address, system_identifier, database_oid)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (single) DO UPDATE
SET version = excluded.version, oldest_writer = excluded.oldest_writer, functions = excluded.functions
