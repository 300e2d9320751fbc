-- Takes note of who leads from now on. No row comes back where a later term is known already.
INSERT INTO leader AS known (scope, lease, term)
VALUES ($1, $2, $3)
ON CONFLICT (scope) DO UPDATE SET lease = excluded.lease, term = excluded.term, since = now()
WHERE known.lease <> excluded.lease OR known.term <= excluded.term
RETURNING true AS leads
