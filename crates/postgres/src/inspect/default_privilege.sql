-- What later objects are granted: a fact a role that makes them, a sort of
-- object, and a grantee. All grantees of one role and sort share one row of the
-- catalog; `sub` tells them apart.
SELECT d.defaclnamespace                  AS schema,
       'pg_default_acl'::regclass::oid    AS class,
       d.oid                              AS object,
       (row_number() OVER (PARTITION BY d.oid ORDER BY g.grantee) - 1)::int AS sub,
       'default privilege'                AS kind,
       ARRAY[pg_get_userbyid(d.defaclrole),
             CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                  WHEN 'T' THEN 'types' ELSE d.defaclobjtype::text END,
             g.grantee]::text[]           AS name,
       'schema'                           AS parent_kind,
       '{}'::text[]                       AS parent_name,
       json_build_object('privileges', g.privileges)::text AS attributes
FROM pg_default_acl d
CROSS JOIN LATERAL (
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END AS grantee,
           json_agg(a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
                    ORDER BY a.privilege_type) AS privileges
    FROM aclexplode(d.defaclacl) a
    GROUP BY a.grantee
) g
WHERE d.oid = ANY ($1)
