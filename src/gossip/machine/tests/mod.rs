//! Many machines on a wire of their own, in virtual time.

mod crowd;
mod failure;
mod keys;
mod refuse;
mod spread;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt;

use super::*;
use crate::gossip::ConflictKind;
use crate::gossip::testing::says;
use crate::gossip::wire::Message;

/// How an answer is taken.
type Take = fn(&mut Machine, Instant, SocketAddr, Message) -> Result<Partner, GossipError>;

/// Machines by address, and what lies between them.
struct World {
    now: Instant,
    machines: BTreeMap<SocketAddr, Machine>,
    /// Pairs that neither datagrams nor streams pass between, in either order.
    cut: BTreeSet<(SocketAddr, SocketAddr)>,
    /// How many of a hundred datagrams are lost.
    loss_percent: u32,
    dice: StdRng,
    datagrams: u64,
    wakes: u64,
    exchanges: u64,
}

fn addr(number: u16) -> SocketAddr {
    says("x", number).gossip_addr
}

impl World {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            now,
            machines: BTreeMap::new(),
            cut: BTreeSet::new(),
            loss_percent: 0,
            dice: StdRng::seed_from_u64(7),
            datagrams: 0,
            wakes: 0,
            exchanges: 0,
        }
    }

    /// A world of agents `s1` to `sN` that each joined the first.
    fn of(count: u16) -> Self {
        let mut world = Self::new();
        for number in 1..=count {
            world.start(says(&format!("s{number}"), number));
            if number > 1 {
                world.exchange(addr(number), addr(1)).unwrap();
            }
        }
        world
    }

    fn start(&mut self, announcement: Announcement) {
        self.start_with(announcement, Tuning::default());
    }

    fn start_with(&mut self, announcement: Announcement, tuning: Tuning) {
        self.start_so(Door::new(None), announcement, tuning);
    }

    fn start_behind(&mut self, door: Door, announcement: Announcement) {
        self.start_so(door, announcement, Tuning::default());
    }

    fn start_so(&mut self, door: Door, announcement: Announcement, tuning: Tuning) {
        let addr = announcement.gossip_addr;
        let rng = StdRng::seed_from_u64(u64::from(addr.port()));
        let machine = Machine::new(announcement, door, tuning, (rng, self.now));
        self.machines.insert(addr, machine.unwrap());
        self.deliver();
    }

    fn kill(&mut self, number: u16) {
        self.machines.remove(&addr(number));
    }

    fn cut(&mut self, a: u16, b: u16) {
        self.cut.insert((addr(a), addr(b)));
        self.cut.insert((addr(b), addr(a)));
    }

    fn step<T>(&mut self, number: u16, step: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let now = self.now;
        let result = step(self.machines.get_mut(&addr(number)).unwrap(), now);
        self.deliver();
        result
    }

    fn members(&self, number: u16) -> BTreeMap<String, MemberStatus> {
        let table = self.machines[&addr(number)].table.lock();
        let members = table.members().into_iter();
        members
            .map(|m| (m.says.name.to_string(), m.status))
            .collect()
    }

    fn status(&self, number: u16, name: &str) -> Option<MemberStatus> {
        self.members(number).get(name).copied()
    }

    fn conflicts(&mut self, number: u16) -> Vec<ConflictKind> {
        let log = &mut self.machines.get_mut(&addr(number)).unwrap().conflicts;
        let later = self.now + Duration::from_mins(1);
        let list = log.publish(later).unwrap_or_default();
        list.iter().map(|seen| seen.conflict.kind).collect()
    }

    /// Says whether everybody who runs sees exactly those who run, and sees them alive.
    fn all_see_all(&self) -> bool {
        let running = self.machines.len();
        self.machines.keys().all(|addr| {
            let members = self.members(addr.port());
            let alive = |status: &MemberStatus| *status == MemberStatus::Alive;
            members.len() == running && members.values().all(alive)
        })
    }

    /// Lets time pass until it is so, and says how long that took; nothing if it never is.
    fn until(&mut self, limit: Duration, is_so: impl Fn(&Self) -> bool) -> Option<Duration> {
        let begin = self.now;
        let end = begin + limit;
        while !is_so(self) {
            let next = self.machines.values().map(Machine::next_wake).min()?;
            if next > end {
                self.now = end;
                return is_so(self).then_some(limit);
            }
            self.now = self.now.max(next);
            self.wake();
        }
        Some(self.now - begin)
    }

    fn pass(&mut self, time: Duration) {
        assert_eq!(self.until(time, |_| false), None);
    }

    fn wake(&mut self) {
        let now = self.now;
        for machine in self.machines.values_mut() {
            if machine.next_wake() <= now {
                self.wakes += 1;
                machine.wake(now);
            }
        }
        self.deliver();
    }

    /// Delivers until nobody has anything to say.
    fn deliver(&mut self) {
        let mut calm = false;
        while !calm {
            calm = true;
            let froms: Vec<SocketAddr> = self.machines.keys().copied().collect();
            for from in froms {
                let effects = self.machines.get_mut(&from).unwrap().take_effects();
                calm &= effects.datagrams.is_empty() && effects.errands.is_empty();
                for (to, datagram) in effects.datagrams {
                    self.send(from, to, &datagram);
                }
                for errand in effects.errands {
                    self.run(from, errand);
                }
            }
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        assert!(datagram.len() <= crate::gossip::wire::DATAGRAM_BYTES_MAX);
        self.datagrams += 1;
        let lost = self.dice.random_range(0..100) < self.loss_percent;
        if lost || self.cut.contains(&(from, to)) {
            return;
        }
        if let Some(machine) = self.machines.get_mut(&to) {
            machine.receive(self.now, from, datagram);
        }
    }

    fn run(&mut self, from: SocketAddr, errand: Errand) {
        match errand {
            Errand::Exchange(to) => drop(self.call(from, to)),
            Errand::Meet(to, wanted) => self.meet(from, to, wanted),
            Errand::Recall(home, wanted) => {
                self.meet(from, home, wanted);
                let now = self.now;
                self.machines.get_mut(&from).unwrap().recalled(now, wanted);
            }
            Errand::Confirm(suspect) => {
                let is_there = self.call(from, suspect.addr).is_ok();
                let answered = match (is_there, self.machines.contains_key(&suspect.addr)) {
                    (true, _) => Answered::There,
                    (false, true) => Answered::Unreachable,
                    (false, false) => Answered::Gone,
                };
                let now = self.now;
                let machine = self.machines.get_mut(&from).unwrap();
                machine.asked(now, &suspect, answered);
            }
        }
    }

    /// A push/pull with a member, and with nobody else who has its address.
    fn meet(&mut self, from: SocketAddr, to: SocketAddr, wanted: NodeId) {
        let is_there = |machine: &Machine| !machine.is_other(wanted);
        if self.machines.get(&to).is_some_and(is_there) {
            drop(self.call(from, to));
        }
    }

    /// A push/pull on an errand.
    fn call(&mut self, from: SocketAddr, to: SocketAddr) -> Result<Partner, String> {
        self.swap(from, to, Machine::take_answer_to_errand)
    }

    /// A push/pull to join.
    fn exchange(&mut self, from: SocketAddr, to: SocketAddr) -> Result<Partner, String> {
        self.swap(from, to, Machine::take_answer)
    }

    /// A push/pull, with everything in it going through its bytes.
    fn swap(&mut self, from: SocketAddr, to: SocketAddr, take: Take) -> Result<Partner, String> {
        let now = self.now;
        if self.cut.contains(&(from, to)) || !self.machines.contains_key(&to) {
            return Err(String::from("unreachable"));
        }
        self.exchanges += 1;
        let question = self.machines.get_mut(&from).unwrap().picture().unwrap();
        let Message::Picture(picture) = Message::parse(&question.encode()).unwrap() else {
            panic!("{question:?}");
        };
        let answer = self.machines.get_mut(&to).unwrap().answer(now, *picture);
        let answer = Message::parse(&answer.encode()).unwrap();
        let asker = self.machines.get_mut(&from).unwrap();
        let taken = take(asker, now, to, answer);
        self.deliver();
        taken.map_err(|error| error.to_string())
    }
}
