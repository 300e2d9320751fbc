-- Which of these settings ($1) are set for sessions of the login in this database, and where. Never their values.
SELECT setting.name, setting.whose
FROM (
    SELECT
        pg_catalog.split_part(config.item, '=', 1) AS name,
        CASE
            WHEN stored.setrole = 0 THEN 'of the database'
            WHEN stored.setdatabase = 0 THEN 'of the role'
            ELSE 'of the role in the database'
        END AS whose
    FROM pg_catalog.pg_db_role_setting AS stored
    CROSS JOIN LATERAL pg_catalog.unnest(stored.setconfig) AS config (item)
    WHERE stored.setdatabase IN (
            0,
            (SELECT database.oid FROM pg_catalog.pg_database AS database
             WHERE database.datname = pg_catalog.current_database())
        )
      AND stored.setrole IN (
            0,
            (SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = session_user)
        )
) AS setting
WHERE pg_catalog.lower(setting.name) = ANY ($1)
ORDER BY setting.name, setting.whose
