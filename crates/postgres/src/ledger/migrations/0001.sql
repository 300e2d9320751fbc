-- The ledger's first layout. Runs with search_path = pg_catalog, <ledger>, pg_temp, so that what is
-- made here is named with the ledger's schema: __LEDGER__.

-- One row: which layout this is, and of which database it was made (D14, D16).
CREATE TABLE __LEDGER__.layout (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    -- The layout that stands here.
    version integer NOT NULL,
    -- The oldest program's layout that may write here.
    oldest_writer integer NOT NULL,
    -- The database that the tenants' rows speak of.
    address text NOT NULL,
    system_identifier text,
    database_oid oid NOT NULL,
    -- The digest of the functions that stand beside the tables.
    functions text,
    -- When what nobody needs any more was last removed.
    pruned_at timestamptz NOT NULL DEFAULT now()
);

-- Whose each schema is, and what was last found in it.
CREATE TABLE __LEDGER__.tenant (
    schema text PRIMARY KEY,
    name text NOT NULL,
    -- The namespace's oid when it was last seen; 0 before it was made.
    namespace oid NOT NULL,
    -- The claim (D14).
    set text NOT NULL,
    cluster text,
    database text NOT NULL,
    -- The revision that was applied last.
    revision text,
    -- What was found last, or what the last apply aimed at; no watermark from an apply until its read-back (D12).
    fingerprint text,
    watermark text,
    drifted_since timestamptz,
    -- A plan of several segments that has begun: its digest, and how many of its segments are over.
    unfinished text,
    segments_done integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenant_set_idx ON __LEDGER__.tenant (set);

-- What was renamed aside, and can be brought back (D10).
CREATE TABLE __LEDGER__.quarantined (
    schema text NOT NULL,
    -- What it was: its kind and its name's parts.
    kind text NOT NULL,
    name text[] NOT NULL,
    -- What it is called now.
    reserved text NOT NULL,
    plan text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schema, kind, name)
);

-- Every plan once, by its digest: gzipped JSON.
CREATE TABLE __LEDGER__.plan (
    digest text PRIMARY KEY,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- What was done to whom.
CREATE TABLE __LEDGER__.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    schema text NOT NULL,
    tenant text NOT NULL,
    set text NOT NULL,
    rollout text NOT NULL,
    plan text NOT NULL,
    revision text NOT NULL,
    outcome text NOT NULL,
    took_ms bigint NOT NULL,
    approved_by text
);
CREATE INDEX event_tenant_idx ON __LEDGER__.event (tenant, id);
CREATE INDEX event_set_idx ON __LEDGER__.event (set, id);

-- Compiled definitions, by what they were compiled on and for: gzipped JSON.
CREATE TABLE __LEDGER__.target (
    environment text NOT NULL,
    revision text NOT NULL,
    -- The digest of the whole policy.
    policy text NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (environment, revision, policy)
);

-- Starting points, by fingerprint: gzipped JSON.
CREATE TABLE __LEDGER__.catalog (
    fingerprint text PRIMARY KEY,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- The text of each revision of a set: gzipped JSON (D15). Only in the set's home.
CREATE TABLE __LEDGER__.revision (
    set text NOT NULL,
    revision text NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (set, revision)
);

-- The rollouts of a set. Only in the set's home.
CREATE TABLE __LEDGER__.rollout (
    set text NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    state jsonb NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    at timestamptz NOT NULL,
    PRIMARY KEY (set, id)
);

-- What is remembered of a set beside its rollouts. Only in the set's home.
CREATE TABLE __LEDGER__.set_memory (
    set text PRIMARY KEY,
    version bigint NOT NULL,
    state jsonb NOT NULL,
    at timestamptz NOT NULL
);

-- What stood when a set's tenants were all found as they are recorded (D7).
CREATE TABLE __LEDGER__.baseline (
    set text PRIMARY KEY,
    pulse text,
    environment jsonb NOT NULL,
    policy text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
