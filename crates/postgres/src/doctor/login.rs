//! The login: what it may, and what it may that it need not.

use tenantry_engine::{EngineError, Finding, Severity};
use tokio_postgres::types::Type;

use super::{Patient, counted, ok, some};
use crate::owner::Owner;

/// What is read of the login in one go.
struct Rights {
    superuser: bool,
    create_schema: bool,
    create_database: bool,
}

pub(super) async fn check(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    if let Some(rights) = rights(patient, findings).await? {
        login(patient, &rights, findings);
        schemas(patient, &rights, findings);
        ledger(patient, &rights, findings).await?;
        shadows(patient, &rights, findings);
    }
    owner(patient, findings).await?;
    owned(patient, findings).await
}

async fn rights(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<Option<Rights>, EngineError> {
    let sql = "SELECT
            role.rolsuper,
            pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
            role.rolcreatedb OR role.rolsuper
        FROM pg_catalog.pg_roles AS role
        WHERE role.rolname = current_user";
    let Some(row) = patient.row("login", sql, &[], findings).await? else { return Ok(None) };
    let read = |at: usize| row.try_get::<_, bool>(at).map_err(|error| patient.unread(&error));
    Ok(Some(Rights { superuser: read(0)?, create_schema: read(1)?, create_database: read(2)? }))
}

fn login(patient: &Patient<'_>, rights: &Rights, findings: &mut Vec<Finding>) {
    findings.push(if rights.superuser {
        Finding::new(
            Severity::Warning,
            "login",
            format!("{} is a superuser: a function in a tenant's schema that a plan calls may do anything", patient.login),
            format!(
                "Log in as a role of its own: CREATE ROLE tenantry LOGIN CREATEDB; GRANT CREATE ON DATABASE {} TO tenantry",
                patient.database
            ),
        )
    } else {
        ok("login", format!("{} is no superuser", patient.login))
    });
}

fn grant_create(patient: &Patient<'_>) -> String {
    format!("GRANT CREATE ON DATABASE {} TO {}", patient.database, patient.login)
}

fn schemas(patient: &Patient<'_>, rights: &Rights, findings: &mut Vec<Finding>) {
    findings.push(if rights.create_schema {
        ok("schemas", format!("{} may make schemas in {}", patient.login, patient.database))
    } else {
        Finding::new(
            Severity::Warning,
            "schemas",
            format!(
                "{} may not make schemas in {}: no new tenant can be provisioned",
                patient.login, patient.database
            ),
            grant_create(patient),
        )
    });
}

async fn ledger(
    patient: &Patient<'_>,
    rights: &Rights,
    findings: &mut Vec<Finding>,
) -> Result<(), EngineError> {
    let name = patient.settings.ledger_schema.as_str();
    let sql = include_str!("ledger.sql");
    let rows = patient.rows("ledger", sql, &[(&name, Type::TEXT)], findings).await?;
    let Some(rows) = rows else { return Ok(()) };
    let ledger = &patient.settings.ledger_schema;
    let Some(row) = rows.first() else {
        findings.push(if rights.create_schema {
            ok("ledger", format!("there is none yet; the first apply makes it in schema {ledger}"))
        } else {
            Finding::new(
                Severity::Warning,
                "ledger",
                format!("there is none, and {} may not make schema {ledger}: nothing can be applied", patient.login),
                format!(
                    "{}; or CREATE SCHEMA {ledger} AUTHORIZATION {}. To look only (mode: Observe) none is needed",
                    grant_create(patient),
                    patient.login
                ),
            )
        });
        return Ok(());
    };
    let read = |at: &str| row.try_get::<_, bool>(at).map_err(|error| patient.unread(&error));
    findings.push(match (read("readable")?, read("writable")?) {
        (true, true) => ok("ledger", format!("schema {ledger} can be read and written")),
        (readable, _) => Finding::new(
            Severity::Warning,
            "ledger",
            format!(
                "schema {ledger} is there, and {} may not {} it",
                patient.login,
                if readable { "write" } else { "read" }
            ),
            format!("Make {} its owner, or a member of the role that is", patient.login),
        ),
    });
    Ok(())
}

fn shadows(patient: &Patient<'_>, rights: &Rights, findings: &mut Vec<Finding>) {
    findings.push(if patient.shadows_named {
        ok("shadows", "plans are proved in the database that spec.shadow.databaseRef names, where not in place")
    } else if rights.create_database {
        ok("shadows", format!("{} may make a database to prove plans in", patient.login))
    } else {
        let (severity, message) = if rights.create_schema {
            (
                Severity::Note,
                "plans can be proved in place only: not those that refer to shared tables, or take several transactions",
            )
        } else {
            (Severity::Warning, "there is no place in which plans could be proved")
        };
        Finding::new(
            severity,
            "shadows",
            message,
            format!("ALTER ROLE {} CREATEDB, or name a scratch database in spec.shadow.databaseRef", patient.login),
        )
    });
}

/// Since 16 a member need not be one that may SET ROLE.
async fn owner(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let may = if patient.session.server().version_num >= 160_000 { "SET" } else { "MEMBER" };
    let owner = match patient.owner {
        Owner::Login => return Ok(()),
        Owner::Role(owner) => owner,
        Owner::PerTenant { before, after } => return owners(patient, (before, after), may, findings).await,
    };
    let name = owner.as_str();
    let sql = "SELECT pg_catalog.pg_has_role(role.oid, $2) FROM pg_catalog.pg_roles AS role WHERE role.rolname = $1";
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&name, Type::TEXT), (&may, Type::TEXT)];
    let Some(rows) = patient.rows("owner role", sql, &parameters, findings).await? else { return Ok(()) };
    let member: Option<bool> =
        rows.first().map(|row| row.try_get(0)).transpose().map_err(|error| patient.unread(&error))?;
    findings.push(match member {
        Some(true) => ok("owner role", format!("plans run as {owner}")),
        Some(false) => Finding::new(
            Severity::Error,
            "owner role",
            format!("{} may not become {owner}, as whom plans run", patient.login),
            format!("GRANT {owner} TO {}", patient.login),
        ),
        None => Finding::new(
            Severity::Error,
            "owner role",
            format!("the role {owner}, as whom plans run, is not there"),
            format!("CREATE ROLE {owner}; GRANT {owner} TO {}; or name another in ownerRole", patient.login),
        ),
    });
    Ok(())
}

/// Of roles that each are one tenant's, those that are there. That a tenant has none is said when its schema is made.
async fn owners(
    patient: &Patient<'_>,
    (before, after): (&str, &str),
    may: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), EngineError> {
    let sql = include_str!("owner_roles.sql");
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&before, Type::TEXT), (&after, Type::TEXT), (&may, Type::TEXT)];
    let Some(row) = patient.row("owner role", sql, &parameters, findings).await? else { return Ok(()) };
    let failed = |error| patient.unread(&error);
    let roles: i64 = row.try_get("roles").map_err(failed)?;
    let denied: Vec<String> = row.try_get("denied").map_err(failed)?;
    let owner = patient.owner;
    findings.push(if !denied.is_empty() {
        Finding::new(
            Severity::Error,
            "owner role",
            format!(
                "{} may not become {} of the {} {owner}, as whom plans run: {}",
                patient.login,
                denied.len(),
                counted(roles, "role"),
                some(&denied)
            ),
            format!("For each of them: GRANT ... TO {}", patient.login),
        )
    } else if roles == 0 {
        Finding::new(
            Severity::Note,
            "owner role",
            format!("plans run as {owner}, and there is no such role yet"),
            format!(
                "For each tenant, before it is provisioned: CREATE ROLE ...; GRANT ... TO {}",
                patient.login
            ),
        )
    } else {
        ok(
            "owner role",
            format!("plans run as {owner}: {}, all of them can be taken", counted(roles, "role")),
        )
    });
    Ok(())
}

/// What belongs to others can be read, and not changed.
async fn owned(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Result<(), EngineError> {
    let sql = include_str!("owned.sql");
    let ledger = patient.settings.ledger_schema.as_str();
    let row = patient.row("ownership", sql, &[(&ledger, Type::TEXT)], findings).await?;
    let Some(row) = row else { return Ok(()) };
    let failed = |error| patient.unread(&error);
    let schemas: i64 = row.try_get("schemas").map_err(failed)?;
    let foreign: i64 = row.try_get("foreign_schemas").map_err(failed)?;
    let hidden: Vec<String> = row.try_get("hidden").map_err(failed)?;
    if !hidden.is_empty() {
        findings.push(Finding::new(
            Severity::Warning,
            "visibility",
            format!(
                "{} may not look up names in {}, which cannot be read: {}",
                patient.login,
                counted(i64::try_from(hidden.len()).unwrap_or(i64::MAX), "schema"),
                some(&hidden)
            ),
            format!("Where they are tenants: GRANT USAGE ON SCHEMA ... TO {}", patient.login),
        ));
    }
    let owners: Vec<String> = row.try_get("owners").map_err(failed)?;
    findings.push(if foreign == 0 {
        ok("ownership", format!("{} beside public and the server's, all of them can be changed", counted(schemas, "schema")))
    } else {
        Finding::new(
            Severity::Note,
            "ownership",
            format!(
                "{foreign} of {} beside public and the server's have objects of roles that {} is no member of: {}. They can \
                 be read, and not changed",
                counted(schemas, "schema"),
                patient.login,
                some(&owners)
            ),
            format!("Where they are tenants: GRANT ... TO {}", patient.login),
        )
    });
    Ok(())
}
