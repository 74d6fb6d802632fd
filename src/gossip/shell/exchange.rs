//! One push/pull over a stream, from the side that opens it and from the side that accepts it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, BufWriter};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

use super::Shell;
use super::claim::settle_claim;
use super::waiting::Seat;
use crate::gossip::error::{CONNECTING, GossipError};
use crate::gossip::key::Fingerprint;
use crate::gossip::machine::{Machine, Partner};
use crate::gossip::wire::{
    Complaint, Door, Header, Malformed, Message, Picture, Side, StreamError, complain, read_body,
    read_header, write_message,
};
use crate::host::Stream;
use crate::types::NodeId;

/// How long somebody who opens a stream may take to say what it is.
const HEADER_DEADLINE: Duration = Duration::from_secs(2);

/// How long an accepted exchange may take in all (memberlist's `TCPTimeout`).
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// How long, and how many bytes, somebody who is not heard may go on before the stream is closed.
/// A stream closed with unread bytes would be reset, and the complaint lost with it.
const DRAIN_DEADLINE: Duration = Duration::from_secs(1);
const DRAIN_BYTES_MAX: u64 = 1_024 * 1_024;

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// To find a cluster.
    Join,
    /// To find out how somebody is.
    Errand,
}

/// Exchanges lists with whoever is at an address that a source, or a person, named.
///
/// # Errors
/// As [`exchange`].
pub(crate) async fn join(
    shell: &Shell,
    addr: SocketAddr,
    limit: Duration,
) -> Result<Partner, GossipError> {
    exchange_with(shell, (addr, None), Aim::Join, limit).await
}

/// Exchanges lists with whoever is at the address.
///
/// # Errors
/// Whatever kept it from that, with the address; nothing was merged.
pub(crate) async fn exchange(
    shell: &Shell,
    addr: SocketAddr,
    limit: Duration,
) -> Result<Partner, GossipError> {
    exchange_with(shell, (addr, None), Aim::Errand, limit).await
}

/// Exchanges lists with this member, and with nobody else who may have its address now.
///
/// # Errors
/// As [`exchange`].
pub(crate) async fn exchange_with_member(
    shell: &Shell,
    (addr, node_id): (SocketAddr, NodeId),
    limit: Duration,
) -> Result<Partner, GossipError> {
    exchange_with(shell, (addr, Some(node_id)), Aim::Errand, limit).await
}

async fn exchange_with(
    shell: &Shell,
    to: (SocketAddr, Option<NodeId>),
    aim: Aim,
    limit: Duration,
) -> Result<Partner, GossipError> {
    let done = ask(shell, to, aim, Instant::now() + limit).await;
    if let Err(error) = &done {
        debug!(addr = %to.0, %error, "push/pull failed");
        shell.step(|machine, _| machine.count_failure(error));
    }
    done
}

async fn ask(
    shell: &Shell,
    (addr, wanted): (SocketAddr, Option<NodeId>),
    aim: Aim,
    deadline: Instant,
) -> Result<Partner, GossipError> {
    let late = |step| move |_elapsed| GossipError::Timeout { addr, step };
    let mut stream = timeout_at(deadline, shell.host().connect(addr))
        .await
        .map_err(late(CONNECTING))?
        .map_err(|source| GossipError::Connect { addr, source })?;
    let (picture, (door, cluster)) = shell.step(|machine, _| (machine.picture(), machine.door()));
    let bytes = picture.ok_or(GossipError::Stopped)?.to(wanted).encode();
    let name = |error| name_error(addr, &door, error);

    let mut writer = BufWriter::new(&mut stream);
    let frame = (door.key(), cluster);
    let written = timeout_at(
        deadline,
        write_message(&mut writer, frame, Side::Asker, &bytes),
    )
    .await
    .map_err(late("writing to"))?;
    // Somebody who does not hear us says so and may close before we are done: read before giving
    // up.
    let read = async {
        let header = read_header(&mut stream).await?;
        read(shell, (&mut stream, addr), header, (&door, Side::Answerer)).await
    };
    let answer = timeout_at(deadline, read)
        .await
        .map_err(late("reading from"))?;
    let answer = match (answer, written) {
        (Ok((answer, _)), _) => answer,
        (Err(error @ StreamError::Complained(_)), _) | (Err(error), Ok(())) | (_, Err(error)) => {
            return Err(name(error));
        }
    };
    shell.step(|machine, now| match aim {
        Aim::Join => machine.take_answer(now, addr, answer),
        Aim::Errand => machine.take_answer_to_errand(now, addr, answer),
    })
}

/// Answers somebody who opened a stream.
pub(crate) async fn serve(shell: &Shell, mut stream: Stream, addr: SocketAddr, seat: Seat) {
    let header = match timeout(HEADER_DEADLINE, read_header(&mut stream)).await {
        Ok(Ok(header)) => header,
        Ok(Err(error)) => return turn_away(shell, addr, &error),
        Err(_elapsed) => return turn_away(shell, addr, &malformed("stream without a header")),
    };
    let Some(_turn) = seat.turn().await else {
        return;
    };
    let deadline = Instant::now() + ANSWER_DEADLINE;
    let (door, cluster) = shell.step(|machine, _| machine.door());
    let question = read_question(shell, (&mut stream, addr), header, &door);
    let read = timeout_at(deadline, question).await;
    let picture = match read {
        Ok(Ok(Message::Asked(wanted, _))) if shell.step(|machine, _| machine.is_other(wanted)) => {
            None
        }
        Ok(Ok(Message::Picture(picture) | Message::Asked(_, picture))) => Some(picture),
        Ok(Ok(_)) => return turn_away(shell, addr, &malformed("question")),
        Ok(Err(StreamError::Unheard(complaint))) => {
            refuse_key(shell, addr, &door, complaint);
            let drained = timeout(DRAIN_DEADLINE, async {
                complain(&mut stream, cluster, complaint).await?;
                drain(&mut stream).await;
                Ok::<(), StreamError>(())
            });
            if let Ok(Err(error)) = drained.await {
                debug!(%addr, %error, "complaint not sent");
            }
            return;
        }
        Ok(Err(error)) => return turn_away(shell, addr, &error),
        Err(_elapsed) => {
            debug!(%addr, "push/pull took too long");
            return;
        }
    };
    if let Some(picture) = &picture {
        settle_claim(shell, picture).await;
    }
    let (answer, (door, cluster)) = shell.step(|machine, now| {
        let answer = picture.map_or(Message::Other, |picture| machine.answer(now, *picture));
        (answer, machine.door())
    });
    let bytes = answer.encode();
    let mut writer = BufWriter::new(&mut stream);
    let frame = (door.key(), cluster);
    let write = write_message(&mut writer, frame, Side::Answerer, &bytes);
    match timeout_at(deadline, write).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%addr, %error, "push/pull not answered"),
        Err(_elapsed) => debug!(%addr, "push/pull took too long"),
    }
}

/// Reads what somebody who opened a stream wants. If his key does not seal here, he may not open
/// what is sealed here; then he is not heard either: a member that hears nobody would be taken in,
/// and fail, again and again.
async fn read_question(
    shell: &Shell,
    stream: (&mut Stream, SocketAddr),
    header: Header,
    door: &Door,
) -> Result<Message, StreamError> {
    match read(shell, stream, header, (door, Side::Asker)).await? {
        (Message::Picture(picture), Some(_)) if !opens_ours(shell, &picture).await => {
            Err(StreamError::Unheard(Complaint::WrongKey))
        }
        (message, _) => Ok(message),
    }
}

/// Calls somebody where he says that he is; false if he was there and did not open the question.
async fn opens_ours(shell: &Shell, picture: &Picture) -> bool {
    let says = &picture.from.says;
    let patience = shell.step(|machine, _| machine.patience());
    let called = exchange_with_member(shell, (says.gossip_addr, says.node_id), patience).await;
    !matches!(called, Err(GossipError::KeyMismatch { .. }))
}

/// Reads a message whose stream and whose speaker name the same cluster, and says which key opened
/// it if that one does not seal here.
async fn read(
    shell: &Shell,
    (stream, addr): (&mut Stream, SocketAddr),
    header: Header,
    (door, side): (&Door, Side),
) -> Result<(Message, Option<Fingerprint>), StreamError> {
    let opened = read_body(stream, header, door.keys(), side).await?;
    let message = Message::parse(&opened.text).map_err(StreamError::Malformed)?;
    if let Some(key) = opened.by {
        let from = speaker(&message).unwrap_or(addr);
        shell.step(|machine, now| machine.note_key_use(now, from, key));
    }
    check_cluster(header, &message)?;
    Ok((message, opened.by))
}

/// Where the speaker of a message listens, if it says so: a stream may come from another address.
fn speaker(message: &Message) -> Option<SocketAddr> {
    match message {
        Message::Picture(picture) | Message::Asked(_, picture) => {
            Some(picture.from.says.gossip_addr)
        }
        _ => None,
    }
}

fn check_cluster(header: Header, message: &Message) -> Result<(), StreamError> {
    match message {
        Message::Picture(picture) | Message::Asked(_, picture)
            if picture.from.says.cluster != header.cluster =>
        {
            Err(malformed("stream of two clusters"))
        }
        Message::Picture(_)
        | Message::Asked(..)
        | Message::Other
        | Message::Own
        | Message::Refused(_)
        | Message::Leaving
        | Message::Early => Ok(()),
    }
}

const fn malformed(what: &'static str) -> StreamError {
    StreamError::Malformed(Malformed { what })
}

fn turn_away(shell: &Shell, addr: SocketAddr, error: &StreamError) {
    debug!(%addr, %error, "stream turned away");
    if matches!(error, StreamError::Malformed(_)) {
        shell.step(|machine, _| machine.count_malformed_stream());
    }
}

fn refuse_key(shell: &Shell, addr: SocketAddr, door: &Door, complaint: Complaint) {
    let reason = match complaint {
        Complaint::WrongKey => "it is sealed with another key",
        Complaint::MustSeal => "it is plain and this pool is sealed",
        Complaint::HasNoKey => "it is sealed and this agent has no key",
    };
    if shell.step(Machine::count_unheard_stream) {
        warn!(%addr, key = ?door.key(), reason, "stream turned away");
    }
}

async fn drain(stream: &mut Stream) {
    let mut rest = stream.take(DRAIN_BYTES_MAX);
    if let Err(error) = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await {
        debug!(%error, "stream broke while it was drained");
    }
}

/// What a broken stream means for whoever asked for the exchange.
fn name_error(addr: SocketAddr, door: &Door, error: StreamError) -> GossipError {
    let complaint = match error {
        StreamError::Io { operation, source } => {
            return GossipError::Stream {
                addr,
                operation,
                source,
            };
        }
        StreamError::Malformed(Malformed { what }) => {
            return GossipError::Malformed { addr, what };
        }
        StreamError::Randomness => return GossipError::Randomness { addr },
        // What they say of us, and what we say of them, mirror each other.
        StreamError::Complained(complaint) => complaint,
        StreamError::Unheard(Complaint::MustSeal) => Complaint::HasNoKey,
        StreamError::Unheard(Complaint::HasNoKey) => Complaint::MustSeal,
        StreamError::Unheard(Complaint::WrongKey) => Complaint::WrongKey,
    };
    match (complaint, door.key()) {
        (Complaint::WrongKey, Some(key)) => GossipError::KeyMismatch {
            addr,
            mine: key.fingerprint(),
        },
        (Complaint::HasNoKey, _) => GossipError::KeyAbsentThere { addr },
        (Complaint::MustSeal | Complaint::WrongKey, _) => GossipError::KeyMissing { addr },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gossip::testing::line;

    #[test]
    fn who_speaks_is_known_by_where_he_listens_if_he_says_so() {
        let (from, others) = (line("s1", 1), Vec::new());
        let listens = from.says.gossip_addr;
        let picture = Box::new(Picture { from, others });
        assert_eq!(speaker(&Message::Picture(picture)), Some(listens));
        assert_eq!(speaker(&Message::Other), None);
    }
}
