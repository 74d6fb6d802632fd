//! Tokens by Google's library: it signs for service accounts, and exchanges other identities.
//!
//! The library spawns a task that refreshes a token for as long as it lives, and panics if that task
//! does. So it runs in a runtime of its own, which ends with the call and takes the task along. It
//! needs a process-wide TLS provider; one that the process has chosen stays.

use std::error::Error;
use std::time::Duration;

use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::{
    AccessTokenCredentials, external_account, impersonated, service_account,
};
use serde_json::Value;

use crate::{Kind, ResolveError, Secret};

use super::NAME;

/// Reading is all that a lookup does.
const SCOPE: &str = "https://www.googleapis.com/auth/compute.readonly";

const OPERATION: &str = "make a token";

/// The most errors of one chain that are told.
const CAUSES_MAX: usize = 8;

/// A token for the credentials of a file.
pub(super) async fn token(json: Value, deadline: Duration) -> Result<Secret, ResolveError> {
    // It fails if there is one, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let work = tokio::task::spawn_blocking(move || within(json, deadline));
    work.await.unwrap_or_else(|_panicked| {
        Err(error(Kind::Internal).with("cause", "Google's library broke down"))
    })
}

const fn error(kind: Kind) -> ResolveError {
    ResolveError::new(kind, NAME, OPERATION)
}

fn within(json: Value, deadline: Duration) -> Result<Secret, ResolveError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|failed| error(Kind::Internal).with_source(failed))?;
    runtime.block_on(async {
        let outcome = tokio::time::timeout(deadline, ask(json)).await;
        outcome.unwrap_or_else(|_elapsed| Err(error(Kind::Timeout)))
    })
}

async fn ask(json: Value) -> Result<Secret, ResolveError> {
    let credentials =
        build(json).map_err(|failed| error(Kind::Credentials).with("cause", &causes(&failed)))?;
    let token = credentials.access_token().await.map_err(|failed| {
        let kind = if failed.is_transient() {
            Kind::Unavailable
        } else {
            Kind::Credentials
        };
        error(kind).with("cause", &causes(&failed))
    })?;
    Ok(Secret::new(token.token))
}

fn build(json: Value) -> Result<AccessTokenCredentials, BuildError> {
    match json.get("type").and_then(Value::as_str) {
        Some("external_account") => external_account::Builder::new(json)
            .with_scopes([SCOPE])
            .build_access_token_credentials(),
        Some("impersonated_service_account") => impersonated::Builder::new(json)
            .with_scopes([SCOPE])
            .build_access_token_credentials(),
        _ => service_account::Builder::new(json)
            .with_access_specifier(service_account::AccessSpecifier::from_scopes([SCOPE]))
            .build_access_token_credentials(),
    }
}

/// An error and what lies behind it, on one line; the library's own words are general.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut next = Some(error);
    let chain = std::iter::from_fn(|| {
        let cause = next?;
        next = cause.source();
        Some(cause.to_string())
    });
    let texts: Vec<String> = chain.take(CAUSES_MAX).collect();
    texts.join(": ")
}
