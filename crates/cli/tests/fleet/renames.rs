//! Names that hints change: rows and what somebody added by hand stay, and a rollback changes the names back.

use crate::scene::{Scene, V1};

const NAMES: [&str; 3] = ["acme", "globex", "hooli"];
const HINTS: &str = "  renames:
  - {from: table invoice, to: table bill}
  - {from: column invoice.note, to: column bill.remark}";

fn renamed() -> String {
    V1.replace("TABLE invoice ", "TABLE bill ")
        .replace("ON invoice ", "ON bill ")
        .replace("FROM invoice ", "FROM bill ")
        .replace("note text", "remark text")
}

#[test]
fn what_is_renamed_keeps_its_rows_forth_and_back() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], "");
    scene.fleet("apply", &[]).ended(0);
    for name in NAMES {
        let rows = "INSERT INTO tenant_NAME.app_user (email) VALUES ('a@x');
                    INSERT INTO tenant_NAME.invoice (id, user_id, note) VALUES (1, 1, 'of NAME')";
        scene.psql(0, &rows.replace("NAME", name));
    }
    scene.psql(0, "CREATE INDEX mine ON tenant_globex.invoice (note)");

    scene.define_with(&renamed(), HINTS);
    let plan = scene.fleet("plan", &[]).ended(0);
    plan.says("ALTER TABLE invoice RENAME TO bill").says("ALTER TABLE bill RENAME COLUMN note TO remark");
    let kept = "SELECT string_agg(remark, ' ') FROM
                (SELECT remark FROM tenant_acme.bill UNION ALL SELECT remark FROM tenant_globex.bill
                 UNION ALL SELECT remark FROM tenant_hooli.bill) AS all_of_them";
    scene.fleet("apply", &[]).says("3 of 3 tenants");
    assert_eq!(scene.psql(0, kept), "of acme of globex of hooli");
    scene.all_at(0, &["tenant_acme", "tenant_hooli"], &renamed());
    // Somebody's own index stays somebody's own.
    scene.fleet("check", &[]).ended(1).says("globex");
    assert_eq!(
        scene.psql(0, "SELECT indexdef FROM pg_indexes WHERE indexname = 'mine'"),
        "CREATE INDEX mine ON tenant_globex.bill USING btree (remark)"
    );
    scene.fleet("apply", &[]).says("Nothing to do");

    scene.fleet("rollback", &[]).says("3 of 3 tenants");
    scene.all_at(0, &["tenant_acme", "tenant_hooli"], V1);
    let before = kept.replace("bill", "invoice").replace("remark", "note");
    assert_eq!(scene.psql(0, &before), "of acme of globex of hooli");
}

#[test]
fn a_hint_that_cannot_be_followed_says_why() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &NAMES)], "");
    scene.fleet("apply", &[]).ended(0);
    scene.define_with(&renamed(), "  renames: [{from: column invoice.note, to: column bill.remark}]");
    let plan = scene.fleet("plan", &[]);
    let said = format!("{}{}", plan.out, plan.err);
    assert!(said.contains("column invoice.note: cannot become column bill.remark by another name"), "{said}");
    scene.all_at(0, &["tenant_acme"], V1);
}
