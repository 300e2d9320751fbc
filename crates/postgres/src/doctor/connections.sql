-- How many connections the login may have here, and how many others take of them. -1 in a limit means none.
SELECT
    least(
        pg_catalog.current_setting('max_connections')::bigint
            - CASE WHEN role.rolsuper THEN 0
                   ELSE pg_catalog.current_setting('superuser_reserved_connections')::bigint END,
        CASE WHEN role.rolconnlimit < 0 OR role.rolsuper THEN NULL ELSE role.rolconnlimit END,
        CASE WHEN database.datconnlimit < 0 OR role.rolsuper THEN NULL ELSE database.datconnlimit END
    )::bigint AS allowed,
    (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.pg_stat_activity AS activity
        WHERE activity.datid IS NOT NULL
          AND activity.application_name IS DISTINCT FROM 'tenantry'
    ) AS others
FROM pg_catalog.pg_roles AS role
CROSS JOIN pg_catalog.pg_database AS database
WHERE role.rolname = session_user
  AND database.datname = pg_catalog.current_database()
