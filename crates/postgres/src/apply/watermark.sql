-- The watermark of one schema, by its oid: the statement that serves many schemas at once, with its plan kept. It is
-- filled in below, and takes the oids as $1.
CREATE OR REPLACE FUNCTION __LEDGER__.watermark_of(oid[]) RETURNS text
LANGUAGE plpgsql STABLE
-- For one schema everything is a handful of rows behind an index, which no statistics of a fleet's catalog tell; planning
-- it anew would cost more than running it.
SET plan_cache_mode = 'force_generic_plan'
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
SET enable_material = off
AS $watermark$
BEGIN
    RETURN (SELECT one.watermark FROM (
__WATERMARK__
    ) AS one);
END
$watermark$
