//! Why a request brought no answer, in the words that users search for.

use std::error::Error;
use std::io;

use super::url::host_and_port;

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The agent's address is not one that this client can use.
    #[error("agent address {address:?}: {why}")]
    Address {
        /// As given.
        address: String,
        /// What is wrong with it, and what to write.
        why: &'static str,
    },
    /// A path that no URL can carry.
    #[error("key {path:?} cannot be sent: a URL takes it for a step in its path")]
    Path {
        /// The path below the endpoint.
        path: String,
    },
    /// A token that no header can carry.
    #[error("the token holds a character that cannot be sent in a header")]
    Token,
    /// The request did not get there, or its answer did not get back. Worded as Go words it.
    #[error("{verb} \"{url}\": {why}")]
    Sent {
        /// Get, Put, Post or Delete.
        verb: &'static str,
        /// Where it was sent.
        url: String,
        /// The innermost cause.
        why: String,
    },
    /// The agent takes connections and answers nothing at all, as one whose process stands still.
    #[error(
        "{verb} \"{url}\": the agent at {addr} takes connections and has answered nothing for {seconds} s: \
         see whether its process hangs or is stopped (state D or T in `ps`), and continue or restart it"
    )]
    Silent {
        /// Get, Put, Post or Delete.
        verb: &'static str,
        /// Where it was sent.
        url: String,
        /// The agent's host and port.
        addr: String,
        /// How long it was waited for, in seconds.
        seconds: u64,
    },
    /// The agent answered with another status than 200. Worded as Consul words it.
    #[error("Unexpected response code: {status} ({body})")]
    Status {
        /// The status code.
        status: u16,
        /// The body as text.
        body: String,
    },
    /// The answer is not of the API's shape: something else listens there.
    #[error("answer of {url} is not what the API gives: {why}")]
    Shape {
        /// What was asked.
        url: String,
        /// What could not be read.
        why: String,
    },
}

/// The innermost cause of an error; of one to connect in Go's words, for which users search.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let addr = error.url().map(host_and_port).unwrap_or_default();
    match cause.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
            format!("dial tcp {addr}: connect: connection refused")
        }
        _ if error.is_timeout() && error.is_connect() => {
            format!("dial tcp {addr}: i/o timeout")
        }
        _ if error.is_timeout() => "no answer in time".to_owned(),
        _ => cause.to_string(),
    }
}
