//! Cut networks: five servers and two clients, each a host of its own, in network namespaces.
//!
//! Left out, and saying so, unless `QUORATE_NETNS=1`: `just netns` runs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Agent, Net, World, eventually, quorate};

const SERVERS: u8 = 5;
const HOSTS: u8 = 7;
/// Whose writes are acknowledged where no side has a majority.
const NOBODY: [u8; 0] = [];

/// After a cut ends, everybody must see everybody within this (demand study, A9).
const HEALED_WITHIN: Duration = Duration::from_mins(1);

/// Far more than an answer from memory takes on a busy machine.
const LIVE_WITHIN: Duration = Duration::from_secs(10);

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

    /// Heals, and waits until everybody sees everybody and follows one leader.
    async fn heal(&self, what: &str) {
        let before = self.term().await;
        let begin = Instant::now();
        self.net.heal();
        self.is_whole().await;
        let (took, after) = (begin.elapsed(), self.term().await);
        println!("{what}: whole {took:?} after the cut ended, term {before} to {after}");
        assert!(took < HEALED_WITHIN, "{what}: {took:?}");
        assert!(after <= before + 1, "{what}: term {before} to {after}");
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

    /// Polls everybody's API until told to stop: it answers whatever is cut.
    fn watch_life(&self) -> (Arc<AtomicBool>, tokio::task::JoinHandle<u32>) {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let urls: Vec<String> = self
            .agents
            .iter()
            .map(|a| a.url("/v1/agent/self"))
            .collect();
        let polling = tokio::spawn(async move {
            let client = reqwest::Client::builder()
                .tls_backend_preconfigured(quorate::http::plain_http().unwrap())
                .no_proxy()
                .timeout(LIVE_WITHIN)
                .build()
                .unwrap();
            let mut answers = 0;
            while !told.load(Ordering::SeqCst) {
                for url in &urls {
                    let status = client.get(url).send().await.unwrap().status();
                    assert_eq!(status.as_u16(), 200, "{url}");
                    answers += 1;
                }
            }
            answers
        });
        (stop, polling)
    }
}

fn start(net: &Net, world: &World, n: u8) -> Agent {
    let mut flags = vec![
        "agent".to_owned(),
        format!("-node=n{n}"),
        format!("-bind={}", Net::addr(n)),
        format!("-client={}", Net::api(n)),
        format!("-data-dir={}", world.path(&format!("data-{n}")).display()),
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

#[test]
fn a_cut_network_has_one_side_that_acknowledges_and_heals_into_one_cluster() {
    Net::run("formation::partition::inside_a_network_that_is_cut", HOSTS);
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_that_is_cut() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let (stop, life) = cluster.watch_life();

    // 3|2, with the leader among the two; the clients are one on each side.
    let leader = cluster.leader().await;
    let others = without(leader, SERVERS);
    let (minority, majority) = ([leader, others[0], 6], [others[1], others[2], others[3], 7]);
    cluster.net.cut(&[&minority, &majority]);
    eventually("the majority writes", || async {
        let writers = cluster.writers(&majority, "3-2").await;
        (writers.len() == majority.len()).then_some(())
    })
    .await;
    assert_eq!(
        cluster.writers(&minority, "2-3").await,
        NOBODY,
        "the minority"
    );
    cluster.heal("3|2").await;

    // 2|2|1: nobody has a majority.
    let sides: [&[u8]; 3] = [&[1, 2, 6], &[3, 4, 7], &[5]];
    cluster.net.cut(&sides);
    let everybody: Vec<u8> = (1..=HOSTS).collect();
    assert_eq!(
        cluster.writers(&everybody, "2-2-1").await,
        NOBODY,
        "no majority"
    );
    cluster.heal("2|2|1").await;

    // The leader alone.
    let leader = cluster.leader().await;
    let rest = without(leader, HOSTS);
    cluster.net.cut(&[&[leader], &rest]);
    eventually("the rest writes", || async {
        let writers = cluster.writers(&rest, "rest").await;
        (writers.len() == rest.len()).then_some(())
    })
    .await;
    assert_eq!(
        cluster.writers(&[leader], "alone").await,
        NOBODY,
        "the old leader"
    );
    cluster.heal("leader alone").await;

    stop.store(true, Ordering::SeqCst);
    println!("{} answers while the network was cut", life.await.unwrap());
}

#[test]
fn a_one_way_cut_leaves_one_leader_that_acknowledges() {
    Net::run(
        "formation::partition::inside_a_network_that_is_cut_one_way",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_that_is_cut_one_way() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let (stop, life) = cluster.watch_life();
    for is_deaf in [true, false] {
        let leader = cluster.leader().await;
        let rest = without(leader, HOSTS);
        if is_deaf {
            cluster.net.drop_from_to(&rest, &[leader]);
        } else {
            cluster.net.drop_from_to(&[leader], &rest);
        }
        let what = if is_deaf {
            "leader that hears nothing"
        } else {
            "leader that nobody hears"
        };
        let servers = without(leader, SERVERS);
        eventually("the others write", || async {
            let writers = cluster.writers(&servers, "one-way").await;
            (writers.len() == servers.len()).then_some(())
        })
        .await;
        assert_eq!(cluster.writers(&[leader], "old").await, NOBODY, "{what}");
        cluster.heal(what).await;
    }
    stop.store(true, Ordering::SeqCst);
    println!("{} answers while the network was cut", life.await.unwrap());
}

#[test]
fn a_server_whose_rpc_port_is_silent_while_gossip_goes_on_does_not_lead() {
    Net::run("formation::partition::inside_a_network_without_rpc", HOSTS);
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_without_rpc() {
    let Some(net) = Net::entered() else { return };
    let cluster = Cluster::form(net).await;
    let (stop, life) = cluster.watch_life();
    let leader = cluster.leader().await;
    cluster.net.drop_rpc(leader);
    let rest = without(leader, HOSTS);
    eventually("the others write", || async {
        let writers = cluster.writers(&rest, "no-rpc").await;
        (writers.len() == rest.len()).then_some(())
    })
    .await;
    assert_eq!(cluster.writers(&[leader], "old").await, NOBODY);
    for agent in &cluster.agents {
        agent.sees(HOSTS.into()).await;
    }
    cluster.heal("gossip yes, rpc no").await;
    stop.store(true, Ordering::SeqCst);
    println!("{} answers while the network was cut", life.await.unwrap());
}

#[test]
fn a_server_that_is_removed_while_it_is_cut_off_disturbs_nobody_when_it_returns() {
    Net::run(
        "formation::partition::inside_a_network_that_removes_a_server",
        HOSTS,
    );
}

#[tokio::test]
#[ignore = "runs inside the network that the test above makes"]
async fn inside_a_network_that_removes_a_server() {
    let Some(net) = Net::entered() else { return };
    let mut cluster = Cluster::form(net).await;
    let (stop, life) = cluster.watch_life();
    let leader = cluster.leader().await;
    let lost = without(leader, SERVERS)[0];
    let rest = without(lost, HOSTS);
    cluster.net.cut(&[&[lost], &rest]);
    let name = format!("n{lost}");
    eventually("it has failed", || async {
        let failed = cluster.at(leader).members(4).await;
        failed.contains(&name).then_some(())
    })
    .await;
    let http = format!("{}:8500", cluster.at(leader).addr());
    let said = quorate(&["force-leave", &name], Some(http.clone())).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    eventually("it is no longer a voter", || async {
        (cluster.voters(leader).await == 4).then_some(())
    })
    .await;
    assert_eq!(cluster.writers(&[lost], "forced").await, NOBODY);
    cluster.heal("forced to leave while cut off").await;
    eventually("as at Consul, it is back", || async {
        (cluster.voters(leader).await == 5).then_some(())
    })
    .await;
    stop.store(true, Ordering::SeqCst);
    println!("{} answers while the network was cut", life.await.unwrap());

    // An operator's removal is for good.
    let term = cluster.term().await;
    cluster.net.cut(&[&[lost], &rest]);
    let address = format!("-address={}:8300", Net::addr(lost));
    let remove = ["operator", "raft", "remove-peer", &address];
    let said = quorate(&remove, Some(http)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(cluster.writers(&[lost], "removed").await, NOBODY);
    let begin = Instant::now();
    cluster.net.heal();
    let index = usize::from(lost) - 1;
    assert_eq!(cluster.agents[index].ended().await, Some(1));
    println!("removed: ended {:?} after the cut ended", begin.elapsed());
    cluster.agents[index].logged("removed: an operator").await;
    for n in rest {
        cluster.at(n).sees(usize::from(HOSTS) - 1).await;
        cluster.at(n).write(&format!("after-{n}"), "x").await;
    }
    assert_eq!(cluster.voters(leader).await, 4);
    let now = cluster.at(leader).stat("raft", "term").await;
    let now: u64 = now.parse().unwrap();
    println!("removed: term {term} to {now}");
    assert!(now <= term + 1, "{now}");
}
