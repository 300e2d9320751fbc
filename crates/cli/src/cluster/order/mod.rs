//! People's orders: what is written into the spec of a set's rollout. The decision is pure; what somebody else wrote meanwhile
//! makes it be taken again.

pub mod approve;
pub mod pause;
pub mod tenants;

use kube::ResourceExt as _;
use serde_json::{Value, json};
use tenantry_api::SchemaRollout;
use tenantry_api::schema_rollout::RolloutState;

use super::client::{Cluster, object};
use super::scene::Scene;
use super::words::Kubectl;
use super::{ClusterError, answer};
use crate::args::{OrderArgs, SetArgs};
use crate::output::Next;
use crate::{Failure, Outcome};

/// How often a write is tried that somebody else was faster than.
const TRIES: u32 = 5;

/// What comes of an order.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    /// What is merged into the rollout's spec; nothing where it says so already.
    pub spec: Option<Value>,
    /// What was ordered, in a sentence.
    pub said: String,
    /// The tenants it is about.
    pub tenants: Vec<String>,
}

/// Why an order makes no sense as things are.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is nothing to give orders to.
    #[error(
        "tenantset/{0} has no rollout yet, so there is nothing to give orders to: kubectl tenantry status {0} says what it waits for"
    )]
    NoRollout(String),
    /// The rollout has ended.
    #[error("schemarollout/{rollout} is over ({state:?}): there is nothing to {what}")]
    Over {
        /// Which.
        rollout: String,
        /// How it ended.
        state: RolloutState,
        /// What was wanted.
        what: &'static str,
    },
    /// A digest that cannot be one.
    #[error(
        "{0:?} is no digest: type twelve or more of its hex digits, as kubectl tenantry plan prints them"
    )]
    NoDigest(String),
    /// A digest that is not offered.
    #[error("nothing that waits for an approval has the digest {digest}; {offered}. Nothing was approved")]
    NotOffered {
        /// What was typed.
        digest: String,
        /// What there is.
        offered: String,
    },
    /// More than one.
    #[error("{0} begins more than one digest: type more of its digits")]
    Ambiguous(String),
    /// Not paused.
    #[error("schemarollout/{rollout} is not paused: {state}")]
    NotPaused {
        /// Which.
        rollout: String,
        /// What it does.
        state: String,
    },
    /// Tenants that are not there.
    #[error(
        "tenantset/{set} has no tenant {unknown} (it has {all}); kubectl tenantry tenants {set} lists them"
    )]
    NoTenant {
        /// The set.
        set: String,
        /// Which.
        unknown: String,
        /// How many it has.
        all: usize,
    },
    /// Tenants in another state.
    #[error("{tenants}: only tenants that are {wanted} can be given that order. Nothing was ordered")]
    Otherwise {
        /// Which, and how they are.
        tenants: String,
        /// How they would have to be.
        wanted: &'static str,
    },
    /// A group that is not there.
    #[error("no drifted tenants are group {group}; {found}")]
    NoGroup {
        /// What was typed.
        group: String,
        /// What there is.
        found: String,
    },
    /// A list that has no room.
    #[error(
        "schemarollout/{rollout} has room for {limit} orders of a kind, and {wanted} are wanted: {remedy}"
    )]
    Full {
        /// Which.
        rollout: String,
        /// How many.
        limit: usize,
        /// How many it would be.
        wanted: usize,
        /// What can be done.
        remedy: &'static str,
    },
    /// A revision that cannot be gone back to.
    #[error("{0}")]
    Revision(String),
}

impl Scene {
    /// The rollout that orders are for.
    ///
    /// # Errors
    /// When there is none.
    pub fn for_orders(&self) -> Result<&SchemaRollout, Refused> {
        self.rollout.as_ref().ok_or_else(|| Refused::NoRollout(self.name()))
    }

    /// The rollout, if it has not ended.
    ///
    /// # Errors
    /// When it has, or there is none.
    fn for_orders_to(&self, what: &'static str) -> Result<&SchemaRollout, Refused> {
        let rollout = self.for_orders()?;
        match self.rollout_status().and_then(|status| status.state) {
            Some(state) if super::scene::is_over(state) => {
                Err(Refused::Over { rollout: rollout.name_any(), state, what })
            }
            _ => Ok(rollout),
        }
    }
}

/// Takes a decision on the set as it is, and writes it; once more when somebody else wrote meanwhile.
pub async fn carry_out(
    cluster: &Cluster,
    args: &SetArgs,
    decide: impl AsyncFn(&Scene) -> Result<Verdict, ClusterError>,
) -> Result<Outcome, Failure> {
    for _ in 0..TRIES {
        let scene = Scene::read(cluster, &args.set).await?;
        let verdict = decide(&scene).await?;
        let rollout = scene.for_orders().map_err(ClusterError::from)?;
        if let Some(spec) = &verdict.spec
            && !cluster.patch(rollout, spec).await?
        {
            continue;
        }
        let kubectl = Kubectl::new(&args.cluster);
        answer(args.output, || self::json(&scene, &verdict), || text(&scene, &verdict, &kubectl))?;
        return Ok(Outcome::Fine);
    }
    let name = Scene::read(cluster, &args.set).await?.for_orders().map_err(ClusterError::from)?.name_any();
    Err(ClusterError::Conflict { object: object::<SchemaRollout>(&name), tries: TRIES }.into())
}

fn json(scene: &Scene, verdict: &Verdict) -> Value {
    json!({
        "set": scene.name(),
        "rollout": scene.rollout.as_ref().map(kube::ResourceExt::name_any),
        "written": verdict.spec.is_some(),
        "said": verdict.said,
        "tenants": verdict.tenants,
    })
}

fn text(scene: &Scene, verdict: &Verdict, kubectl: &Kubectl) -> String {
    let mut next = Next::default();
    next.add("follow", kubectl.tenantry("status", &scene.name(), "--watch"));
    format!("{}\n{}", verdict.said, next.text())
}

/// Who gives the order: as typed, or the kubeconfig's user, or the login name.
pub fn by(args: &OrderArgs, cluster: &Cluster) -> Option<String> {
    let login = || ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok());
    let who = args.by.clone().or_else(|| cluster.user.clone()).or_else(login)?;
    // What the field holds at most.
    Some(who.chars().take(253).collect()).filter(|who: &String| !who.is_empty())
}
