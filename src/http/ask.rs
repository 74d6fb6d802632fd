//! A request as the endpoints see it: method, rest of the path, parameters, value.
//!
//! Everything a client sends is decoded and bounded here and nowhere else. The rules are those of
//! the agent reference, 6.1. The one number that is drawn, the jitter of a blocking read, is handed
//! in, so that what is read from a request can be tested.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query as QueryString, Request};
use axum::http::{HeaderMap, Method, Uri, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::Consistency;
use super::duration;
use super::node::Read;
use super::reply::Refusal;
use crate::state::Query;

/// The longest value of a key, in bytes (Consul's `kv_max_value_size`).
pub const VALUE_BYTES_MAX: usize = 512 * 1024;

/// How long a blocking read waits when the client does not say (Consul's `default_query_time`).
const WAIT_DEFAULT: Duration = Duration::from_mins(5);

/// The longest a blocking read waits, jitter aside (Consul's `max_query_time`).
const WAIT_MAX: Duration = Duration::from_mins(10);

/// Up to this share of the wait is added, so that clients that began together do not all come back
/// together (agent reference, 6.1, blocking queries).
const JITTER_SHARE: u32 = 16;

/// How long a client may take to send a value. Chosen: half a MiB at 17 KiB/s.
const VALUE_WITHIN: Duration = Duration::from_secs(30);

/// The parameters after the question mark, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    encoded: String,
}

impl Params {
    /// Reads them from a request's target. What cannot be decoded is kept as far as it can.
    pub(super) fn new(uri: &Uri) -> Self {
        let pairs = QueryString::<Vec<(String, String)>>::try_from_uri(uri);
        Self {
            pairs: pairs.map(|QueryString(pairs)| pairs).unwrap_or_default(),
            encoded: uri.query().unwrap_or_default().to_owned(),
        }
    }

    /// The first value under a name; empty for a bare name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(known, _)| known == name)?;
        Some(&pair.1)
    }

    /// The first value under a name, unless it is empty: Consul takes an empty value for none.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// Says whether the name is there, with or without a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A number under a name, if the name is there.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.value(name) else {
            return Ok(None);
        };
        let number = parse_u64(text).ok_or_else(|| {
            Refusal::bad(format!("Invalid {name}: {text:?} is not a whole number"))
        })?;
        Ok(Some(number))
    }

    /// All of them as they came, sorted by name, as Consul's error texts quote them.
    pub(super) fn sorted(&self) -> String {
        let mut pairs: Vec<&str> = self.encoded.split('&').collect();
        pairs.sort_unstable();
        pairs.join("&")
    }

    /// How fresh an answer is asked for.
    pub(super) fn consistency(&self) -> Result<Consistency, Refusal> {
        match (self.has("stale"), self.has("consistent")) {
            (true, true) => Err(Refusal::bad(
                "Cannot specify ?stale with ?consistent, conflicting semantics.",
            )),
            (true, false) => Ok(Consistency::Stale),
            (false, true) => Ok(Consistency::Consistent),
            (false, false) => Ok(Consistency::Default),
        }
    }

    /// Completes a question with its conditions. `draw` is a number from 0 up to 1, the share of
    /// the longest jitter that is added to the wait.
    pub(super) fn read(&self, query: Query, draw: f64) -> Result<Read, Refusal> {
        let consistency = self.consistency()?;
        let wait = match self.filled("wait") {
            None => WAIT_DEFAULT,
            Some(text) => duration::parse(text).ok_or_else(|| Refusal::bad("Invalid wait time"))?,
        };
        let index = match self.filled("index") {
            None => 0,
            Some(text) => parse_u64(text).ok_or_else(|| Refusal::bad("Invalid index"))?,
        };
        let wait = if wait.is_zero() { WAIT_DEFAULT } else { wait };
        let wait = wait.min(WAIT_MAX);
        let jitter = (wait / JITTER_SHARE).mul_f64(draw.clamp(0.0, 1.0));
        Ok(Read {
            query,
            consistency,
            min_index: (index > 0).then_some(index),
            wait: wait.saturating_add(jitter),
        })
    }
}

/// Digits only: Rust alone would also take a plus sign, Go's parser does not.
fn parse_u64(text: &str) -> Option<u64> {
    let is_digits = text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

/// A request for one endpoint.
#[derive(Debug)]
pub(super) struct Ask {
    /// One of the methods that the endpoint takes.
    pub(super) method: Method,
    /// What follows the endpoint's own path, decoded; may be empty.
    pub(super) rest: String,
    /// The parameters.
    pub(super) params: Params,
    /// A number from 0 up to 1, drawn for this request.
    pub(super) draw: f64,
    /// The headers.
    pub(super) headers: HeaderMap,
    body: Body,
}

impl Ask {
    /// Takes a request apart. `path` is the decoded path of the request, `own` the endpoint's.
    pub(super) fn new(request: Request, path: &str, own: &str, draw: f64) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            method: parts.method,
            rest: path.strip_prefix(own).unwrap_or_default().to_owned(),
            params: Params::new(&parts.uri),
            draw,
            headers: parts.headers,
            body,
        }
    }

    /// Reads the body as the value of a key.
    ///
    /// # Errors
    /// 413 if it is longer than [`VALUE_BYTES_MAX`], said or found out while reading; 400 if it
    /// breaks off; 408 if it does not arrive within 30 seconds.
    pub(super) async fn into_value(self) -> Result<Bytes, Refusal> {
        let claimed = self.headers.get(header::CONTENT_LENGTH);
        let claimed = claimed.and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
        if let Some(len) = claimed
            && usize::try_from(len).map_or(true, |len| len > VALUE_BYTES_MAX)
        {
            return Err(Refusal::too_large(Some(len)));
        }
        let reading = collect(self.body);
        tokio::time::timeout(VALUE_WITHIN, reading)
            .await
            .unwrap_or_else(|_elapsed| Err(Refusal::slow()))
    }
}

/// Reads a body that may lie about its length, or not say it.
async fn collect(body: Body) -> Result<Bytes, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut value = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|error| Refusal::bad(format!("Request body ends early: {error}")))?;
        if value.len() + chunk.len() > VALUE_BYTES_MAX {
            return Err(Refusal::too_large(None));
        }
        value.extend_from_slice(&chunk);
    }
    Ok(value.freeze())
}

/// Decodes a path. None if an escape is broken or the bytes are not UTF-8.
pub(super) fn decode_path(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Says whether every character of a decoded path can be shown; Consul answers 400 to others.
pub(super) fn is_printable(path: &str) -> bool {
    path.chars()
        .all(|c| c == ' ' || !(c.is_control() || c.is_whitespace()))
}
