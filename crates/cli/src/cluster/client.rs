//! A cluster: from the kubeconfig to objects read and patched.

use std::fmt::Debug;
use std::time::Duration;

use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{NamespaceResourceScope, Status};
use kube::{Client, Config, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{ClusterError, causes, inner};
use crate::args::ClusterArgs;
use crate::output::text;

/// Whose fields ours are, in `metadata.managedFields`.
const FIELD_MANAGER: &str = "kubectl-tenantry";
/// How long an API server may take to be reached, and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// An object of a namespace that can be read.
pub trait Readable:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned
{
}

impl<K> Readable for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned
{
}

/// One namespace of a cluster, as somebody sees it.
pub struct Cluster {
    client: Client,
    server: String,
    /// The namespace.
    pub namespace: String,
    /// The kubeconfig's user, as whom people's orders are signed.
    pub user: Option<String>,
}

impl Cluster {
    /// The cluster that the kubeconfig says. Asks nothing of it yet.
    pub async fn connect(args: &ClusterArgs) -> Result<Self, ClusterError> {
        let kubeconfig = match &args.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let kubeconfig = match kubeconfig {
            // In a pod there is no kubeconfig, and none is needed.
            Err(_) if args.kubeconfig.is_none() && args.context.is_none() && inside().is_some() => None,
            read => Some(read?),
        };
        let user = kubeconfig.as_ref().and_then(|kubeconfig| user(kubeconfig, args.context.as_deref()));
        let config = match (kubeconfig, inside()) {
            (Some(kubeconfig), _) => {
                let options =
                    KubeConfigOptions { context: args.context.clone(), ..KubeConfigOptions::default() };
                Config::from_custom_kubeconfig(kubeconfig, &options).await?
            }
            (None, Some(config)) => config,
            (None, None) => return Err(kube::config::KubeconfigError::FindPath.into()),
        };
        Self::over(config, args.namespace.clone(), user)
    }

    fn over(
        mut config: Config,
        namespace: Option<String>,
        user: Option<String>,
    ) -> Result<Self, ClusterError> {
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config)
            .map_err(|error| ClusterError::Client { server: server.clone(), why: inner(&error) })?;
        Ok(Self { client, server, namespace, user })
    }

    /// The same cluster, and the namespace that an object is in.
    pub fn within<K: Readable>(&self, object: &K) -> Self {
        let namespace = object.namespace().unwrap_or_default();
        Self { client: self.client.clone(), server: self.server.clone(), namespace, user: self.user.clone() }
    }

    /// The object of that name, or which there are.
    pub async fn one<K: Readable>(&self, name: &str) -> Result<K, ClusterError> {
        match self.find(name).await? {
            Some(object) => Ok(object),
            None => {
                let all: Vec<String> = self.list::<K>(None).await?.iter().map(K::name_any).collect();
                let found = match all.as_slice() {
                    [] => "there is none: -n names another namespace".to_owned(),
                    [one] => format!("there is {one}"),
                    some => format!("there are {}", text::names(some, some.len())),
                };
                let kind = K::kind(&()).into_owned();
                let namespace = self.namespace.clone();
                Err(ClusterError::Absent { kind, name: name.to_owned(), namespace, found })
            }
        }
    }

    /// The object of that name, if there is one.
    pub async fn find<K: Readable>(&self, name: &str) -> Result<Option<K>, ClusterError> {
        match self.api::<K>().get(name).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if is_absence(&status) => Ok(None),
            Err(error) => Err(self.told::<K>("get", &object::<K>(name), error)),
        }
    }

    /// The objects of the namespace, all or those that a field selector matches.
    pub async fn list<K: Readable>(&self, fields: Option<&str>) -> Result<Vec<K>, ClusterError> {
        self.list_of(&self.api(), fields).await
    }

    /// The objects of all namespaces.
    pub async fn list_everywhere<K: Readable>(&self) -> Result<Vec<K>, ClusterError> {
        self.list_of(&Api::all(self.client.clone()), None).await
    }

    async fn list_of<K: Readable>(&self, api: &Api<K>, fields: Option<&str>) -> Result<Vec<K>, ClusterError> {
        let parameters = ListParams { field_selector: fields.map(str::to_owned), ..ListParams::default() };
        let listed = api.list(&parameters).await;
        let plural = K::plural(&()).into_owned();
        listed.map(|list| list.items).map_err(|error| self.told::<K>("list", &plural, error))
    }

    /// Merges `spec` into an object's spec, if nobody changed the object since it was read. Says whether it did.
    pub async fn patch<K: Readable>(&self, read: &K, spec: &Value) -> Result<bool, ClusterError> {
        let body = json!({
            "metadata": { "resourceVersion": read.resource_version() },
            "spec": spec,
        });
        let name = read.name_any();
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match self.api::<K>().patch(&name, &parameters, &Patch::Merge(&body)).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(self.told::<K>("patch", &object::<K>(&name), error)),
        }
    }

    fn api<K: Readable>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn told<K: Readable>(&self, verb: &'static str, object: &str, error: kube::Error) -> ClusterError {
        let (server, plural) = (self.server.clone(), K::plural(&()).into_owned());
        match error {
            kube::Error::Api(status) => {
                let said = status.message.clone();
                match status.code {
                    401 => ClusterError::Login { server, why: said },
                    403 => ClusterError::Forbidden { said, verb, plural, namespace: self.namespace.clone() },
                    404 if verb != "patch" || !is_absence(&status) => {
                        ClusterError::NotInstalled { server, plural }
                    }
                    _ => ClusterError::Refused { verb, object: object.to_owned(), said },
                }
            }
            kube::Error::SerdeError(error) => ClusterError::Unreadable { plural, why: error.to_string() },
            kube::Error::Auth(error) => ClusterError::Login { server, why: causes(&error) },
            error => ClusterError::Unreachable { server, why: inner(&error) },
        }
    }
}

/// Whether an answer says that one object is missing, and not that its kind is unknown.
fn is_absence(status: &Status) -> bool {
    status.code == 404 && status.details.as_ref().is_some_and(|details| !details.name.is_empty())
}

/// `tenantset/customers`.
pub fn object<K: Resource<DynamicType = ()>>(name: &str) -> String {
    format!("{}/{name}", K::kind(&()).to_ascii_lowercase())
}

fn inside() -> Option<Config> {
    Config::incluster().ok()
}

/// The user of the context that is used.
fn user(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let wanted = context.or(kubeconfig.current_context.as_deref())?;
    let named = kubeconfig.contexts.iter().find(|named| named.name == wanted)?;
    named.context.as_ref()?.user.clone()
}
