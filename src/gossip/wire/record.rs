//! Records about members: news, which datagrams carry, and lines, which a push/pull carries.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Malformed;
use crate::gossip::identity::{Identity, Life};
use crate::types::{Announcement, NodeId};

/// The largest record in bytes. Chosen so that it fits a datagram together with the head of the
/// failure detector (at most 220 bytes: three identities and counters) and the seal.
pub(crate) const RECORD_BYTES_MAX: usize = 1_100;

/// The longest version of a program in bytes. Chosen: several times as long as a version of Cargo's
/// with a suffix.
const BUILD_BYTES_MAX: usize = 64;

/// What a member is about to do, or is made to do, with one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum IntentKind {
    /// An operator made a failed member a left one.
    Forced,
    /// The member said itself that it leaves.
    Leave,
    /// An operator wants the member forgotten.
    Prune,
}

/// An intent and the life it is meant for; it says nothing of a newer life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// The member that it is about.
    pub(crate) node_id: NodeId,
    /// The life that it is about.
    pub(crate) life: Life,
    /// What is meant.
    pub(crate) kind: IntentKind,
}

impl Intent {
    /// Says whether this replaces the other of the same member.
    pub(crate) fn is_newer(&self, other: &Self) -> bool {
        (self.life, self.kind) > (other.life, other.kind)
    }
}

/// One piece of news, as it rides on datagrams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum News {
    /// The word of a member.
    Says {
        /// What it says.
        says: Announcement,
        /// The renewal of the life in which it says so.
        renewal: u32,
    },
    /// An intent about a member.
    Intent(Intent),
}

/// Everything that one member knows of another, as a push/pull carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// What the member last said.
    pub(crate) says: Announcement,
    /// The renewal of its life.
    pub(crate) renewal: u32,
    /// The failure detector's counter of refuted suspicions.
    pub(crate) incarnation: u16,
    /// What the failure detector thinks of it.
    pub(crate) state: foca::State,
    /// The newest intent about it.
    pub(crate) intent: Option<Intent>,
    /// Seconds since it was found down; zero while it is up.
    pub(crate) down_for_s: u32,
}

impl Line {
    /// The line about a member that nobody doubts.
    pub(crate) const fn alive(says: Announcement, renewal: u32) -> Self {
        Self {
            says,
            renewal,
            incarnation: 0,
            state: foca::State::Alive,
            intent: None,
            down_for_s: 0,
        }
    }

    /// The identity that the line is about.
    pub(crate) const fn identity(&self) -> Identity {
        Identity::of(&self.says, self.renewal)
    }
}

/// The bytes of a word about oneself in a datagram; the renewal counted at its longest.
pub(crate) fn record_bytes(says: &Announcement) -> usize {
    let news = News::Says {
        says: says.clone(),
        renewal: u32::MAX,
    };
    encode_news(&news).map_or(usize::MAX, |bytes| bytes.len())
}

/// The bytes of a piece of news. Gives nothing for one that cannot be written, which the types
/// rule out.
pub(crate) fn encode_news(news: &News) -> Option<Vec<u8>> {
    postcard::to_stdvec(news).ok()
}

/// Reads a piece of news that fills its bytes.
pub(crate) fn parse_news(bytes: &[u8]) -> Result<News, Malformed> {
    let malformed = Malformed { what: "news" };
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(malformed);
    }
    let (news, rest): (News, _) =
        postcard::take_from_bytes(bytes).map_err(|_postcard| malformed)?;
    let sound = match &news {
        News::Says { says, .. } => is_sound(says),
        News::Intent(_) => true,
    };
    if rest.is_empty() && sound {
        Ok(news)
    } else {
        Err(malformed)
    }
}

/// Appends a line.
pub(super) fn encode_line(line: &Line, out: &mut Vec<u8>) {
    if let Ok(bytes) = postcard::to_stdvec(line) {
        out.extend_from_slice(&bytes);
    }
}

/// Takes the first line off the bytes.
pub(super) fn take_line(bytes: &mut &[u8]) -> Result<Line, Malformed> {
    let malformed = Malformed { what: "line" };
    let (line, rest): (Line, _) =
        postcard::take_from_bytes(bytes).map_err(|_postcard| malformed)?;
    *bytes = rest;
    if is_sound(&line.says) && record_bytes(&line.says) <= RECORD_BYTES_MAX {
        Ok(line)
    } else {
        Err(malformed)
    }
}

/// A member that cannot be reached at what it says would make others talk to themselves, or to
/// everybody. Its version stands in tables and logs.
fn is_sound(says: &Announcement) -> bool {
    let build = says.build.as_bytes();
    let is_version = build.len() <= BUILD_BYTES_MAX && build.iter().all(u8::is_ascii_graphic);
    is_reachable(says.gossip_addr) && is_version
}

/// Says whether an address can be one process's: it has a port and is neither unspecified nor a
/// group.
pub(crate) const fn is_reachable(addr: SocketAddr) -> bool {
    let ip = addr.ip();
    addr.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gossip::testing::says;

    #[test]
    fn news_read_back_what_was_written() {
        let intent = Intent {
            node_id: NodeId::new(3),
            life: Life::default(),
            kind: IntentKind::Leave,
        };
        let word = News::Says {
            says: says("s1", 1),
            renewal: 3,
        };
        for news in [word, News::Intent(intent)] {
            let bytes = encode_news(&news).unwrap();
            assert_eq!(parse_news(&bytes), Ok(news));
            assert!(parse_news(&bytes[1..]).is_err(), "cut in front");
            assert!(
                parse_news(&[&bytes[..], &[0]].concat()).is_err(),
                "one byte more"
            );
        }
    }

    #[test]
    fn a_version_that_would_forge_a_row_or_fill_a_log_is_malformed() {
        let (long, longest) = ("1".repeat(BUILD_BYTES_MAX + 1), "1".repeat(BUILD_BYTES_MAX));
        for (build, is_good) in [
            ("0.1.0-dev+a1", true),
            ("", true),
            (&longest, true),
            (&long, false),
            ("1\nweb2  alive", false),
            ("\u{1b}[2J", false),
            ("1 0", false),
            ("\u{202e}1", false),
        ] {
            let mut word = says("s1", 1);
            word.build = build.to_owned();
            let news = News::Says {
                says: word,
                renewal: 0,
            };
            let bytes = encode_news(&news).unwrap();
            assert_eq!(parse_news(&bytes).is_ok(), is_good, "{build:?}");
        }
    }

    #[test]
    fn a_word_with_an_address_that_is_nobodys_is_malformed() {
        for addr in ["0.0.0.0:1", "127.0.0.1:0", "224.0.0.1:5", "[::]:7"] {
            let mut word = says("s1", 1);
            word.gossip_addr = addr.parse().unwrap();
            let news = News::Says {
                says: word,
                renewal: 0,
            };
            let bytes = encode_news(&news).unwrap();
            assert!(parse_news(&bytes).is_err(), "{addr}");
        }
    }

    #[test]
    fn a_word_that_would_fit_no_datagram_is_malformed() {
        let mut word = says("s1", 1);
        word.build = "x".repeat(RECORD_BYTES_MAX);
        assert!(record_bytes(&word) > RECORD_BYTES_MAX);
        let news = News::Says {
            says: word,
            renewal: 0,
        };
        assert!(parse_news(&encode_news(&news).unwrap()).is_err());
    }

    #[test]
    fn an_intent_of_a_newer_life_or_of_more_weight_is_newer() {
        let make = |generation, kind| Intent {
            node_id: NodeId::new(1),
            life: Life {
                generation,
                renewal: 0,
            },
            kind,
        };
        let old = make(1, IntentKind::Forced);
        assert!(make(1, IntentKind::Prune).is_newer(&old));
        assert!(make(2, IntentKind::Forced).is_newer(&make(1, IntentKind::Prune)));
        assert!(!old.is_newer(&old));
    }

    proptest! {
        #[test]
        fn random_bytes_make_neither_news_nor_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            if let Ok(news) = parse_news(&bytes) {
                let again = encode_news(&news).unwrap();
                prop_assert_eq!(parse_news(&again), Ok(news));
            }
            let mut rest = &bytes[..];
            if let Ok(line) = take_line(&mut rest) {
                prop_assert!(rest.len() < bytes.len());
                prop_assert!(record_bytes(&line.says) <= RECORD_BYTES_MAX);
            }
        }
    }
}
