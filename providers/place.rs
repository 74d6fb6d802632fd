//! `host`, `host:port`, `[v6]:port`: how people and lists write where something is.
//!
//! Pure.

use std::net::IpAddr;

use crate::Host;

/// The longest name that DNS knows.
const NAME_CHARS_MAX: usize = 253;

/// Reads a host with an optional port. The error is a phrase that follows the name of the key.
pub(crate) fn parse(text: &str) -> Result<(Host, Option<u16>), String> {
    let wrong = || format!("has `{text}`, which is no address or name with an optional port");
    if let Ok(ip) = text.parse() {
        return Ok((Host::Ip(ip), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => {
            let port = port.parse().ok().filter(|port| *port > 0);
            (host, Some(port.ok_or_else(wrong)?))
        }
        None => (text, None),
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = inner {
        let ip: IpAddr = inner.parse().map_err(|_not_an_address| wrong())?;
        return Ok((Host::Ip(ip), port));
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        // `fd00::1:8301` may mean either; whoever means a port has to say so.
        return if ip.is_ipv4() {
            Ok((Host::Ip(ip), port))
        } else {
            Err(wrong())
        };
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if is_name(name) {
        Ok((Host::Name(name.to_owned()), port))
    } else {
        Err(wrong())
    }
}

/// Says whether it can be a host name; underscores are in use in container networks.
pub(crate) fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let letters = label.bytes();
        !label.is_empty()
            && label.len() <= 63
            && letters
                .into_iter()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    name.len() <= NAME_CHARS_MAX && name.split('.').all(is_label)
}
