//! What is seen of everybody's API while the network is cut: it answers whatever is cut, and it says who
//! leads.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use super::Cluster;

/// Far more than an answer from memory takes on a busy machine.
const LIVE_WITHIN: Duration = Duration::from_secs(10);

/// Polls everybody until it is told to stop.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    polling: JoinHandle<Seen>,
}

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    answers: u32,
    /// The terms in which somebody led.
    led: BTreeSet<u64>,
}

impl Watch {
    /// Begins to poll.
    pub(super) fn begin(cluster: &Cluster) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let urls: Vec<String> = cluster.agents.iter().map(|agent| agent.url("")).collect();
        let polling = tokio::spawn(poll(urls, Arc::clone(&stop)));
        Self { stop, polling }
    }

    /// Ends; every answer was 200. Elections were won at most so often after the first, which is the founding's.
    pub(super) async fn end(self, elections: usize) {
        self.stop.store(true, Ordering::SeqCst);
        let Seen { answers, led } = self.polling.await.unwrap();
        println!("{answers} answers while the network was cut; led in the terms {led:?}");
        assert!(led.len() <= elections + 1, "elections: {led:?}");
    }
}

async fn poll(urls: Vec<String>, stop: Arc<AtomicBool>) -> Seen {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(quorate::http::plain_http().unwrap())
        .no_proxy()
        .timeout(LIVE_WITHIN)
        .build()
        .unwrap();
    let mut seen = Seen::default();
    while !stop.load(Ordering::SeqCst) {
        for url in &urls {
            for path in ["/v1/status/live", "/v1/agent/self"] {
                let answer = client.get(format!("{url}{path}")).send().await.unwrap();
                assert_eq!(answer.status().as_u16(), 200, "{url}{path}");
                let body = answer.text().await.unwrap();
                seen.answers += 1;
                seen.led.extend(led_term(&body));
            }
        }
    }
    seen
}

/// The term in which an agent leads by its own account.
fn led_term(body: &str) -> Option<u64> {
    let own: Value = serde_json::from_str(body).ok()?;
    let raft = &own["Stats"]["raft"];
    if raft["state"] != "Leader" {
        return None;
    }
    raft["term"].as_str()?.parse().ok()
}
