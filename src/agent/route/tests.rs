//! A client among servers that do as they are told, over loopback.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::gossip::{GossipConfig, Tuning};
use crate::host::Real;
use crate::rpc::{Caller, Identity, Listener, Refusal, Service};
use crate::state::{Applied, Command};
use crate::types::{Announcement, NodeId, RaftId, Reason, Role, ServerRole};
use crate::why::Said;

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);
/// A hold time that is not meant to pass.
const LONG: Duration = Duration::from_mins(1);

/// What a server does about a question.
#[derive(Clone, Copy)]
enum Act {
    Answers(fn(&Request) -> Response),
    Hangs,
}

const IS_LED: Act = Act::Answers(|request| match request {
    Request::Leader => Response::Leader(Some(loopback())),
    Request::Write(_) => Response::Written(Applied::Done),
    Request::Why => Response::Why(Said::plain(Reason::Ready).into()),
    _ => Response::Peers(Vec::new()),
});

const IS_LEADERLESS: Act = Act::Answers(|request| match request {
    Request::Leader => Response::Leader(None),
    Request::Why => Response::Why(Said::plain(Reason::NoLeader).into()),
    _ => Response::NotLeader,
});

/// Gives an answer to another question.
const IS_CONFUSED: Act = Act::Answers(|_request| Response::Changed);

struct Script {
    act: Mutex<Act>,
    asked: watch::Sender<usize>,
}

impl Service for Script {
    fn call(&self, _caller: Caller, payload: Bytes) -> BoxFuture<'_, Result<Bytes, Refusal>> {
        async move {
            let envelope: Envelope = wire::decode(&payload).unwrap();
            self.asked.send_modify(|asked| *asked += 1);
            let act = *self.act.lock().unwrap();
            match act {
                Act::Answers(answer) => Ok(wire::encode(&answer(&envelope.request)).unwrap()),
                Act::Hangs => std::future::pending().await,
            }
        }
        .boxed()
    }
}

/// A server as others see it: a member, and a port.
pub(in crate::agent) struct FakeServer {
    gossip: Gossip,
    addr: SocketAddr,
    script: Arc<Script>,
    serving: JoinHandle<()>,
}

impl FakeServer {
    pub(in crate::agent) async fn start(n: u8, client: &Gossip) -> Self {
        Self::acting(n, client, IS_LED).await
    }

    async fn acting(n: u8, client: &Gossip, act: Act) -> Self {
        let listener = Listener::bind(&Real, loopback(), identity(n)).unwrap();
        let addr = listener.addr();
        let script = Arc::new(Script {
            act: Mutex::new(act),
            asked: watch::Sender::new(0),
        });
        let serving = tokio::spawn(listener.serve(Arc::clone(&script), std::future::pending()));
        let role = ServerRole {
            raft_id: RaftId::new(n.into()),
            rpc_addr: addr,
            expect: None,
            bootstrap: false,
        };
        let gossip = gossip(n, Role::Server(role));
        let joined = gossip.join(&[client.local_addr()]).await;
        assert!(joined.failed.is_empty(), "{joined:?}");
        Self {
            gossip,
            addr,
            script,
            serving,
        }
    }

    pub(in crate::agent) fn asked(&self) -> watch::Receiver<usize> {
        self.script.asked.subscribe()
    }

    fn count(&self) -> usize {
        *self.asked().borrow()
    }

    /// The process is gone.
    async fn die(&self) {
        self.serving.abort();
        self.gossip.stop().await;
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn identity(n: u8) -> Identity {
    let (_cluster, seen) = watch::channel(None);
    let (name, datacenter) = (format!("s{n}"), "dc1");
    Identity::new(
        NodeId::new(n.into()),
        name.parse().unwrap(),
        datacenter.parse().unwrap(),
        seen,
    )
}

fn gossip(n: u8, role: Role) -> Gossip {
    let announcement = Announcement {
        node_id: NodeId::new(n.into()),
        name: format!("s{n}").parse().unwrap(),
        datacenter: "dc1".parse().unwrap(),
        generation: 1,
        version: 0,
        gossip_addr: loopback(),
        build: "0.1.0".to_owned(),
        cluster: None,
        role,
    };
    // A failure shows quickly.
    let tuning = Tuning {
        probe_period: Duration::from_millis(150),
        probe_timeout: Duration::from_millis(60),
        suspicion: Duration::from_millis(200),
        ..Tuning::default()
    };
    Gossip::start(GossipConfig {
        host: Arc::new(Real),
        bind: loopback(),
        announcement,
        keys: None,
        homes: Vec::new(),
        is_reserved: false,
        tuning,
    })
    .unwrap()
}

/// A client that knows nobody yet.
pub(in crate::agent) fn client() -> Gossip {
    client_of(100)
}

/// The n-th of several clients.
pub(in crate::agent) fn client_of(n: u8) -> Gossip {
    gossip(n, Role::Client)
}

pub(in crate::agent) fn router(gossip: &Gossip, hold: Duration) -> Router {
    Router::new(gossip.clone(), Pool::new(identity(100)), None, hold)
}

/// A client and servers that it knows.
async fn among(acts: &[Act]) -> (Gossip, Vec<FakeServer>) {
    let client = client();
    let mut servers = Vec::new();
    for (n, act) in (1..).zip(acts) {
        servers.push(FakeServer::acting(n, &client, *act).await);
    }
    let mut members = client.watch();
    let known = members.wait_for(|members| members.len() == acts.len() + 1);
    drop(within(known).await.unwrap());
    (client, servers)
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap()
}

/// Has the client ask this server next.
fn prefer(router: &Router, server: &FakeServer) {
    while router.order.first(&router.servers()) != Some(server.addr) {
        router
            .order
            .failed(router.order.first(&router.servers()).unwrap());
    }
}

fn write() -> Request {
    Request::Write(Command::KvSet {
        key: "k".to_owned(),
        value: Bytes::new(),
        flags: 0,
        cas: None,
    })
}

#[tokio::test]
async fn a_question_to_a_server_that_is_gone_is_asked_elsewhere() {
    let (gossip, servers) = among(&[Act::Hangs, IS_LED]).await;
    let router = router(&gossip, LONG);
    prefer(&router, &servers[0]);
    let mut asked = servers[0].asked();
    let leave = async {
        asked.wait_for(|asked| *asked > 0).await.unwrap();
        // It goes on to be connected; only gossip tells.
        servers[0].gossip.stop().await;
    };
    let (answer, ()) = within(futures_util::future::join(
        router.ask(Request::Leader),
        leave,
    ))
    .await;
    assert!(
        matches!(answer, Ok(Response::Leader(Some(_)))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_a_question_is_asked_last_from_then_on() {
    let (gossip, servers) = among(&[IS_LEADERLESS, IS_LED]).await;
    let router = router(&gossip, LONG);
    prefer(&router, &servers[0]);
    for _ in 0..5 {
        within(router.ask(write())).await.unwrap();
    }
    assert_eq!([servers[0].count(), servers[1].count()], [1, 5]);
}

#[tokio::test]
async fn while_nobody_leads_a_request_is_held_for_its_time_and_no_longer() {
    let (gossip, servers) = among(&[IS_LEADERLESS]).await;
    let hold = Duration::from_millis(400);
    let short = router(&gossip, hold);
    let began = Instant::now();
    let refused = within(short.ask(write())).await;
    assert!(matches!(refused, Err(NodeError::NoLeader)), "{refused:?}");
    assert!(
        began.elapsed() >= hold.saturating_sub(PAUSE_MAX),
        "{:?}",
        began.elapsed()
    );
    let patient = router(&gossip, LONG);
    let before = servers[0].count();
    let mut asked = servers[0].asked();
    let election = async {
        asked.wait_for(|asked| *asked > before + 1).await.unwrap();
        *servers[0].script.act.lock().unwrap() = IS_LED;
    };
    let (answer, ()) = within(futures_util::future::join(patient.ask(write()), election)).await;
    assert!(matches!(answer, Ok(Response::Written(_))), "{answer:?}");
}

#[tokio::test]
async fn a_change_that_was_under_way_when_its_server_died_is_in_doubt_and_not_made_twice() {
    let changes = [write(), Request::TransferLeader(None)];
    for change in changes {
        let (gossip, servers) = among(&[Act::Hangs, IS_LED]).await;
        let router = router(&gossip, LONG);
        prefer(&router, &servers[0]);
        let mut asked = servers[0].asked();
        let death = async {
            asked.wait_for(|asked| *asked > 0).await.unwrap();
            servers[0].die().await;
        };
        let (answer, ()) = within(futures_util::future::join(router.ask(change), death)).await;
        let text = answer.unwrap_err().to_string();
        assert!(text.contains("may or may not have been"), "{text}");
        assert_eq!(servers[1].count(), 0);
    }
}

#[tokio::test]
async fn a_client_that_asked_all_how_they_do_begins_with_one_that_is_led() {
    let (gossip, servers) = among(&[IS_LEADERLESS, IS_LEADERLESS, IS_LED, IS_CONFUSED]).await;
    // A new client begins anywhere.
    for _ in 0..10 {
        let router = router(&gossip, LONG);
        within(router.take_pulses()).await;
        assert_eq!(router.order.first(&router.servers()), Some(servers[2].addr));
    }
}

#[tokio::test]
async fn a_client_that_asks_why_hears_one_that_is_led_and_leaves_the_others() {
    for act in [IS_LEADERLESS, IS_CONFUSED] {
        let (gossip, servers) = among(&[act, IS_LED]).await;
        let router = router(&gossip, LONG);
        prefer(&router, &servers[0]);
        let told = within(router.why()).await.unwrap();
        assert_eq!(told.said.reason, Reason::Ready);
        assert_eq!(router.order.first(&router.servers()), Some(servers[1].addr));
    }
    let (gossip, _servers) = among(&[IS_LEADERLESS, IS_LEADERLESS]).await;
    let told = within(router(&gossip, LONG).why()).await.unwrap();
    assert_eq!(told.said.reason, Reason::NoLeader);
}

#[tokio::test]
async fn a_read_at_a_server_that_hangs_is_asked_elsewhere() {
    let (gossip, servers) = among(&[Act::Hangs, IS_LED]).await;
    let router = router(&gossip, LONG);
    prefer(&router, &servers[0]);
    let told = within(router.ask(Request::Peers)).await;
    assert!(matches!(told, Ok(Response::Peers(_))), "{told:?}");
    assert_eq!(servers[0].count(), 2, "the read, and whether it is there");
    assert_eq!(router.order.first(&router.servers()), Some(servers[1].addr));
}
