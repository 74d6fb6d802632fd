//! Addresses of agents and paths of requests, between text and URL.

use std::net::IpAddr;

use reqwest::Url;

use super::ClientError;

/// Reads an agent's address as people write it.
pub(super) fn base_url(address: &str) -> Result<Url, ClientError> {
    let wrong = |why| ClientError::Address {
        address: address.to_owned(),
        why,
    };
    let text = match address.split_once("://") {
        None => format!("http://{address}"),
        Some(("http", _)) => address.to_owned(),
        Some(("https", _)) => return Err(wrong("https is not supported yet; use http")),
        Some(("unix", _)) => return Err(wrong("unix sockets are not supported yet; use http")),
        Some(_) => return Err(wrong("write host:port or http://host:port")),
    };
    let url = Url::parse(&text).map_err(|_not_a_url| wrong("write host:port"))?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("write host:port and nothing more"));
    }
    Ok(url)
}

/// The place that is dialled, as Go's errors name it.
pub(super) fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default();
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Says whether the agent is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Escapes all but what a path may hold. A key with `.` or `..` between its slashes has its slashes
/// escaped as well, else they would be taken for steps.
pub(super) fn encode_path(path: &str) -> String {
    let has_steps = path.split('/').any(|segment| matches!(segment, "." | ".."));
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        let is_plain =
            byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (byte == b'/' && !has_steps);
        if is_plain {
            encoded.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16));
            encoded.push('%');
            encoded.extend(
                digits
                    .into_iter()
                    .flatten()
                    .map(|digit| digit.to_ascii_uppercase()),
            );
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_on_this_machine_is_told_from_others() {
        for (address, wanted) in [
            ("127.0.0.1:8500", true),
            ("http://127.1.2.3", true),
            ("[::1]:8500", true),
            ("localhost:8500", true),
            ("10.0.0.5:8500", false),
            ("localhost.example.org", false),
        ] {
            let url = base_url(address).unwrap();
            assert_eq!(is_loopback(&url), wanted, "{address}");
        }
    }
}
