-- The statements that remove databases for shadows whose maker is gone and that nobody uses. $1: how their names begin; the
-- number behind it is their maker's process.
SELECT format('DROP DATABASE IF EXISTS %I', d.datname)
FROM pg_catalog.pg_database d
WHERE starts_with(d.datname, $1)
  AND substr(d.datname, length($1) + 1) ~ '^[0-9]+$'
  AND pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
  AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_stat_activity a
      WHERE a.pid::text = substr(d.datname, length($1) + 1)
        AND a.pid <> pg_backend_pid()
  )
