//! The metadata server of a machine in Google's cloud: its project, and tokens of its account.
//!
//! Protocol: <https://cloud.google.com/compute/docs/metadata/querying-metadata>, read 2026. Asked
//! past any proxy, and believed only if it says in a header who it is: a captive network answers
//! for every name.

use serde::Deserialize;

use crate::{Kind, Reply, ResolveError, Rest, Secret};

/// The server's name inside Google's cloud.
const HOST: &str = "metadata.google.internal";

/// The variable with another host, with an optional port.
const HOST_VARIABLE: &str = "GCE_METADATA_HOST";

/// The part of a lookup's deadline that the server gets: outside Google's cloud its name may lead
/// nowhere, and slowly.
const SHARE: u32 = 3;

const PROJECT: &str = "ask the metadata server for the project";
const TOKEN: &str = "ask the metadata server for a token";

/// The longest project id. Chosen: as in a query.
const PROJECT_CHARS_MAX: usize = 189;

#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
}

/// The project of the machine.
pub(super) async fn project(rest: &Rest<'_>) -> Result<String, ResolveError> {
    let reply = ask(rest, PROJECT, "computeMetadata/v1/project/project-id").await?;
    let text = String::from_utf8(reply.body).unwrap_or_default();
    let project = text.trim();
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if project.is_empty() || project.len() > PROJECT_CHARS_MAX || !project.chars().all(is_letter) {
        return Err(rest
            .error(Kind::Answer, PROJECT)
            .with("reply", "no project id"));
    }
    Ok(project.to_owned())
}

/// A token of the machine's own service account.
pub(super) async fn token(rest: &Rest<'_>) -> Result<Secret, ResolveError> {
    let path = "computeMetadata/v1/instance/service-accounts/default/token";
    let reply = ask(rest, TOKEN, path).await?;
    // The error of the parser may show parts of the text, which is a secret.
    match serde_json::from_slice::<Token>(&reply.body) {
        Ok(token) if !token.access_token.is_empty() => Ok(Secret::new(token.access_token)),
        _ => Err(rest.error(Kind::Answer, TOKEN).with("reply", "no token")),
    }
}

async fn ask(rest: &Rest<'_>, operation: &'static str, path: &str) -> Result<Reply, ResolveError> {
    let lookup = rest.lookup();
    let host = lookup.io.environment().value(HOST_VARIABLE);
    let host = host.unwrap_or_else(|| HOST.to_owned());
    let server = rest.at(&format!("http://{host}"))?.direct();
    let server = server.within(lookup.limits.deadline / SHARE);
    let call = server
        .get(operation, path)
        .header("metadata-flavor", "Google");
    let reply = call.exchange().await.map_err(|error| {
        error.with(
            "hint",
            "outside Google Cloud set `credentials_file` and `project_name`",
        )
    })?;
    let is_google = reply.header("metadata-flavor") == Some("Google");
    match reply.status {
        200 if is_google => Ok(reply),
        404 if is_google => Err(rest.error(Kind::Credentials, operation).with(
            "cause",
            "the machine has no service account, or none by default",
        )),
        401 | 403 => Err(rest
            .error(Kind::Credentials, operation)
            .with("status", &reply.status.to_string())),
        status => Err(rest
            .error(Kind::Answer, operation)
            .with("status", &status.to_string())
            .with("reply", "not of a metadata server")),
    }
}
