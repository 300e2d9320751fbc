//! What kubectl says of a TenantSet.

use std::collections::BTreeSet;

use serde_json::Value;

/// A TenantSet as the API server has it.
pub struct Set(Value);

impl Set {
    pub fn new(object: Value) -> Self {
        Self(object)
    }

    /// The whole status.
    pub fn status(&self) -> String {
        self.0["status"].to_string()
    }

    /// Whether a condition is True.
    pub fn is(&self, condition: &str) -> bool {
        self.part(condition, "status") == "True"
    }

    /// Why a condition is as it is, in a word.
    pub fn reason(&self, condition: &str) -> &str {
        self.part(condition, "reason")
    }

    /// Why a condition is as it is.
    pub fn message(&self, condition: &str) -> &str {
        self.part(condition, "message")
    }

    /// How many tenants are in a state.
    pub fn count(&self, state: &str) -> usize {
        self.0["status"]["tenants"][state]
            .as_u64()
            .and_then(|count| count.try_into().ok())
            .unwrap_or_default()
    }

    /// The revision in force.
    pub fn revision(&self) -> &str {
        self.0["status"]["revision"].as_str().unwrap_or_default()
    }

    /// The newest rollout.
    pub fn rollout(&self) -> &str {
        self.0["status"]["rolloutRef"]["name"].as_str().unwrap_or_default()
    }

    /// The tenants that differ from the definition, those that differ alike together.
    pub fn drift(&self) -> BTreeSet<BTreeSet<String>> {
        let texts = |group: &Value| list(&group["examples"]).filter_map(text).collect();
        list(&self.0["status"]["drift"]).map(texts).collect()
    }

    /// The tenants that need somebody to look, and why.
    pub fn attention(&self) -> Vec<(String, String)> {
        let tenant = |tenant: &Value| Some((text(&tenant["name"])?, text(&tenant["message"])?));
        list(&self.0["status"]["attention"]).filter_map(tenant).collect()
    }

    fn part(&self, condition: &str, part: &str) -> &str {
        let conditions = list(&self.0["status"]["conditions"]);
        let condition = conditions.into_iter().find(|found| found["type"] == condition);
        condition.and_then(|found| found[part].as_str()).unwrap_or_default()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
