//! Instances of all zones, and their addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use crate::{Address, Instance, Kind, ResolveError, Seen};

use super::NAME;
use super::groups::Members;
use super::keys::Settings;
use super::lists::{self, List};
use super::session::Session;

/// The vendor's call.
const OPERATION: &str = "instances.aggregatedList";

const FIELDS: &str = "id,name,status,labels,tags/items,networkInterfaces(network,subnetwork,networkIP,ipv6Address,accessConfigs/natIP,ipv6AccessConfigs/externalIpv6)";

/// An instance as the API describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Machine {
    id: String,
    name: String,
    status: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    network_interfaces: Vec<Nic>,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    items: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nic {
    #[serde(default)]
    network: String,
    #[serde(default)]
    subnetwork: String,
    #[serde(rename = "networkIP")]
    network_ip: Option<String>,
    ipv6_address: Option<String>,
    #[serde(default)]
    access_configs: Vec<Access>,
    #[serde(default)]
    ipv6_access_configs: Vec<Access>,
}

/// One external address; absent while it is not assigned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    #[serde(rename = "natIP")]
    nat_ip: Option<String>,
    external_ipv6: Option<String>,
}

/// Adds the instances of all pages.
pub(super) async fn read(
    session: &mut Session<'_>,
    settings: &Settings,
    members: Option<&Members>,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let list = List {
        operation: OPERATION,
        name: "instances",
        fields: FIELDS,
        filter: settings.filter.as_deref(),
        kind: "compute#instanceAggregatedList",
    };
    lists::read(session, list, settings, seen, |scope, found, seen| {
        let zone = scope.strip_prefix("zones/").unwrap_or(scope);
        for machine in found.instances {
            seen.add(instance(machine, zone, settings, members)?);
        }
        Ok(())
    })
    .await
}

fn instance(
    machine: Machine,
    zone: &str,
    settings: &Settings,
    members: Option<&Members>,
) -> Result<Instance, ResolveError> {
    let mut instance = Instance::from_call(OPERATION).with_id(machine.id);
    for (index, nic) in machine.network_interfaces.iter().enumerate() {
        add_addresses(nic, index > 0, &mut instance)?;
    }
    instance.zone = Some(zone.to_owned());
    instance.tags = machine.labels;
    if !machine.tags.items.is_empty() {
        // No label has a dot in its key.
        let tags = machine.tags.items.join(",");
        instance.tags.insert("tags.items".to_owned(), tags);
    }
    let why = if !settings.takes_zone(zone) {
        Some(format!("is in {zone}, which `zone_pattern` leaves out"))
    } else if members.is_some_and(|members| !members.has(zone, &machine.name)) {
        Some("is not in the instance group".to_owned())
    } else if !settings.takes_state(&machine.status) {
        Some(format!("is {}", machine.status))
    } else {
        None
    };
    instance.name = Some(machine.name);
    instance.state = Some(machine.status);
    instance.dropped = why;
    Ok(instance)
}

/// Adds what an interface has, internal before external.
fn add_addresses(nic: &Nic, is_spare: bool, instance: &mut Instance) -> Result<(), ResolveError> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let internal = [given(&nic.network_ip), given(&nic.ipv6_address)];
    let external_v4 = nic
        .access_configs
        .iter()
        .map(|access| given(&access.nat_ip));
    let external_v6 = nic.ipv6_access_configs.iter();
    let external_v6 = external_v6.map(|access| given(&access.external_ipv6));
    let label = instance.label();
    let mut add = |text: &str, of: fn(IpAddr) -> Address| -> Result<(), ResolveError> {
        let ip = text.parse().map_err(|_no_address| {
            ResolveError::new(Kind::Answer, NAME, OPERATION)
                .with("reply", "an address that is none")
                .with("instance", &label)
        })?;
        let mut address = of(ip);
        for network in [&nic.network, &nic.subnetwork] {
            let name = network.rsplit('/').next().unwrap_or_default();
            if !name.is_empty() {
                address = address.in_network(name).in_network(network.as_str());
            }
        }
        let address = if is_spare { address.spare() } else { address };
        instance.addresses.push(address);
        Ok(())
    };
    for text in internal.into_iter().flatten() {
        add(&text, Address::private)?;
    }
    for text in external_v4.chain(external_v6).flatten() {
        add(&text, Address::public)?;
    }
    Ok(())
}
