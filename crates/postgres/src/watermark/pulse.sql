-- How often rows of the catalogs that describe schemas were written, as the
-- server's statistics count it, and what would make the counters lie: a start,
-- another timeline, a reset. Asked by oid, so that it costs the same whatever
-- the number of tenants.
--
-- Not in the list, since users' writes, ANALYZE or VACUUM move them:
-- pg_statistic, pg_statistic_ext_data, pg_largeobject, pg_toast.
SELECT
    CASE
        WHEN pg_catalog.current_setting('track_counts')::boolean THEN pg_catalog.concat_ws(
            ' ',
            pg_catalog.pg_postmaster_start_time(),
            (SELECT checkpoint.timeline_id FROM pg_catalog.pg_control_checkpoint() AS checkpoint),
            pg_catalog.pg_stat_get_db_stat_reset_time(database.oid),
            (
                SELECT
                    pg_catalog.string_agg(
                        pg_catalog.concat_ws(
                            ',',
                            pg_catalog.pg_stat_get_tuples_inserted(counted.oid),
                            pg_catalog.pg_stat_get_tuples_updated(counted.oid),
                            pg_catalog.pg_stat_get_tuples_deleted(counted.oid)
                        ),
                        ' '
                        ORDER BY counted.oid
                    )
                FROM pg_catalog.unnest(
                    ARRAY[
                        'pg_catalog.pg_aggregate',
                        'pg_catalog.pg_amop',
                        'pg_catalog.pg_amproc',
                        'pg_catalog.pg_attrdef',
                        'pg_catalog.pg_attribute',
                        'pg_catalog.pg_authid',
                        'pg_catalog.pg_class',
                        'pg_catalog.pg_collation',
                        'pg_catalog.pg_constraint',
                        'pg_catalog.pg_conversion',
                        'pg_catalog.pg_default_acl',
                        'pg_catalog.pg_depend',
                        'pg_catalog.pg_description',
                        'pg_catalog.pg_enum',
                        'pg_catalog.pg_extension',
                        'pg_catalog.pg_foreign_table',
                        'pg_catalog.pg_index',
                        'pg_catalog.pg_inherits',
                        'pg_catalog.pg_language',
                        'pg_catalog.pg_namespace',
                        'pg_catalog.pg_opclass',
                        'pg_catalog.pg_operator',
                        'pg_catalog.pg_opfamily',
                        'pg_catalog.pg_partitioned_table',
                        'pg_catalog.pg_policy',
                        'pg_catalog.pg_proc',
                        'pg_catalog.pg_range',
                        'pg_catalog.pg_rewrite',
                        'pg_catalog.pg_sequence',
                        'pg_catalog.pg_statistic_ext',
                        'pg_catalog.pg_trigger',
                        'pg_catalog.pg_ts_config',
                        'pg_catalog.pg_ts_config_map',
                        'pg_catalog.pg_ts_dict',
                        'pg_catalog.pg_ts_parser',
                        'pg_catalog.pg_ts_template',
                        'pg_catalog.pg_type'
                    ]::pg_catalog.regclass[]::oid[]
                ) AS counted (oid)
            )
        )
    END AS pulse
FROM pg_catalog.pg_database AS database
WHERE database.datname = pg_catalog.current_database()
