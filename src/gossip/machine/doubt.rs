//! Doubt: what happens between a probe in vain and the verdict that a member failed.
//!
//! The member is called and asked. The calls are datagrams that tell it of the suspicion, so that
//! every one that arrives is refuted; the question goes over TCP, because a lost datagram is no
//! failure (gossip study, 6). What comes of the question decides how long the doubt lasts: a host
//! that refuses has no such process any more; a stream that is taken and not answered is the sign
//! of a process that stands still, and is given time; silence is neither. An agent that is late
//! itself is slower to judge others (Lifeguard).

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::time::Duration;

use foca::Member;
use tokio::time::Instant;

use super::exchange::Partner;
use super::timers::Due;
use super::upkeep::LATE;
use super::{Errand, Machine, Phase};
use crate::gossip::error::GossipError;
use crate::gossip::identity::Identity;
use crate::gossip::swim;
use crate::types::NodeId;

/// How often a doubted member is called. Ten calls come together within the shortest doubt: at a
/// quarter of all datagrams lost, all of them fail once in four thousand times.
const CALL_EVERY: Duration = Duration::from_millis(200);

/// How long after its host refused a stream a member is declared failed. A living one that only
/// does not listen hears the calls in that time.
const REFUSED_FOR: Duration = Duration::from_millis(400);

/// How many answers of doubted members are remembered.
const SAVED_MAX: usize = 64;

/// How often within [`SAVED_WITHIN`] a member has to answer a stream and no datagram until that is
/// a line in the log. At a tenth of all datagrams lost one is doubted three times in a minute.
const SAVED_OFTEN: usize = 8;

/// See [`SAVED_OFTEN`].
const SAVED_WITHIN: Duration = Duration::from_mins(1);

/// What came of asking a suspect over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It answered; what it said is merged.
    There,
    /// Nobody listens there, or somebody else does.
    Gone,
    /// The stream was taken, and nothing came, or a word that is no answer yet.
    Silent,
    /// The host did not take the stream.
    Unreachable,
}

impl Answered {
    /// What the end of an exchange with the suspect means.
    pub(crate) fn by(suspect: &Identity, ended: &Result<Partner, GossipError>) -> Self {
        match ended {
            Ok(Partner::Other(node_id)) if *node_id == suspect.node_id => Self::There,
            Err(
                GossipError::LeavingThere { .. }
                | GossipError::Early { .. }
                | GossipError::Stream { .. },
            ) => Self::Silent,
            Err(GossipError::Timeout { step, .. }) if *step != "connecting to" => Self::Silent,
            Err(GossipError::Timeout { .. }) => Self::Unreachable,
            Err(GossipError::Connect { source, .. }) => Self::by_system(source.kind()),
            Ok(_) | Err(_) => Self::Gone,
        }
    }

    /// What a failed connection means. One that fails for want of something here, such as
    /// descriptors, says nothing of the suspect: it gets the longer time.
    const fn by_system(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::ConnectionRefused => Self::Gone,
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::TimedOut
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted => Self::Unreachable,
            _ => Self::Silent,
        }
    }
}

/// A member that this agent itself found silent.
#[derive(Debug)]
struct Doubt {
    suspect: Identity,
    incarnation: u16,
    raised: Instant,
    /// When a question without an answer becomes a verdict.
    deadline: Instant,
    /// Its host refused a stream.
    is_refused: bool,
    asked: Instant,
    /// When to ask next; nothing while a question is on its way.
    next_ask: Option<Instant>,
}

/// All doubts of one agent, by member.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    by_member: BTreeMap<NodeId, Doubt>,
    saved: VecDeque<(NodeId, Instant)>,
}

impl Doubts {
    /// Nobody is doubted any more: this agent was found silent itself.
    pub(super) fn clear(&mut self) {
        self.by_member.clear();
    }

    /// Remembers that a stream saved a member; says whether that happens often.
    fn note_saved(&mut self, now: Instant, node_id: NodeId) -> bool {
        let is_old = |at: &Instant| now.saturating_duration_since(*at) > SAVED_WITHIN;
        self.saved.retain(|(_, at)| !is_old(at));
        if self.saved.len() >= SAVED_MAX {
            self.saved.pop_front();
        }
        self.saved.push_back((node_id, now));
        let times = self.saved.iter().filter(|(id, _)| *id == node_id).count();
        times >= SAVED_OFTEN
    }
}

impl Machine {
    /// Begins to doubt a suspect, unless it does already.
    pub(super) fn doubt(&mut self, now: Instant, suspect: Identity, incarnation: u16) {
        let known = self.doubts.by_member.get(&suspect.node_id);
        let is_known =
            known.is_some_and(|it| it.suspect == suspect && it.incarnation == incarnation);
        if is_known || self.phase != Phase::Here {
            return;
        }
        let doubt = Doubt {
            suspect,
            incarnation,
            raised: now,
            deadline: now + self.patience_with_suspects(),
            is_refused: false,
            asked: now,
            next_ask: Some(now),
        };
        self.doubts.by_member.insert(suspect.node_id, doubt);
        self.timers.set(now, Due::Doubt(suspect));
        self.pace.hurry();
    }

    /// Has the failure detector suspect a member that this agent found silent by itself.
    pub(super) fn suspect(&mut self, now: Instant, node_id: NodeId) {
        let found = self.swim.iter_members().find(|m| m.id().node_id == node_id);
        let Some((identity, incarnation)) = found.map(|m| (*m.id(), m.incarnation())) else {
            return;
        };
        self.feed(vec![Member::new(
            identity,
            incarnation,
            foca::State::Suspect,
        )]);
        self.doubt(now, identity, incarnation);
    }

    /// Calls a doubted member, asks it when that is due, and judges when the time has come.
    pub(super) fn pursue(&mut self, now: Instant, late: Duration, suspect: &Identity) {
        let is_suspect = self.is_suspect(suspect);
        let (patience, until_answer) = (self.patience_with_suspects(), self.tuning.confirmation);
        let Some(doubt) = self.doubts.by_member.get_mut(&suspect.node_id) else {
            return;
        };
        if doubt.suspect != *suspect {
            return;
        }
        if is_suspect != Some(doubt.incarnation) || self.phase != Phase::Here {
            self.doubts.by_member.remove(&suspect.node_id);
            return;
        }
        if late > LATE {
            // This agent stood still itself, and what came meanwhile is not read yet.
            doubt.deadline = now + patience;
            doubt.is_refused = false;
            doubt.next_ask = Some(now);
        }
        if doubt.is_refused && now >= doubt.deadline {
            return self.judge(suspect);
        }
        let is_lost = now.saturating_duration_since(doubt.asked) > until_answer.saturating_mul(3);
        if doubt.next_ask.is_some_and(|at| now >= at) || (doubt.next_ask.is_none() && is_lost) {
            doubt.next_ask = None;
            doubt.asked = now;
            self.effects.errands.push(Errand::Confirm(*suspect));
        }
        let incarnation = doubt.incarnation;
        self.call(suspect, incarnation);
        self.timers.set(now + CALL_EVERY, Due::Doubt(*suspect));
    }

    /// Takes what came of asking; says whether the member answers streams and no datagrams, often
    /// enough to be told.
    pub(crate) fn asked(&mut self, now: Instant, suspect: &Identity, answered: Answered) -> bool {
        self.begin(now);
        let (hung, confirmation) = (self.tuning.hung, self.tuning.confirmation);
        let known = self.doubts.by_member.get_mut(&suspect.node_id);
        let Some(doubt) = known.filter(|doubt| doubt.suspect == *suspect) else {
            return false;
        };
        let took = now.saturating_duration_since(doubt.asked);
        let is_late = took > confirmation.saturating_add(LATE);
        match answered {
            Answered::There => {
                self.doubts.by_member.remove(&suspect.node_id);
                return self.doubts.note_saved(now, suspect.node_id)
                    && self.upkeep.may_grumble(now);
            }
            Answered::Gone => {
                doubt.is_refused = true;
                doubt.deadline = now + REFUSED_FOR;
                doubt.asked = now;
                return false;
            }
            Answered::Silent => {
                doubt.is_refused = false;
                doubt.deadline = doubt.raised + hung;
            }
            Answered::Unreachable => {}
        }
        let last_ask = doubt.deadline.checked_sub(confirmation).unwrap_or(now);
        doubt.next_ask = Some(last_ask.max(now));
        if now >= doubt.deadline && !is_late {
            self.judge(suspect);
        }
        self.settle(now);
        false
    }

    /// Says whether anybody is doubted.
    #[cfg(test)]
    pub(super) fn is_in_doubt(&self) -> bool {
        !self.doubts.by_member.is_empty()
    }

    /// The verdict. It misses if the member spoke up meanwhile.
    fn judge(&mut self, suspect: &Identity) {
        let Some(doubt) = self.doubts.by_member.remove(&suspect.node_id) else {
            return;
        };
        if self.is_suspect(suspect) == Some(doubt.incarnation) {
            let down = Member::new(*suspect, doubt.incarnation, foca::State::Down);
            self.feed(vec![down]);
        }
    }

    /// The incarnation in which the failure detector suspects this member, if it does.
    fn is_suspect(&self, suspect: &Identity) -> Option<u16> {
        let mut members = self.swim.iter_members();
        let found = members.find(|member| member.id() == suspect)?;
        (found.state() == foca::State::Suspect).then(|| found.incarnation())
    }

    /// Tells a member that it is suspected; it says at once that it is not gone.
    fn call(&mut self, suspect: &Identity, incarnation: u16) {
        let own = self.own_header(*suspect);
        let news = Member::new(*suspect, incarnation, foca::State::Suspect);
        if let Some(payload) = swim::encode_ping(&own, Some(&news)) {
            self.wishes.payloads.push((suspect.addr, payload));
        }
    }

    /// How long an unreachable suspect has.
    fn patience_with_suspects(&self) -> Duration {
        let members = self.swim.num_members().saturating_add(1);
        let slowness = u32::from(self.upkeep.health_score()).saturating_add(1);
        swim::suspicion(&self.tuning, members).saturating_mul(slowness)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use super::*;
    use crate::gossip::testing::says;

    fn connect(kind: ErrorKind) -> GossipError {
        GossipError::Connect {
            addr: SocketAddr::from(([127, 0, 0, 1], 1)),
            source: io::Error::from(kind),
        }
    }

    #[test]
    fn only_what_the_suspect_or_its_host_does_counts_against_it() {
        let suspect = Identity::of(&says("s1", 1), 0);
        let addr = suspect.addr;
        let late = |step| Err(GossipError::Timeout { addr, step });
        let rows = [
            (Ok(Partner::Other(suspect.node_id)), Answered::There),
            (Ok(Partner::Other(NodeId::new(9))), Answered::Gone),
            (Ok(Partner::Own), Answered::Gone),
            (Err(connect(ErrorKind::ConnectionRefused)), Answered::Gone),
            (
                Err(connect(ErrorKind::HostUnreachable)),
                Answered::Unreachable,
            ),
            (late("connecting to"), Answered::Unreachable),
            (late("reading from"), Answered::Silent),
            (Err(GossipError::LeavingThere { addr }), Answered::Silent),
            (Err(GossipError::Early { addr }), Answered::Silent),
            // Too many open files here.
            (Err(connect(ErrorKind::Other)), Answered::Silent),
        ];
        for (ended, expected) in rows {
            assert_eq!(Answered::by(&suspect, &ended), expected, "{ended:?}");
        }
    }
}
