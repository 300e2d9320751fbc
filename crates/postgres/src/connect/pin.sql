-- What changes how the server prints a definition, or lets a setting of the
-- database or the role get between a plan and what it does (D4). Settings that
-- this version of the server lacks are left out.
SELECT pg_catalog.set_config(setting.name, setting.value, false)
FROM (VALUES
        ('datestyle', 'ISO, YMD'),
        ('intervalstyle', 'postgres'),
        ('timezone', 'UTC'),
        ('bytea_output', 'hex'),
        ('extra_float_digits', '1'),
        ('lc_monetary', 'C'),
        ('lc_numeric', 'C'),
        ('lc_time', 'C'),
        ('lc_messages', 'C'),
        ('xmloption', 'content'),
        ('quote_all_identifiers', 'off'),
        ('standard_conforming_strings', 'on'),
        ('escape_string_warning', 'off'),
        ('backslash_quote', 'safe_encoding'),
        ('array_nulls', 'on'),
        ('transform_null_equals', 'off'),
        -- RAISE NOTICE can tell rows.
        ('client_min_messages', 'error'),
        ('idle_in_transaction_session_timeout', '600000'),
        ('idle_session_timeout', '0'),
        ('transaction_timeout', '0'),
        -- A statement whose client is gone ends within seconds.
        ('client_connection_check_interval', '5000'),
        ('default_transaction_isolation', 'read committed'),
        ('default_transaction_read_only', 'off'),
        ('default_transaction_deferrable', 'off'),
        -- Rows that a policy hides are an error, not an absence.
        ('row_security', 'off'),
        ('session_replication_role', 'origin'),
        ('check_function_bodies', 'on'),
        ('jit', 'off')
    ) AS setting (name, value)
WHERE pg_catalog.current_setting(setting.name, true) IS NOT NULL
  AND (
      setting.name NOT IN ('lc_messages', 'session_replication_role')
      OR pg_catalog.current_setting('is_superuser') = 'on'
  )
