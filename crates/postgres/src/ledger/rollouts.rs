//! What the fleet remembers of a set: its rollouts, itself, and what stood when it was last looked at (D7, D15, D19).

use jiff::Timestamp;
use serde_json::Value;
use tenantry_engine::{Baseline, EngineError, Environment, Pulse, RolloutRecord, SetRecord};
use tokio_postgres::types::{Json, Type};

use super::row::Line;
use super::{PostgresLedger, Values};

const BEGIN_ROLLOUT: &str = "INSERT INTO rollout (set, id, version, state, at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (set, id) DO NOTHING";
const GO_ON_WITH_ROLLOUT: &str = "UPDATE rollout SET version = $3, state = $4, at = $5
    WHERE set = $1 AND id = $2 AND version = $3 - 1";
const IS_ROLLOUT: &str = "SELECT FROM rollout
    WHERE set = $1 AND id = $2 AND version = $3 AND state = $4 AND at = $5";
const BEGIN_SET: &str = "INSERT INTO set_memory (set, version, state, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (set) DO NOTHING";
const GO_ON_WITH_SET: &str = "UPDATE set_memory SET version = $2, state = $3, at = $4
    WHERE set = $1 AND version = $2 - 1";
const IS_SET: &str = "SELECT FROM set_memory WHERE set = $1 AND version = $2 AND state = $3 AND at = $4";
const WRITE_BASELINE: &str = "INSERT INTO baseline (set, pulse, environment, policy) VALUES ($1, $2, $3, $4)
    ON CONFLICT (set) DO UPDATE
    SET pulse = excluded.pulse, environment = excluded.environment, policy = excluded.policy, at = now()";

impl PostgresLedger {
    pub(super) async fn write_rollout(&self, rollout: &RolloutRecord) -> Result<(), EngineError> {
        let what = format!("rollout {} of {}", rollout.id, rollout.set);
        let values = [
            (&rollout.set as _, Type::TEXT),
            (&rollout.id as _, Type::TEXT),
            (&rollout.version as _, Type::INT8),
            (&rollout.state as _, Type::JSONB),
            (&rollout.at as _, Type::TIMESTAMPTZ),
        ];
        let sql = if rollout.version == 1 { BEGIN_ROLLOUT } else { GO_ON_WITH_ROLLOUT };
        self.write_version(what, sql, IS_ROLLOUT, &values).await
    }

    pub(super) async fn write_memory(&self, record: &SetRecord) -> Result<(), EngineError> {
        let what = format!("what is remembered of {}", record.set);
        let values = [
            (&record.set as _, Type::TEXT),
            (&record.version as _, Type::INT8),
            (&record.state as _, Type::JSONB),
            (&record.at as _, Type::TIMESTAMPTZ),
        ];
        let sql = if record.version == 1 { BEGIN_SET } else { GO_ON_WITH_SET };
        self.write_version(what, sql, IS_SET, &values).await
    }

    /// Writes the version after the last one, or finds that this very write was done before the connection was lost.
    async fn write_version(
        &self,
        what: String,
        sql: &str,
        is_done: &str,
        values: Values<'_>,
    ) -> Result<(), EngineError> {
        let doing = format!("writing {what}");
        if self.tell(&doing, sql, values).await? > 0 || !self.ask(&doing, is_done, values).await?.is_empty() {
            return Ok(());
        }
        Err(EngineError::Raced { what })
    }

    pub(super) async fn rollouts_of(&self, set: &str, limit: u32) -> Result<Vec<RolloutRecord>, EngineError> {
        let sql = "SELECT set, id, version, state, at FROM rollout
            WHERE set = $1 ORDER BY begun_at DESC, id DESC LIMIT $2";
        let values = [(&set as _, Type::TEXT), (&i64::from(limit) as _, Type::INT8)];
        let rows = self.ask("reading rollouts", sql, &values).await?;
        let read = |row| {
            let line = Line::new(self, "rollout", row);
            Ok(RolloutRecord {
                id: line.get("id")?,
                set: line.get("set")?,
                version: line.get("version")?,
                state: line.get::<Value>("state")?,
                at: line.get::<Timestamp>("at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn memory_of(&self, set: &str) -> Result<Option<SetRecord>, EngineError> {
        let sql = "SELECT set, version, state, at FROM set_memory WHERE set = $1";
        let rows = self.ask("reading what is remembered of a set", sql, &[(&set, Type::TEXT)]).await?;
        let read = |row| {
            let line = Line::new(self, "set_memory", row);
            Ok(SetRecord {
                set: line.get("set")?,
                version: line.get("version")?,
                state: line.get::<Value>("state")?,
                at: line.get::<Timestamp>("at")?,
            })
        };
        rows.first().map(read).transpose()
    }

    pub(super) async fn baseline_of(&self, set: &str) -> Result<Option<Baseline>, EngineError> {
        let sql = "SELECT pulse, environment, policy FROM baseline WHERE set = $1";
        let rows = self.ask("reading a baseline", sql, &[(&set, Type::TEXT)]).await?;
        let read = |row| {
            let line = Line::new(self, "baseline", row);
            Ok(Baseline {
                pulse: line.get::<Option<String>>("pulse")?.map(Pulse),
                environment: line.json::<Environment>("environment")?,
                policy: line.parse("policy")?,
            })
        };
        rows.first().map(read).transpose()
    }

    pub(super) async fn write_baseline(&self, set: &str, baseline: &Baseline) -> Result<(), EngineError> {
        let pulse = baseline.pulse.as_ref().map(|Pulse(pulse)| pulse);
        let values = [
            (&set as _, Type::TEXT),
            (&pulse as _, Type::TEXT),
            (&Json(&baseline.environment) as _, Type::JSONB),
            (&baseline.policy.as_str() as _, Type::TEXT),
        ];
        self.tell("setting a baseline", WRITE_BASELINE, &values).await.map(drop)
    }
}
