//! The room over real sockets of the loopback.

mod garbage;
mod gone;
mod keys;
mod meet;
mod refuse;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::testing::says;
use super::{ConflictKind, Gossip, GossipConfig, Key, Keys, RefusedBy, SeenConflict, Tuning};
use crate::host::Real;
use crate::types::{Announcement, ClusterId, Member, MemberStatus, NodeId};

/// Far longer than anything here takes; a test that meets it has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// Times that make failures show quickly.
fn brisk() -> Tuning {
    Tuning {
        probe_period: Duration::from_millis(150),
        probe_timeout: Duration::from_millis(60),
        suspicion: Duration::from_millis(200),
        ..Tuning::default()
    }
}

/// The word of an agent that listens on any port.
fn word(name: &str, number: u16) -> Announcement {
    Announcement {
        gossip_addr: any_port(),
        ..says(name, number)
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn config(announcement: Announcement) -> GossipConfig {
    GossipConfig {
        host: Arc::new(Real),
        bind: any_port(),
        announcement,
        keys: None,
        homes: Vec::new(),
        is_reserved: false,
        tuning: brisk(),
    }
}

fn start(announcement: Announcement) -> Gossip {
    Gossip::start(config(announcement)).unwrap()
}

fn sealed(announcement: Announcement, key: u8) -> Gossip {
    Gossip::start(GossipConfig {
        keys: Some(keys(key, &[])),
        ..config(announcement)
    })
    .unwrap()
}

/// Keys made of these bytes: one seals, all open.
fn keys(own: u8, accepted: &[u8]) -> Keys {
    let key = |byte: &u8| Key::new(&[*byte; 32]).unwrap();
    Keys::new(key(&own), accepted.iter().map(key).collect())
}

fn cluster(n: u128) -> Option<ClusterId> {
    (n > 0).then_some(ClusterId::random(n << 80))
}

/// Waits until the list of members is as asked.
async fn until(gossip: &Gossip, is_so: impl Fn(&[Member]) -> bool) -> Arc<[Member]> {
    let mut list = gossip.watch();
    let waited = timeout(DEADLINE, list.wait_for(|members| is_so(members))).await;
    let Ok(members) = waited else {
        panic!("{} still sees {:?}", gossip.own().name, gossip.members());
    };
    Arc::clone(&members.unwrap())
}

/// Waits until a member is seen in a status.
async fn until_status(gossip: &Gossip, name: &str, status: MemberStatus) {
    until(gossip, |members| status_of(members, name) == Some(status)).await;
}

fn status_of(members: &[Member], name: &str) -> Option<MemberStatus> {
    let member = members.iter().find(|m| m.says.name.as_str() == name);
    member.map(|m| m.status)
}

fn alive(members: &[Member]) -> Vec<&str> {
    members
        .iter()
        .filter(|m| m.status == MemberStatus::Alive)
        .map(|m| m.says.name.as_str())
        .collect()
}

/// Joins one to another, and says whom it met.
async fn join(from: &Gossip, to: &Gossip) -> NodeId {
    let report = from.join(&[to.local_addr()]).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    report.contacted[0].1
}

/// Waits until this agent was refused by one of that kind.
async fn until_told(gossip: &Gossip, by: RefusedBy) {
    let mut list = gossip.conflicts();
    let is_told =
        |list: &Arc<[SeenConflict]>| list.iter().any(|seen| seen.conflict.refused_by == Some(by));
    timeout(DEADLINE, list.wait_for(is_told))
        .await
        .unwrap()
        .unwrap();
}

/// Waits until a conflict of this kind is reported.
async fn until_conflict(gossip: &Gossip, kind: ConflictKind) -> SeenConflict {
    let mut list = gossip.conflicts();
    let is_there = |list: &Arc<[SeenConflict]>| list.iter().any(|s| s.conflict.kind == kind);
    let seen = timeout(DEADLINE, list.wait_for(is_there)).await.unwrap();
    let seen = Arc::clone(&seen.unwrap());
    let found = seen.iter().find(|s| s.conflict.kind == kind);
    found.unwrap().clone()
}
