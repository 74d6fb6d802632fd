//! Which address of an instance is joined: one rule for all providers.
//!
//! Pure. `addr_type` is go-discover's key, with the values that each provider takes; `addr` is an
//! ordered list of kinds, of which an instance's first counts; `network` picks among several
//! networks; `port` goes before any that the provider knows.

use std::net::{IpAddr, Ipv4Addr};

use crate::keys::Key;
use crate::{Address, AddressKind, Contact, Fate, Host, Instance, Query, QueryError};

/// The keys of the policy, for a provider's table; `addr_type` is its own.
pub const ADDRESS_KEYS: &[Key] = &[
    Key::optional(
        "addr",
        "kinds of address by preference, such as `private_v4,private_v6,public_v4`; goes before `addr_type`",
    )
    .checked(check_addr),
    Key::optional(
        "network",
        "only addresses in this network: its name, id, or a range such as `10.0.0.0/8`",
    )
    .checked(check_network),
    Key::optional("port", "port to join at, before any that the provider knows")
        .checked(check_port),
];

/// What a query wants of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPolicy {
    /// The kinds by preference; empty takes every address.
    order: Vec<AddressKind>,
    network: Option<Network>,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Network {
    Named(String),
    Range(IpAddr, u8),
}

impl AddressPolicy {
    /// Reads `addr`, `addr_type`, `network` and `port`. Without the first two, or with an
    /// `addr_type` that is a word of the provider's own, its `default` order counts; an empty one
    /// takes every address.
    ///
    /// # Errors
    ///
    /// [`QueryError::Value`] for a value that cannot be right.
    pub fn from_query(query: &Query, default: &[AddressKind]) -> Result<Self, QueryError> {
        let read = |key| query.value(key).unwrap_or_default();
        let wrong = |key, why: String| query.refusal(key, why);
        let order = match (query.value("addr"), query.value("addr_type")) {
            (Some(list), _) => kinds(list).map_err(|why| wrong("addr", why))?,
            (None, Some(one)) => kinds(one).unwrap_or_else(|_own_word| default.to_vec()),
            (None, None) => default.to_vec(),
        };
        Ok(Self {
            order,
            network: network(read("network")).map_err(|why| wrong("network", why))?,
            port: port(read("port")).map_err(|why| wrong("port", why))?,
        })
    }

    /// Chooses the addresses of an instance: all of the first kind that it has.
    pub fn choose(&self, instance: &Instance) -> Fate {
        if let Some(why) = &instance.dropped {
            return Fate::Dropped(why.clone());
        }
        let near: Vec<&Address> = instance
            .addresses
            .iter()
            .filter(|address| self.is_near(address) && !is_nobodys(&address.host))
            .collect();
        if near.is_empty() && self.network.is_some() && !instance.addresses.is_empty() {
            return Fate::Dropped("has no address in the network".to_owned());
        }
        let chosen: Vec<&Address> = if self.order.is_empty() {
            near
        } else {
            let of = |kind: &AddressKind| {
                let same = near.iter().filter(|address| address.kind == Some(*kind));
                same.copied().collect::<Vec<_>>()
            };
            let mut lists = self.order.iter().map(of);
            lists.find(|list| !list.is_empty()).unwrap_or_default()
        };
        if chosen.is_empty() {
            return Fate::Unreachable(self.wanted(instance));
        }
        let contact = |address: &&Address| self.contact(instance, address);
        Fate::Kept(chosen.iter().map(contact).collect())
    }

    /// Says whether `network=` allows an address; without it, all but the spare ones.
    fn is_near(&self, address: &Address) -> bool {
        match (&self.network, &address.host) {
            (None, _) => !address.is_spare,
            (Some(Network::Named(name)), _) => address.networks.contains(name),
            (Some(Network::Range(base, bits)), Host::Ip(ip)) => is_within(*ip, *base, *bits),
            (Some(Network::Range(..)), Host::Name(_)) => false,
        }
    }

    fn wanted(&self, instance: &Instance) -> String {
        let mut hosts = instance.addresses.iter().map(|address| &address.host);
        if let Some(host) = hosts.find(|host| is_nobodys(host)) {
            return format!("says {host}, which is no host's address");
        }
        if self.order.is_empty() {
            return "has no address".to_owned();
        }
        let names: Vec<&str> = self.order.iter().map(|kind| kind.as_str()).collect();
        format!("has no {} address", names.join(" or "))
    }

    fn contact(&self, instance: &Instance, address: &Address) -> Contact {
        Contact {
            port: self.port.or(instance.port),
            instance: instance.id.clone(),
            zone: instance.zone.clone(),
            name: instance.name.clone(),
            tags: instance.tags.clone(),
            ..Contact::new(address.host.clone())
        }
    }
}

/// Says whether a host cannot have this address: 0.0.0.0, which leads back to oneself, and the like.
fn is_nobodys(host: &Host) -> bool {
    match host {
        Host::Ip(ip) => {
            ip.is_unspecified() || ip.is_multicast() || *ip == IpAddr::V4(Ipv4Addr::BROADCAST)
        }
        Host::Name(_) => false,
    }
}

fn check_addr(text: &str) -> Result<(), String> {
    kinds(text).map(drop)
}

fn check_network(text: &str) -> Result<(), String> {
    network(text).map(drop)
}

fn check_port(text: &str) -> Result<(), String> {
    port(text).map(drop)
}

fn kinds(list: &str) -> Result<Vec<AddressKind>, String> {
    let one = |word: &str| {
        let mut known = AddressKind::ALL.into_iter();
        known.find(|kind| kind.as_str() == word).ok_or_else(|| {
            let names = AddressKind::ALL.map(AddressKind::as_str).join(", ");
            format!("is a list of {names}, not `{word}`")
        })
    };
    list.split(',').map(str::trim).map(one).collect()
}

fn port(text: &str) -> Result<Option<u16>, String> {
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(format!("is a number from 1 to 65535, not `{text}`")),
    }
}

/// A range if it looks like one, else a name.
fn network(text: &str) -> Result<Option<Network>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('/');
    let Some((ip, bits)) = parts.and_then(|(ip, bits)| Some((ip.parse::<IpAddr>().ok()?, bits)))
    else {
        return Ok(Some(Network::Named(text.to_owned())));
    };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u8>() {
        Ok(bits) if bits <= most => Ok(Some(Network::Range(ip, bits))),
        _ => Err(format!("has a prefix of 0 to {most} bits, not `{bits}`")),
    }
}

fn is_within(ip: IpAddr, base: IpAddr, bits: u8) -> bool {
    match (ip, base) {
        (IpAddr::V4(ip), IpAddr::V4(base)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            (ip.to_bits() ^ base.to_bits()) & mask == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(base)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            (ip.to_bits() ^ base.to_bits()) & mask == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(keys: &str, default: &[AddressKind]) -> AddressPolicy {
        let query = Query::parse(&format!("provider=static addrs=a {keys}")).unwrap();
        AddressPolicy::from_query(&query, default).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Two interfaces, one of them in a second network, and a public address.
    fn machine() -> Instance {
        let first = Address::private(ip("10.0.0.5")).in_network("net-1");
        let second = Address::private(ip("10.1.0.5")).in_network("net-2");
        Instance::from_call("list")
            .with_id("i-1")
            .with_address(first.in_network("blue"))
            .with_address(second.spare())
            .with_address(Address::public(ip("198.51.100.5")))
    }

    fn chosen(keys: &str, default: &[AddressKind]) -> String {
        match policy(keys, default).choose(&machine()) {
            Fate::Kept(contacts) => {
                let texts: Vec<String> = contacts.iter().map(ToString::to_string).collect();
                texts.join(" ")
            }
            Fate::Dropped(why) => format!("dropped: {why}"),
            Fate::Unreachable(why) => format!("unreachable: {why}"),
        }
    }

    #[test]
    fn the_first_kind_that_an_instance_has_counts() {
        let every: &[AddressKind] = &[];
        let private: &[AddressKind] = &[AddressKind::PrivateV4];
        let rows = [
            ("", every, "10.0.0.5 198.51.100.5"),
            ("", private, "10.0.0.5"),
            ("addr=public_v6,public_v4", private, "198.51.100.5"),
            (
                "addr=private_v6",
                private,
                "unreachable: has no private_v6 address",
            ),
            ("network=blue", private, "10.0.0.5"),
            ("network=net-2", private, "10.1.0.5"),
            ("network=10.1.0.0/16", every, "10.1.0.5"),
            (
                "network=red",
                private,
                "dropped: has no address in the network",
            ),
            (
                "network=net-2 addr=public_v4",
                private,
                "unreachable: has no public_v4 address",
            ),
            ("port=7 addr=public_v4", private, "198.51.100.5:7"),
        ];
        for (keys, default, wanted) in rows {
            assert_eq!(chosen(keys, default), wanted, "{keys}");
        }
    }

    #[test]
    fn an_address_that_no_host_has_is_no_contact() {
        for text in ["0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1"] {
            let with = |instance: Instance| instance.with_address(Address::of(ip(text)));
            let fate = policy("", &[]).choose(&with(Instance::from_call("list")));
            let why = format!("says {text}, which is no host's address");
            assert_eq!(fate, Fate::Unreachable(why));
            let every = policy("", &[]);
            assert_eq!(every.choose(&with(machine())), every.choose(&machine()));
        }
    }

    #[test]
    fn an_instance_that_the_provider_drops_is_dropped_for_its_reason() {
        let stopped = machine().drop_because("is stopped");
        let fate = policy("", &[]).choose(&stopped);
        assert_eq!(fate, Fate::Dropped("is stopped".to_owned()));
    }
}
