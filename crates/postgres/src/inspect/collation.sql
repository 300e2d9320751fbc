-- Collations. The version of one is the server's, not the schema's.
WITH own AS MATERIALIZED (
    SELECT c.collnamespace AS schema, c.*
    FROM pg_collation c
    WHERE c.oid = ANY ($1)
)
SELECT c.schema,
       'pg_collation'::regclass::oid AS class,
       c.oid                         AS object,
       0                             AS sub,
       'collation'                   AS kind,
       ARRAY[c.collname]::text[]     AS name,
       NULL::text                    AS parent_kind,
       NULL::text[]                  AS parent_name,
       json_build_object(
           'owner', pg_get_userbyid(c.collowner),
           'provider', CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
           -- Until 14 the locale of ICU stands where that of libc does, in 15 and 16 under another name.
           'locale', CASE WHEN c.collprovider <> 'c' THEN
               coalesce(r.row ->> 'colllocale', r.row ->> 'colliculocale', r.row ->> 'collcollate')
               WHEN r.row ->> 'collcollate' = r.row ->> 'collctype' THEN r.row ->> 'collcollate' END,
           'lc_collate', CASE WHEN c.collprovider = 'c' AND r.row ->> 'collcollate' <> r.row ->> 'collctype'
                              THEN r.row ->> 'collcollate' END,
           'lc_ctype', CASE WHEN c.collprovider = 'c' AND r.row ->> 'collcollate' <> r.row ->> 'collctype'
                            THEN r.row ->> 'collctype' END,
           'deterministic', c.collisdeterministic,
           'rules', r.row ->> 'collicurules'
       )::text AS attributes
FROM own c
CROSS JOIN LATERAL (SELECT to_jsonb(c) AS row) r
