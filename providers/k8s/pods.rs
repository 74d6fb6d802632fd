//! Pods, and the instances that they are.
//!
//! Pure. As go-discover, a pod counts if it runs, unless a condition says that it is not ready; its
//! annotation names the port. Unlike it, a pod that is being deleted does not count, and a port is
//! a port.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use super::keys::{Place, Wanted};
use crate::{Address, Instance};

pub(super) const OPERATION: &str = "list pods";

/// The annotation with the name or number of a pod's port.
const PORT: &str = "consul.hashicorp.com/auto-join-port";

/// The label with the zone of a node, which newer clusters copy to its pods.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A pod, as far as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct Pod {
    metadata: Metadata,
    spec: Option<Spec>,
    status: Option<Status>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Spec {
    hostname: Option<String>,
    subdomain: Option<String>,
    containers: Option<Vec<Container>>,
}

#[derive(Debug, Deserialize)]
struct Container {
    ports: Option<Vec<Port>>,
}

#[derive(Debug, Deserialize)]
struct Port {
    name: Option<String>,
    #[serde(rename = "containerPort")]
    of_container: Option<u16>,
    #[serde(rename = "hostPort")]
    of_host: Option<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    phase: Option<String>,
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    #[serde(rename = "podIPs")]
    pod_ips: Option<Vec<Ip>>,
    #[serde(rename = "hostIP")]
    host_ip: Option<String>,
    #[serde(rename = "hostIPs")]
    host_ips: Option<Vec<Ip>>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Debug, Deserialize)]
struct Ip {
    ip: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

impl Pod {
    pub(super) fn instance(self, wanted: &Wanted) -> Instance {
        let Self {
            metadata,
            spec,
            status,
        } = self;
        let (spec, status) = (spec.unwrap_or_default(), status.unwrap_or_default());
        let namespace = metadata.namespace.as_deref().unwrap_or("default");
        let phase = status.phase.as_deref().unwrap_or("of no known phase");
        let annotation = metadata.annotations.as_ref().and_then(|all| all.get(PORT));
        let port = spec.port(annotation.map(String::as_str), wanted);
        let dropped = if metadata.deletion_timestamp.is_some() {
            Some("is being deleted".to_owned())
        } else if phase != "Running" {
            Some(format!("is {phase}"))
        } else if !wanted.include_not_ready && !status.is_ready() {
            Some("is not ready".to_owned())
        } else {
            port.as_ref().err().cloned()
        };
        let addresses = if wanted.place == Place::Name {
            spec.dns_name(namespace, &wanted.domain)
                .into_iter()
                .collect()
        } else {
            status.addresses(wanted)
        };
        let tags = metadata.labels.unwrap_or_default();
        Instance {
            id: Some(format!("{namespace}/{}", metadata.name)),
            zone: tags.get(ZONE).cloned(),
            name: Some(metadata.name),
            state: Some(phase.to_owned()),
            tags,
            addresses,
            port: port.unwrap_or_default(),
            dropped,
            ..Instance::from_call(OPERATION)
        }
    }
}

impl Status {
    fn is_ready(&self) -> bool {
        let mut conditions = self.conditions.iter().flatten();
        conditions.all(|one| one.kind != "Ready" || one.status == "True")
    }

    /// The pod's addresses or its node's, the first one first. All are private: a pod's network is
    /// the cluster's, whatever range it has.
    fn addresses(&self, wanted: &Wanted) -> Vec<Address> {
        let (first, all) = if wanted.place == Place::Node {
            (&self.host_ip, &self.host_ips)
        } else {
            (&self.pod_ip, &self.pod_ips)
        };
        let more = all.iter().flatten().filter_map(|one| one.ip.as_ref());
        let texts = first.iter().chain(more);
        let mut ips: Vec<IpAddr> = Vec::new();
        for ip in texts.filter_map(|text| text.parse().ok()) {
            if !ips.contains(&ip) {
                ips.push(ip);
            }
        }
        let address = |(index, ip)| {
            let address = Address::private(ip);
            let is_spare = index > 0 && !wanted.all_families;
            if is_spare { address.spare() } else { address }
        };
        ips.into_iter().enumerate().map(address).collect()
    }
}

impl Spec {
    /// The name that the cluster's DNS has for it; only pods with both parts have one.
    fn dns_name(&self, namespace: &str, domain: &str) -> Option<Address> {
        let is_set = |text: &&String| !text.is_empty();
        let hostname = self.hostname.as_ref().filter(is_set)?;
        let subdomain = self.subdomain.as_ref().filter(is_set)?;
        super::name(&format!("{hostname}.{subdomain}.{namespace}.svc.{domain}"))
    }

    /// The port that the annotation names, else the query. The error is why the pod is left out.
    fn port(&self, annotation: Option<&str>, wanted: &Wanted) -> Result<Option<u16>, String> {
        if wanted.has_port {
            return Ok(None);
        }
        let given = annotation.filter(|text| !text.is_empty());
        if let Some(text) = given {
            let found = self.named_port(text, wanted).or_else(|| number(text));
            return found
                .map(Some)
                .ok_or_else(|| format!("has no port `{text}`, which its annotation {PORT} names"));
        }
        let Some(name) = &wanted.port_name else {
            return Ok(None);
        };
        let found = self.named_port(name, wanted);
        found
            .map(Some)
            .ok_or_else(|| format!("has no port `{name}`"))
    }

    fn named_port(&self, name: &str, wanted: &Wanted) -> Option<u16> {
        let containers = self.containers.iter().flatten();
        let ports = containers.flat_map(|container| container.ports.iter().flatten());
        let mut named = ports.filter(|port| port.name.as_deref() == Some(name));
        named.find_map(|port| {
            let number = if wanted.place == Place::Node {
                port.of_host
            } else {
                port.of_container
            };
            number.filter(|number| *number > 0)
        })
    }
}

/// A number as Go writes it: decimal, or with `0x`, `0o`, `0b` or a bare `0` in front.
fn number(text: &str) -> Option<u16> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.split_at_checked(2) {
        Some(("0x", digits)) => (digits, 16),
        Some(("0o", digits)) => (digits, 8),
        Some(("0b", digits)) => (digits, 2),
        _ => match lower.strip_prefix('0') {
            Some(digits) => (digits, 8),
            None => (lower.as_str(), 10),
        },
    };
    // Go lets underscores stand between digits.
    let digits = digits.replace('_', "");
    let is_plain = digits.chars().all(|digit| digit.is_digit(base));
    let port = is_plain.then(|| u16::from_str_radix(&digits, base).ok());
    port.flatten().filter(|port| *port > 0)
}
