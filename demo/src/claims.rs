//! Who is who in both stories, and the claims that both of them make.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::checks::{Checks, Reference, digests, dump, lines, others, rows};
use crate::stage::{Failure, Stage};

/// The definition that the story begins with.
pub const FIRST: &str = include_str!("../sql/v1.sql");
/// The one that puts a column aside, and demands something of rows.
pub const NEXT: &str = include_str!("../sql/v2.sql");

/// Who changed what by hand, tenants alike together.
pub const DRIFTED: [&[&str]; 5] = [&["globex", "hooli"], &["initech"], &["umbrella"], &["stark"], &["wayne"]];
/// The one of them that is brought back.
pub const CORRECTED: &str = "umbrella";
/// Whose rows do not allow the next version.
pub const STUBBORN: &str = "wonka";
/// What the stubborn tenant's rows violate.
pub const CONSTRAINT: &str = "invoice_currency_known";
/// Where nothing happens for so long, nothing will any more.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Texts, as a set.
pub fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The schemas that were changed by hand, but for one.
pub fn drifted_but(spared: &str) -> BTreeSet<String> {
    let names = DRIFTED.iter().copied().flatten().filter(|name| **name != spared);
    names.map(|name| format!("tenant_{name}")).collect()
}

/// Everybody has a schema, and each is as psql makes it; then the product writes rows into them.
///
/// # Errors
/// When a server or client program fails.
pub fn provisioned(
    stage: &Stage,
    tenants: usize,
    first: &Reference,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let found = digests(stage)?;
    checks.equal("every customer has a schema", &found.len(), &tenants);
    checks.equal(
        "catalog SQL finds all of them as psql makes them",
        &others(&found, &first.digest),
        &BTreeSet::new(),
    );
    dumps(stage, &["house", "acme", STUBBORN], "it", first, checks)?;
    println!("The product writes its rows into all of them ...");
    stage.psql(include_str!("../sql/rows.sql")).map(drop)
}

/// What pg_dump says of some tenants is what it says of a schema that psql made.
///
/// # Errors
/// When pg_dump fails.
pub fn dumps(
    stage: &Stage,
    tenants: &[&str],
    what: &str,
    reference: &Reference,
    checks: &mut Checks,
) -> Result<(), Failure> {
    for tenant in tenants {
        let schema = format!("tenant_{tenant}");
        let found = dump(stage, &schema)?;
        checks.dump(&format!("pg_dump finds {schema} as psql makes {what}"), &found, &reference.dump);
    }
    Ok(())
}

/// What two tenants had of their own is not lost by a rollout.
///
/// # Errors
/// When the server does not answer.
pub fn own_is_kept(stage: &Stage, checks: &mut Checks) -> Result<(), Failure> {
    let kept = "SELECT schemaname FROM pg_indexes WHERE indexname = 'invoice_total_idx'";
    checks.equal(
        "what two tenants had of their own, they have still",
        &crate::checks::set(stage, kept)?,
        &names(&["tenant_globex", "tenant_hooli"]),
    );
    Ok(())
}

/// Rows of the stubborn tenant that do not allow the next version, and others that do.
///
/// # Errors
/// When the server does not answer.
pub fn set_currency(stage: &Stage, currency: &str) -> Result<(), Failure> {
    let sql = format!("UPDATE tenant_{STUBBORN}.invoice SET currency = '{currency}' WHERE id = 2");
    stage.psql(&sql).map(drop)
}

/// All schemas but the drifted ones are as they were, and no row is lost. `without_rows`: where the product wrote none.
///
/// # Errors
/// When a server or client program fails.
pub fn back(
    stage: &Stage,
    first: &Reference,
    without_rows: &BTreeSet<String>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let found = digests(stage)?;
    let (own, other) = (drifted_but(CORRECTED), others(&found, &first.digest));
    checks.equal("catalog SQL finds all but the drifted ones as they were", &other, &own);
    if let Some(odd) = other.difference(&own).next() {
        checks.dump(&format!("{odd} line by line"), &lines(stage, odd)?, &first.lines);
    }
    dumps(stage, &["house", STUBBORN], "it", first, checks)?;
    let schemas: BTreeSet<String> = found.into_keys().collect();
    let rows: BTreeSet<String> = rows(stage, &(&schemas - without_rows), &["fax"])?.into_values().collect();
    checks.equal("every row and every fax number is there", &rows, &names(&["1 1 1 3 3 1 1 2 030 123"]));
    Ok(())
}
