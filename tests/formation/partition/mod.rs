//! Cut networks: five servers and five clients, each a host of its own, in network namespaces.
//!
//! Left out, and saying so, unless `QUORATE_NETNS=1`: `just netns` runs them.

mod cuts;
mod half;
mod leaderless;
mod removed;
mod watch;

use std::time::{Duration, Instant};

use crate::support::{Agent, Net, World, eventually};

use watch::Watch;

const SERVERS: u8 = 5;
const HOSTS: u8 = 10;
/// Whose writes are acknowledged where no side has a majority.
const NOBODY: [u8; 0] = [];

/// After a cut ends, everybody must see everybody within this (demand study, A9).
const HEALED_WITHIN: Duration = Duration::from_mins(1);

struct Cluster {
    net: Net,
    agents: Vec<Agent>,
    _world: World,
}

impl Cluster {
    async fn form(net: Net) -> Self {
        let world = World::new();
        let agents: Vec<Agent> = (1..=HOSTS).map(|n| start(&net, &world, n)).collect();
        let cluster = Self {
            net,
            agents,
            _world: world,
        };
        for agent in &cluster.agents {
            agent.sees(HOSTS.into()).await;
            agent.led().await;
        }
        eventually("five vote", || async {
            (cluster.voters(1).await == usize::from(SERVERS)).then_some(())
        })
        .await;
        cluster
    }

    fn at(&self, n: u8) -> &Agent {
        &self.agents[usize::from(n) - 1]
    }

    /// The number of the host that leads.
    async fn leader(&self) -> u8 {
        let leader = self.at(1).led().await;
        let is_it = |n: &u8| leader == format!("{}:8300", Net::addr(*n));
        (1..=SERVERS).find(is_it).unwrap()
    }

    async fn voters(&self, at: u8) -> usize {
        let path = "/v1/operator/raft/configuration?stale";
        let Some((200, body)) = self.at(at).try_get(path).await else {
            return 0;
        };
        let found: serde_json::Value = serde_json::from_str(&body).unwrap();
        let servers = found["Servers"].as_array().unwrap();
        servers.iter().filter(|peer| peer["Voter"] == true).count()
    }

    /// The highest term that a server knows.
    async fn term(&self) -> u64 {
        let mut terms = Vec::new();
        for n in 1..=SERVERS {
            terms.push(self.at(n).stat("raft", "term").await.parse().unwrap());
        }
        terms.into_iter().max().unwrap()
    }

    /// Tries a write through each, all at once; gives those that acknowledged it.
    async fn writers(&self, through: &[u8], key: &str) -> Vec<u8> {
        let tries = through.iter().map(|n| async move {
            let path = format!("/v1/kv/{key}-{n}");
            (*n, self.at(*n).try_put(&path, "x").await)
        });
        let done = futures_util::future::join_all(tries).await;
        let done = done.into_iter().filter(|(_, status)| *status == Some(200));
        done.map(|(n, _)| n).collect()
    }

    /// Heals, and waits until everybody sees everybody and follows one leader. Where a side had a leader,
    /// healing costs no election: its term stays, and the others follow.
    async fn heal(&self, what: &str, led: Led) {
        let before = self.term().await;
        let begin = Instant::now();
        self.net.heal();
        self.is_whole().await;
        let (took, after) = (begin.elapsed(), self.term().await);
        println!("{what}: whole {took:?} after the cut ended, term {before} to {after}");
        assert!(took < HEALED_WITHIN, "{what}: {took:?}");
        if led == Led::BySome {
            assert_eq!(after, before, "{what}: healing cost an election");
        }
    }

    async fn is_whole(&self) {
        for agent in &self.agents {
            agent.sees(HOSTS.into()).await;
        }
        eventually("one leader", || async {
            let first = self.at(1).leader().await;
            for agent in &self.agents {
                if agent.leader().await != first || first.is_empty() {
                    return None;
                }
            }
            Some(())
        })
        .await;
        for (n, agent) in (1..).zip(&self.agents) {
            agent.write(&format!("whole-{n}"), "x").await;
        }
    }
}

/// Whether a side of a cut has a majority, and so a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Led {
    BySome,
    ByNobody,
}

fn start(net: &Net, world: &World, n: u8) -> Agent {
    let mut flags = vec![
        "agent".to_owned(),
        format!("-node=n{n}"),
        format!("-bind={}", Net::addr(n)),
        format!("-client={}", Net::api(n)),
        format!("-data-dir={}", world.path(&format!("data-{n}")).display()),
        // Elections are counted: the slowest timers, so that a busy machine stands none by itself.
        "-hcl=performance { raft_multiplier = 10 }".to_owned(),
    ];
    flags.extend((1..=SERVERS).map(|other| format!("-retry-join={}", Net::addr(other))));
    if n <= SERVERS {
        flags.extend(["-server".to_owned(), format!("-bootstrap-expect={SERVERS}")]);
    }
    Agent::start_through(net.through(n), Net::api(n), flags)
}

/// The other servers, and all others.
fn without(n: u8, all: u8) -> Vec<u8> {
    (1..=all).filter(|other| *other != n).collect()
}
