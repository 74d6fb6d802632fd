//! Addresses and ports (agent reference, 5.4).

use std::net::{IpAddr, SocketAddr};

use figment::value::magic::Tagged;

use super::identity::given;
use super::{Checker, parse_ip};
use crate::config::Ports;
use crate::config::error::ConfigError;
use crate::config::raw::Raw;

/// The checked settings.
pub(super) struct Addresses {
    pub(super) bind: IpAddr,
    pub(super) advertise: IpAddr,
    pub(super) clients: Vec<IpAddr>,
    pub(super) ports: Ports,
}

impl Checker<'_> {
    pub(super) fn addresses(&mut self, raw: &Raw) -> Option<Addresses> {
        let bind = self.bind_addr(&raw.bind_addr);
        let advertise = match given(raw.advertise_addr.as_ref()) {
            Some(advertise) => self.advertise_addr(advertise),
            None => bind.and_then(|bind| self.choose_advertise(bind)),
        };
        let clients = self.client_addrs(&raw.client_addr);
        let ports = self.ports(raw);
        let addresses = Addresses {
            bind: bind?,
            advertise: advertise?,
            clients: clients?,
            ports: ports?,
        };
        self.has_no_clash(&addresses).then_some(addresses)
    }

    fn bind_addr(&mut self, value: &Tagged<String>) -> Option<IpAddr> {
        let parsed = match value.trim() {
            "" => Err("cannot be empty".to_owned()),
            text if text.starts_with("unix:") => Err("cannot be a unix socket".to_owned()),
            text if text.contains(char::is_whitespace) && !text.contains("{{") => {
                Err("cannot contain multiple addresses; client_addr can".to_owned())
            }
            text => parse_ip(text),
        };
        self.keep("bind_addr", value, parsed)
    }

    fn advertise_addr(&mut self, value: &Tagged<String>) -> Option<IpAddr> {
        let parsed = parse_ip(value.trim()).and_then(|addr| {
            if addr.is_unspecified() {
                let why = "is no address that others can reach: Advertise address cannot be \
                           0.0.0.0, :: or [::]";
                return Err(why.to_owned());
            }
            Ok(addr)
        });
        self.keep("advertise_addr", value, parsed)
    }

    /// The address to advertise when none was given.
    fn choose_advertise(&mut self, bind: IpAddr) -> Option<IpAddr> {
        if !bind.is_unspecified() {
            return Some(bind);
        }
        let (found, none, several) = if bind.is_ipv4() {
            (
                &self.machine.private_v4,
                "No private IPv4 address found",
                "Multiple private IPv4 addresses found",
            )
        } else {
            (
                &self.machine.public_v6,
                "No public IPv6 address found",
                "Multiple public IPv6 addresses found",
            )
        };
        if let [addr] = found.as_slice() {
            return Some(*addr);
        }
        let text = if found.is_empty() { none } else { several };
        let addrs: Vec<String> = found.iter().map(ToString::to_string).collect();
        let listed = if addrs.is_empty() {
            String::new()
        } else {
            format!(" ({})", addrs.join(", "))
        };
        self.report.error(ConfigError::Address {
            text,
            hint: format!(
                "bind_addr is {bind}, so others need to be told which address to use{listed}: \
                 please configure one with 'bind' and/or 'advertise'"
            ),
        });
        None
    }

    fn client_addrs(&mut self, value: &Tagged<String>) -> Option<Vec<IpAddr>> {
        let parsed = if value.contains("{{") {
            parse_ip(value).map(|addr| vec![addr])
        } else {
            value.split_whitespace().map(parse_ip).collect()
        };
        let parsed = parsed.and_then(|addrs: Vec<IpAddr>| {
            let why = "cannot be empty; ports.http = -1 turns the API off";
            if addrs.is_empty() {
                Err(why.to_owned())
            } else {
                Ok(addrs)
            }
        });
        self.keep("client_addr", value, parsed)
    }

    fn ports(&mut self, raw: &Raw) -> Option<Ports> {
        let server = self.port("ports.server", &raw.ports.server);
        let serf_lan = self.port("ports.serf_lan", &raw.ports.serf_lan);
        let http = if *raw.ports.http < 0 {
            Some(None)
        } else {
            self.port("ports.http", &raw.ports.http).map(Some)
        };
        Some(Ports {
            server: server?,
            serf_lan: serf_lan?,
            http: http?,
        })
    }

    fn port(&mut self, key: &'static str, value: &Tagged<i64>) -> Option<u16> {
        let port = u16::try_from(**value);
        self.keep(
            key,
            value,
            port.map_err(|_no_port| "is no port; take 0 to 65535"),
        )
    }

    /// Reports two listeners on one address.
    fn has_no_clash(&mut self, addresses: &Addresses) -> bool {
        let Addresses { bind, ports, .. } = addresses;
        let mut taken: Vec<(&'static str, &'static str, SocketAddr)> = Vec::new();
        let mut is_good = true;
        let http = addresses.clients.iter().filter_map(|addr| {
            let port = ports.http?;
            Some(("HTTP", "ports.http", SocketAddr::new(*addr, port)))
        });
        let own = [
            ("RPC", "ports.server", SocketAddr::new(*bind, ports.server)),
            (
                "Serf LAN",
                "ports.serf_lan",
                SocketAddr::new(*bind, ports.serf_lan),
            ),
        ];
        for (name, key, addr) in own.into_iter().chain(http) {
            let clash = taken.iter().find(|(_, _, other)| is_same(*other, addr));
            if let Some((other, other_key, _)) = clash {
                is_good = false;
                self.report.error(ConfigError::Conflict {
                    text: format!("{name} address {addr} already configured for {other}"),
                    from: format!("give {key} or {other_key} another port"),
                });
            }
            taken.push((name, key, addr));
        }
        is_good
    }
}

/// Says whether two listeners would meet; port 0 never does.
fn is_same(a: SocketAddr, b: SocketAddr) -> bool {
    let is_any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (is_any || a.ip() == b.ip())
}
