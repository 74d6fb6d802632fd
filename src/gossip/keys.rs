//! The keys of an agent: one seals, and more may open. So the key of a pool is changed in rounds,
//! and nobody fails to open what another says: all open with the new one, then all seal with it,
//! then the old one goes.
//!
//! Which of them opens is found by trying, so there are few; the caller bounds them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::time::Instant;

use super::key::{Fingerprint, Key, Unopened};

/// The key that an agent seals with, and those that it only opens with.
#[derive(Debug, Clone)]
pub struct Keys {
    own: Key,
    accepted: Arc<[Key]>,
}

/// A text that came out of its seal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) text: Vec<u8>,
    /// The key that opened it, if that is one which does not seal here.
    pub(crate) by: Option<Fingerprint>,
}

/// What may be shown of the keys of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKeys {
    /// The one that seals.
    pub own: Fingerprint,
    /// Those that only open, each with its use if there was any.
    pub accepted: Vec<(Fingerprint, Option<KeyUse>)>,
}

/// How a key that does not seal here is used by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// How many datagrams and messages of streams it opened.
    pub count: u64,
    /// When it did last.
    pub last: Instant,
    /// Who had sealed that one.
    pub from: SocketAddr,
}

/// The use of the keys that do not seal here.
pub(crate) type KeyUses = BTreeMap<Fingerprint, KeyUse>;

impl Keys {
    /// Seals with the first, and opens with all.
    pub fn new(own: Key, accepted: Vec<Key>) -> Self {
        let accepted = accepted.into();
        Self { own, accepted }
    }

    /// The key that seals.
    pub(crate) const fn own(&self) -> &Key {
        &self.own
    }

    /// Opens what was sealed with one of the keys and this context.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Opened, Unopened> {
        if let Ok(text) = self.own.open(context, sealed) {
            return Ok(Opened { text, by: None });
        }
        let opened = self.accepted.iter().find_map(|key| {
            let text = key.open(context, sealed).ok()?;
            let by = Some(key.fingerprint());
            Some(Opened { text, by })
        });
        opened.ok_or(Unopened)
    }

    /// What may be shown, with the use that was counted.
    pub(crate) fn shown(&self, uses: &KeyUses) -> ShownKeys {
        let accepted = self.accepted.iter().map(Key::fingerprint);
        ShownKeys {
            own: self.own.fingerprint(),
            accepted: accepted.map(|key| (key, uses.get(&key).copied())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> Key {
        Key::new(&[byte; 32]).unwrap()
    }

    fn keys(own: u8, accepted: &[u8]) -> Keys {
        Keys::new(key(own), accepted.iter().copied().map(key).collect())
    }

    /// What one seals and another opens; none if it does not.
    fn passes(from: &Keys, to: &Keys) -> Option<Opened> {
        let mut sealed = Vec::new();
        from.own().seal(b"c", b"text", &mut sealed).unwrap();
        to.open(b"c", &sealed).ok()
    }

    #[test]
    fn a_text_opens_with_any_key_and_only_that_of_another_is_named() {
        let reader = keys(1, &[2, 3]);
        for (sealer, by) in [(1, None), (2, Some(2)), (3, Some(3))] {
            let opened = passes(&keys(sealer, &[]), &reader).unwrap();
            assert_eq!(opened.text, b"text");
            assert_eq!(opened.by, by.map(|by| key(by).fingerprint()), "{sealer}");
        }
        assert_eq!(passes(&keys(4, &[1, 2, 3]), &reader), None);
    }

    #[test]
    fn in_a_change_of_the_key_two_agents_may_be_a_round_apart_and_open_each_other() {
        let rounds = [keys(1, &[]), keys(1, &[2]), keys(2, &[1]), keys(2, &[])];
        for (a, one) in rounds.iter().enumerate() {
            for (b, other) in rounds.iter().enumerate() {
                let both = passes(one, other).is_some() && passes(other, one).is_some();
                assert_eq!(both, a.abs_diff(b) <= 1, "rounds {a} and {b}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_opens_is_what_was_sealed_with_one_of_the_keys(
            sealer in 0..6_u8,
            own in 0..6_u8,
            accepted in proptest::collection::vec(0..6_u8, 0..8),
            text in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut sealed = Vec::new();
            key(sealer).seal(b"c", &text, &mut sealed).unwrap();
            let opened = keys(own, &accepted).open(b"c", &sealed).ok();
            let is_known = own == sealer || accepted.contains(&sealer);
            let by = (own != sealer).then(|| key(sealer).fingerprint());
            prop_assert_eq!(opened, is_known.then_some(Opened { text, by }));
        }
    }
}
