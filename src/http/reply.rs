//! What an endpoint answers, and its form on the wire.
//!
//! One mapping from refusals to status codes and texts; the bodies are plain text with Consul's
//! words (agent reference, 6.1). Secrets never come here: the rooms that fail name none.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::ask::{Params, VALUE_BYTES_MAX};
use super::node::{Consistency, Found, NodeError};

/// Text, not HTML: a browser must not run what a client stored.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
/// Consul's content type for JSON.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

const X_CONSUL_REASON: HeaderName = HeaderName::from_static("x-consul-reason");

/// A request that comes to nothing; the text is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
    reason: Option<&'static str>,
}

impl Refusal {
    /// 400: the request is wrong in itself.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 400: the request asks for something that Consul has and this agent has not.
    pub(super) fn unsupported(name: &str, why: &str) -> Self {
        let text = format!("Unsupported query parameter: {name:?} - {why}");
        Self {
            reason: Some("unsupported-parameter"),
            ..Self::bad(text)
        }
    }

    /// 404 with Consul's text.
    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// 500: the request was good, the answer is not to be had.
    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// 500: the state answered another question than was asked.
    pub(super) fn mismatch() -> Self {
        Self::failed("the state gave an answer to another question")
    }

    /// 405; the caller adds which methods are allowed.
    pub(super) fn not_allowed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, text)
    }

    /// 408: the body did not arrive in time.
    pub(super) fn slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "Request body did not arrive in time",
        )
    }

    /// 413: the value is too long; its length, if the client said it.
    pub(super) fn too_large(len: Option<u64>) -> Self {
        let len = len.map_or_else(String::new, |len| format!("({len} bytes)"));
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "Request body{len} too large, max size: {VALUE_BYTES_MAX} bytes. See \
                 https://developer.hashicorp.com/docs/agent/config/config-files#kv_max_value_size."
            ),
        )
    }

    /// 503: the agent is on its way out and does not hold requests any more.
    pub(super) fn stopping() -> Self {
        Self {
            reason: Some("stopping"),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The agent is stopping; ask another one",
            )
        }
    }

    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
            reason: None,
        }
    }

    /// The answer that the client reads.
    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.text));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, TEXT);
        if let Some(reason) = self.reason {
            let reason = HeaderValue::from_static(reason);
            response.headers_mut().insert(X_CONSUL_REASON, reason);
        }
        response
    }
}

impl From<NodeError> for Refusal {
    /// Consul answers 500 to all that is not the client's mistake (agent reference, 6.1), and also
    /// to a member that is not there (6.3, force-leave).
    fn from(error: NodeError) -> Self {
        let reason = match &error {
            NodeError::NoLeader => Some("no-leader"),
            NodeError::NoServers => Some("no-servers"),
            NodeError::Invalid(text) => return Self::bad(text),
            NodeError::NotFound(_) | NodeError::Failed(_) => None,
        };
        Self {
            reason,
            ..Self::failed(error.to_string())
        }
    }
}

/// What an endpoint answers to a request that it serves.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Reply {
    /// 200 with an empty body.
    pub(super) const fn empty() -> Self {
        Self {
            status: StatusCode::OK,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// 404 with an empty body: the answer is that there is nothing.
    pub(super) const fn nothing() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// 200 with JSON: compact, or indented by four spaces and ended by a newline if the client asks
    /// for `?pretty`.
    pub(super) fn json<T: Serialize + ?Sized>(params: &Params, value: &T) -> Result<Self, Refusal> {
        let mut body = Vec::new();
        let written = if params.has("pretty") {
            let indent = PrettyFormatter::with_indent(b"    ");
            let written = value.serialize(&mut Serializer::with_formatter(&mut body, indent));
            body.push(b'\n');
            written
        } else {
            serde_json::to_writer(&mut body, value)
        };
        written.map_err(|error| Refusal::failed(format!("cannot write the answer: {error}")))?;
        Ok(Self {
            body: body.into(),
            headers: vec![(CONTENT_TYPE, JSON)],
            ..Self::empty()
        })
    }

    /// The same with another status.
    pub(super) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// 200 with a text of lines.
    pub(super) fn lines(lines: &[String]) -> Self {
        Self {
            body: Bytes::from(lines.join("\n")),
            headers: vec![(CONTENT_TYPE, TEXT)],
            ..Self::empty()
        }
    }

    /// 200 with plain text.
    pub(super) fn text(text: &'static str) -> Self {
        Self {
            body: Bytes::from_static(text.as_bytes()),
            headers: vec![(CONTENT_TYPE, TEXT)],
            ..Self::empty()
        }
    }

    /// The answer to a probe: 200 if it is so, else 503; the body is the reason either way.
    pub(super) fn probe(is_so: bool, reason: String) -> Self {
        Self {
            status: if is_so {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            },
            body: reason.into(),
            headers: vec![(CONTENT_TYPE, TEXT)],
        }
    }

    /// 200 in the text format of Prometheus.
    pub(super) fn prometheus(text: String) -> Self {
        let form = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        Self {
            body: text.into(),
            headers: vec![(CONTENT_TYPE, form)],
            ..Self::empty()
        }
    }

    /// 200 with the bytes of a value. A browser shall neither guess what they are nor run them.
    pub(super) fn raw(value: Bytes) -> Self {
        let nosniff = HeaderName::from_static("x-content-type-options");
        let policy = HeaderName::from_static("content-security-policy");
        Self {
            body: value,
            headers: vec![
                (CONTENT_TYPE, TEXT),
                (nosniff, HeaderValue::from_static("nosniff")),
                (policy, HeaderValue::from_static("sandbox")),
            ],
            ..Self::empty()
        }
    }

    /// Adds the headers of a read (agent reference, 3.7). The index is never below 1: with 0 a
    /// client would ask again at once, for ever.
    pub(super) fn with_freshness(mut self, found: &Found, asked: Consistency) -> Self {
        let effective = match asked {
            Consistency::Default => "leader",
            Consistency::Consistent => "consistent",
            Consistency::Stale => "stale",
        };
        let known = if found.known_leader { "true" } else { "false" };
        self.headers.extend(
            [
                ("x-consul-index", found.index.max(1).into()),
                ("x-consul-knownleader", HeaderValue::from_static(known)),
                ("x-consul-lastcontact", found.last_contact_ms.into()),
                (
                    "x-consul-effective-consistency",
                    HeaderValue::from_static(effective),
                ),
            ]
            .map(|(name, value)| (HeaderName::from_static(name), value)),
        );
        self
    }

    /// The answer that the client reads.
    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Answer;

    #[test]
    fn an_index_of_zero_is_shown_as_one() {
        for (index, shown) in [(0, "1"), (1, "1"), (2, "2")] {
            let found = Found {
                answer: Answer::Keys(Vec::new()),
                index,
                known_leader: true,
                last_contact_ms: 0,
            };
            let reply = Reply::empty().with_freshness(&found, Consistency::Default);
            let response = reply.into_response();
            assert_eq!(response.headers()["x-consul-index"], shown);
        }
    }
}
