//! TenantSlice: the state of up to 200 tenants in one object.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{refs::LocalRef, tenant_set::TenantStatus};

/// How many tenants one slice holds at most.
pub const TENANTS_IN_A_SLICE: usize = 200;

/// The tenants of one slice.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "tenantry.dev",
    version = "v1alpha1",
    kind = "TenantSlice",
    plural = "tenantslices",
    namespaced,
    no_spec,
    shortname = "tslice",
    category = "tenantry",
    derive = "PartialEq",
    doc = "A TenantSlice holds the state of up to 200 tenants of a TenantSet, as an EndpointSlice holds the endpoints of a Service. The operator writes it, and only when something in it changed. Nobody else should: it is made anew from the ledger in the database.",
    selectable = ".tenantSetRef.name",
    printcolumn(name = "TenantSet", type_ = "string", json_path = ".tenantSetRef.name"),
    printcolumn(name = "Tenants", type_ = "integer", json_path = ".count"),
    printcolumn(name = "Summary", type_ = "string", json_path = ".summary"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct TenantSliceSpec {
    /// The TenantSet that the tenants belong to.
    pub tenant_set_ref: LocalRef,
    /// How many tenants stand here.
    #[schemars(range(min = 0, max = 200))]
    pub count: i32,
    /// Their states in one line: `197 InSync, 2 Drifted, 1 Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub summary: Option<String>,
    /// The tenants, sorted by name.
    #[serde(default)]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub tenants: Vec<TenantStatus>,
}
