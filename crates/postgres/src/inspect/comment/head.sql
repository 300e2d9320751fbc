-- Comments as facts of what they are on. Each statement lists what bears one: its kind and name, and the fact that it is a part
-- of, where that is another one than the object itself.
WITH target (schema, kind, name, parent_kind, parent_name, text) AS (
