//! One lookup's way to the API: project, token, and the one refresh of it.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Call, Kind, Lookup, Reply, ResolveError, Rest, judge_status};

use super::credentials::Source;
use super::metadata;

/// Where the API is.
const ENDPOINT: &str = "https://compute.googleapis.com";

/// Project, token and API of one lookup.
#[derive(Debug)]
pub(super) struct Session<'a> {
    rest: Rest<'a>,
    source: Source,
    is_refreshed: bool,
    project: String,
}

impl<'a> Session<'a> {
    /// Finds credentials, a token and the project.
    pub(super) async fn open(lookup: Lookup<'a>) -> Result<Self, ResolveError> {
        let rest = Rest::open(lookup, ENDPOINT).await?.with_judge(judge);
        let source = Source::find(lookup).await?;
        let given = lookup.value("project_name");
        let project = match given.or_else(|| source.project().map(str::to_owned)) {
            Some(project) => project,
            None => metadata::project(&rest).await?,
        };
        let token = source.token(&rest).await?;
        Ok(Self {
            rest: rest.with_bearer(&token),
            source,
            is_refreshed: false,
            project,
        })
    }

    pub(super) const fn rest(&self) -> &Rest<'a> {
        &self.rest
    }

    /// A path below the project.
    pub(super) fn path(&self, rest: &str) -> String {
        format!(
            "compute/v1/projects/{}/{rest}",
            crate::escape(&self.project)
        )
    }

    /// Asks; if the token is refused, once more with a new one: a metadata server hands out tokens
    /// until shortly before they end.
    pub(super) async fn ask<T: DeserializeOwned>(
        &mut self,
        call: impl for<'r> Fn(&'r Rest<'r>) -> Call<'r>,
    ) -> Result<T, ResolveError> {
        match call(&self.rest).json().await {
            Err(error) if error.kind() == Kind::Credentials && !self.is_refreshed => {
                self.is_refreshed = true;
                let token = self.source.token(&self.rest).await?;
                self.rest = self.rest.clone().with_bearer(&token);
                call(&self.rest).json().await
            }
            outcome => outcome,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Failure {
    error: Details,
}

#[derive(Debug, Deserialize)]
struct Details {
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    reason: String,
}

/// The API says with status 403 that a limit is passed, and with 400 that a filter is wrong
/// (<https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-api-errors>, read 2026).
fn judge(reply: &Reply) -> Option<Kind> {
    let by_status = judge_status(reply)?;
    let failure: Option<Failure> = serde_json::from_slice(&reply.body).ok();
    let reasons = failure
        .map(|failure| failure.error.errors)
        .unwrap_or_default();
    let reason = reasons.first().map_or("", |detail| detail.reason.as_str());
    match (reply.status, reason) {
        (
            403 | 429,
            "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded" | "dailyLimitExceeded",
        ) => Some(Kind::Throttled),
        (400, "invalid" | "invalidParameter") => Some(Kind::Query),
        _ => Some(by_status),
    }
}
