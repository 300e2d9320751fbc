use std::time::Duration;

use jiff::ToSpan;
use tenantry_engine::Labels;

use super::*;
use crate::SchemaTemplate;

fn entry(database: &str, tenants: TenantSource) -> Entry {
    Entry {
        database: DatabaseName::new(database),
        database_id: database.to_owned(),
        exclusive: matches!(tenants, TenantSource::Names(_)),
        tenants,
        schema: SchemaTemplate::new("tenant_{name}").unwrap(),
        labels: Labels::new(),
    }
}

fn names(database: &str, names: &[&str]) -> (Entry, Reading) {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    (entry(database, TenantSource::Names(names)), Reading::Given)
}

fn query(database: &str, rows: &[(&str, &str)]) -> (Entry, Reading) {
    let rows = rows
        .iter()
        .map(|(name, schema)| TenantRow {
            name: TenantName::new(*name).unwrap(),
            schema: (!schema.is_empty()).then(|| SchemaName::new(*schema).unwrap()),
            labels: Labels::new(),
        })
        .collect();
    let sql = "SELECT slug AS name FROM public.customer".to_owned();
    let source = TenantSource::Query { sql, database: None, timeout: Duration::from_secs(10) };
    (entry(database, source), Reading::Rows(rows))
}

fn pattern(database: &str, schemas: &[&str]) -> (Entry, Reading) {
    let schemas = schemas.iter().map(|schema| SchemaName::new(*schema).unwrap()).collect();
    (entry(database, TenantSource::Pattern("*".to_owned())), Reading::Schemas(schemas))
}

fn failed((entry, _): (Entry, Reading)) -> (Entry, Reading) {
    (entry, Reading::Failed("the tenant query: it took longer than 10 s".to_owned()))
}

fn known(list: &[(&str, &str, &str)]) -> Vec<Known> {
    list.iter()
        .map(|(name, database, schema)| Known {
            aside: None,
            name: TenantName::new(*name).unwrap(),
            key: TenantKey {
                database: DatabaseName::new(*database),
                schema: SchemaName::new(*schema).unwrap(),
            },
        })
        .collect()
}

fn now() -> Timestamp {
    "2026-01-05T12:00:00Z".parse().unwrap()
}

/// One line a tenant, for tables.
fn told(resolution: &Resolution) -> Vec<String> {
    let tenants = resolution.tenants.iter().map(|resolved| {
        let Tenant { name, key, .. } = &resolved.tenant;
        let made = if resolved.not_provisioned.is_some() { ", not made" } else { "" };
        format!("{name}: {}/{}{made}", key.database, key.schema)
    });
    let refused =
        resolution.refused.iter().map(|refused| format!("{} refused: {}", refused.name, refused.reason));
    let uncertain = resolution.uncertain.iter().map(|known| format!("{} uncertain", known.name));
    let leaving = resolution
        .leaving
        .iter()
        .map(|leaving| format!("{} {}", leaving.known.name, if leaving.gone { "gone" } else { "missing" }));
    tenants.chain(refused).chain(uncertain).chain(leaving).collect()
}

struct Case<'a> {
    entries: &'a [(Entry, Reading)],
    known: &'a [(&'a str, &'a str, &'a str)],
    silent: &'a [&'a str],
    provision: Provision,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self { entries: &[], known: &[], silent: &[], provision: Provision::Create }
    }
}

fn run(case: &Case<'_>) -> Resolution {
    let (entries, readings): (Vec<Entry>, Vec<Reading>) = case.entries.iter().cloned().unzip();
    resolve(&Sources {
        entries: &entries,
        readings: &readings,
        known: &known(case.known),
        silent: &case.silent.iter().map(|name| DatabaseName::new(*name)).collect(),
        provision: case.provision,
        memory: &Memory::default(),
        let_go: false,
        believed: 0,
        now: now(),
    })
}

#[test]
fn names_patterns_and_rows_become_tenants() {
    let case = Case {
        entries: &[
            names("a", &["acme"]),
            pattern("b", &["tenant_globex", "legacy"]),
            query("c", &[("hooli", "hooli_app"), ("initech", "")]),
        ],
        ..Case::default()
    };
    assert_eq!(
        told(&run(&case)),
        [
            "acme: a/tenant_acme",
            "globex: b/tenant_globex, not made",
            "hooli: c/hooli_app",
            "initech: c/tenant_initech",
            "legacy: b/legacy, not made",
        ]
    );
}

#[test]
fn a_named_tenant_is_taken_out_of_patterns_and_queries() {
    let case = Case {
        entries: &[
            query("shared", &[("acme", ""), ("globex", "")]),
            names("own", &["acme"]),
            pattern("own", &["tenant_acme"]),
        ],
        ..Case::default()
    };
    assert_eq!(told(&run(&case)), ["acme: own/tenant_acme", "globex: shared/tenant_globex"]);
}

#[test]
fn what_is_wanted_in_two_places_is_refused_and_the_others_are_served() {
    let case = Case {
        entries: &[
            query("a", &[("acme", ""), ("globex", ""), ("x", "same"), ("y", "same")]),
            query("b", &[("acme", "")]),
        ],
        ..Case::default()
    };
    assert_eq!(
        told(&run(&case)),
        [
            "globex: a/tenant_globex",
            "acme refused: it is named in a (schema tenant_acme) and b (schema tenant_acme); name it in one place",
            "acme refused: it is named in a (schema tenant_acme) and b (schema tenant_acme); name it in one place",
            "x refused: its schema same is y's too; give each tenant a schema of its own",
            "y refused: its schema same is x's too; give each tenant a schema of its own",
        ]
    );
}

#[test]
fn what_is_said_twice_alike_counts_once() {
    let case = Case { entries: &[names("a", &["acme", "acme"])], ..Case::default() };
    let resolution = run(&case);
    assert_eq!(told(&resolution), ["acme: a/tenant_acme"]);
    assert_eq!(resolution.notes.len(), 1);
}

#[test]
fn hostile_names_are_tenants_where_postgresql_takes_the_schema() {
    let long = "x".repeat(60);
    let case = Case {
        entries: &[names("a", &["o'brien", "a\"b", "x;DROP TABLE y", "Acme Ltd", &long, "", "tab\there"])],
        ..Case::default()
    };
    let resolution = run(&case);
    assert_eq!(
        told(&resolution)[..4],
        [
            "Acme Ltd: a/tenant_Acme Ltd",
            "a\"b: a/tenant_a\"b",
            "o'brien: a/tenant_o'brien",
            "x;DROP TABLE y: a/tenant_x;DROP TABLE y"
        ]
    );
    assert_eq!(resolution.refused.len(), 1, "63 bytes are all that a name may have");
    assert_eq!(resolution.notes.len(), 2, "the empty one and the one with a tab cannot be names");
}

#[test]
fn the_ledger_has_a_say() {
    for (entries, ledger, expected) in [
        // Moved to another database by hand, or a wrong manifest.
        (
            vec![query("a", &[]), names("b", &["acme"])],
            vec![("acme", "a", "tenant_acme")],
            vec![
                "acme refused: it lives in the database a, and is named in b too; its schema stays untouched until it is moved",
            ],
        ),
        // Moved properly: the old ledger still has a row.
        (
            vec![query("a", &[("globex", "")]), names("b", &["acme"])],
            vec![
                ("acme", "a", "tenant_acme"),
                ("acme", "b", "tenant_acme"),
                ("globex", "a", "tenant_globex"),
            ],
            vec!["acme: b/tenant_acme", "globex: a/tenant_globex"],
        ),
        // The template was changed.
        (
            vec![names("a", &["acme"])],
            vec![("acme", "a", "acme_v1")],
            vec![
                "acme refused: it lives in the schema acme_v1 and would get tenant_acme; set the schema template back, or rename the schema by hand",
            ],
        ),
        // Somebody else's schema.
        (
            vec![query("a", &[("acme", "shared"), ("globex", "")])],
            vec![("globex", "a", "tenant_globex"), ("hooli", "a", "shared")],
            vec![
                "globex: a/tenant_globex",
                "acme refused: the ledger knows the schema shared as tenant hooli; call it that, or give the tenant another schema",
                "hooli missing",
            ],
        ),
    ] {
        let case = Case { entries: &entries, known: &ledger, ..Case::default() };
        assert_eq!(told(&run(&case)), expected);
    }
}

#[test]
fn an_empty_or_failed_reading_removes_nobody() {
    let ledger = [("acme", "a", "tenant_acme"), ("globex", "a", "tenant_globex")];
    for reading in [query("a", &[]), failed(query("a", &[])), pattern("a", &[])] {
        let case = Case { entries: &[reading], known: &ledger, ..Case::default() };
        let resolution = run(&case);
        assert_eq!(told(&resolution), ["acme uncertain", "globex uncertain"]);
        assert_eq!(resolution.notes.len(), 1);
        assert_eq!(resolution.memory, Memory::default());
    }
    // Where none was known, that is said too: the query or the pattern may be a wrong one.
    for (reading, said) in [
        (query("a", &[]), "a: the tenant query returns no tenant"),
        (pattern("a", &[]), "a: no schema matches"),
    ] {
        let resolution = run(&Case { entries: &[reading], ..Case::default() });
        assert!(resolution.notes[0].starts_with(said), "{:?}", resolution.notes);
        assert!(resolution.unread.is_empty());
    }
}

#[test]
fn nothing_is_made_that_may_be_elsewhere() {
    for (entries, silent, provision, made) in [
        (vec![names("a", &["acme"])], vec![], Provision::Create, true),
        (vec![names("a", &["acme"])], vec![], Provision::Adopt, false),
        (vec![names("a", &["acme"]), names("b", &["globex"])], vec!["b"], Provision::Create, true),
        (vec![names("a", &["acme"]), failed(query("b", &[]))], vec!["b"], Provision::Create, false),
        (vec![pattern("a", &["tenant_acme"])], vec![], Provision::Create, false),
    ] {
        let resolution = run(&Case { entries: &entries, silent: &silent, provision, ..Case::default() });
        assert_eq!(resolution.tenants[0].not_provisioned.is_none(), made, "{:?}", resolution.tenants[0]);
    }
}

/// Looks repeatedly at a query that lost some of 300 tenants.
fn looks(lost: usize, let_go: bool, believed: u32, minutes: &[i64]) -> Vec<Vec<String>> {
    let all: Vec<(String, String)> =
        (0..300).map(|n| (format!("t{n:03}"), format!("tenant_t{n:03}"))).collect();
    let ledger: Vec<(&str, &str, &str)> =
        all.iter().map(|(name, schema)| (name.as_str(), "a", schema.as_str())).collect();
    let rows: Vec<(&str, &str)> = all[lost..].iter().map(|(name, _)| (name.as_str(), "")).collect();
    let (entry, reading) = query("a", &rows);
    let mut memory = Memory::default();
    let mut told = Vec::new();
    for minute in minutes {
        let resolution = resolve(&Sources {
            entries: std::slice::from_ref(&entry),
            readings: std::slice::from_ref(&reading),
            known: &known(&ledger),
            silent: &BTreeSet::new(),
            provision: Provision::Create,
            memory: &memory,
            let_go,
            believed,
            now: now().checked_add(minute.minutes()).unwrap(),
        });
        memory = resolution.memory.clone();
        told.push(
            resolution
                .leaving
                .iter()
                .map(|leaving| (if leaving.gone { "gone" } else { "missing" }).to_owned())
                .collect(),
        );
    }
    told
}

#[test]
fn absence_needs_two_looks_and_a_grace_period() {
    assert_eq!(looks(1, false, 0, &[0]), [["missing"]]);
    assert_eq!(looks(1, false, 0, &[0, 1, 6]), [["missing"], ["missing"], ["gone"]]);
    assert_eq!(looks(1, false, 0, &[0, 60])[1], ["gone"]);
    assert_eq!(looks(3, false, 0, &[0, 60])[1], ["gone"; 3]);
}

#[test]
fn many_at_once_need_a_person() {
    assert_eq!(looks(4, false, 0, &[0, 60])[1], ["missing"; 4]);
    assert_eq!(looks(4, true, 0, &[0])[0], ["gone"; 4]);
    // Where the set says so, they need a grace like any others.
    assert_eq!(looks(4, false, 4, &[0, 60]), [["missing"; 4], ["gone"; 4]]);
    assert_eq!(looks(5, false, 4, &[0, 60])[1], ["missing"; 5]);
}

#[test]
fn a_name_taken_out_by_a_person_needs_no_grace() {
    let case = Case {
        entries: &[names("a", &["acme"])],
        known: &[("acme", "a", "tenant_acme"), ("globex", "a", "tenant_globex")],
        ..Case::default()
    };
    assert_eq!(told(&run(&case)), ["acme: a/tenant_acme", "globex gone"]);
}
