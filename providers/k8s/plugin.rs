//! A program that issues credentials, as a kubeconfig's `exec` says.
//!
//! Protocol: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/>, section
//! client-go credential plugins, read 2026. The program gets this process's environment, as with
//! kubectl, since that is where vendors' programs find their profile. It cannot ask anybody
//! anything. What it issues is used for one lookup and kept nowhere.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::kubeconfig::{Cluster, Plugin};
use super::login::{Login, failed};
use crate::{Command, Identity, Lookup, ResolveError, Secret};

/// The program's part of the lookup's deadline.
const DEADLINE: Duration = Duration::from_secs(15);

/// The longest output. Chosen: a token and a certificate have 10 KiB.
const OUTPUT_BYTES_MAX: usize = 256 << 10;

const OPERATION: &str = "run the kubeconfig's program for credentials";

const VERSIONS: &[&str] = &[
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

#[derive(Deserialize)]
struct Issued {
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Runs the program, and adds what it issues.
pub(super) async fn run(
    lookup: Lookup<'_>,
    folder: &Path,
    plugin: &Plugin,
    cluster: &Cluster,
    login: &mut Login,
) -> Result<(), ResolveError> {
    let wrong = |cause: &str| {
        let error = failed(OPERATION).with("program", &plugin.command);
        let error = error.with("cause", cause);
        match &plugin.install_hint {
            Some(hint) => error.with("its install hint", hint),
            None => error,
        }
    };
    if !VERSIONS.contains(&plugin.api_version.as_str()) {
        return Err(wrong("its `apiVersion` is none that is known"));
    }
    if plugin.interactive_mode.as_deref() == Some("Always") {
        return Err(wrong("it has to ask somebody, and nobody is there"));
    }
    let command = command(lookup, folder, plugin, cluster);
    let output = lookup.io.exec().run(command).await;
    let output = output.map_err(|error| wrong("it did not run to its end").with_source(error))?;
    if output.code != Some(0) {
        let code = output
            .code
            .map_or_else(|| "none".to_owned(), |code| code.to_string());
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(wrong(&said).with("exit code", &code));
    }
    // What serde has to say may repeat a secret.
    let issued: Issued = serde_json::from_slice(&output.stdout)
        .map_err(|_with_values| wrong("it wrote no ExecCredential with a status"))?;
    let Status {
        token,
        client_certificate_data,
        client_key_data,
    } = issued.status;
    let identity = client_certificate_data.zip(client_key_data);
    if token.is_none() && identity.is_none() {
        return Err(wrong(
            "it issued neither a token nor a certificate with its key",
        ));
    }
    login.token = token.map(Secret::new);
    login.identity = identity.map(|(chain, key)| Identity {
        chain_pem: chain.into_bytes(),
        key_pem: key.into_bytes(),
    });
    Ok(())
}

fn command(lookup: Lookup<'_>, folder: &Path, plugin: &Plugin, cluster: &Cluster) -> Command {
    // A name with a slash in it is a file beside the kubeconfig, any other is looked for in `PATH`.
    let program = if plugin.command.contains('/') {
        folder.join(&plugin.command).display().to_string()
    } else {
        plugin.command.clone()
    };
    let arguments = plugin.args.iter().flatten().cloned();
    let mut environment = lookup.io.environment().all();
    let own = plugin.env.iter().flatten();
    environment.extend(own.map(|one| (one.name.clone(), one.value.clone())));
    let mut spec = json!({"interactive": false});
    if let Some(spec) = spec.as_object_mut().filter(|_| plugin.provide_cluster_info) {
        let cluster = json!({
            "server": cluster.server,
            "certificate-authority-data": cluster.certificate_authority_data,
        });
        spec.insert("cluster".to_owned(), cluster);
    }
    let asked = json!({
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": spec,
    });
    environment.insert("KUBERNETES_EXEC_INFO".to_owned(), asked.to_string());
    Command {
        argv: std::iter::once(program).chain(arguments).collect(),
        environment,
        deadline: DEADLINE.min(lookup.limits.deadline),
        output_bytes_max: OUTPUT_BYTES_MAX,
    }
}
