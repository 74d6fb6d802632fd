//! A cluster with data, and the questions whether it is still the same one with all of it.

use serde_json::Value;

use super::{Agent, eventually};

/// A short time of good health before a promotion, for tests that are not about it.
pub(crate) const SOON: &str = "-hcl=autopilot { server_stabilization_time = \"100ms\" }";

/// How many writes are under way at once while a cluster is filled.
const AT_ONCE: usize = 100;

/// What a cluster was when it was founded and filled.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Its id.
    pub(crate) id: String,
    /// Every key with its value and its indexes, as the API shows them.
    keys: Value,
}

impl Cluster {
    /// Waits until the servers have a leader, and writes so many keys through all of them.
    pub(crate) async fn filled(servers: &[Agent], keys: usize) -> Self {
        for server in servers {
            server.write("first", &server.addr().to_string()).await;
        }
        for batch in (0..keys).collect::<Vec<_>>().chunks(AT_ONCE) {
            let writes = batch.iter().map(|n| async move {
                let server = &servers[n % servers.len()];
                let key = format!("data/{n}");
                server.write(&key, &format!("value of {n}")).await;
            });
            futures_util::future::join_all(writes).await;
        }
        let all = servers[0].get_json("/v1/kv/data/?recurse").await;
        assert_eq!(all.as_array().map(Vec::len), Some(keys));
        Self {
            id: servers[0].stat("quorate", "cluster_id").await,
            keys: all,
        }
    }

    /// Waits until an agent serves, and checks that it is this cluster with every key as it was
    /// written: a log that was rolled back and written anew would show in the indexes.
    pub(crate) async fn holds(&self, at: &Agent) {
        let found = eventually(&format!("{} serves the keys", at.addr()), || async {
            match at.try_get("/v1/kv/data/?recurse").await {
                Some((200, body)) => serde_json::from_str::<Value>(&body).ok(),
                _ => None,
            }
        })
        .await;
        assert_eq!(found, self.keys, "read through {}", at.addr());
        assert_eq!(at.stat("quorate", "cluster_id").await, self.id);
    }

    /// Checks that a server without a leader still has every key.
    pub(crate) async fn kept_by(&self, at: &Agent) {
        let found = at.get_json("/v1/kv/data/?recurse&stale").await;
        assert_eq!(found, self.keys, "kept by {}", at.addr());
    }

    /// Checks that an agent never was on the way to a cluster of its own.
    pub(crate) async fn never_left_by(&self, newcomer: &Agent) {
        let log = newcomer.log_text();
        assert!(!log.contains("Attempting bootstrap"), "{log}");
        let own = newcomer.stat("quorate", "cluster_id").await;
        assert!(own.is_empty() || own == self.id, "{own}:\n{log}");
    }
}

/// The server that leads, and the others.
pub(crate) async fn leader_and_others(servers: &[Agent]) -> (&Agent, Vec<&Agent>) {
    let leader = servers[0].led().await;
    let leads = |server: &&Agent| leader == format!("{}:8300", server.addr());
    let (leading, others): (Vec<&Agent>, Vec<&Agent>) = servers.iter().partition(leads);
    (leading[0], others)
}

/// Waits until exactly these servers vote, by the word of each of them.
pub(crate) async fn vote(servers: &[&Agent]) {
    voters_are(servers, |voters, these| voters == these).await;
}

/// Waits until these servers vote, and maybe others that are gone.
pub(crate) async fn all_vote(servers: &[&Agent]) {
    voters_are(servers, |voters, these| {
        these.iter().all(|id| voters.contains(id))
    })
    .await;
}

/// Servers are told apart by their raft ids: a former disk of one of them is another voter.
async fn voters_are(servers: &[&Agent], is_so: impl Fn(&[&str], &[&str]) -> bool) {
    let mut ids = Vec::new();
    for server in servers {
        ids.push(server.stat("quorate", "raft_id").await);
    }
    ids.sort();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for server in servers {
        eventually(&format!("{ids:?} vote, says {}", server.addr()), || async {
            let configuration = server.stat("raft", "latest_configuration").await;
            let voters = configuration.split("Suffrage:Voter ID:").skip(1);
            let mut voters: Vec<&str> = voters.filter_map(|v| v.split(' ').next()).collect();
            voters.sort_unstable();
            is_so(&voters, &ids).then_some(())
        })
        .await;
    }
}

/// Waits until an agent says that its founding stands so; gives the line of its log.
pub(crate) async fn founding(at: &Agent, code: &str) -> String {
    let what = format!("{} says {code}", at.addr());
    eventually(&what, || async {
        (at.stat("quorate", "founding").await == code).then_some(())
    })
    .await;
    at.logged(code).await
}
