//! Turns one page of the reply into instances.
//!
//! The state is checked here again, since a look-alike of EC2 may ignore the filter.

use std::net::IpAddr;

use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::{Instance as Machine, InstanceStateName, Tag};

use crate::{Address, Instance, ResolveError, Seen};

use super::ec2::OPERATION;
use super::failure;

fn shape(what: &str) -> ResolveError {
    failure::shape(OPERATION, what)
}

/// The tag that consoles show as the name.
const NAME_TAG: &str = "Name";

/// Adds the instances of a page.
pub(super) fn add(page: DescribeInstancesOutput, seen: &mut Seen) -> Result<(), ResolveError> {
    let reservations = page
        .reservations
        .ok_or_else(|| shape("without `reservationSet`"))?;
    for reservation in reservations {
        let machines = reservation
            .instances
            .ok_or_else(|| shape("a reservation without `instancesSet`"))?;
        for machine in &machines {
            seen.add(instance(machine)?);
        }
    }
    Ok(())
}

fn instance(machine: &Machine) -> Result<Instance, ResolveError> {
    let id = machine
        .instance_id()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| shape("an instance without `instanceId`"))?;
    let state = machine
        .state()
        .and_then(|state| state.name())
        .ok_or_else(|| shape("an instance without `instanceState`").with("instance", id))?;
    let pair = |tag: &Tag| {
        let value = tag.value().unwrap_or_default().to_owned();
        Some((tag.key()?.to_owned(), value))
    };
    let mut instance = Instance::from_call(OPERATION).with_id(id);
    instance.tags = machine.tags().iter().filter_map(pair).collect();
    let name = instance.tags.get(NAME_TAG);
    instance.name = name.filter(|name| !name.is_empty()).cloned();
    let place = machine.placement();
    instance.zone = place
        .and_then(|place| place.availability_zone())
        .map(str::to_owned);
    instance.state = Some(state.as_str().to_owned());
    instance.addresses = addresses(machine, id)?;
    if *state == InstanceStateName::Running {
        return Ok(instance);
    }
    let why = format!("is {}", state.as_str());
    Ok(instance.drop_because(why))
}

/// The primary addresses; then the others of each interface, which only `network=` chooses, except
/// for IPv6, of which EC2 knows no primary.
fn addresses(machine: &Machine, id: &str) -> Result<Vec<Address>, ResolveError> {
    let parse = |text: &str| {
        text.parse::<IpAddr>().map_err(|_not_an_address| {
            shape("an address that is none")
                .with("instance", id)
                .with("address", text)
        })
    };
    let given = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let inside = [machine.vpc_id(), machine.subnet_id()];
    let within = |address: Address, networks: [Option<&str>; 2]| {
        let names = networks.into_iter().flatten();
        names.fold(address, Address::in_network)
    };
    let mut found = Vec::new();
    if let Some(text) = given(machine.private_ip_address()) {
        found.push(within(Address::private(parse(&text)?), inside));
    }
    if let Some(text) = given(machine.public_ip_address()) {
        found.push(within(Address::public(parse(&text)?), inside));
    }
    for interface in machine.network_interfaces() {
        let inside = [interface.vpc_id(), interface.subnet_id()];
        let v6 = interface.ipv6_addresses().iter();
        for text in v6.filter_map(|one| given(one.ipv6_address())) {
            found.push(within(Address::public(parse(&text)?), inside));
        }
        let v4 = interface.private_ip_addresses().iter();
        for text in v4.filter_map(|one| given(one.private_ip_address())) {
            let address = Address::private(parse(&text)?);
            if !found.iter().any(|known| known.host == address.host) {
                found.push(within(address, inside).spare());
            }
        }
    }
    Ok(found)
}
