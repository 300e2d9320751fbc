//! `tenants`: the tenants of a set, with their states.

use serde_json::Value;
use tenantry_api::tenant_set::TenantStatus;
use tenantry_api::{TenantSet, TenantState};

use super::client::Cluster;
use super::order::Refused;
use super::words::revision;
use super::{ClusterError, answer, scene};
use crate::args::TenantsArgs;
use crate::output::table::table;
use crate::output::text::{count, grouped, moment};
use crate::{Failure, Outcome};

/// Which tenants are wanted.
#[derive(Default)]
struct Wanted<'a> {
    names: &'a [String],
    states: Vec<TenantState>,
    database: Option<&'a str>,
}

/// Lists tenants.
pub async fn run(args: &TenantsArgs) -> Result<Outcome, Failure> {
    let cluster = Cluster::connect(&args.set.cluster).await?;
    let set: TenantSet = cluster.one(&args.set.set).await?;
    let all = scene::tenants(&cluster, &args.set.set).await?;
    known(&args.set.set, &args.names, &all).map_err(ClusterError::from)?;
    let mut states = args.state.clone();
    states.extend(args.failed.then_some(TenantState::Failed));
    let wanted = Wanted { names: &args.names, states, database: args.database.as_deref() };
    let some: Vec<&TenantStatus> = all.iter().filter(|tenant| wanted.takes(tenant)).collect();
    let total = set.status.and_then(|status| status.tenants).map_or(0, |counts| counts.total);
    answer(
        args.set.output,
        || serde_json::to_value(&some).unwrap_or(Value::Null),
        || text(&args.set.set, &some, total),
    )?;
    Ok(Outcome::Fine)
}

/// That all these names are tenants of the set.
pub fn known(set: &str, names: &[String], all: &[TenantStatus]) -> Result<(), Refused> {
    let is_unknown = |name: &&String| !all.iter().any(|tenant| tenant.name == **name);
    let unknown: Vec<String> = names.iter().filter(is_unknown).cloned().collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refused::NoTenant { set: set.to_owned(), unknown: unknown.join(", "), all: all.len() })
}

impl Wanted<'_> {
    fn takes(&self, tenant: &TenantStatus) -> bool {
        (self.names.is_empty() || self.names.contains(&tenant.name))
            && (self.states.is_empty() || self.states.contains(&tenant.state))
            && self.database.is_none_or(|database| tenant.database == database)
    }
}

fn text(set: &str, tenants: &[&TenantStatus], total: i32) -> String {
    let states: Vec<String> = TenantState::ALL
        .iter()
        .map(|state| (state, tenants.iter().filter(|tenant| tenant.state == *state).count()))
        .filter(|(_, n)| *n > 0)
        .map(|(state, n)| format!("{} {state}", grouped(n)))
        .collect();
    let of = count(total, "tenant");
    if tenants.is_empty() {
        return format!("{set}: none of {of}.\n");
    }
    let rows = tenants.iter().map(|tenant| {
        vec![
            tenant.name.clone(),
            tenant.state.to_string(),
            tenant.database.clone(),
            tenant.schema.clone(),
            tenant.revision.as_deref().map(revision).unwrap_or_default().to_owned(),
            tenant.since.as_ref().map(|since| moment(since.0)).unwrap_or_default(),
            tenant.message.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
        ]
    });
    let table = table(&["TENANT", "STATE", "DATABASE", "SCHEMA", "REVISION", "SINCE", "MESSAGE"], &[], rows);
    format!("{set}: {} of {of}: {}\n\n{table}", grouped(tenants.len()), states.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::sample::tenants;

    #[test]
    fn whom_the_filters_take() {
        let all = tenants();
        let names = |wanted: Wanted<'_>| {
            let some = all.iter().filter(|tenant| wanted.takes(tenant));
            some.map(|tenant| tenant.name.as_str()).collect::<Vec<_>>().join(" ")
        };
        let (acme, initech) = (["acme".to_owned()], ["initech".to_owned(), "acme".to_owned()]);
        let failed = || vec![TenantState::Failed, TenantState::Blocked];
        assert_eq!(names(Wanted::default()), "acme globex hooli initech umbrella");
        assert_eq!(names(Wanted { states: failed(), ..Wanted::default() }), "initech umbrella");
        assert_eq!(names(Wanted { names: &initech, ..Wanted::default() }), "acme initech");
        assert_eq!(names(Wanted { names: &acme, states: failed(), ..Wanted::default() }), "");
        assert_eq!(names(Wanted { database: Some("acme-own"), ..Wanted::default() }), "acme");
    }

    #[test]
    fn goldens() {
        let all = tenants();
        insta::assert_snapshot!("tenants", text("customers", &all.iter().collect::<Vec<_>>(), 1500));
        insta::assert_snapshot!("tenants_none", text("customers", &[], 1500));
    }

    #[test]
    fn a_tenant_that_is_not_there_is_named() {
        let error = known("customers", &["acme".to_owned(), "acmee".to_owned()], &tenants()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tenantset/customers has no tenant acmee (it has 5); kubectl tenantry tenants customers lists them"
        );
    }
}
