-- The third layout: of several operators of a cluster, the ledger knows which one leads.

-- By which Lease and which of its terms; another Lease is one that somebody made anew.
CREATE TABLE __LEDGER__.leader (
    scope text PRIMARY KEY,
    lease text NOT NULL,
    term bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
