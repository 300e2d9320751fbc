//! The story without a cluster: `kubectl-tenantry fleet` on a folder of manifests.

mod program;
mod story;

use crate::checks::Checks;
use crate::stage::{Failure, Stage};
use crate::timeline::Timeline;

/// Tells the story.
///
/// # Errors
/// When it cannot go on.
pub fn play(
    stage: &Stage,
    tenants: usize,
    checks: &mut Checks,
    timeline: &mut Timeline,
) -> Result<(), Failure> {
    let program = program::Program::find(stage.manifests())?;
    story::tell(stage, &program, tenants, checks, timeline)
}

/// What to try next.
pub fn next(stage: &Stage) -> String {
    format!(
        "What to try next, as long as it runs (from a terminal: until Enter):\n  \
         kubectl-tenantry fleet status -f {folder}\n  \
         kubectl-tenantry fleet drift -f {folder} -o json\n  \
         kubectl-tenantry schema inspect --database {url} --schema tenant_acme -o sql\n  \
         the same on a database of your own: README, \"A fleet, without a cluster\"",
        folder = stage.manifests().display(),
        url = stage.url(),
    )
}
