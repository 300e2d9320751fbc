UNION ALL
SELECT pg_catalog.format('%s (%s schemas)', publication.pubname, pg_catalog.count(*)), publication.pubname::text
FROM pg_catalog.pg_publication AS publication
JOIN pg_catalog.pg_publication_namespace AS published ON published.pnpubid = publication.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = published.pnnspid
WHERE namespace.nspname <> 'public'
GROUP BY publication.oid, publication.pubname
