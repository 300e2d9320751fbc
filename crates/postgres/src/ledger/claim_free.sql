-- Claims what is free; of two that do so at once, one gets it. In one order, so that nobody waits in a circle.
-- $1, $2: schemas, and the names of their tenants. $3, $4, $5: the claim.
INSERT INTO tenant (schema, name, namespace, set, cluster, database)
SELECT wanted.schema, wanted.name, 0, $3, $4, $5
FROM unnest($1, $2) AS wanted (schema, name)
ORDER BY wanted.schema
ON CONFLICT (schema) DO NOTHING
