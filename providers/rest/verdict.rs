//! What a reply means: its status, and the vendor's words for an error.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::Call;
use crate::io::Reply;
use crate::{Kind, ResolveError};

/// Says what sort of failure a reply is; none for a success. A vendor with codes of its own looks
/// at them first and leaves the rest to [`judge_status`]:
///
/// ```ignore
/// fn judge(reply: &Reply) -> Option<Kind> {
///     match code(reply) {
///         Some("rate_limit_exceeded") => Some(Kind::Throttled),
///         _ => judge_status(reply),
///     }
/// }
/// ```
pub type Judge = fn(&Reply) -> Option<Kind>;

/// What a status says by itself.
pub fn judge_status(reply: &Reply) -> Option<Kind> {
    match reply.status {
        200..=299 => None,
        401 => Some(Kind::Credentials),
        403 => Some(Kind::Denied),
        429 => Some(Kind::Throttled),
        503 if reply.header("retry-after").is_some() => Some(Kind::Throttled),
        // 407 is the proxy's.
        407 | 408 | 425 | 500..=599 => Some(Kind::Unavailable),
        _ => Some(Kind::Answer),
    }
}

/// Says whether the same call may succeed a moment later.
pub(super) const fn is_transient(kind: Kind) -> bool {
    matches!(kind, Kind::Throttled | Kind::Unavailable | Kind::Timeout)
}

/// The pause that a reply asks for, in seconds or as a date (RFC 9110, section 10.2.3).
pub(super) fn pause(reply: &Reply, now: SystemTime) -> Option<Duration> {
    let text = reply.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

impl Call<'_> {
    /// The error that a reply is.
    pub(super) fn refused(&self, kind: Kind, reply: &Reply) -> ResolveError {
        let rest = self.rest;
        let mut error = rest
            .error(kind, self.operation)
            .with("status", &reply.status.to_string());
        if let Some(code) = code(&reply.body) {
            error = error.with("code", &rest.scrub(&code));
        }
        if let Some(message) = message(&reply.body).or_else(|| plain(reply)) {
            error = error.with("message", &rest.scrub(&message));
        }
        match pause(reply, rest.lookup.io.clock().now()) {
            Some(pause) => error.with_pause(pause),
            None => error,
        }
    }
}

/// The places where APIs put what they have to say, from the most telling on.
const MESSAGES: &[&str] = &[
    "/error/message",
    "/error_description",
    "/message",
    "/errors/0/message",
    "/errors/0/reason",
    "/error/code",
    "/error",
    "/Message",
];

/// The most bytes of a refusal that are looked at as XML.
const REFUSAL_BYTES_MAX: usize = 16 << 10;

/// The text of the first XML element of a name that has no attributes.
pub(crate) fn element<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let body = body.get(..REFUSAL_BYTES_MAX).unwrap_or(body);
    let text = std::str::from_utf8(body).ok()?;
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = after.split_once(&format!("</{name}>"))?;
    Some(inner.trim()).filter(|inner| !inner.is_empty())
}

/// Amazon's word for what went wrong, from its XML or its JSON, where a namespace may lead.
pub(crate) fn code(body: &[u8]) -> Option<String> {
    if let Some(code) = element(body, "Code") {
        return Some(code.to_owned());
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body.get("__type")?.as_str()?;
    let name = code.rsplit('#').next().unwrap_or(code);
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

fn message(body: &[u8]) -> Option<String> {
    if let Some(message) = element(body, "Message") {
        return Some(message.to_owned());
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let mut texts = MESSAGES
        .iter()
        .filter_map(|place| body.pointer(place)?.as_str());
    texts.find(|text| !text.is_empty()).map(str::to_owned)
}

/// The first line of a reply that is a text, for vendors that answer in words.
fn plain(reply: &Reply) -> Option<String> {
    let kind = reply.header("content-type").unwrap_or_default();
    if !kind.starts_with("text/plain") {
        return None;
    }
    let text = std::str::from_utf8(&reply.body).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map(str::to_owned)
}
