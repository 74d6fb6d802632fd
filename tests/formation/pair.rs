//! Two clusters side by side, in one datacenter, and what must never be seen of one in the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Agent, STEADY, World, eventually};

const KEYS: [&str; 2] = [
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
];

/// How the two clusters seal their gossip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    Plain,
    SameKey,
    OwnKeys,
}

/// The number of the first agent of y; the first of x is 1.
pub(super) const FIRST_OF_Y: u8 = 11;

/// Two clusters of the same size: servers x1 to xn, then clients, at the addresses from 1 on, and
/// the same of y from 11 on.
pub(super) struct Pair {
    pub(super) world: World,
    seal: Seal,
    servers: u8,
    pub(super) agents: Vec<(String, Agent)>,
}

impl Pair {
    /// Two servers and a client each, told of each other.
    pub(super) async fn form(seal: Seal) -> Self {
        let sources = |world: &World, first| world.list([first, first + 1]);
        Self::of(seal, [2, 1], sources).await
    }

    /// So many servers and clients each, with the sources that the first number of each leads to.
    pub(super) async fn of(
        seal: Seal,
        [servers, clients]: [u8; 2],
        sources: impl Fn(&World, u8) -> Vec<String>,
    ) -> Self {
        let mut pair = Self {
            world: World::new(),
            seal,
            servers,
            agents: Vec::new(),
        };
        for (cluster, first) in [('x', 1), ('y', FIRST_OF_Y)] {
            let sources = sources(&pair.world, first);
            for n in 0..servers + clients {
                let name = format!("{cluster}{}", n + 1);
                pair.start_with(&name, first + n, &sources, n < servers);
            }
        }
        for (_, agent) in &pair.agents {
            agent.led().await;
            agent.sees(usize::from(servers + clients)).await;
        }
        pair.agent("x1").write("of", "x").await;
        pair.agent("y1").write("of", "y").await;
        pair
    }

    pub(super) fn flags(
        &self,
        name: &str,
        n: u8,
        sources: &[String],
        is_server: bool,
    ) -> Vec<String> {
        let mut flags = self.world.flags(n);
        flags[1] = format!("-node={name}");
        flags.extend(sources.iter().cloned());
        if is_server {
            let expect = format!("-bootstrap-expect={}", self.servers);
            flags.extend(["-server".to_owned(), expect, STEADY.to_owned()]);
        }
        flags.extend(self.key_of(name).map(|key| format!("-encrypt={key}")));
        flags
    }

    /// The key of the cluster that an agent of this name belongs to.
    pub(super) fn key_of(&self, name: &str) -> Option<&'static str> {
        match (self.seal, name.starts_with('x')) {
            (Seal::Plain, _) => None,
            (Seal::SameKey, _) | (Seal::OwnKeys, true) => Some(KEYS[0]),
            (Seal::OwnKeys, false) => Some(KEYS[1]),
        }
    }

    /// Starts an agent that is told of the agents with these numbers.
    pub(super) fn start(&mut self, name: &str, n: u8, join: &[u8], is_server: bool) {
        let sources = self.world.list(join.iter().copied());
        self.start_with(name, n, &sources, is_server);
    }

    pub(super) fn start_with(&mut self, name: &str, n: u8, sources: &[String], is_server: bool) {
        let flags = self.flags(name, n, sources, is_server);
        let agent = Agent::start(self.world.addr(n), flags);
        self.agents.push((name.to_owned(), agent));
    }

    pub(super) fn agent(&self, name: &str) -> &Agent {
        let mut named = self.agents.iter().filter(|(own, _)| own == name);
        &named.next().unwrap().1
    }

    /// Kills an agent and gives its place up.
    pub(super) async fn kill(&mut self, name: &str) {
        let at = self.agents.iter().position(|(own, _)| own == name).unwrap();
        self.agents.remove(at).1.kill().await;
    }

    /// The ids of the clusters that the agents are in, by the first letter of their names.
    pub(super) async fn ids(&self, cluster: char) -> BTreeSet<String> {
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
    pub(super) fn watch(&self) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let places: Vec<_> = self
            .agents
            .iter()
            .map(|(name, agent)| (name.clone(), agent.url("/v1/agent/members")))
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
    pub(super) async fn facts(&self) -> Vec<(String, String, String)> {
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

pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    polling: tokio::task::JoinHandle<u32>,
}

impl Watch {
    pub(super) async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        let polls = self.polling.await.unwrap();
        println!("{polls} lists without a member of the other cluster");
    }
}

/// Waits until an agent counted a refusal of another cluster, or of another key.
pub(super) async fn refused(agent: &Agent, seal: Seal) {
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
pub(super) async fn names_both(agent: &Agent, code: &str, texts: &[&str]) {
    eventually(&format!("{} names {texts:?}", agent.addr()), || async {
        let log = agent.log_text();
        let mut lines = log.lines().filter(|line| line.contains(code));
        let is_whole = |line: &&str| texts.iter().all(|text| line.contains(text));
        lines.any(|line| is_whole(&line)).then_some(())
    })
    .await;
}
