-- The options that make a database like this one. Columns that a version of the server lacks are null.
SELECT concat_ws(
    ' ',
    format('ENCODING %L', pg_encoding_to_char(d.encoding)),
    format('LC_COLLATE %L LC_CTYPE %L', d.datcollate, d.datctype),
    CASE to_jsonb(d) ->> 'datlocprovider'
        WHEN 'i' THEN format('LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'))
        WHEN 'b' THEN format('LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
    END,
    CASE WHEN to_jsonb(d) ->> 'daticurules' IS NOT NULL THEN format('ICU_RULES %L', to_jsonb(d) ->> 'daticurules') END
)
FROM pg_catalog.pg_database d
WHERE d.datname = current_database()
