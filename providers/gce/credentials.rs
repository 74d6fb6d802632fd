//! Where credentials come from, and a token made of them.
//!
//! The order is that of Google's libraries (<https://google.aip.dev/auth/4110>, read 2026). Files
//! are read through our door, so that a fixed environment finds none by accident.

use std::path::Path;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::{FileError, Kind, Lookup, ResolveError, Rest, Secret};

use super::{NAME, metadata, sdk};

/// The longest file. Chosen: a service account's has 3 KiB.
const FILE_BYTES_MAX: usize = 64 << 10;

/// gcloud's own file, below the home.
const GCLOUD_FILE: &str = ".config/gcloud/application_default_credentials.json";

const READ: &str = "read the credentials file";
const REFRESH: &str = "refresh the user's token";

/// Where users' tokens are refreshed, if their file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Where credentials come from. `Debug` shows the kind alone.
pub(super) enum Source {
    /// The metadata server.
    Machine,
    /// A person, by gcloud.
    User(User),
    /// Whatever Google's library knows: service account, workload identity, impersonation.
    Library {
        json: Value,
        project: Option<String>,
    },
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::User(_) => "User",
            Self::Library { .. } => "Library",
        })
    }
}

#[derive(Deserialize)]
pub(super) struct User {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

impl Source {
    /// The first that there is: the file that is named, gcloud's own, the metadata server.
    pub(super) async fn find(lookup: Lookup<'_>) -> Result<Self, ResolveError> {
        if let Some(path) = lookup.value("credentials_file") {
            let found = read(lookup, &path).await?;
            let absent = || wrong(&path).with("cause", "there is no such file");
            return found.ok_or_else(absent);
        }
        let Some(home) = lookup.io.environment().value("HOME") else {
            return Ok(Self::Machine);
        };
        let path = format!("{}/{GCLOUD_FILE}", home.trim_end_matches('/'));
        Ok(read(lookup, &path).await?.unwrap_or(Self::Machine))
    }

    /// The project that the file names.
    pub(super) fn project(&self) -> Option<&str> {
        match self {
            Self::Library { project, .. } => project.as_deref(),
            Self::Machine | Self::User(_) => None,
        }
    }

    /// A new token.
    pub(super) async fn token(&self, rest: &Rest<'_>) -> Result<Secret, ResolveError> {
        match self {
            Self::Machine => metadata::token(rest).await,
            Self::User(user) => refresh(user, rest).await,
            Self::Library { json, .. } => {
                sdk::token(json.clone(), rest.lookup().limits.deadline).await
            }
        }
    }
}

fn wrong(path: &str) -> ResolveError {
    ResolveError::new(Kind::Credentials, NAME, READ).with("file", path)
}

/// Reads a file; none if it is absent.
async fn read(lookup: Lookup<'_>, path: &str) -> Result<Option<Source>, ResolveError> {
    let file = lookup
        .io
        .files()
        .read(Path::new(path), FILE_BYTES_MAX)
        .await;
    let file = match file {
        Ok(file) => file,
        Err(FileError::Absent { .. }) => return Ok(None),
        Err(error) => return Err(wrong(path).with_source(error)),
    };
    // A parser's own words may show parts of the file, which is a secret.
    let json: Value = serde_json::from_slice(&file.bytes)
        .map_err(|error| wrong(path).with("cause", &format!("no JSON at line {}", error.line())))?;
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let source = match text("type").as_deref() {
        Some("authorized_user") => {
            let user = User::deserialize(&json);
            Source::User(user.map_err(|_shows_values| {
                wrong(path).with("cause", "it lacks the client or the refresh token")
            })?)
        }
        Some("service_account" | "external_account" | "impersonated_service_account") => {
            let project = text("project_id");
            Source::Library { json, project }
        }
        Some(other) => {
            let cause = format!("credentials of the type `{other}` are not supported");
            return Err(wrong(path).with("cause", &cause));
        }
        None => return Err(wrong(path).with("cause", "it has no `type`")),
    };
    Ok(Some(source))
}

/// Refreshes a user's token (RFC 6749, section 6).
async fn refresh(user: &User, rest: &Rest<'_>) -> Result<Secret, ResolveError> {
    let error = |kind| rest.error(kind, REFRESH);
    let uri = user.token_uri.as_deref().unwrap_or(TOKEN_URI);
    let uri = Url::parse(uri).map_err(|_no_url| {
        error(Kind::Credentials).with("cause", "`token_uri` in the file is no URL")
    })?;
    let server = rest
        .at(&uri.origin().ascii_serialization())?
        .knowing(&Secret::new(&user.client_secret))
        .knowing(&Secret::new(&user.refresh_token));
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &user.client_id),
        ("client_secret", &user.client_secret),
        ("refresh_token", &user.refresh_token),
    ];
    let call = server.post(REFRESH, uri.path()).form(&form);
    let reply = call.exchange().await?;
    if matches!(reply.status, 400 | 401) {
        let cause = "the refresh token is not accepted; log in again";
        return Err(error(Kind::Credentials).with("cause", cause));
    }
    let token = match reply.status {
        200 => serde_json::from_slice::<Token>(&reply.body).ok(),
        _ => None,
    };
    match token.filter(|token| !token.access_token.is_empty()) {
        Some(token) => Ok(Secret::new(token.access_token)),
        None => Err(error(Kind::Answer)
            .with("status", &reply.status.to_string())
            .with("reply", "no token")),
    }
}
