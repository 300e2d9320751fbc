-- The watermark of one schema, by its oid: the statement that serves many schemas at once, with its plan kept.
-- What is filled in is that statement, which takes the oids as $1.
CREATE OR REPLACE FUNCTION __LEDGER__.watermark_of(oid[]) RETURNS text
LANGUAGE plpgsql STABLE
-- Without statistics for one schema a generic plan reaches everything by its indexes, and planning is what costs.
SET plan_cache_mode = 'force_generic_plan'
AS $watermark$
BEGIN
    RETURN (SELECT one.watermark FROM (
__WATERMARK__
    ) AS one);
END
$watermark$
