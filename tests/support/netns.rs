//! Hosts in network namespaces: each with a cable to a switch, that can be cut in one direction.
//!
//! A second network leads from the test to every host's API, so that a cut is never the test's
//! own. Nothing of it touches the namespace of the machine. Needs root and `ip`; the kernel needs
//! nothing that could be missing, since packets are lost by sending them to nobody's MAC address.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::Command;

/// Names the network for the test that runs inside it.
const NET: &str = "QUORATE_NETNS_NET";
/// Set to 1 to run these tests.
const SWITCH: &str = "QUORATE_NETNS";
/// A MAC address that no host has.
const NOBODY: &str = "02:00:00:00:de:ad";
/// An address that no host has, and the routing table that leads to it.
const NOWHERE: &str = "10.77.0.250";
const TABLE: &str = "77";

/// A network of hosts; gone when the one who made it drops it.
#[derive(Debug)]
pub(crate) struct Net {
    name: String,
    hosts: u8,
    is_maker: bool,
}

impl Net {
    /// Runs an ignored test of this binary inside a fresh network. Says so, loudly, if it is left
    /// out.
    pub(crate) fn run(test: &str, hosts: u8) {
        if std::env::var(SWITCH).as_deref() != Ok("1") {
            say(&format!(
                "LEFT OUT: {test}: set {SWITCH}=1, or call `just netns` (needs root)"
            ));
            return;
        }
        let net = Self::make(test, hosts);
        let own = std::env::current_exe().unwrap();
        let status = Command::new(ip())
            .args(["netns", "exec", &net.namespace("ctl")])
            .arg(own)
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(NET, format!("{}/{hosts}", net.name))
            .status()
            .unwrap();
        assert!(status.success(), "{test} failed inside its network");
    }

    /// The network that this test runs in; none if it was not started by [`Self::run`].
    pub(crate) fn entered() -> Option<Self> {
        let text = std::env::var(NET).ok()?;
        let (name, hosts) = text.split_once('/').unwrap();
        Some(Self {
            name: name.to_owned(),
            hosts: hosts.parse().unwrap(),
            is_maker: false,
        })
    }

    fn make(test: &str, hosts: u8) -> Self {
        // Tests of one process run side by side: the name is of both.
        let sum = test.bytes().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        let net = Self {
            name: format!("qn{}-{:x}", std::process::id(), sum % 0x1000),
            hosts,
            is_maker: true,
        };
        for role in ["sw", "ctl"] {
            net.ip(&["netns", "add", &net.namespace(role)]);
        }
        let (switch, control) = (net.namespace("sw"), net.namespace("ctl"));
        net.ip(&["-n", &switch, "link", "add", "br0", "type", "bridge"]);
        net.ip(&["-n", &switch, "link", "set", "br0", "up"]);
        net.ip(&["-n", &control, "link", "add", "br0", "type", "bridge"]);
        net.ip(&[
            "-n",
            &control,
            "addr",
            "add",
            "192.168.77.254/24",
            "dev",
            "br0",
        ]);
        net.ip(&["-n", &control, "link", "set", "br0", "up"]);
        net.ip(&["-n", &control, "link", "set", "lo", "up"]);
        for n in 1..=hosts {
            net.add_host(n);
        }
        net
    }

    fn add_host(&self, n: u8) {
        let host = self.host(n);
        self.ip(&["netns", "add", &host]);
        self.ip(&["-n", &host, "link", "set", "lo", "up"]);
        let cables = [
            ("eth0", "sw", format!("{}/24", Self::addr(n))),
            ("eth1", "ctl", format!("{}/24", Self::api(n))),
        ];
        for (device, role, addr) in cables {
            let (peer, switch) = (format!("h{n}"), self.namespace(role));
            self.ip(&[
                "-n", &host, "link", "add", device, "type", "veth", "peer", "name", &peer, "netns",
                &switch,
            ]);
            self.ip(&["-n", &switch, "link", "set", &peer, "master", "br0", "up"]);
            self.ip(&["-n", &host, "addr", "add", &addr, "dev", device]);
            self.ip(&["-n", &host, "link", "set", device, "up"]);
        }
        let nowhere = [
            "-n",
            &host,
            "neigh",
            "replace",
            NOWHERE,
            "lladdr",
            NOBODY,
            "dev",
            "eth0",
            "nud",
            "permanent",
        ];
        self.ip(&nowhere);
        self.ip(&[
            "-n", &host, "route", "add", "default", "via", NOWHERE, "dev", "eth0", "table", TABLE,
        ]);
    }

    /// Where the n-th host speaks with the others.
    pub(crate) const fn addr(n: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, 0, n)
    }

    /// Where the n-th host's API is reached.
    pub(crate) const fn api(n: u8) -> Ipv4Addr {
        Ipv4Addr::new(192, 168, 77, n)
    }

    /// The words that start a command on the n-th host.
    pub(crate) fn through(&self, n: u8) -> Vec<String> {
        [ip(), "netns", "exec", &self.host(n)]
            .map(str::to_owned)
            .to_vec()
    }

    /// What these send to those is lost, in silence; the other direction stays.
    pub(crate) fn drop_from_to(&self, from: &[u8], to: &[u8]) {
        for (from, to) in pairs(from, to) {
            let (host, peer) = (self.host(from), Self::addr(to).to_string());
            self.ip(&[
                "-n",
                &host,
                "neigh",
                "replace",
                &peer,
                "lladdr",
                NOBODY,
                "dev",
                "eth0",
                "nud",
                "permanent",
            ]);
        }
    }

    /// Nothing passes between hosts of different sides.
    pub(crate) fn cut(&self, sides: &[&[u8]]) {
        for (at, side) in sides.iter().enumerate() {
            for other in sides.iter().skip(at + 1) {
                self.drop_from_to(side, other);
                self.drop_from_to(other, side);
            }
        }
    }

    /// The n-th host's server port is silent, to it and from it; gossip goes on.
    pub(crate) fn drop_rpc(&self, n: u8) {
        for port in ["dport", "sport"] {
            self.ip(&[
                "-n",
                &self.host(n),
                "rule",
                "add",
                "ipproto",
                "tcp",
                port,
                "8300",
                "lookup",
                TABLE,
            ]);
        }
    }

    /// Mends everything.
    pub(crate) fn heal(&self) {
        for n in 1..=self.hosts {
            let host = self.host(n);
            for other in (1..=self.hosts).filter(|other| *other != n) {
                let peer = Self::addr(other).to_string();
                self.try_ip(&["-n", &host, "neigh", "del", &peer, "dev", "eth0"]);
            }
            for port in ["dport", "sport"] {
                self.try_ip(&[
                    "-n", &host, "rule", "del", "ipproto", "tcp", port, "8300", "lookup", TABLE,
                ]);
            }
        }
    }

    fn namespace(&self, role: &str) -> String {
        format!("{}-{role}", self.name)
    }

    fn host(&self, n: u8) -> String {
        self.namespace(&format!("h{n}"))
    }

    fn ip(&self, words: &[&str]) {
        let output = Command::new(ip()).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: ip {}: {said}",
            self.name,
            words.join(" ")
        );
    }

    /// For what may be gone already.
    fn try_ip(&self, words: &[&str]) {
        let done = Command::new(ip()).args(words).output();
        assert!(done.is_ok(), "{}: ip {}", self.name, words.join(" "));
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if !self.is_maker {
            return;
        }
        let hosts = (1..=self.hosts).map(|n| self.host(n));
        for name in hosts.chain(["sw", "ctl"].map(|role| self.namespace(role))) {
            self.try_ip(&["netns", "del", &name]);
        }
    }
}

/// Past the capture of the test harness: what is left out must be seen.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    writeln!(out, "{text}").unwrap();
}

fn ip() -> &'static str {
    let places = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"];
    let found = places
        .into_iter()
        .find(|place| std::path::Path::new(place).exists());
    assert!(
        found.is_some(),
        "the command `ip` of iproute2 is not installed"
    );
    found.unwrap_or_default()
}

fn pairs(from: &[u8], to: &[u8]) -> Vec<(u8, u8)> {
    from.iter()
        .flat_map(|from| to.iter().map(|to| (*from, *to)))
        .filter(|(from, to)| from != to)
        .collect()
}
