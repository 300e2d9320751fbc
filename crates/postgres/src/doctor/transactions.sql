-- Sessions of this database in transactions that are older than $1 seconds, and how many cannot be told about: of other
-- roles' sessions a role without pg_read_all_stats sees no more than that they are there.
SELECT
    coalesce(
        pg_catalog.array_agg(
            pg_catalog.format('PID %s (%s, %s)', activity.pid, activity.usename, activity.state)
            ORDER BY activity.xact_start
        ) FILTER (WHERE activity.xact_start < pg_catalog.now() - $1 * interval '1 second'),
        ARRAY[]::text[]
    ) AS long,
    pg_catalog.count(*) FILTER (WHERE activity.state IS NULL) AS hidden
FROM pg_catalog.pg_stat_activity AS activity
WHERE activity.datname = pg_catalog.current_database()
  AND activity.backend_type = 'client backend'
  AND activity.pid <> pg_catalog.pg_backend_pid()
