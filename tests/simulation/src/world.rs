//! The world: computers of one or two families, the network between them, and time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quorate::http::{Consistency, Node, Read};
use quorate::state::{Command, Query};
use quorate::types::MemberStatus;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::clients::value_of;
use crate::computer::{Computer, Role};
use crate::disk::Disk;
use crate::entropy;
use crate::history::History;
use crate::net::{Net, TICK_MS};
use crate::oracle::{Oracle, alive, configuration};
use crate::story;

/// How often the oracle looks, in milliseconds.
const LOOK_MS: u64 = 50;
/// How long the calm after the weather may take until all is well.
const CALM_MS: u64 = 150_000;

/// Everything there is.
pub struct World {
    /// The network.
    pub net: Net,
    /// All computers that ever were, by number.
    pub computers: Vec<Computer>,
    /// Chance for whoever makes the weather.
    pub rng: StdRng,
    /// The time in milliseconds.
    pub now: u64,
    histories: BTreeMap<char, History>,
    oracle: Oracle,
    next_ip: u8,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.computers).finish()
    }
}

impl World {
    /// An empty world.
    pub fn new() -> Self {
        Self {
            net: Net::new(entropy::rng(1)),
            computers: Vec::new(),
            rng: entropy::rng(2),
            now: 0,
            histories: BTreeMap::new(),
            oracle: Oracle::default(),
            next_ip: 0,
        }
    }

    /// An address that was never used.
    pub fn new_ip(&mut self) -> IpAddr {
        self.next_ip += 1;
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, self.next_ip))
    }

    /// Adds a computer without power; gives its number.
    pub fn add(&mut self, role: Role, ip: IpAddr) -> usize {
        let number = self.computers.len();
        let disk = Disk::new(entropy::rng(100 + number as u64));
        self.computers.push(Computer::new(role, ip, disk));
        number
    }

    /// Adds a copy of a computer's disk at another address, and starts it.
    pub fn add_copy(&mut self, of: usize) -> usize {
        let (ip, number) = (self.new_ip(), self.computers.len());
        let original = &self.computers[of];
        let disk = original.disk.copy(entropy::rng(100 + number as u64));
        let mut copy = Computer::new(original.role.clone(), ip, disk);
        copy.is_copy = true;
        self.computers.push(copy);
        self.see_all(ip, self.computers[of].role.family);
        self.start(number);
        number
    }

    /// Says what happened, in the world's own voice.
    pub fn tell(&self, text: &str) {
        story::set_speaker("world", self.now);
        story::tell(text);
    }

    /// Starts a computer's process.
    pub fn start(&mut self, at: usize) {
        let family = self.computers[at].role.family;
        let history = self.histories.entry(family).or_default().clone();
        let net = self.net.clone();
        let computer = &mut self.computers[at];
        story::set_speaker("world", self.now);
        story::tell(&format!("{} starts at {}", computer.role.name, computer.ip));
        computer.start(&net, &history);
    }

    /// Takes everything off a disk.
    pub fn wipe(&mut self, at: usize) {
        self.computers[at].disk.wipe();
        self.oracle.wiped(at);
    }

    /// The addresses of a family's servers.
    pub fn servers(&self, family: char) -> Vec<IpAddr> {
        let is_server =
            |c: &&Computer| c.role.family == family && c.role.expect.is_some() && !c.is_copy;
        self.computers
            .iter()
            .filter(is_server)
            .map(|c| c.ip)
            .collect()
    }

    /// Lets the DNS name show all servers of a family at an address.
    pub fn see_all(&self, at: IpAddr, family: char) {
        self.net.set_view(at, self.servers(family));
    }

    /// Lets the DNS name show all servers everywhere.
    pub fn update_views(&self) {
        for computer in &self.computers {
            self.see_all(computer.ip, computer.role.family);
        }
    }

    /// Lets time go on.
    pub fn run_until(&mut self, until: u64) {
        while self.now < until {
            self.now += TICK_MS;
            story::set_speaker("network", self.now);
            self.net.advance(self.now);
            for computer in &mut self.computers {
                computer.run(self.now);
            }
            if self.now.is_multiple_of(LOOK_MS) {
                story::set_speaker("oracle", self.now);
                self.oracle.check(&self.computers);
                if !story::failures().is_empty() {
                    return;
                }
            }
        }
    }

    /// Whether every server of a family is a voter that keeps up, and nobody is away.
    pub fn is_whole(&self, family: char) -> bool {
        let ours = |c: &&Computer| c.role.family == family && !c.is_copy;
        let servers = self.servers(family).len();
        let is_there = |c: &Computer| c.is_on() && !c.is_paused() && c.node().is_some();
        if !self.computers.iter().filter(ours).all(is_there) {
            return false;
        }
        self.computers.iter().filter(ours).any(|computer| {
            let Some(configuration) = configuration(computer) else {
                return false;
            };
            let last = configuration.peers.iter().map(|peer| peer.last_index).max();
            let leads = |p: &quorate::http::RaftPeer| p.is_leader && p.name == computer.role.name;
            configuration.peers.len() == servers
                && configuration.peers.iter().any(leads)
                && configuration
                    .peers
                    .iter()
                    .all(|peer| peer.is_voter && peer.last_index + 20 >= last.unwrap_or(0))
        })
    }

    /// Whether a family is one cluster of all its computers.
    pub fn is_settled(&self, family: char) -> bool {
        let ours: Vec<&Computer> = self
            .computers
            .iter()
            .filter(|c| c.role.family == family && !c.is_copy)
            .collect();
        let names: BTreeSet<&str> = ours.iter().map(|c| c.role.name.as_str()).collect();
        let sees_all = |c: &&Computer| alive(c) == names.len();
        self.is_whole(family) && ours.iter().all(sees_all)
    }

    /// Fails if somebody still lists a member that was across a long cut.
    pub fn check_forgotten(&self, side: &[usize]) {
        let number = |ip: IpAddr| self.computers.iter().position(|c| c.ip == ip);
        for (at, computer) in self.computers.iter().enumerate() {
            let members = computer.with(|node| node.members()).unwrap_or_default();
            // A dead server that autopilot took out is made to leave, which is kept for a day.
            let listed = members
                .into_iter()
                .filter(|member| member.status != MemberStatus::Left);
            for member in listed {
                let other = number(member.says.gossip_addr.ip());
                if other.is_some_and(|other| side.contains(&other) != side.contains(&at)) {
                    story::fail(&format!(
                        "reaping: {} still lists {} after the long cut",
                        computer.role.name, member.says.name
                    ));
                }
            }
        }
    }

    /// Waits until all is well again; says what is not if that takes too long.
    pub fn settle(&mut self) {
        let families: Vec<char> = self.histories.keys().copied().collect();
        let until = self.now + CALM_MS;
        while self.now < until && !families.iter().all(|family| self.is_well(*family)) {
            self.run_until(self.now + 1_000);
            if !story::failures().is_empty() {
                return;
            }
        }
        for family in families {
            if !self.is_well(family) {
                let failure = format!("I6: family {family} did not become one cluster in the calm");
                self.explain(family, &failure);
            }
        }
        if story::failures().is_empty() {
            self.tell("all is well; the last word is with the clients");
            self.ask_all();
        }
    }

    /// A family is one cluster, in fact and to the oracle, which looks now and then.
    fn is_well(&self, family: char) -> bool {
        self.is_settled(family) && self.oracle.clusters(family) == 1
    }

    /// Fails, and tells how each computer of a family stands.
    pub fn explain(&self, family: char, failure: &str) {
        for computer in self.computers.iter().filter(|c| c.role.family == family) {
            let own = computer.with(Node::own);
            let stats = own.map(|own| own.stats["quorate"].clone());
            let peers = configuration(computer).map(|c| c.peers);
            self.tell(&format!(
                "{}: on {} alive {} {stats:?} {peers:?}",
                computer.role.name,
                computer.is_on(),
                alive(computer)
            ));
        }
        story::fail(failure);
    }

    /// Writes through every agent, and reads all that was acknowledged.
    fn ask_all(&mut self) {
        let missing = Arc::new(Mutex::new(BTreeSet::new()));
        for computer in self.computers.iter().filter(|c| c.is_on() && !c.is_copy) {
            let Some(node) = computer.node() else {
                continue;
            };
            let name = computer.role.name.clone();
            missing.lock().unwrap().insert(name.clone());
            let history = self.histories[&computer.role.family].clone();
            let (net, missing) = (self.net.clone(), Arc::clone(&missing));
            computer.spawn(async move {
                if let Err(error) = last_word(&*node, &net, &history).await {
                    story::fail(&format!("{name}: {error}"));
                }
                missing.lock().unwrap().remove(&name);
            });
        }
        let until = self.now + 30_000;
        while self.now < until && !missing.lock().unwrap().is_empty() {
            self.run_until(self.now + 100);
            if !story::failures().is_empty() {
                return;
            }
        }
        let missing = missing.lock().unwrap();
        if !missing.is_empty() {
            story::fail(&format!("no last word from {missing:?}"));
        }
    }
}

/// A write, and a read of every key.
async fn last_word(node: &dyn Node, net: &Net, history: &History) -> Result<(), String> {
    let command = Command::KvSet {
        key: "last".to_owned(),
        value: "word".into(),
        flags: 0,
        cas: None,
    };
    // A connection that broke in the weather may be found out only now; the write does no harm
    // twice, and whoever waits for it sets the limit.
    while node.apply(command.clone()).await.is_err() {}
    for (key, acknowledged) in history.acknowledged() {
        let began = net.now();
        let read = Read {
            query: Query::KvGet { key: key.clone() },
            consistency: Consistency::Default,
            min_index: None,
            wait: Duration::ZERO,
        };
        let found = node.read(read).await.map_err(|error| error.to_string())?;
        let value = value_of(&found.answer);
        if value < acknowledged {
            return Err(format!(
                "{key} holds {value}, but {acknowledged} was acknowledged"
            ));
        }
        history.read(&key, value, (began, net.now()))?;
    }
    Ok(())
}

impl World {
    /// One of some numbers, by chance.
    pub fn choose<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        let at = self.rng.random_range(0..from.len());
        Some(from[at])
    }
}
