//! The keys of `provider=k8s`, and the settings they make.
//!
//! Pure. go-discover's keys keep their names and their meaning.

use super::NAME;
use crate::{Key, Query, QueryError, place};

/// Every key of its own, sorted.
pub(super) const KEYS: &[Key] = &[
    Key::optional("cluster_domain", "domain of the cluster's names; default: `cluster.local`")
        .checked(check_name),
    Key::optional("context", "context of the kubeconfig; default: its current one"),
    Key::optional("field_selector", "fields of the pods, as the API takes them"),
    Key::optional(
        "host_network",
        "`true` for the address and ports of the node in place of the pod's; default: `false`",
    )
    .checked(check_bool),
    Key::optional(
        "hostname",
        "`true` for DNS names of pods with `hostname` and `subdomain`, as StatefulSets make them; default: `false`",
    )
    .checked(check_bool),
    Key::optional(
        "include_not_ready",
        "`true` takes running pods that are not ready too, so that peers which start together find each other; default: `false`",
    )
    .checked(check_bool),
    Key::optional(
        "kubeconfig",
        "file; default: `KUBECONFIG`, `~/.kube/config`, the pod's service account",
    )
    .variable("KUBECONFIG"),
    Key::optional("label_selector", "labels of the pods or slices, as the API takes them"),
    Key::optional(
        "namespace",
        "namespace; `own` for the pod's or the context's, `*` for all; default: `default`",
    )
    .checked(check_namespace),
    Key::optional("port_name", "name of the port to join at"),
    Key::optional("replicas", "number of pods; for `source=ordinal`").checked(check_replicas),
    Key::optional(
        "service",
        "Service whose endpoints are read, or that governs the StatefulSet",
    )
    .checked(check_label),
    Key::optional(
        "source",
        "`pods` (default), `endpointslice` of a `service`, `service_dns`: the same by DNS, or `ordinal`: names of a StatefulSet's pods without a call",
    )
    .choices(&["pods", "endpointslice", "service_dns", "ordinal"]),
    Key::optional("start", "first ordinal; for `source=ordinal`; default: 0").checked(check_number),
    Key::optional("stateful_set", "name of the StatefulSet; for `source=ordinal`")
        .checked(check_label),
    Key::secret("token", "bearer token; default: the kubeconfig's or the service account's"),
    Key::optional("token_file", "file with the token; read anew for each lookup"),
];

/// The most names that a `StatefulSet` is taken to have. Chosen: beyond any cluster of ours.
const REPLICAS_MAX: u32 = 1_000;

/// Where a pod is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At its own addresses and ports.
    Pod,
    /// At those of its node.
    Node,
    /// By its DNS name.
    Name,
}

/// What a query asks of pods and endpoints.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) place: Place,
    pub(super) include_not_ready: bool,
    /// All of a pod's addresses count, and not its first alone: the policy chooses among them.
    pub(super) all_families: bool,
    pub(super) port_name: Option<String>,
    /// `port` is given, so no other has to be found.
    pub(super) has_port: bool,
    pub(super) domain: String,
}

impl Wanted {
    pub(super) fn from_query(query: &Query) -> Self {
        let is_set = |key| query.value(key).and_then(go_bool).unwrap_or_default();
        Self {
            place: if is_set("hostname") {
                Place::Name
            } else if is_set("host_network") {
                Place::Node
            } else {
                Place::Pod
            },
            include_not_ready: is_set("include_not_ready"),
            all_families: query.value("addr").is_some(),
            port_name: query.value("port_name").map(str::to_owned),
            has_port: query.value("port").is_some(),
            domain: domain(query).to_owned(),
        }
    }
}

pub(super) fn domain(query: &Query) -> &str {
    query.value("cluster_domain").unwrap_or("cluster.local")
}

pub(super) fn wants_own_namespace(query: &Query) -> bool {
    query.value("namespace") == Some("own")
}

/// The names of a `StatefulSet`'s pods, as far as the query has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ordinals<'a> {
    pub(super) stateful_set: &'a str,
    pub(super) service: &'a str,
    pub(super) start: u32,
    pub(super) replicas: u32,
}

impl<'a> Ordinals<'a> {
    pub(super) fn from_query(query: &'a Query) -> Self {
        let number = |key| query.value(key).and_then(|text| text.parse().ok());
        let stateful_set = query.value("stateful_set").unwrap_or_default();
        Self {
            stateful_set,
            service: query.value("service").unwrap_or(stateful_set),
            start: number("start").unwrap_or_default(),
            replicas: number("replicas").unwrap_or_default(),
        }
    }
}

/// Refuses keys that are missing, or read by nobody beside the others.
pub(super) fn check(query: &Query) -> Result<(), QueryError> {
    let source = query.value("source").unwrap_or("pods");
    let (needed, useless) = rules(source);
    if let Some(key) = needed.iter().find(|key| query.value(key).is_none()) {
        return Err(QueryError::MissingKey {
            provider: NAME,
            key,
        });
    }
    let wrong = |key, why: String| Err(query.refusal(key, why));
    let mut useless = useless.iter().copied().flatten();
    if let Some(key) = useless.find(|key| query.value(key).is_some()) {
        return wrong(key, format!("has no meaning with `source={source}`"));
    }
    let is_by_name = matches!(source, "ordinal" | "service_dns");
    if is_by_name && query.value("namespace") == Some("*") {
        return wrong(
            "namespace",
            format!("is one namespace with `source={source}`"),
        );
    }
    let is_named = query.value("hostname").and_then(go_bool) == Some(true);
    let by_address = ["addr", "host_network", "network"];
    match by_address.iter().find(|key| query.value(key).is_some()) {
        Some(key) if is_named => wrong(key, "has no meaning with `hostname=true`".to_owned()),
        _ if source == "ordinal" && query.value("namespace") == Some("*") => wrong(
            "namespace",
            "is one namespace with `source=ordinal`".to_owned(),
        ),
        _ => Ok(()),
    }
}

/// Names of keys.
type Names = &'static [&'static str];

/// The keys that a source needs, and those that it has no use for.
const fn rules(source: &str) -> (Names, &'static [Names]) {
    /// The pods of a `StatefulSet`.
    const ORDINALS: Names = &["replicas", "start", "stateful_set"];
    /// Whom the API is asked as, and for what.
    const API: Names = &[
        "context",
        "field_selector",
        "host_network",
        "include_not_ready",
        "kubeconfig",
        "label_selector",
        "token",
        "token_file",
    ];
    match source.as_bytes() {
        b"endpointslice" => (
            &["service"],
            &[ORDINALS, &["field_selector", "host_network"]],
        ),
        b"service_dns" => (&["service"], &[ORDINALS, API, &["hostname"]]),
        b"ordinal" => (
            &["stateful_set", "replicas"],
            &[API, &["addr", "network", "port_name"]],
        ),
        _ => (&[], &[ORDINALS, &["service"]]),
    }
}

/// The words that Go's `strconv.ParseBool` takes, which go-discover reads its keys with.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn check_bool(text: &str) -> Result<(), String> {
    match go_bool(text) {
        Some(_either) => Ok(()),
        None => Err(format!("is `true` or `false`, not `{text}`")),
    }
}

fn check_label(text: &str) -> Result<(), String> {
    if place::is_name(text) && !text.contains('.') {
        return Ok(());
    }
    Err(format!("is the name of an object, not `{text}`"))
}

fn check_namespace(text: &str) -> Result<(), String> {
    if text == "*" {
        return Ok(());
    }
    check_label(text)
}

fn check_name(text: &str) -> Result<(), String> {
    if place::is_name(text) {
        return Ok(());
    }
    Err(format!("is a domain, not `{text}`"))
}

fn check_replicas(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(count) if (1..=REPLICAS_MAX).contains(&count) => Ok(()),
        _ => Err(format!(
            "is a number from 1 to {REPLICAS_MAX}, not `{text}`"
        )),
    }
}

fn check_number(text: &str) -> Result<(), String> {
    // Small enough that the last ordinal is a number too.
    match text.parse::<u32>() {
        Ok(count) if count <= 1_000_000 => Ok(()),
        _ => Err(format!("is a number from 0 to 1000000, not `{text}`")),
    }
}
