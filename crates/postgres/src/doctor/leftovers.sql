-- Shadows whose session is gone: schemas here, and databases. $1: how their names begin; the number at their end is the
-- process of the session.
WITH shadow AS (
    SELECT pg_catalog.format('schema %I', namespace.nspname) AS name, namespace.nspname::text AS called
    FROM pg_catalog.pg_namespace AS namespace
    WHERE pg_catalog.starts_with(namespace.nspname::text, $1)
    UNION ALL
    SELECT pg_catalog.format('database %I', database.datname), database.datname::text
    FROM pg_catalog.pg_database AS database
    WHERE pg_catalog.starts_with(database.datname::text, $1)
)
SELECT shadow.name
FROM shadow
WHERE NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_stat_activity AS activity
    WHERE activity.pid::text = pg_catalog.substring(shadow.called, '[0-9]+$')
      AND activity.pid <> pg_catalog.pg_backend_pid()
)
ORDER BY shadow.name
