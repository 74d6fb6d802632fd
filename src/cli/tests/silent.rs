//! Commands before an agent that hangs: the kernel takes connections for it, and nobody answers.

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Captured, run_in};

/// Longest that a command waits, in seconds: 8 until it asks whether the agent lives, 4 for that.
const WAITS: u64 = 12;

#[tokio::test(start_paused = true)]
async fn an_agent_that_hangs_ends_each_command_with_its_address_and_what_to_do() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    for args in [
        &["info"][..],
        &["info", "-why"],
        &["info", "-watch"],
        &["members"],
        &["members", "-watch"],
        &["kv", "get", "a"],
        &["kv", "put", "a", "b"],
        &["operator", "raft", "list-peers"],
        &["operator", "raft", "transfer-leader"],
        &["operator", "autopilot", "state"],
        &["reload"],
        &["force-leave", "n1"],
        &["leave"],
        &["join", "10.0.0.5", "10.0.0.6"],
    ] {
        let (world, captured) = Captured::world([("QUORATE_HTTP_ADDR", addr.as_str())]);
        let begun = Instant::now();
        let ran = run_in(world, captured, args).await;
        assert_eq!(begun.elapsed().as_secs(), WAITS, "{args:?}: {ran:?}");
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{args:?}");
        let said = ran.stderr.strip_prefix("Joining 10.0.0.5 (1 of 2)\n");
        let said = said.unwrap_or(&ran.stderr);
        assert_eq!(said.lines().count(), 1, "{args:?}: {ran:?}");
        let what =
            format!(": the agent at {addr} takes connections and has answered nothing for 12 s");
        assert!(said.contains(&what), "{args:?}: {ran:?}");
        assert!(said.contains("see whether its process hangs"), "{args:?}");
    }
}
