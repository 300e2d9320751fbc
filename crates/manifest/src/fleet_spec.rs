//! What a TenantSet and its SchemaDefinition mean to the fleet.

use jiff::civil::Weekday;
use tenantry_api::{
    CountOrPercent,
    refs::TenantListRef,
    rollout_strategy::{self as api, Day, Rollout, Wave, WaveSelect},
    schema_definition::SchemaDefinitionSpec,
    tenant_set::{self, DatabaseEntry, TenantSetSpec},
    validation::FieldPath,
};
use tenantry_engine::{DatabaseName, Source};
use tenantry_fleet::{
    Amount, Approval, Definition, DriftMode, Entry, FleetSpec, Mode, OnFailure, Provision, Removal, Retry,
    RolloutSpec, SchemaTemplate, Select, SetIdentity, TenantSource, WaveSpec, Window,
};
use tenantry_planner::Policy;

use crate::{ConfigData, Unresolved};

/// What a TenantSet refers to, looked up: in manifests by the command line, on a cluster by the operator.
pub struct Around<'a> {
    /// Who the set is to the ledgers.
    pub identity: SetIdentity,
    /// The SchemaDefinition.
    pub definition: &'a SchemaDefinitionSpec,
    /// Its SQL, see [`sources`](crate::sources()).
    pub sources: Vec<Source>,
    /// Its policy, see [`policy`](crate::policy()).
    pub policy: Policy,
    /// The id by which claims name a TenantDatabase.
    pub database_id: &'a dyn Fn(&str) -> String,
    /// The ConfigMap of that name.
    pub config_map: &'a dyn Fn(&str) -> Option<&'a ConfigData>,
}

/// A TenantSet in the fleet's words.
///
/// # Errors
/// What the schema cannot see (a time zone that is not known, a list of tenants that is not there), each with
/// its field.
pub fn fleet_spec(name: &str, set: &TenantSetSpec, around: Around<'_>) -> Result<FleetSpec, Vec<Unresolved>> {
    let mut unresolved = Vec::new();
    let path = FieldPath::default().field("spec");
    let mut entries = Vec::new();
    for (index, entry) in set.databases.iter().enumerate() {
        match self::entry(entry, &path.field("databases").item(index), &around) {
            Ok(entry) => entries.push(entry),
            Err(one) => unresolved.push(one),
        }
    }
    let home = set.home_database_ref.as_ref().or(set.databases.first().map(|entry| &entry.database_ref));
    let rollout = rollout(&set.rollout, &path.field("rollout"), &mut unresolved);
    let (Some(home), Some(rollout), true) = (home, rollout, unresolved.is_empty()) else {
        return Err(unresolved);
    };
    Ok(FleetSpec {
        name: name.to_owned(),
        identity: around.identity,
        definition: Definition {
            name: set.schema_ref.name.clone(),
            sources: around.sources,
            policy: around.policy,
            allow_empty: around.definition.policy.allow_empty,
            pinned: set.schema_ref.revision.clone(),
        },
        home: DatabaseName::new(&home.name),
        entries,
        mode: match set.mode {
            tenant_set::Mode::Apply => Mode::Apply,
            tenant_set::Mode::Observe => Mode::Observe,
        },
        provision: match set.provision {
            tenant_set::Provision::Create => Provision::Create,
            tenant_set::Provision::Adopt => Provision::Adopt,
        },
        removal: match set.removal {
            tenant_set::Removal::Retain => Removal::Retain,
            tenant_set::Removal::Quarantine => Removal::Quarantine,
            tenant_set::Removal::Drop => Removal::Drop,
        },
        drift: match set.drift.mode {
            tenant_set::DriftMode::Report => DriftMode::Report,
            tenant_set::DriftMode::Correct => DriftMode::Correct,
            tenant_set::DriftMode::Ignore => DriftMode::Ignore,
        },
        rollout,
        take_over: set.take_over.clone(),
        let_go: set.let_go.map(count),
        suspended: set.suspend,
        history_limit: count(set.history_limit),
    })
}

fn entry(entry: &DatabaseEntry, path: &FieldPath, around: &Around<'_>) -> Result<Entry, Unresolved> {
    let source = &entry.tenants;
    let (tenants, exclusive) =
        match (&source.names, &source.schema_pattern, &source.query, &source.config_map_ref) {
            (Some(names), ..) => (TenantSource::Names(names.clone()), true),
            (_, Some(pattern), ..) => (TenantSource::Pattern(pattern.clone()), false),
            (_, _, Some(sql), _) => {
                let timeout = source.query_timeout.unwrap_or(tenant_set::TenantSource::DEFAULT_QUERY_TIMEOUT);
                let database = source.query_database_ref.as_ref().map(|other| DatabaseName::new(&other.name));
                (TenantSource::Query { sql: sql.clone(), database, timeout: timeout.get() }, false)
            }
            (.., Some(list)) => {
                (tenant_list(list, &path.field("tenants").field("configMapRef"), around)?, true)
            }
            (None, None, None, None) => {
                let message = tenantry_api::rules::ONE_SOURCE_OF_TENANTS.message.to_owned();
                return Err(Unresolved::unfit(path.field("tenants"), message));
            }
        };
    let schema = match (SchemaTemplate::new(&entry.schema_template), &tenants) {
        (Ok(template), _) => template,
        (Err(_), TenantSource::Names(names))
            if names.len() == 1 && !entry.schema_template.contains("{name}") =>
        {
            SchemaTemplate::fixed(&entry.schema_template)
        }
        (Err(_), _) => {
            let message = tenantry_api::rules::TEMPLATE_TELLS_TENANTS_APART.message.to_owned();
            return Err(Unresolved::unfit(path.field("schemaTemplate"), message));
        }
    };
    Ok(Entry {
        database: DatabaseName::new(&entry.database_ref.name),
        database_id: (around.database_id)(&entry.database_ref.name),
        tenants,
        schema,
        labels: entry.labels.clone(),
        exclusive,
    })
}

/// The names in a ConfigMap, one a line.
fn tenant_list(
    list: &TenantListRef,
    path: &FieldPath,
    around: &Around<'_>,
) -> Result<TenantSource, Unresolved> {
    let TenantListRef { name, key } = list;
    let Some(data) = (around.config_map)(name) else {
        return Err(Unresolved::missing(path.field("name"), "ConfigMap", name));
    };
    let Some(text) = data.get(key) else {
        let message = format!("ConfigMap {name} has no key {key}");
        return Err(Unresolved::unfit(path.field("key"), message));
    };
    let names = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(TenantSource::List { origin: format!("configmap/{name}"), names: names.map(str::to_owned).collect() })
}

/// The strategy; `None` where something was added to `unresolved`.
fn rollout(rollout: &Rollout, path: &FieldPath, unresolved: &mut Vec<Unresolved>) -> Option<RolloutSpec> {
    let before = unresolved.len();
    let mut windows = Vec::new();
    for (index, window) in rollout.windows.iter().enumerate() {
        let days = window.days.iter().map(|day| weekday(*day)).collect();
        match Window::new(days, &window.from, &window.to, &window.time_zone) {
            Ok(window) => windows.push(window),
            Err(error) => {
                unresolved.push(Unresolved::unfit(path.field("windows").item(index), error.to_string()));
            }
        }
    }
    let approved_digest = rollout.approved_digest.as_ref().and_then(|digest| match digest.parse() {
        Ok(digest) => Some(digest),
        Err(_) => {
            let message = tenantry_api::rules::DIGEST.message.to_owned();
            unresolved.push(Unresolved::unfit(path.field("approvedDigest"), message));
            None
        }
    });
    let mut waves = Vec::new();
    for (index, wave) in rollout.waves.iter().enumerate() {
        match self::wave(wave, &path.field("waves").item(index)) {
            Ok(wave) => waves.push(wave),
            Err(one) => unresolved.push(one),
        }
    }
    (unresolved.len() == before).then(|| RolloutSpec {
        waves,
        max_concurrent: count(rollout.max_concurrent),
        failure_budget: amount(rollout.failure_budget),
        on_failure: match rollout.on_failure {
            api::OnFailure::Pause => OnFailure::Pause,
            api::OnFailure::Continue => OnFailure::Continue,
            api::OnFailure::RollBack => OnFailure::RollBack,
        },
        approval: match rollout.approval {
            api::Approval::Always => Approval::Always,
            api::Approval::Destructive => Approval::Destructive,
            api::Approval::Never => Approval::Never,
        },
        approved_digest,
        windows,
        tenant_timeout: rollout.timeouts.tenant.get(),
        retry: Retry {
            attempts: count(rollout.retry.attempts),
            backoff: rollout.retry.backoff.get(),
            max_backoff: rollout.retry.max_backoff.get(),
        },
    })
}

fn wave(wave: &Wave, path: &FieldPath) -> Result<WaveSpec, Unresolved> {
    let select = match &wave.select {
        None => None,
        Some(WaveSelect { labels: Some(labels), .. }) => Some(Select::Labels(labels.clone())),
        Some(WaveSelect { names: Some(names), .. }) => Some(Select::Names(names.clone())),
        Some(WaveSelect { percent: Some(percent), .. }) => {
            Some(Select::Some(Amount::Percent(u8::try_from(*percent).unwrap_or(100))))
        }
        Some(WaveSelect { count: Some(number), .. }) => Some(Select::Some(Amount::Count(count(*number)))),
        Some(_) => {
            let message = tenantry_api::rules::ONE_WAY_TO_SELECT.message.to_owned();
            return Err(Unresolved::unfit(path.field("select"), message));
        }
    };
    Ok(WaveSpec {
        name: wave.name.clone(),
        select,
        failure_budget: wave.failure_budget.map(amount),
        min_ready: wave.min_ready.get(),
        pause: wave.pause,
    })
}

fn amount(amount: CountOrPercent) -> Amount {
    match amount {
        CountOrPercent::Count(count) => Amount::Count(count),
        CountOrPercent::Percent(percent) => Amount::Percent(percent),
    }
}

/// A number that the schema bounds from below.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
    }
}
