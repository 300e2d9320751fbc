//! Which schemas could be tenants'.

use tenantry_engine::{EngineError, SchemaName};
use tenantry_planner::sql::Identifier;
use tokio_postgres::types::Type;

use crate::connect::Session;
use crate::shadow;

/// See [`tenantry_engine::Engine::schemas`]: the schemas whose names fit, without the server's own, those of extensions, the
/// ledger's and shadows.
pub(crate) async fn schemas(
    session: &Session,
    pattern: &str,
    ledger: &Identifier,
) -> Result<Vec<SchemaName>, EngineError> {
    let failed = |error| session.failed("looking for schemas", &error);
    let (pattern, ledger) = (like(pattern), ledger.as_str());
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&pattern, Type::TEXT), (&ledger, Type::TEXT), (&shadow::PREFIX, Type::TEXT)];
    let rows = session.query_typed(include_str!("schemas/schemas.sql"), &parameters).await.map_err(failed)?;
    let names: Vec<String> =
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
    // Those that cannot be a tenant's are not asked for.
    Ok(names.into_iter().filter_map(|name| SchemaName::new(name).ok()).collect())
}

/// A pattern, `*` for any text, as LIKE has it.
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        match character {
            '*' => like.push('%'),
            '%' | '_' | '\\' => like.extend(['\\', character]),
            other => like.push(other),
        }
    }
    like
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn only_the_asterisk_means_something() {
        assert_eq!(like(r"t_*%\x"), r"t\_%\%\\x");
    }
}
