//! What happens, one thing at a time.

use rand::RngExt as _;

use super::kinds::Kind;
use super::{Later, Season};
use crate::net::{TICK_MS, Weather, What};

/// How long a power cut waits for a write that it can hit, at most, in milliseconds.
const STRIKE_MS: u64 = 400;
/// How long a `LongCut` lasts, in milliseconds: until who is across is found failed, and forgotten.
const LONG_CUT_MS: u64 = 26_000;

impl Season {
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
    pub(super) fn happen(&mut self) {
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
        if !self.is_possible(kind, at) {
            return;
        }
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
            Kind::LongCut => self.long_cut(at),
            Kind::Kill | Kind::Move => self.stop(at, kind),
            Kind::PowerCut => {
                self.await_writes(&[at]);
                self.stop(at, kind);
            }
            Kind::Blackout => {
                self.await_writes(&self.running());
                self.stop_all(kind);
            }
            Kind::KillAll => self.stop_all(Kind::Kill),
            Kind::MoveAll => self.stop_all(Kind::Move),
            Kind::Wipe => self.wipe(at),
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
            Kind::SlowDisks => {
                let (slowest, until) = (
                    self.in_ms(50, 600) - self.world.now,
                    self.in_ms(2_000, 9_000),
                );
                for at in self.running() {
                    self.world.computers[at].disk.set_slowest(slowest);
                    self.later.push((until, Later::DiskGood(at)));
                }
            }
        }
    }

    /// Whether a thing may happen to a computer now. Beside a copy nothing else goes wrong: that a copy
    /// with a majority behind a cut passes for the member is known (decision 11). In a long cut nothing
    /// happens that changes who is on which side, or that would mend it early.
    fn is_possible(&self, kind: Kind, at: usize) -> bool {
        let is_cut = |(_, later): &(u64, Later)| matches!(later, Later::Reunite(_));
        if self.later.iter().any(is_cut) {
            return matches!(kind, Kind::Kill | Kind::PowerCut | Kind::SlowDisks);
        }
        match kind {
            Kind::Copy => self.is_quiet() && self.is_whole(at),
            Kind::LongCut => !self.had_long_cut && self.is_quiet() && self.is_whole(at),
            _ => true,
        }
    }

    /// Lets time go on until more than half of some disks have something to lose, or for a while.
    fn await_writes(&mut self, at: &[usize]) {
        let until = self.world.now + STRIKE_MS;
        while self.world.now < until {
            let busy = at
                .iter()
                .filter(|at| self.world.computers[**at].disk.unsynced() > 0);
            if busy.count() * 2 > at.len() {
                return;
            }
            self.world.run_until(self.world.now + TICK_MS);
        }
    }

    fn stop_all(&mut self, kind: Kind) {
        for at in self.running() {
            self.stop(at, kind);
        }
    }

    /// Cuts the world in two until each side has forgotten the other.
    fn long_cut(&mut self, at: usize) {
        let all = 0..self.world.computers.len();
        let mut side = vec![at];
        for other in all.filter(|other| *other != at) {
            if self.world.rng.random_bool(0.4) {
                side.push(other);
            }
        }
        let ips: Vec<_> = self.world.computers.iter().map(|c| c.ip).collect();
        for (outside, out_ip) in ips.iter().enumerate().filter(|(at, _)| !side.contains(at)) {
            self.world.tell(&format!("{outside} is across"));
            for inside in &side {
                self.world.net.cut(*out_ip, ips[*inside], What::All);
                self.world.net.cut(ips[*inside], *out_ip, What::All);
            }
        }
        let until = self.world.now + LONG_CUT_MS;
        self.had_long_cut = true;
        self.until = self.until.max(until + 1_000);
        self.later.push((until, Later::Reunite(side)));
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
