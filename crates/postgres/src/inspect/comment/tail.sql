)
SELECT t.schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[t.kind::text], t.name::text[]) AS name,
       coalesce(t.parent_kind, t.kind)::text AS parent_kind,
       coalesce(t.parent_name::text[], t.name::text[]) AS parent_name,
       json_build_object('text', t.text)::text AS attributes
FROM target t
