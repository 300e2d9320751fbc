-- Gives what is the claim's own already the names that its tenants have now.
-- $1, $2: schemas, and the names of their tenants. $3, $4, $5: the claim.
UPDATE tenant
SET name = wanted.name, changed_at = now()
FROM unnest($1, $2) AS wanted (schema, name)
WHERE tenant.schema = wanted.schema
  AND tenant.name <> wanted.name
  AND tenant.set = $3
  AND tenant.cluster IS NOT DISTINCT FROM $4
  AND tenant.database = $5
