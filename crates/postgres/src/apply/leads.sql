-- Makes sure that the operator that applies still leads: one that lost its Lease, and has not noticed, changes nothing more.
-- Raises TN010 where another term has begun.
CREATE OR REPLACE FUNCTION __LEDGER__.leads(wanted_scope text, wanted_lease text, wanted_term bigint) RETURNS void
LANGUAGE plpgsql
AS $leads$
BEGIN
    PERFORM FROM __LEDGER__.leader AS known
    WHERE known.scope = wanted_scope AND known.lease = wanted_lease AND known.term = wanted_term;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TN010', MESSAGE = 'superseded';
    END IF;
END
$leads$
