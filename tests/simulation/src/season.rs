//! A season: who there is, and what weather they meet, all by the seed.

use rand::RngExt as _;

use crate::computer::Role;
use crate::net::{Weather, What};
use crate::world::World;

/// How long the weather lasts, in milliseconds.
const SEASON_MS: u64 = 40_000;

/// Things that happen; a season has some of them.
const KINDS: [Kind; 14] = [
    Kind::Partition,
    Kind::OneWay,
    Kind::NoRpc,
    Kind::Storm,
    Kind::Pause,
    Kind::Kill,
    Kind::PowerCut,
    Kind::Blackout,
    Kind::Wipe,
    Kind::Move,
    Kind::MoveAll,
    Kind::Copy,
    Kind::Reuse,
    Kind::DiskTrouble,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Two groups that do not hear each other.
    Partition,
    /// One computer that is heard and does not hear, or the other way round.
    OneWay,
    /// Gossip gets through and port 8300 does not.
    NoRpc,
    /// Loss, doubles and long delays.
    Storm,
    /// SIGSTOP and SIGCONT.
    Pause,
    /// `kill -9`, and a new start.
    Kill,
    /// A power cut at one computer.
    PowerCut,
    /// A power cut at all of them.
    Blackout,
    /// A server comes back with an empty disk.
    Wipe,
    /// A computer comes back at another address.
    Move,
    /// All computers come back at other addresses.
    MoveAll,
    /// A copy of a disk is started elsewhere.
    Copy,
    /// An address of one family is given to a computer of another.
    Reuse,
    /// A disk is slow, or full for a while.
    DiskTrouble,
}

/// Something that ends later.
#[derive(Debug)]
enum Later {
    Heal,
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
        let mut season = Self {
            world,
            later: Vec::new(),
            kinds: season_of,
            last_wipe: 0,
        };
        let (servers, expect) = [(3, 3), (5, 5), (6, 3), (4, 3), (3, 3)][(seed % 5) as usize];
        season.cast('x', (servers, expect), (seed / 5 % 3) as u32, seed);
        if seed.is_multiple_of(3) || season.kinds.contains(&Kind::Reuse) {
            season.cast('y', (3, 3), 0, seed);
        }
        let kinds = format!("{:?}", season.kinds);
        season.world.tell(&format!(
            "seed {seed}: {servers} servers expect {expect}; {kinds}"
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
        let mut cast = Vec::new();
        for n in 1..=servers + clients {
            let is_server = n <= servers;
            let kind = if is_server { "s" } else { "c" };
            let role = Role {
                name: format!("{family}-{kind}{n}"),
                family,
                expect: is_server.then_some(expect),
            };
            let ip = self.world.new_ip();
            cast.push(self.world.add(role, ip));
        }
        for at in cast {
            let ip = self.world.computers[at].ip;
            self.world.net.set_view(ip, vec![ip]);
            let start = self.world.rng.random_range(0..=spread);
            self.later.push((start, Later::Start(at)));
            let some = start + self.world.rng.random_range(0..=5_000);
            self.later.push((some, Later::See(at, Sight::Some)));
            let all = some + self.world.rng.random_range(0..=10_000);
            self.later.push((all, Later::See(at, Sight::All)));
        }
    }

    /// Runs the season and the calm after it.
    pub fn run(mut self) {
        let mut next = self.world.rng.random_range(0..8_000);
        while self.world.now < SEASON_MS {
            let due = self.later.iter().map(|(at, _)| *at).min();
            let until = due.unwrap_or(SEASON_MS).min(next).min(SEASON_MS);
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
                self.world.computers[at].disk.set_slowest(4);
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

    fn in_ms(&mut self, least: u64, most: u64) -> u64 {
        self.world.now + self.world.rng.random_range(least..=most)
    }

    /// The computers that run, without copies.
    fn running(&self) -> Vec<usize> {
        let all = self.world.computers.iter().enumerate();
        all.filter(|(_, c)| c.is_on() && !c.is_paused() && !c.is_copy)
            .map(|(at, _)| at)
            .collect()
    }

    /// Nothing that happened still goes on.
    fn is_quiet(&self) -> bool {
        self.later.iter().all(|(_, l)| matches!(l, Later::See(..)))
    }

    /// A computer's family is one cluster of all its servers.
    fn is_whole(&self, at: usize) -> bool {
        self.world.is_whole(self.world.computers[at].role.family)
    }

    /// One thing happens.
    fn happen(&mut self) {
        let is_copy = |later: &Later| matches!(later, Later::End(_) | Later::Rest);
        if self.later.iter().any(|(_, later)| is_copy(later)) {
            return;
        }
        let kinds = self.kinds.clone();
        let Some(kind) = self.world.choose(&kinds) else {
            return;
        };
        let Some(at) = self.world.choose(&self.running()) else {
            return;
        };
        let name = self.world.computers[at].role.name.clone();
        self.world.tell(&format!("{kind:?}, beginning with {name}"));
        match kind {
            Kind::Partition | Kind::OneWay | Kind::NoRpc => self.cut(kind, at),
            Kind::Storm => self.storm(),
            Kind::Pause => {
                self.world.computers[at].pause();
                let until = self.in_ms(200, 9_000);
                self.later.push((until, Later::Resume(at)));
            }
            Kind::Kill | Kind::PowerCut | Kind::Move => self.stop(at, kind),
            Kind::Blackout | Kind::MoveAll => {
                for at in self.running() {
                    self.stop(
                        at,
                        if kind == Kind::MoveAll {
                            Kind::Move
                        } else {
                            kind
                        },
                    );
                }
            }
            Kind::Wipe => self.wipe(at),
            // Beside a copy nothing else goes wrong: that a copy with a majority behind a cut passes for
            // the member is known (decision 11).
            Kind::Copy if !self.is_quiet() || !self.is_whole(at) => {}
            Kind::Copy => {
                let copy = self.world.add_copy(at);
                let until = self.in_ms(3_000, 12_000);
                self.later.push((until, Later::End(copy)));
            }
            Kind::Reuse => self.reuse(at),
            Kind::DiskTrouble => {
                let is_full = self.world.rng.random_bool(0.5);
                let disk = self.world.computers[at].disk.clone();
                disk.set_full(is_full);
                disk.set_slowest(400);
                let until = self.in_ms(500, 6_000);
                self.later.push((until, Later::DiskGood(at)));
            }
        }
    }

    fn cut(&mut self, kind: Kind, at: usize) {
        let what = if kind == Kind::NoRpc {
            What::Rpc
        } else {
            What::All
        };
        let ips: Vec<_> = self.world.computers.iter().map(|c| c.ip).collect();
        let one = ips[at];
        let mut side = vec![one];
        if kind == Kind::Partition {
            side.extend(
                ips.iter()
                    .copied()
                    .filter(|_| self.world.rng.random_bool(0.4)),
            );
        }
        let is_deaf = self.world.rng.random_bool(0.5);
        for inside in &side {
            for outside in ips.iter().filter(|ip| !side.contains(ip)) {
                if kind != Kind::OneWay || is_deaf {
                    self.world.net.cut(*outside, *inside, what);
                }
                if kind != Kind::OneWay || !is_deaf {
                    self.world.net.cut(*inside, *outside, what);
                }
            }
        }
        let until = self.in_ms(500, 15_000);
        self.later.push((until, Later::Heal));
    }

    fn storm(&mut self) {
        let weather = Weather {
            loss: self.world.rng.random_range(0.0..0.3),
            doubled: self.world.rng.random_range(0.0..0.2),
            slowest_ms: self.world.rng.random_range(6..400),
        };
        self.world.net.set_weather(weather);
        let until = self.in_ms(2_000, 10_000);
        self.later.push((until, Later::Calm));
    }

    /// Stops a computer, and starts it again later, elsewhere if it moves.
    fn stop(&mut self, at: usize, kind: Kind) {
        let net = self.world.net.clone();
        if kind == Kind::Kill {
            self.world.computers[at].kill();
        } else {
            self.world.computers[at].cut_power(&net);
        }
        if kind == Kind::Move {
            let ip = self.world.new_ip();
            self.world.computers[at].ip = ip;
            self.world.update_views();
        }
        let until = self.in_ms(100, 8_000);
        self.later.push((until, Later::Start(at)));
    }

    /// Wipes one server of a cluster that is whole: more at once is a loss that nobody can mend.
    fn wipe(&mut self, at: usize) {
        let is_early = self.world.now < self.last_wipe + 5_000;
        if is_early || !self.is_quiet() || !self.is_whole(at) {
            return;
        }
        self.last_wipe = self.world.now;
        let net = self.world.net.clone();
        self.world.computers[at].cut_power(&net);
        self.world.wipe(at);
        let until = self.in_ms(100, 4_000);
        self.later.push((until, Later::Start(at)));
    }

    /// Gives the address of one computer to another one of the other family.
    fn reuse(&mut self, at: usize) {
        let family = self.world.computers[at].role.family;
        let others: Vec<usize> = self
            .running()
            .into_iter()
            .filter(|other| self.world.computers[*other].role.family != family)
            .collect();
        let Some(other) = self.world.choose(&others) else {
            return;
        };
        // Blank agents have nothing to tell them apart by; only clusters have ids.
        let both = [family, self.world.computers[other].role.family];
        if !both.iter().all(|family| self.world.is_whole(*family)) {
            return;
        }
        let ip = self.world.computers[at].ip;
        self.stop(at, Kind::Move);
        self.stop(other, Kind::PowerCut);
        self.world.computers[other].ip = ip;
        self.world.update_views();
    }
}
