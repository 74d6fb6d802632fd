//! Where the API is and who asks: a kubeconfig, else what every pod is given.
//!
//! In this order: `kubeconfig`, `KUBECONFIG`, `~/.kube/config`, the pod's service account, and with
//! `endpoint` alone nobody (`kubectl proxy` asks for nothing). A file that is named and broken is an
//! error and never makes room for the next. All files are read anew for each lookup, since the
//! tokens in them are replaced every hour.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::kubeconfig::{self, Chosen, Cluster, User};
use super::{NAME, keys, plugin};
use crate::{FileError, Identity, Kind, Lookup, Reply, ResolveError, Rest, Secret, judge_status};

/// Where a pod finds the credentials of its service account.
pub(super) const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The longest file. Chosen: a kubeconfig with a hundred clusters has 600 KiB.
const FILE_BYTES_MAX: usize = 4 << 20;

/// Where the API is, what it shows and is shown, and who asks.
#[derive(Default)]
pub(super) struct Login {
    server: String,
    roots_pem: Option<Vec<u8>>,
    pub(super) identity: Option<Identity>,
    pub(super) token: Option<Secret>,
    password: Option<(String, Secret)>,
    namespace: Option<String>,
}

/// Opens the API, and gives the namespace that `own` stands for.
pub(super) async fn open(lookup: Lookup<'_>) -> Result<(Rest<'_>, String), ResolveError> {
    let mut login = find(lookup).await?;
    if let Some(token) = lookup.secret("token").await? {
        (login.token, login.identity, login.password) = (Some(token), None, None);
    }
    let mut rest = Rest::open(lookup, &login.server).await?.with_judge(judge);
    // What the query says of TLS is there already and goes before the kubeconfig.
    if let Some(pem) = login.roots_pem.filter(|_| !is_given(lookup, "ca_file")) {
        rest = rest.trusting(pem);
    }
    let is_shown = !is_given(lookup, "client_cert_file");
    if let Some(identity) = login.identity.filter(|_| is_shown) {
        rest = rest.showing(identity);
    }
    rest = match (login.token, login.password) {
        (Some(token), _) => rest.with_bearer(&token),
        (None, Some((user, password))) => rest.with_basic(&user, &password),
        (None, None) => rest,
    };
    let namespace = login.namespace.unwrap_or_else(|| "default".to_owned());
    Ok((rest, namespace))
}

/// A selector that cannot be right is refused with the reason `BadRequest`; other replies of that
/// status are not the API's.
fn judge(reply: &Reply) -> Option<Kind> {
    let is_bad = || {
        let body: Value = serde_json::from_slice(&reply.body).ok()?;
        Some(body.pointer("/reason")?.as_str()? == "BadRequest")
    };
    match reply.status {
        400 if is_bad() == Some(true) => Some(Kind::Query),
        _ => judge_status(reply),
    }
}

async fn find(lookup: Lookup<'_>) -> Result<Login, ResolveError> {
    let environment = lookup.io.environment();
    if let Some(path) = lookup.value("kubeconfig") {
        return of_kubeconfig(lookup, Path::new(&path)).await;
    }
    if let Some(home) = environment.value("HOME") {
        let path = PathBuf::from(home).join(".kube").join("config");
        let found = lookup.io.files().read(&path, 0).await;
        if !matches!(found, Err(FileError::Absent { .. })) {
            return of_kubeconfig(lookup, &path).await;
        }
    }
    if let Some(host) = environment.value("KUBERNETES_SERVICE_HOST") {
        return of_pod(lookup, &host).await;
    }
    match lookup.query.value("endpoint") {
        Some(server) => Ok(Login {
            server: server.to_owned(),
            ..Login::default()
        }),
        None => Err(failed("find the cluster").with(
            "cause",
            "no kubeconfig (`kubeconfig`, KUBECONFIG, ~/.kube/config), and this is no pod",
        )),
    }
}

/// The service account of the pod that this runs in.
async fn of_pod(lookup: Lookup<'_>, host: &str) -> Result<Login, ResolveError> {
    let environment = lookup.io.environment();
    let port = environment
        .value("KUBERNETES_SERVICE_PORT_HTTPS")
        .or_else(|| environment.value("KUBERNETES_SERVICE_PORT"))
        .unwrap_or_else(|| "443".to_owned());
    let is_v6 = host.contains(':');
    let server = if is_v6 {
        format!("https://[{host}]:{port}")
    } else {
        format!("https://{host}:{port}")
    };
    let account = Path::new(ACCOUNT);
    let token = text(read(lookup, &account.join("token")).await?);
    let namespace = if keys::wants_own_namespace(lookup.query) {
        Some(text(read(lookup, &account.join("namespace")).await?))
    } else {
        None
    };
    Ok(Login {
        server,
        roots_pem: Some(read(lookup, &account.join("ca.crt")).await?),
        token: Some(Secret::new(token)),
        namespace,
        ..Login::default()
    })
}

async fn of_kubeconfig(lookup: Lookup<'_>, path: &Path) -> Result<Login, ResolveError> {
    let bytes = read(lookup, path).await?;
    let wrong = |why: &str| {
        let error = failed("read the kubeconfig");
        let file = path.display().to_string();
        error
            .with("file", &file)
            .with("cause", &format!("it {why}"))
    };
    let context = lookup.query.value("context");
    let Chosen {
        cluster,
        user,
        namespace,
    } = kubeconfig::read(&bytes, context).map_err(|why| wrong(&why))?;
    let is_blind = cluster.insecure_skip_tls_verify && !is_given(lookup, "ca_file");
    if is_blind && cluster.server.starts_with("https") {
        return Err(wrong(
            "has `insecure-skip-tls-verify`, which is not done; name the server's CA by `ca_file`",
        ));
    }
    if cluster.proxy_url.is_some() && !is_given(lookup, "proxy") {
        return Err(wrong(
            "has `proxy-url`, which is not read; name it by `proxy`",
        ));
    }
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let source = Source { lookup, folder };
    let mut login = source.user(&user, wrong).await?;
    login.roots_pem = source.roots(&cluster, wrong).await?;
    login.server.clone_from(&cluster.server);
    login.namespace = namespace;
    if let Some(exec) = &user.exec {
        plugin::run(lookup, folder, exec, &cluster, &mut login).await?;
    }
    Ok(login)
}

/// A kubeconfig's surroundings: its files are named from its folder on.
#[derive(Clone, Copy)]
struct Source<'a> {
    lookup: Lookup<'a>,
    folder: &'a Path,
}

impl Source<'_> {
    async fn user(
        self,
        user: &User,
        wrong: impl Fn(&str) -> ResolveError,
    ) -> Result<Login, ResolveError> {
        // kubectl takes the file before the text beside it, and data before its file.
        let token = match (&user.token_file, &user.token) {
            (Some(path), _) => Some(text(read(self.lookup, &self.folder.join(path)).await?)),
            (None, token) => token.clone(),
        };
        let chain = (&user.client_certificate_data, &user.client_certificate);
        let chain = self
            .pem(chain.0.as_deref(), chain.1.as_deref(), &wrong)
            .await?;
        let key = (&user.client_key_data, &user.client_key);
        let key = self.pem(key.0.as_deref(), key.1.as_deref(), &wrong).await?;
        let identity = match (chain, key) {
            (Some(chain_pem), Some(key_pem)) => Some(Identity { chain_pem, key_pem }),
            (None, None) => None,
            _ => return Err(wrong("has half of a client certificate and key")),
        };
        let password = user.username.clone().zip(user.password.clone());
        Ok(Login {
            identity,
            token: token.map(Secret::new),
            password: password.map(|(name, word)| (name, Secret::new(word))),
            ..Login::default()
        })
    }

    async fn roots(
        self,
        cluster: &Cluster,
        wrong: impl Fn(&str) -> ResolveError,
    ) -> Result<Option<Vec<u8>>, ResolveError> {
        let data = cluster.certificate_authority_data.as_deref();
        let path = cluster.certificate_authority.as_deref();
        self.pem(data, path, &wrong).await
    }

    async fn pem(
        self,
        data: Option<&str>,
        path: Option<&str>,
        wrong: &impl Fn(&str) -> ResolveError,
    ) -> Result<Option<Vec<u8>>, ResolveError> {
        match (data.filter(|data| !data.is_empty()), path) {
            (Some(data), _) => match BASE64_STANDARD.decode(data.trim()) {
                Ok(pem) => Ok(Some(pem)),
                // What base64 has to say may repeat a secret.
                Err(_with_values) => {
                    Err(wrong("has data of a certificate or key that is no base64"))
                }
            },
            (None, Some(path)) => read(self.lookup, &self.folder.join(path)).await.map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// The namespace of the pod that this runs in, without asking anybody.
pub(super) async fn own_namespace(lookup: Lookup<'_>) -> Result<String, ResolveError> {
    match lookup.io.environment().value("POD_NAMESPACE") {
        Some(name) => Ok(name),
        None => Ok(text(
            read(lookup, &Path::new(ACCOUNT).join("namespace")).await?,
        )),
    }
}

fn is_given(lookup: Lookup<'_>, key: &str) -> bool {
    lookup.query.value(key).is_some()
}

async fn read(lookup: Lookup<'_>, path: &Path) -> Result<Vec<u8>, ResolveError> {
    let file = lookup.io.files().read(path, FILE_BYTES_MAX).await;
    let file = file.map_err(|error| {
        let failed = failed("read the credentials");
        failed
            .with("file", &path.display().to_string())
            .with_source(error)
    })?;
    Ok(file.bytes)
}

/// A file's text without the line end behind it; what is no text is no credential, and the API
/// says so.
fn text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.trim().to_owned()
}

pub(super) const fn failed(operation: &'static str) -> ResolveError {
    ResolveError::new(Kind::Credentials, NAME, operation)
}
