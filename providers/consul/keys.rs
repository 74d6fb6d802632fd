//! The keys of the provider `consul`, and what they mean together.
//!
//! The variables are those of Consul's command line:
//! <https://developer.hashicorp.com/consul/commands#environment-variables>, read 2026. Not honoured:
//! `CONSUL_HTTP_SSL_VERIFY` (certificates are always checked), `CONSUL_HTTP_AUTH`, `CONSUL_CAPATH`
//! and `CONSUL_TLS_SERVER_NAME`.

use crate::options::{NO_PROXY, PROXY, check_url};
use crate::{Key, Kind, Lookup, Query, QueryError, ResolveError, Secret};

use super::NAME;

pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "allow_stale",
        "`true` (default) takes the answer of any server, `false` of the leader alone",
    )
    .choices(&["true", "false"]),
    Key::optional(
        "ca_file",
        "PEM file with the roots to trust; default: `CONSUL_CACERT`, `SSL_CERT_FILE`, the system's",
    )
    .variable("CONSUL_CACERT"),
    Key::optional(
        "client_cert_file",
        "PEM file with a certificate to show; with `client_key_file`; default: `CONSUL_CLIENT_CERT`",
    )
    .variable("CONSUL_CLIENT_CERT"),
    Key::optional(
        "client_key_file",
        "PEM file with its key; default: `CONSUL_CLIENT_KEY`",
    )
    .variable("CONSUL_CLIENT_KEY"),
    Key::optional("datacenter", "datacenter to ask for; default: the agent's"),
    Key::optional(
        "endpoint",
        "URL of the agent with an optional path before `/v1`; goes before `server` and `scheme`",
    )
    .checked(check_url),
    Key::optional("filter", "Consul's filter expression, as the asked list takes it"),
    Key::optional("namespace", "default: `CONSUL_NAMESPACE`").variable("CONSUL_NAMESPACE"),
    NO_PROXY,
    Key::optional(
        "node_meta",
        "only nodes with this metadata: `name:value`, separated by commas",
    )
    .checked(check_pairs),
    Key::optional("partition", "default: `CONSUL_PARTITION`").variable("CONSUL_PARTITION"),
    Key::optional(
        "passing_only",
        "`true` leaves out what fails a check; default: `false`; for `source=health`",
    )
    .choices(&["true", "false"]),
    PROXY,
    Key::optional(
        "scheme",
        "`http` (default) or `https`; default: `https` if `CONSUL_HTTP_SSL` is true",
    )
    .choices(&["http", "https"]),
    Key::optional(
        "server",
        "agent to ask, `host:port` or URL; default: `CONSUL_HTTP_ADDR`, `127.0.0.1:8500`",
    )
    .variable("CONSUL_HTTP_ADDR")
    .checked(check_server),
    Key::optional(
        "service",
        "services to find, separated by commas; without it the nodes are found",
    ),
    Key::optional(
        "source",
        "`health` (default with `service`), `catalog`, `nodes` (default), or `peers`: the servers",
    )
    .choices(&["health", "catalog", "nodes", "peers"]),
    Key::optional("tags", "only instances with all these tags, separated by commas"),
    Key::secret("token", "token; default: `CONSUL_HTTP_TOKEN`").variable("CONSUL_HTTP_TOKEN"),
    Key::optional(
        "token_file",
        "file with the token, read anew for each lookup; default: `CONSUL_HTTP_TOKEN_FILE`",
    )
    .variable("CONSUL_HTTP_TOKEN_FILE"),
];

/// The list that is asked for.
pub(super) fn source(query: &Query) -> &str {
    let default = if query.value("service").is_some() {
        "health"
    } else {
        "nodes"
    };
    query.value("source").unwrap_or(default)
}

/// Refuses keys that the asked list does not take, rather than widen it.
pub(super) fn check(query: &Query) -> Result<(), QueryError> {
    let wrong = |key, why: &str| Err(query.refusal(key, why));
    let has = |key: &str| query.value(key).is_some();
    let source = source(query);
    let is_service = matches!(source, "health" | "catalog");
    if is_service && list(query, "service").next().is_none() {
        return Err(QueryError::MissingKey {
            provider: NAME,
            key: "service",
        });
    }
    for key in ["service", "tags"] {
        if has(key) && !is_service {
            return wrong(key, "counts for `source=health` and `source=catalog` only");
        }
    }
    if has("passing_only") && source != "health" {
        return wrong("passing_only", "counts for `source=health` only");
    }
    for key in ["filter", "node_meta", "namespace", "partition"] {
        if has(key) && source == "peers" {
            return wrong(key, "counts for no `source=peers`");
        }
    }
    Ok(())
}

/// The base URL of the agent.
pub(super) fn server(lookup: Lookup<'_>) -> Result<String, ResolveError> {
    let given = lookup.value("server");
    let text = given.as_deref().unwrap_or("127.0.0.1:8500");
    let environment = lookup.io.environment();
    let is_tls = environment.value("CONSUL_HTTP_SSL");
    let is_tls =
        is_tls.is_some_and(|word| matches!(&*word, "1" | "t" | "T" | "true" | "TRUE" | "True"));
    let default = if is_tls { "https" } else { "http" };
    let scheme = lookup.query.value("scheme").unwrap_or(default);
    check_server(text).map_err(|why| {
        let error = ResolveError::new(Kind::Query, NAME, "find the agent");
        error.with("cause", &format!("`server` or `CONSUL_HTTP_ADDR` {why}"))
    })?;
    Ok(whole(text, scheme))
}

/// The token of the query, of the file that it or the environment names, or of the environment.
pub(super) async fn token(lookup: Lookup<'_>) -> Result<Option<Secret>, ResolveError> {
    if let Some(token) = lookup.query.value("token") {
        return Ok(Some(Secret::new(token)));
    }
    match lookup.value("token_file") {
        Some(path) => lookup.secret_file("token_file", &path).await.map(Some),
        None => lookup.secret("token").await,
    }
}

/// The parts of a value that is a list.
pub(super) fn list<'q>(query: &'q Query, key: &str) -> impl Iterator<Item = &'q str> + use<'q> {
    let list = query.value(key).unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn whole(text: &str, scheme: &str) -> String {
    if text.contains("://") {
        return text.to_owned();
    }
    format!("{scheme}://{text}")
}

fn check_server(text: &str) -> Result<(), String> {
    if text.starts_with("unix:") {
        return Err("is a TCP address; a Unix socket is not asked".to_owned());
    }
    match check_url(&whole(text, "http")) {
        Ok(()) => Ok(()),
        Err(_no_url) => {
            Err("is `host:port`, or a URL with no more than an optional path".to_owned())
        }
    }
}

fn check_pairs(list: &str) -> Result<(), String> {
    let is_pair = |pair: &&str| {
        pair.split_once(':')
            .is_some_and(|(name, _)| !name.trim().is_empty())
    };
    match list.split(',').find(|pair| !is_pair(pair)) {
        Some(wrong) => Err(format!(
            "is `name:value`, separated by commas, not `{wrong}`"
        )),
        None => Ok(()),
    }
}
