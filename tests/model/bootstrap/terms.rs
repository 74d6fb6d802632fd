//! The words between the search and the code: small, equal and cheap to compare.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};

use quorate::bootstrap::{Answer, Fate, Says, Server, Standing};
use quorate::types::{NodeId, RaftId};

/// Most servers of a world.
pub(super) const SERVERS: usize = 6;

/// How one server sees another when it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// It does not know it, except as an address that was not reached.
    Address,
    /// It does not know it at all.
    Not,
    /// Gossip sees it; it has not been asked.
    Unasked,
    /// Gossip sees it; it does not answer.
    Silent,
    /// It says this.
    Says(Standing),
    /// It is down, or behind a cut, and last said this, if it ever spoke.
    Down(Option<Standing>),
}

/// How a server sees the others.
pub(super) type Sight = [Seen; SERVERS];

/// What a server heard about the proposal that binds it: not asked, silent, or a fate.
pub(super) type Fates = [Option<Option<Fate>>; SERVERS];

/// Sees nobody.
pub(super) const NOBODY: Sight = [Seen::Not; SERVERS];

/// Was told nothing.
pub(super) const UNTOLD: Fates = [None; SERVERS];

/// What a server does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Write(u16),
    Wipe,
    Initialize(u16),
    Propose(u16),
    Nothing,
}

/// What a tally comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Pending,
    Found(u16),
    Abort(u16),
    Gone,
}

/// What the door says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Adopt(u16),
    Shut,
}

/// Values by number.
#[derive(Debug)]
pub(super) struct Numbers<T> {
    values: Vec<T>,
    numbers: Map<T, u16>,
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    pub(super) fn new() -> Self {
        Self {
            values: Vec::new(),
            numbers: Map::default(),
        }
    }

    pub(super) fn of(&mut self, value: &T) -> u16 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u16::try_from(self.values.len()).expect("fewer values than numbers");
        self.values.push(value.clone());
        self.numbers.insert(value.clone(), number);
        number
    }

    pub(super) fn get(&self, number: u16) -> &T {
        &self.values[usize::from(number)]
    }
}

/// A proposal that was begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) ledger: u16,
    pub(super) proposal: u16,
    pub(super) tally: u16,
    pub(super) asked: u8,
}

/// Server `n`; with `twin` it is known under the name, address and node id of that one.
pub(super) fn server(n: usize, twin: usize) -> Server {
    let id = u128::try_from(twin).unwrap() + 1;
    let port = u16::try_from(twin).unwrap() + 8301;
    Server {
        node_id: NodeId::new(id),
        raft_id: raft_id(n),
        name: format!("s{twin}").parse().unwrap(),
        rpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    }
}

pub(super) fn raft_id(n: usize) -> RaftId {
    RaftId::new(u128::try_from(n).unwrap() + 1)
}

pub(super) fn index(id: RaftId) -> usize {
    usize::try_from(id.bits()).unwrap() - 1
}

/// Says whether an answer is a promise.
pub(super) const fn is_yes(said: &Answer) -> bool {
    matches!(said.says, Says::Yes { .. })
}

/// A hasher for small keys of trusted origin: the search spends most of its time on them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quick(u64);

impl Quick {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, i: u8) {
        self.mix(u64::from(i));
    }

    fn write_u16(&mut self, i: u16) {
        self.mix(u64::from(i));
    }

    fn write_u32(&mut self, i: u32) {
        self.mix(u64::from(i));
    }

    fn write_u64(&mut self, i: u64) {
        self.mix(i);
    }

    fn write_usize(&mut self, i: usize) {
        self.mix(u64::try_from(i).unwrap());
    }

    fn write_isize(&mut self, i: isize) {
        self.mix(u64::try_from(i).unwrap());
    }

    fn write_u128(&mut self, i: u128) {
        self.mix(u64::try_from(i & u128::from(u64::MAX)).unwrap());
    }
}

/// A map with that hasher.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;
