//! One segment of a plan as one message to the server: what runs, in order, and whose each statement is.

use std::fmt::Write as _;

use serde_json::json;
use tenantry_catalog::ObjectId;
use tenantry_engine::{Departure, Work};
use tenantry_planner::sql::{Identifier, Literal, SqlTemplate};
use tenantry_planner::{Plan, Segment as Steps, Step, Verb};

use super::locks::Locked;
use crate::connect::Term;

/// Whose a statement of a message is: what a failure of it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It begins the transaction, takes locks, compares.
    Entering,
    /// It makes the tenant's schema.
    Making,
    /// It takes the owner's role.
    ActingAs,
    /// A step of the plan, by index within the plan.
    Step(usize),
    /// It makes sure that the steps ran as the role they should run as.
    StillActing,
    /// It writes the ledger.
    Recording,
    /// It commits.
    Committing,
}

/// A message: its statements, and whose they are.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub text: String,
    pub parts: Vec<Part>,
}

impl Message {
    fn push(&mut self, part: Part, sql: &str) {
        self.text.push_str(sql);
        // A step may end in a comment: the semicolon goes on a line of its own.
        self.text.push_str("\n;\n");
        self.parts.push(part);
    }
}

/// How the steps of a segment run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// In one transaction.
    Together,
    /// A single one, outside of any.
    Alone,
}

/// Where in the plan a segment is, and what it starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub how: How,
    pub steps: &'a [Step],
    /// The index of its first step in the plan.
    pub first: usize,
    /// How many segments are over when it is.
    pub number: usize,
    pub is_last: bool,
    /// The schema's watermark before it; `None` where there is no schema.
    pub start: Option<&'a str>,
}

impl<'a> Segment<'a> {
    /// The segments of a plan; all start where the first one does, until they are told otherwise. A schema is made in
    /// a transaction, before anything that cannot run in one.
    pub(super) fn of(plan: &'a Plan, start: Option<&'a str>) -> Vec<Self> {
        let mut parts: Vec<(How, &[Step])> = plan
            .segments()
            .into_iter()
            .map(|segment| match segment {
                Steps::Transaction(steps) => (How::Together, steps),
                Steps::Alone(step) => (How::Alone, std::slice::from_ref(step)),
            })
            .collect();
        let makes_first = start.is_none() && parts.first().is_some_and(|(how, _)| *how == How::Alone);
        if parts.is_empty() || makes_first {
            parts.insert(0, (How::Together, &[]));
        }
        let count = parts.len();
        let mut first = 0;
        let place = |(at, (how, steps)): (usize, (How, &'a [Step]))| {
            let segment = Self { how, steps, first, number: at + 1, is_last: at + 1 == count, start };
            first += steps.len();
            segment
        };
        parts.into_iter().enumerate().map(place).collect()
    }
}

/// The names and limits that a message is made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub ledger: &'a Identifier,
    pub owner: Option<&'a Identifier>,
    pub term: Option<&'a Term>,
    pub lock_timeout_ms: u128,
    pub statement_timeout_ms: u128,
}

/// A segment that runs in a transaction, with everything around it (D12).
pub(super) fn transaction(work: &Work<'_>, segment: &Segment<'_>, setting: &Setting<'_>) -> Message {
    let mut message = Message::default();
    message.push(Part::Entering, "BEGIN ISOLATION LEVEL READ COMMITTED");
    enter(&mut message, work, segment, setting);
    if segment.start.is_none() {
        let schema = work.tenant.key.schema.identifier();
        let owner = setting.owner.map(|owner| format!(" AUTHORIZATION {owner}")).unwrap_or_default();
        message.push(Part::Making, &format!("CREATE SCHEMA {schema}{owner}"));
    }
    act(&mut message, work, setting, "LOCAL ");
    for (at, step) in segment.steps.iter().enumerate() {
        let sql = SqlTemplate::parse(step.sql.as_str()).fill(work.tenant.key.schema.identifier());
        message.push(Part::Step(segment.first + at), &sql);
    }
    if let Some(owner) = setting.owner {
        // A function of the tenant may have taken the role back (D2): then this divides by zero.
        let check = format!("SELECT 1 / (current_user = {})::integer", Literal(owner.as_str()));
        message.push(Part::StillActing, &check);
        message.push(Part::StillActing, "RESET ROLE");
    }
    message.push(Part::Recording, &ledger_path(setting, "LOCAL "));
    message.push(Part::Recording, &leave(work, segment));
    message.push(Part::Committing, "COMMIT");
    message
}

/// Before a statement that cannot run in a transaction: takes note that it begins, in a transaction of its own.
pub(super) fn before_alone(work: &Work<'_>, segment: &Segment<'_>, setting: &Setting<'_>) -> Message {
    let mut message = Message::default();
    message.push(Part::Entering, "BEGIN ISOLATION LEVEL READ COMMITTED");
    enter(&mut message, work, segment, setting);
    let begun = Segment { steps: &[], number: segment.number - 1, is_last: false, ..*segment };
    message.push(Part::Recording, &leave(work, &begun));
    message.push(Part::Committing, "COMMIT");
    message
}

/// The settings of a statement that runs outside of a transaction: SET LOCAL would only warn there (D2).
pub(super) fn around_alone(work: &Work<'_>, setting: &Setting<'_>) -> Message {
    let mut message = Message::default();
    message.push(Part::Entering, &timeouts(setting, ""));
    act(&mut message, work, setting, "");
    message
}

/// The statement itself: a message of its own, or the server would make a transaction of it.
pub(super) fn alone(work: &Work<'_>, segment: &Segment<'_>) -> Message {
    let mut message = Message::default();
    for (at, step) in segment.steps.iter().enumerate() {
        let sql = SqlTemplate::parse(step.sql.as_str()).fill(work.tenant.key.schema.identifier());
        message.text.push_str(&sql);
        message.parts.push(Part::Step(segment.first + at));
    }
    message
}

/// Takes the settings of [`around_alone`] back, and takes note of the end.
pub(super) fn after_alone(work: &Work<'_>, segment: &Segment<'_>, setting: &Setting<'_>) -> Message {
    let mut message = Message::default();
    message.push(Part::StillActing, "RESET ROLE");
    message.push(Part::Recording, "BEGIN ISOLATION LEVEL READ COMMITTED");
    message.push(Part::Recording, &ledger_path(setting, ""));
    message.push(Part::Recording, &leave(work, segment));
    message.push(Part::Committing, "COMMIT");
    message
}

/// What becomes of the schema of a tenant that left or came back. `aside`: its reserved name.
pub(super) fn departure(departure: &Departure<'_>, aside: &str, setting: &Setting<'_>) -> Message {
    let mut message = Message::default();
    message.push(Part::Entering, "BEGIN ISOLATION LEVEL READ COMMITTED");
    message.push(Part::Entering, &timeouts(setting, "LOCAL "));
    leads(&mut message, setting);
    let claim = departure.claim;
    let sql = format!(
        "SELECT depart({}, {}, {}, {}, {}, {}, {}, {}, {})",
        Literal(departure.tenant.key.schema.as_str()),
        Literal(departure.fate.word()),
        departure.oid,
        Literal(aside),
        Literal(&claim.set),
        literal(claim.cluster.as_deref()),
        Literal(&claim.database),
        Literal(departure.digest.as_str()),
        literal(departure.approved_by),
    );
    message.push(Part::Entering, &sql);
    message.push(Part::Committing, "COMMIT");
    message
}

fn timeouts(setting: &Setting<'_>, local: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config('lock_timeout', '{}', {is_local}), \
         pg_catalog.set_config('statement_timeout', '{}', {is_local})",
        setting.lock_timeout_ms,
        setting.statement_timeout_ms,
        is_local = !local.is_empty(),
    )
}

fn enter(message: &mut Message, work: &Work<'_>, segment: &Segment<'_>, setting: &Setting<'_>) {
    message.push(Part::Entering, &timeouts(setting, "LOCAL "));
    leads(message, setting);
    let locked = Locked::by(segment.steps);
    let mut sql = format!(
        "SELECT enter({}, {}, {}, {}, {}, ",
        Literal(work.tenant.key.schema.as_str()),
        literal(segment.start),
        Literal(&work.claim.set),
        literal(work.claim.cluster.as_deref()),
        Literal(&work.claim.database),
    );
    array(&mut sql, locked.tables().map(|(name, _)| name));
    sql.push_str(", ");
    array(&mut sql, locked.tables().map(|(_, mode)| mode.sql()));
    sql.push(')');
    message.push(Part::Entering, &sql);
}

/// Where several operators could be at work: only the one that leads.
fn leads(message: &mut Message, setting: &Setting<'_>) {
    if let Some(term) = setting.term {
        let (scope, lease) = (Literal(&term.scope), Literal(&term.lease));
        message.push(Part::Entering, &format!("SELECT leads({scope}, {lease}, {})", term.number));
    }
}

/// Takes the owner's role, and looks for names where a plan's are (D2).
fn act(message: &mut Message, work: &Work<'_>, setting: &Setting<'_>, local: &str) {
    let schema = work.tenant.key.schema.identifier();
    message.push(Part::Entering, &format!("SET {local}search_path = {schema}, pg_catalog, pg_temp"));
    // As in the proof: a function may come before what its body uses.
    message.push(Part::Entering, &format!("SET {local}check_function_bodies = off"));
    if let Some(owner) = setting.owner {
        message.push(Part::ActingAs, &format!("SET {local}ROLE {owner}"));
    }
}

fn ledger_path(setting: &Setting<'_>, local: &str) -> String {
    format!("SET {local}search_path = pg_catalog, {}, pg_temp", setting.ledger)
}

fn leave(work: &Work<'_>, segment: &Segment<'_>) -> String {
    let aside = segment
        .steps
        .iter()
        .filter_map(|step| step.reserved.as_deref().map(|reserved| recorded(&step.object, reserved)));
    let back =
        segment.steps.iter().filter(|step| step.verb == Verb::Restore).map(|step| recorded(&step.object, ""));
    format!(
        "SELECT leave({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        Literal(work.tenant.key.schema.as_str()),
        Literal(work.digest.as_str()),
        segment.number,
        segment.is_last,
        segment.start.is_none(),
        Literal(work.revision.as_str()),
        Literal(work.to.as_str()),
        Literal(&serde_json::Value::Array(aside.collect()).to_string()),
        Literal(&serde_json::Value::Array(back.collect()).to_string()),
        Literal(work.rollout),
        literal(work.approved_by),
    )
}

fn recorded(object: &ObjectId, reserved: &str) -> serde_json::Value {
    json!({"kind": object.kind.word(), "name": object.name, "reserved": reserved})
}

fn literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| Literal(text).to_string())
}

fn array<'a>(sql: &mut String, texts: impl Iterator<Item = &'a str>) {
    sql.push_str("ARRAY[");
    for (at, text) in texts.enumerate() {
        let _ = write!(sql, "{}{}", if at == 0 { "" } else { ", " }, Literal(text));
    }
    sql.push_str("]::text[]");
}
