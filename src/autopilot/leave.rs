//! What a server's leave would leave behind.

use std::fmt;

use super::{Peer, Server};
use crate::types::{MemberStatus, RaftId};

/// The voters that a leave would leave behind cannot go on without some that are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumBreaks {
    /// The voters left, with whether each is alive, sorted by name.
    pub rest: Vec<(String, bool)>,
}

/// Says whether a server that leaves would break the quorum: the voters left, without those that
/// are leaving too, have no majority that is alive. The last voter breaks nothing: nobody is left
/// to go on.
pub fn breaks_quorum(own: RaftId, peers: &[Peer], servers: &[Server]) -> Option<QuorumBreaks> {
    let is_voter = |peer: &&Peer| peer.is_voter;
    if !peers
        .iter()
        .filter(is_voter)
        .any(|peer| peer.raft_id == own)
    {
        return None;
    }
    let status = |peer: &Peer| {
        let mut known = servers.iter().filter(|s| s.raft_id == peer.raft_id);
        known.next().map(|server| server.status)
    };
    let goes = |peer: &Peer| {
        peer.raft_id == own
            || matches!(
                status(peer),
                Some(MemberStatus::Leaving | MemberStatus::Left)
            )
    };
    let rest = peers.iter().filter(is_voter).filter(|peer| !goes(peer));
    let mut rest: Vec<(String, bool)> = rest
        .map(|peer| {
            let is_alive = status(peer) == Some(MemberStatus::Alive);
            (peer.name.clone(), is_alive)
        })
        .collect();
    rest.sort();
    let alive = rest.iter().filter(|(_, is_alive)| *is_alive).count();
    let is_broken = !rest.is_empty() && alive * 2 <= rest.len();
    is_broken.then_some(QuorumBreaks { rest })
}

impl fmt::Display for QuorumBreaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("leaving would break the quorum: the voters left would be ")?;
        for (place, (name, is_alive)) in self.rest.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            let word = if *is_alive { "alive" } else { "missing" };
            write!(f, "{separator}{name} ({word})")?;
        }
        let needed = self.rest.len() / 2 + 1;
        write!(
            f,
            ", of which {needed} must be alive; bring the missing back or take them out first, stop \
             this server instead (it stays a voter), or leave all the same with `quorate leave \
             -force`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::NodeId;

    fn peer(id: u128, is_voter: bool) -> Peer {
        Peer {
            raft_id: RaftId::new(id),
            name: format!("s{id}"),
            addr: "192.0.2.1:8300".parse().unwrap(),
            is_voter,
            matched: 0,
            is_answering: true,
            last_answer: None,
        }
    }

    fn server(id: u128, status: MemberStatus) -> Server {
        Server {
            raft_id: RaftId::new(id),
            node_id: NodeId::new(id),
            name: format!("s{id}").parse().unwrap(),
            addr: "192.0.2.1:8300".parse().unwrap(),
            cluster: None,
            status,
        }
    }

    #[test]
    fn a_server_may_leave_if_the_voters_left_can_go_on() {
        use MemberStatus::{Alive, Failed, Leaving, Left};
        let rows: [(&[MemberStatus], bool); 9] = [
            (&[Alive], true),
            (&[Alive, Alive], true),
            (&[Alive, Failed], false),
            (&[Alive, Alive, Alive], true),
            (&[Alive, Alive, Failed], false),
            (&[Alive, Alive, Leaving], true),
            (&[Alive, Alive, Left], true),
            (&[Alive, Alive, Alive, Failed, Failed], false),
            (&[Alive, Alive, Alive, Alive, Failed], true),
        ];
        for (statuses, may) in rows {
            let ids = || (1..).zip(statuses.iter());
            let peers: Vec<Peer> = ids().map(|(id, _)| peer(id, true)).collect();
            let servers: Vec<Server> = ids().map(|(id, status)| server(id, *status)).collect();
            let breaks = breaks_quorum(RaftId::new(1), &peers, &servers);
            assert_eq!(breaks.is_none(), may, "{statuses:?}: {breaks:?}");
        }
    }

    #[test]
    fn a_voter_that_gossip_does_not_know_is_missing_and_a_learner_may_always_go() {
        let peers = [peer(1, true), peer(2, true), peer(3, false)];
        let servers = [
            server(1, MemberStatus::Alive),
            server(3, MemberStatus::Alive),
        ];
        let breaks = breaks_quorum(RaftId::new(1), &peers, &servers).unwrap();
        assert_eq!(breaks.rest, [("s2".to_owned(), false)]);
        assert_eq!(breaks_quorum(RaftId::new(3), &peers, &servers), None);
    }

    #[test]
    fn the_refusal_is_one_line_that_names_who_is_left_and_the_way_out() {
        let peers = [peer(1, true), peer(2, true), peer(3, true)];
        let servers = [
            server(2, MemberStatus::Alive),
            server(3, MemberStatus::Failed),
        ];
        let text = breaks_quorum(RaftId::new(1), &peers, &servers)
            .unwrap()
            .to_string();
        assert!(
            text.contains("s2 (alive), s3 (missing), of which 2 must be alive"),
            "{text}"
        );
        assert!(
            text.contains("`quorate leave -force`") && !text.contains('\n'),
            "{text}"
        );
    }
}
