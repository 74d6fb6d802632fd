//! A cold start in good weather, under a source that shows the others late (demand study, A1): three
//! servers that expect three, five that expect five, six that expect three. Nothing fails; what is asked
//! for is how soon they are one cluster.
//!
//! *Enough*: so many servers run that a founding has its number, they are tied together by what
//! their sources show them at this moment, and they are more than half of all addresses that those
//! sources list, which is the consent that a founding needs (design, section 5, rule 5). From the moment on at
//! which there are enough, without a break, there must be a leader within [`LED_MS`].

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use rand::RngExt as _;

use crate::cloud;
use crate::computer::{Computer, Role};
use crate::oracle::alive;
use crate::story;
use crate::world::World;

/// The family of all servers.
const FAMILY: char = 'x';
/// How long the servers take to start, in milliseconds.
const START_MS: u64 = 20_000;
/// How long a source keeps anything from a server, in milliseconds.
const LATE_MS: u64 = 15_000;
/// How soon there must be a leader once there are enough, in milliseconds.
const LED_MS: u64 = 5_000;
/// How soon all must have joined once all run and all is shown, in milliseconds.
const JOINED_MS: u64 = 30_000;
/// How often is looked, in milliseconds.
const LOOK_MS: u64 = 50;

/// A cold start under way.
#[derive(Debug)]
pub struct Cold {
    world: World,
    servers: Vec<Server>,
    expect: usize,
    /// Sources list servers before they run, as clouds list machines that still boot.
    is_early: bool,
    /// Since when there have been enough.
    enough_since: Option<u64>,
    /// How long there had been enough when somebody first knew a leader.
    led_ms: Option<u64>,
}

/// When a server starts, and what its source shows it.
#[derive(Debug)]
struct Server {
    starts: u64,
    /// From when on others are shown it.
    shown: u64,
    /// From when on it is shown some, and all.
    some_from: u64,
    all_from: u64,
    some: BTreeSet<usize>,
}

/// How long it took, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// From enough servers to a leader.
    pub led_ms: u64,
    /// From all servers to one cluster of all.
    pub joined_ms: u64,
}

impl Cold {
    /// Sets the scene.
    pub fn new(seed: u64) -> Self {
        let mut world = World::new();
        let (count, expect) = match seed % 3 {
            0 => (3, 3),
            1 => (5, 5),
            _ => (6, 3),
        };
        let (join, is_early) = match seed / 3 % 4 {
            0 => ("servers.example", true),
            1 => ("servers.example", false),
            2 => (cloud::JOIN, true),
            _ => (cloud::JOIN, false),
        };
        for n in 1..=count {
            let role = Role {
                name: format!("{FAMILY}-s{n}"),
                family: FAMILY,
                expect: Some(expect),
                reconnect: Duration::from_hours(72),
                words: vec![format!("--retry-join={join}")],
            };
            let ip = world.new_ip();
            world.add(role, ip);
        }
        let expect = usize::try_from(expect).unwrap();
        let servers = (0..count).map(|_| Server::new(&mut world, count, expect));
        let servers = servers.collect();
        world.tell(&format!(
            "seed {seed}: {count} servers expect {expect}; {join}; listed early: {is_early}"
        ));
        Self {
            world,
            servers,
            expect,
            is_early,
            enough_since: None,
            led_ms: None,
        }
    }

    /// Runs until all have joined; none if something broke.
    pub fn run(mut self) -> Option<Figures> {
        let all_ms = self.servers.iter().map(|s| s.all_from.max(s.shown));
        let all_ms = all_ms.max().unwrap_or(0);
        while !self.has_all_joined() {
            self.step();
            self.look_for_leader();
            if self.world.now > all_ms + JOINED_MS {
                let failure = "not all joined 30 s after all were there and shown";
                self.world.explain(FAMILY, failure);
            }
            if !story::failures().is_empty() {
                return None;
            }
        }
        let joined_ms = self.world.now.saturating_sub(all_ms);
        self.world.settle();
        Some(Figures {
            led_ms: self.led_ms?,
            joined_ms,
        })
    }

    /// Notes when there is a leader; fails if there is none in time.
    fn look_for_leader(&mut self) {
        if self.led_ms.is_some() {
            return;
        }
        let waits = self.enough_since.map_or(0, |since| self.world.now - since);
        if self.world.computers.iter().any(knows_leader) {
            self.led_ms = Some(waits);
        } else if waits > LED_MS {
            let failure = "no leader 5 s after enough servers could know each other";
            self.world.explain(FAMILY, failure);
        }
    }

    /// Lets a little time go on.
    fn step(&mut self) {
        let now = self.world.now;
        for at in 0..self.servers.len() {
            let view = self.view(at).into_iter().map(|other| self.ip(other));
            self.world.net.set_view(self.ip(at), view.collect());
            if self.servers[at].starts <= now && !self.world.computers[at].is_on() {
                self.world.start(at);
            }
        }
        if !self.is_enough() {
            self.enough_since = None;
        } else if self.enough_since.is_none() {
            self.enough_since = Some(now);
            self.world.tell("enough could know each other");
        }
        self.world.run_until(now + LOOK_MS);
        for computer in self.world.computers.iter().filter(|c| c.is_on()) {
            check_alone(computer);
        }
    }

    fn ip(&self, at: usize) -> IpAddr {
        self.world.computers[at].ip
    }

    /// Whom the source of a server lists now: itself alone, or so many that no two founders' lists are
    /// apart.
    fn view(&self, at: usize) -> BTreeSet<usize> {
        let listed = self.listed(at);
        if listed.len() < least(self.servers.len(), self.expect) {
            return BTreeSet::from([at]);
        }
        listed
    }

    /// Whom it would list if it could list any number.
    fn listed(&self, at: usize) -> BTreeSet<usize> {
        let (server, now) = (&self.servers[at], self.world.now);
        let is_shown = |other: usize| {
            let is_told = now >= server.all_from || server.some.contains(&other);
            let is_there = self.is_early || now >= self.servers[other].shown;
            now >= server.some_from && is_told && is_there
        };
        // The subset may leave out the server itself; before it, there is nobody else.
        (0..self.servers.len())
            .filter(|other| is_shown(*other) || (*other == at && now < server.some_from))
            .collect()
    }

    /// Whether there are enough now, as the module says it.
    fn is_enough(&self) -> bool {
        let views: Vec<_> = (0..self.servers.len()).map(|at| self.view(at)).collect();
        let is_on = |at: &usize| self.world.computers[*at].is_on();
        (0..self.servers.len()).filter(is_on).any(|first| {
            let mut tied = BTreeSet::from([first]);
            while let Some(next) = (0..self.servers.len()).filter(is_on).find(|next| {
                let sees = |at: &usize| views[*at].contains(next) || views[*next].contains(at);
                !tied.contains(next) && tied.iter().any(sees)
            }) {
                tied.insert(next);
            }
            let listed = tied.iter().flat_map(|at| views[*at].iter());
            let listed: BTreeSet<_> = listed.chain(&tied).collect();
            tied.len() >= self.expect && tied.len() * 2 > listed.len()
        })
    }

    fn has_all_joined(&self) -> bool {
        let all = &self.world.computers;
        let is_ready = |c: &Computer| c.with(|node| node.why().is_ready()) == Some(true);
        all.iter().all(is_ready) && self.world.is_settled(FAMILY)
    }
}

impl Server {
    fn new(world: &mut World, count: usize, expect: usize) -> Self {
        let starts = world.rng.random_range(0..=START_MS);
        let all_from = starts + world.rng.random_range(0..=LATE_MS);
        let least = least(count, expect);
        let mut some: BTreeSet<_> = (0..count).filter(|_| world.rng.random_bool(0.5)).collect();
        while some.len() < least {
            some.insert(world.rng.random_range(0..count));
        }
        Self {
            starts,
            shown: starts + world.rng.random_range(0..=LATE_MS),
            some_from: world.rng.random_range(starts..=all_from),
            all_from,
            some,
        }
    }
}

/// The least number of servers that a source lists beside the listing of the server alone. Of twice the
/// expected, halves that see nothing of each other may found two clusters, which no rule prevents:
/// there a list is more than half.
const fn least(count: usize, expect: usize) -> usize {
    if count >= 2 * expect {
        count / 2 + 1
    } else {
        0
    }
}

fn knows_leader(computer: &Computer) -> bool {
    let answer = computer.with(|node| node.leader().now_or_never());
    matches!(answer, Some(Some(Ok(Some(_)))))
}

/// Fails if an agent that sees nobody else says that it has joined, in any of the ways it has.
fn check_alone(computer: &Computer) {
    let name = &computer.role.name;
    if alive(computer) > 1 {
        return;
    }
    let says = computer.with(|node| {
        let why = node.why();
        (why.is_ready(), why.is_formed)
    });
    let (is_ready, is_formed) = says.unwrap_or_default();
    for (is_so, what) in [
        (is_ready, "ready"),
        (is_formed, "formed"),
        (knows_leader(computer), "led"),
        (story::has_joined(name), "joined"),
    ] {
        if is_so {
            story::fail(&format!("{name} says it is {what} and sees only itself"));
        }
    }
}
