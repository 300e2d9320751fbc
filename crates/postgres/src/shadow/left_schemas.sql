-- The statements that remove shadows whose session is gone. $1: how their names begin; the number behind it is the process of
-- the session.
SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', n.nspname)
FROM pg_catalog.pg_namespace n
WHERE starts_with(n.nspname, $1)
  AND substr(n.nspname, length($1) + 1) ~ '^[0-9]+$'
  AND pg_has_role(n.nspowner, 'USAGE')
  AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_stat_activity a
      WHERE a.pid::text = substr(n.nspname, length($1) + 1)
        AND a.datname = current_database()
        AND a.pid <> pg_backend_pid()
  )
