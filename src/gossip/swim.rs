//! The failure detector, foca, and the four things it asks of us: a codec, a handler for news, a
//! runtime that collects what it wants done, and a configuration for the size of the pool.
//!
//! The codec is where strangers are kept out: foca never hears of a member that the table did not
//! admit.

use std::fmt;
use std::net::SocketAddr;
use std::num::{NonZeroU8, NonZeroUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut};
use foca::{Config, Foca, Header, Message, Notification, PostcardCodec, Timer};
use rand::rngs::StdRng;

use super::config::Tuning;
use super::identity::Identity;
use super::table::Table;
use super::wire::{Malformed, News, PAYLOAD_BYTES_MAX, parse_news};
use crate::types::NodeId;

/// The failure detector with our parts in it.
pub(crate) type Swim = Foca<Identity, Codec, StdRng, NewsHandler>;

/// How many members one round of gossip, or one indirect probe, goes to (memberlist's
/// `GossipNodes` and `IndirectChecks`).
const FAN_OUT: NonZeroUsize = NonZeroUsize::new(3).unwrap();

/// The least number of times that one update is sent. By SWIM's formula a pool of three would
/// send it twice, and one lost datagram would leave a member without it.
const TRANSMISSIONS_MIN: u8 = 10;

/// How many more times for each doubling of the pool. With two, one of fifty missed a failure.
const TRANSMISSIONS_PER_DOUBLING: u32 = 3;

/// How often a pool doubles before suspicion begins to grow with it.
const SUSPICION_DOUBLINGS: u32 = 6;

/// The table as the parts inside foca reach it. Only one thread at a time is ever inside the
/// machine, so the lock is never waited for.
#[derive(Debug, Clone)]
pub(crate) struct SharedTable(Arc<Mutex<Table>>);

impl SharedTable {
    /// Shares a table.
    pub(crate) fn new(table: Table) -> Self {
        Self(Arc::new(Mutex::new(table)))
    }

    /// The table. A panic elsewhere cannot leave it half changed in a way that matters more than
    /// going on does.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the failure detector of a new agent.
pub(crate) fn new(identity: Identity, tuning: &Tuning, rng: StdRng, table: &SharedTable) -> Swim {
    let codec = Codec {
        table: table.clone(),
        sender: identity,
    };
    Foca::with_custom_broadcast(identity, config(tuning, 1), rng, codec, NewsHandler)
}

/// The configuration for a pool of this many members. Suspicion and the number of transmissions
/// grow with the logarithm of the size, as in memberlist (`SuspicionMult`, `RetransmitMult`).
pub(crate) fn config(tuning: &Tuning, members: usize) -> Config {
    let digits = doublings(members);
    let transmissions =
        u8::try_from(digits.saturating_mul(TRANSMISSIONS_PER_DOUBLING)).unwrap_or(u8::MAX);
    Config {
        probe_period: tuning.probe_period,
        probe_rtt: tuning.probe_timeout,
        num_indirect_probes: FAN_OUT,
        max_transmissions: NonZeroU8::new(transmissions.max(TRANSMISSIONS_MIN))
            .unwrap_or(NonZeroU8::MIN),
        suspect_to_down_after: suspicion(tuning, members),
        remove_down_after: Some(tuning.failed_kept),
        max_packet_size: NonZeroUsize::new(PAYLOAD_BYTES_MAX).unwrap_or(NonZeroUsize::MIN),
        notify_down_members: true,
        periodic_announce: None,
        periodic_announce_to_down_members: None,
        periodic_gossip: None,
    }
}

/// How long a suspect of a pool of this many members has. News takes longer to go round in a large
/// pool; up to 64 members it does in less than half a second (measured).
pub(crate) fn suspicion(tuning: &Tuning, members: usize) -> Duration {
    let digits = doublings(members).max(SUSPICION_DOUBLINGS);
    tuning.suspicion.saturating_mul(digits) / SUSPICION_DOUBLINGS
}

/// The binary logarithm, rounded down.
fn doublings(members: usize) -> u32 {
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    members.checked_ilog2().unwrap_or(0)
}

/// What foca wants done, in its order.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// Payloads to send.
    pub(crate) payloads: Vec<(SocketAddr, Vec<u8>)>,
    /// Timers to set.
    pub(crate) timers: Vec<(Duration, Timer<Identity>)>,
    /// Somebody came, went, or changed his identity.
    pub(crate) changed: bool,
    /// This agent was declared down and returned under this identity.
    pub(crate) rejoined: Option<Identity>,
}

impl foca::Runtime<Identity> for Wishes {
    fn notify(&mut self, notification: Notification<'_, Identity>) {
        self.changed = true;
        if let Notification::Rejoin(identity) = notification {
            self.rejoined = Some(*identity);
        }
    }

    fn send_to(&mut self, to: Identity, data: &[u8]) {
        self.payloads.push((to.addr, data.to_vec()));
    }

    fn submit_after(&mut self, event: Timer<Identity>, after: Duration) {
        self.timers.push((after, event));
    }
}

/// Why a datagram was not read.
#[derive(Debug)]
pub(crate) enum CodecError {
    /// Its bytes are malformed, or ours do not fit.
    Postcard(postcard::Error),
    /// Its sender was not admitted.
    Stranger,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postcard(_) => f.write_str("reading or writing a datagram"),
            Self::Stranger => f.write_str("a datagram of somebody who was not admitted"),
        }
    }
}

impl std::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Postcard(source) => Some(source),
            Self::Stranger => None,
        }
    }
}

/// Reads and writes what foca sends, and turns strangers away.
#[derive(Debug)]
pub(crate) struct Codec {
    table: SharedTable,
    sender: Identity,
}

impl foca::Codec<Identity> for Codec {
    type Error = CodecError;

    /// Also the one place where foca shows its own incarnation, which a push/pull has to carry.
    fn encode_header(
        &mut self,
        header: &Header<Identity>,
        buf: impl BufMut,
    ) -> Result<(), CodecError> {
        self.table
            .lock()
            .observe_own_incarnation(header.src_incarnation);
        PostcardCodec
            .encode_header(header, buf)
            .map_err(CodecError::Postcard)
    }

    fn decode_header(&mut self, buf: impl Buf) -> Result<Header<Identity>, CodecError> {
        let header: Header<Identity> = PostcardCodec
            .decode_header(buf)
            .map_err(CodecError::Postcard)?;
        let mut table = self.table.lock();
        if !table.admits(&header.src) {
            // Who speaks to somebody else would draw a blank agent into its cluster.
            if header.dst.node_id == table.own() {
                table.note_stranger(header.src);
            }
            return Err(CodecError::Stranger);
        }
        self.sender = header.src;
        Ok(header)
    }

    fn encode_member(
        &mut self,
        member: &foca::Member<Identity>,
        buf: impl BufMut,
    ) -> Result<(), CodecError> {
        PostcardCodec
            .encode_member(member, buf)
            .map_err(CodecError::Postcard)
    }

    /// An update about a stranger becomes one that says nothing: that the sender is alive.
    fn decode_member(&mut self, buf: impl Buf) -> Result<foca::Member<Identity>, CodecError> {
        let member: foca::Member<Identity> = PostcardCodec
            .decode_member(buf)
            .map_err(CodecError::Postcard)?;
        if self.table.lock().admits(member.id()) {
            Ok(member)
        } else {
            Ok(foca::Member::alive(self.sender))
        }
    }
}

/// What a newer piece of news makes superfluous: the older one of its kind about the same member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewsKey {
    node_id: NodeId,
    is_intent: bool,
}

impl foca::Invalidates for NewsKey {
    fn invalidates(&self, other: &Self) -> bool {
        self == other
    }
}

/// Has foca pass on what this agent puts into it. News that comes in is read before foca sees the
/// datagram, by [`read_news`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewsHandler;

impl foca::BroadcastHandler<Identity> for NewsHandler {
    type Key = NewsKey;
    type Error = Malformed;

    fn receive_item(
        &mut self,
        data: &[u8],
        sender: Option<&Identity>,
    ) -> Result<Option<NewsKey>, Malformed> {
        if sender.is_some() {
            return Ok(None);
        }
        Ok(Some(match parse_news(data)? {
            News::Says { says, .. } => NewsKey {
                node_id: says.node_id,
                is_intent: false,
            },
            News::Intent(intent) => NewsKey {
                node_id: intent.node_id,
                is_intent: true,
            },
        }))
    }
}

/// Who sent a payload; nothing if it is malformed.
pub(crate) fn speaker(payload: &[u8]) -> Option<Identity> {
    let mut rest = payload;
    let header = foca::Codec::<Identity>::decode_header(&mut PostcardCodec, &mut rest).ok()?;
    Some(header.src)
}

/// A ping that the failure detector did not think of, with what it says of a member, if anything.
pub(crate) fn encode_ping(
    header: &Header<Identity>,
    news: Option<&foca::Member<Identity>>,
) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    foca::Codec::<Identity>::encode_header(&mut PostcardCodec, header, &mut payload).ok()?;
    if let Some(news) = news {
        payload.put_u16(1);
        foca::Codec::<Identity>::encode_member(&mut PostcardCodec, news, &mut payload).ok()?;
    }
    Some(payload)
}

/// The news that a payload carries; none if it is for somebody else, who had this address before, or
/// malformed, which foca finds out too.
///
/// It is read first because it may be the word that admits the sender: in a crowd of joiners most
/// datagrams come from somebody who was not heard of a moment ago.
pub(crate) fn read_news(payload: &[u8], own: NodeId) -> Vec<News> {
    let mut rest = payload;
    let Ok(header) = foca::Codec::<Identity>::decode_header(&mut PostcardCodec, &mut rest) else {
        return Vec::new();
    };
    if header.dst.node_id != own {
        return Vec::new();
    }
    if header.message != Message::Broadcast && skip_updates(&mut rest).is_none() {
        return Vec::new();
    }
    let mut news = Vec::new();
    while let Some(item) = take_item(&mut rest) {
        news.extend(parse_news(item));
    }
    news
}

/// Skips the updates about members, which come before the news.
fn skip_updates(rest: &mut &[u8]) -> Option<()> {
    let count = rest.try_get_u16().ok()?;
    for _ in 0..count {
        foca::Codec::<Identity>::decode_member(&mut PostcardCodec, &mut *rest).ok()?;
    }
    Some(())
}

/// Takes one item with its length in front.
fn take_item<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::from(rest.try_get_u16().ok()?);
    let (item, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspicion_and_transmissions_grow_slowly_with_the_pool() {
        let tuning = Tuning::default();
        let rows = [
            (1, 2_000, 10),
            (3, 2_000, 10),
            (64, 2_000, 18),
            (128, 2_333, 21),
            (1_024, 3_333, 30),
        ];
        for (members, suspicion_ms, transmissions) in rows {
            let config = config(&tuning, members);
            assert_eq!(
                config.suspect_to_down_after.as_millis(),
                suspicion_ms,
                "{members}"
            );
            assert_eq!(config.max_transmissions.get(), transmissions, "{members}");
        }
    }
}
