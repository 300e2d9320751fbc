//! What is in the database and in the ledger afterwards.

use tenantry_catalog::{Kind, ObjectId};
use tenantry_engine::{Engine, EngineError, Ledger};
use tenantry_planner::sql::Identifier;
use tenantry_planner::{LockMode, Step, Verb};
use tenantry_postgres::{Owner, ShadowSettings};

use crate::scene::{APPLIED, Scene, UNTOUCHED, adds_column, plan, step};

#[tokio::test]
async fn the_plan_and_its_row_are_there_together() {
    let scene = Scene::set().await;
    scene.apply(&adds_column()).await.unwrap();
    assert_eq!(scene.columns(), "added id name price");
    assert_eq!(scene.ledger(), APPLIED);
    let event =
        "SELECT concat_ws(' ', tenant, rollout, outcome, approved_by, took_ms >= 0) FROM tenantry.event";
    assert_eq!(scene.psql(event), "o'brien customers-1 applied ada t");
    let oid = "SELECT namespace = (SELECT oid FROM pg_namespace WHERE nspname = schema) FROM tenantry.tenant";
    assert_eq!(scene.psql(oid), "t");
}

#[tokio::test]
async fn a_refused_statement_undoes_all_and_no_row_is_told() {
    let scene = Scene::set().await;
    let refused = plan(
        vec![
            step("item", LockMode::AccessExclusive, "ALTER TABLE item ADD COLUMN added integer"),
            step(
                "item",
                LockMode::AccessExclusive,
                "ALTER TABLE item ADD CONSTRAINT item_name_key UNIQUE (name)",
            ),
        ],
        &[],
    );
    let error = scene.apply(&refused).await.unwrap_err();
    let EngineError::Refused { error: said, .. } = &error else { panic!("{error}") };
    assert_eq!(said.constraint.as_deref(), Some("item_name_key"));
    assert!(said.statement.as_deref().unwrap().contains("UNIQUE (name)"), "{said:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(scene.columns(), "id name price");
    assert_eq!(scene.ledger(), UNTOUCHED);
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_the_commit_undoes_all() {
    let scene = Scene::set().await;
    scene.in_schema(
        "ALTER TABLE entry DROP CONSTRAINT entry_item_id_fkey;
         ALTER TABLE entry ADD CONSTRAINT late FOREIGN KEY (item_id) REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED",
    );
    let refused = plan(vec![step("entry", LockMode::RowExclusive, "INSERT INTO entry VALUES (1, 99)")], &[]);
    let error = scene.apply(&refused).await.unwrap_err();
    assert!(matches!(&error, EngineError::Refused { error, .. } if error.sqlstate == "23503"), "{error}");
    assert_eq!(scene.in_schema("SELECT count(*) FROM entry"), "0");
    assert_eq!(scene.ledger(), UNTOUCHED);
    // The connection that was used is as good as before.
    scene.apply(&adds_column()).await.unwrap();
}

#[tokio::test]
async fn a_schema_is_made_with_its_row_and_only_where_there_is_none() {
    let scene =
        Scene::without_schema(&Identifier::new("tenantry").unwrap(), ShadowSettings::default(), |_| {}).await;
    let made = plan(
        vec![Step::new(
            &ObjectId::new(Kind::Table, ["item"]),
            Verb::Create,
            "CREATE TABLE item (id integer)",
        )],
        &[],
    );
    scene.apply_from(None, &made).await.unwrap();
    assert_eq!(scene.columns(), "id");
    assert_eq!(scene.ledger(), APPLIED);
    let error = scene.apply_from(None, &made).await.unwrap_err();
    assert!(matches!(error, EngineError::Moved { .. }), "{error}");
}

#[tokio::test]
async fn who_may_not_make_a_schema_is_told_what_to_grant() {
    let scene =
        Scene::without_schema(&Identifier::new("tenantry").unwrap(), ShadowSettings::default(), |_| {}).await;
    let role = format!("limited_{}", scene.database);
    scene.psql(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA tenantry TO {role};
         GRANT SELECT, UPDATE, INSERT ON ALL TABLES IN SCHEMA tenantry TO {role};
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tenantry TO {role}"
    ));
    let url = scene.cluster.url_as(&role, None, &scene.database);
    let limited = Scene::again(&scene, &url, ShadowSettings::default());
    let error = limited.apply_from(None, &plan(vec![], &[])).await.unwrap_err();
    assert!(matches!(&error, EngineError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("GRANT CREATE ON DATABASE"), "{error}");
    assert_eq!(scene.ledger(), UNTOUCHED);
}

#[tokio::test]
async fn what_is_put_aside_and_brought_back_is_recorded_with_it() {
    let scene = Scene::set().await;
    let column = ObjectId::new(Kind::Column, ["item", "price"]);
    let aside = Step {
        reserved: Some("tenantry_q_1_price".to_owned()),
        ..Step::new(&column, Verb::Quarantine, "ALTER TABLE item RENAME COLUMN price TO tenantry_q_1_price")
    };
    scene.apply(&plan(vec![aside], &[])).await.unwrap();
    let schema = &scene.tenant.key.schema;
    let recorded = scene.engine.ledger().quarantined(schema).await.unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!((&recorded[0].object, recorded[0].reserved.as_str()), (&column, "tenantry_q_1_price"));
    let records = scene.engine.ledger().records(None).await.unwrap();
    assert_eq!(records[0].renamed, [(column.clone(), "tenantry_q_1_price".to_owned())]);
    let back =
        Step::new(&column, Verb::Restore, "ALTER TABLE item RENAME COLUMN tenantry_q_1_price TO price");
    scene.apply(&plan(vec![back], &[])).await.unwrap();
    assert!(scene.engine.ledger().quarantined(schema).await.unwrap().is_empty());
    assert_eq!(scene.columns(), "id name price");
}

#[tokio::test]
async fn statements_run_as_the_owner_role_and_a_function_cannot_leave_it() {
    let outer = Scene::set().await;
    let owner = format!("owner_{}", outer.database);
    outer.psql(&format!("CREATE ROLE {owner}"));
    let shadow =
        ShadowSettings { owner: Owner::Role(Identifier::new(&owner).unwrap()), ..ShadowSettings::default() };
    let scene = Scene::again(&outer, &outer.cluster.url(&outer.database), shadow.clone());
    scene.psql(&format!(
        "GRANT CREATE, USAGE ON SCHEMA {q} TO {owner}; SET search_path = {q};
         CREATE FUNCTION leave() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RESET ROLE; RETURN 1; END'",
        q = scene.quoted()
    ));
    let make =
        |sql: &str| plan(vec![Step::new(&ObjectId::new(Kind::Table, ["own"]), Verb::Create, sql)], &[]);
    scene.apply(&make("CREATE TABLE own (id integer)")).await.unwrap();
    let owned = "SELECT tableowner FROM pg_tables WHERE tablename = 'own'";
    assert_eq!(scene.psql(owned), owner);
    let error = scene.apply(&make("CREATE TABLE taken AS SELECT leave()")).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Denied { what, .. } if what.contains("changed the role")),
        "{error}"
    );
    assert_eq!(scene.psql("SELECT count(*) FROM pg_tables WHERE tablename = 'taken'"), "0");
}
