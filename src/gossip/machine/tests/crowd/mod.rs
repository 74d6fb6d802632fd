//! A crowd of machines on a network with latency, loss, cuts, dead hosts and paused processes, in
//! virtual time. Datagrams and the packets of streams are lost alike; a stream sends what was lost
//! again, as TCP does.

mod quality;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use super::*;
use crate::gossip::testing::says;
use crate::gossip::wire::Message;
use crate::types::NodeId;
use stream::StreamId;

/// How long a packet travels at most. A local network, with something to spare.
const LATENCY_MICROS: u64 = 2_000;

/// What a socket of a paused process holds, in datagrams: the default buffer of Linux, with the
/// memory that each of ours takes there.
const SOCKET_HOLDS: usize = 90;

/// How many datagrams a machine reads before it looks at the clock, as its shell does.
const BURST: usize = 64;

/// How long a new crowd is left alone: news of the joins is at an end then.
const QUIET: Duration = Duration::from_secs(4);

/// What happened to the process and the host of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Runs,
    Stands,
    /// The process is gone and the host refuses connections in its place.
    Killed,
    /// The host is gone with it.
    Dark,
}

struct Agent {
    machine: Machine,
    life: Life,
    wake: Instant,
    /// What came while the process stood.
    waiting: Vec<Event>,
    sees: BTreeMap<NodeId, MemberStatus>,
}

#[derive(Debug)]
enum Event {
    Datagram { from: u16, to: u16, bytes: Vec<u8> },
    Stream(stream::Step),
}

/// Somebody sees a member as he did not before.
#[derive(Debug, Clone, Copy)]
struct Change {
    about: u16,
    status: Option<MemberStatus>,
}

struct Crowd {
    now: Instant,
    agents: BTreeMap<u16, Agent>,
    events: BTreeMap<(Instant, u64), Event>,
    last_event: u64,
    open: BTreeSet<StreamId>,
    dice: StdRng,
    loss_percent: u32,
    /// Agents up to this number are cut off from the others.
    cut_after: Option<u16>,
    changes: Vec<Change>,
}

fn number(node_id: NodeId) -> u16 {
    u16::try_from(node_id.bits()).unwrap()
}

impl Crowd {
    /// A crowd that knows each other and has been quiet for a while.
    fn of(count: u16, seed: u64) -> Self {
        let mut crowd = Self {
            now: Instant::now(),
            agents: BTreeMap::new(),
            events: BTreeMap::new(),
            last_event: 0,
            open: BTreeSet::new(),
            dice: StdRng::seed_from_u64(seed),
            loss_percent: 0,
            cut_after: None,
            changes: Vec::new(),
        };
        for n in 1..=count {
            crowd.start(n);
            crowd.pass(Duration::from_millis(7));
            if n > 1 {
                let to = crowd.dice.random_range(1..n);
                crowd.exchange(n, to);
            }
        }
        let met = crowd.until(QUIET, Self::all_see_all);
        assert!(
            met.is_some(),
            "seed {seed}: not everybody knows everybody after {QUIET:?}"
        );
        crowd.pass(QUIET);
        let more = crowd.dice.random_range(0..1_000);
        crowd.pass(Duration::from_millis(more));
        crowd.changes.clear();
        crowd
    }

    fn start(&mut self, n: u16) {
        let rng = StdRng::seed_from_u64(self.dice.random());
        let made = Machine::new(
            says(&format!("s{n}"), n),
            Door::new(None),
            Tuning::default(),
            (rng, self.now),
        );
        let agent = Agent {
            machine: made.unwrap(),
            life: Life::Runs,
            wake: self.now,
            waiting: Vec::new(),
            sees: BTreeMap::new(),
        };
        self.agents.insert(n, agent);
    }

    /// A step of a machine, and all that it asks for.
    fn step<T>(&mut self, n: u16, step: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let now = self.now;
        let agent = self.agents.get_mut(&n).unwrap();
        let result = step(&mut agent.machine, now);
        agent.wake = agent.machine.next_wake();
        let effects = agent.machine.take_effects();
        if let Some(members) = effects.members {
            self.look(n, &members);
        }
        for (to, bytes) in effects.datagrams {
            self.send(n, to.port(), bytes);
        }
        for errand in effects.errands {
            self.run(n, errand);
        }
        result
    }

    fn look(&mut self, by: u16, members: &[Member]) {
        let sees = &mut self.agents.get_mut(&by).unwrap().sees;
        let now_sees: BTreeMap<NodeId, MemberStatus> =
            members.iter().map(|m| (m.says.node_id, m.status)).collect();
        let before = std::mem::replace(sees, now_sees);
        let both: BTreeSet<NodeId> = before.keys().chain(sees.keys()).copied().collect();
        for id in both {
            let status = sees.get(&id).copied();
            if before.get(&id).copied() != status {
                let about = number(id);
                self.changes.push(Change { about, status });
            }
        }
    }

    fn is_lost(&mut self) -> bool {
        self.dice.random_range(0..100) < self.loss_percent
    }

    fn is_cut(&self, a: u16, b: u16) -> bool {
        self.cut_after
            .is_some_and(|last| (a <= last) != (b <= last))
    }

    fn latency(&mut self) -> Duration {
        Duration::from_micros(self.dice.random_range(LATENCY_MICROS / 10..LATENCY_MICROS))
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.last_event += 1;
        let at = (self.now + after, self.last_event);
        self.events.insert(at, event);
    }

    fn send(&mut self, from: u16, to: u16, bytes: Vec<u8>) {
        if self.is_lost() || self.is_cut(from, to) {
            return;
        }
        let after = self.latency();
        self.schedule(after, Event::Datagram { from, to, bytes });
    }

    fn deliver(&mut self, event: Event) {
        let (from, to) = match &event {
            Event::Datagram { from, to, .. } => (*from, *to),
            Event::Stream(step) => step.way(),
        };
        let agent = self.agents.get_mut(&to).unwrap();
        match agent.life {
            Life::Runs => {}
            Life::Stands => return agent.hold(event),
            Life::Killed | Life::Dark => return,
        }
        match event {
            Event::Datagram { bytes, .. } => {
                self.step(to, |machine, now| machine.receive(now, addr(from), &bytes));
            }
            Event::Stream(step) => self.go_on(step),
        }
    }

    /// Does the next thing that happens, if it happens until then.
    fn advance(&mut self, end: Instant) -> bool {
        let running = self.agents.iter().filter(|(_, a)| a.life == Life::Runs);
        let wake = running.map(|(n, agent)| (agent.wake, *n)).min();
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        match (event, wake) {
            (Some(at), Some((wake, _))) if at <= wake.min(end) => {
                let (_, event) = self.events.pop_first().unwrap();
                self.now = self.now.max(at);
                self.deliver(event);
                true
            }
            (_, Some((wake, n))) if wake <= end => {
                self.now = self.now.max(wake);
                self.step(n, Machine::wake);
                true
            }
            _ => {
                self.now = end;
                false
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.advance(end) {}
    }

    /// Lets time pass until it is so, and says how long that took.
    fn until(&mut self, limit: Duration, is_so: impl Fn(&Self) -> bool) -> Option<Duration> {
        let (begin, end) = (self.now, self.now + limit);
        while !is_so(self) {
            if !self.advance(end) {
                return None;
            }
        }
        Some(self.now - begin)
    }

    fn end(&mut self, n: u16, life: Life) {
        self.agents.get_mut(&n).unwrap().life = life;
    }

    /// Lets a process that stood go on: it reads what waits, and looks at the clock in between.
    fn resume(&mut self, n: u16) {
        let agent = self.agents.get_mut(&n).unwrap();
        agent.life = Life::Runs;
        let (datagrams, streams): (Vec<Event>, Vec<Event>) = std::mem::take(&mut agent.waiting)
            .into_iter()
            .partition(|event| matches!(event, Event::Datagram { .. }));
        for (read, event) in datagrams.into_iter().enumerate() {
            if read == BURST {
                self.step(n, Machine::wake);
            }
            self.deliver(event);
        }
        self.step(n, Machine::wake);
        for event in streams {
            self.deliver(event);
        }
    }

    fn running(&self) -> impl Iterator<Item = &Agent> {
        self.agents
            .values()
            .filter(|agent| agent.life == Life::Runs)
    }

    /// Says whether everybody who runs sees this member so.
    fn all_see(&self, about: u16, status: MemberStatus) -> bool {
        let id = NodeId::new(u128::from(about));
        let own = addr(about);
        let mut others = self
            .running()
            .filter(|a| a.machine.own().gossip_addr != own);
        others.all(|agent| agent.sees.get(&id) == Some(&status))
    }

    fn all_see_all(&self) -> bool {
        let count = self.running().count();
        self.running().all(|agent| {
            let alive = |status: &&MemberStatus| **status == MemberStatus::Alive;
            agent.sees.values().filter(alive).count() == count
        })
    }

    /// Who was seen as failed by somebody, without those.
    fn failed_but(&self, dead: &[u16]) -> BTreeSet<u16> {
        let failed = self
            .changes
            .iter()
            .filter(|change| change.status == Some(MemberStatus::Failed));
        let about = failed.map(|change| change.about);
        about.filter(|n| !dead.contains(n)).collect()
    }
}

impl Agent {
    /// Keeps what comes while the process stands; a full socket drops what comes later.
    fn hold(&mut self, event: Event) {
        let is_datagram = |event: &Event| matches!(event, Event::Datagram { .. });
        let held = self.waiting.iter().filter(|e| is_datagram(e)).count();
        if !is_datagram(&event) || held < SOCKET_HOLDS {
            self.waiting.push(event);
        }
    }
}
