//! The story on Kubernetes: manifests are applied, operators do the work, kubectl shows it.

mod kubernetes;
mod rollouts;
mod set;
mod tenants;

use kubernetes::Kubernetes;

use crate::checks::{Checks, Reference};
use crate::claims::{FIRST, NEXT};
use crate::stage::{Failure, Stage};
use crate::timeline::{Timeline, number};

/// A file that the definition gets beside `app.sql`.
const LABELS: &str = include_str!("../sql/labels.sql");
/// The operators; which of them leads, the Lease says.
const REPLICAS: [&str; 2] = ["tenantry-operator-1", "tenantry-operator-2"];

/// Starts the control plane with nothing on it.
///
/// # Errors
/// When there are no programs for it.
pub fn start(stage: &Stage) -> Result<Kubernetes, Failure> {
    Kubernetes::start(stage)
}

/// Tells the story.
///
/// # Errors
/// When it cannot go on.
pub fn play(
    stage: &Stage,
    kubernetes: &mut Kubernetes,
    tenants: usize,
    checks: &mut Checks,
    timeline: &mut Timeline,
) -> Result<(), Failure> {
    println!("{}", kubernetes.version()?);
    let told = Teller { stage, kubernetes, tenants }.tell(checks, timeline);
    if told.is_err() || !checks.result().1.is_empty() {
        let complaints = kubernetes.complaints();
        if !complaints.is_empty() {
            println!("\nWhat operators complained of:{complaints}");
        }
    }
    told
}

/// What to try next.
pub fn next(stage: &Stage, kubernetes: &Kubernetes) -> String {
    format!(
        "What to try next, as long as it runs (from a terminal: until Enter):\n  {}\n  psql {}\n\
         On a cluster of your own: docs/install.md. Without one: make demo-local.",
        kubernetes.next(),
        stage.url()
    )
}

/// Who tells it, and of how many.
struct Teller<'a> {
    stage: &'a Stage,
    kubernetes: &'a mut Kubernetes,
    tenants: usize,
}

/// What psql makes of the three versions of the definition.
struct Versions {
    first: Reference,
    labelled: Reference,
    next: Reference,
}

impl Teller<'_> {
    fn tell(mut self, checks: &mut Checks, timeline: &mut Timeline) -> Result<(), Failure> {
        let tenants = self.tenants;
        let versions = Versions {
            first: Reference::of(self.stage, FIRST)?,
            labelled: Reference::of(self.stage, &format!("{FIRST}{LABELS}"))?,
            next: Reference::of(self.stage, &format!("{NEXT}{LABELS}"))?,
        };
        timeline.act("The operator is installed", "installed, two operators started", 0, || {
            self.install(checks)
        })?;
        let first = timeline.act(
            &format!("{} customers get their schemas", number(tenants)),
            "schemas provisioned from the definition",
            tenants,
            || self.provision(&versions.first, checks),
        )?;
        timeline.act(
            "Somebody changes six tenants by hand, in five ways",
            "drift made by hand, found and grouped",
            6,
            || self.drift(&versions.first, checks),
        )?;
        timeline.act(
            "One of them is brought back to the definition",
            "one drifted tenant corrected",
            1,
            || self.correct(&versions.first, checks),
        )?;
        timeline.act(
            "A customer signs up: one row more in the product's own table",
            "a new tenant, from its row to its schema",
            1,
            || self.arrive(&versions.first, checks),
        )?;
        timeline.act(
            "The definition gets a second file, labels.sql: two new tables, rolled out in waves",
            "a harmless version, rolled out in waves",
            tenants + 1,
            || self.label(&versions, checks),
        )?;
        timeline.act(
            "The next version removes contact.fax: a person has to approve that",
            "a destructive version, planned, waits for approval",
            tenants + 1,
            || self.offer(checks),
        )?;
        let former = timeline.act(
            "Approved; the operator that works is killed with -9 in the middle",
            "approved, rolled out, killed in the middle",
            tenants + 1,
            || self.kill(checks),
        )?;
        timeline.act(
            "The other operator takes over and finishes; one tenant cannot take it",
            "taken over by the other operator, finished",
            tenants + 1,
            || self.finish(&former, &versions.next, checks),
        )?;
        timeline.act(
            "The stubborn tenant's rows are mended",
            "the stubborn tenant's rows mended, retried",
            1,
            || self.retry(&versions.next, checks),
        )?;
        timeline.act(
            "It was a mistake: back to the first version, by a pin in the TenantSet",
            "rolled back, put-aside rows brought back",
            tenants + 1,
            || self.roll_back(&first, &versions.first, checks),
        )
    }
}
