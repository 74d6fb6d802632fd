//! A season: who there is, and what weather they meet, all by the seed.

mod happen;
mod kinds;

use std::time::Duration;

use rand::RngExt as _;

use crate::computer::Role;
use crate::net::Weather;
use crate::world::World;
use kinds::{KINDS, Kind};

/// How long the weather lasts, in milliseconds.
const SEASON_MS: u64 = 40_000;

/// The longest time of a sync on the disks of a season, in milliseconds; one of these.
const SLOWEST_MS: [u64; 4] = [4, 4, 60, 300];
/// What the agents of a season are told: little patience and short logs, so that more comes up in less time.
const WORDS: [&str; 5] = [
    "--retry-join=servers.example",
    "--retry-interval=10s",
    "--hcl=raft_snapshot_threshold = 60",
    "--hcl=raft_trailing_logs = 30",
    "--hcl=autopilot { server_stabilization_time = \"2s\" }",
];
/// How long failed members are kept in seasons with a `LongCut`.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Something that ends later.
#[derive(Debug)]
enum Later {
    Heal,
    /// The end of a `LongCut`, with who was on one side of it.
    Reunite(Vec<usize>),
    Calm,
    Resume(usize),
    Start(usize),
    End(usize),
    /// Nothing else happens so soon after a copy: a claim of one that has ended waits for 10 s.
    Rest,
    DiskGood(usize),
    See(usize, Sight),
}

#[derive(Debug)]
enum Sight {
    Some,
    All,
}

/// A season under way.
#[derive(Debug)]
pub struct Season {
    world: World,
    later: Vec<(u64, Later)>,
    kinds: Vec<Kind>,
    last_wipe: u64,
    slowest_ms: u64,
    /// When the weather ends.
    until: u64,
    had_long_cut: bool,
}

impl Season {
    /// Sets the scene.
    pub fn new(seed: u64) -> Self {
        let mut world = World::new();
        let mut season_of: Vec<Kind> = KINDS.to_vec();
        while season_of.len() > 5 {
            let at = world.rng.random_range(0..season_of.len());
            season_of.remove(at);
        }
        let slowest_ms = world.choose(&SLOWEST_MS).unwrap_or(4);
        let mut season = Self {
            world,
            later: Vec::new(),
            kinds: season_of,
            last_wipe: 0,
            slowest_ms,
            until: SEASON_MS,
            had_long_cut: false,
        };
        let (servers, expect) = match seed % 10 {
            1 | 6 => (5, 5),
            2 => (7, 3),
            7 => (6, 3),
            3 | 8 => (4, 3),
            _ => (3, 3),
        };
        season.cast('x', (servers, expect), (seed / 5 % 3) as u32, seed);
        if seed.is_multiple_of(3) || season.kinds.contains(&Kind::Reuse) {
            season.cast('y', (3, 3), 0, seed);
        }
        let kinds = format!("{:?}", season.kinds);
        season.world.tell(&format!(
            "seed {seed}: {servers} servers expect {expect}; disks up to {slowest_ms} ms; {kinds}"
        ));
        season
    }

    /// Brings in a family: its computers start within some time, and see each other by and by.
    fn cast(&mut self, family: char, (servers, expect): (u32, u32), clients: u32, seed: u64) {
        let spread = if seed.is_multiple_of(2) {
            1_000
        } else {
            15_000
        };
        let reconnect = if self.kinds.contains(&Kind::LongCut) {
            FORGOTTEN_AFTER
        } else {
            Duration::from_hours(72)
        };
        let mut cast = Vec::new();
        for n in 1..=servers + clients {
            let is_server = n <= servers;
            let kind = if is_server { "s" } else { "c" };
            let role = Role {
                name: format!("{family}-{kind}{n}"),
                family,
                expect: is_server.then_some(expect),
                reconnect,
                words: WORDS.map(str::to_owned).to_vec(),
            };
            let ip = self.world.new_ip();
            let at = self.world.add(role, ip);
            self.world.computers[at].disk.set_slowest(self.slowest_ms);
            cast.push(at);
        }
        for at in cast {
            let ip = self.world.computers[at].ip;
            self.world.net.set_view(ip, vec![ip]);
            let start = self.world.rng.random_range(0..=spread);
            self.later.push((start, Later::Start(at)));
            let some = start + self.world.rng.random_range(0..=5_000);
            // Of more than twice the expected, two parts that each see too little may found two clusters:
            // what no rule promises is not asked for.
            if servers <= 2 * expect {
                self.later.push((some, Later::See(at, Sight::Some)));
            }
            let all = some + self.world.rng.random_range(0..=10_000);
            self.later.push((all, Later::See(at, Sight::All)));
        }
    }

    /// Runs the season and the calm after it.
    pub fn run(mut self) {
        let mut next = self.world.rng.random_range(0..8_000);
        while self.world.now < self.until {
            let due = self.later.iter().map(|(at, _)| *at).min();
            let until = due.unwrap_or(self.until).min(next).min(self.until);
            self.world.run_until(until.max(self.world.now));
            if !crate::story::failures().is_empty() {
                return;
            }
            self.do_due();
            if self.world.now >= next {
                self.happen();
                next = self.world.now + self.world.rng.random_range(300..6_000);
            }
        }
        self.calm();
        self.world.settle();
    }

    /// Ends everything that was to end later, at once.
    fn calm(&mut self) {
        self.world.tell("the weather ends");
        for (_, later) in std::mem::take(&mut self.later) {
            self.end(later);
        }
        for computer in &self.world.computers {
            computer.disk.set_slowest(4);
        }
        self.world.net.heal();
        self.world.net.set_weather(Weather::CALM);
        self.world.update_views();
    }

    fn do_due(&mut self) {
        let now = self.world.now;
        let mut all = std::mem::take(&mut self.later);
        all.sort_by_key(|(at, _)| *at);
        let (due, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(at, _)| *at <= now);
        self.later = rest;
        for (_, later) in due {
            self.end(later);
        }
    }

    fn end(&mut self, later: Later) {
        match later {
            Later::Heal => {
                self.world.tell("cuts mended");
                self.world.net.heal();
            }
            Later::Reunite(side) => {
                self.world.check_forgotten(&side);
                self.world.tell("the long cut is mended");
                self.world.net.heal();
            }
            Later::Calm => self.world.net.set_weather(Weather::CALM),
            Later::Resume(at) => {
                let now = self.world.now;
                self.world.computers[at].resume(now);
            }
            Later::Start(at) => {
                if !self.world.computers[at].is_on() {
                    self.world.start(at);
                }
            }
            Later::End(at) => {
                let net = self.world.net.clone();
                self.world.computers[at].cut_power(&net);
                self.later.push((self.world.now + 12_000, Later::Rest));
            }
            Later::Rest => {}
            Later::DiskGood(at) => {
                self.world.computers[at].disk.set_full(false);
                self.world.computers[at].disk.set_slowest(self.slowest_ms);
            }
            Later::See(at, sight) => self.see(at, &sight),
        }
    }

    fn see(&mut self, at: usize, sight: &Sight) {
        let (ip, family) = (
            self.world.computers[at].ip,
            self.world.computers[at].role.family,
        );
        let mut servers = self.world.servers(family);
        if matches!(sight, Sight::Some) {
            servers.retain(|_| self.world.rng.random_bool(0.5));
        }
        self.world.net.set_view(ip, servers);
    }
}
