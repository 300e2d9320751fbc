-- Publications that replicate what could be tenants' tables, with how much.
SELECT pg_catalog.format('%s (all tables)', publication.pubname) AS told, publication.pubname::text AS name
FROM pg_catalog.pg_publication AS publication
WHERE publication.puballtables
UNION ALL
SELECT pg_catalog.format('%s (%s tables)', publication.pubname, pg_catalog.count(*)), publication.pubname::text
FROM pg_catalog.pg_publication AS publication
JOIN pg_catalog.pg_publication_rel AS published ON published.prpubid = publication.oid
JOIN pg_catalog.pg_class AS class ON class.oid = published.prrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE namespace.nspname <> 'public'
GROUP BY publication.oid, publication.pubname
