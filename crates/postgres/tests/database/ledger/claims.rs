//! A schema is one set's at a time, and of one database.

use std::collections::BTreeSet;

use tenantry_engine::{Claim, ClaimConflict, Ledger as _, SchemaName, TenantName};

use super::{HOSTILE, claim, ledger, open, schema, tenant};

const ROWS: &str =
    "SELECT schema, name, set, cluster, database, namespace FROM tenantry.tenant ORDER BY schema";

#[tokio::test]
async fn what_is_free_is_claimed_and_what_is_ones_own_stays_untouched() {
    let (ledger, cluster, name) = ledger("claim").await;
    let tenants: Vec<_> = HOSTILE.iter().map(|name| tenant(name)).collect();
    let clustered = Claim { cluster: Some("uid".to_owned()), ..claim("shop/eu") };
    assert_eq!(ledger.claim(&tenants, &clustered, None).await.unwrap(), []);
    assert_eq!(ledger.claim(&[], &claim("another"), None).await.unwrap(), []);
    let records = ledger.records(Some("shop/eu")).await.unwrap();
    let found: BTreeSet<_> =
        records.iter().map(|record| (record.name.clone(), record.schema.clone())).collect();
    assert_eq!(found, tenants.iter().cloned().collect());
    assert!(
        records
            .iter()
            .all(|record| record.claim == clustered && record.oid == 0 && record.watermark.is_none())
    );
    assert_eq!(ledger.records(Some("another")).await.unwrap(), []);
    assert_eq!(ledger.records(None).await.unwrap(), records);

    let versions = "SELECT string_agg(xmin::text || xmax::text, ' ' ORDER BY schema) FROM tenantry.tenant";
    let before = cluster.psql(&name, versions).unwrap();
    assert_eq!(ledger.claim(&tenants, &clustered, None).await.unwrap(), []);
    assert_eq!(cluster.psql(&name, versions).unwrap(), before);

    let renamed = [(TenantName::new("new name").unwrap(), schema("acme"))];
    assert_eq!(ledger.claim(&renamed, &clustered, None).await.unwrap(), []);
    let named = "SELECT name FROM tenantry.tenant WHERE schema = 'acme'";
    assert_eq!(cluster.psql(&name, named).unwrap(), "new name");
}

#[tokio::test]
async fn of_two_sets_that_claim_at_once_exactly_one_gets_each_schema() {
    let (_, cluster, name) = ledger("race").await;
    let tenants: Vec<_> = (0..2300).map(|n| tenant(&format!("t{n}"))).collect();
    let backwards: Vec<_> = tenants.iter().rev().cloned().collect();
    let (one, two) = (open(cluster, &name), open(cluster, &name));
    let (first, second) = (claim("one"), claim("two"));
    let (lost_one, lost_two) =
        tokio::join!(one.claim(&tenants, &first, None), two.claim(&backwards, &second, None));
    let (lost_one, lost_two) = (lost_one.unwrap(), lost_two.unwrap());
    assert!(lost_one.iter().all(|(_, conflict)| *conflict == ClaimConflict::Other { held: claim("two") }));
    assert!(lost_two.iter().all(|(_, conflict)| *conflict == ClaimConflict::Other { held: claim("one") }));
    let of = |set: &str| -> BTreeSet<String> {
        let rows =
            cluster.psql(&name, &format!("SELECT schema FROM tenantry.tenant WHERE set = '{set}'")).unwrap();
        rows.lines().map(str::to_owned).collect()
    };
    let names = |lost: &[(SchemaName, ClaimConflict)]| -> BTreeSet<String> {
        lost.iter().map(|(schema, _)| schema.to_string()).collect()
    };
    assert_eq!(names(&lost_one), of("two"));
    assert_eq!(names(&lost_two), of("one"));
    assert_eq!(of("one").len() + of("two").len(), tenants.len());
}

#[tokio::test]
async fn only_the_claim_that_was_given_up_is_taken_over() {
    let (ledger, cluster, name) = ledger("take").await;
    let elsewhere = Claim { cluster: Some("uid".to_owned()), ..claim("old") };
    ledger.claim(&[tenant("a"), tenant("b")], &claim("old"), None).await.unwrap();
    ledger.claim(&[tenant("c")], &elsewhere, None).await.unwrap();
    cluster.psql(&name, "UPDATE tenantry.tenant SET watermark = 'w', revision = repeat('a', 64)").unwrap();
    let wanted = [tenant("a"), tenant("c"), tenant("d")];
    let conflicts = ledger.claim(&wanted, &claim("new"), None).await.unwrap();
    let other = |held: &Claim| ClaimConflict::Other { held: held.clone() };
    assert_eq!(conflicts, [(schema("a"), other(&claim("old"))), (schema("c"), other(&elsewhere))]);
    let conflicts = ledger.claim(&wanted, &claim("new"), Some(&claim("older"))).await.unwrap();
    assert_eq!(conflicts.len(), 2);
    let conflicts = ledger.claim(&wanted, &claim("new"), Some(&claim("old"))).await.unwrap();
    assert_eq!(conflicts, [(schema("c"), other(&elsewhere))]);
    assert_eq!(
        cluster
            .psql(
                &name,
                "SELECT schema, set, cluster, watermark, length(revision) FROM tenantry.tenant ORDER BY 1"
            )
            .unwrap(),
        "a|new|||64\nb|old||w|64\nc|old|uid|w|64\nd|new|||"
    );
}

#[tokio::test]
async fn a_schema_that_was_made_again_is_another_one_until_it_is_taken_over() {
    let (ledger, cluster, name) = ledger("again").await;
    let (mine, tenants) = (claim("s"), [tenant("a"), tenant("b"), tenant("c"), tenant("never")]);
    ledger.claim(&tenants, &mine, None).await.unwrap();
    cluster
        .psql(
            &name,
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; CREATE SCHEMA never;
             UPDATE tenantry.tenant SET namespace = oid, fingerprint = 'f', watermark = 'w', unfinished = repeat('a', 64),
                segments_done = 2, revision = repeat('b', 64) FROM pg_namespace WHERE nspname = schema AND schema <> 'never';
             INSERT INTO tenantry.quarantined SELECT schema, 'table', '{t}', 'x', 'p' FROM tenantry.tenant;
             DROP SCHEMA a; CREATE SCHEMA a; DROP SCHEMA b; DROP SCHEMA never; CREATE SCHEMA never;",
        )
        .unwrap();
    // One that is gone is missing, which is no question of whose it is.
    let recreated = [(schema("a"), ClaimConflict::Recreated)];
    assert_eq!(ledger.claim(&tenants, &mine, None).await.unwrap(), recreated);
    assert_eq!(ledger.claim(&tenants, &mine, Some(&claim("other"))).await.unwrap(), recreated);
    assert_eq!(ledger.claim(&tenants, &mine, Some(&mine)).await.unwrap(), []);
    let rows = "SELECT schema, namespace = coalesce(to_regnamespace(schema)::oid, 0), fingerprint, watermark, length(unfinished),
        segments_done, length(revision), (SELECT count(*) FROM tenantry.quarantined q WHERE q.schema = t.schema)
        FROM tenantry.tenant t ORDER BY 1";
    assert_eq!(
        cluster.psql(&name, rows).unwrap(),
        "a|t||||0||0\nb|f|f|w|64|2|64|1\nc|t|f|w|64|2|64|1\nnever|f||||0||1"
    );
    assert_eq!(ledger.claim(&tenants, &mine, None).await.unwrap(), []);
}

#[tokio::test]
async fn a_copied_database_asks_once_and_for_all_schemas() {
    let (ledger, cluster, name) = ledger("clone").await;
    cluster.psql(&name, "CREATE SCHEMA a; CREATE SCHEMA b").unwrap();
    let tenants = [tenant("a"), tenant("b"), tenant("free")];
    ledger.claim(&tenants[..2], &claim("s"), None).await.unwrap();
    cluster
        .psql(
            &name,
            "UPDATE tenantry.tenant SET namespace = to_regnamespace(schema), watermark = 'w', fingerprint = 'f' WHERE schema = 'a';
             INSERT INTO tenantry.baseline VALUES ('s', 'p', '{}', 'p')",
        )
        .unwrap();
    drop(ledger);
    let clone = format!("{name}_clone");
    let end =
        format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
    let end = if cluster.version() < 14 { end.replace(", 5000", "") } else { end };
    cluster.psql("postgres", &end).unwrap();
    cluster.psql("postgres", &format!("CREATE DATABASE {clone} TEMPLATE {name}")).unwrap();
    let before = cluster.psql(&clone, ROWS).unwrap();

    let copy = open(cluster, &clone);
    for (mine, take_over) in [(claim("s"), None), (claim("other"), Some(claim("nobody's")))] {
        let conflicts = copy.claim(&tenants, &mine, take_over.as_ref()).await.unwrap();
        assert_eq!(conflicts.len(), 3);
        for (_, conflict) in &conflicts {
            let ClaimConflict::Database { recorded, found } = conflict else { panic!("{conflict:?}") };
            assert!(recorded.address.ends_with(&name) && found.address.ends_with(&clone));
            assert_ne!(recorded.oid, found.oid);
        }
        assert_eq!(cluster.psql(&clone, ROWS).unwrap(), before);
    }
    assert_eq!(copy.claim(&tenants, &claim("s"), Some(&claim("s"))).await.unwrap(), []);
    assert_eq!(copy.claim(&tenants, &claim("s"), None).await.unwrap(), []);
    let rows = "SELECT schema, namespace = coalesce(to_regnamespace(schema)::oid, 0), watermark, fingerprint FROM tenantry.tenant ORDER BY 1";
    assert_eq!(cluster.psql(&clone, rows).unwrap(), "a|t||f\nb|f||\nfree|t||");
    assert_eq!(cluster.psql(&clone, "SELECT count(*) FROM tenantry.baseline").unwrap(), "0");
    // The original is as it was.
    assert_eq!(open(cluster, &name).claim(&tenants[..2], &claim("s"), None).await.unwrap(), []);
}

#[tokio::test]
async fn a_changed_system_identifier_asks_and_a_changed_address_does_not() {
    let (ledger, cluster, name) = ledger("upgraded").await;
    let tenants = [tenant("a")];
    ledger.claim(&tenants, &claim("s"), None).await.unwrap();
    let layout = "SELECT address LIKE '127.0.0.1:%', system_identifier <> '1' FROM tenantry.layout";
    cluster
        .psql(&name, "UPDATE tenantry.layout SET address = 'old:1/name', system_identifier = NULL")
        .unwrap();
    assert_eq!(ledger.claim(&tenants, &claim("s"), None).await.unwrap(), []);
    assert_eq!(cluster.psql(&name, layout).unwrap(), "t|t");

    cluster.psql(&name, "UPDATE tenantry.layout SET system_identifier = '1'").unwrap();
    let conflicts = ledger.claim(&tenants, &claim("s"), None).await.unwrap();
    assert!(matches!(&conflicts[..], [(_, ClaimConflict::Database { .. })]), "{conflicts:?}");
    // Another set may say so too, by the claim that it finds there.
    let conflicts = ledger.claim(&[tenant("b")], &claim("t"), Some(&claim("s"))).await.unwrap();
    assert_eq!(conflicts, []);
    assert_eq!(cluster.psql(&name, layout).unwrap(), "t|t");
    assert_eq!(ledger.claim(&tenants, &claim("s"), None).await.unwrap(), []);
}
