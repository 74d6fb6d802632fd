//! Consul's lists, and the instances in them.
//!
//! Pure. An error is a phrase that follows `the list`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Address, Instance, place};

pub(super) const HEALTH: &str = "health/service";
pub(super) const CATALOG: &str = "catalog/service";
pub(super) const NODES: &str = "catalog/nodes";
pub(super) const PEERS: &str = "status/peers";

/// An entry of `health/service`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Healthy {
    node: Node,
    service: Service,
    #[serde(default)]
    checks: Vec<HealthCheck>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthCheck {
    status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    port: u16,
    tags: Option<Vec<String>>,
    meta: Option<BTreeMap<String, String>>,
}

/// An entry of `catalog/nodes`, and the node in one of `health/service`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Node {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "Node")]
    name: String,
    address: String,
    datacenter: Option<String>,
    tagged_addresses: Option<BTreeMap<String, String>>,
    meta: Option<BTreeMap<String, String>>,
}

/// An entry of `catalog/service`: a node and a service in one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(rename = "ID")]
    id: Option<String>,
    node: String,
    address: String,
    datacenter: Option<String>,
    tagged_addresses: Option<BTreeMap<String, String>>,
    node_meta: Option<BTreeMap<String, String>>,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(default)]
    service_address: String,
    #[serde(default)]
    service_port: u16,
    service_tags: Option<Vec<String>>,
    service_meta: Option<BTreeMap<String, String>>,
}

impl Healthy {
    pub(super) fn instance(self) -> Result<Instance, String> {
        let state = worst(&self.checks);
        let mut instance = with_service(self.node, self.service, HEALTH)?;
        instance.state = Some(state.to_owned());
        Ok(instance)
    }
}

impl Listed {
    pub(super) fn instance(self) -> Result<Instance, String> {
        let node = Node {
            id: self.id,
            name: self.node,
            address: self.address,
            datacenter: self.datacenter,
            tagged_addresses: self.tagged_addresses,
            meta: self.node_meta,
        };
        let service = Service {
            id: self.service_id,
            address: self.service_address,
            port: self.service_port,
            tags: self.service_tags,
            meta: self.service_meta,
        };
        with_service(node, service, CATALOG)
    }
}

impl Node {
    pub(super) fn instance(self, call: &'static str) -> Result<Instance, String> {
        let mut instance = Instance::from_call(call);
        // The main address is in no network of its own name; `network=` finds its tagged twin.
        if !self.address.is_empty() {
            instance.addresses.push(address(&self.address)?);
        }
        for (network, text) in self.tagged_addresses.unwrap_or_default() {
            instance
                .addresses
                .push(address(&text)?.in_network(network).spare());
        }
        instance.id = self.id.filter(|id| !id.is_empty());
        instance.name = Some(self.name);
        instance.tags = self.meta.unwrap_or_default();
        if let Some(datacenter) = self.datacenter {
            instance.tags.insert("datacenter".to_owned(), datacenter);
        }
        Ok(instance)
    }
}

fn with_service(node: Node, service: Service, call: &'static str) -> Result<Instance, String> {
    let mut instance = node.instance(call)?;
    if !service.address.is_empty() {
        instance.addresses = vec![address(&service.address)?];
    }
    instance.port = Some(service.port).filter(|port| *port > 0);
    instance.tags.extend(service.meta.unwrap_or_default());
    instance.tags.insert("service".to_owned(), service.id);
    let tags = service.tags.unwrap_or_default();
    if !tags.is_empty() {
        instance.tags.insert("tags".to_owned(), tags.join(","));
    }
    Ok(instance)
}

/// A server by its address in the log's protocol, at whose port nobody joins.
pub(super) fn peer(text: &str) -> Result<Instance, String> {
    let (host, _port) = place::parse(text)?;
    Ok(Instance::from_call(PEERS).with_address(Address::from_host(host)))
}

fn address(text: &str) -> Result<Address, String> {
    match place::parse(text)? {
        (host, None) => Ok(Address::from_host(host)),
        (_, Some(_port)) => Err(format!("has `{text}`, an address with a port in it")),
    }
}

/// The state that is worst: a node with one check that fails is not well.
fn worst(checks: &[HealthCheck]) -> &str {
    let rank = |check: &&HealthCheck| match &*check.status {
        "passing" => 0,
        "warning" => 1,
        "critical" => 2,
        _ => 3,
    };
    checks
        .iter()
        .max_by_key(rank)
        .map_or("passing", |check| &check.status)
}
