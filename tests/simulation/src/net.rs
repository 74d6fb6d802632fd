//! A simulated network: datagrams that are late, lost or doubled, streams that keep their order and
//! are sent again, links that are cut one way or both.
//!
//! Time goes by ticks. What is sent in one tick arrives in a later one, so computers can be run one
//! after another within a tick without any of them seeing another's future.

mod dial;
mod stream;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use rand::RngExt as _;
use rand::rngs::StdRng;

use dial::Dialling;
use stream::Pipe;
pub use stream::SimStream;

/// Length of a tick in milliseconds, and the shortest time that anything is on the wire.
pub const TICK_MS: u64 = 5;
/// The port of requests and raft between agents.
const SERVER_PORT: u16 = 8300;
/// Datagrams that wait at a port; one more is dropped, as by a full socket buffer.
const DATAGRAMS_MAX: usize = 512;

/// The network; clones are the same one.
#[derive(Clone)]
pub struct Net(Arc<Mutex<Inner>>);

/// What a cut stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Everything.
    All,
    /// Streams to and from port 8300.
    Rpc,
}

/// How bad the network is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Share of datagrams that are lost, and of segments that have to be sent again.
    pub loss: f64,
    /// Share of datagrams that arrive twice.
    pub doubled: f64,
    /// Longest time on the wire, in milliseconds.
    pub slowest_ms: u64,
}

impl Weather {
    /// A good network.
    pub const CALM: Self = Self {
        loss: 0.0,
        doubled: 0.0,
        slowest_ms: 6,
    };
}

struct Inner {
    now: u64,
    sequence: u64,
    rng: StdRng,
    weather: Weather,
    cuts: BTreeSet<(IpAddr, IpAddr, What)>,
    events: BTreeMap<(u64, u64), Event>,
    ports: BTreeMap<SocketAddr, Port>,
    listeners: BTreeMap<SocketAddr, Listening>,
    pipes: BTreeMap<u64, Pipe>,
    next_pipe: u64,
    dials: BTreeMap<u64, Dialling>,
    /// Which computers have power, and for how many lives they have had it.
    lives: BTreeMap<IpAddr, (bool, u64)>,
    views: BTreeMap<IpAddr, Vec<IpAddr>>,
    next_port: u16,
}

enum Event {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Segment(u64),
    Syn(u64),
}

#[derive(Default)]
struct Port {
    queue: VecDeque<(SocketAddr, Vec<u8>)>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Listening {
    queue: VecDeque<(SimStream, SocketAddr)>,
    waker: Option<Waker>,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("network")
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Net {
    /// A good network without computers.
    pub fn new(rng: StdRng) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: 0,
            sequence: 0,
            rng,
            weather: Weather::CALM,
            cuts: BTreeSet::new(),
            events: BTreeMap::new(),
            ports: BTreeMap::new(),
            listeners: BTreeMap::new(),
            pipes: BTreeMap::new(),
            next_pipe: 0,
            dials: BTreeMap::new(),
            lives: BTreeMap::new(),
            views: BTreeMap::new(),
            next_port: 40_000,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Milliseconds since the beginning.
    pub fn now(&self) -> u64 {
        self.inner().now
    }

    /// Goes on to a time and delivers what is due by then.
    pub fn advance(&self, now: u64) {
        let mut inner = self.inner();
        inner.now = now;
        while let Some(entry) = inner.events.first_entry() {
            if entry.key().0 > now {
                return;
            }
            match entry.remove() {
                Event::Datagram { from, to, bytes } => inner.deliver(from, to, bytes),
                Event::Segment(pipe) => inner.segment(pipe),
                Event::Syn(dial) => Inner::syn(self, &mut inner, dial),
            }
        }
    }

    /// Makes the network better or worse.
    pub fn set_weather(&self, weather: Weather) {
        self.inner().weather = weather;
    }

    /// Cuts what goes from one address to another.
    pub fn cut(&self, from: IpAddr, to: IpAddr, what: What) {
        self.inner().cuts.insert((from, to, what));
    }

    /// Mends all cuts.
    pub fn heal(&self) {
        self.inner().cuts.clear();
    }

    /// Gives an address power, as a new life.
    pub fn power_on(&self, ip: IpAddr) {
        let mut inner = self.inner();
        let life = inner.lives.get(&ip).map_or(0, |(_, life)| *life);
        inner.lives.insert(ip, (true, life + 1));
    }

    /// Takes the power from an address: nothing says good-bye.
    pub fn power_off(&self, ip: IpAddr) {
        let mut inner = self.inner();
        let life = inner.lives.get(&ip).map_or(0, |(_, life)| *life);
        inner.lives.insert(ip, (false, life + 1));
        inner.ports.retain(|addr, _| addr.ip() != ip);
        let all = std::mem::take(&mut inner.listeners);
        let (gone, kept) = all.into_iter().partition(|(addr, _)| addr.ip() == ip);
        inner.listeners = kept;
        drop(inner);
        // Streams that nobody accepted look into the network when they are dropped.
        drop::<BTreeMap<SocketAddr, Listening>>(gone);
    }

    /// Says what the DNS name of the servers resolves to at an address.
    pub fn set_view(&self, at: IpAddr, servers: Vec<IpAddr>) {
        self.inner().views.insert(at, servers);
    }

    /// What the DNS name of the servers resolves to at an address.
    pub fn view(&self, at: IpAddr) -> Vec<IpAddr> {
        self.inner().views.get(&at).cloned().unwrap_or_default()
    }

    /// Opens a port for datagrams; false if it is in use.
    pub fn open_port(&self, addr: SocketAddr) -> bool {
        let mut inner = self.inner();
        if inner.ports.contains_key(&addr) {
            return false;
        }
        inner.ports.insert(addr, Port::default());
        true
    }

    /// Closes a port for datagrams.
    pub fn close_port(&self, addr: SocketAddr) {
        self.inner().ports.remove(&addr);
    }

    /// Sends a datagram.
    pub fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let mut inner = self.inner();
        let (loss, doubled) = (inner.weather.loss, inner.weather.doubled);
        if inner.is_cut(from, to) || inner.rng.random_bool(loss) {
            return;
        }
        let copies = 1 + u8::from(inner.rng.random_bool(doubled));
        for _ in 0..copies {
            let due = inner.arrival();
            let bytes = bytes.to_vec();
            inner.schedule(due, Event::Datagram { from, to, bytes });
        }
    }

    /// Takes a datagram that has arrived, or leaves a waker.
    pub fn receive(&self, at: SocketAddr, waker: &Waker) -> Option<(SocketAddr, Vec<u8>)> {
        let mut inner = self.inner();
        let port = inner.ports.get_mut(&at)?;
        let found = port.queue.pop_front();
        if found.is_none() {
            port.waker = Some(waker.clone());
        }
        found
    }

    /// Listens for streams; false if the address is in use.
    pub fn listen(&self, addr: SocketAddr) -> bool {
        let mut inner = self.inner();
        if inner.listeners.contains_key(&addr) {
            return false;
        }
        inner.listeners.insert(addr, Listening::default());
        true
    }

    /// Stops listening; streams that nobody accepted are closed.
    pub fn stop_listening(&self, addr: SocketAddr) {
        let closed = self.inner().listeners.remove(&addr);
        drop(closed);
    }

    /// Takes a stream that was opened to here, or leaves a waker.
    pub fn accept(&self, at: SocketAddr, waker: &Waker) -> Option<(SimStream, SocketAddr)> {
        let mut inner = self.inner();
        let listening = inner.listeners.get_mut(&at)?;
        let found = listening.queue.pop_front();
        if found.is_none() {
            listening.waker = Some(waker.clone());
        }
        found
    }
}

impl Inner {
    fn is_up(&self, ip: IpAddr) -> bool {
        self.lives.get(&ip).is_some_and(|(is_up, _)| *is_up)
    }

    fn life(&self, ip: IpAddr) -> u64 {
        self.lives.get(&ip).map_or(0, |(_, life)| *life)
    }

    fn is_cut(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let is_rpc = from.port() == SERVER_PORT || to.port() == SERVER_PORT;
        let cut = |what| self.cuts.contains(&(from.ip(), to.ip(), what));
        cut(What::All) || (is_rpc && cut(What::Rpc))
    }

    /// When something that is sent now arrives.
    fn arrival(&mut self) -> u64 {
        let slowest = self.weather.slowest_ms;
        self.now + TICK_MS + self.rng.random_range(0..=slowest)
    }

    fn schedule(&mut self, due: u64, event: Event) {
        self.sequence += 1;
        self.events.insert((due, self.sequence), event);
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if let Some(port) = self.ports.get_mut(&to)
            && port.queue.len() < DATAGRAMS_MAX
        {
            port.queue.push_back((from, bytes));
            wake(&mut port.waker);
        }
    }
}
