CREATE OR REPLACE FUNCTION gross(net numeric)
    RETURNS numeric
    LANGUAGE sql
    IMMUTABLE
    AS $$SELECT net * 1.2$$;
