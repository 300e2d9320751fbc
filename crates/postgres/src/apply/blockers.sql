-- Who holds or awaits locks on these tables of a schema: process ids, names of applications and for how long.
-- Never what they run: it may hold rows.
--
-- $1: the schema, by each name that it may have; $2: the tables' names.
SELECT pg_catalog.string_agg(DISTINCT
    pg_catalog.format(
        'process %s (%s, %s, in its transaction for %s s)',
        activity.pid,
        COALESCE(NULLIF(activity.application_name, ''), 'unnamed'),
        COALESCE(activity.usename, 'unknown role'),
        COALESCE(pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.now() - activity.xact_start)::numeric)::text, '?')
    ), ', ') AS blockers
FROM pg_catalog.pg_locks AS held
JOIN pg_catalog.pg_class AS relation ON relation.oid = held.relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = held.pid
WHERE held.locktype = 'relation'
    AND held.database = (SELECT here.oid FROM pg_catalog.pg_database AS here WHERE here.datname = pg_catalog.current_database())
    AND namespace.nspname = ANY ($1::text[]::name[])
    AND (relation.relname = ANY ($2::text[]) OR pg_catalog.cardinality($2::text[]) = 0)
    AND held.granted
    AND held.pid <> pg_catalog.pg_backend_pid()
