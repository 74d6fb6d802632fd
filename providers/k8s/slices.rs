//! `EndpointSlices` of a Service, merged to the pods behind it.
//!
//! Pure. Form: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/>, read 2026.
//! A slice holds up to 1,000 endpoints of one family, so that a Service has several; one endpoint may
//! stand in two while it moves. A condition that is not there is true for `ready` and false for
//! `terminating`. Of an endpoint's addresses only the first counts, by the vendor's word.

use std::collections::HashMap;

use serde::Deserialize;

use super::keys::{Place, Wanted};
use crate::{Address, AddressKind, Instance};

pub(super) const OPERATION: &str = "list endpoint slices";

/// The label that a slice bears the name of its Service in.
pub(super) const SERVICE: &str = "kubernetes.io/service-name";

/// A slice, as far as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct Slice {
    metadata: Metadata,
    endpoints: Option<Vec<Endpoint>>,
    ports: Option<Vec<Port>>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    addresses: Option<Vec<String>>,
    #[serde(default)]
    conditions: Conditions,
    hostname: Option<String>,
    target_ref: Option<Target>,
    zone: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Port {
    name: Option<String>,
    port: Option<u16>,
}

/// Where each endpoint stands among the instances.
#[derive(Debug, Default)]
pub(super) struct Merged {
    places: HashMap<String, usize>,
}

impl Merged {
    /// Adds the endpoints of a slice to those of the slices before it.
    pub(super) fn add(
        &mut self,
        slice: &Slice,
        service: &str,
        wanted: &Wanted,
        seen: &mut Vec<Instance>,
    ) {
        let namespace = slice.metadata.namespace.as_deref().unwrap_or("default");
        let port = slice.port(wanted);
        for endpoint in slice.endpoints.iter().flatten() {
            let found = endpoint.instance(namespace, service, &port, wanted);
            let id = found.id.clone().unwrap_or_default();
            // A list that began anew leaves places that no longer hold.
            let place = self.places.get(&id).copied();
            let known = place.and_then(|place| seen.get_mut(place));
            if let Some(known) = known.filter(|known| known.id == found.id) {
                merge(known, found, wanted);
            } else {
                self.places.insert(id, seen.len());
                seen.push(found);
            }
        }
    }
}

/// Joins two endpoints of one pod: it counts if either does.
fn merge(known: &mut Instance, found: Instance, wanted: &Wanted) {
    for address in found.addresses {
        if known.addresses.iter().all(|one| one.host != address.host) {
            known.addresses.push(address);
        }
    }
    known.dropped = known.dropped.take().filter(|_| found.dropped.is_some());
    known.port = known.port.or(found.port);
    known.zone = known.zone.take().or(found.zone);
    // One family of a pod is enough, and always the same.
    let is_v4 = |one: &Address| one.kind == Some(AddressKind::PrivateV4);
    let has_v4 = known.addresses.iter().any(is_v4);
    for address in &mut known.addresses {
        let is_v6 = address.kind == Some(AddressKind::PrivateV6);
        address.is_spare = has_v4 && is_v6 && !wanted.all_families;
    }
}

impl Slice {
    /// The port of that name. The error is why its endpoints are left out.
    fn port(&self, wanted: &Wanted) -> Result<Option<u16>, String> {
        let Some(name) = wanted.port_name.as_ref().filter(|_| !wanted.has_port) else {
            return Ok(None);
        };
        let mut ports = self.ports.iter().flatten();
        let named = ports.find(|port| port.name.as_ref() == Some(name));
        let port = named.and_then(|port| port.port).filter(|port| *port > 0);
        port.map(Some)
            .ok_or_else(|| format!("has no port `{name}`"))
    }
}

impl Endpoint {
    fn instance(
        &self,
        namespace: &str,
        service: &str,
        port: &Result<Option<u16>, String>,
        wanted: &Wanted,
    ) -> Instance {
        let first = self.addresses.iter().flatten().next();
        let target = self.target_ref.as_ref();
        let name = target.and_then(|target| target.name.clone());
        let label = name.as_ref().or(first).cloned().unwrap_or_default();
        let namespace = target
            .and_then(|target| target.namespace.as_deref())
            .unwrap_or(namespace);
        let address = if wanted.place == Place::Name {
            let hostname = self.hostname.as_ref().filter(|text| !text.is_empty());
            let domain = &wanted.domain;
            hostname
                .and_then(|host| super::name(&format!("{host}.{service}.{namespace}.svc.{domain}")))
        } else {
            first.and_then(|text| address(text))
        };
        let (state, dropped) = self.conditions.state(wanted);
        Instance {
            id: Some(format!("{namespace}/{label}")),
            zone: self.zone.clone(),
            name,
            state: Some(state.to_owned()),
            addresses: address.into_iter().collect(),
            port: port.clone().unwrap_or_default(),
            dropped: dropped.or_else(|| port.clone().err()),
            ..Instance::from_call(OPERATION)
        }
    }
}

/// An endpoint's address; those of a slice of names are names.
fn address(text: &str) -> Option<Address> {
    match text.parse() {
        Ok(ip) => Some(Address::private(ip)),
        Err(_no_address) => super::name(text),
    }
}

impl Conditions {
    /// A word for it, and why it is left out.
    fn state(self, wanted: &Wanted) -> (&'static str, Option<String>) {
        if self.terminating == Some(true) {
            return ("terminating", Some("is terminating".to_owned()));
        }
        if self.ready.unwrap_or(true) {
            return ("ready", None);
        }
        let state = if self.serving == Some(true) {
            "serving"
        } else {
            "not ready"
        };
        let why = (!wanted.include_not_ready).then(|| "is not ready".to_owned());
        (state, why)
    }
}
