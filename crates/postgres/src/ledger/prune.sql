-- Removes what nobody needs any more, once a day, whoever comes first. What is kept by its digest counts from when it was
-- last kept; what a tenant, what was renamed aside, or a rollout still names, stays whatever its age.
WITH due AS (
    UPDATE layout SET pruned_at = now() WHERE pruned_at < now() - interval '1 day' RETURNING single
),
-- Every digest in what the fleet wrote, which the ledger does not look into otherwise.
named AS MATERIALIZED (
    SELECT DISTINCT found.digest[1] AS digest
    FROM rollout
    CROSS JOIN LATERAL regexp_matches(rollout.state::text, '[0-9a-f]{64}', 'g') AS found (digest)
),
old_events AS (
    DELETE FROM event USING due WHERE event.at < now() - interval '400 days'
),
-- A target is compiled again when it is needed.
old_targets AS (
    DELETE FROM target
    USING due
    WHERE target.at < now() - interval '30 days'
      AND NOT EXISTS (SELECT FROM baseline WHERE baseline.environment ->> 'digest' = target.environment)
),
old_catalogs AS (
    DELETE FROM catalog
    USING due
    WHERE catalog.at < now() - interval '30 days'
      AND NOT EXISTS (SELECT FROM tenant WHERE tenant.fingerprint = catalog.fingerprint)
      AND NOT EXISTS (SELECT FROM named WHERE named.digest = right(catalog.fingerprint, 64))
)
DELETE FROM plan
USING due
WHERE plan.at < now() - interval '400 days'
  AND NOT EXISTS (SELECT FROM tenant WHERE tenant.unfinished = plan.digest)
  AND NOT EXISTS (SELECT FROM quarantined WHERE quarantined.plan = plan.digest)
  AND NOT EXISTS (SELECT FROM event WHERE event.plan = plan.digest AND event.at >= now() - interval '400 days')
  AND NOT EXISTS (SELECT FROM named WHERE named.digest = plan.digest)
