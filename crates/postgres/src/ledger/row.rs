//! One row of the ledger, read by column.

use tenantry_engine::{EngineError, SchemaName};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Json};

use super::PostgresLedger;

/// A row whose content is checked: a person may have written into it.
pub(super) struct Line<'a> {
    ledger: &'a PostgresLedger,
    row: &'a Row,
    /// The table, for messages.
    table: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn new(ledger: &'a PostgresLedger, table: &'a str, row: &'a Row) -> Self {
        Self { ledger, row, table }
    }

    /// A column as the server has it.
    pub(super) fn get<T: FromSql<'a>>(&self, column: &str) -> Result<T, EngineError> {
        self.row.try_get(column).map_err(|error| self.strange(column, &error.to_string()))
    }

    /// A column that holds a name, a digest or a fingerprint.
    pub(super) fn parse<T>(&self, column: &str) -> Result<T, EngineError>
    where
        T: TryFrom<String, Error: std::fmt::Display>,
    {
        T::try_from(self.get(column)?).map_err(|error| self.strange(column, &error.to_string()))
    }

    /// The same, where there need not be one.
    pub(super) fn parse_any<T>(&self, column: &str) -> Result<Option<T>, EngineError>
    where
        T: TryFrom<String, Error: std::fmt::Display>,
    {
        let text: Option<String> = self.get(column)?;
        text.map(T::try_from).transpose().map_err(|error| self.strange(column, &error.to_string()))
    }

    /// A schema's name, also of one that is looked at only.
    pub(super) fn schema(&self, column: &str) -> Result<SchemaName, EngineError> {
        let name: String = self.get(column)?;
        SchemaName::for_reading(name).map_err(|error| self.strange(column, &error.to_string()))
    }

    /// The same, where there need not be one.
    pub(super) fn schema_any(&self, column: &str) -> Result<Option<SchemaName>, EngineError> {
        let name: Option<String> = self.get(column)?;
        let name = name.map(SchemaName::for_reading).transpose();
        name.map_err(|error| self.strange(column, &error.to_string()))
    }

    /// A column of JSON that is understood.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, EngineError> {
        self.row
            .try_get(column)
            .map(|Json(value)| value)
            .map_err(|_| self.strange(column, "it has another form"))
    }

    /// What stands there is not what this program writes.
    pub(super) fn strange(&self, column: &str, why: &str) -> EngineError {
        self.ledger.unfit(format!(
            "column {column} of its table {} holds what this program does not write ({why}). Correct that row, or remove it",
            self.table
        ))
    }
}
