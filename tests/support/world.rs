//! A set of loopback addresses and directories that belongs to one test.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::{Agent, FaultyDisk, Gate, OURS, SOON};

/// One test's part of 127.0.0.0/8 and of the file system.
///
/// Addresses are 127.a.b.n, where a and b are of the first pair that no other world of the machine
/// holds. Ports are the defaults.
#[derive(Debug)]
pub(crate) struct World {
    net: [u8; 2],
    /// Bound as long as the pair is taken.
    _taken: UdpSocket,
    dir: TempDir,
    /// What its agents run.
    program: String,
}

/// Elections twice as slow as the default, for tests that tell a disturbed leader from a busy
/// machine.
pub(crate) const STEADY: &str = "-hcl=performance { raft_multiplier = 10 }";

/// Pairs of octets for worlds: 100 to 219, and any.
const PAIRS: u32 = 120 * 256;

/// Which pair of this process is tried next.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The next pair, if nobody holds it. Processes begin at different ones.
fn take_pair() -> Option<([u8; 2], UdpSocket)> {
    let begin = std::process::id() % 120 * 256;
    let pair = (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % PAIRS;
    let net = [
        u8::try_from(pair / 256 + 100).unwrap(),
        pair.to_be_bytes()[3],
    ];
    let last = SocketAddr::from(([127, net[0], net[1], 254], 8399));
    Some((net, UdpSocket::bind(last).ok()?))
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(OURS)
    }

    /// A world whose agents, started with [`Self::agent`], run a program with the same flags.
    pub(crate) fn of(program: &str) -> Self {
        let (net, taken) = (0..PAIRS).find_map(|_| take_pair()).unwrap();
        Self {
            net,
            _taken: taken,
            dir: tempfile::tempdir().unwrap(),
            program: program.to_owned(),
        }
    }

    /// The n-th address.
    pub(crate) fn addr(&self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.net[0], self.net[1], n)
    }

    /// A path inside the world's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the world's directory.
    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command line that the n-th agent starts with: its own address for everything, and its
    /// own data directory, which survives the agent.
    pub(crate) fn flags(&self, n: u8) -> Vec<String> {
        let addr = self.addr(n);
        let data = self.path(&format!("data-{n}"));
        vec![
            "agent".to_owned(),
            format!("-node=n{n}"),
            format!("-bind={addr}"),
            format!("-client={addr}"),
            format!("-data-dir={}", path_text(&data)),
        ]
    }

    /// Starts the n-th agent with more flags.
    pub(crate) fn agent(&self, n: u8, more: &[&str]) -> Agent {
        let mut flags = self.flags(n);
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        Agent::start_program(&self.program, self.addr(n), flags)
    }

    /// Starts the n-th agent with more variables in its environment.
    pub(crate) fn agent_in(&self, n: u8, more: &[&str], env: Vec<(String, String)>) -> Agent {
        let mut flags = self.flags(n);
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        Agent::start_with(self.addr(n), flags, env)
    }

    /// Starts the n-th agent on a disk that fails on demand.
    pub(crate) fn agent_on(&self, disk: &FaultyDisk, n: u8, more: &[&str]) -> Agent {
        self.agent_in(n, more, disk.env())
    }

    /// Starts the n-th agent, with its name and data, at the address of another number.
    pub(crate) fn agent_at(&self, at: u8, n: u8, more: &[&str]) -> Agent {
        let mut flags = self.flags(at);
        flags.retain(|flag| !flag.starts_with("-node=") && !flag.starts_with("-data-dir="));
        let of_n = self.flags(n).into_iter();
        flags.extend(of_n.filter(|f| f.starts_with("-node=") || f.starts_with("-data-dir=")));
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        Agent::start(self.addr(at), flags)
    }

    /// Starts the n-th agent behind a gate at its address.
    pub(crate) async fn gated(&self, n: u8, more: &[&str]) -> (Agent, Gate) {
        let (front, behind) = (self.addr(n), self.addr(n + 100));
        let gate = Gate::open(front, behind).await;
        let mut flags = self.flags(n);
        flags.retain(|flag| !flag.starts_with("-bind="));
        flags.extend([format!("-bind={behind}"), format!("-advertise={front}")]);
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        (Agent::start(front, flags), gate)
    }

    /// Removes the data of the n-th agent, which must not run.
    pub(crate) fn wipe(&self, n: u8) {
        std::fs::remove_dir_all(self.path(&format!("data-{n}"))).unwrap();
    }

    /// `-retry-join` for each of the numbers.
    pub(crate) fn list(&self, numbers: impl IntoIterator<Item = u8>) -> Vec<String> {
        let flag = |n| format!("-retry-join={}", self.addr(n));
        numbers.into_iter().map(flag).collect()
    }

    /// Starts the n-th server, expecting three and told of the listed ones, promoting soon.
    pub(crate) fn newcomer(&self, n: u8, listed: &[u8]) -> Agent {
        let mut flags = vec![
            "-server".to_owned(),
            "-bootstrap-expect=3".to_owned(),
            SOON.to_owned(),
        ];
        flags.extend(self.list(listed.iter().copied()));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        self.agent(n, &flags)
    }

    /// Starts servers 1 to n at once, each told of all of them, and waits for nothing.
    pub(crate) fn servers(&self, n: u8, more: &[&str]) -> Vec<Agent> {
        let mut flags = vec!["-server".to_owned(), format!("-bootstrap-expect={n}")];
        flags.extend((1..=n).map(|other| format!("-retry-join={}", self.addr(other))));
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let mut servers = Vec::new();
        for number in 1..=n {
            servers.push(self.agent(number, &flags));
        }
        servers
    }
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}
