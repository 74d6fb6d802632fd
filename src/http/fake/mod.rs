//! An agent made up for tests: holds what it was given, records what it was asked.

mod autopilot;
mod served;

pub(crate) use served::{Served, serve_fake};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::{Notify, watch};

use crate::http::node::{
    Abandoned, AutopilotReport, Found, Node, NodeError, Own, PeerName, RaftConfiguration, RaftPeer,
    Read,
};
use crate::state::{
    Answer, Applied, AutopilotEntry, Command, KvEntry, NodeEntry, NodeRecord, Query,
};
use crate::types::{
    Announcement, AutopilotConfig, ClusterId, Member, MemberStatus, NodeId, RaftId, Role,
    ServerRole,
};
use crate::why::Report;

/// An agent that is server `s1` of three, with a client `web1`.
#[derive(Debug)]
pub(crate) struct FakeNode {
    /// Every member; the first is this agent.
    pub(crate) members: Mutex<Vec<Member>>,
    /// What every request that can fail fails with.
    pub(crate) failure: Mutex<Option<NodeError>>,
    /// The leader, and whether there is a raft configuration.
    pub(crate) leader: Mutex<Option<SocketAddr>>,
    /// The reads that were asked for.
    pub(crate) reads: Mutex<Vec<Read>>,
    /// The commands, joins, leaves and force-leaves that were asked for.
    pub(crate) calls: Mutex<Vec<String>>,
    /// Told when a blocking read has begun to wait.
    pub(crate) waits: Notify,
    /// If true, `leave` ends only when `may_leave` is told.
    pub(crate) leave_is_held: Mutex<bool>,
    /// Lets a held `leave` end.
    pub(crate) may_leave: Notify,
    /// Told when `leave` has begun and when it has ended.
    pub(crate) left: Notify,
    /// Why it does not serve.
    pub(crate) report: Mutex<Report>,
    keys: watch::Sender<Keys>,
}

/// The index of the last write, and the keys.
type Keys = (u64, BTreeMap<String, KvEntry>);

/// A made-up member.
pub(crate) fn member(number: u8, name: &str, status: MemberStatus, role: Role) -> Member {
    Member {
        says: Announcement {
            node_id: NodeId::new(number.into()),
            name: name.parse().unwrap(),
            datacenter: "dc1".parse().unwrap(),
            generation: 1,
            version: 1,
            gossip_addr: SocketAddr::from(([192, 0, 2, number], 8301)),
            build: "0.1.0".to_owned(),
            cluster: Some(ClusterId::new(0xc)),
            role,
        }
        .into(),
        status,
    }
}

/// A made-up server.
pub(crate) fn server(number: u8, name: &str, status: MemberStatus) -> Member {
    let role = ServerRole {
        raft_id: RaftId::new(u128::from(number) << 64),
        rpc_addr: SocketAddr::from(([192, 0, 2, number], 8300)),
        expect: Some(3),
        bootstrap: false,
    };
    member(number, name, status, Role::Server(role))
}

impl Default for FakeNode {
    fn default() -> Self {
        Self {
            members: Mutex::new(vec![
                server(1, "s1", MemberStatus::Alive),
                server(3, "s3", MemberStatus::Failed),
                member(50, "web1", MemberStatus::Alive, Role::Client),
                server(2, "s2", MemberStatus::Alive),
            ]),
            failure: Mutex::default(),
            leader: Mutex::new(Some(SocketAddr::from(([192, 0, 2, 1], 8300)))),
            reads: Mutex::default(),
            calls: Mutex::default(),
            waits: Notify::default(),
            leave_is_held: Mutex::default(),
            may_leave: Notify::default(),
            left: Notify::default(),
            report: Mutex::new(crate::why::testing::waiting()),
            keys: watch::Sender::new((10, BTreeMap::new())),
        }
    }
}

impl FakeNode {
    /// Writes a key as a client's PUT would.
    pub(crate) fn set(&self, key: &str, value: &[u8]) {
        self.keys.send_modify(|(index, keys)| {
            *index += 1;
            let entry = KvEntry {
                key: key.to_owned(),
                value: value.to_vec().into(),
                flags: 7,
                create_index: *index,
                modify_index: *index,
            };
            keys.insert(key.to_owned(), entry);
        });
    }

    /// Makes every request that can fail fail.
    pub(crate) fn fail(&self, error: NodeError) {
        *self.failure.lock().unwrap() = Some(error);
    }

    /// What was asked for besides reads.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn call<T>(&self, call: String, done: T) -> Result<T, NodeError> {
        self.calls.lock().unwrap().push(call);
        self.check().map(|()| done)
    }

    fn check(&self) -> Result<(), NodeError> {
        self.failure.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn peers_now(&self) -> Vec<RaftPeer> {
        let leader = *self.leader.lock().unwrap();
        let members = self.members.lock().unwrap();
        let peer = |(back, member): (u64, &Member)| {
            let server = member.says.server()?;
            Some(RaftPeer {
                raft_id: server.raft_id,
                name: member.says.name.to_string(),
                address: server.rpc_addr,
                is_leader: Some(server.rpc_addr) == leader,
                is_voter: member.status == MemberStatus::Alive,
                last_index: 142 - back,
            })
        };
        (0..).zip(members.iter()).filter_map(peer).collect()
    }
}

fn answer(query: &Query, keys: &BTreeMap<String, KvEntry>) -> Answer {
    let below = |prefix: &String| {
        let prefix = prefix.clone();
        keys.values()
            .filter(move |entry| entry.key.starts_with(&prefix))
    };
    match query {
        Query::KvGet { key } => Answer::Entry(keys.get(key).cloned()),
        Query::KvList { prefix } => Answer::Entries(below(prefix).cloned().collect()),
        Query::KvKeys { prefix, .. } => {
            Answer::Keys(below(prefix).map(|entry| entry.key.clone()).collect())
        }
        Query::Nodes | Query::Node { .. } => Answer::Nodes(vec![NodeEntry {
            record: NodeRecord {
                id: NodeId::new(1),
                name: "s1".parse().unwrap(),
                address: [192, 0, 2, 1].into(),
                datacenter: "dc1".to_owned(),
                meta: vec![("rack".to_owned(), "a".to_owned())],
            },
            create_index: 4,
            modify_index: 5,
        }]),
        Query::Autopilot => Answer::Autopilot(Some(AutopilotEntry {
            config: AutopilotConfig::default(),
            create_index: 6,
            modify_index: 8,
        })),
    }
}

impl Node for FakeNode {
    fn own(&self) -> Own {
        Own {
            says: Announcement::clone(&self.members.lock().unwrap()[0].says),
            settings: serde_json::json!({"Encrypt": "hidden"}),
            meta: [("rack".to_owned(), "a".to_owned())].into(),
            stats: [
                ("raft", "num_peers", "2"),
                ("raft", "applied_index", "142"),
                ("agent", "checks", "0"),
            ]
            .into_iter()
            .fold(BTreeMap::new(), |mut stats, (group, name, value)| {
                let group: &mut BTreeMap<_, _> = stats.entry(group.to_owned()).or_default();
                group.insert(name.to_owned(), value.to_owned());
                stats
            }),
        }
    }

    fn members(&self) -> Vec<Member> {
        self.members.lock().unwrap().clone()
    }

    fn leader(&self) -> BoxFuture<'_, Result<Option<SocketAddr>, NodeError>> {
        let leader = *self.leader.lock().unwrap();
        ready(self.check().map(|()| leader)).boxed()
    }

    fn peers(&self) -> BoxFuture<'_, Result<Vec<SocketAddr>, NodeError>> {
        let is_founded = self.leader.lock().unwrap().is_some();
        let peers = self.peers_now().into_iter().filter(|_| is_founded);
        let peers = peers.map(|peer| peer.address).collect();
        ready(self.check().map(|()| peers)).boxed()
    }

    fn join<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<usize, NodeError>> {
        ready(self.call(format!("join {address}"), 1)).boxed()
    }

    fn leave(&self, force: bool) -> BoxFuture<'_, Result<Vec<String>, NodeError>> {
        let is_held = *self.leave_is_held.lock().unwrap();
        async move {
            let how = if force { "leave forced" } else { "leave begun" };
            self.call(how.to_owned(), ())?;
            self.left.notify_one();
            if is_held {
                self.may_leave.notified().await;
            }
            self.call("leave ended".to_owned(), ())?;
            self.left.notify_one();
            Ok(vec!["removed as voter".to_owned()])
        }
        .boxed()
    }

    fn force_leave<'a>(
        &'a self,
        name: &'a str,
        prune: bool,
    ) -> BoxFuture<'a, Result<(), NodeError>> {
        ready(self.call(format!("force-leave {name} {prune}"), ())).boxed()
    }

    fn apply(&self, command: Command) -> BoxFuture<'_, Result<Applied, NodeError>> {
        // An odd condition does not hold.
        let applied = match &command {
            Command::KvSet { cas: Some(cas), .. }
            | Command::KvDelete { cas: Some(cas), .. }
            | Command::SetAutopilot { cas: Some(cas), .. }
                if cas % 2 == 1 =>
            {
                Applied::Mismatch
            }
            _ => Applied::Done,
        };
        ready(self.call(format!("{command:?}"), applied)).boxed()
    }

    fn read(&self, read: Read) -> BoxFuture<'_, Result<Found, NodeError>> {
        async move {
            self.reads.lock().unwrap().push(read.clone());
            self.check()?;
            let mut keys = self.keys.subscribe();
            if let Some(min) = read.min_index {
                self.waits.notify_one();
                let changed = keys.wait_for(|(index, _)| *index > min);
                // Over or not, the answer is what stands.
                drop(tokio::time::timeout(read.wait, changed).await.map(drop));
            }
            let (index, keys) = self.keys.borrow().clone();
            Ok(Found {
                answer: answer(&read.query, &keys),
                index,
                known_leader: true,
                last_contact_ms: 3,
            })
        }
        .boxed()
    }

    fn raft_configuration(
        &self,
        stale: bool,
    ) -> BoxFuture<'_, Result<RaftConfiguration, NodeError>> {
        let configuration = RaftConfiguration {
            peers: self.peers_now(),
            index: 9,
        };
        ready(self.call(format!("raft_configuration {stale}"), configuration)).boxed()
    }

    fn autopilot(&self) -> BoxFuture<'_, Result<AutopilotReport, NodeError>> {
        let leader = *self.leader.lock().unwrap();
        let servers = self.peers_now().into_iter().filter(|_| leader.is_some());
        let report = AutopilotReport {
            servers: servers.map(autopilot::server).collect(),
            failure_tolerance: 1,
        };
        ready(self.call("autopilot".to_owned(), report)).boxed()
    }

    fn remove_peer(&self, peer: PeerName) -> BoxFuture<'_, Result<(), NodeError>> {
        ready(self.call(format!("remove {peer:?}"), ())).boxed()
    }

    fn transfer_leader(&self, to: Option<String>) -> BoxFuture<'_, Result<(), NodeError>> {
        ready(self.call(format!("transfer {to:?}"), ())).boxed()
    }

    fn reload(&self) -> BoxFuture<'_, Result<(), NodeError>> {
        ready(self.call("reload".to_owned(), ())).boxed()
    }

    fn why(&self) -> Report {
        self.report.lock().unwrap().clone()
    }

    fn now_ms(&self) -> u64 {
        1_735_787_058_000
    }

    fn abandon_founding(&self) -> BoxFuture<'_, Result<Abandoned, NodeError>> {
        let abandoned = Abandoned {
            cluster: ClusterId::new(0xd),
            others: vec!["s2".to_owned(), "s3".to_owned()],
            wipes_raft: true,
        };
        ready(self.call("abandon".to_owned(), abandoned)).boxed()
    }
}
