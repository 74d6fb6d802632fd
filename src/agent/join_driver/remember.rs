//! Who is kept on disk for the next start, with his address.
//!
//! Pure. A server that failed is kept too: who crashes while the others are down must find them
//! again, and nobody else may know where they are. Who left wants not to be found.

use std::net::SocketAddr;

use crate::datadir::Home;
use crate::types::{Member, MemberStatus, NodeId};

/// Most members that are kept. Chosen: more than a cluster has servers.
const KEPT_MAX: usize = 64;

/// The members in the order in which they are tried: servers that are alive, servers that failed,
/// then others that are alive.
pub(super) fn worth(members: &[Member], own: NodeId) -> Vec<Home> {
    let others = members.iter().filter(|member| member.says.node_id != own);
    let mut ranked: Vec<(u8, SocketAddr, NodeId)> = others
        .filter_map(|member| Some((rank(member)?, member.says.gossip_addr, member.says.node_id)))
        .collect();
    ranked.sort_unstable();
    // One place may have had several members; the first of them has the best rank.
    let mut seen = std::collections::BTreeSet::new();
    ranked.retain(|(_, addr, _)| seen.insert(*addr));
    ranked.truncate(KEPT_MAX);
    let homes = ranked.into_iter().map(|(_, addr, node_id)| (node_id, addr));
    homes.collect()
}

fn rank(member: &Member) -> Option<u8> {
    match (member.says.server().is_some(), member.status) {
        (true, MemberStatus::Alive) => Some(0),
        (true, MemberStatus::Failed) => Some(1),
        (false, MemberStatus::Alive) => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Announcement, RaftId, Role, ServerRole};

    fn member(n: u8, is_server: bool, status: MemberStatus) -> Member {
        let addr = addr(n);
        let server = ServerRole {
            raft_id: RaftId::new(u128::from(n)),
            rpc_addr: addr,
            expect: None,
            bootstrap: false,
        };
        Member {
            says: Announcement {
                node_id: NodeId::new(u128::from(n)),
                name: format!("n{n}").parse().unwrap(),
                datacenter: "dc1".parse().unwrap(),
                generation: 1,
                version: 1,
                gossip_addr: addr,
                build: String::new(),
                cluster: None,
                role: if is_server {
                    Role::Server(server)
                } else {
                    Role::Client
                },
            }
            .into(),
            status,
        }
    }

    fn addr(n: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, n], 8301))
    }

    fn home(n: u8) -> (NodeId, SocketAddr) {
        (NodeId::new(u128::from(n)), addr(n))
    }

    #[test]
    fn servers_come_first_also_those_that_failed_and_nobody_who_left() {
        use MemberStatus::{Alive, Failed, Left};
        let members = [
            member(1, false, Alive),
            member(2, true, Failed),
            member(3, true, Left),
            member(4, true, Alive),
            member(5, false, Failed),
            member(6, true, Alive),
        ];
        assert_eq!(worth(&members, NodeId::new(6)), [4, 2, 1].map(home));
    }

    #[test]
    fn many_clients_push_no_server_out() {
        let mut members: Vec<Member> = (1..=200)
            .map(|n| member(n, false, MemberStatus::Alive))
            .collect();
        members.push(member(201, true, MemberStatus::Failed));
        let kept = worth(&members, NodeId::new(1));
        assert_eq!((kept.len(), kept.first()), (KEPT_MAX, Some(&home(201))));
    }
}
