//! Interfaces and machines together: instances with their addresses.
//!
//! Pure. An interface is where an address is, a machine is what a peer runs on; a tag on either
//! counts. Names of tags are compared without case, as Azure has them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::{Address, Instance, Kind, ResolveError, Seen};

use super::NAME;
use super::keys::{Settings, Wanted};
use super::machines::Machines;
use super::nics::{Config, Nic, PublicAddresses};

const OPERATION: &str = "network interfaces, list";

/// What is known of a machine beside its interfaces.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) state: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// What one subscription or scale set has.
#[derive(Debug)]
pub(super) struct Found {
    nics: Vec<Nic>,
    pub(super) machines: Machines,
    pub(super) public: PublicAddresses,
    /// Where the public addresses are listed.
    pub(super) public_path: String,
    /// Only interfaces of these machines count: the others' are in the list too.
    pub(super) is_of_machines: bool,
}

impl Found {
    pub(super) fn new(nics: Vec<Nic>, public_path: String) -> Self {
        Self {
            nics,
            machines: Machines::new(),
            public: PublicAddresses::new(),
            public_path,
            is_of_machines: false,
        }
    }
}

/// Adds an instance for each machine, and for each interface without one.
pub(super) fn add(found: Found, settings: &Settings, seen: &mut Seen) -> Result<(), ResolveError> {
    let is_of_set = matches!(settings.wanted, Wanted::Set { .. });
    let mut groups: BTreeMap<String, Vec<Nic>> = BTreeMap::new();
    // Only interfaces are looked for in a resource group alone, and their machines may be anywhere.
    if is_of_set || settings.group.is_none() {
        let ids = found.machines.keys().cloned();
        groups.extend(ids.map(|id| (id, Vec::new())));
    }
    for nic in found.nics {
        let of = nic.properties.virtual_machine.as_ref();
        let id = of.map_or(&nic.id, |machine| &machine.id);
        let id = id.to_ascii_lowercase();
        if !found.is_of_machines || found.machines.contains_key(&id) {
            groups.entry(id).or_default().push(nic);
        }
    }
    for (id, nics) in groups {
        let machine = found.machines.get(&id);
        let mut instance = describe(machine, &nics);
        let is_tagged = add_nics(&nics, settings, &found.public, &mut instance)?;
        let has_machine = machine.is_some()
            || nics
                .iter()
                .any(|nic| nic.properties.virtual_machine.is_some());
        instance.dropped = match &instance.state {
            _ if !is_tagged => Some("has not the tag".to_owned()),
            _ if !has_machine => Some("is an interface without a machine".to_owned()),
            Some(state) if !settings.takes_state(state) => Some(format!("is {state}")),
            _ => None,
        };
        seen.add(instance);
    }
    Ok(())
}

/// An instance without its addresses: of its machine, or of an interface if that is not known.
fn describe(machine: Option<&Machine>, nics: &[Nic]) -> Instance {
    let machine = machine.cloned().unwrap_or_default();
    let of = |nic: &Nic| {
        let owner = nic.properties.virtual_machine.as_ref();
        owner.map_or_else(|| nic.id.clone(), |owner| owner.id.clone())
    };
    let id = machine.id.or_else(|| nics.first().map(of));
    let own_name = id.as_deref().and_then(|id| id.rsplit('/').next());
    let name = machine.name.or_else(|| own_name.map(str::to_owned));
    // Of a machine that is deallocated no interface says whether it is the first.
    let is_off = !nics.is_empty() && nics.iter().all(|nic| nic.properties.primary.is_none());
    let state = machine.state;
    Instance {
        id,
        name,
        zone: machine.zone,
        state: state.or_else(|| is_off.then(|| "deallocated".to_owned())),
        tags: machine.tags,
        ..Instance::from_call(OPERATION)
    }
}

fn has_tag(tags: &BTreeMap<String, String>, wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Set { .. } => true,
        Wanted::Tag { name, value } => tags
            .iter()
            .any(|(known, text)| known.eq_ignore_ascii_case(name) && text == value),
    }
}

/// Adds addresses and tags of the interfaces, and says whether the machine or one of them is meant.
fn add_nics(
    nics: &[Nic],
    settings: &Settings,
    public: &PublicAddresses,
    instance: &mut Instance,
) -> Result<bool, ResolveError> {
    let is_tag = matches!(settings.wanted, Wanted::Tag { .. });
    let is_tagged = has_tag(&instance.tags, &settings.wanted);
    let mut is_any_tagged = is_tagged;
    for nic in nics {
        let none = BTreeMap::new();
        let tags = nic.tags.as_ref().unwrap_or(&none);
        let is_nic_tagged = is_tag && has_tag(tags, &settings.wanted);
        let is_first = nics.len() == 1 || nic.properties.primary == Some(true);
        is_any_tagged |= is_nic_tagged;
        let is_spare = !(is_nic_tagged || is_tagged && is_first);
        for config in &nic.properties.ip_configurations {
            add_addresses(config, is_spare, public, instance)?;
        }
        for (name, value) in tags {
            let known = instance.tags.entry(name.clone());
            known.or_insert_with(|| value.clone());
        }
    }
    Ok(is_any_tagged)
}

/// Adds the addresses of a configuration; one without any is on its way.
fn add_addresses(
    config: &Config,
    is_spare: bool,
    public: &PublicAddresses,
    instance: &mut Instance,
) -> Result<(), ResolveError> {
    let mut addresses = Vec::new();
    let text = config.properties.private_ip.as_deref().unwrap_or_default();
    if !text.is_empty() {
        let ip: IpAddr = text.parse().map_err(|_no_address| {
            ResolveError::new(Kind::Answer, NAME, OPERATION)
                .with("reply", "an address that is none")
                .with("instance", &instance.label())
        })?;
        addresses.push(Address::private(ip));
    }
    let outside = public.get(&config.id.to_ascii_lowercase());
    addresses.extend(outside.into_iter().flatten().copied().map(Address::public));
    let subnet = config.properties.subnet.as_ref();
    let names = subnet
        .map(|subnet| networks(&subnet.id))
        .unwrap_or_default();
    for address in addresses {
        let address = names.iter().fold(address, Address::in_network);
        let address = if is_spare { address.spare() } else { address };
        instance.addresses.push(address);
    }
    Ok(())
}

/// A subnet's id and name, and its network's id and name.
fn networks(subnet: &str) -> Vec<String> {
    let mut names = vec![subnet.to_owned()];
    let mut parts = subnet.rsplit('/');
    names.extend(parts.next().map(str::to_owned));
    let network = subnet.rsplit_once("/subnets/").map(|(network, _)| network);
    names.extend(network.map(str::to_owned));
    names.extend(
        network
            .and_then(|id| id.rsplit('/').next())
            .map(str::to_owned),
    );
    names
}
