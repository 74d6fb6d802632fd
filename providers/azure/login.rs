//! Tokens: by a client secret, a workload identity or a managed identity.
//!
//! Protocols: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
//! and <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>,
//! read 2026. The `ARM_` variables are go-discover's, the `AZURE_` ones Microsoft's own.

use std::path::Path;

use reqwest::Url;
use serde::Deserialize;

use crate::{Call, Kind, Reply, ResolveError, Rest, Secret, judge_status};

use super::keys::Cloud;

const LOG_IN: &str = "log in";
const IDENTITY: &str = "ask for the managed identity's token";

/// The metadata service of a machine.
const METADATA: &str = "http://169.254.169.254";

/// The variable with another address, of Microsoft's libraries.
const METADATA_VARIABLE: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// The part of a lookup's deadline that it gets: outside Azure nobody answers there, slowly.
const SHARE: u32 = 3;

/// The longest token file. Chosen: a token of a workload identity has 2 KiB.
const FILE_BYTES_MAX: usize = 64 << 10;

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

/// A new token for the API of a cloud.
pub(super) async fn token(rest: &Rest<'_>, cloud: Cloud) -> Result<Secret, ResolveError> {
    let lookup = rest.lookup();
    let variable = |name: &str| lookup.io.environment().value(name);
    let tenant = lookup
        .value("tenant_id")
        .or_else(|| variable("AZURE_TENANT_ID"));
    let client = lookup
        .value("client_id")
        .or_else(|| variable("AZURE_CLIENT_ID"));
    let secret = lookup.secret("secret_access_key").await?;
    let secret = secret.or_else(|| variable("AZURE_CLIENT_SECRET").map(Secret::new));
    match (
        tenant,
        client,
        secret,
        variable("AZURE_FEDERATED_TOKEN_FILE"),
    ) {
        (Some(tenant), Some(client), Some(secret), _) => {
            let form = [("client_secret", secret.reveal())];
            by_form(rest, cloud, [&tenant, &client], &form, &secret).await
        }
        (Some(tenant), Some(client), None, Some(file)) => {
            let assertion = assertion(rest, &file).await?;
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            let form = [
                ("client_assertion_type", kind),
                ("client_assertion", assertion.reveal()),
            ];
            by_form(rest, cloud, [&tenant, &client], &form, &assertion).await
        }
        (_, _, Some(_), _) => Err(rest.error(Kind::Credentials, LOG_IN).with(
            "cause",
            "a secret needs `tenant_id` and `client_id`, or ARM_TENANT_ID and ARM_CLIENT_ID",
        )),
        (_, client, None, _) => managed(rest, cloud, client.as_deref()).await,
    }
}

/// Logs in with the client's credentials (RFC 6749, section 4.4).
async fn by_form(
    rest: &Rest<'_>,
    cloud: Cloud,
    [tenant, client]: [&str; 2],
    proof: &[(&str, &str)],
    secret: &Secret,
) -> Result<Secret, ResolveError> {
    let authority = rest.lookup().io.environment().value("AZURE_AUTHORITY_HOST");
    let authority = authority.as_deref().unwrap_or(cloud.login);
    let server = rest.at(authority)?.with_judge(judge_login).knowing(secret);
    let path = format!("{}/oauth2/v2.0/token", crate::escape(tenant));
    let scope = format!("{}/.default", cloud.manager);
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("scope", &scope),
    ];
    form.extend_from_slice(proof);
    let call = server.post(LOG_IN, &path).form(&form);
    read(rest, LOG_IN, &call).await
}

async fn assertion(rest: &Rest<'_>, path: &str) -> Result<Secret, ResolveError> {
    let error = || {
        rest.error(Kind::Credentials, "read the token file")
            .with("file", path)
    };
    let files = rest.lookup().io.files();
    let file = files.read(Path::new(path), FILE_BYTES_MAX).await;
    let file = file.map_err(|cause| error().with_source(cause))?;
    let text = String::from_utf8(file.bytes).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(error().with("cause", "it is empty, or no text"));
    }
    Ok(Secret::new(text.trim()))
}

/// Where identities are asked for, in which version, and with which proof.
struct IdentityService {
    url: Url,
    version: &'static str,
    proof: Option<Secret>,
}

/// A service's own endpoint, else the machine's metadata service.
fn identity_service(rest: &Rest<'_>) -> Result<IdentityService, ResolveError> {
    let variable = |name: &str| rest.lookup().io.environment().value(name);
    let wrong = |name: &str| {
        let cause = format!("{name} is no URL");
        rest.error(Kind::Credentials, IDENTITY)
            .with("cause", &cause)
    };
    if let Some((url, proof)) = variable("IDENTITY_ENDPOINT").zip(variable("IDENTITY_HEADER")) {
        let url = Url::parse(&url).map_err(|_no_url| wrong("IDENTITY_ENDPOINT"))?;
        return Ok(IdentityService {
            url,
            version: "2019-08-01",
            proof: Some(Secret::new(proof)),
        });
    }
    let host = variable(METADATA_VARIABLE).unwrap_or_else(|| METADATA.to_owned());
    let url = format!(
        "{}/metadata/identity/oauth2/token",
        host.trim_end_matches('/')
    );
    let url = Url::parse(&url).map_err(|_no_url| wrong(METADATA_VARIABLE))?;
    Ok(IdentityService {
        url,
        version: "2018-02-01",
        proof: None,
    })
}

/// The token of the machine's, or the service's, own identity.
async fn managed(
    rest: &Rest<'_>,
    cloud: Cloud,
    client: Option<&str>,
) -> Result<Secret, ResolveError> {
    let resource = format!("{}/", cloud.manager);
    let IdentityService {
        url,
        version,
        proof,
    } = identity_service(rest)?;
    let server = rest.at(&url.origin().ascii_serialization())?.direct();
    let server = server
        .within(rest.lookup().limits.deadline / SHARE)
        .with_judge(judge_identity);
    let server = match &proof {
        Some(proof) => server.with_header("x-identity-header", proof),
        None => server,
    };
    let call = server
        .get(IDENTITY, url.path())
        .header("metadata", "true")
        .query("api-version", version)
        .query("resource", &resource);
    // An empty id is no id: the identity of the system.
    let call = match client {
        Some(client) => call.query("client_id", client),
        None => call,
    };
    read(rest, IDENTITY, &call).await.map_err(|error| {
        error.with(
            "hint",
            "outside Azure set `tenant_id`, `client_id` and `secret_access_key`",
        )
    })
}

async fn read(
    rest: &Rest<'_>,
    operation: &'static str,
    call: &Call<'_>,
) -> Result<Secret, ResolveError> {
    let reply = call.send().await?;
    // The error of the parser may show parts of the text, which is a secret.
    match serde_json::from_slice::<Token>(&reply.body) {
        Ok(token) if !token.access_token.is_empty() => Ok(Secret::new(token.access_token)),
        _ => Err(rest
            .error(Kind::Answer, operation)
            .with("reply", "no token")),
    }
}

/// A login that is refused has status 400 or 401, by what is wrong with it.
fn judge_login(reply: &Reply) -> Option<Kind> {
    match reply.status {
        400 | 401 | 403 => Some(Kind::Credentials),
        _ => judge_status(reply),
    }
}

/// The service says 404 and 410 while it starts, and 400 for an identity that is not there.
fn judge_identity(reply: &Reply) -> Option<Kind> {
    match reply.status {
        400 | 401 | 403 => Some(Kind::Credentials),
        404 | 410 => Some(Kind::Unavailable),
        _ => judge_status(reply),
    }
}
