//! What a provider saw: instances with all their addresses, before any is chosen.
//!
//! Pure. A provider reports everything it saw, also what it drops; which address is joined is
//! settled once for all providers, by [`crate::AddressPolicy`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{Gap, Host};
use crate::ResolveError;
use crate::grammar::Shown;

/// The longest text about an instance or a part that people read, in characters. Chosen: Amazon and
/// Azure have ids of 200.
const TOLD_CHARS_MAX: usize = 300;

/// One machine, pod, task, record or line, as the vendor described it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// The vendor's id of it.
    pub id: Option<String>,
    /// The vendor's word for the place that fails as one.
    pub zone: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// The vendor's word for its state, such as `running`.
    pub state: Option<String>,
    /// What the operator attached to it: tags, labels, metadata.
    pub tags: BTreeMap<String, String>,
    /// All its addresses, in the vendor's order.
    pub addresses: Vec<Address>,
    /// The port to join at, where the provider knows one.
    pub port: Option<u16>,
    /// The call that returned it, such as `DescribeInstances`.
    pub call: &'static str,
    /// Why the provider leaves it out, as a phrase such as `is stopped`; none if it does not.
    pub dropped: Option<String>,
}

impl Instance {
    /// An instance that a call returned and of which nothing else is known yet.
    pub fn from_call(call: &'static str) -> Self {
        Self {
            call,
            ..Self::default()
        }
    }

    /// With the vendor's id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// With one more address.
    #[must_use]
    pub fn with_address(mut self, address: Address) -> Self {
        self.addresses.push(address);
        self
    }

    /// Left out, and why: a phrase that follows the instance, such as `is stopped`.
    #[must_use]
    pub fn drop_because(mut self, why: impl Into<String>) -> Self {
        self.dropped = Some(shown(&why.into()));
        self
    }

    /// How it is called in gaps and explanations: its id, else its name, else its first address.
    pub fn label(&self) -> String {
        let first = self
            .addresses
            .first()
            .map(|address| address.host.to_string());
        let known = self.id.clone().or_else(|| self.name.clone()).or(first);
        known.map_or_else(|| "without a name".to_owned(), |label| shown(&label))
    }
}

/// One address of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address, or a name that is still to be looked up.
    pub host: Host,
    /// Where it can be reached from; none for a name, of which that cannot be said.
    pub kind: Option<AddressKind>,
    /// Names and ids of the network it is in, any of which `network=` may name.
    pub networks: Vec<String>,
    /// It is chosen only if `network=` names its network: the second interface of a machine.
    pub is_spare: bool,
}

impl Address {
    /// An address of which the vendor says whether it is private.
    pub const fn private(ip: IpAddr) -> Self {
        let kind = match ip {
            IpAddr::V4(_) => AddressKind::PrivateV4,
            IpAddr::V6(_) => AddressKind::PrivateV6,
        };
        Self::new(Host::Ip(ip), Some(kind))
    }

    /// An address of which the vendor says that it is public.
    pub const fn public(ip: IpAddr) -> Self {
        let kind = match ip {
            IpAddr::V4(_) => AddressKind::PublicV4,
            IpAddr::V6(_) => AddressKind::PublicV6,
        };
        Self::new(Host::Ip(ip), Some(kind))
    }

    /// An address of which nobody says what it is: private if it lies in a range for that.
    pub const fn of(ip: IpAddr) -> Self {
        if is_private(ip) {
            Self::private(ip)
        } else {
            Self::public(ip)
        }
    }

    /// A host name; a trailing dot is taken off.
    pub fn name(name: &str) -> Self {
        let name = name.strip_suffix('.').unwrap_or(name);
        Self::new(Host::Name(name.to_owned()), None)
    }

    /// An address or a name of which nobody says what it is.
    pub fn from_host(host: Host) -> Self {
        match host {
            Host::Ip(ip) => Self::of(ip),
            Host::Name(name) => Self::name(&name),
        }
    }

    const fn new(host: Host, kind: Option<AddressKind>) -> Self {
        Self {
            host,
            kind,
            networks: Vec::new(),
            is_spare: false,
        }
    }

    /// In a network of this name or id; call it once for each.
    #[must_use]
    pub fn in_network(mut self, network: impl Into<String>) -> Self {
        self.networks.push(network.into());
        self
    }

    /// Chosen only if `network=` names its network.
    #[must_use]
    pub const fn spare(mut self) -> Self {
        self.is_spare = true;
        self
    }
}

/// What sort of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// IPv4, reached from inside.
    PrivateV4,
    /// IPv6, reached from inside.
    PrivateV6,
    /// IPv4, reached from anywhere.
    PublicV4,
    /// IPv6, reached from anywhere.
    PublicV6,
}

impl AddressKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::PrivateV4,
        Self::PrivateV6,
        Self::PublicV4,
        Self::PublicV6,
    ];

    /// As a query spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateV4 => "private_v4",
            Self::PrivateV6 => "private_v6",
            Self::PublicV4 => "public_v4",
            Self::PublicV6 => "public_v6",
        }
    }
}

/// Loopback, link-local, RFC 1918, RFC 6598 and RFC 4193.
const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let is_shared = ip.to_bits() >> 22 == 0x6440_0000 >> 22;
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || is_shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// A text that may be the vendor's, as one line of an explanation takes it.
fn shown(text: &str) -> String {
    Shown::new(text, TOLD_CHARS_MAX).to_string()
}

/// What a lookup has seen so far; a provider adds to it.
#[derive(Debug, Default)]
pub struct Seen {
    /// The instances, also those that are dropped.
    pub instances: Vec<Instance>,
    /// The parts that were asked for and could not be read.
    pub gaps: Vec<Gap>,
    /// How long what was seen stays true, by the word of who said it; none if nobody did.
    pub fresh_for: Option<Duration>,
}

impl Seen {
    /// Adds an instance.
    pub fn add(&mut self, instance: Instance) {
        self.instances.push(instance);
    }

    /// Adds a part that could not be read, such as `zone eu-1`, and why.
    pub fn gap(&mut self, part: impl Into<String>, error: ResolveError) {
        let part = shown(&part.into());
        self.gaps.push(Gap { part, error });
    }

    /// Takes note of how long a part stays true; the shortest time counts.
    pub fn fresh_for(&mut self, time: Duration) {
        self.fresh_for = self.fresh_for.into_iter().chain([time]).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_unknown_kind_is_told_by_its_range() {
        let rows = [
            ("10.1.2.3", AddressKind::PrivateV4),
            ("172.31.0.1", AddressKind::PrivateV4),
            ("172.32.0.1", AddressKind::PublicV4),
            ("100.64.0.1", AddressKind::PrivateV4),
            ("100.128.0.1", AddressKind::PublicV4),
            ("127.0.0.1", AddressKind::PrivateV4),
            ("198.51.100.1", AddressKind::PublicV4),
            ("fd00::1", AddressKind::PrivateV6),
            ("fe80::1", AddressKind::PrivateV6),
            ("2001:db8::1", AddressKind::PublicV6),
        ];
        for (ip, wanted) in rows {
            assert_eq!(Address::of(ip.parse().unwrap()).kind, Some(wanted), "{ip}");
        }
    }

    #[test]
    fn what_a_vendor_calls_its_machines_cannot_break_a_line() {
        let instance = Instance::from_call("list").with_id("i-1\n10.6.6.6\u{202e}\u{1b}[2J");
        assert_eq!(instance.label(), "i-110.6.6.6[2J");
        let dropped = instance.drop_because("is off\n10.6.6.6");
        assert_eq!(dropped.dropped.as_deref(), Some("is off10.6.6.6"));
        let mut seen = Seen::default();
        let error = ResolveError::new(crate::Kind::Denied, "a", "list");
        seen.gap(format!("zone {}\n", "z".repeat(1_000)), error);
        let part = &seen.gaps[0].part;
        assert!(part.ends_with("zz...") && part.len() < 310, "{part:?}");
    }

    #[test]
    fn a_name_loses_its_trailing_dot() {
        assert_eq!(
            Address::name("a.example.").host,
            Host::Name("a.example".into())
        );
    }
}
