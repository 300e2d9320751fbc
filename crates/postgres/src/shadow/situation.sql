-- What decides where a shadow can live.
SELECT
    quote_ident(current_user) AS login,
    quote_ident(current_database()) AS database,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    r.rolcreatedb OR r.rolsuper AS may_create_database,
    -- The lock table is one for the whole server; what a backend keeps to itself (fast path) is not in it.
    greatest(
        0,
        current_setting('max_locks_per_transaction')::bigint
            * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)
            - (SELECT count(*) FROM pg_locks l WHERE NOT l.fastpath)
    ) AS free_locks
FROM pg_roles r
WHERE r.rolname = current_user
