//! Two clusters side by side: no address, directory, list or operator merges them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Agent, STEADY, World, eventually, quorate};

const KEYS: [&str; 2] = [
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
];

/// How the two clusters seal their gossip.
#[derive(Debug, Clone, Copy)]
enum Seal {
    Plain,
    SameKey,
    OwnKeys,
}

/// Two clusters: servers x1 and x2 with the client x3, and servers y1 and y2 with the client y3,
/// at the addresses 1 to 3 and 11 to 13.
struct Pair {
    world: World,
    seal: Seal,
    agents: Vec<(&'static str, Agent)>,
}

impl Pair {
    async fn form(seal: Seal) -> Self {
        let mut pair = Self {
            world: World::new(),
            seal,
            agents: Vec::new(),
        };
        for (cluster, first) in [('x', 1), ('y', 11)] {
            for n in 0..3 {
                let join = [first, first + 1];
                pair.start(name(cluster, n + 1), first + n, &join, n < 2);
            }
        }
        for (_, agent) in &pair.agents {
            agent.led().await;
            agent.sees(3).await;
        }
        pair.agent("x1").write("of", "x").await;
        pair.agent("y1").write("of", "y").await;
        pair
    }

    fn flags(&self, name: &str, n: u8, join: &[u8], is_server: bool) -> Vec<String> {
        let mut flags = self.world.flags(n);
        flags[1] = format!("-node={name}");
        let join = join.iter().map(|other| self.world.addr(*other));
        flags.extend(join.map(|addr| format!("-retry-join={addr}")));
        if is_server {
            let server = ["-server", "-bootstrap-expect=2", STEADY];
            flags.extend(server.map(str::to_owned));
        }
        let key = match (self.seal, name.starts_with('x')) {
            (Seal::Plain, _) => None,
            (Seal::SameKey, _) | (Seal::OwnKeys, true) => Some(KEYS[0]),
            (Seal::OwnKeys, false) => Some(KEYS[1]),
        };
        flags.extend(key.map(|key| format!("-encrypt={key}")));
        flags
    }

    fn start(&mut self, name: &'static str, n: u8, join: &[u8], is_server: bool) {
        let flags = self.flags(name, n, join, is_server);
        let agent = Agent::start(self.world.addr(n), flags);
        self.agents.push((name, agent));
    }

    fn agent(&self, name: &str) -> &Agent {
        let mut named = self.agents.iter().filter(|(own, _)| *own == name);
        &named.next().unwrap().1
    }

    /// Kills an agent and gives its place up.
    async fn kill(&mut self, name: &str) {
        let at = self
            .agents
            .iter()
            .position(|(own, _)| *own == name)
            .unwrap();
        self.agents.remove(at).1.kill().await;
    }

    /// The ids of the clusters that the agents are in, by the first letter of their names.
    async fn ids(&self, cluster: char) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for (name, agent) in &self.agents {
            if name.starts_with(cluster) {
                ids.insert(agent.stat("quorate", "cluster_id").await);
            }
        }
        ids
    }

    /// Asks everybody again and again whether he lists a member of the other cluster, until told
    /// to stop; gives the first that does.
    fn watch(&self) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let places: Vec<_> = self
            .agents
            .iter()
            .map(|(name, agent)| (*name, agent.url("/v1/agent/members")))
            .collect();
        let polling = tokio::spawn(async move {
            let client = reqwest::Client::builder()
                .tls_backend_preconfigured(quorate::http::plain_http().unwrap())
                .no_proxy()
                .build()
                .unwrap();
            let mut polls = 0_u32;
            loop {
                let is_last = told.load(Ordering::SeqCst);
                for (name, url) in &places {
                    polls += poll(&client, name, url).await;
                }
                if is_last {
                    return polls;
                }
            }
        });
        Watch { stop, polling }
    }

    /// What must hold whatever was tried: leaders, terms, ids and data of both are as they were.
    async fn facts(&self) -> Vec<(String, String, String)> {
        let mut facts = Vec::new();
        for (name, agent) in &self.agents {
            // A client and the one server that is left may have to wait for the leader's answer.
            let (_, value) = agent.read("of").await;
            assert_eq!(value, name[..1], "{name}");
            let term = agent.stat("raft", "term").await;
            let id = agent.stat("quorate", "cluster_id").await;
            facts.push((agent.led().await, term, id));
        }
        facts
    }
}

const fn name(cluster: char, n: u8) -> &'static str {
    match (cluster, n) {
        ('x', 1) => "x1",
        ('x', 2) => "x2",
        ('x', _) => "x3",
        (_, 1) => "y1",
        (_, 2) => "y2",
        (_, _) => "y3",
    }
}

/// Looks at one list; gives 1 if it was there.
async fn poll(client: &reqwest::Client, name: &str, url: &str) -> u32 {
    let Ok(answer) = client.get(url).send().await else {
        return 0;
    };
    let list: Vec<serde_json::Value> = answer.json().await.unwrap();
    let is_cross = |m: &serde_json::Value| !m["Name"].as_str().unwrap().starts_with(&name[..1]);
    assert!(!list.iter().any(is_cross), "{name} lists {list:?}");
    1
}

struct Watch {
    stop: Arc<AtomicBool>,
    polling: tokio::task::JoinHandle<u32>,
}

impl Watch {
    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        let polls = self.polling.await.unwrap();
        println!("{polls} lists without a member of the other cluster");
    }
}

/// Waits until an agent counted a refusal of another cluster, or of another key.
async fn refused(agent: &Agent, seal: Seal) {
    let key = match seal {
        Seal::Plain | Seal::SameKey => "refused_cluster",
        Seal::OwnKeys => "refused_key",
    };
    eventually(&format!("{} counts {key}", agent.addr()), || async {
        (agent.stat("serf_lan", key).await != "0").then_some(())
    })
    .await;
}

/// Waits until an agent's log names both clusters, and both sides, of a conflict.
async fn names_both(agent: &Agent, code: &str, texts: &[&str]) {
    eventually(&format!("{} names {texts:?}", agent.addr()), || async {
        let log = agent.log_text();
        let mut lines = log.lines().filter(|line| line.contains(code));
        let is_whole = |line: &&str| texts.iter().all(|text| line.contains(text));
        lines.any(|line| is_whole(&line)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_joins_the_wrong_cluster_merges_nothing() {
    for seal in [Seal::Plain, Seal::SameKey, Seal::OwnKeys] {
        let pair = Pair::form(seal).await;
        let before = pair.facts().await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        let watch = pair.watch();
        for (from, to) in [("x1", "y1"), ("x3", "y2"), ("y1", "x3")] {
            let (from, to) = (pair.agent(from), pair.agent(to));
            let address = to.addr().to_string();
            let http = format!("{}:8500", from.addr());
            let said = quorate(&["join", &address], Some(http)).await;
            assert_eq!(said.code, Some(1), "{said:?}");
            if matches!(seal, Seal::OwnKeys) {
                assert!(said.stderr.contains("gossip key mismatch"), "{said:?}");
                refused(to, seal).await;
                continue;
            }
            for id in x.iter().chain(&y) {
                assert!(said.stderr.contains(id), "{said:?}");
            }
            for side in [from, to] {
                refused(side, seal).await;
                let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
                names_both(side, "cluster-conflict", &ids).await;
            }
        }
        watch.end().await;
        assert_eq!(pair.facts().await, before, "{seal:?}");
        assert_eq!((x.len(), y.len()), (1, 1));
    }
}

#[tokio::test]
async fn an_address_that_another_cluster_reuses_merges_nothing() {
    for seal in [Seal::Plain, Seal::SameKey, Seal::OwnKeys] {
        let mut pair = Pair::form(seal).await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        // A client of y takes the address of a dead client of x, and a server that of a server; or
        // each that of the other.
        let (client_at, server_at) = match seal {
            Seal::SameKey => (2, 3),
            Seal::Plain | Seal::OwnKeys => (3, 2),
        };
        pair.kill("x3").await;
        pair.kill("x2").await;
        for n in [2, 3] {
            std::fs::remove_dir_all(pair.world.path(&format!("data-{n}"))).unwrap();
        }
        let watch = pair.watch();
        pair.start("y4", client_at, &[11], false);
        pair.start("y5", server_at, &[11], true);
        for name in ["y4", "y5"] {
            eventually(&format!("{name} is in y"), || async {
                let id = pair.agent(name).stat("quorate", "cluster_id").await;
                y.contains(&id).then_some(())
            })
            .await;
            pair.agent(name).sees(5).await;
        }
        // x1 looks for the dead, and finds the others at their addresses.
        refused(pair.agent("x1"), seal).await;
        let (four, five) = (pair.agent("y4"), pair.agent("y5"));
        eventually("those at the old addresses count it too", || async {
            let key = if matches!(seal, Seal::OwnKeys) {
                "refused_key"
            } else {
                "refused_cluster"
            };
            let counts = [
                four.stat("serf_lan", key).await,
                five.stat("serf_lan", key).await,
            ];
            counts.iter().any(|count| count != "0").then_some(())
        })
        .await;
        if !matches!(seal, Seal::OwnKeys) {
            let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
            names_both(pair.agent("x1"), "cluster-conflict", &ids).await;
        }
        watch.end().await;
        assert_eq!(pair.ids('x').await, x);
        assert_eq!(pair.ids('y').await, y);
        // x has lost its majority; what is left of it is not mended by a stranger.
        assert_ne!(pair.agent("x1").try_put("/v1/kv/of", "?").await, Some(200));
        let (_, kept) = pair.agent("x1").get("/v1/kv/of?raw&stale").await;
        assert_eq!(kept, "x");
        assert_eq!(pair.agent("y1").read("of").await.1, "y");
        assert!(!pair.agent("x1").members(1).await.contains(&"y5".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_moves_to_another_cluster_with_its_directory_stays_out() {
    for seal in [Seal::Plain, Seal::SameKey, Seal::OwnKeys] {
        let mut pair = Pair::form(seal).await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        pair.kill("x2").await;
        let before = pair.agent("y1").stat("raft", "term").await;
        let watch = pair.watch();
        // It keeps its directory and its address, and is told of y only.
        let mut flags = pair.flags("x2", 2, &[11, 12], true);
        let key = pair.flags("y9", 9, &[], true);
        flags.retain(|flag| !flag.starts_with("-encrypt"));
        flags.extend(key.into_iter().filter(|flag| flag.starts_with("-encrypt")));
        let moved = Agent::start(pair.world.addr(2), flags);
        if matches!(seal, Seal::OwnKeys) {
            // It has the key of y by now, so that it is its cluster that keeps it out.
            refused(pair.agent("y1"), Seal::SameKey).await;
        } else {
            refused(pair.agent("y1"), seal).await;
        }
        let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
        names_both(&moved, "cluster-conflict", &ids).await;
        names_both(pair.agent("y1"), "cluster-conflict", &ids).await;
        watch.end().await;
        assert!(x.contains(&moved.stat("quorate", "cluster_id").await));
        assert_eq!(pair.ids('y').await, y);
        assert_eq!(pair.agent("y1").stat("raft", "term").await, before);
        assert_eq!(pair.agent("y2").read("of").await.1, "y");
        let (_, kept) = moved.get("/v1/kv/of?raw&stale").await;
        assert_eq!(kept, "x");
    }
}

#[tokio::test]
async fn an_empty_agent_whose_list_leads_to_two_clusters_joins_neither() {
    for is_server in [true, false] {
        let mut pair = Pair::form(Seal::SameKey).await;
        let (x, y) = (pair.ids('x').await, pair.ids('y').await);
        let before = pair.facts().await;
        pair.start("z1", 21, &[1, 2, 3, 11, 12, 13], is_server);
        let mut torn = pair.agents.pop().unwrap().1;
        eventually("the reason is ambiguous-cluster", || async {
            (torn.stat("quorate", "founding").await == "ambiguous-cluster").then_some(())
        })
        .await;
        let ids: Vec<&str> = x.iter().chain(&y).map(String::as_str).collect();
        names_both(&torn, "ambiguous-cluster", &ids).await;
        // Whoever knows it has had the time to take it in: a server that came later votes.
        pair.start("x4", 4, &[1], true);
        eventually("x4 is in x", || async {
            let id = pair.agent("x4").stat("quorate", "cluster_id").await;
            x.contains(&id).then_some(())
        })
        .await;
        assert_eq!(torn.stat("quorate", "cluster_id").await, "");
        assert_eq!(torn.stat("quorate", "founding").await, "ambiguous-cluster");
        pair.agents.pop();
        assert_eq!(pair.facts().await, before);
        // What it is told to do about it helps: one cluster in the list, and an empty directory.
        let told = torn.get_json("/v1/agent/why").await;
        let advice = told["Advice"].as_str().unwrap();
        assert!(
            advice.contains("empty this agent's data directory"),
            "{told}"
        );
        torn.kill().await;
        pair.world.wipe(21);
        pair.start("z1", 21, &[1, 2, 3], is_server);
        eventually("z1 is in x", || async {
            let id = pair.agent("z1").stat("quorate", "cluster_id").await;
            x.contains(&id).then_some(())
        })
        .await;
    }
}
