//! Turns one page of instances into contacts.
//!
//! The state is checked here again, since a look-alike of EC2 may ignore the filter. An instance
//! without the wanted kind of address is a gap: it matches, and it cannot be reached.

use std::collections::BTreeMap;
use std::net::IpAddr;

use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::{Instance, InstanceNetworkInterface, InstanceStateName, Tag};

use crate::{Answer, Contact, Gap, Host, ResolveError};

use super::failure;
use super::keys::AddrType;

/// The tag that consoles show as the name.
const NAME_TAG: &str = "Name";

/// Adds the running instances of a page.
pub(super) fn add(
    page: DescribeInstancesOutput,
    addr_type: AddrType,
    answer: &mut Answer,
) -> Result<(), ResolveError> {
    let reservations = page
        .reservations
        .ok_or_else(|| failure::shape("without `reservationSet`"))?;
    for reservation in reservations {
        let instances = reservation
            .instances
            .ok_or_else(|| failure::shape("a reservation without `instancesSet`"))?;
        for instance in &instances {
            add_instance(instance, addr_type, answer)?;
        }
    }
    Ok(())
}

fn add_instance(
    instance: &Instance,
    addr_type: AddrType,
    answer: &mut Answer,
) -> Result<(), ResolveError> {
    let id = instance
        .instance_id()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| failure::shape("an instance without `instanceId`"))?;
    let state = instance
        .state()
        .and_then(|state| state.name())
        .ok_or_else(|| {
            failure::shape("an instance without `instanceState`").with("instance", id)
        })?;
    if *state != InstanceStateName::Running {
        return Ok(());
    }
    let before = answer.contacts.len();
    for text in addresses(instance, addr_type) {
        let ip: IpAddr = text.parse().map_err(|_not_an_address| {
            failure::shape("an address that is none")
                .with("instance", id)
                .with("address", text)
        })?;
        answer.contacts.push(contact(instance, id, ip));
    }
    if answer.contacts.len() == before {
        answer.gaps.push(Gap {
            part: format!("instance {id}"),
            error: failure::shape("an instance without the wanted address")
                .with("instance", id)
                .with("addr_type", addr_type.as_str()),
        });
    }
    Ok(())
}

/// The texts of the wanted addresses; absent and empty ones are left out.
fn addresses(instance: &Instance, addr_type: AddrType) -> Vec<&str> {
    let found: Vec<&str> = match addr_type {
        AddrType::PrivateV4 => instance.private_ip_address().into_iter().collect(),
        AddrType::PublicV4 => instance.public_ip_address().into_iter().collect(),
        AddrType::PublicV6 => instance
            .network_interfaces()
            .iter()
            .flat_map(InstanceNetworkInterface::ipv6_addresses)
            .filter_map(|address| address.ipv6_address())
            .collect(),
    };
    found.into_iter().filter(|text| !text.is_empty()).collect()
}

fn contact(instance: &Instance, id: &str, ip: IpAddr) -> Contact {
    let pair = |tag: &Tag| {
        Some((
            tag.key()?.to_owned(),
            tag.value().unwrap_or_default().to_owned(),
        ))
    };
    let tags: BTreeMap<String, String> = instance.tags().iter().filter_map(pair).collect();
    let zone = instance
        .placement()
        .and_then(|place| place.availability_zone());
    Contact {
        instance: Some(id.to_owned()),
        zone: zone.map(str::to_owned),
        name: tags.get(NAME_TAG).filter(|name| !name.is_empty()).cloned(),
        tags,
        ..Contact::new(Host::Ip(ip))
    }
}
