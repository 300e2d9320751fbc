//! Finds the programs: in `KUBEBUILDER_ASSETS`, on the PATH, in the build folder.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Directory with the programs, as kubebuilder's `setup-envtest` leaves them; goes before every other place.
const ASSETS_VARIABLE: &str = "KUBEBUILDER_ASSETS";
/// The build folder, where it is not `build/` at the root of the repository.
const BUILD_VARIABLE: &str = "TENANTRY_BUILD_DIR";

/// Where the programs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    pub(super) etcd: PathBuf,
    pub(super) api_server: PathBuf,
    pub(super) kubectl: PathBuf,
    pub(super) controllers: PathBuf,
}

impl Programs {
    /// The first of each that is found.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn find() -> Result<Self> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let build = set(BUILD_VARIABLE)
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build"), PathBuf::from);
        let path = set("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
        let places: Vec<PathBuf> = set(ASSETS_VARIABLE)
            .map(PathBuf::from)
            .into_iter()
            .chain(path.into_iter().flatten())
            .chain([build.join("control-plane")])
            .collect();
        Ok(Self {
            etcd: find(&places, "etcd")?,
            api_server: find(&places, "kube-apiserver")?,
            kubectl: find(&places, "kubectl")?,
            controllers: find(&places, "kube-controller-manager")?,
        })
    }
}

fn find(places: &[PathBuf], program: &str) -> Result<PathBuf> {
    let found = places.iter().map(|place| place.join(program)).find(|path| path.is_file());
    found.ok_or_else(|| Error::NotFound {
        wanted: program.to_owned(),
        looked: format!("{ASSETS_VARIABLE}, the PATH, build/control-plane"),
        fetch: "control-plane".to_owned(),
        otherwise: "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_counts_and_what_is_nowhere_says_how_to_get_it() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let places = [one.path().to_owned(), other.path().to_owned()];
        std::fs::write(other.path().join("etcd"), "").unwrap();
        assert_eq!(find(&places, "etcd").unwrap(), other.path().join("etcd"));
        std::fs::write(one.path().join("etcd"), "").unwrap();
        assert_eq!(find(&places, "etcd").unwrap(), one.path().join("etcd"));
        let error = find(&places, "kubectl").unwrap_err().to_string();
        assert!(error.contains("tools/fetch control-plane"), "{error}");
    }
}
