//! The JSON of `/v1/agent/why`; Consul has no such endpoint.

use serde::{Deserialize, Serialize};

use crate::telemetry::rfc3339;
use crate::why::{Refused, Report, Source};

/// Why the agent does not serve, or that it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WhyJson {
    /// The stable code.
    pub code: String,
    /// One line with names and numbers.
    pub line: String,
    /// What the code means, in one sentence.
    pub meaning: String,
    /// What the operator can do.
    pub advice: String,
    /// Who or what is missing or in the way: names, addresses, sources.
    pub missing: Vec<String>,
    /// Since when the code has held, RFC 3339 in UTC.
    pub since: String,
    /// The same in seconds until now.
    pub since_seconds: f64,
    /// Its deciding loop turns.
    pub live: bool,
    /// It serves requests.
    pub ready: bool,
    /// It is in a cluster.
    pub formed: bool,
    /// How each source of join addresses does.
    pub sources: Vec<SourceJson>,
}

/// One source of join addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SourceJson {
    /// What the operator wrote, secrets masked.
    pub source: String,
    /// `resolving`, `joining`, `waiting`, `resting` or `ended`.
    pub doing: String,
    /// Attempts in this round; 0 while it rests.
    pub attempt: u32,
    /// Seconds since the attempt began that is under way; null between two.
    pub busy_seconds: Option<f64>,
    /// Why its last attempt came to nothing; empty if it did not.
    pub code: String,
    /// The last error, in full.
    pub error: String,
    /// Addresses that answered and refused.
    pub refused: Vec<RefusedJson>,
    /// Seconds since its last attempt came to nothing; null if none did.
    pub failed_seconds_ago: Option<f64>,
    /// Seconds until its next attempt; null if none is due.
    pub next_attempt_seconds: Option<f64>,
}

/// An address that answered and refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusedJson {
    /// The address.
    pub address: String,
    /// Why.
    pub code: String,
    /// The error, in full.
    pub error: String,
}

impl From<Report> for WhyJson {
    fn from(report: Report) -> Self {
        let reason = report.said.reason;
        Self {
            code: reason.code().to_owned(),
            meaning: reason.prose().to_owned(),
            advice: reason.advice().to_owned(),
            since: rfc3339(report.since_ms),
            since_seconds: rounded(report.held.as_secs_f64()),
            live: report.is_live,
            ready: report.is_ready(),
            formed: report.is_formed,
            sources: report.sources.into_iter().map(SourceJson::from).collect(),
            line: report.said.line,
            missing: report.said.missing,
        }
    }
}

impl From<Source> for SourceJson {
    fn from(source: Source) -> Self {
        let code = source.failure.map(|reason| reason.code().to_owned());
        Self {
            source: source.name,
            doing: source.doing.as_str().to_owned(),
            attempt: source.attempt,
            busy_seconds: source.busy_for.map(|busy| rounded(busy.as_secs_f64())),
            code: code.unwrap_or_default(),
            error: source.error,
            refused: source.refused.into_iter().map(RefusedJson::from).collect(),
            failed_seconds_ago: source.failed_ago.map(|ago| rounded(ago.as_secs_f64())),
            next_attempt_seconds: source.next_in.map(|next| rounded(next.as_secs_f64())),
        }
    }
}

impl From<Refused> for RefusedJson {
    fn from(refused: Refused) -> Self {
        Self {
            address: refused.address,
            code: refused.reason.code().to_owned(),
            error: refused.error,
        }
    }
}

/// To milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
