-- The schemas themselves: comments and privileges hang on them.
SELECT n.oid                              AS schema,
       'pg_namespace'::regclass::oid      AS class,
       n.oid                              AS object,
       0                                  AS sub,
       'schema'                           AS kind,
       '{}'::text[]                       AS name,
       NULL::text                         AS parent_kind,
       NULL::text[]                       AS parent_name,
       json_build_object('owner', pg_get_userbyid(n.nspowner))::text AS attributes
FROM pg_namespace n
WHERE n.oid = ANY ($1)
