//! The control plane of Kubernetes, as a cluster has it: etcd and kube-apiserver, and kubectl to talk to them.

mod control_plane;
mod programs;

pub use control_plane::ControlPlane;
pub use programs::Programs;

pub use crate::error::{Error, Result};
