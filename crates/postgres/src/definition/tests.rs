use super::*;

fn sources(texts: &[(&str, &str)]) -> Vec<Source> {
    texts.iter().map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

fn read_text(text: &str) -> Result<Definition, Vec<Refusal>> {
    Definition::read(&sources(&[("app.sql", text)]), &ReadOptions::default())
}

fn accepted(text: &str) -> Definition {
    read_text(text).unwrap_or_else(|refusals| panic!("{text}\n{}", shown(&refusals)))
}

fn shown<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn refused(text: &str) -> String {
    match read_text(text) {
        Ok(definition) => panic!("accepted: {:?}", templates(&definition)),
        Err(refusals) => shown(&refusals),
    }
}

fn templates(definition: &Definition) -> Vec<&str> {
    definition.statements().iter().map(|statement| statement.template().as_str()).collect()
}

#[test]
fn a_plain_definition_is_taken_as_it_is() {
    let text = "-- the app\nCREATE TABLE invoice (id bigint PRIMARY KEY, customer bigint REFERENCES public.customer);\n\
                CREATE VIEW v AS SELECT public.f(i.id) FROM invoice i;";
    let definition = accepted(text);
    assert_eq!(
        templates(&definition),
        [
            "CREATE TABLE invoice (id bigint PRIMARY KEY, customer bigint REFERENCES public.customer)",
            "CREATE VIEW v AS SELECT public.f(i.id) FROM invoice i",
        ]
    );
    assert_eq!(definition.own_schema(), None);
    assert!(definition.notes().is_empty());
    assert!(!definition.is_empty());
}

#[test]
fn a_definition_that_makes_nothing_is_empty() {
    for text in
        ["", " -- nothing\n", "SET search_path = public;", "CREATE EXTENSION citext;", "CREATE SCHEMA acme;"]
    {
        assert!(accepted(text).is_empty(), "{text}");
    }
}

/// What a person reads who wrote something that cannot be.
#[test]
fn refusals_say_where_what_why_and_what_to_write() {
    let text = include_str!("tests/refused.sql");
    insta::assert_snapshot!(refused(text));
}

#[test]
fn rows_of_copy_give_one_refusal() {
    let text =
        "CREATE TABLE t (a text);\nCOPY t (a) FROM stdin;\nit's;\n\"x\nBEGIN;\n\\.\n\nCREATE TABLE u ();";
    insta::assert_snapshot!(refused(text), @"app.sql, line 2, column 1: `COPY t`: a definition holds no rows. Leave it out; only INSERTs into a migration tool's own table are skipped");
}

#[test]
fn what_is_not_closed_or_not_text_is_refused() {
    insta::assert_snapshot!(refused("CREATE TABLE t ();\nCOMMENT ON TABLE t IS 'it;\nCREATE TABLE u ();"), @r"
    app.sql, line 2, column 23: `'it; CREATE`: the string that begins here does not end. Close it; what follows cannot be read
    1 | CREATE TABLE t ();
    2 | COMMENT ON TABLE t IS 'it;
      |                       ^
    ");
    assert!(refused("CREATE TABLE t (); /* x").contains("the comment that begins here"));
    assert!(refused("CREATE TABLE \"t ();").contains("the quoted name that begins here"));
    assert!(refused("CREATE TABLE t ();\n\0").contains("line 2, column 1: ``: PostgreSQL takes no NUL"));
}

#[test]
fn backslashes_are_refused_only_while_they_are_not_text() {
    let comment = "COMMENT ON TABLE t IS 'a\\nb';";
    accepted(&format!("CREATE TABLE t (); {comment}"));
    accepted(&format!("SET standard_conforming_strings = on; CREATE TABLE t (); {comment}"));
    accepted("SET standard_conforming_strings = off; CREATE TABLE t (); COMMENT ON TABLE t IS E'a\\nb';");
    accepted(
        "SET standard_conforming_strings = off; CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT '\\'$$;",
    );
    let text = format!("SET standard_conforming_strings = off;\nCREATE TABLE t ();\n{comment}\n");
    assert!(
        refused(&text).contains("line 3, column 23: `COMMENT ON TABLE t IS`: this string has a backslash"),
        "{}",
        refused(&text)
    );
}

/// A dump of one schema, of any version: the qualification goes, what pg_dump sets and says beside is accepted.
#[test]
fn dumps_of_one_schema_are_accepted_as_they_are() {
    for (name, text) in [
        ("18", include_str!("tests/dump-18.sql")),
        ("9.6", include_str!("tests/dump-9.6.sql")),
        ("public", include_str!("tests/structure-public.sql")),
    ] {
        let definition = accepted(text);
        let mut lines = vec![format!("own schema: {:?}", definition.own_schema())];
        lines.extend(
            definition.preconditions().iter().map(|p| format!("needs {} in {:?}", p.extension, p.schema)),
        );
        lines.extend(definition.notes().iter().map(ToString::to_string));
        let statement = |s: &Statement| format!("{:?}: {}", s.kind(), s.template());
        lines.extend(definition.statements().iter().map(statement));
        insta::assert_snapshot!(format!("dump_{name}"), lines.join("\n"));
    }
}

fn template_of(text: &str, own: &str) -> String {
    let options = ReadOptions { own_schema: Some(own.to_owned()) };
    let definition = Definition::read(&sources(&[("app.sql", text)]), &options)
        .unwrap_or_else(|refusals| panic!("{text}\n{}", shown(&refusals)));
    shown(&templates(&definition))
}

/// Text, and what is left of it for the tenant's own schema `acme`.
#[test]
fn the_own_schema_becomes_the_placeholder_only_where_it_is_named_for_certain() {
    for (text, expected) in [
        ("CREATE VIEW acme.v AS SELECT acme.id FROM acme.inv acme", {
            "CREATE VIEW __TENANT__.v AS SELECT acme.id FROM __TENANT__.inv acme"
        }),
        ("CREATE VIEW \"acme\".v AS SELECT acme.f(x), acme.t.*, y::acme.d FROM acme.t", {
            "CREATE VIEW __TENANT__.v AS SELECT __TENANT__.f(x), __TENANT__.t.*, y::__TENANT__.d FROM __TENANT__.t"
        }),
        (
            "CREATE TABLE ACME.t (acme acme.acme DEFAULT nextval('acme.s'::regclass), b text DEFAULT 'acme.x')",
            {
                "CREATE TABLE __TENANT__.t (acme __TENANT__.acme DEFAULT nextval('__TENANT__.s'::regclass), b text DEFAULT 'acme.x')"
            },
        ),
        ("CREATE TABLE acme.acme (id int); COMMENT ON COLUMN acme.acme.id IS 'acme.x'", {
            "CREATE TABLE __TENANT__.acme (id int)\nCOMMENT ON COLUMN __TENANT__.acme.id IS 'acme.x'"
        }),
        // A table of the schema's name, unqualified: what is changed is looked for in the tenant's schema only.
        ("CREATE TABLE acme (id int); COMMENT ON COLUMN acme.id IS 'x'", {
            "CREATE TABLE acme (id int)\nCOMMENT ON COLUMN __TENANT__.acme.id IS 'x'"
        }),
        (
            "CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql SET search_path TO acme, public AS 'SELECT 1'",
            {
                "CREATE FUNCTION __TENANT__.f() RETURNS int LANGUAGE sql SET search_path TO __TENANT__, public AS 'SELECT 1'"
            },
        ),
        (
            "CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql SET search_path TO 'acme', 'public' AS 'SELECT 1'",
            {
                "CREATE FUNCTION __TENANT__.f() RETURNS int LANGUAGE sql SET search_path TO '__TENANT__', 'public' AS 'SELECT 1'"
            },
        ),
        (
            "CREATE TABLE t (); CREATE INDEX i ON t (x); GRANT SELECT ON t TO r; GRANT USAGE ON SCHEMA acme TO r",
            {
                "CREATE TABLE t ()\nCREATE INDEX i ON __TENANT__.t (x)\nGRANT SELECT ON __TENANT__.t TO r\nGRANT USAGE ON SCHEMA __TENANT__ TO r"
            },
        ),
        (
            "CREATE OPERATOR acme.=== (LEFTARG = acme.m, RIGHTARG = acme.m, FUNCTION = acme.eq, COMMUTATOR = OPERATOR(acme.===))",
            {
                "CREATE OPERATOR __TENANT__.=== (LEFTARG = __TENANT__.m, RIGHTARG = __TENANT__.m, FUNCTION = __TENANT__.eq, COMMUTATOR = OPERATOR(__TENANT__.===))"
            },
        ),
        (
            "CREATE OPERATOR === (LEFTARG = m, FUNCTION = f); ALTER OPERATOR === (NONE, m) SET (RESTRICT = NONE)",
            {
                "CREATE OPERATOR === (LEFTARG = m, FUNCTION = f)\nALTER OPERATOR __TENANT__.=== (NONE, m) SET (RESTRICT = NONE)"
            },
        ),
        // The parser does not know this form of EXCLUDE; the lexer's certainty has to do.
        ("CREATE TABLE acme.t (c acme.d, EXCLUDE USING gist (c acme.range_ops WITH OPERATOR(acme.&&)))", {
            "CREATE TABLE __TENANT__.t (c __TENANT__.d, EXCLUDE USING gist (c __TENANT__.range_ops WITH OPERATOR(__TENANT__.&&)))"
        }),
        (
            "CREATE FUNCTION acme.f() RETURNS int BEGIN ATOMIC UPDATE acme.t SET x = acme.g(t.y); SELECT 1; END",
            {
                "CREATE FUNCTION __TENANT__.f() RETURNS int BEGIN ATOMIC UPDATE __TENANT__.t SET x = __TENANT__.g(t.y); SELECT 1; END"
            },
        ),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA acme GRANT SELECT ON TABLES TO r", {
            "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA __TENANT__ GRANT SELECT ON TABLES TO r"
        }),
        ("CREATE TABLE \"__TENANT__\".t (x __TENANT__.d)", "CREATE TABLE \"__TENANT__\".t (x __TENANT__.d)"),
    ] {
        assert_eq!(template_of(text, "acme"), expected);
    }
}

/// How the tenant's own schema is found: text, and its name.
#[test]
fn the_own_schema_is_found_from_the_text() {
    for (text, expected) in [
        ("CREATE TABLE t ()", None),
        ("CREATE TABLE __TENANT__.t ()", None),
        ("CREATE TABLE acme.t ()", Some("acme")),
        ("CREATE TABLE public.t ()", Some("public")),
        ("SET search_path = acme, pg_catalog; CREATE TABLE t ()", Some("acme")),
        ("SET search_path = public; CREATE TABLE t ()", Some("public")),
        ("SET search_path = ''; CREATE TABLE acme.t ()", Some("acme")),
        ("SET search_path = \"$user\", public; CREATE TABLE t ()", Some("public")),
        ("SELECT pg_catalog.set_config('search_path', 'acme', false); CREATE TABLE t ()", Some("acme")),
        ("CREATE SCHEMA acme; CREATE TABLE t ()", Some("acme")),
        ("CREATE SCHEMA acme; CREATE TABLE acme.t ()", Some("acme")),
        // Both ways to write at once, as people do.
        ("CREATE TABLE public.t (); CREATE TABLE u ()", Some("public")),
        ("CREATE TABLE t (); ALTER TABLE public.t ADD x int", Some("public")),
        ("CREATE TABLE t (); COMMENT ON SCHEMA public IS 'x'", Some("public")),
        // Indexes are never qualified.
        ("CREATE TABLE acme.t (); CREATE INDEX i ON acme.t (x)", Some("acme")),
    ] {
        assert_eq!(accepted(text).own_schema(), expected, "{text}");
    }
}

/// Each is refused for what it would make or change outside of the tenant's schema.
#[test]
fn other_schemas_are_not_changed() {
    for (text, message) in [
        (
            "CREATE TABLE acme.t (); CREATE TABLE acme.u (); CREATE TABLE b.t ()",
            "`CREATE TABLE b.t`: it makes or changes something in schema `b`, and the tenant's own schema is `acme` here (since app.sql, line 1, column 1)",
        ),
        (
            "CREATE TABLE t (); CREATE TABLE other.x ()",
            "`CREATE TABLE other.x`: it makes or changes something in schema `other`, and the tenant's own objects are the unqualified ones",
        ),
        ("CREATE TABLE t (); ALTER TABLE public.x ADD y int", "schema `public`"),
        ("CREATE TABLE t (); GRANT SELECT ON public.x TO r", "schema `public`"),
        ("CREATE TABLE t (); CREATE INDEX i ON public.x (y)", "schema `public`"),
        (
            "CREATE TABLE t (); CREATE TRIGGER r BEFORE INSERT ON public.x EXECUTE FUNCTION f()",
            "schema `public`",
        ),
        ("CREATE TABLE t (); COMMENT ON COLUMN public.x.y IS 'z'", "schema `public`"),
        ("CREATE TABLE t PARTITION OF public.x DEFAULT", "schema `public`"),
        ("CREATE TABLE t (); ALTER TABLE public.x ATTACH PARTITION t DEFAULT", "schema `public`"),
        ("CREATE TABLE t (); DROP TABLE IF EXISTS public.x", "schema `public`"),
        ("CREATE TABLE t (); CREATE SCHEMA b; GRANT USAGE ON SCHEMA c TO r", "schema `c`"),
        ("CREATE TABLE t (); GRANT SELECT ON ALL TABLES IN SCHEMA other TO r", "schema `other`"),
        ("CREATE TABLE acme.t (); DROP SCHEMA other", "schema `other`"),
        (
            "CREATE TABLE t (); CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "schema `pg_catalog`",
        ),
        ("SET search_path = acme; CREATE TABLE t (); SET search_path = b; CREATE TABLE u ()", "schema `b`"),
        ("CREATE TYPE acme.r AS RANGE (subtype = int, multirange_type_name = b.m)", "schema `"),
        ("CREATE TABLE __TENANT__.t (); CREATE TABLE acme.u ()", "schema `acme`"),
    ] {
        let refusals = refused(text);
        assert!(refusals.contains(message), "{text}\n{refusals}");
        assert_eq!(
            refusals.matches("app.sql, line 1, column").count() - refusals.matches("since app").count(),
            1
        );
    }
    let many = "CREATE TABLE a.t (); CREATE TABLE a.u (); CREATE TABLE b.t (); CREATE TABLE b.u (); ";
    assert!(refused(&format!("{many} CREATE TABLE a.v ()")).contains("One more statement does."));
}

#[test]
fn drops_run_only_where_something_was_made_before() {
    for (text, expected) in [
        // pg_dump --clean
        ("DROP TABLE t; CREATE TABLE t ()", "CREATE TABLE t ()"),
        ("DROP TABLE IF EXISTS t; DROP TYPE IF EXISTS gone; CREATE TABLE t ()", "CREATE TABLE t ()"),
        ("ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ALTER COLUMN id DROP DEFAULT; CREATE TABLE t ()", {
            "CREATE TABLE t ()"
        }),
        ("ALTER TABLE IF EXISTS ONLY x DROP CONSTRAINT IF EXISTS k; CREATE TABLE t ()", "CREATE TABLE t ()"),
        (
            "DROP SCHEMA IF EXISTS acme; CREATE SCHEMA acme; CREATE TABLE acme.t ()",
            "CREATE TABLE __TENANT__.t ()",
        ),
        ("DROP TRIGGER IF EXISTS r ON t; CREATE TABLE t ()", "CREATE TABLE t ()"),
        // the way to what is declared
        ("CREATE TABLE t (); DROP TABLE t", "CREATE TABLE t ()\nDROP TABLE __TENANT__.t"),
        ("CREATE TABLE t (); ALTER TABLE t DROP CONSTRAINT k", {
            "CREATE TABLE t ()\nALTER TABLE __TENANT__.t DROP CONSTRAINT k"
        }),
        ("CREATE TABLE t (); ALTER TABLE t RENAME TO u; DROP TABLE u", {
            "CREATE TABLE t ()\nALTER TABLE __TENANT__.t RENAME TO u\nDROP TABLE __TENANT__.u"
        }),
    ] {
        assert_eq!(shown(&templates(&accepted(text))), expected, "{text}");
    }
    let message = "the definition does not make `customer` before this";
    assert!(refused("CREATE TABLE t (); DROP TABLE customer").contains(message));
}

#[test]
fn hard_coded_schemas_in_bodies_are_replaced_where_certain_and_noted() {
    let text = "CREATE TABLE acme.inv (id int);
CREATE FUNCTION acme.f() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO acme.inv VALUES (1);
  EXECUTE format('DELETE FROM acme.inv WHERE id = %s', 1);
  RETURN acme.g(NEW);
END $$;
CREATE FUNCTION acme.h() RETURNS int LANGUAGE plpython3u AS $$ return plpy.execute(\"SELECT acme.f()\") $$;
CREATE FUNCTION acme.quiet() RETURNS int LANGUAGE sql AS 'SELECT 1';";
    let definition = accepted(text);
    insta::assert_snapshot!(shown(definition.notes()), @"
    app.sql, line 1, column 1: schema `acme` is taken for the tenant's own
    app.sql, line 4, column 15: function f names schema `acme` in its body: replaced by the tenant's in 2 places; left as it is in line 5, where it may mean something else
    app.sql, line 8, column 92: function h names schema `acme` in its body: left as it is in line 8, where it may mean something else
    ");
    let body = templates(&definition)[1];
    assert!(body.contains("INSERT INTO __TENANT__.inv") && body.contains("'DELETE FROM acme.inv"), "{body}");
}

#[test]
fn concurrently_is_read_as_what_it_makes() {
    let definition =
        accepted("CREATE TABLE t (x int); CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x)");
    assert_eq!(templates(&definition)[1], "CREATE UNIQUE INDEX  IF NOT EXISTS i ON __TENANT__.t (x)");
    assert!(shown(definition.notes()).contains("is read without CONCURRENTLY"));
}

#[test]
fn notes_each_statement_that_names_a_tablespace() {
    let definition = accepted(
        "CREATE TABLE a (id integer, n integer) TABLESPACE fast;\n\
         CREATE TABLE b (id integer PRIMARY KEY USING INDEX TABLESPACE fast);\n\
         CREATE INDEX i ON a (id) TABLESPACE fast;\n\
         CREATE MATERIALIZED VIEW m TABLESPACE fast AS SELECT 1 AS one;\n\
         ALTER TABLE a SET TABLESPACE slow;\n\
         ALTER INDEX i SET TABLESPACE slow;\n\
         ALTER MATERIALIZED VIEW m SET TABLESPACE slow;\n\
         ALTER TABLE a ADD UNIQUE (n) USING INDEX TABLESPACE fast;\n\
         CREATE TABLE c (tablespace integer);\n\
         SET default_tablespace = fast;\n\
         SET default_tablespace = '';",
    );
    let notes = shown(definition.notes());
    let lines: Vec<bool> = (1..=11).map(|line| notes.contains(&format!("line {line}, "))).collect();
    assert_eq!(lines, [true, true, true, true, true, true, true, true, false, true, false], "{notes}");
}

#[test]
fn a_placeholder_that_would_stay_is_refused() {
    let text = "CREATE TABLE t (a text DEFAULT nextval('__TENANT__.s'),\n  b text DEFAULT '__TENANT__');";
    assert!(refused(text).contains("line 2, column 19: `CREATE TABLE t`: this string"), "{}", refused(text));
    accepted("CREATE TABLE t (); COMMENT ON TABLE t IS 'of __TENANT__'");
    accepted("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT __TENANT__.g()'");
}

#[test]
fn the_digest_sees_what_is_declared_and_nothing_else() {
    let digest = |text: &str| accepted(text).digest();
    let base = digest("CREATE TABLE t (a int, b text DEFAULT 'x  y');");
    assert_eq!(
        base,
        digest("-- hi\nSET statement_timeout = 0;\nCREATE  TABLE t (a int, /* c */ b text\nDEFAULT 'x  y')")
    );
    for other in [
        "CREATE TABLE t (a int, b text DEFAULT 'x y');",
        "CREATE TABLE t (a int, b text);",
        "CREATE TABLE t (a int, b text DEFAULT 'x  y'); CREATE TABLE u ();",
        "CREATE EXTENSION citext; CREATE TABLE t (a int, b text DEFAULT 'x  y');",
    ] {
        assert_ne!(base, digest(other), "{other}");
    }
    let two = Definition::read(
        &sources(&[("a", "CREATE TABLE t ()"), ("b", "CREATE TABLE u ()")]),
        &ReadOptions::default(),
    );
    assert_eq!(two.expect("accepted").digest(), digest("CREATE TABLE t (); CREATE TABLE u ();"));
}

#[test]
fn a_servers_complaint_leads_back_to_the_text() {
    let first = "CREATE TABLE acme.a (id acme.d);\n";
    let second = "-- audit\nCREATE TABLE acme.é (\n  id bigint,\n  detail acme.jsonbb NOT NULL\n);\n";
    let all = sources(&[("10-base.sql", first), ("app-schema/30-audit.sql", second)]);
    let definition = Definition::read(&all, &ReadOptions::default()).expect("accepted");
    let statement = &definition.statements()[1];
    for name in ["t", "a very long schema name with \"quotes\""] {
        let schema = Identifier::new(name).expect("a name");
        let sql = statement.sql_for(&schema);
        let byte = sql.find(".jsonbb").expect("there") + 1;
        let position = u32::try_from(sql[..byte].chars().count() + 1).expect("short");
        let fault = definition.fault(statement, &schema, Some(position), "type \"jsonbb\" does not exist");
        insta::allow_duplicates! {
            insta::assert_snapshot!(fault, @r#"
            app-schema/30-audit.sql, line 4, column 15: type "jsonbb" does not exist
            3 |   id bigint,
            4 |   detail acme.jsonbb NOT NULL
              |               ^
            "#);
        }
        let (begin, _) = definition.locate(statement, &schema, None);
        assert_eq!(begin.to_string(), "app-schema/30-audit.sql, line 2, column 1");
        let (end, _) = definition.locate(statement, &schema, Some(10_000));
        assert_eq!(end.to_string(), "app-schema/30-audit.sql, line 5, column 2");
    }
}

#[test]
fn materialized_views_hold_nothing_in_a_shadow() {
    let schema = Identifier::new("s").expect("a name");
    for (text, normal, shadow) in [
        (
            "CREATE MATERIALIZED VIEW acme.m AS SELECT 1 AS a",
            { "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a" },
            "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a WITH NO DATA",
        ),
        (
            "CREATE MATERIALIZED VIEW acme.m AS SELECT 1 AS a WITH DATA",
            { "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a WITH DATA" },
            "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a WITH NO DATA",
        ),
        (
            "CREATE MATERIALIZED VIEW acme.m AS SELECT 1 AS a WITH NO DATA",
            { "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a WITH NO DATA" },
            "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a WITH NO DATA",
        ),
        ("CREATE TABLE acme.m ()", "CREATE TABLE s.m ()", "CREATE TABLE s.m ()"),
    ] {
        let definition = accepted(text);
        let statement = &definition.statements()[0];
        assert_eq!(
            (statement.sql_for(&schema).as_str(), statement.shadow_sql_for(&schema).as_str()),
            (normal, shadow)
        );
    }
}
