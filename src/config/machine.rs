//! What the machine says of itself: its name and its addresses. Read without any packet being
//! sent, from what Linux shows under `/proc`; elsewhere an operator has to give the settings.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the checks need to know of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    /// The host name, if there is one.
    pub(super) host_name: Option<String>,
    /// Its private IPv4 addresses, sorted, loopback left out.
    pub(super) private_v4: Vec<IpAddr>,
    /// Its public IPv6 addresses, sorted.
    pub(super) public_v6: Vec<IpAddr>,
}

impl Machine {
    /// The machine that this process runs on.
    pub(super) fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let host_name = read("/proc/sys/kernel/hostname").trim().to_owned();
        Self {
            host_name: (!host_name.is_empty()).then_some(host_name),
            private_v4: private_v4(&read("/proc/net/fib_trie")),
            public_v6: public_v6(&read("/proc/net/if_inet6")),
        }
    }

    /// Any machine: has a name and one address of each kind. For files that are checked elsewhere
    /// than where they will be used.
    pub(super) fn any() -> Self {
        Self {
            host_name: Some("node".to_owned()),
            private_v4: vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))],
            public_v6: vec![IpAddr::V6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 1))],
        }
    }
}

/// The private addresses in the kernel's routing tables: a line with the address, then one that
/// says `/32 host LOCAL` (Linux, `net/ipv4/fib_trie.c`, `fib_trie_seq_show`).
fn private_v4(fib_trie: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = fib_trie
        .lines()
        .zip(fib_trie.lines().skip(1))
        .filter(|(_, next)| next.trim() == "/32 host LOCAL")
        .filter_map(|(line, _)| line.trim().strip_prefix("|-- ")?.parse().ok())
        .filter(is_private)
        .map(IpAddr::V4)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// RFC 1918, and the shared address space of RFC 6598 that some clouds use inside.
const fn is_private(addr: &Ipv4Addr) -> bool {
    let [first, second, ..] = addr.octets();
    addr.is_private() || (first == 100 && second & 0xc0 == 64)
}

/// The global addresses of the interfaces that are neither unique local nor loopback: first
/// column 32 hexadecimal digits, fourth column the scope, 00 for global
/// (Linux, `net/ipv6/addrconf.c`, `if6_seq_show`).
fn public_v6(if_inet6: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = if_inet6
        .lines()
        .filter_map(|line| {
            let mut columns = line.split_whitespace();
            let bits = u128::from_str_radix(columns.next()?, 16).ok()?;
            let addr = Ipv6Addr::from_bits(bits);
            let is_global = columns.nth(2)? == "00" && !addr.is_unique_local();
            is_global.then_some(IpAddr::V6(addr))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIB_TRIE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 10.1.0.0
           /16 link UNICAST
        |-- 10.1.2.3
           /32 host LOCAL
        |-- 10.1.255.255
           /32 link BROADCAST
     |-- 192.0.2.7
        /32 host LOCAL
Local:
        |-- 10.1.2.3
           /32 host LOCAL
        |-- 100.100.0.1
           /32 host LOCAL
";

    #[test]
    fn own_private_addresses_are_found_once_and_no_others() {
        let found: [IpAddr; 2] = ["10.1.2.3", "100.100.0.1"].map(|text| text.parse().unwrap());
        assert_eq!(private_v4(FIB_TRIE), found);
        assert_eq!(private_v4(""), Vec::<IpAddr>::new());
    }

    #[test]
    fn public_ipv6_addresses_are_those_of_global_scope_that_are_not_unique_local() {
        let table = "\
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 04 40 00 82     eth0
2a010000000000000000000000000005 04 40 00 82     eth0
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
";
        assert_eq!(public_v6(table), ["2a01::5".parse::<IpAddr>().unwrap()]);
    }
}
