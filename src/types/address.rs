//! An address as people write it in `retry_join`: host, and port if given.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest host name of DNS, in characters (RFC 1035, section 2.3.4).
const HOST_CHARS_MAX: usize = 253;

/// A text that is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {why}")]
pub struct AddressError {
    /// The text as given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A host (an IP address or a DNS name) with an optional port and an optional node name.
///
/// Takes the forms of the agent reference, 1.4: `10.0.0.5`, `10.0.0.5:8401`, `[2001:db8::5]`,
/// `[2001:db8::5]:8301`, `2001:db8::5`, `name.example.org`, `name.example.org:8301`, and any of
/// them after `node-name/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    host: String,
    port: Option<u16>,
}

impl Address {
    /// The host: an IP address without brackets, or a DNS name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if one was written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The socket address, if the host is an IP address.
    pub fn to_socket_addr(&self, default_port: u16) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.parse().ok()?;
        Some(SocketAddr::new(ip, self.port.unwrap_or(default_port)))
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self {
            host: addr.ip().to_string(),
            port: Some(addr.port()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (Some(port), true) => write!(f, "[{}]:{port}", self.host),
            (Some(port), false) => write!(f, "{}:{port}", self.host),
            (None, _) => f.write_str(&self.host),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |why| AddressError {
            text: text.to_owned(),
            why,
        };
        let place = match text.split_once('/') {
            Some(("", _)) => return Err(fail("empty node name before the slash")),
            Some((_node, place)) => place,
            None => text,
        };
        let (host, port) = split_port(place).map_err(fail)?;
        check_host(host).map_err(fail)?;
        let port = port
            .map(|digits| parse_port(digits).map_err(fail))
            .transpose()?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// Host and port text.
type Place<'a> = (&'a str, Option<&'a str>);

/// Cuts `host:port`, `[v6]:port`, `[v6]` and a bare IPv6 address into host and port text.
fn split_port(place: &str) -> Result<Place<'_>, &'static str> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("no closing bracket")?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err("brackets hold no IPv6 address");
        }
        return match (after, after.strip_prefix(':')) {
            ("", _) => Ok((host, None)),
            (_, Some(port)) => Ok((host, Some(port))),
            (_, None) => Err("something other than a port follows the bracket"),
        };
    }
    if place.parse::<Ipv6Addr>().is_ok() {
        return Ok((place, None));
    }
    match place.split_once(':') {
        Some((_, port)) if port.contains(':') => Err("an IPv6 address with a port needs brackets"),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((place, None)),
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() {
        return Err("no host");
    }
    if host.len() > HOST_CHARS_MAX {
        return Err("the host is longer than 253 characters");
    }
    if host.chars().all(is_good) {
        Ok(())
    } else {
        Err("a host takes letters, digits, . - and _")
    }
}

fn parse_port(digits: &str) -> Result<u16, &'static str> {
    let why = "a port is a number from 1 to 65535";
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(why);
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err(why),
        Ok(port) => Ok(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(String, Option<u16>)> {
        text.parse::<Address>()
            .ok()
            .map(|a| (a.host().to_owned(), a.port()))
    }

    #[test]
    fn every_form_of_the_reference_is_taken() {
        let rows = [
            ("10.0.0.5", "10.0.0.5", None),
            ("10.0.0.5:8401", "10.0.0.5", Some(8401)),
            ("[2001:db8::5]", "2001:db8::5", None),
            ("[2001:db8::5]:8301", "2001:db8::5", Some(8301)),
            ("2001:db8::5", "2001:db8::5", None),
            ("consul.example.org", "consul.example.org", None),
            ("consul.example.org:8301", "consul.example.org", Some(8301)),
            ("s1/10.0.0.5:1", "10.0.0.5", Some(1)),
        ];
        for (text, host, port) in rows {
            assert_eq!(parts(text), Some((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_address_is_refused() {
        for text in [
            "",
            ":8301",
            "/10.0.0.5",
            "10.0.0.5:0",
            "10.0.0.5:65536",
            "10.0.0.5:+1",
            "[::1",
            "[10.0.0.5]:1",
            "[::1]x",
            "1:2:3:4",
            "a b",
            "host:",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_reads_back_what_it_wrote() {
        for text in ["10.0.0.5", "10.0.0.5:8401", "[2001:db8::5]:8301", "name:1"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }
}
