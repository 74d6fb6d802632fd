//! The door for datagrams: magic, version, cluster tag, and the seal if there is a key.
//!
//! Layout: magic (2 bytes), version (1), mode (1: plain or sealed), cluster tag (8), payload. The
//! tag is the upper half of the cluster id, zero while blank (design, section 4).

use super::{MAGIC, VERSION};
use crate::gossip::key::{Key, SEAL_BYTES};
use crate::gossip::keys::{Keys, Opened};
use crate::types::ClusterId;

/// The largest datagram sent or taken, in bytes: fits the smallest usual path with room for a
/// tunnel (gossip study, 8).
pub(crate) const DATAGRAM_BYTES_MAX: usize = 1_400;

/// The largest payload, sealed or not, in bytes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - HEADER_BYTES - SEAL_BYTES;

const HEADER_BYTES: usize = 12;
const MODE_PLAIN: u8 = 0;
const MODE_SEALED: u8 = 1;

/// Why a datagram was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// It is not of this protocol, or of another version of it.
    Foreign,
    /// It is plain, and this pool is sealed.
    Plain,
    /// It is sealed, and this agent has no key.
    Sealed,
    /// None of this agent's keys opens it.
    Unopened,
    /// It comes from another cluster.
    OtherCluster,
}

/// Wraps what goes out and opens what comes in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    keys: Option<Keys>,
}

impl Door {
    /// A door that seals with a key, if there are any, and then takes nothing plain.
    pub(crate) const fn new(keys: Option<Keys>) -> Self {
        Self { keys }
    }

    /// Goes by other keys from now on; a door without any stays plain.
    pub(crate) fn renew(&mut self, keys: Keys) {
        if let Some(held) = &mut self.keys {
            *held = keys;
        }
    }

    /// The keys.
    pub(crate) const fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The key that seals.
    pub(crate) fn key(&self) -> Option<&Key> {
        self.keys().map(Keys::own)
    }

    /// Makes a datagram of a payload. Gives nothing if the operating system has no randomness.
    pub(crate) fn wrap(&self, cluster: Option<ClusterId>, payload: &[u8]) -> Option<Vec<u8>> {
        let mode = if self.keys.is_some() {
            MODE_SEALED
        } else {
            MODE_PLAIN
        };
        let mut out = Vec::with_capacity(DATAGRAM_BYTES_MAX);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[VERSION, mode]);
        out.extend_from_slice(&tag(cluster));
        match self.key() {
            Some(key) => {
                let header = out.clone();
                key.seal(&header, payload, &mut out)?;
            }
            None => out.extend_from_slice(payload),
        }
        Some(out)
    }

    /// Opens a datagram for an agent of the given cluster; none takes any cluster. The tag counts
    /// only after the seal, so that nobody without the key can make an agent report a conflict.
    pub(crate) fn open(
        &self,
        cluster: Option<ClusterId>,
        datagram: &[u8],
    ) -> Result<Opened, Turned> {
        if datagram.len() > DATAGRAM_BYTES_MAX {
            return Err(Turned::Foreign);
        }
        let (header, rest) = datagram
            .split_at_checked(HEADER_BYTES)
            .ok_or(Turned::Foreign)?;
        let Some((&[a, b, version, mode], theirs)) = header.split_first_chunk() else {
            return Err(Turned::Foreign);
        };
        if [a, b] != MAGIC || version != VERSION {
            return Err(Turned::Foreign);
        }
        let opened = match (mode, &self.keys) {
            (MODE_PLAIN, None) => Opened {
                text: rest.to_vec(),
                by: None,
            },
            (MODE_SEALED, Some(keys)) => keys
                .open(header, rest)
                .map_err(|_unopened| Turned::Unopened)?,
            (MODE_PLAIN, Some(_)) => return Err(Turned::Plain),
            (MODE_SEALED, None) => return Err(Turned::Sealed),
            (_, _) => return Err(Turned::Foreign),
        };
        let (blank, ours) = (tag(None), tag(cluster));
        if theirs != blank && ours != blank && theirs != ours {
            return Err(Turned::OtherCluster);
        }
        Ok(opened)
    }
}

/// Says whether the header of a datagram names a cluster. Where there is a key, that is true of a
/// datagram that it opened.
pub(crate) fn is_of_cluster(datagram: &[u8]) -> bool {
    let said = datagram
        .split_at_checked(HEADER_BYTES)
        .and_then(|(header, _rest)| header.split_first_chunk::<4>());
    said.is_some_and(|(_, theirs)| theirs != tag(None))
}

/// The upper half of the id. It is never zero: the version of a UUID stands in it.
fn tag(cluster: Option<ClusterId>) -> [u8; 8] {
    let bytes = cluster.unwrap_or_default().bits().to_be_bytes();
    bytes.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn door(byte: Option<u8>) -> Door {
        Door::new(byte.map(|byte| keys(byte, &[])))
    }

    fn keys(own: u8, accepted: &[u8]) -> Keys {
        let key = |byte: &u8| Key::new(&[*byte; 16]).unwrap();
        Keys::new(key(&own), accepted.iter().map(key).collect())
    }

    /// What a door makes of a datagram, whichever key opens it.
    fn open(door: &Door, to: Option<ClusterId>, datagram: &[u8]) -> Result<Vec<u8>, Turned> {
        door.open(to, datagram).map(|opened| opened.text)
    }

    fn cluster(n: u128) -> Option<ClusterId> {
        (n > 0).then_some(ClusterId::random(n << 80))
    }

    #[test]
    fn only_an_agent_with_the_same_key_or_as_plain_opens() {
        let rows = [
            (None, None, Ok(b"text".to_vec())),
            (Some(1), Some(1), Ok(b"text".to_vec())),
            (None, Some(1), Err(Turned::Plain)),
            (Some(1), None, Err(Turned::Sealed)),
            (Some(1), Some(2), Err(Turned::Unopened)),
        ];
        for (from, to, expected) in rows {
            let datagram = door(from).wrap(None, b"text").unwrap();
            assert_eq!(
                open(&door(to), None, &datagram),
                expected,
                "{from:?} to {to:?}"
            );
        }
    }

    #[test]
    fn a_door_that_is_renewed_seals_with_the_new_key_and_opens_the_accepted_one() {
        let mut changed = door(Some(1));
        let old = changed.wrap(None, b"text").unwrap();
        changed.renew(keys(2, &[1]));
        let new = changed.wrap(None, b"text").unwrap();
        assert_eq!(open(&door(Some(2)), None, &new), Ok(b"text".to_vec()));
        assert_eq!(open(&door(Some(1)), None, &new), Err(Turned::Unopened));
        let opened = changed.open(None, &old).unwrap();
        assert_eq!(opened.by, door(Some(1)).key().map(Key::fingerprint));
        changed.renew(keys(2, &[]));
        assert_eq!(open(&changed, None, &old), Err(Turned::Unopened));
    }

    #[test]
    fn a_plain_door_is_not_closed_by_keys() {
        let mut plain = door(None);
        plain.renew(keys(1, &[]));
        let datagram = plain.wrap(None, b"text").unwrap();
        assert_eq!(open(&door(None), None, &datagram), Ok(b"text".to_vec()));
    }

    #[test]
    fn only_another_cluster_is_turned_away_and_a_blank_agent_never() {
        let rows = [
            (None, None, true),
            (None, cluster(1), true),
            (cluster(1), None, true),
            (cluster(1), cluster(1), true),
            (cluster(1), cluster(2), false),
        ];
        for (from, to, taken) in rows {
            for key in [None, Some(1)] {
                let datagram = door(key).wrap(from, b"").unwrap();
                let expected = if taken {
                    Ok(Vec::new())
                } else {
                    Err(Turned::OtherCluster)
                };
                assert_eq!(open(&door(key), to, &datagram), expected);
            }
        }
    }

    #[test]
    fn without_the_key_a_false_tag_is_not_even_looked_at() {
        let forged = door(None).wrap(cluster(2), b"").unwrap();
        assert_eq!(
            open(&door(Some(1)), cluster(1), &forged),
            Err(Turned::Plain),
            "plain"
        );
        let mut bent = door(Some(1)).wrap(cluster(1), b"").unwrap();
        bent[5] ^= 1;
        assert_eq!(
            open(&door(Some(1)), cluster(1), &bent),
            Err(Turned::Unopened),
            "bent"
        );
    }

    #[test]
    fn the_largest_payload_fits_the_largest_datagram() {
        let payload = vec![0; PAYLOAD_BYTES_MAX];
        let datagram = door(Some(1)).wrap(None, &payload).unwrap();
        assert_eq!(datagram.len(), DATAGRAM_BYTES_MAX);
        assert_eq!(open(&door(Some(1)), None, &datagram), Ok(payload));
    }

    proptest! {
        #[test]
        fn random_bytes_are_turned_away(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
            prop_assume!(!bytes.starts_with(&MAGIC));
            prop_assert_eq!(door(None).open(None, &bytes), Err(Turned::Foreign));
            prop_assert_eq!(door(Some(1)).open(None, &bytes), Err(Turned::Foreign));
        }
    }
}
